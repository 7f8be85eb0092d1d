package wasm_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// crasher traps for "crash", waits for http_fetch for "fetch" and kv_get for "kv",
// and answers everything else.
var crasher = guest.Asm{
	Operations: []string{abi.OpHTTPFetch, abi.OpKVGet},
	Start: guest.Body(
		guest.IfKind(abi.Action, guest.Seq(
			guest.IfName('c', guest.Trap()),
			guest.IfName('l', guest.Forever()),
			guest.IfName('f', guest.Seq(guest.CallOperation(0), guest.State(abi.Suspended))),
			guest.IfName('k', guest.Seq(guest.CallOperation(1), guest.State(abi.Suspended))),
		)),
		guest.Reply(), guest.State(abi.Finished), guest.Const(0),
	),
}.Bytes()

// TestCrashAnswersAllTasks: the tasks of the dead guest end at once, although
// their operations would take long, and each knows whether it may have sent
// something. The plugin comes back by itself.
func TestCrashAnswersAllTasks(t *testing.T) {
	const each = 50
	effect, harmless := newTurnstile(2*each), newTurnstile(2*each)
	pool := newPool(t, crasher, wasm.Spec{
		Operations: map[string]wasm.Operation{abi.OpHTTPFetch: effect.operation(true), abi.OpKVGet: harmless.operation(false)},
		Limits:     wasm.Limits{Guests: 1},
	})
	var wg sync.WaitGroup
	errs := map[string]chan error{"fetch": make(chan error, each), "kv": make(chan error, each)}
	for name, c := range errs {
		for range each {
			wg.Go(func() {
				_, err := do(t.Context(), pool, action(name))
				c <- err
			})
		}
	}
	effect.wait(t, each)
	harmless.wait(t, each)
	_, err := do(t.Context(), pool, action("crash"))
	wantDead(t, err, "wasm error: unreachable", false)
	wg.Wait() // the turnstiles are still shut
	for range each {
		wantDead(t, <-errs["fetch"], "wasm error: unreachable", true)
		wantDead(t, <-errs["kv"], "wasm error: unreachable", false)
	}
	if s := pool.Stats(); s.Crashes != 1 || s.Failures != 2*each+1 {
		t.Errorf("%+v", s)
	}
	eventually(t, "a new guest", func() bool { return pool.Condition().State == "warm" })
	if c := pool.Condition(); c.Crashes != 1 || c.Reason != "wasm error: unreachable" {
		t.Errorf("%+v", c)
	}
	mustDo(t, pool, action("x"))
	if s := pool.Stats(); s.Guests != 1 || s.Draining != 0 {
		t.Errorf("the dead guest is still there: %+v", s)
	}
}

// TestBackOff: repeated crashes wait longer and longer; meanwhile tasks are turned
// away with the reason, and the restart comes by itself.
func TestBackOff(t *testing.T) {
	pool := newPool(t, crasher, wasm.Spec{Limits: wasm.Limits{Guests: 1}})
	var waits []time.Duration
	for len(waits) < 4 {
		_, err := do(t.Context(), pool, action("crash"))
		var dead *wasm.DeadError
		var notReady *wasm.NotReadyError
		switch {
		case errors.As(err, &dead):
			c := pool.Condition()
			waits = append(waits, time.Until(c.Until))
			if c.Crashes != len(waits) {
				t.Fatalf("%+v after %d crashes", c, len(waits))
			}
		case errors.As(err, &notReady):
			if !strings.Contains(notReady.Reason, "unreachable") || notReady.After <= 0 {
				t.Fatalf("%+v", notReady)
			}
			if pool.Condition().State != "backing off" && pool.Condition().State != "warm" {
				t.Fatalf("%+v", pool.Condition())
			}
			eventually(t, "the restart", func() bool { return pool.Stats().Guests == 1 })
		default:
			t.Fatal(err)
		}
	}
	if waits[0] > 0 || waits[3] <= waits[2] || waits[3] > 400*time.Millisecond {
		t.Errorf("waits %v", waits)
	}
	wasm.Age(pool, 2*time.Minute)
	if c := pool.Condition(); c.Crashes != 0 || c.Reason == "" {
		t.Errorf("after a calm period: %+v", c)
	}
	eventually(t, "the restart", func() bool { return pool.Stats().Guests == 1 })
	if _, err := do(t.Context(), pool, action("crash")); err == nil || pool.Condition().Crashes != 1 {
		t.Errorf("%v, %+v", err, pool.Condition())
	}
}

// babbler answers "garbage" with bytes that are no answer and waits for http_fetch
// for "fetch".
var babbler = guest.Asm{
	Operations: []string{abi.OpHTTPFetch},
	Data:       map[uint32][]byte{guest.FreeAt: {0xc1}},
	Start: guest.Body(
		guest.IfKind(abi.Action, guest.Seq(
			guest.IfName('g', guest.Seq(guest.ReplyWith(guest.FreeAt, 1), guest.State(abi.Finished))),
			guest.IfName('f', guest.Seq(guest.CallOperation(0), guest.State(abi.Suspended))),
		)),
		guest.Reply(), guest.State(abi.Finished), guest.Const(0),
	),
}.Bytes()

