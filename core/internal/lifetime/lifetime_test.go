package lifetime_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
)

type name struct{}

func far() time.Time { return time.Now().Add(time.Hour) }

// over waits for the end of a context and returns its error.
func over(t *testing.T, ctx context.Context) error {
	t.Helper()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(30 * time.Second):
		t.Fatal("the context does not end")
		return nil
	}
}

// TestEnds: every way to end, seen through every door.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(parent context.Context) *lifetime.Context
		end  func(c *lifetime.Context, cancelParent func())
		want error
	}{
		{"by itself", func(p context.Context) *lifetime.Context { return lifetime.New(p, far()) },
			func(c *lifetime.Context, _ func()) { c.End() }, context.Canceled},
		{"with its parent", func(p context.Context) *lifetime.Context { return lifetime.New(p, far()) },
			func(_ *lifetime.Context, cancel func()) { cancel() }, context.Canceled},
		{"at its deadline", func(p context.Context) *lifetime.Context { return lifetime.New(p, time.Now().Add(time.Millisecond)) },
			func(*lifetime.Context, func()) {}, context.DeadlineExceeded},
		{"detached, at its deadline", func(p context.Context) *lifetime.Context {
			return lifetime.Detached(p, time.Now().Add(time.Millisecond))
		},
			func(*lifetime.Context, func()) {}, context.DeadlineExceeded},
		{"before it began", func(p context.Context) *lifetime.Context { return lifetime.New(p, time.Now().Add(-time.Hour)) },
			func(*lifetime.Context, func()) {}, context.DeadlineExceeded},
	} {
		doors := map[string]func(t *testing.T, ctx *lifetime.Context) func() error{
			"Done": func(t *testing.T, ctx *lifetime.Context) func() error {
				done := ctx.Done()
				return func() error { <-done; return ctx.Err() }
			},
			"Err": func(_ *testing.T, ctx *lifetime.Context) func() error {
				return func() error {
					for ctx.Err() == nil {
						time.Sleep(100 * time.Microsecond)
					}
					<-ctx.Done() // what Err says, Done says
					return ctx.Err()
				}
			},
			"AfterFunc": func(_ *testing.T, ctx *lifetime.Context) func() error {
				told := make(chan struct{})
				ctx.AfterFunc(func() { close(told) })
				return func() error { <-told; return ctx.Err() }
			},
			"child of package context": func(_ *testing.T, ctx *lifetime.Context) func() error {
				child, stop := context.WithCancel(ctx)
				return func() error { defer stop(); <-child.Done(); return child.Err() }
			},
			"child": func(t *testing.T, ctx *lifetime.Context) func() error {
				child := lifetime.New(ctx, far())
				return func() error { return over(t, child) }
			},
			"grandchild asked before": func(t *testing.T, ctx *lifetime.Context) func() error {
				child := lifetime.New(lifetime.New(ctx, far()), far())
				child.Done()
				return func() error { return over(t, child) }
			},
		}
		for door, open := range doors {
			t.Run(c.name+"/"+door, func(t *testing.T) {
				parent, cancel := context.WithCancel(context.Background())
				defer cancel()
				ctx := c.make(parent)
				defer ctx.End()
				seen := open(t, ctx)
				c.end(ctx, cancel)
				if err := seen(); err != c.want {
					t.Errorf("ended with %v, want %v", err, c.want)
				}
				before := ctx.Err()
				if ctx.End(); ctx.Err() != before {
					t.Errorf("the error changed from %v to %v", before, ctx.Err())
				}
			})
		}
	}
}

func TestDetachedOutlivesItsParent(t *testing.T) {
	parent, cancel := context.WithCancel(context.WithValue(context.Background(), name{}, "value"))
	ctx := lifetime.Detached(parent, far())
	cancel()
	if err := ctx.Err(); err != nil || ctx.Value(name{}) != "value" {
		t.Errorf("%v, value %v", err, ctx.Value(name{}))
	}
	select {
	case <-ctx.Done():
		t.Error("ended with its parent")
	default:
	}
	ctx.End()
}

// TestDeadline: the earlier one counts, and a parent's always does unless detached.
func TestDeadline(t *testing.T) {
	early, late := time.Now().Add(time.Minute), time.Now().Add(time.Hour)
	for _, c := range []struct {
		got  *lifetime.Context
		want time.Time
	}{
		{lifetime.New(lifetime.New(t.Context(), early), late), early},
		{lifetime.New(lifetime.New(t.Context(), late), early), early},
		{lifetime.Detached(lifetime.New(t.Context(), early), late), late},
	} {
		if end, ok := c.got.Deadline(); !ok || !end.Equal(c.want) {
			t.Errorf("deadline %v, want %v", end, c.want)
		}
	}
}

// TestStop: who takes the watch back is not told.
func TestStop(t *testing.T) {
	for _, watch := range []func(*lifetime.Context, func()) func() bool{
		(*lifetime.Context).AfterFunc,
		func(c *lifetime.Context, f func()) func() bool { return lifetime.OnCancel(c, f) },
		func(c *lifetime.Context, f func()) func() bool { return lifetime.OnCancel(context.WithoutCancel(c), f) },
	} {
		ctx := lifetime.New(context.Background(), far())
		stop := watch(ctx, func() { t.Error("told") })
		other := make(chan struct{})
		ctx.AfterFunc(func() { close(other) })
		if !stop() || stop() {
			t.Error("stop does not say that it stopped, once")
		}
		ctx.End()
		<-other
		told := make(chan struct{})
		if stop := ctx.AfterFunc(func() { close(told) }); stop() {
			t.Error("an ended context can be stopped from telling")
		}
		<-told
	}
}

// TestCheap: a request that nobody waits for costs the context alone, and a child's
// watch costs no timer of the parent.
func TestCheap(t *testing.T) {
	deadline := far()
	if n := testing.AllocsPerRun(100, func() {
		ctx := lifetime.New(context.Background(), deadline)
		if ctx.Err() != nil {
			t.Error("ended")
		}
		ctx.End()
	}); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		ctx := lifetime.New(context.Background(), deadline)
		child := lifetime.New(ctx, deadline)
		lifetime.OnCancel(child, func() {})()
		child.End()
		ctx.End()
	}); n > 8 {
		t.Errorf("%v allocations", n)
	}
}

// TestHammer ends trees of contexts from all sides at once: everybody who did not
// stop is told exactly once, nobody waits for ever.
func TestHammer(t *testing.T) {
	for range 300 {
		root, cancel := context.WithCancel(context.Background())
		top := lifetime.New(root, time.Now().Add(time.Millisecond))
		var told, stopped atomic.Int32
		var asked sync.WaitGroup
		var heard sync.WaitGroup
		for i := range 6 {
			asked.Go(func() {
				child := lifetime.New(top, time.Now().Add(time.Duration(i)*200*time.Microsecond))
				heard.Add(1)
				stop := lifetime.OnCancel(child, func() { told.Add(1); heard.Done() })
				switch i {
				case 0:
					cancel()
				case 1:
					child.End()
				case 2:
					top.End()
				case 3:
					if stop() {
						stopped.Add(1)
						heard.Done()
					}
				}
				if err := over(t, child); err == nil {
					t.Error("Done is closed, Err is nil")
				}
			})
		}
		asked.Wait()
		heard.Wait()
		if n := told.Load() + stopped.Load(); n != 6 {
			t.Fatalf("%d of 6 were told or stopped", n)
		}
		cancel()
	}
}
