package auth_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

func TestLimiter(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.Now)
	key, r := auth.LimitKey{Login: "alice", Action: "sms.send"}, auth.Rate{PerSecond: 2, Burst: 3}
	for i := range 3 {
		if ok, wait := l.Allow(key, r); !ok || wait != 0 {
			t.Fatalf("request %d of the burst is refused for %v", i, wait)
		}
	}
	for range 10 { // refused requests cost nothing
		if ok, wait := l.Allow(key, r); ok || wait != 500*time.Millisecond {
			t.Fatalf("got %v, %v", ok, wait)
		}
	}
	if ok, _ := l.Allow(auth.LimitKey{Login: "alice", Action: "sms.status"}, r); !ok {
		t.Error("another action shares the bucket")
	}
	if ok, _ := l.Allow(auth.LimitKey{Login: "bob", Action: "sms.send"}, r); !ok {
		t.Error("another user shares the bucket")
	}
	c.advance(499 * time.Millisecond)
	if ok, wait := l.Allow(key, r); ok || wait <= 0 || wait > 2*time.Millisecond {
		t.Errorf("just before its time: %v, %v", ok, wait)
	}
	c.advance(time.Millisecond)
	if ok, _ := l.Allow(key, r); !ok {
		t.Error("refused after the wait that it asked for")
	}
}

func TestLimiterRates(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.Now)
	for _, r := range []auth.Rate{{}, {PerSecond: -1}, {PerSecond: math.NaN()}, {PerSecond: math.Inf(1)}} {
		for range 1000 {
			if ok, _ := l.Allow(auth.LimitKey{Login: "free"}, r); !ok {
				t.Fatalf("%+v limits", r)
			}
		}
	}
	if l.Len() != 0 {
		t.Error("requests without a limit take memory")
	}
	key := auth.LimitKey{Login: "alice"}
	if ok, _ := l.Allow(key, auth.Rate{PerSecond: 1.0 / 3600}); !ok { // burst 0 counts as 1
		t.Error("the first request is refused")
	}
	if ok, wait := l.Allow(key, auth.Rate{PerSecond: 1.0 / 3600}); ok || wait != time.Hour {
		t.Errorf("got %v, %v", ok, wait)
	}
	// A higher rate holds at once but is no present.
	if ok, wait := l.Allow(key, auth.Rate{PerSecond: 10, Burst: 5}); ok || wait > 100*time.Millisecond {
		t.Errorf("got %v, %v", ok, wait)
	}
	if ok, wait := l.Allow(key, auth.Rate{PerSecond: 1e-12}); ok || wait != 24*time.Hour {
		t.Errorf("an absurd rate gives %v, %v", ok, wait)
	}
}

func TestLimiterMemoryIsBounded(t *testing.T) {
	c := newClock()
	l := auth.NewLimiter(c.Now)
	const room = 2048
	l.LimitKeys(room)
	r := auth.Rate{PerSecond: 1, Burst: 2}
	victim := auth.LimitKey{Login: "victim"}
	for range 2 {
		l.Allow(victim, r)
	}
	for i := range 10 * room {
		l.Allow(auth.LimitKey{Login: fmt.Sprint(i)}, r)
	}
	if n := l.Len(); n > room || n < room/2 {
		t.Errorf("%d keys are held", n)
	}
	if ok, _ := l.Allow(victim, r); ok {
		t.Error("an empty bucket was thrown out while fuller ones were there")
	}
	c.advance(2 * time.Second)
	l.Forget()
	if n := l.Len(); n != 0 {
		t.Errorf("%d full buckets are held", n)
	}
}

// TestLimiterExactUnderLoad: many goroutines together get exactly the burst when the clock stands still.
func TestLimiterExactUnderLoad(t *testing.T) {
	l := auth.NewLimiter(newClock().Now)
	var passed atomic.Int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				if ok, _ := l.Allow(auth.LimitKey{Login: "shared"}, auth.Rate{PerSecond: 1, Burst: 100}); ok {
					passed.Add(1)
				}
				l.Allow(auth.LimitKey{Login: fmt.Sprint(g, i)}, auth.Rate{PerSecond: 1, Burst: 1})
				if i%100 == 0 {
					l.Forget()
				}
			}
		})
	}
	wg.Wait()
	if passed.Load() != 100 {
		t.Errorf("%d requests passed a burst of 100", passed.Load())
	}
}

func TestLimiterDoesNotAllocate(t *testing.T) {
	l := auth.NewLimiter(nil)
	key, r := auth.LimitKey{Login: "alice", Action: "sms.send"}, auth.Rate{PerSecond: 1, Burst: 1}
	l.Allow(key, r)
	if n := testing.AllocsPerRun(100, func() { l.Allow(key, r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
