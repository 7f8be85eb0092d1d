package journalcall_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	journalcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// whole leaves texts as they are.
func whole(s string) string { return s }

func realJournal(t *testing.T) *journal.Journal {
	t.Helper()
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

// send records one SMS the way the module does and returns its id.
func send(t *testing.T, o journalcall.Options, end *abi.Object) string {
	t.Helper()
	begin := abi.JournalBegin{Kind: "sms", Fields: new(abi.Object).Str("phone", "89190000000").Str("provider", "mts").Value()}
	id, failure := run(t, o, abi.OpJournalBegin, begin.Append(nil))
	if failure != nil {
		t.Fatal(failure)
	}
	q := abi.JournalEnd{Kind: "sms", ID: id.String(), Result: "OK", Fields: end.Str("provider", "mts").Value()}
	if _, failure := run(t, o, abi.OpJournalEnd, q.Append(nil)); failure != nil {
		t.Fatal(failure)
	}
	return id.String()
}

func find(t *testing.T, o journalcall.Options, q abi.JournalFind) (abi.Value, *abi.Error) {
	t.Helper()
	q.Kind = "sms"
	return run(t, o, abi.OpJournalFind, q.Append(nil))
}

// TestEndOfAnother: ids count up, so a module can guess those of others; what it says
// about their records is refused and changes nothing.
func TestEndOfAnother(t *testing.T) {
	j := realJournal(t)
	own := journalcall.Options{Journal: j, Phone: whole, Text: whole, Module: "sms"}
	other := journalcall.Options{Journal: j, Phone: whole, Text: whole, Module: "partner"}
	begin := (&abi.JournalBegin{Kind: "sms", Fields: new(abi.Object).Str("phone", "89190000000").Value()}).Append(nil)
	id, failure := run(t, own, abi.OpJournalBegin, begin)
	if failure != nil {
		t.Fatal(failure)
	}
	theirs, failure := run(t, other, abi.OpJournalBegin, begin)
	if failure != nil {
		t.Fatal(failure)
	}
	end := func(o journalcall.Options, id, result string) *abi.Error {
		t.Helper()
		_, failure := run(t, o, abi.OpJournalEnd, (&abi.JournalEnd{Kind: "sms", ID: id, Result: result}).Append(nil))
		return failure
	}
	const never = "18446744073709551615"
	for _, guess := range []string{id.String(), "0", never} {
		if failure := end(other, guess, "OK"); failure == nil || failure.Code != abi.CodeNotFound || failure.Source != abi.SourcePlugin {
			t.Errorf("%s: %+v", guess, failure)
		}
	}
	result := func() string {
		t.Helper()
		record, failure := find(t, own, abi.JournalFind{ID: id.String()})
		if failure != nil {
			t.Fatal(failure)
		}
		return record.Get("result").String()
	}
	if got := result(); got != journal.ResultPending {
		t.Errorf("another module ended the record: %q", got)
	}
	if failure := end(own, id.String(), "error"); failure != nil || result() != "error" {
		t.Errorf("%v %q", failure, result())
	}
	// Not behind its end either.
	if failure := end(other, id.String(), "OK"); failure == nil || result() != "error" {
		t.Errorf("%v %q", failure, result())
	}
	if failure := end(other, theirs.String(), "OK"); failure != nil {
		t.Error(failure)
	}
}

// TestEndReadsNothing: the record that a module has just begun is not looked up.
func TestEndReadsNothing(t *testing.T) {
	s := &stub{}
	operations := journalcall.Operations(journalcall.Options{Journal: s, Phone: whole, Text: whole, Module: "sms"})
	ask := func(operation string, request []byte) {
		t.Helper()
		if _, failure, err := abi.DecodeAnswer(operations[operation].Run(t.Context(), &wasm.Call{}, request, nil)); failure != nil || err != nil {
			t.Fatal(failure, err)
		}
	}
	end := (&abi.JournalEnd{Kind: "sms", ID: "18446744073709551615", Result: "OK"}).Append(nil)
	ask(abi.OpJournalBegin, (&abi.JournalBegin{Kind: "sms"}).Append(nil))
	ask(abi.OpJournalEnd, end)
	if s.looked != 0 {
		t.Errorf("looked up %d times", s.looked)
	}
	if ask(abi.OpJournalEnd, end); s.looked != 1 {
		t.Errorf("behind the end: looked up %d times, want 1", s.looked)
	}
}

func TestDelivery(t *testing.T) {
	j := realJournal(t)
	o := journalcall.Options{Journal: j, Phone: whole, Text: whole}
	parts := new(abi.List).Add(abi.StringValue("m-2")).Add(abi.StringValue("m-3")).Value()
	id := send(t, o, new(abi.Object).Str("message_id", "m-1").Set("part_ids", parts).Int("segments", 2).Str("route", "default: mts took it").
		Int("check_s", 30).Str("check_phone", "+79190000000"))
	due, err := j.DueSMS(t.Context(), time.Now().Add(31*time.Second), 10)
	if err != nil || len(due) != 1 || due[0].CheckPhone != "+79190000000" {
		t.Fatalf("%+v, %v", due, err)
	}
	receipts := new(abi.List).
		Add(new(abi.Object).Str("message_id", "m-3").Str("status", "sent").Value()).
		Add(new(abi.Object).Str("reference", id).Str("status", "delivered").Str("detail", "DELIVRD").Str("at", "2026-07-01T21:30:15Z").Value()).
		Add(new(abi.Object).Str("reference", id).Str("status", "sent").Value()).
		Add(new(abi.Object).Str("message_id", "m-9").Str("status", "sent").Str("at", "yesterday").Value()).
		Add(new(abi.Object).Str("reference", "99").Str("status", "sent").Value()).Value()
	got, failure := run(t, o, abi.OpJournalReceipt, (&abi.JournalReceipt{Kind: "sms", Instance: "mts", Receipts: receipts}).Append(nil))
	if failure != nil {
		t.Fatal(failure)
	}
	var results []string
	for e := range got.Elements() {
		results = append(results, e.String())
	}
	if text := strings.Join(results, " "); text != "applied applied unchanged kept unknown" {
		t.Errorf("results %s", text)
	}
	for _, q := range []abi.JournalFind{{ID: id}, {Instance: "mts", MessageID: "m-1"}, {Instance: "mts", MessageID: "m-2"}} {
		r, failure := find(t, o, q)
		if failure != nil {
			t.Fatalf("%+v: %v", q, failure)
		}
		for name, want := range map[string]string{
			"id": id, "user": "crm", "phone": "89190000000", "provider": "mts", "message_id": "m-1", "result": "OK", "route": "default: mts took it",
			"status": "delivered", "status_detail": "DELIVRD", "status_at": "2026-07-02T00:30:15+03:00", "segments": "2",
		} {
			if got := r.Get(name).String(); got != want {
				t.Errorf("%+v: %s is %q, want %q", q, name, got, want)
			}
		}
	}
	for name, q := range map[string]abi.JournalFind{
		"no number": {ID: "x"}, "negative": {ID: "-1"}, "none": {ID: "99"}, "other instance": {Instance: "x", MessageID: "m-1"}, "nothing": {},
	} {
		if _, failure := find(t, o, q); failure == nil || failure.Code != abi.CodeNotFound {
			t.Errorf("%s: %v", name, failure)
		}
	}
	other := o
	other.Module = "spy"
	for _, q := range []abi.JournalFind{{ID: id}, {Instance: "mts", MessageID: "m-1"}} {
		if _, failure := find(t, other, q); failure == nil || failure.Code != abi.CodeNotFound {
			t.Errorf("another module reads the record: %v", failure)
		}
	}
}

// TestMaskedNumbersAreNotKept: where the operator wants numbers masked, none is
// kept for status checks either.
func TestMaskedNumbersAreNotKept(t *testing.T) {
	j := realJournal(t)
	o := journalcall.Options{Journal: j, Phone: func(string) string { return "7919***" }, Text: whole}
	send(t, o, new(abi.Object).Str("message_id", "m").Int("check_s", 1).Str("check_phone", "+79190000000"))
	due, err := j.DueSMS(t.Context(), time.Now().Add(time.Hour), 10)
	if err != nil || len(due) != 1 || due[0].CheckPhone != "" {
		t.Errorf("%+v, %v", due, err)
	}
}

func TestBadReceipts(t *testing.T) {
	o := journalcall.Options{Journal: realJournal(t), Phone: whole, Text: whole}
	one := func(o *abi.Object) abi.Value { return new(abi.List).Add(o.Value()).Value() }
	var many abi.List
	for i := range 1001 {
		many.Add(new(abi.Object).Str("message_id", fmt.Sprint(i)).Value())
	}
	for name, q := range map[string]abi.JournalReceipt{
		"another kind": {Kind: "call", Instance: "mts", Receipts: one(new(abi.Object).Str("reference", "1"))},
		"no instance":  {Kind: "sms", Receipts: one(new(abi.Object).Str("reference", "1"))},
		"no id":        {Kind: "sms", Instance: "mts", Receipts: one(new(abi.Object).Str("status", "sent"))},
		"no status":    {Kind: "sms", Instance: "mts", Receipts: one(new(abi.Object).Str("reference", "1").Str("status", "DELIVRD"))},
		"too many":     {Kind: "sms", Instance: "mts", Receipts: many.Value()},
		"a long id":    {Kind: "sms", Instance: "mts", Receipts: one(new(abi.Object).Str("message_id", strings.Repeat("x", 2000)))},
		"no map":       {Kind: "sms", Instance: "mts", Receipts: new(abi.List).Add(abi.StringValue("x")).Value()},
	} {
		if _, failure := run(t, o, abi.OpJournalReceipt, q.Append(nil)); failure == nil || failure.Code != abi.CodeInternal || failure.Source != abi.SourcePlugin {
			t.Errorf("%s: %v", name, failure)
		}
	}
	for name, request := range map[string][]byte{"nothing": nil, "a text": abi.StringValue("x"), "cut": {0x93, 0xa3}} {
		for _, operation := range []string{abi.OpJournalReceipt, abi.OpJournalFind} {
			if _, failure := run(t, o, operation, request); failure == nil || failure.Code != abi.CodeInternal {
				t.Errorf("%s of %s: %v", operation, name, failure)
			}
		}
	}
	// A thousand at once, each with the longest texts, fit.
	var full abi.List
	for i := range 1000 {
		full.Add(new(abi.Object).Str("message_id", fmt.Sprintf("%0250d", i)).Str("reference", strings.Repeat("9", 1000)).Str("status", "sent").
			Str("detail", strings.Repeat("д", 5000)).Value())
	}
	got, failure := run(t, o, abi.OpJournalReceipt, (&abi.JournalReceipt{Kind: "sms", Instance: "mts", Receipts: full.Value()}).Append(nil))
	if failure != nil || got.Len() != 1000 || got.Index(999).String() != "kept" {
		t.Errorf("%d results, %v", got.Len(), failure)
	}
}
