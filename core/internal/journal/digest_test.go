package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// crowd appends records from many goroutines; a lone goroutine would make a block
// for each record.
func crowd(t testing.TB, n int, do func(i int) error) {
	t.Helper()
	var wg sync.WaitGroup
	const workers = 64
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				if err := do(i); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// stretches fills the world with requests that are hard to find: each kind of
// needle is a few times among 20,000.
func stretches(t testing.TB, w *world) []journal.Request {
	t.Helper()
	rnd := rand.New(rand.NewPCG(7, 7))
	given := make([]journal.Request, 20_000)
	for i := range given {
		r := sampleRequest(i)
		r.Time = w.clock.now().Add(-time.Duration(rnd.IntN(60_000)) * time.Millisecond)
		switch {
		case i%7001 == 3:
			r.User = "rare"
		case i%6007 == 4:
			r.Module, r.Action = "rare", "thing"
		case i%5003 == 5:
			r.Body = `{"phone":"+79161234567"}`
		case i%4001 == 6:
			r.Body = "Ошибка: Иванов"
		case i%4507 == 7:
			r.ErrorID = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"
		}
		given[i] = r
	}
	crowd(t, len(given), func(i int) error {
		w.clock.move(time.Millisecond)
		id, err := w.AppendRequest(t.Context(), given[i])
		given[i].ID = id
		return err
	})
	slices.SortFunc(given, func(a, b journal.Request) int { return int(a.ID) - int(b.ID) })
	return given
}

// TestNeedles compares every kind of search, in both directions, over ranges and
// with small pages, with a look at all records.
func TestNeedles(t *testing.T) {
	w := newWorld(t)
	given := stretches(t, w)
	byTime := func(a, b journal.Request) int { return a.Time.Compare(b.Time) }
	first, last := slices.MinFunc(given, byTime).Time, slices.MaxFunc(given, byTime).Time
	text := func(r *journal.Request, want string) bool {
		return strings.Contains(strings.ToLower(strings.Join([]string{r.Error, r.Body, r.RequestID, r.Reason, r.ErrorID, r.IP, r.User, r.Module, r.Action}, "\x00")), want)
	}
	for name, c := range map[string]struct {
		q    journal.Query
		want func(*journal.Request) bool
	}{
		"user":         {journal.Query{User: "rare"}, func(r *journal.Request) bool { return r.User == "rare" }},
		"usual user":   {journal.Query{User: "crm-prod"}, func(r *journal.Request) bool { return r.User == "crm-prod" }},
		"nobody":       {journal.Query{User: "nobody"}, func(*journal.Request) bool { return false }},
		"module":       {journal.Query{Module: "rare"}, func(r *journal.Request) bool { return r.Module == "rare" }},
		"action":       {journal.Query{Action: "thing"}, func(r *journal.Request) bool { return r.Action == "thing" }},
		"bad of user":  {journal.Query{User: "rare", BadOnly: true}, func(r *journal.Request) bool { return r.User == "rare" && r.Status >= 400 }},
		"number":       {journal.Query{Text: "79161234567"}, func(r *journal.Request) bool { return text(r, "79161234567") }},
		"part of it":   {journal.Query{Text: "9161234567\"}"}, func(r *journal.Request) bool { return text(r, "9161234567") }},
		"short part":   {journal.Query{Text: "1234567"}, func(r *journal.Request) bool { return text(r, "1234567") }},
		"request id":   {journal.Query{Text: given[12345].RequestID}, func(r *journal.Request) bool { return r.RequestID == given[12345].RequestID }},
		"upper case":   {journal.Query{Text: strings.ToUpper(given[54].RequestID)}, func(r *journal.Request) bool { return r.RequestID == given[54].RequestID }},
		"uuid":         {journal.Query{Text: "0190A1B2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"}, func(r *journal.Request) bool { return r.ErrorID != "" }},
		"cyrillic":     {journal.Query{Text: "ИВАНОВ"}, func(r *journal.Request) bool { return text(r, "иванов") }},
		"plain":        {journal.Query{Text: `"SIP":"agent199"`}, func(r *journal.Request) bool { return text(r, `"sip":"agent199"`) }},
		"nowhere":      {journal.Query{Text: "not there at all"}, func(*journal.Request) bool { return false }},
		"number, none": {journal.Query{Text: "79999999999"}, func(*journal.Request) bool { return false }},
	} {
		for try := range 6 {
			q := c.q
			q.Reverse, q.Limit = try%2 == 1, 1+try*3
			if try >= 2 {
				span := last.Sub(first)
				q.From, q.To = first.Add(span/7*time.Duration(try-2)), first.Add(span/7*time.Duration(try))
			}
			var want []uint64
			for i := range given {
				if r := &given[i]; c.want(r) && (q.From.IsZero() || !r.Time.Before(q.From.Truncate(0)) && r.Time.Before(q.To)) {
					want = append(want, r.ID)
				}
			}
			if q.Reverse {
				slices.Reverse(want)
			}
			if got := requestIDs(w.requests(q)); !slices.Equal(got, want) {
				t.Errorf("%s, try %d: %d found, want %d", name, try, len(got), len(want))
			}
		}
	}
	if n := w.Stats().Corrupt; n > 0 {
		t.Errorf("%d damaged blocks", n)
	}
}

// TestPartialPages: a search for what is nowhere gives empty pages that say how
// far they came, and ends.
func TestPartialPages(t *testing.T) {
	w := newWorld(t)
	stretches(t, w)
	for _, reverse := range []bool{false, true} {
		q := journal.Query{Text: "abc", Reverse: reverse} // may be a part of an identifier: every block is decoded
		var came []time.Time
		for {
			p, err := w.Requests(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if p.Partial != (p.Next != "" && len(p.Rows) < journal.DefaultLimit) {
				t.Fatalf("partial %t with %d rows and next %q", p.Partial, len(p.Rows), p.Next)
			}
			if q.Cursor = p.Next; p.Next == "" {
				break
			}
			came = append(came, p.Searched)
		}
		if len(came) == 0 {
			t.Fatal("no page was partial")
		}
		if reverse {
			slices.Reverse(came)
		}
		if !slices.IsSortedFunc(came, time.Time.Compare) {
			t.Errorf("the search went back and forth: %v", came)
		}
	}
	p, err := w.Requests(t.Context(), journal.Query{Limit: 5000})
	if err != nil || p.Partial || len(p.Rows) != 5000 {
		t.Errorf("a page without a filter is partial %t, has %d rows, %v", p.Partial, len(p.Rows), err)
	}
	p, err = w.Requests(t.Context(), journal.Query{User: "nobody"})
	if err != nil || p.Partial || p.Next != "" {
		t.Errorf("digests do not pass %d records over: partial %t, %v", 20_000, p.Partial, err)
	}
}

// TestSearchReadsLittle counts what a search for little reads: beside the records that
// have no digest yet, the blocks that it is in, and no others are decoded.
func TestSearchReadsLittle(t *testing.T) {
	w := newWorld(t)
	given := stretches(t, w)
	sizes, tail := blocksOfStretches(t, w)
	slices.Sort(sizes)
	slices.Reverse(sizes)
	for name, c := range map[string]struct {
		q       journal.Query
		stretch int // in how many the text, or the name, is
		block   int // in how many blocks
	}{
		"request id":         {journal.Query{Text: given[2345].RequestID}, 1, 1},
		"part of one":        {journal.Query{Text: given[2345].RequestID[3:20]}, 4, 1},
		"uuid":               {journal.Query{Text: "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b"}, 5, 5},
		"number":             {journal.Query{Text: "79161234567"}, 4, 4},
		"nowhere":            {journal.Query{Text: "not there at all"}, 0, 0},
		"nowhere, beyond":    {journal.Query{Text: "нигде"}, 0, 0},
		"nobody":             {journal.Query{User: "nobody"}, 0, 0},
		"nobody, and number": {journal.Query{User: "nobody", Text: "79161234567"}, 0, 0},
	} {
		for _, reverse := range []bool{false, true} {
			q := c.q
			q.Reverse = reverse
			var read journal.Work
			most := tail
			for ; ; most++ { // the next page looks at the block again that the last one ended in
				p, err := w.Requests(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				read.Blocks += p.Work.Blocks
				read.Records += p.Work.Records
				if q.Cursor = p.Next; p.Next == "" {
					break
				}
			}
			for _, n := range sizes[:min(c.stretch, len(sizes))] {
				most += n
			}
			if read.Blocks > most {
				t.Errorf("%s: %d blocks, want at most %d", name, read.Blocks, most)
			}
			beyond := c.q.User != "" || c.q.Text == "нигде" // such blocks are decoded
			// The next page decodes the block again that the last one ended in.
			if most := 2 * c.block * 64; !beyond && read.Records > most {
				t.Errorf("%s: %d records decoded of %d, want at most %d", name, read.Records, len(given), most)
			}
		}
	}
}

// blocksOfStretches counts the blocks of each stretch, and those behind them.
func blocksOfStretches(t testing.TB, w *world) (sizes []int, tail int) {
	t.Helper()
	var from []byte
	count := func(to []byte) int {
		n, err := w.view().Prefix("brequest").Count(t.Context(), store.Range{From: from, To: to})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	err := w.view().Prefix("drequest").Scan(t.Context(), store.Range{}, func(key, _ []byte) error {
		past := append(slices.Clone(key), 0)
		sizes = append(sizes, count(past))
		from = past
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sizes, count(nil)
}

// TestOutlinesEnd: what digests and sieves knew goes with the records, and when a
// number is erased.
func TestOutlinesEnd(t *testing.T) {
	w := newWorld(t)
	stretches(t, w)
	_, tail := blocksOfStretches(t, w)
	looked := func() int {
		t.Helper()
		q := journal.Query{Text: "79161234567"}
		for n := 0; ; n-- { // the next page looks at the last block of this one again
			p, err := w.Requests(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if n += p.Work.Blocks; p.Next == "" {
				return n
			}
			q.Cursor = p.Next
		}
	}
	if n := looked(); n <= tail {
		t.Fatalf("%d blocks looked at, %d have no digest", n, tail)
	}
	if got, err := w.Erase(t.Context(), phone(t, "79161234567"), false); err != nil || got.Requests != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	if n := looked(); n > tail {
		t.Errorf("%d blocks looked at for an erased number, %d have no digest", n, tail)
	}
	w.clock.move(time.Hour)
	if _, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"brequest", "xrequest", "drequest", "grequest"} {
		if n, err := w.view().Prefix(name).DropAll(t.Context()); n != 0 || err != nil {
			t.Errorf("%d keys are left in %s, %v", n, name, err)
		}
	}
}

// TestDigestsAfterStart: what has no digest yet gets one, also when all were lost,
// and a damaged one hides nothing.
func TestDigestsAfterStart(t *testing.T) {
	w := newWorld(t)
	given := stretches(t, w)
	want := 0
	for _, r := range given {
		if r.User == "rare" {
			want++
		}
	}
	digests := w.view().Prefix("drequest")
	count := func() int {
		n, err := digests.Count(t.Context(), store.Range{})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := count()
	if before != 4 {
		t.Fatalf("%d digests of 20,000 records", before)
	}
	find := func(state string) {
		t.Helper()
		for _, reverse := range []bool{false, true} {
			if got := len(w.requests(journal.Query{User: "rare", Reverse: reverse, Limit: 2})); got != want {
				t.Errorf("%s, reverse %t: %d found, want %d", state, reverse, got, want)
			}
		}
	}
	w.reopen()
	find("opened again")
	crowd(t, 400, func(int) error {
		_, err := w.AppendRequest(t.Context(), journal.Request{User: "later"})
		return err
	})
	if got := count(); got != before {
		t.Errorf("%d digests after 20,400 records, want %d", got, before)
	}
	if _, err := digests.DeleteRange(t.Context(), store.Range{}); err != nil {
		t.Fatal(err)
	}
	find("without digests")
	w.reopen()
	if got := count(); got < before {
		t.Errorf("%d digests came back of %d", got, before)
	}
	find("with new digests")
	var keys [][]byte
	err := digests.Scan(t.Context(), store.Range{}, func(key, _ []byte) error {
		keys = append(keys, slices.Clone(key))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, damaged := range [][]byte{{1}, []byte("\x01\x01\x00\x00\x00\x00 a digest that is none")} {
		if err := digests.Put(keys[i+1], damaged, 0); err != nil {
			t.Fatal(err)
		}
	}
	find("with damaged digests")
}

// TestSearchBesideWriting: a record that was there when the search began is found,
// whatever is appended, closed into digests and removed meanwhile.
func TestSearchBesideWriting(t *testing.T) {
	w := newWorld(t)
	stretches(t, w)
	id := w.add(journal.Request{User: "wanted", Body: `{"phone":"79160000000"}`})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				w.clock.move(time.Millisecond)
				if _, err := w.AppendRequest(t.Context(), journal.Request{User: fmt.Sprintf("writer-%d", n), RequestID: fmt.Sprintf("%032x", i)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	cut := w.clock.now().Add(-10 * time.Second)
	wg.Go(func() {
		if _, err := w.Retain(t.Context(), journal.KindRequest, cut); err != nil {
			t.Error(err)
		}
	})
	for i := range 40 {
		q := journal.Query{User: "wanted", Reverse: i%2 == 0}
		if i%4 > 1 {
			q = journal.Query{Text: "79160000000", Reverse: i%2 == 0}
		}
		if got := requestIDs(w.requests(q)); !slices.Equal(got, []uint64{id}) {
			t.Errorf("round %d: %v", i, got)
		}
	}
	stop()
	wg.Wait()
}
