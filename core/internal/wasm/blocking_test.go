package wasm_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// blocker is a plugin without coroutines: "fetch" performs http_fetch and replies
// with the answer, which holds a whole Reply; "kv" does it with kv_get; "crash" traps
// after an http_fetch; "leave" does not take all answers; "again" asks for ever.
func blocker() []byte {
	const n = 2
	answered := guest.Seq(guest.Take(n, guest.FreeAt), guest.ReplyWith(guest.FreeAt+answerHead, len(hello)), guest.State(abi.Finished))
	return guest.Asm{
		Operations: []string{abi.OpHTTPFetch, abi.OpKVGet}, Blocking: true,
		Start: guest.Body(
			guest.IfKind(abi.Action, guest.Seq(
				guest.IfName('f', guest.Seq(guest.CallBlocking(0), answered)),
				guest.IfName('k', guest.Seq(guest.CallBlocking(1), answered)),
				guest.IfName('c', guest.Seq(guest.CallBlocking(0), guest.Trap())),
				guest.IfName('l', guest.Seq(guest.CallBlocking(0), guest.CallBlocking(1), guest.CallBlocking(1), answered)),
				guest.IfName('a', guest.Repeat(guest.CallBlocking(0))),
			)),
			guest.Reply(), guest.Const(int(abi.Finished)),
		),
	}.Bytes()
}

// An answer that is the beginning of an Answer, [nil, …, and a Reply behind it, so
// that an assembled guest can pass it on without parsing.
var hello = (&abi.Reply{Body: abi.StringValue("hello")}).Append(nil)

const answerHead = 2

func helloAnswer(dst []byte) []byte { return abi.AppendAnswer(dst, nil, hello) }

// answers lets every operation answer at once.
func answers(effect bool) wasm.Operation {
	return wasm.Operation{Effect: effect, Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte { return helloAnswer(dst) }}
}

// helloFrom answers for op when it is done.
func helloFrom(op wasm.Operation) wasm.Operation {
	return wasm.Operation{Effect: op.Effect, Local: op.Local, Run: func(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
		op.Run(ctx, c, request, nil)
		return helloAnswer(dst)
	}}
}

func TestBlockingOperation(t *testing.T) {
	var requests atomic.Int32
	fetch := wasm.Operation{Run: func(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
		var q abi.HTTPRequest
		if err := q.Decode(request); err != nil || q.URL != "http://upstream.test/" || c.RequestID != "r1" || c.Instance != "test" || ctx.Err() != nil {
			t.Errorf("%+v, %v, %+v", q, err, c)
		}
		requests.Add(1)
		return helloAnswer(dst)
	}}
	pool := newPool(t, blocker(), wasm.Spec{Operations: map[string]wasm.Operation{abi.OpHTTPFetch: fetch, abi.OpKVGet: answers(false)}})
	for range 3 { // the guest is used again
		if got := mustDo(t, pool, action("fetch")); got != "hello" {
			t.Fatalf("%q", got)
		}
	}
	if got := mustDo(t, pool, action("kv")); got != "hello" {
		t.Errorf("%q", got)
	}
	// Answers that the guest does not want are dropped.
	if got := mustDo(t, pool, action("leave")); got != "hello" {
		t.Errorf("%q", got)
	}
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests", n)
	}
	if s := pool.Stats(); s.Guests != 1 || s.Crashes != 0 || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

