package journal_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

func TestRetain(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	var ids []uint64
	for range 600 { // more than two batches of blocks
		id, err := w.BeginSMS(ctx, journal.SMS{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.EndSMS(ctx, id, journal.SMSOutcome{Result: journal.ResultOK}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
		w.clock.move(time.Second)
	}
	w.add(journal.Request{})
	cut := w.clock.now().Add(-50 * time.Second)
	if n, err := w.Retain(ctx, journal.KindSMS, cut); n != 550 || err != nil {
		t.Fatalf("removed %d blocks, %v; want 550", n, err)
	}
	p, err := w.SMS(ctx, journal.Query{})
	if err != nil || len(p.Rows) != 50 || p.Rows[0].ID != ids[550] || p.Rows[0].Result != journal.ResultOK {
		t.Fatalf("%d rows left, %v", len(p.Rows), err)
	}
	if n, err := w.view().Prefix("osms").Count(ctx, store.Range{}); n != 50 || err != nil {
		t.Errorf("%d outcomes left, %v", n, err)
	}
	if err := w.EndSMS(ctx, ids[0], journal.SMSOutcome{}); !errors.Is(err, journal.ErrUnknownID) {
		t.Errorf("outcome for a removed intent: %v", err)
	}
	if len(w.requests(journal.Query{})) != 1 {
		t.Error("another kind was touched")
	}
}

// TestIDsAfterRemovingAll: the last block is gone, its ids stay used.
func TestIDsAfterRemovingAll(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.add(journal.Request{})
	}
	w.clock.move(time.Hour)
	if _, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	if rows := w.requests(journal.Query{}); len(rows) != 0 {
		t.Fatalf("%d rows left", len(rows))
	}
	w.reopen()
	if id := w.add(journal.Request{}); id != 4 {
		t.Errorf("id %d after removing 1 to 3, want 4", id)
	}
}

func TestRetainWhileAppending(t *testing.T) {
	w := newWorld(t)
	stop := make(chan struct{})
	var mu sync.Mutex
	var acked []uint64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				w.clock.move(time.Millisecond)
				id, err := w.AppendRequest(t.Context(), journal.Request{})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked = append(acked, id)
				mu.Unlock()
			}
		})
	}
	removed := 0
	for removed < 1000 {
		n, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now().Add(-200*time.Millisecond))
		if err != nil {
			t.Error(err)
			break
		}
		removed += n
	}
	close(stop)
	wg.Wait()
	slices.Sort(acked)
	if slices.ContainsFunc(acked[1:], func(id uint64) bool { return id == acked[0] }) || len(slices.Compact(slices.Clone(acked))) != len(acked) {
		t.Error("an id was given twice")
	}
	rows := requestIDs(w.requests(journal.Query{}))
	if len(rows) == 0 || !slices.Equal(rows, acked[len(acked)-len(rows):]) {
		t.Errorf("%d rows left are not the newest of %d", len(rows), len(acked))
	}
}

// TestBackgroundRetention needs no waiting: the first sweep comes with Open,
// and Close waits for it.
func TestBackgroundRetention(t *testing.T) {
	w := newWorld(t)
	w.add(journal.Request{})
	if _, err := w.AppendAudit(t.Context(), journal.Audit{}); err != nil {
		t.Fatal(err)
	}
	w.clock.move(2 * time.Hour)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(journal.Options{Retention: map[journal.Kind]time.Duration{journal.KindRequest: time.Hour}})
	for len(w.requests(journal.Query{})) > 0 {
		if err := t.Context().Err(); err != nil {
			t.Fatal("the old request is still there")
		}
	}
	p, err := w.Audits(t.Context(), journal.Query{})
	if err != nil || len(p.Rows) != 1 {
		t.Errorf("a kind without retention lost records: %d, %v", len(p.Rows), err)
	}
}

// TestCorruptBlocks damages stored blocks in every way and expects the others
// to be served, the damage to be reported, and ids to go on rising.
func TestCorruptBlocks(t *testing.T) {
	w := newWorld(t)
	for range 6 {
		w.add(journal.Request{User: "u"})
		w.clock.move(time.Second)
	}
	blocks := w.view().Prefix("brequest")
	var keys, values [][]byte
	err := blocks.Scan(t.Context(), store.Range{}, func(k, v []byte) error {
		keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
		return nil
	})
	if err != nil || len(keys) != 6 {
		t.Fatal(len(keys), err)
	}
	damage := func(key, value []byte) {
		t.Helper()
		if err := blocks.Put(key, value, 0); err != nil {
			t.Fatal(err)
		}
	}
	values[0][len(values[0])-1] ^= 1
	damage(keys[0], values[0])
	damage(keys[2], nil)
	damage(keys[3], values[4]) // a good block under another's key
	damage([]byte("short"), values[4])
	damage(keys[5], values[5][:len(values[5])-2]) // the last one
	var log bytes.Buffer
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w.open(journal.Options{Logger: hclog.New(&hclog.LoggerOptions{Output: &log})})
	for _, reverse := range []bool{false, true} {
		p, err := w.Requests(t.Context(), journal.Query{Reverse: reverse})
		if err != nil {
			t.Fatal(err)
		}
		got := requestIDs(p.Rows)
		slices.Sort(got)
		if !slices.Equal(got, []uint64{2, 5}) || p.Skipped != 5 {
			t.Errorf("reverse=%v: rows %v, %d skipped; want 2 and 5 with 5 skipped", reverse, got, p.Skipped)
		}
	}
	if !strings.Contains(log.String(), "journal block skipped") || w.Stats().Corrupt == 0 {
		t.Errorf("not reported: %+v\n%s", w.Stats(), log.String())
	}
	if id := w.add(journal.Request{}); id <= 6 {
		t.Errorf("id %d was used before", id)
	}
}

