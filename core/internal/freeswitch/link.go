package freeswitch

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"github.com/hashicorp/go-hclog"
)

// Link is the connection to all nodes. Its methods are safe for concurrent use.
type Link struct {
	hooks Config // without nodes
	log   hclog.Logger

	mu     sync.Mutex
	nodes  []*node            // replaced as a whole
	work   context.Context    // of all nodes; nil before Start
	stop   context.CancelFunc // nil before Start
	closed bool
	wg     sync.WaitGroup
}

// New checks the configuration and makes a link that is not running yet. Without nodes it is idle until SetNodes.
//
// # Errors
//
// Every fault of every node, joined.
func New(cfg Config, log hclog.Logger) (*Link, error) {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	hooks := cfg
	hooks.Nodes = nil
	l := &Link{log: log, hooks: hooks}
	if err := l.SetNodes(cfg.Nodes); err != nil {
		return nil, err
	}
	return l, nil
}

// Start connects to the nodes in the background and keeps them connected until Close or the end of ctx. It does not
// wait; a second call does nothing.
func (l *Link) Start(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stop != nil || l.closed {
		return
	}
	l.work, l.stop = context.WithCancel(ctx)
	for _, n := range l.nodes {
		l.begin(n)
	}
}

// WaitSettled returns when the first attempt to reach each node has come to an end, well or badly.
//
// # Errors
//
// ctx.Err().
func (l *Link) WaitSettled(ctx context.Context) error {
	for _, n := range l.list() {
		select {
		case <-n.settled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// Close ends all connections and fails what is still waiting. It returns when every goroutine of the link has ended.
//
// # Errors
//
// ctx.Err() when ctx ends first.
func (l *Link) Close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	if l.stop != nil {
		l.stop()
	}
	l.mu.Unlock()
	ended := make(chan struct{})
	go func() {
		l.wg.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Nodes returns the names of the nodes in configured order.
func (l *Link) Nodes() []string {
	nodes := l.list()
	out := make([]string, len(nodes))
	for i, n := range nodes {
		out[i] = n.cfg.Name
	}
	return out
}

// Health returns a snapshot of every node in configured order.
func (l *Link) Health() []NodeHealth {
	nodes := l.list()
	out := make([]NodeHealth, len(nodes))
	for i, n := range nodes {
		out[i] = n.health()
	}
	return out
}

func (l *Link) node(name string) (*node, error) {
	for _, n := range l.list() {
		if n.cfg.Name == name {
			return n, nil
		}
	}
	return nil, fmt.Errorf("%w: %.60q", ErrUnknownNode, name)
}

// choose returns the nodes that may take a call for the account, in the order to try them: those that are up, at random
// by weight.
//
// # Errors
//
// A *ValueError when no node allows the account; a *NoNodeError with each node's reason when none is up.
func (l *Link) choose(name string, a Account) ([]*node, error) {
	allowed := l.list()
	if name != "" {
		n, err := l.node(name)
		if err != nil {
			return nil, err
		}
		allowed = []*node{n}
	}
	var up []*node
	var down []NodeError
	permitted := false
	for _, n := range allowed {
		if name == "" && n.cfg.Weight < 0 || !n.cfg.allows(a) {
			continue
		}
		permitted = true
		if err := n.ready(); err != nil {
			down = append(down, NodeError{n.cfg.Name, err})
			continue
		}
		up = append(up, n)
	}
	switch {
	case len(allowed) == 0:
		return nil, &NoNodeError{}
	case !permitted:
		return nil, &ValueError{"sip", "the account is not in the list of accounts of any node"}
	case len(up) == 0:
		return nil, &NoNodeError{down}
	}
	return byWeight(up), nil
}

// byWeight draws without putting back.
func byWeight(nodes []*node) []*node {
	rest := nodes
	out := make([]*node, 0, len(nodes))
	for len(rest) > 0 {
		total := 0
		for _, n := range rest {
			total += max(n.cfg.Weight, 1)
		}
		pick := rand.N(total)
		for i, n := range rest {
			if pick -= max(n.cfg.Weight, 1); pick < 0 {
				out = append(out, n)
				rest = append(rest[:i:i], rest[i+1:]...)
				break
			}
		}
	}
	return out
}
