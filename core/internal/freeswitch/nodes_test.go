package freeswitch_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// Nodes come and go while the link runs; what did not change keeps its connection.
func TestSetNodesKeepsWhatStaysTheSame(t *testing.T) {
	first, second := esltest.New(t, &esltest.Peer{}), esltest.New(t, &esltest.Peer{})
	a, b := quick("a", first.Addr()), quick("b", second.Addr())
	l := startOne(t, a)
	if err := l.SetNodes([]freeswitch.NodeConfig{a, b}); err != nil {
		t.Fatal(err)
	}
	if err := l.WaitSettled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := l.Nodes(); !slices.Equal(got, []string{"a", "b"}) {
		t.Fatal(got)
	}
	for _, h := range l.Health() {
		if h.State != freeswitch.StateUp {
			t.Errorf("%+v", h)
		}
	}
	kept := first.Accepted()
	if err := l.SetNodes([]freeswitch.NodeConfig{a}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.API(t.Context(), "b", "status", ""); !errors.Is(err, freeswitch.ErrUnknownNode) {
		t.Errorf("a node that is gone answers: %v", err)
	}
	eventually(t, "the connections of b are closed", func() bool { return second.Open() == 0 })
	if !isUp(l)() || first.Accepted() != kept {
		t.Errorf("a was connected again: %d connections, first %d", first.Accepted(), kept)
	}
	// Another password is another node.
	wrong := a
	wrong.Password = "nope"
	if err := l.SetNodes([]freeswitch.NodeConfig{wrong}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the wrong password is noticed", func() bool { return l.Health()[0].State == freeswitch.StateDown })
}

func TestSetNodesRefusesAsAWhole(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{})
	a := quick("a", p.Addr())
	l := startOne(t, a)
	bad := quick("b", "nowhere")
	if err := l.SetNodes([]freeswitch.NodeConfig{a, bad}); err == nil {
		t.Fatal("a node without a port is taken")
	}
	if err := l.SetNodes([]freeswitch.NodeConfig{a, a}); err == nil {
		t.Fatal("a name is taken twice")
	}
	if got := l.Nodes(); !slices.Equal(got, []string{"a"}) || !isUp(l)() {
		t.Errorf("a refused change left %v, up: %t", got, isUp(l)())
	}
	if err := l.SetNodes(nil); err != nil {
		t.Fatal(err)
	}
	_, err := l.Originate(t.Context(), freeswitch.OriginateRequest{Called: "89100000000", Caller: "1001", Account: "1234"})
	if !errors.Is(err, freeswitch.ErrNoNode) {
		t.Errorf("without nodes: %v", err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.SetNodes([]freeswitch.NodeConfig{a}); !errors.Is(err, freeswitch.ErrLinkClosed) {
		t.Errorf("after close: %v", err)
	}
}

// A command that a node is still working on when it is taken out gets its answer.
func TestARemovedNodeAnswersWhatItWasAsked(t *testing.T) {
	seen := make(chan string, 1)
	var p *esltest.Peer
	var answered atomic.Bool
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb == "wait" {
			r.S.Ack(r.Header["Job-UUID"])
			seen <- r.Header["Job-UUID"]
			return
		}
		p.Answer(r)
	}})
	l := startOne(t, quick("a", p.Addr()))
	got := make(chan error, 1)
	go func() {
		out, err := l.API(t.Context(), "a", "wait", "")
		answered.Store(out == "+OK late\n")
		got <- err
	}()
	id := <-seen
	if err := l.SetNodes(nil); err != nil {
		t.Fatal(err)
	}
	p.Job(id, "wait", "+OK late\n")
	if err := <-got; err != nil || !answered.Load() {
		t.Fatalf("answer %t, %v", answered.Load(), err)
	}
	eventually(t, "every connection is closed", func() bool { return p.Open() == 0 })
}

func TestALinkWithoutNodesIsIdle(t *testing.T) {
	l, err := freeswitch.New(freeswitch.Config{}, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	l.Start(t.Context())
	if len(l.Health()) != 0 {
		t.Error(l.Health())
	}
	if rows, errs := l.Queues(t.Context(), ""); len(rows) != 0 || len(errs) != 1 || !errors.Is(errs[0], freeswitch.ErrNoNode) {
		t.Error(rows, errs)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
