package wasm_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

type held struct{ closed atomic.Int32 }

func (h *held) Close() error {
	h.closed.Add(1)
	return nil
}

// TestAttachments: whatever becomes of the task, each one is closed exactly once.
func TestAttachments(t *testing.T) {
	var mu sync.Mutex
	var all []*held
	recording := wasm.Operation{Run: func(_ context.Context, c *wasm.Call, _, dst []byte) []byte {
		h := &held{}
		mu.Lock()
		all = append(all, h)
		mu.Unlock()
		c.Warn("node pbx2 is unavailable")
		a := abi.Attachment{ID: c.Attach(h), ContentType: "audio/wav"}
		return abi.AppendAnswer(dst, nil, a.Append(nil))
	}}
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpFreeswitchRecording, recording)})
	for _, c := range []struct{ name, failure string }{
		{"first", ""}, {"none", ""}, {"fail", "changed my mind"}, {"unknown", "attachment 99 was not opened by this task"},
	} {
		all = nil
		r, err := pool.Do(t.Context(), action("attach", "name", c.name), 0)
		if (err == nil) != (c.failure == "") || err != nil && !strings.Contains(err.Error(), c.failure) {
			t.Fatalf("%s: %v", c.name, err)
		}
		if len(all) != 2 {
			t.Fatalf("%s: %d attachments", c.name, len(all))
		}
		if err == nil {
			if c.name == "first" {
				if r.Attachment != all[0] || all[0].closed.Load() != 0 || r.Reply.ContentType != "audio/wav" {
					t.Fatalf("attachment %v, reply %+v", r.Attachment, r.Reply)
				}
				if len(r.Warnings) != 2 {
					t.Errorf("warnings %q", r.Warnings)
				}
				defer func(h *held) { // Release must not close it again
					if n := h.closed.Load(); n != 1 {
						t.Errorf("the one of the reply was closed %d times", n)
					}
				}(all[0])
				r.Attachment.Close()
			} else if r.Attachment != nil {
				t.Errorf("%s: attachment %v", c.name, r.Attachment)
			}
			r.Release()
			r.Release() // does nothing
		}
		for i, h := range all {
			if n := h.closed.Load(); n != 1 {
				t.Errorf("%s: attachment %d was closed %d times", c.name, i, n)
			}
		}
	}
}

// TestAttachmentsOfACrash are closed as well.
func TestAttachmentsOfACrash(t *testing.T) {
	h := &held{}
	attach := wasm.Operation{Run: func(_ context.Context, c *wasm.Call, _, dst []byte) []byte {
		c.Attach(h)
		return append(dst, fetched("")...)
	}}
	code := guest.Asm{
		Operations: []string{abi.OpHTTPFetch},
		Start:      misbehaves(guest.CallOperation(0), guest.State(abi.Suspended)),
		Resume:     guest.Body(guest.Trap()),
	}.Bytes()
	pool := newPool(t, code, wasm.Spec{Operations: operations(abi.OpHTTPFetch, attach)})
	_, err := do(t.Context(), pool, action("x"))
	wantDead(t, err, "unreachable", false)
	if n := h.closed.Load(); n != 1 {
		t.Errorf("closed %d times", n)
	}
}

// bare returns a pool that the test closes itself.
func bare(t *testing.T, code []byte, spec wasm.Spec) (*wasm.Program, *wasm.Pool) {
	t.Helper()
	p, err := guest.Engine(t).Compile(t.Context(), code, 0)
	if err != nil {
		t.Fatal(err)
	}
	spec.Instance, spec.Log = "test", hclog.NewNullLogger()
	return p, p.NewPool(spec, 0)
}

// TestCloseDrains: tasks in flight end well, new ones are refused, nothing is left.
func TestCloseDrains(t *testing.T) {
	before := runtime.NumGoroutine()
	hold := newTurnstile(100)
	program, pool := bare(t, crasher, wasm.Spec{Operations: operations(abi.OpHTTPFetch, hold.operation(true))})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() { mustDo(t, pool, action("fetch")) })
	}
	hold.wait(t, 100)
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- pool.Close(t.Context()) }()
	}
	eventually(t, "new tasks are refused", func() bool {
		_, err := do(t.Context(), pool, action("x"))
		return errors.Is(err, wasm.ErrClosed)
	})
	if err := program.Close(t.Context()); err != nil { // waits for the pool by itself
		t.Fatal(err)
	}
	select {
	case err := <-closed:
		t.Fatalf("Close did not wait: %v", err)
	default:
	}
	close(hold.open)
	wg.Wait()
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	if s := pool.Stats(); s.Guests+s.Draining != 0 || s.MemoryBytes != 0 || s.InFlight != 0 {
		t.Errorf("%+v", s)
	}
	if err := pool.Warm(t.Context()); !errors.Is(err, wasm.ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := program.NewPool(wasm.Spec{Log: hclog.NewNullLogger()}, 0).Warm(t.Context()); !errors.Is(err, wasm.ErrClosed) {
		t.Errorf("a pool of a closed program: %v", err)
	}
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// TestCloseCallsOff: tasks that do not end in time end with a clear error.
func TestCloseCallsOff(t *testing.T) {
	hold := newTurnstile(20)
	program, pool := bare(t, crasher, wasm.Spec{Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 1}})
	results := make(chan error, 20)
	for range 20 {
		go func() {
			_, err := do(t.Context(), pool, action("fetch"))
			results <- err
		}()
	}
	hold.wait(t, 20)
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := pool.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "20 tasks did not end in time and were called off") {
		t.Errorf("%v", err)
	}
	for range 20 {
		if dead := wantDead(t, <-results, "the plugin instance was closed before the task ended", true); !dead.Closed {
			t.Errorf("%+v", dead)
		}
	}
	if s := pool.Stats(); s.Crashes != 0 || s.Guests+s.Draining != 0 {
		t.Errorf("%+v", s)
	}
	if err := errors.Join(pool.Close(t.Context()), program.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestCloseWhileItStarts: a start that is under way ends with the pool.
func TestCloseWhileItStarts(t *testing.T) {
	hold := newTurnstile(1)
	code := guest.Asm{ // asks for something before it accepts its settings
		Operations: []string{abi.OpHTTPFetch},
		Start:      guest.Body(guest.CallOperation(0), guest.Const(int(abi.Suspended))),
	}.Bytes()
	program, pool := bare(t, code, wasm.Spec{Operations: operations(abi.OpHTTPFetch, hold.operation(true))})
	warm := make(chan error, 1)
	go func() { warm <- pool.Warm(t.Context()) }()
	hold.wait(t, 1)
	if err := pool.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-warm; !errors.Is(err, wasm.ErrClosed) {
		t.Errorf("%v", err)
	}
	if err := program.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