func TestCorruptOutcomeAndState(t *testing.T) {
	w := newWorld(t)
	id, err := w.BeginSMS(t.Context(), journal.SMS{Phone: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.EndSMS(t.Context(), id, journal.SMSOutcome{Result: journal.ResultOK}); err != nil {
		t.Fatal(err)
	}
	key := []byte{0, 0, 0, 0, 0, 0, 0, byte(id)}
	if err := w.view().Prefix("osms").Put(key, []byte{1, 2, 3, 4, 5, 6}, 0); err != nil {
		t.Fatal(err)
	}
	if err := w.view().Prefix("meta").Put([]byte{byte(journal.KindSMS)}, []byte{9}, 0); err != nil {
		t.Fatal(err)
	}
	w.reopen()
	p, err := w.SMS(t.Context(), journal.Query{})
	if err != nil || len(p.Rows) != 1 || p.Rows[0].Result != journal.ResultUnknown {
		t.Errorf("%+v, %v", p, err)
	}
	if w.Stats().Corrupt == 0 {
		t.Error("not reported")
	}
	if next, err := w.BeginSMS(t.Context(), journal.SMS{}); next <= id || err != nil {
		t.Errorf("next id %d, %v", next, err)
	}
}

// TestBadRequestsStayLonger: their report goes on when the requests are gone.
func TestBadRequestsStayLonger(t *testing.T) {
	w := newWorld(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	w.open(journal.Options{Retention: map[journal.Kind]time.Duration{journal.KindRequest: 30 * day}, BadRequests: 50 * day})
	for range 60 {
		w.add(journal.Request{Status: 200})
		w.add(journal.Request{Status: 500})
		w.clock.move(day)
	}
	keep := func(state string, all, bad int) {
		t.Helper()
		if got := len(w.requests(journal.Query{})); got != all {
			t.Errorf("%s: %d requests, want %d", state, got, all)
		}
		for _, reverse := range []bool{false, true} {
			if got := len(w.requests(journal.Query{BadOnly: true, Reverse: reverse})); got != bad {
				t.Errorf("%s: %d bad requests, want %d", state, got, bad)
			}
		}
	}
	keep("before", 120, 60)
	if _, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now().Add(-30*day)); err != nil {
		t.Fatal(err)
	}
	keep("after", 60, 50)
	w.reopen()
	keep("opened again", 60, 50)
	if _, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	keep("without a longer time", 0, 0)
	for _, bad := range []time.Duration{day, 29 * day} {
		o := journal.Options{View: w.view(), Retention: map[journal.Kind]time.Duration{journal.KindRequest: 30 * day}, BadRequests: bad}
		if _, err := journal.Open(t.Context(), o); err == nil {
			t.Errorf("bad requests kept for %s only", bad)
		}
	}
}

// TestRetainGoesOn: every sweep begins where the last one ended, also after a start,
// and outcomes go with their records.
func TestRetainGoesOn(t *testing.T) {
	w := newWorld(t)
	for round := range 5 {
		for range 20 {
			id, err := w.BeginSMS(t.Context(), journal.SMS{Module: "sms"})
			if err != nil {
				t.Fatal(err)
			}
			if err := w.EndSMS(t.Context(), id, journal.SMSOutcome{Result: journal.ResultOK, Module: "sms"}); err != nil {
				t.Fatal(err)
			}
			w.clock.move(time.Second)
		}
		if n, err := w.Retain(t.Context(), journal.KindSMS, w.clock.now().Add(-10*time.Second)); n == 0 || err != nil {
			t.Fatalf("round %d: %d, %v", round, n, err)
		}
		p, err := w.SMS(t.Context(), journal.Query{})
		if err != nil || len(p.Rows) != 10 {
			t.Errorf("round %d: %d rows, %v", round, len(p.Rows), err)
		}
		if n, err := w.view().Prefix("osms").Count(t.Context(), store.Range{}); n != 10 || err != nil {
			t.Errorf("round %d: %d outcomes, %v", round, n, err)
		}
		w.reopen()
	}
}

// TestBadRequestsOfUserStayLonger: they are found although the digests have gone with
// the other requests.
func TestBadRequestsOfUserStayLonger(t *testing.T) {
	w := newWorld(t)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	w.open(journal.Options{Retention: map[journal.Kind]time.Duration{journal.KindRequest: 30 * day}, BadRequests: 90 * day})
	write := func(user string) {
		crowd(t, 5000, func(i int) error {
			_, err := w.AppendRequest(t.Context(), journal.Request{User: user, Status: 200 + i%2*300})
			return err
		})
		w.clock.move(40 * day)
	}
	write("early")
	write("late")
	if _, err := w.Retain(t.Context(), journal.KindRequest, w.clock.now().Add(-50*day)); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"early", "late"} {
		for _, reverse := range []bool{false, true} {
			q := journal.Query{User: user, BadOnly: true, Reverse: reverse, Limit: 700}
			if got := len(w.requests(q)); got != 2500 {
				t.Errorf("%s, reverse %t: %d bad requests", user, reverse, got)
			}
		}
	}
	if got := len(w.requests(journal.Query{User: "early"})); got != 0 {
		t.Errorf("%d old requests are left", got)
	}
}