// TestBlockingBreaches: each ends the guest with its reason.
func TestBlockingBreaches(t *testing.T) {
	other := append(guest.Task(), append(guest.Const(1), 0x6a)...)
	fetch, take := guest.CallBlocking(0), guest.Take(1, guest.FreeAt)
	for _, c := range []struct {
		name, want string
		sent       bool
		start      []byte
	}{
		{"take without an answer", "take without an answer", false, misbehaves(take)},
		{"take twice", "take without an answer", true, misbehaves(fetch, take, take)},
		{"take outside the memory", "take to a place outside the guest's memory", true, misbehaves(fetch, guest.Take(1, 4*65536-1))},
		{"suspend", "the task is suspended without an operation", true, misbehaves(fetch, take, guest.State(abi.Suspended))},
		{"operation after the reply", "http_fetch after the reply", false, misbehaves(guest.Reply(), fetch)},
		{"no reply", "the task ended without a reply", true, misbehaves(fetch, take)},
		{"another task", "http_fetch for a task that is not running", false,
			misbehaves(guest.Call3(2, other, guest.RequestAt, guest.RequestSize), []byte{0x1a})},
		{"outside the memory", "message outside the guest's memory", false, misbehaves(guest.Call3(2, guest.Task(), 4*65536, 1), []byte{0x1a})},
		{"trap after an effect", "wasm error: unreachable", true, misbehaves(fetch, guest.Trap())},
	} {
		t.Run(c.name, func(t *testing.T) {
			code := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true, Start: c.start}.Bytes()
			pool := newPool(t, code, wasm.Spec{Operations: operations(abi.OpHTTPFetch, answers(true))})
			_, err := do(t.Context(), pool, action("x"))
			dead := wantDead(t, err, c.want, c.sent)
			if got := strings.TrimPrefix(dead.Reason, "contract violation: "); got != c.want {
				t.Errorf("reason %q", got)
			}
		})
	}
	// Outside a task nothing can be asked for.
	code := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true,
		Initialize: guest.Body(guest.Call3(2, guest.Const(0), guest.RequestAt, guest.RequestSize), []byte{0x1a})}.Bytes()
	err := newPool(t, code, wasm.Spec{}).Warm(t.Context())
	if err == nil || !strings.Contains(err.Error(), "http_fetch outside patchbay_start") {
		t.Errorf("%v", err)
	}
}

// TestBlockingGrants: an operation that is not granted is answered with denied.
func TestBlockingGrants(t *testing.T) {
	denied := (&abi.Error{Code: abi.CodeDenied, Source: abi.SourceHost, Detail: "http_fetch is not granted to mts"}).Append(nil)
	code := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true,
		Start: misbehaves(guest.CallBlocking(0), guest.Take(1, guest.FreeAt), guest.ReplyWith(guest.FreeAt+1, len(denied)), guest.State(abi.Failed)),
	}.Bytes()
	pool := newPool(t, code, wasm.Spec{Instance: "mts"})
	_, err := do(t.Context(), pool, action("x"))
	wantError(t, err, abi.CodeDenied, abi.SourceHost, "http_fetch is not granted to mts")
}

// TestBlockedTasksHaveGuests: each task in flight has its own, up to the limit; the
// others wait and are served by whichever comes free.
func TestBlockedTasksHaveGuests(t *testing.T) {
	const guests, tasks = 4, 40
	hold := newTurnstile(tasks)
	pool := newPool(t, blocker(), wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, helloFrom(hold.operation(true))), Limits: wasm.Limits{Guests: guests, MaxTasks: 50, Timeout: time.Minute},
	})
	var wg sync.WaitGroup
	for range tasks {
		wg.Go(func() {
			if got := mustDo(t, pool, action("fetch")); got != "hello" {
				t.Errorf("%q", got)
			}
		})
	}
	hold.wait(t, guests)
	if s := pool.Stats(); s.Guests != guests || s.InFlight != guests {
		t.Errorf("%+v", s)
	}
	// One that has no time to wait is not begun.
	ctx, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()
	if _, err := do(ctx, pool, action("x")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	close(hold.open)
	wg.Wait()
	if s := pool.Stats(); s.Guests != guests || s.InFlight != 0 || s.Tasks != tasks || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

// TestWaitingForAnExclusiveGuestIsBounded, and those who wait learn that the
// instance is closed.
func TestWaitingForAnExclusiveGuestIsBounded(t *testing.T) {
	const waiting = 1000
	hold := newTurnstile(waiting + 1)
	program, pool := bare(t, blocker(), wasm.Spec{Operations: operations(abi.OpHTTPFetch, helloFrom(hold.operation(false))), Limits: wasm.Limits{Guests: 1, Timeout: time.Minute}})
	results := make(chan error, waiting+10)
	for range waiting + 10 {
		go func() {
			_, err := do(t.Context(), pool, action("fetch"))
			results <- err
		}()
	}
	hold.wait(t, 1)
	for range 9 { // one is served, 1000 wait
		var notReady *wasm.NotReadyError
		if err := <-results; !errors.As(err, &notReady) || notReady.Reason != "1000 tasks wait for one of 1 guests" {
			t.Fatalf("%v", err)
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- pool.Close(t.Context()) }()
	for range waiting {
		if err := <-results; !errors.Is(err, wasm.ErrClosed) {
			t.Fatalf("%v", err)
		}
	}
	close(hold.open)
	if err := errors.Join(<-closed, program.Close(t.Context())); err != nil {
		t.Error(err)
	}
	if err := <-results; err != nil {
		t.Errorf("the one that was served: %v", err)
	}
}

// TestDeadlineWhileBlocked: the operation ends with the task's time and the plugin
// goes on with the answer; a plugin that goes on asking is ended.
func TestDeadlineWhileBlocked(t *testing.T) {
	var stop context.CancelFunc
	var asked atomic.Int32
	wait := wasm.Operation{Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
		asked.Add(1)
		stop()
		<-ctx.Done()
		return helloAnswer(dst)
	}}
	pool := newPool(t, blocker(), wasm.Spec{Operations: operations(abi.OpHTTPFetch, wait)})
	interrupted := func(name string) (string, error) {
		var ctx context.Context
		ctx, stop = context.WithCancel(t.Context())
		defer stop()
		return do(ctx, pool, action(name))
	}
	if got, err := interrupted("fetch"); err != nil || got != "hello" {
		t.Errorf("%q, %v", got, err)
	}
	_, err := interrupted("again")
	wantDead(t, err, "the task went on asking for http_fetch after its time was over", true)
	if n := asked.Load(); n != 2 {
		t.Errorf("the operation ran %d times", n)
	}
}

// TestCloseWhileBlocked: tasks get the time that Close gives; those left are called
// off although their guests cannot be entered.
func TestCloseWhileBlocked(t *testing.T) {
	hold := newTurnstile(8)
	program, pool := bare(t, blocker(), wasm.Spec{Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 8}})
	results := make(chan error, 8)
	for range 8 {
		go func() {
			_, err := do(t.Context(), pool, action("fetch"))
			results <- err
		}()
	}
	hold.wait(t, 8)
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := pool.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "8 tasks did not end in time and were called off") {
		t.Errorf("%v", err)
	}
	for range 8 {
		if dead := wantDead(t, <-results, "the plugin instance was closed before the task ended", true); !dead.Closed {
			t.Errorf("%+v", dead)
		}
	}
	if s := pool.Stats(); s.Crashes != 0 || s.Guests+s.Draining != 0 || s.MemoryBytes != 0 {
		t.Errorf("%+v", s)
	}
	if err := errors.Join(pool.Close(t.Context()), program.Close(t.Context())); err != nil {
		t.Error(err)
	}
}