// babble asks for garbage until the pool has counted so many crashes, and returns
// how often it got some.
func babble(t *testing.T, pool *wasm.Pool, crashes int) (got int) {
	t.Helper()
	for pool.Condition().Crashes < crashes {
		_, err := do(t.Context(), pool, action("garbage"))
		var notReady *wasm.NotReadyError
		if errors.As(err, &notReady) {
			eventually(t, "the restart", func() bool { return pool.Stats().Guests == 1 })
			continue
		}
		wantError(t, err, abi.CodeInternal, abi.SourcePlugin, "the plugin's reply is malformed")
		got++
	}
	return got
}

// TestBabbling: a plugin that does little but answer garbage backs off as after a
// crash; its other tasks end as they would have.
func TestBabbling(t *testing.T) {
	hold := newTurnstile(1)
	pool := newPool(t, babbler, wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 1},
	})
	ended := make(chan error, 1)
	go func() {
		_, err := do(t.Context(), pool, action("fetch"))
		ended <- err
	}()
	hold.wait(t, 1)
	if got := babble(t, pool, 1); got != wasm.MaxMalformed {
		t.Errorf("%d garbled answers until the first back-off", got)
	}
	if c := pool.Condition(); !strings.Contains(c.Reason, "answers more than sound ones were malformed, the last one so: internal (the plugin's reply is malformed") {
		t.Errorf("%+v", c)
	}
	close(hold.open)
	if err := <-ended; err != nil {
		t.Errorf("the task beside it: %v", err)
	}
	eventually(t, "the end of the old guest", func() bool { s := pool.Stats(); return s.Guests == 1 && s.Draining == 0 })
	mustDo(t, pool, action("x"))
	if got := babble(t, pool, 4); got != 3*wasm.MaxMalformed {
		t.Errorf("%d garbled answers until the fourth back-off", got)
	}
	_, err := do(t.Context(), pool, action("x"))
	var notReady *wasm.NotReadyError
	if !errors.As(err, &notReady) || !strings.Contains(notReady.Reason, "malformed") {
		t.Errorf("during the back-off: %v", err)
	}
}

// TestOneCallerGarbles: an answer that only one caller can spoil takes nothing from
// the others.
func TestOneCallerGarbles(t *testing.T) {
	pool := newPool(t, babbler, wasm.Spec{Limits: wasm.Limits{Guests: 2}})
	for range 5 * wasm.MaxMalformed {
		_, err := do(t.Context(), pool, action("garbage"))
		wantError(t, err, abi.CodeInternal, abi.SourcePlugin, "malformed")
		mustDo(t, pool, action("x"))
	}
	if c := pool.Condition(); c.Crashes != 0 {
		t.Errorf("%+v", c)
	}
}

// TestBabblingHammer: many callers see the end of the same guests.
func TestBabblingHammer(t *testing.T) {
	pool := newPool(t, babbler, wasm.Spec{Limits: wasm.Limits{Guests: 3}})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 200 {
				_, err := do(t.Context(), pool, action("garbage"))
				var notReady *wasm.NotReadyError
				var garbled *abi.Error
				if !errors.As(err, &notReady) && !errors.As(err, &garbled) {
					t.Errorf("garbage gives %v", err)
				}
			}
		})
	}
	wg.Wait()
	if c := pool.Condition(); c.Crashes == 0 {
		t.Errorf("%+v", c)
	}
	eventually(t, "a guest and no old ones", func() bool { s := pool.Stats(); return s.Guests > 0 && s.Draining == 0 && s.InFlight == 0 })
}

// TestOneOfTwoGuestsCrashes: the other one goes on, without a gap.
func TestOneOfTwoGuestsCrashes(t *testing.T) {
	hold := newTurnstile(100)
	pool := newPool(t, crasher, wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 2, MaxTasks: 1},
	})
	// Two guests with a place for one task each: two suspended tasks make two guests.
	var wg sync.WaitGroup
	results := make(chan error, 1)
	wg.Go(func() {
		_, err := do(t.Context(), pool, action("fetch"))
		results <- err
	})
	hold.wait(t, 1)
	if err := wasm.Grow(t.Context(), pool, 2); err != nil {
		t.Fatal(err)
	}
	_, err := do(t.Context(), pool, action("crash")) // in the one that has a place
	wantDead(t, err, "unreachable", false)
	if s := pool.Stats(); s.Guests != 1 || s.InFlight != 1 {
		t.Errorf("%+v", s)
	}
	if c := pool.Condition(); c.State != "warm" || c.Crashes != 1 {
		t.Errorf("%+v", c)
	}
	close(hold.open)
	wg.Wait()
	if err := <-results; err != nil {
		t.Errorf("the task in the other guest: %v", err)
	}
	mustDo(t, pool, action("x"))
}

