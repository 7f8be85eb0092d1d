package wasm_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// watcher keeps events, with copies of what they borrow.
type watcher struct {
	mu     sync.Mutex
	events []wasm.Event
}

func (w *watcher) watch(e wasm.Event) {
	e.Message, e.Answer = slices.Clone(e.Message), slices.Clone(e.Answer)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, e)
}

func (w *watcher) take() []wasm.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.events
	w.events = nil
	return all
}

// TestTrace: a watcher sees the configuration, the request, each operation with
// what was asked and answered, and the end with what the task used.
func TestTrace(t *testing.T) {
	var w watcher
	fetch := wasm.Operation{Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte { return append(dst, fetched("hello")...) }}
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpHTTPFetch, fetch), Trace: w.watch})
	if err := pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := w.take(); len(e) != 2 || e[0].Moment != wasm.Began || e[0].RequestID != "configure" || e[1].Moment != wasm.Ended || e[1].Err != nil {
		t.Fatalf("the start: %+v", e)
	}
	if got := mustDo(t, pool, action("fetch")); got != "hello" {
		t.Fatal(got)
	}
	e := w.take()
	if len(e) != 3 || e[0].Moment != wasm.Began || e[1].Moment != wasm.Asked || e[2].Moment != wasm.Ended {
		t.Fatalf("events %+v", e)
	}
	var q abi.Request
	if err := q.Decode(e[0].Message); err != nil || q.Name != "fetch" {
		t.Errorf("began with %+v, %v", q, err)
	}
	var asked abi.HTTPRequest
	if err := asked.Decode(e[1].Message); err != nil || e[1].Operation != abi.OpHTTPFetch || string(e[1].Answer) != string(fetched("hello")) {
		t.Errorf("asked %s %+v %q, %v", e[1].Operation, asked, e[1].Answer, err)
	}
	var r abi.Reply
	if err := r.Decode(e[2].Message); err != nil || r.Body.String() != "hello" || e[2].Units <= 0 || e[2].Busy <= 0 || e[2].Took < e[2].Busy {
		t.Errorf("ended %+v, %v", e[2], err)
	}
	for _, one := range e {
		if one.Instance != "test" || one.RequestID != "r1" || one.Task != e[0].Task {
			t.Errorf("of %+v", one)
		}
	}
	if _, err := do(t.Context(), pool, action("nobody")); err == nil {
		t.Fatal("an unknown action")
	}
	if e := w.take(); len(e) != 2 || e[1].Err == nil || e[1].Message != nil {
		t.Errorf("a failure: %+v", e)
	}
}
