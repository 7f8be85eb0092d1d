package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/callcenter"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/show"
)

// The rows of the queries, each with the node it came from. In JSON they are the row alone.
type (
	// Queue is one queue of a node.
	Queue struct {
		Node string `json:"-"`
		callcenter.Queue
	}
	// Tier is one tier of a node.
	Tier struct {
		Node string `json:"-"`
		callcenter.Tier
	}
	// Agent is one agent of a node.
	Agent struct {
		Node string `json:"-"`
		callcenter.Agent
	}
	// Member is one caller in a queue of a node.
	Member struct {
		Node string `json:"-"`
		callcenter.Member
	}
	// Channel is one live leg on a node.
	Channel struct {
		Node string `json:"-"`
		show.Channel
	}
)

// MalformedRowsError reports lines of a text table that could not be read, usually because of a pipe or a line break in
// a name. The other rows of the answer are good.
type MalformedRowsError struct{ Lines []string }

func (e *MalformedRowsError) Error() string {
	return fmt.Sprintf("%d lines of the answer do not fit its header; is there a | or a line break in a name?", len(e.Lines))
}

// Queues lists the queues of a node, or of all nodes for "". Rows and errors may come together: a node that does not answer
// is reported and does not hide the others. Never nil.
func (l *Link) Queues(ctx context.Context, nodeName string) ([]Queue, []NodeError) {
	return fanOut(ctx, l, nodeName, func(ctx context.Context, n *node) ([]Queue, error) {
		text, err := n.ask(ctx, "callcenter_config", "queue list")
		if err != nil {
			return nil, err
		}
		list, err := callcenter.ParseQueues(text)
		if err != nil {
			return nil, err
		}
		if len(list.Malformed) > 0 {
			err = &MalformedRowsError{list.Malformed}
		}
		return tag(list.Queues, func(q callcenter.Queue) Queue { return Queue{n.cfg.Name, q} }), err
	})
}

// Tiers lists the tiers of a node, or of all nodes for "". Errors as Queues.
func (l *Link) Tiers(ctx context.Context, nodeName string) ([]Tier, []NodeError) {
	return fanOut(ctx, l, nodeName, func(ctx context.Context, n *node) ([]Tier, error) {
		rows, err := ccList(ctx, n, callcenter.TierList, "", callcenter.ParseTiers)
		return tag(rows, func(t callcenter.Tier) Tier { return Tier{n.cfg.Name, t} }), err
	})
}

// Agents lists the agents of one queue, or all for queue "", of a node, or of all nodes for "". FreeSWITCH does not tell an
// unknown queue from an empty one; use QueueExists. Errors as Queues; a name that may not be sent is a *ValueError of every node.
func (l *Link) Agents(ctx context.Context, nodeName, queue string) ([]Agent, []NodeError) {
	return fanOut(ctx, l, nodeName, func(ctx context.Context, n *node) ([]Agent, error) {
		list := callcenter.AgentList
		if queue != "" {
			list = callcenter.QueueAgents
		}
		rows, err := ccList(ctx, n, list, queue, callcenter.ParseAgents)
		return tag(rows, func(a callcenter.Agent) Agent { return Agent{n.cfg.Name, a} }), err
	})
}

// Members lists the callers of one queue, or all for queue "". As Agents.
func (l *Link) Members(ctx context.Context, nodeName, queue string) ([]Member, []NodeError) {
	return fanOut(ctx, l, nodeName, func(ctx context.Context, n *node) ([]Member, error) {
		list := callcenter.MemberList
		if queue != "" {
			list = callcenter.QueueMembers
		}
		rows, err := ccList(ctx, n, list, queue, callcenter.ParseMembers)
		return tag(rows, func(m callcenter.Member) Member { return Member{n.cfg.Name, m} }), err
	})
}

// Channels lists the live legs of a node, or of all nodes for "". Errors as Queues.
func (l *Link) Channels(ctx context.Context, nodeName string) ([]Channel, []NodeError) {
	return fanOut(ctx, l, nodeName, func(ctx context.Context, n *node) ([]Channel, error) {
		text, err := n.ask(ctx, "show", "channels as json")
		if err != nil {
			return nil, err
		}
		rows, err := show.ParseChannels([]byte(text))
		return tag(rows, func(c show.Channel) Channel { return Channel{n.cfg.Name, c} }), err
	})
}

// QueueExists decides from the queue list whether a queue exists on a node, or on any node for "".
//
// # Errors
//
// ErrUnknownQueue when every node answered and none has it. When a node did not answer and no other has it: that node's
// NodeError, since the queue may be there.
func (l *Link) QueueExists(ctx context.Context, nodeName, queue string) error {
	queues, failed := l.Queues(ctx, nodeName)
	for _, q := range queues {
		if q.Name == queue {
			return nil
		}
	}
	if len(failed) > 0 {
		return failed[0]
	}
	return fmt.Errorf("%w: %.60q", ErrUnknownQueue, queue)
}