// TestWaitingCostsNoBudget: neither units nor busy time.
func TestWaitingCostsNoBudget(t *testing.T) {
	const nap = 60 * time.Millisecond
	sleepy := wasm.Operation{Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte {
		time.Sleep(nap)
		return helloAnswer(dst)
	}}
	pool := newPool(t, blocker(), wasm.Spec{Operations: operations(abi.OpHTTPFetch, sleepy), Limits: wasm.Limits{CPU: 1}})
	r, err := pool.Do(t.Context(), action("fetch"), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Release()
	if r.Fuel <= 0 || r.Fuel > 10_000 || r.Busy <= 0 || r.Busy >= nap {
		t.Errorf("%d units, busy %s", r.Fuel, r.Busy)
	}
	// Asking costs something, so that a loop of operations ends.
	pool = newPool(t, blocker(), wasm.Spec{Operations: operations(abi.OpHTTPFetch, answers(false)), Limits: wasm.Limits{CPU: 1}})
	_, err = do(t.Context(), pool, action("again"))
	wantDead(t, err, "CPU budget of 1 million units", false)
}

func TestHammerBlocking(t *testing.T) {
	short := wasm.Operation{Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
		}
		return helloAnswer(dst)
	}}
	ops := map[string]wasm.Operation{abi.OpHTTPFetch: short, abi.OpKVGet: {Local: true, Run: short.Run}}
	for name, crashes := range map[string]bool{"calm": false, "with crashes": true} {
		t.Run(name, func(t *testing.T) {
			pool := newPool(t, blocker(), wasm.Spec{Operations: ops, Limits: wasm.Limits{Guests: 8, CPU: 1}})
			hammer(t, pool, []string{"x", "fetch", "kv", "leave"}, crashes)
		})
	}
}

// TestHammerExclusive is the same for a plugin that suspends its one task.
func TestHammerExclusive(t *testing.T) {
	pool := newPool(t, crasher, wasm.Spec{
		Operations: map[string]wasm.Operation{abi.OpHTTPFetch: atOnce(), abi.OpKVGet: atOnce()}, Limits: wasm.Limits{Guests: 3, MaxTasks: 1},
	})
	hammer(t, pool, []string{"x", "fetch", "kv"}, false)
	if s := pool.Stats(); s.Guests > 3 || s.Crashes != 0 {
		t.Errorf("%+v", s)
	}
}
