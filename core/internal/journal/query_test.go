package journal_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

func TestBadQueries(t *testing.T) {
	w := newWorld(t)
	now := w.clock.now()
	for name, q := range map[string]journal.Query{
		"negative limit": {Limit: -1},
		"huge limit":     {Limit: journal.MaxLimit + 1},
		"reversed range": {From: now, To: now.Add(-time.Second)},
	} {
		if _, err := w.Requests(t.Context(), q); !errors.Is(err, journal.ErrBadQuery) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.SMS(t.Context(), journal.Query{Module: "sms"}); !errors.Is(err, journal.ErrBadQuery) {
		t.Errorf("SMS by module: %v", err)
	}
	if _, err := w.Audits(t.Context(), journal.Query{Module: "sms"}); !errors.Is(err, journal.ErrBadQuery) {
		t.Errorf("audit by module: %v", err)
	}
	w.add(journal.Request{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.Requests(ctx, journal.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled query: %v", err)
	}
}

func TestBadCursors(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		w.add(journal.Request{User: "u"})
	}
	first, err := w.Requests(t.Context(), journal.Query{Limit: 2, User: "u"})
	if err != nil || first.Next == "" {
		t.Fatal(first.Next, err)
	}
	flipped := []byte(first.Next)
	flipped[10] ^= 1
	for name, q := range map[string]journal.Query{
		"text":          {User: "u", Cursor: "next page please"},
		"cut":           {User: "u", Cursor: first.Next[:len(first.Next)-1]},
		"flipped bit":   {User: "u", Cursor: string(flipped)},
		"other filter":  {User: "v", Cursor: first.Next},
		"other order":   {User: "u", Reverse: true, Cursor: first.Next},
		"other range":   {User: "u", From: w.clock.now(), Cursor: first.Next},
		"only bad ones": {User: "u", BadOnly: true, Cursor: first.Next},
	} {
		if _, err := w.Requests(t.Context(), q); !errors.Is(err, journal.ErrBadCursor) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.Calls(t.Context(), journal.Query{User: "u", Cursor: first.Next}); !errors.Is(err, journal.ErrBadCursor) {
		t.Errorf("another kind: %v", err)
	}
	rest, err := w.Requests(t.Context(), journal.Query{Limit: 3, User: "u", Cursor: first.Next})
	if err != nil || !slices.Equal(requestIDs(rest.Rows), []uint64{3, 4, 5}) || rest.Next != "" {
		t.Errorf("the cursor with another limit: %v, next %q, %v", requestIDs(rest.Rows), rest.Next, err)
	}
}

// TestRangesAreExact compares with a plain filter over all records, with slow
// requests, a clock that jumps back and forth, and blocks of several records.
func TestRangesAreExact(t *testing.T) {
	w := newWorld(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	start := w.clock.now()
	var mu sync.Mutex
	var all []journal.Request
	for round := range 60 {
		switch {
		case round == 30:
			w.clock.move(-2 * time.Hour)
		case round == 45:
			w.clock.move(3 * time.Hour)
		default:
			w.clock.move(time.Duration(rnd.IntN(2000)) * time.Millisecond)
		}
		var wg sync.WaitGroup
		for range 8 {
			r := journal.Request{Time: w.clock.now().Add(-time.Duration(rnd.IntN(5000)) * time.Millisecond)}
			wg.Go(func() {
				id, err := w.AppendRequest(t.Context(), r)
				if err != nil {
					t.Error(err)
				}
				r.ID = id
				mu.Lock()
				all = append(all, r)
				mu.Unlock()
			})
		}
		wg.Wait()
	}
	slices.SortFunc(all, func(a, b journal.Request) int { return int(a.ID) - int(b.ID) })
	for try := range 300 {
		q := journal.Query{Limit: 1 + rnd.IntN(60), Reverse: try%2 == 1}
		if try%5 != 0 {
			q.From = start.Add(time.Duration(rnd.IntN(5*3600)-2*3600) * time.Second)
		}
		if try%7 != 0 {
			q.To = start.Add(time.Duration(rnd.IntN(5*3600)-2*3600) * time.Second)
			if try%3 == 0 {
				q.To = all[rnd.IntN(len(all))].Time // exactly on a record
			}
			if q.From.After(q.To) {
				q.From, q.To = q.To, q.From
			}
		}
		var want []uint64
		for _, r := range all {
			if (q.From.IsZero() || !r.Time.Before(q.From)) && (q.To.IsZero() || r.Time.Before(q.To)) {
				want = append(want, r.ID)
			}
		}
		if q.Reverse {
			slices.Reverse(want)
		}
		if got := requestIDs(w.requests(q)); !slices.Equal(got, want) {
			t.Fatalf("[%s, %s) reverse=%v limit %d:\ngot  %v\nwant %v", q.From, q.To, q.Reverse, q.Limit, got, want)
		}
		if try == 150 {
			w.reopen() // what makes ranges exact must survive
		}
	}
}

func TestTimes(t *testing.T) {
	w := newWorld(t)
	now := w.clock.now()
	nano := now.Add(-time.Second + 1500*time.Nanosecond)
	for _, c := range []struct{ give, want time.Time }{
		{time.Time{}, now},
		{now.Add(time.Hour), now},
		{now.Add(-25 * time.Hour), now},
		{now.Add(-23 * time.Hour), now.Add(-23 * time.Hour)},
		{nano, now.Add(-time.Second + time.Microsecond)},
		{now.In(time.FixedZone("MSK", 3*3600)), now},
	} {
		id := w.add(journal.Request{Time: c.give})
		rows := w.requests(journal.Query{})
		if got := rows[id-1].Time; !got.Equal(c.want) || got.Location() != time.UTC {
			t.Errorf("time %s became %s, want %s", c.give, got, c.want)
		}
	}
	w.clock.move(time.Minute)
	id := w.add(journal.Request{})
	if got := requestIDs(w.requests(journal.Query{From: w.clock.now()})); !slices.Equal(got, []uint64{id}) {
		t.Errorf("From at the record's own time: %v", got)
	}
	if got := w.requests(journal.Query{From: w.clock.now(), To: w.clock.now()}); got != nil {
		t.Errorf("empty range: %v", got)
	}
}

// TestClockSetBack: ids go on rising, each record keeps its own time.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	a := w.clock.now()
	w.add(journal.Request{User: "a"})
	w.clock.move(-48 * time.Hour)
	w.reopen()
	b := w.clock.now()
	w.add(journal.Request{User: "b"})
	w.clock.move(time.Second)
	w.add(journal.Request{User: "c"})
	w.reopen()
	w.add(journal.Request{User: "d"})
	rows := w.requests(journal.Query{})
	if got := requestIDs(rows); !slices.Equal(got, []uint64{1, 2, 3, 4}) {
		t.Fatalf("ids %v", got)
	}
	if !rows[0].Time.Equal(a) || !rows[1].Time.Equal(b) {
		t.Errorf("times %s and %s, want %s and %s", rows[0].Time, rows[1].Time, a, b)
	}
	if got := requestIDs(w.requests(journal.Query{To: b.Add(time.Millisecond)})); !slices.Equal(got, []uint64{2}) {
		t.Errorf("range before the first record's time: %v", got)
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t)
	for i := range 100 {
		r := sampleRequest(i)
		w.add(r)
	}
	w.add(journal.Request{Module: "sms", Action: "send", User: "иван", Body: `{"message":"ПРИВЕТ"}`, Status: 200})
	count := func(q journal.Query, ok func(journal.Request) bool) {
		t.Helper()
		q.Limit = 7
		want := 0
		for _, r := range w.requests(journal.Query{}) {
			if ok(r) {
				want++
			}
		}
		rows := w.requests(q)
		if len(rows) != want || want == 0 || want == 101 {
			t.Errorf("%+v: %d rows, want %d (and neither none nor all)", q, len(rows), want)
		}
		for _, r := range rows {
			if !ok(r) {
				t.Errorf("%+v let through %+v", q, r)
			}
		}
	}
	count(journal.Query{BadOnly: true}, func(r journal.Request) bool { return r.Status >= 400 })
	count(journal.Query{User: "crm-prod"}, func(r journal.Request) bool { return r.User == "crm-prod" })
	count(journal.Query{Module: "contact"}, func(r journal.Request) bool { return r.Module == "contact" })
	count(journal.Query{Module: "contact", Action: "add", BadOnly: true}, func(r journal.Request) bool {
		return r.Module == "contact" && r.Action == "add" && r.Status >= 400
	})
	count(journal.Query{Text: "привет"}, func(r journal.Request) bool { return r.User == "иван" })
	count(journal.Query{Text: "NO RIGHT"}, func(r journal.Request) bool { return r.Reason == "no right" })
	if _, err := w.AppendAudit(t.Context(), journal.Audit{Action: "module.disable", Object: "sms"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.AppendAudit(t.Context(), journal.Audit{Action: "user.add", Object: "ivan"}); err != nil {
		t.Fatal(err)
	}
	p, err := w.Audits(t.Context(), journal.Query{Action: "user.add", Text: "iva"})
	if err != nil || len(p.Rows) != 1 || p.Rows[0].Object != "ivan" {
		t.Errorf("audit filter: %+v, %v", p, err)
	}
}

// TestPagesUnderAppends pages through while others append: what was there at
// the start comes exactly once and in order, in both directions.
func TestPagesUnderAppends(t *testing.T) {
	w := newWorld(t)
	for i := range 500 {
		w.add(journal.Request{User: fmt.Sprint(i)})
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := w.AppendRequest(t.Context(), journal.Request{}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for _, reverse := range []bool{false, true} {
		q := journal.Query{Limit: 7, Reverse: reverse}
		var last uint64
		old := 0
		for old < 500 {
			p, err := w.Requests(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Rows) != 7 && p.Next != "" || len(p.Rows) == 0 {
				t.Fatalf("page of %d rows, next %q", len(p.Rows), p.Next)
			}
			for _, r := range p.Rows {
				if last != 0 && (!reverse && r.ID != last+1 || reverse && r.ID != last-1) {
					t.Fatalf("id %d after %d, reverse=%v", r.ID, last, reverse)
				}
				last = r.ID
				if r.ID <= 500 {
					old++
				}
			}
			q.Cursor = p.Next
		}
	}
	close(stop)
	wg.Wait()
}
