package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	wanted = "79161234567"
	other  = "79161234568"
)

func phone(t testing.TB, s string) mask.Number {
	t.Helper()
	n, err := mask.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// personal writes records of two people into common blocks.
func personal(t testing.TB, w *world, n int) {
	t.Helper()
	crowd(t, n, func(i int) error {
		w.clock.move(time.Millisecond)
		number := other
		if i%10 == 0 {
			number = wanted
		}
		ctx := t.Context()
		if _, err := w.AppendRequest(ctx, journal.Request{
			Module: "sms", Status: 200 + i%2*205, Body: fmt.Sprintf(`{"phone":"+%s","n":%d}`, number, i), User: "crm",
		}); err != nil {
			return err
		}
		id, err := w.BeginSMS(ctx, journal.SMS{Module: "sms", Phone: number, Message: fmt.Sprintf("call +%s (%d)", wanted, i), Provider: "p"})
		if err != nil {
			return err
		}
		o := journal.SMSOutcome{
			Result: journal.ResultOK, Module: "sms", Provider: "p", MessageID: fmt.Sprintf("m-%d", i), Check: w.clock.now().Add(time.Hour), CheckPhone: number,
		}
		if err := w.EndSMS(ctx, id, o); err != nil {
			return err
		}
		id, err = w.BeginCall(ctx, journal.Call{Called: number, Caller: "1001", UUID: fmt.Sprintf("%08d-0000-4000-8000-000000000000", i)})
		if err != nil {
			return err
		}
		if err := w.EndCall(ctx, id, journal.CallOutcome{Result: journal.ResultOK}); err != nil {
			return err
		}
		_, err = w.AppendAudit(ctx, journal.Audit{Action: "provider.test", After: fmt.Sprintf(`{"to":"%s","n":%d}`, number, i)})
		return err
	})
}

// holds counts the values in the store that hold the number, however it is joined
// with its country code.
func holds(t testing.TB, s *store.Store) int {
	t.Helper()
	n := 0
	for _, name := range []string{"brequest", "xrequest", "bsms", "osms", "bcall", "ocall", "baudit", "msms", "csms", "rsms"} {
		err := s.Prefix("journal").Prefix(name).Scan(t.Context(), store.Range{}, func(_, value []byte) error {
			if bytes.Contains(value, []byte(wanted[1:])) {
				n++
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// checkErased compares what is left of n people's records.
func checkErased(t testing.TB, w *world, n int) {
	t.Helper()
	requests := w.requests(journal.Query{})
	bad := w.requests(journal.Query{BadOnly: true})
	if len(requests) != n || len(bad) != n/2 {
		t.Errorf("%d requests and %d bad ones, want %d and %d", len(requests), len(bad), n, n/2)
	}
	text := 0
	for _, r := range append(requests, bad...) {
		if strings.Contains(r.Body, wanted) {
			t.Fatalf("request %d holds the number: %s", r.ID, r.Body)
		}
		if strings.Contains(r.Body, mask.Struck) {
			text++
		}
	}
	if text != n/10+len(slices.DeleteFunc(bad, func(r journal.Request) bool { return !strings.Contains(r.Body, mask.Struck) })) {
		t.Errorf("%d requests are struck", text)
	}
	sms, err := w.SMS(t.Context(), journal.Query{Limit: 100_000})
	if err != nil || len(sms.Rows) != n-n/10 || sms.Skipped > 0 {
		t.Fatalf("%d sms, %v", len(sms.Rows), err)
	}
	for _, m := range sms.Rows {
		if m.Phone != other || strings.Contains(m.Message, wanted) || m.Result != journal.ResultOK {
			t.Fatalf("%+v", m)
		}
		found, err := w.FindMessage(t.Context(), "sms", "p", m.MessageID)
		if err != nil || found.ID != m.ID || found.Phone != other {
			t.Fatalf("message %s leads to %+v, %v", m.MessageID, found, err)
		}
	}
	calls, err := w.Calls(t.Context(), journal.Query{Limit: 100_000})
	if err != nil || len(calls.Rows) != n-n/10 || slices.ContainsFunc(calls.Rows, func(c journal.Call) bool { return c.Called != other }) {
		t.Errorf("%d calls, %v", len(calls.Rows), err)
	}
	audits, err := w.Audits(t.Context(), journal.Query{Limit: 100_000})
	if err != nil || len(audits.Rows) != n || slices.ContainsFunc(audits.Rows, func(a journal.Audit) bool { return strings.Contains(a.After, wanted) }) {
		t.Errorf("%d audits, %v", len(audits.Rows), err)
	}
	if left := holds(t, w.store); left > 0 {
		t.Errorf("%d values still hold the number", left)
	}
	if n := w.Stats().Corrupt; n > 0 {
		t.Errorf("%d damaged blocks", n)
	}
}

func TestErase(t *testing.T) {
	const n = 2000
	w := newWorld(t)
	personal(t, w, n)
	if holds(t, w.store) == 0 {
		t.Fatal("the test writes no number")
	}
	want := journal.Erased{SMS: n / 10, Calls: n / 10, Requests: n / 10, Audits: n / 10, Mentions: n - n/10}
	check := func(name string, got journal.Erased, err error, want journal.Erased) {
		t.Helper()
		if uuids := len(got.CallUUIDs); err != nil || uuids != want.Calls {
			t.Errorf("%s: %d ids of calls, %v", name, uuids, err)
		}
		got.CallUUIDs = nil
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	before := holds(t, w.store)
	dry, err := w.Erase(t.Context(), phone(t, "8 (916) 123-45-67"), true)
	check("dry", dry, err, want)
	if holds(t, w.store) != before {
		t.Error("a dry run changed something")
	}
	got, err := w.Erase(t.Context(), phone(t, "8 (916) 123-45-67"), false)
	check("real", got, err, want)
	checkErased(t, w, n)
	again, err := w.Erase(t.Context(), phone(t, wanted), false)
	check("again", again, err, journal.Erased{})
	due, err := w.DueSMS(t.Context(), w.clock.now().Add(2*time.Hour), 10_000)
	if err != nil || len(due) != n-n/10 {
		t.Errorf("%d status checks are left, %v", len(due), err)
	}
	w.reopen()
	checkErased(t, w, n)
	if id := w.add(journal.Request{}); id != n+1 {
		t.Errorf("the next id is %d, want %d", id, n+1)
	}
	if rows := w.requests(journal.Query{Text: wanted}); len(rows) > 0 {
		t.Errorf("%d requests are found by the number", len(rows))
	}
}

// TestEraseLastBlock: nothing is left of the newest block; its ids stay used.
func TestEraseLastBlock(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		id, err := w.BeginSMS(t.Context(), journal.SMS{Phone: wanted})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.EndSMS(t.Context(), id, journal.SMSOutcome{Result: journal.ResultOK}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := w.Erase(t.Context(), phone(t, wanted), false); err != nil || got.SMS != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	w.reopen()
	if id, err := w.BeginSMS(t.Context(), journal.SMS{}); id != 4 || err != nil {
		t.Errorf("id %d, %v", id, err)
	}
}

// TestEraseInFlight: what is being sent is left alone until it is over.
func TestEraseInFlight(t *testing.T) {
	w := newWorld(t)
	id, err := w.BeginSMS(t.Context(), journal.SMS{Phone: wanted, Module: "sms"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.BeginCall(t.Context(), journal.Call{Called: wanted}); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Erase(t.Context(), phone(t, wanted), false); err != nil || got.InFlight != 2 || got.SMS+got.Calls != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	if err := w.EndSMS(t.Context(), id, journal.SMSOutcome{Result: journal.ResultOK, Module: "sms"}); err != nil {
		t.Fatal(err)
	}
	w.clock.move(20 * time.Minute) // nobody ends the call any more
	if got, err := w.Erase(t.Context(), phone(t, wanted), false); err != nil || got.InFlight != 0 || got.SMS != 1 || got.Calls != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.FindSMS(t.Context(), "sms", id); !errors.Is(err, journal.ErrUnknownID) {
		t.Errorf("the message is found: %v", err)
	}
	results, err := w.ApplyReceipts(t.Context(), []journal.Receipt{{Module: "sms", Instance: "p", Reference: fmt.Sprint(id), Status: journal.StatusDelivered}})
	if err != nil || results[0] != journal.Unmatched {
		t.Errorf("a late receipt: %v, %v", results, err)
	}
}

// TestEraseInterrupted stops the work at any point, as a kill would; every state in
// between is whole, and doing it again finishes.
func TestEraseInterrupted(t *testing.T) {
	const n = 400
	w := newWorld(t)
	personal(t, w, n)
	stopped := 0
	for budget := 1; ; budget += 500 {
		ctx, stop := context.WithCancel(t.Context())
		_, err := w.Erase(ctx, &counting{Number: phone(t, wanted), left: budget, stop: stop}, false)
		stop()
		if err == nil {
			break
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		stopped++
		w.reopen()
		if got := len(w.requests(journal.Query{})); got != n {
			t.Fatalf("%d requests after a stop", got)
		}
		p, err := w.SMS(t.Context(), journal.Query{Limit: 10_000})
		if err != nil || len(p.Rows) < n-n/10 || len(p.Rows) > n || p.Skipped > 0 {
			t.Fatalf("%d sms after a stop, %v", len(p.Rows), err)
		}
	}
	if stopped < 5 {
		t.Fatalf("stopped %d times only", stopped)
	}
	checkErased(t, w, n)
}

// TestEraseOnFullDisk: it fails, changes nothing, and works when there is room.
func TestEraseOnFullDisk(t *testing.T) {
	const n = 100
	var free atomic.Int64
	free.Store(1 << 30)
	s, err := store.Open(store.Options{Dir: t.TempDir(), Reserve: 1 << 20, Free: func() (int64, error) { return free.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: s, clock: newClock()}
	w.open(journal.Options{})
	t.Cleanup(func() { _ = w.Close() })
	personal(t, w, n)
	before := holds(t, s)
	free.Store(0)
	for s.Full() == nil {
		time.Sleep(time.Millisecond)
	}
	if _, err := w.Erase(t.Context(), phone(t, wanted), false); !errors.Is(err, store.ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if _, err := w.AppendRequest(t.Context(), journal.Request{}); !errors.Is(err, store.ErrFull) {
		t.Errorf("append on a full disk: %v", err)
	}
	if after := holds(t, s); after != before {
		t.Errorf("%d values held the number, %d do now", before, after)
	}
	free.Store(1 << 30)
	for s.Full() != nil {
		time.Sleep(time.Millisecond)
	}
	if _, err := w.Erase(t.Context(), phone(t, wanted), false); err != nil {
		t.Fatal(err)
	}
	checkErased(t, w, n)
}

// counting cancels after so many looks at texts.
type counting struct {
	mask.Number
	left int
	stop func()
}

func (c *counting) Strike(text string) (string, int) {
	if c.left--; c.left == 0 {
		c.stop()
	}
	return c.Number.Strike(text)
}

// TestEraseWhileAppending: what is written meanwhile is neither lost nor damaged.
func TestEraseWhileAppending(t *testing.T) {
	w := newWorld(t)
	personal(t, w, 500)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var added atomic.Int64
	for range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				id, err := w.BeginSMS(t.Context(), journal.SMS{Module: "sms", Phone: other, Provider: "p"})
				if err == nil {
					err = w.EndSMS(t.Context(), id, journal.SMSOutcome{Result: journal.ResultOK, Module: "sms", Provider: "p"})
				}
				if err != nil {
					t.Error(err)
					return
				}
				added.Add(1)
			}
		})
	}
	for range 5 {
		if _, err := w.Erase(t.Context(), phone(t, wanted), false); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
	p, err := w.SMS(t.Context(), journal.Query{Limit: 100_000})
	if err != nil || int64(len(p.Rows)) != 450+added.Load() || p.Skipped > 0 {
		t.Errorf("%d sms, %d were added, %v", len(p.Rows), added.Load(), err)
	}
	if left := holds(t, w.store); left > 0 {
		t.Errorf("%d values still hold the number", left)
	}
}
