package journal_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// TestBadOnlyMatchesAll compares the query for bad requests, which reads the
// extracts, with the bad ones of all requests, which come from the blocks: with
// every bound of time, both directions and pages that end anywhere.
func TestBadOnlyMatchesAll(t *testing.T) {
	w := newWorld(t)
	start := w.clock.now()
	for round := range 30 {
		var wg sync.WaitGroup // records of one round share blocks
		for i := range 9 {
			status := 200
			if (round+i)%3 == 0 {
				status = 400 + i
			}
			at := w.clock.now().Add(-time.Duration(i*i) * time.Second) // slow requests are late
			wg.Go(func() {
				r := journal.Request{Time: at, Status: status, Module: []string{"sms", "report"}[i%2], Reason: "no right"}
				if _, err := w.AppendRequest(context.Background(), r); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		w.clock.move(7 * time.Second)
	}
	for _, q := range []journal.Query{
		{},
		{Reverse: true},
		{From: start.Add(20 * time.Second), To: start.Add(100 * time.Second)},
		{From: start.Add(20 * time.Second), To: start.Add(100 * time.Second), Reverse: true},
		{To: start.Add(50 * time.Second), Module: "sms"},
		{From: start.Add(time.Hour)},
	} {
		want := slices.DeleteFunc(w.requests(q), func(r journal.Request) bool { return r.Status < 400 })
		q.BadOnly = true
		for _, limit := range []int{1, 2, 7, 1000} {
			q.Limit = limit
			got := w.requests(q)
			if !slices.EqualFunc(got, want, func(a, b journal.Request) bool {
				return a.ID == b.ID && a.Time.Equal(b.Time) && a.Status == b.Status && a.Reason == b.Reason
			}) {
				t.Errorf("%+v: ids %v, want %v", q, requestIDs(got), requestIDs(want))
			}
		}
	}
}

// TestExtractsGoWithTheirBlocks: retention leaves no extract without its block,
// and a block without bad records has none.
func TestExtractsGoWithTheirBlocks(t *testing.T) {
	w := newWorld(t)
	count := func(view string) int {
		t.Helper()
		n, err := w.view().Prefix(view).Count(t.Context(), store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range 300 {
		w.add(journal.Request{Status: 200 + 205*(i%2)})
		w.clock.move(time.Second)
	}
	if blocks, extracts := count("brequest"), count("xrequest"); blocks != 300 || extracts != 150 {
		t.Fatalf("%d blocks and %d extracts, want 300 and 150", blocks, extracts)
	}
	if n, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now().Add(-100*time.Second)); n != 200 || err != nil {
		t.Fatalf("removed %d, %v", n, err)
	}
	if blocks, extracts := count("brequest"), count("xrequest"); blocks != 100 || extracts != 50 {
		t.Errorf("%d blocks and %d extracts are left, want 100 and 50", blocks, extracts)
	}
	if got := len(w.requests(journal.Query{BadOnly: true})); got != 50 {
		t.Errorf("%d bad rows, want 50", got)
	}
}

// TestLargestBatch writes the largest records there are, all bad, at once into
// the smallest store: each goes out twice and must still fit a transaction.
func TestLargestBatch(t *testing.T) {
	s, err := store.Open(store.Options{Dir: t.TempDir(), CacheBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = j.Close() }()
	body := make([]byte, journal.MaxRecord-1024)
	for i := range body {
		body[i] = byte(' ' + i*i%90)
	}
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 4 {
				if _, err := j.AppendRequest(t.Context(), journal.Request{Status: 500, Body: string(body)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	p, err := j.Requests(t.Context(), journal.Query{BadOnly: true})
	if err != nil || len(p.Rows) != 256 || p.Rows[255].Body != string(body) {
		t.Errorf("%d rows, %v", len(p.Rows), err)
	}
}
