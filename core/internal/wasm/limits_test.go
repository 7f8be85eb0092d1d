package wasm_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestMemoryLimit(t *testing.T) {
	pool := newPoolMB(t, goGuest(t), wasm.Spec{}, 32)
	mustDo(t, pool, action("grow", "mb", "4"))
	_, err := do(t.Context(), pool, action("grow", "mb", "64"))
	var dead *wasm.DeadError
	if !errors.As(err, &dead) || !strings.Contains(dead.Reason, "fatal error: out of memory") || !strings.HasPrefix(dead.Words, "fatal error: ") {
		t.Fatalf("%#v", err)
	}
	eventually(t, "the restart", func() bool { return pool.Stats().Guests == 1 })
	mustDo(t, pool, action("echo"))
	if s := pool.Stats(); s.MemoryBytes > 32<<20 {
		t.Errorf("%+v", s)
	}
}

// TestMemoryGrowFails: an assembled guest that asks for more pages than it may
// have gets none.
func TestMemoryGrowFails(t *testing.T) {
	code := guest.Asm{MaxPages: 65536, Start: guest.Body(guest.Grow(2000), guest.Reply(), guest.Const(1))}.Bytes()
	pool := newPoolMB(t, code, wasm.Spec{}, 4)
	mustDo(t, pool, action("x"))
	if s := pool.Stats(); s.MemoryBytes != 4*65536 {
		t.Errorf("%+v", s)
	}
}

// TestRecycleWhenAlone: a guest over the first mark stays while it has tasks, and
// is replaced when the last one ends.
func TestRecycleWhenAlone(t *testing.T) {
	hold := newTurnstile(1)
	pool := newPool(t, goGuest(t), wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 1, RecycleMB: 40},
	})
	var wg sync.WaitGroup
	wg.Go(func() { mustDo(t, pool, action("fetch")) })
	hold.wait(t, 1)
	mustDo(t, pool, action("grow", "mb", "50"))
	mustDo(t, pool, action("echo"))
	if s := pool.Stats(); s.Guests != 1 || s.Draining != 0 || s.MemoryBytes < 50<<20 {
		t.Errorf("with a task: %+v", s)
	}
	close(hold.open)
	wg.Wait()
	eventually(t, "a small guest", func() bool {
		s := pool.Stats()
		return s.Guests == 1 && s.Draining == 0 && s.MemoryBytes < 20<<20
	})
	if s := pool.Stats(); s.Crashes != 0 || s.Failures != 0 {
		t.Errorf("%+v", s)
	}
}

// TestRecycleUnderLoad: over the second mark a guest drains at once, its tasks end
// in it, new ones go to another, and only one drains at a time.
func TestRecycleUnderLoad(t *testing.T) {
	hold := newTurnstile(10)
	pool := newPool(t, goGuest(t), wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 1, RecycleMB: 40},
	})
	var wg sync.WaitGroup
	wg.Go(func() { mustDo(t, pool, action("fetch")) })
	hold.wait(t, 1)
	mustDo(t, pool, action("grow", "mb", "90"))
	eventually(t, "a second guest", func() bool { s := pool.Stats(); return s.Guests == 1 && s.Draining == 1 })
	if s := pool.Stats(); s.MemoryBytes < 90<<20 {
		t.Errorf("a draining guest has memory, too: %+v", s)
	}
	wg.Go(func() { mustDo(t, pool, action("fetch")) })
	hold.wait(t, 1)
	mustDo(t, pool, action("grow", "mb", "90")) // over the mark as well, but one drains already
	mustDo(t, pool, action("echo"))
	if s := pool.Stats(); s.Guests != 1 || s.Draining != 1 || s.InFlight != 2 {
		t.Errorf("%+v", s)
	}
	close(hold.open)
	wg.Wait()
	eventually(t, "both replaced", func() bool {
		s := pool.Stats()
		return s.Guests == 1 && s.Draining == 0 && s.MemoryBytes < 20<<20
	})
	if s := pool.Stats(); s.Failures != 0 || s.Crashes != 0 {
		t.Errorf("%+v", s)
	}
}

