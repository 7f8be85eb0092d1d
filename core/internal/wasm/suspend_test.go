package wasm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestEcho(t *testing.T) {
	pool := newPool(t, goGuest(t), wasm.Spec{})
	q := &abi.Request{Kind: abi.Action, Name: "echo", Params: smsParams, TimeoutMS: 77}
	r, err := pool.Do(t.Context(), q, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if got := r.Reply.Body.Get("message").String(); got != "Проверка работы" || r.Reply.Status != 0 {
		t.Errorf("reply %+v", r.Reply)
	}
	if r.Fuel <= 0 || r.Busy <= 0 || q.TimeoutMS <= 77 || q.TimeoutMS > 60_000 {
		t.Errorf("fuel %d, busy %s, the request says %d ms", r.Fuel, r.Busy, q.TimeoutMS)
	}
}

// TestTenThousandSuspended: one guest holds them all, each gets its own answer.
func TestTenThousandSuspended(t *testing.T) {
	const n = 10_000
	var waiting sync.WaitGroup
	waiting.Add(n)
	open := make(chan struct{})
	own := wasm.Operation{Effect: true, Run: func(_ context.Context, c *wasm.Call, _, dst []byte) []byte {
		waiting.Done()
		<-open
		return append(dst, fetched("for "+c.RequestID)...)
	}}
	pool := newPool(t, goGuest(t), wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, own), Limits: wasm.Limits{Guests: 1, Timeout: time.Minute},
	})
	var ended sync.WaitGroup
	for i := range n {
		ended.Go(func() {
			q := action("fetch")
			q.RequestID = fmt.Sprint("request ", i)
			if got, err := do(t.Context(), pool, q); err != nil || got != "for "+q.RequestID {
				t.Errorf("%s: %q, %v", q.RequestID, got, err)
			}
		})
	}
	waiting.Wait()
	if s := pool.Stats(); s.InFlight != n || s.Guests != 1 || s.Tasks != n {
		t.Errorf("all suspended: %+v", s)
	}
	if got := mustDo(t, pool, action("echo")); got != "" { // the guest is free meanwhile
		t.Errorf("echo %q", got)
	}
	close(open)
	ended.Wait()
	if s := pool.Stats(); s.InFlight != 0 || s.Failures != 0 || s.Crashes != 0 {
		t.Errorf("all answered: %+v", s)
	}
}

// TestDeadlineWhileSuspended: the operation ends with the task's time, the plugin
// learns why, later operations fail at once, local ones still run.
func TestDeadlineWhileSuspended(t *testing.T) {
	var outcome atomic.Value
	var fetches atomic.Int32
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: map[string]wasm.Operation{
		abi.OpHTTPFetch: {Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
			fetches.Add(1)
			<-ctx.Done()
			return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceUpstream, Detail: "no answer", Sent: true}, nil)
		}},
		abi.OpJournalEnd: {Local: true, Run: func(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
			var end abi.JournalEnd
			if err := errors.Join(ctx.Err(), end.Decode(request)); err != nil {
				t.Error(err)
			}
			if d, ok := ctx.Deadline(); !ok || time.Until(d) > 3*time.Second {
				t.Errorf("a local operation may run until %v", d)
			}
			outcome.Store(end.Result)
			return abi.AppendAnswer(dst, nil, nil)
		}},
	}})
	if err := pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer stop()
	_, err := do(ctx, pool, action("record"))
	if e := wantError(t, err, abi.CodeTimeout, abi.SourceUpstream, "no answer"); !e.Sent {
		t.Error("it may have been sent")
	}
	if outcome.Load() != "unknown" {
		t.Errorf("recorded %v", outcome.Load())
	}

	// A task that begins too late begins nothing; one that asks for more gets no more.
	<-ctx.Done()
	if _, err := do(ctx, pool, action("record")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("late task: %v", err)
	}
	if fetches.Load() != 1 || pool.Stats().Tasks != 1 {
		t.Errorf("%d fetches, %+v", fetches.Load(), pool.Stats())
	}
}

// TestEndlessAskingIsCancelled: a task that ignores that its time is over is
// unwound after a number of vain operations, and its deferred functions run. The
// guest lives on.
func TestEndlessAskingIsCancelled(t *testing.T) {
	var asked atomic.Int32
	local := wasm.Operation{Local: true, Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte {
		asked.Add(1)
		return abi.AppendAnswer(dst, nil, nil)
	}}
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: map[string]wasm.Operation{abi.OpKVGet: local, abi.OpHTTPFetch: atOnce()}})
	ctx, stop := context.WithCancel(t.Context())
	if err := pool.Warm(ctx); err != nil {
		t.Fatal(err)
	}
	go func() {
		for asked.Load() < 10 {
			time.Sleep(time.Millisecond)
		}
		stop()
	}()
	_, err := do(ctx, pool, action("clean"))
	wantError(t, err, abi.CodeTimeout, abi.SourcePlugin, "went on asking for kv_get after its time was over and was cancelled")
	if got := mustDo(t, pool, action("clean", "ask", "1")); got != "yes" {
		t.Errorf("deferred functions: %q", got)
	}
	if s := pool.Stats(); s.Crashes != 0 || s.Guests != 1 {
		t.Errorf("%+v", s)
	}
}

