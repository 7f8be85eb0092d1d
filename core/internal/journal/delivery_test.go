package journal_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// apply applies one receipt and says when its result is not what is wanted.
func apply(w *world, want journal.Applied, r journal.Receipt) error {
	if r.Module == "" {
		r.Module = "sms"
	}
	if r.Instance == "" {
		r.Instance = "kannel"
	}
	got, err := w.ApplyReceipts(w.t.Context(), []journal.Receipt{r})
	if err == nil && got[0] != want {
		err = fmt.Errorf("receipt %+v: %s, want %s", r, got[0], want)
	}
	return err
}

func (w *world) receipt(want journal.Applied, r journal.Receipt) {
	w.t.Helper()
	if err := apply(w, want, r); err != nil {
		w.t.Error(err)
	}
}

func (w *world) begin() uint64 {
	w.t.Helper()
	id, err := w.BeginSMS(w.t.Context(), journal.SMS{Module: "sms", Provider: "kannel", Phone: "89190000000", User: "crm"})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) end(id uint64, o journal.SMSOutcome) {
	w.t.Helper()
	if o.Result == "" {
		o.Result = journal.ResultOK
	}
	if o.Provider == "" {
		o.Provider = "kannel"
	}
	o.Module = "sms"
	if err := w.EndSMS(w.t.Context(), id, o); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) find(id uint64) journal.SMS {
	w.t.Helper()
	s, err := w.FindSMS(w.t.Context(), "sms", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

func (w *world) status(id uint64, want journal.Status) {
	w.t.Helper()
	if got := w.find(id).Status; got != want {
		w.t.Errorf("sms %d is %q, want %q", id, got, want)
	}
}

func ref(id uint64) string { return strconv.FormatUint(id, 10) }

func TestReceiptsFindTheirMessage(t *testing.T) {
	w := newWorld(t)
	a, b := w.begin(), w.begin()
	w.end(a, journal.SMSOutcome{MessageID: "m-a"})
	w.end(b, journal.SMSOutcome{MessageID: "m-b", Parts: []string{"m-b2"}})
	w.status(a, journal.StatusAccepted)
	w.receipt(journal.Moved, journal.Receipt{MessageID: "m-a", Status: journal.StatusSent, Detail: "buffered"})
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(a), Status: journal.StatusDelivered})
	w.receipt(journal.Moved, journal.Receipt{MessageID: "m-b2", Status: journal.StatusDelivered})
	w.receipt(journal.Moved, journal.Receipt{MessageID: "m-b", Status: journal.StatusExpired}) // another part failed
	w.receipt(journal.Unchanged, journal.Receipt{MessageID: "m-b2", Status: journal.StatusDelivered})
	for range 2 {
		w.status(a, journal.StatusDelivered)
		w.status(b, journal.StatusExpired)
		found, err := w.FindMessage(t.Context(), "sms", "kannel", "m-b2")
		if err != nil || found.ID != b || found.User != "crm" {
			t.Errorf("by the id of a part: %+v, %v", found, err)
		}
		w.reopen()
	}
}

