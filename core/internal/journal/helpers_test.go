package journal_test

import (
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// clock is a hand-moved clock.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is a store with a journal that can be closed and opened again.
type world struct {
	t     testing.TB
	store *store.Store
	clock *clock
	*journal.Journal
}

func newWorld(t testing.TB) *world {
	t.Helper()
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s, clock: newClock()}
	w.open(journal.Options{})
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func (w *world) view() store.View { return w.store.Prefix("journal") }

func (w *world) open(o journal.Options) {
	w.t.Helper()
	o.View = w.view()
	if o.Now == nil {
		o.Now = w.clock.now
	}
	j, err := journal.Open(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Journal = j
}

func (w *world) reopen() {
	w.t.Helper()
	if err := w.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.open(journal.Options{})
}

func (w *world) add(r journal.Request) uint64 {
	w.t.Helper()
	id, err := w.AppendRequest(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) requests(q journal.Query) []journal.Request {
	w.t.Helper()
	var rows []journal.Request
	for r, err := range w.AllRequests(w.t.Context(), q) {
		if err != nil {
			w.t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

func requestIDs(rows []journal.Request) []uint64 {
	out := make([]uint64, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.ID)
	}
	return out
}