// TestRetryAfterTheDeadline: operations that are not local fail at once then, and
// a plugin that tries for ever is stopped, too.
func TestRetryAfterTheDeadline(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var asked atomic.Int32
	fail := wasm.Operation{Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
		asked.Add(1)
		stop()
		<-ctx.Done()
		return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeTimeout}, nil)
	}}
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpHTTPFetch, fail)})
	_, err := do(ctx, pool, action("again"))
	if e := wantError(t, err, abi.CodeTimeout, abi.SourcePlugin, "was cancelled"); !e.Sent {
		t.Error("it may have been sent")
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the operation ran %d times", n)
	}
	mustDo(t, pool, action("echo"))
	if s := pool.Stats(); s.Crashes != 0 {
		t.Errorf("%+v", s)
	}
}

// TestOperationPanics: a fault of the host costs the operation only.
func TestOperationPanics(t *testing.T) {
	log := guest.NewLog()
	op := wasm.Operation{Effect: true, Run: func(context.Context, *wasm.Call, []byte, []byte) []byte { panic("host bug 4711") }}
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpHTTPFetch, op), Log: log})
	_, err := do(t.Context(), pool, action("fetch"))
	if e := wantError(t, err, abi.CodeInternal, abi.SourceHost, "http_fetch: a fault of the gateway"); !e.Sent {
		t.Error("it may have been sent")
	}
	if len(log.Lines("host bug 4711")) == 0 {
		t.Error("the panic is not in the log")
	}
	mustDo(t, pool, action("echo"))
}

func TestAnswerTooLarge(t *testing.T) {
	op := wasm.Operation{Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte {
		return abi.AppendAnswer(dst, nil, abi.AppendBytes(nil, make([]byte, abi.MaxMessage)))
	}}
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpHTTPFetch, op)})
	_, err := do(t.Context(), pool, action("fetch"))
	wantError(t, err, abi.CodeTooLarge, abi.SourceHost, "http_fetch: the answer is over 16 MiB")
}

// TestNestedTasks: a guest may wait for a task in itself; each level knows its
// depth, and the operation that bounds it is believed.
func TestNestedTasks(t *testing.T) {
	const limit = 4
	var pool *wasm.Pool
	var depths []int
	call := wasm.Operation{Effect: true, Run: func(ctx context.Context, c *wasm.Call, _, dst []byte) []byte {
		depths = append(depths, c.Depth)
		if c.Depth == limit {
			return abi.AppendAnswer(dst, nil, abi.StringValue("bottom"))
		}
		inner := action("deep")
		inner.RequestID = c.RequestID
		r, err := pool.Do(ctx, inner, c.Depth+1)
		if err != nil {
			return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeInternal, Detail: err.Error()}, nil)
		}
		defer r.Release()
		return abi.AppendAnswer(dst, nil, r.Reply.Body)
	}}
	pool = newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpProviderCall, call), Limits: wasm.Limits{Guests: 1}})
	if got := mustDo(t, pool, action("deep")); got != "bottom" {
		t.Errorf("%q", got)
	}
	if got := fmt.Sprint(depths); got != "[0 1 2 3 4]" {
		t.Errorf("depths %s", got)
	}
}

// TestAccounting: what the tasks are charged is what the pool has spent, beside
// the start of its guest.
func TestAccounting(t *testing.T) {
	pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpHTTPFetch, atOnce()), Limits: wasm.Limits{Guests: 1}})
	if err := pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	start := pool.Stats()
	if start.Instructions == 0 || start.Busy <= 0 || start.MemoryBytes == 0 {
		t.Errorf("start %+v", start)
	}
	var fuel int64
	var busy time.Duration
	for _, name := range strings.Fields("echo fetch echo fetch fetch") {
		r, err := pool.Do(t.Context(), action(name), 0)
		if err != nil {
			t.Fatal(err)
		}
		fuel += r.Fuel
		busy += r.Busy
		r.Release()
	}
	end := pool.Stats()
	if end.Instructions-start.Instructions != uint64(fuel) || end.Busy-start.Busy != busy || end.Tasks != 5 {
		t.Errorf("tasks %d units in %s; %+v after %+v", fuel, busy, end, start)
	}
}