// TestCPUBudget ends an endless loop, while other guests go on.
func TestCPUBudget(t *testing.T) {
	budget := 300 // million; the interpreter of race runs takes long for one
	if guest.Race {
		budget = 2
	}
	looping := newPool(t, crasher, wasm.Spec{Limits: wasm.Limits{CPU: budget, Guests: 1}})
	other := newPool(t, crasher, wasm.Spec{})
	if err := errors.Join(looping.Warm(t.Context()), other.Warm(t.Context())); err != nil {
		t.Fatal(err)
	}
	result := make(chan error, 1)
	go func() {
		_, err := do(t.Context(), looping, action("loop"))
		result <- err
	}()
	meanwhile := 0
	for {
		select {
		case err := <-result:
			wantDead(t, err, fmt.Sprintf("the task used up its CPU budget of %d million units", budget), false)
			if meanwhile == 0 {
				t.Error("nothing else ran")
			}
			if got, want := looping.Stats().Instructions, uint64(budget)*1_000_000; got < want || got > want+100_000 {
				t.Errorf("booked %d", got)
			}
			return
		default:
			mustDo(t, other, action("x"))
			meanwhile++
		}
	}
}

// TestCrashesOfGoPlugins: what the plugin wrote before it died is kept, and a
// panic of a handler costs its own task only.
func TestCrashesOfGoPlugins(t *testing.T) {
	for _, c := range []struct{ action, reason, words string }{
		{"exit", "it ended itself with exit code 7", "my last words"},
		{"background", "panic: boom in the background (wasm error: unreachable)", "panic: boom in the background"},
		{"spin", "the task used up its CPU budget of 500 million units", ""},
		{"random", "the task used up its CPU budget of 500 million units", ""},
	} {
		t.Run(c.action, func(t *testing.T) {
			log := guest.NewLog()
			pool := newPool(t, goGuest(t), wasm.Spec{Log: log, Limits: wasm.Limits{CPU: 500}, Operations: operations(abi.OpHTTPFetch, atOnce())})
			_, err := do(t.Context(), pool, action(c.action))
			dead := wantDead(t, err, c.reason, false)
			if !strings.Contains(dead.Words, c.words) || len(log.Lines(c.words)) == 0 {
				t.Errorf("words %q", dead.Words)
			}
			if got := pool.Condition().Reason; !strings.Contains(got, c.reason) || !strings.Contains(got, c.words) {
				t.Errorf("reason %q", got)
			}
			eventually(t, "the restart", func() bool { return pool.Stats().Guests == 1 })
			mustDo(t, pool, action("echo"))
		})
	}
	t.Run("panic of a handler", func(t *testing.T) {
		pool := newPool(t, goGuest(t), wasm.Spec{})
		_, err := do(t.Context(), pool, action("panic"))
		wantError(t, err, abi.CodeInternal, abi.SourcePlugin, "panic: assignment to entry in nil map")
		if s := pool.Stats(); s.Crashes != 0 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("after an effect", func(t *testing.T) {
		pool := newPool(t, goGuest(t), wasm.Spec{Operations: operations(abi.OpHTTPFetch, atOnce())})
		_, err := do(t.Context(), pool, action("exit", "after", "fetch"))
		wantDead(t, err, "exit code 7", true)
	})
}

// TestSettingsOfGoPlugins: the reason is the plugin's own.
func TestSettingsOfGoPlugins(t *testing.T) {
	for settings, want := range map[string]string{
		"refuse": "the plugin refuses its settings: url: it must begin with https",
		"panic":  "the plugin refuses its settings: panic: no settings today",
	} {
		pool := newPool(t, goGuest(t), wasm.Spec{Settings: new(abi.Object).Str("start", settings).Value()})
		err := pool.Warm(t.Context())
		var notReady *wasm.NotReadyError
		if !errors.As(err, &notReady) || notReady.Reason != want || pool.Condition().Reason != want {
			t.Errorf("%s: %v, %+v", settings, err, pool.Condition())
		}
	}
}

// TestCallerThatLeaves does not spoil the start for those who wait with it.
func TestCallerThatLeaves(t *testing.T) {
	pool := newPool(t, crasher, wasm.Spec{})
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := do(gone, pool, action("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if i%2 == 0 {
				go stop()
			}
			if _, err := do(ctx, pool, action("x")); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
		})
	}
	wg.Wait()
	if s, c := pool.Stats(), pool.Condition(); s.Guests > wasm.DefaultGuests || c.Crashes != 0 {
		t.Errorf("%+v %+v", s, c)
	}
}