func TestReceiptsThatMatchNothing(t *testing.T) {
	w := newWorld(t)
	id := w.begin()
	w.end(id, journal.SMSOutcome{MessageID: "m-1"})
	for name, r := range map[string]journal.Receipt{
		"no id":                       {},
		"number of no message":        {Reference: "99"},
		"zero":                        {Reference: "0"},
		"not a number":                {Reference: "x"},
		"a number written otherwise":  {Reference: "0" + ref(id)},
		"negative":                    {Reference: "-1"},
		"too large":                   {Reference: "99999999999999999999"},
		"another provider's message":  {Reference: ref(id), Instance: "backup"},
		"another module's message":    {Reference: ref(id), Module: "report"},
		"an id that is no id at all":  {MessageID: strings.Repeat("x", 300)},
		"another module, message id":  {MessageID: "m-1", Module: "report", Status: journal.StatusUnknown},
		"nothing told, nothing known": {MessageID: "m-2"},
	} {
		if r.Status == "" && r.MessageID == "" {
			r.Status = journal.StatusDelivered
		}
		if r.MessageID != "" && r.Module != "" {
			continue // parked under that module's own key; see below
		}
		if err := apply(w, journal.Unmatched, r); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.receipt(journal.Parked, journal.Receipt{MessageID: "m-1", Module: "report", Status: journal.StatusDelivered})
	w.receipt(journal.Parked, journal.Receipt{MessageID: "m-1", Instance: "backup", Status: journal.StatusDelivered})
	w.status(id, journal.StatusAccepted)
	if _, err := w.ApplyReceipts(t.Context(), []journal.Receipt{{Reference: ref(id), Status: "DELIVRD"}}); err == nil {
		t.Error("a status that is none was taken")
	}
	if _, err := w.FindSMS(t.Context(), "report", id); !errors.Is(err, journal.ErrUnknownID) {
		t.Errorf("another module finds the message: %v", err)
	}
	for _, bad := range []uint64{0, id + 1, 1 << 63} {
		if _, err := w.FindSMS(t.Context(), "sms", bad); !errors.Is(err, journal.ErrUnknownID) {
			t.Errorf("found %d: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "m-2", strings.Repeat("x", 300)} {
		if _, err := w.FindMessage(t.Context(), "sms", "kannel", bad); !errors.Is(err, journal.ErrUnknownID) {
			t.Errorf("found %.10q: %v", bad, err)
		}
	}
}

// TestEarlyReceipts: what a provider tells before its answer to the submission is
// stored is not lost, also over a restart, and does not move back.
func TestEarlyReceipts(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.begin(), w.begin(), w.begin()
	w.receipt(journal.Parked, journal.Receipt{MessageID: "m-a", Status: journal.StatusDelivered, Detail: "DELIVRD"})
	w.receipt(journal.Unchanged, journal.Receipt{MessageID: "m-a", Status: journal.StatusSent})
	w.receipt(journal.Parked, journal.Receipt{Reference: ref(b), Status: journal.StatusSent})
	w.receipt(journal.Parked, journal.Receipt{Reference: ref(c), Instance: "backup", Status: journal.StatusDelivered})
	if got := w.find(a); got.Result != journal.ResultPending || got.Status != "" {
		t.Errorf("under way: %+v", got)
	}
	w.end(a, journal.SMSOutcome{MessageID: "m-a"})
	w.end(b, journal.SMSOutcome{})
	w.end(c, journal.SMSOutcome{Provider: "backup"}) // the first provider did not take it
	w.status(a, journal.StatusDelivered)
	w.status(b, journal.StatusSent)
	w.status(c, journal.StatusDelivered)
	if got := w.find(a); got.Result != journal.ResultOK || got.StatusDetail != "DELIVRD" {
		t.Errorf("%+v", got)
	}
	if n, err := w.view().Prefix("rsms").Count(t.Context(), store.Range{}); n != 0 || err != nil {
		t.Errorf("%d receipts are still parked, %v", n, err)
	}
}

// TestAbandoned: the outcome will never be written, because the process died or
// the plugin did. Who sends a receipt had the message.
func TestAbandoned(t *testing.T) {
	w := newWorld(t)
	a, b := w.begin(), w.begin()
	w.reopen()
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(a), Instance: "backup", Status: journal.StatusSent})
	w.receipt(journal.Unmatched, journal.Receipt{Reference: ref(a), Instance: "kannel", Status: journal.StatusDelivered})
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(a), Instance: "backup", Status: journal.StatusDelivered})
	if got := w.find(a); got.Result != journal.ResultUnknown || got.Provider != "backup" || got.Status != journal.StatusDelivered {
		t.Errorf("%+v", got)
	}
	if got := w.find(b); got.Result != journal.ResultUnknown || got.Status != "" {
		t.Errorf("%+v", got)
	}
	c := w.begin()
	w.receipt(journal.Parked, journal.Receipt{Reference: ref(c), Status: journal.StatusSent})
	w.clock.move(time.Hour)
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(c), Status: journal.StatusDelivered})
}