// TestLargeFromTheStart: a guest whose settings need much memory is not replaced
// after every task.
func TestLargeFromTheStart(t *testing.T) {
	log := guest.NewLog()
	pool := newPool(t, goGuest(t), wasm.Spec{
		Settings: new(abi.Object).Str("start", "large").Value(), Limits: wasm.Limits{Guests: 1, RecycleMB: 20}, Log: log,
	})
	for range 20 {
		mustDo(t, pool, action("echo"))
	}
	if s := pool.Stats(); s.MemoryBytes < 40<<20 || s.Draining != 0 {
		t.Errorf("%+v", s)
	}
	if lines := log.Lines("recycling"); len(lines) != 0 {
		t.Errorf("%q", lines)
	}
}

// TestLogFlood: lines are made harmless and bounded for each task and each second,
// and what is missing is said.
func TestLogFlood(t *testing.T) {
	log := guest.NewLog()
	pool := newPool(t, goGuest(t), wasm.Spec{Log: log})
	mustDo(t, pool, action("log"))
	if got := log.Lines("first line=two lines"); len(got) != 1 || !strings.Contains(got[0], "[WARN]") || !strings.Contains(got[0], "request_id=r1") {
		t.Errorf("%q", got)
	}
	if got := log.Lines("long long"); len(got) != 1 || len(got[0]) > 9<<10 || !strings.Contains(got[0], " …") {
		t.Errorf("%d long lines", len(got))
	}
	if n := len(log.Lines("flood")); n != 198 {
		t.Errorf("%d lines", n)
	}
	if n := len(log.Lines("the task writes too many log lines")); n != 1 {
		t.Errorf("%d notices", n)
	}
	log = guest.NewLog()
	pool = newPool(t, goGuest(t), wasm.Spec{Log: log})
	from := time.Now()
	mustDo(t, pool, action("print"))
	seconds := int(time.Since(from)/time.Second) + 1
	if n := len(log.Lines("flood")); n == 0 || n > (seconds+1)*1000 {
		t.Errorf("%d lines in %d s", n, seconds)
	}
	if len(log.Lines("[INFO]  one")) != 1 || len(log.Lines("two [31m red three")) != 1 {
		t.Error("stdout is not cut into harmless lines")
	}
}

// TestEndlessLog: writing is paid for with the CPU budget, so it ends.
func TestEndlessLog(t *testing.T) {
	for name, code := range map[string][]byte{
		"log":          guest.Repeat(guest.WriteLog(guest.RequestAt, guest.RequestSize)),
		"dropped line": guest.Repeat(guest.WriteLog(guest.RequestAt, 0)),
	} {
		log := guest.NewLog()
		asm := guest.Asm{Start: guest.Body(guest.IfKind(abi.Action, code), guest.Reply(), guest.Const(1))}
		pool := newPool(t, asm.Bytes(), wasm.Spec{Log: log, Limits: wasm.Limits{CPU: 5}})
		_, err := do(t.Context(), pool, action("x"))
		wantDead(t, err, "CPU budget of 5 million units", false)
		if n := len(log.Lines("")); n > 250 {
			t.Errorf("%s: %d lines", name, n)
		}
	}
}

// TestSleep: a guest that sleeps pays as if it computed, because its other tasks
// wait.
func TestSleep(t *testing.T) {
	pool := newPool(t, goGuest(t), wasm.Spec{Limits: wasm.Limits{CPU: 2000}})
	r, err := pool.Do(t.Context(), action("sleep", "ms", "20"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Busy < 20*time.Millisecond || r.Fuel < 19*8_000_000 {
		t.Errorf("busy %s, %d units", r.Busy, r.Fuel)
	}
	r.Release()
	_, err = do(t.Context(), pool, action("sleep", "ms", "3600000"))
	wantDead(t, err, "CPU budget of 2000 million units", false)
}

// TestMaxTasks bounds the tasks in a guest, those that wait for their turn too.
func TestMaxTasks(t *testing.T) {
	const places, tasks = 7, 60
	hold := newTurnstile(tasks)
	pool := newPool(t, crasher, wasm.Spec{
		Operations: operations(abi.OpHTTPFetch, hold.operation(true)), Limits: wasm.Limits{Guests: 1, MaxTasks: places},
	})
	if err := pool.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	results := make(chan error, tasks)
	for range tasks {
		go func() {
			_, err := do(t.Context(), pool, action("fetch"))
			results <- err
		}()
	}
	hold.wait(t, places)
	for range tasks - places {
		var notReady *wasm.NotReadyError
		if err := <-results; !errors.As(err, &notReady) || notReady.Reason != "7 tasks are in flight" || notReady.After != time.Second {
			t.Fatalf("%v", err)
		}
	}
	close(hold.open)
	for range places {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}