// CallExists reports whether a live channel has the uuid on a node, or on any node for "".
//
// # Errors
//
// *ValueError for something else than a uuid; ErrUnknownNode. A NodeError when no node has the call and one did not answer: the
// call may be there.
func (l *Link) CallExists(ctx context.Context, nodeName, id string) (bool, error) {
	id, err := ParseCallID(id)
	if err != nil {
		return false, err
	}
	if nodeName != "" {
		if _, err := l.node(nodeName); err != nil {
			return false, err
		}
	}
	found, failed := fanOut(ctx, l, nodeName, func(ctx context.Context, n *node) ([]string, error) {
		text, err := n.ask(ctx, "uuid_exists", id)
		switch strings.TrimSpace(text) {
		case "true":
			return []string{n.cfg.Name}, nil
		case "false":
			return nil, nil
		}
		if err == nil {
			err = ErrBadReply
		}
		return nil, err
	})
	if len(found) == 0 && len(failed) > 0 {
		return false, failed[0]
	}
	return len(found) > 0, nil
}

// CallInfo returns the headers and variables ("variable_…") of a live channel, in FreeSWITCH's order.
//
// # Errors
//
// ErrUnknownCall, otherwise as CallExists.
func (l *Link) CallInfo(ctx context.Context, nodeName, id string) (esl.Header, error) {
	n, id, err := l.call(nodeName, id)
	if err != nil {
		return nil, err
	}
	text, err := n.ask(ctx, "uuid_dump", id+" json")
	if err != nil {
		if errors.Is(err, ErrRefused) {
			err = ErrUnknownCall
		}
		return nil, NodeError{nodeName, err}
	}
	event, err := esl.ParseEvent(esl.Frame{Header: esl.Header{{Name: "Content-Type", Value: esl.TypeEventJSON}}, Body: []byte(text)})
	if err != nil {
		return nil, NodeError{nodeName, err}
	}
	return event.Header, nil
}

func (l *Link) call(name, id string) (*node, string, error) {
	n, err := l.node(name)
	if err != nil {
		return nil, "", err
	}
	id, err = ParseCallID(id)
	return n, id, err
}

// ask runs a command that only reads. A lost connection is no reason to fail it: it is repeated once. When the node went with
// the connection, the error is ErrNodeDown: a query that may have run without an answer is just one without an answer.
func (n *node) ask(ctx context.Context, verb, args string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.CommandTimeout)
	defer cancel()
	text, err := n.command(ctx, verb, args)
	if errors.Is(err, ErrUnknownOutcome) && ctx.Err() == nil {
		if down := n.ready(); down != nil {
			return "", down
		}
		text, err = n.command(ctx, verb, args)
	}
	if err != nil {
		return "", err
	}
	return text, replyError(text)
}

func ccList[T any](ctx context.Context, n *node, list, queue string, parse func([]byte) ([]T, error)) ([]T, error) {
	if queue != "" && !callcenter.ValidName(queue) {
		return nil, &ValueError{"queue", "want letters, digits, blanks and ._-@+"}
	}
	text, err := n.ask(ctx, "json", callcenter.Request(list, queue))
	if err != nil {
		return nil, err
	}
	return parse([]byte(text))
}

func tag[From, To any](rows []From, with func(From) To) []To {
	out := make([]To, len(rows))
	for i, r := range rows {
		out[i] = with(r)
	}
	return out
}

// fanOut asks one node or all at the same time; rows and errors are in the order of the nodes.
func fanOut[T any](ctx context.Context, l *Link, name string, ask func(context.Context, *node) ([]T, error)) ([]T, []NodeError) {
	nodes := l.list()
	if name != "" {
		n, err := l.node(name)
		if err != nil {
			return []T{}, []NodeError{{name, err}}
		}
		nodes = []*node{n}
	}
	if len(nodes) == 0 { // an empty list would look complete
		return []T{}, []NodeError{{"(none)", &NoNodeError{}}}
	}
	rows := make([][]T, len(nodes))
	errs := make([]error, len(nodes))
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() { rows[i], errs[i] = ask(ctx, n) })
	}
	wg.Wait()
	out, failed := []T{}, []NodeError(nil)
	for i, n := range nodes {
		out = append(out, rows[i]...)
		if errs[i] != nil {
			failed = append(failed, NodeError{n.cfg.Name, errs[i]})
		}
	}
	return out, failed
}