func TestParkedReceiptsAreBounded(t *testing.T) {
	w := newWorld(t)
	list := make([]journal.Receipt, 10_005)
	for i := range list {
		list[i] = journal.Receipt{Module: "sms", Instance: "kannel", MessageID: fmt.Sprint("m-", i), Status: journal.StatusSent}
	}
	got, err := w.ApplyReceipts(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range got {
		if want := map[bool]journal.Applied{true: journal.Parked, false: journal.Dropped}[i < 10_000]; a != want {
			t.Fatalf("receipt %d: %s, want %s", i, a, want)
		}
	}
	w.receipt(journal.Parked, journal.Receipt{Instance: "backup", MessageID: "m", Status: journal.StatusSent}) // not its fault
	id := w.begin()
	w.end(id, journal.SMSOutcome{MessageID: "m-7"})
	w.status(id, journal.StatusSent)
	w.receipt(journal.Parked, journal.Receipt{MessageID: "one more", Status: journal.StatusSent})
	w.reopen()
	w.receipt(journal.Dropped, journal.Receipt{MessageID: "after a restart", Status: journal.StatusSent})
}

func TestChecks(t *testing.T) {
	w := newWorld(t)
	due := func(want ...uint64) []journal.SMS {
		t.Helper()
		list, err := w.DueSMS(t.Context(), w.clock.now(), 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, s := range list {
			got = append(got, s.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("due are %v, want %v", got, want)
		}
		return list
	}
	in := func(d time.Duration) time.Time { return w.clock.now().Add(d) }
	var ids []uint64
	for i := range 5 {
		id := w.begin()
		ids = append(ids, id)
		w.end(id, journal.SMSOutcome{
			Result: []string{"OK", "OK", "unknown", "error", "OK"}[i], MessageID: fmt.Sprint("m", i), CheckPhone: "+79190000000",
			Check: in(time.Duration(30-i) * time.Second),
		})
	}
	due()
	w.clock.move(29 * time.Second)
	due(ids[4], ids[2], ids[1])
	w.clock.move(time.Second)
	w.reopen()
	list := due(ids[4], ids[2], ids[1], ids[0])
	if list[0].CheckPhone != "+79190000000" || list[0].MessageID != "m4" || list[0].Module != "sms" {
		t.Errorf("%+v", list[0])
	}
	w.receipt(journal.Unchanged, journal.Receipt{Reference: ref(ids[4]), Check: in(time.Minute)}) // asked later
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(ids[2]), Status: journal.StatusDelivered})
	w.receipt(journal.Moved, journal.Receipt{MessageID: "m1", Status: journal.StatusSent, Check: in(time.Hour)})
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(ids[0]), GiveUp: true})
	due()
	if got := w.find(ids[0]); got.Status != journal.StatusUnknown || got.StatusDetail != "given up; the last status was accepted" || got.CheckPhone != "" {
		t.Errorf("given up: %+v", got)
	}
	if got := w.find(ids[2]); got.CheckPhone != "" || !got.Check.IsZero() {
		t.Errorf("a final message is still checked: %+v", got)
	}
	w.receipt(journal.Moved, journal.Receipt{Reference: ref(ids[0]), Status: journal.StatusDelivered}) // late, but true
	w.receipt(journal.Unchanged, journal.Receipt{Reference: ref(ids[0]), GiveUp: true})
	w.clock.move(time.Minute)
	due(ids[4])
	w.receipt(journal.Unchanged, journal.Receipt{Reference: ref(ids[4]), Stop: true})
	due()
	w.status(ids[4], journal.StatusAccepted)
	w.clock.move(time.Hour)
	if _, err := w.Retain(t.Context(), journal.KindSMS, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	due()
	if n, err := w.view().Prefix("csms").Count(t.Context(), store.Range{}); n != 0 || err != nil {
		t.Errorf("%d checks of removed messages, %v", n, err)
	}
	if n, err := w.view().Prefix("psms").Count(t.Context(), store.Range{}); n != 0 || err != nil {
		t.Errorf("%d places of removed blocks, %v", n, err)
	}
}

// TestDeliveryHammer lets submissions, receipts by both ids in any order and
// readers meet. Each message ends delivered, whoever came first.
func TestDeliveryHammer(t *testing.T) {
	w := newWorld(t)
	const messages, workers = 400, 8
	var (
		wg  sync.WaitGroup
		mu  sync.Mutex
		ids []uint64
	)
	receipt := func(r journal.Receipt) {
		r.Module, r.Instance = "sms", "kannel"
		got, err := w.ApplyReceipts(t.Context(), []journal.Receipt{r})
		if err != nil || got[0] == journal.Unmatched || got[0] == journal.Dropped {
			t.Errorf("%+v: %v, %v", r, got, err)
		}
	}
	for n := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(n), 1))
			for range messages / workers {
				id, err := w.BeginSMS(t.Context(), journal.SMS{Module: "sms", Provider: "kannel"})
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				ids = append(ids, id)
				mu.Unlock()
				steps := []func(){
					func() {
						o := journal.SMSOutcome{Result: "OK", Module: "sms", Provider: "kannel", MessageID: fmt.Sprint("m", id), Check: w.clock.now()}
						if err := w.EndSMS(t.Context(), id, o); err != nil {
							t.Error(err)
						}
					},
					func() { receipt(journal.Receipt{Reference: ref(id), Status: journal.StatusSent}) },
					func() { receipt(journal.Receipt{MessageID: fmt.Sprint("m", id), Status: journal.StatusDelivered}) },
				}
				random.Shuffle(len(steps), func(i, j int) { steps[i], steps[j] = steps[j], steps[i] })
				var step sync.WaitGroup
				for _, s := range steps {
					step.Go(s)
				}
				if _, err := w.DueSMS(t.Context(), w.clock.now(), 5); err != nil {
					t.Error(err)
				}
				step.Wait()
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		w.status(id, journal.StatusDelivered)
	}
	if list, err := w.DueSMS(t.Context(), w.clock.now(), 10); err != nil || len(list) != 0 || len(ids) != messages {
		t.Errorf("%d messages, due %v, %v", len(ids), list, err)
	}
}
