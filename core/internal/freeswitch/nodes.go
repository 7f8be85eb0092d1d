package freeswitch

import (
	"context"
	"reflect"
	"slices"
	"time"
)

// linger is how long a node that was taken out of the link still takes commands: of those that had chosen it by then.
const linger = 500 * time.Millisecond

// list returns the nodes of this moment; the slice never changes.
func (l *Link) list() []*node {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nodes
}

// begin runs a node until it is retired or the link ends; l.mu is held and the link is started.
func (l *Link) begin(n *node) {
	own, stop := context.WithCancel(l.work)
	n.stop = stop
	l.wg.Go(func() {
		defer stop()
		n.run(own)
	})
}

// SetNodes replaces the nodes. Those whose configuration stays the same stay connected; others are connected in the
// background; those that are gone, or have changed, get no new commands and are closed when what they were asked is
// answered. No nodes at all are possible.
//
// # Errors
//
// Every fault of every node, joined; nothing has changed then. ErrLinkClosed after Close.
func (l *Link) SetNodes(nodes []NodeConfig) error {
	wanted := l.hooks
	wanted.Nodes = nodes
	if len(nodes) > 0 {
		var err error
		if wanted, err = wanted.withDefaults(); err != nil {
			return err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ErrLinkClosed
	}
	next := make([]*node, len(wanted.Nodes))
	for i, cfg := range wanted.Nodes {
		if at := slices.IndexFunc(l.nodes, func(n *node) bool { return reflect.DeepEqual(n.cfg, cfg) }); at >= 0 {
			next[i] = l.nodes[at]
			continue
		}
		next[i] = newNode(cfg, wanted, l.log)
		if l.stop != nil {
			l.begin(next[i])
		}
	}
	before := l.nodes
	l.nodes = next
	if l.stop == nil {
		return nil
	}
	for _, n := range before {
		if !slices.Contains(next, n) {
			ended := l.work.Done()
			l.wg.Go(func() { n.retire(ended) })
		}
	}
	return nil
}

// retire waits for the answers that are still to come, as long as the slowest command may take, and ends the node.
func (n *node) retire(ended <-chan struct{}) {
	defer n.stop()
	patience := time.After(n.cfg.OriginateTimeout + n.cfg.CommandTimeout)
	tick := time.NewTicker(linger)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if n.jobs.len() == 0 {
				return
			}
		case <-patience:
			return
		case <-ended:
			return
		}
	}
}
