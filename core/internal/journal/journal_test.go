package journal_test

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

func TestBadInput(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	long := strings.Repeat("x", journal.MaxRecord+1)
	_, tooLong := w.AppendRequest(ctx, journal.Request{Body: long})
	_, tooMany := w.AppendRequest(ctx, journal.Request{Ignored: make([]string, journal.MaxRecord)})
	_, longAudit := w.AppendAudit(ctx, journal.Audit{After: long})
	for name, err := range map[string]error{"body": tooLong, "ignored": tooMany, "audit": longAudit} {
		if !errors.Is(err, journal.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	id, err := w.BeginSMS(ctx, journal.SMS{})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []uint64{0, id + 1, 1 << 63} {
		if err := w.EndSMS(ctx, bad, journal.SMSOutcome{}); !errors.Is(err, journal.ErrUnknownID) {
			t.Errorf("EndSMS(%d): %v", bad, err)
		}
	}
	if err := w.EndCall(ctx, id, journal.CallOutcome{}); !errors.Is(err, journal.ErrUnknownID) {
		t.Errorf("EndCall with the id of an SMS: %v", err)
	}
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := w.AppendRequest(cancelled, journal.Request{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled append: %v", err)
	}
	if rows := w.requests(journal.Query{}); len(rows) != 0 {
		t.Errorf("refused records were written: %d", len(rows))
	}
	if _, err := w.Retain(ctx, 9, time.Now()); err == nil {
		t.Error("Retain took an unknown kind")
	}
	for name, o := range map[string]journal.Options{
		"negative retention": {Retention: map[journal.Kind]time.Duration{journal.KindSMS: -1}},
		"unknown kind":       {Retention: map[journal.Kind]time.Duration{77: time.Hour}},
		"negative queue":     {Queue: -1},
		"no view":            {View: store.View{}},
	} {
		if name != "no view" {
			o.View = w.store.Prefix("other")
		}
		if j, err := journal.Open(ctx, o); err == nil {
			t.Errorf("Open with %s succeeded", name)
			_ = j.Close()
		}
	}
}

// TestRoundTrip fills every field of every kind by reflection, so a field
// forgotten in the block format fails here.
func TestRoundTrip(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	const uuid, hexID = "b68bd54c-ddc3-4080-91ab-77c08fd4104e", "00ff10c3ddc3408091ab77c08fd4104e"
	at := w.clock.now().Add(-3 * time.Second)
	wantRequest := journal.Request{
		ID: 1, Time: at, Module: "contact", Action: "add", Status: 419, Error: "Empty queue!",
		Body: `{"phone":"7919***00","текст":"привет"}`, User: "API-TEST", IP: "2001:db8::1", Duration: 1500 * time.Microsecond,
		RequestID: hexID, Reason: "parameters", Ignored: []string{"foo", "", "foo", "бар"}, ErrorID: uuid,
	}
	wantSMS := journal.SMS{
		ID: 1, Time: at, Phone: "7919***00", Originator: "FRONTLINE", Message: "(17 characters)", ProjectID: "1111",
		SessionID: uuid, User: "crm", RequestID: hexID, Module: "sms", Provider: "mts-main",
		MessageID: "AB-17/х", Parts: []string{"AB-18", "AB-19"}, Result: journal.ResultUnknown, Detail: "no money", Segments: 3,
		Route: "rule 1", Done: at.Add(time.Second),
		Status: journal.StatusSent, StatusDetail: "buffered", StatusAt: at.Add(2 * time.Second), Check: at.Add(time.Hour), CheckPhone: "+79190000000",
	}
	wantCall := journal.Call{
		ID: 1, Time: at, Node: "fs1", Called: "7919***00", Caller: "1001", Account: "support1", UUID: uuid,
		User: "crm", RequestID: hexID, Result: journal.ResultOK, Detail: "+OK", Done: at.Add(time.Second),
	}
	wantAudit := journal.Audit{
		ID: 1, Time: at, User: "admin", IP: "127.0.0.1", Action: "module.disable", Object: "sms",
		Before: `{"on":true}`, After: `{"on":false}`, RequestID: "ABCDEF-not-packed",
	}
	for _, v := range []any{wantRequest, wantSMS, wantCall, wantAudit} {
		rv := reflect.ValueOf(v)
		for i := range rv.NumField() {
			if rv.Field(i).IsZero() {
				t.Fatalf("%s.%s is not filled", rv.Type(), rv.Type().Field(i).Name)
			}
		}
	}
	w.add(wantRequest)
	if _, err := w.AppendAudit(ctx, wantAudit); err != nil {
		t.Fatal(err)
	}
	sms, err := w.BeginSMS(ctx, wantSMS)
	if err != nil {
		t.Fatal(err)
	}
	call, err := w.BeginCall(ctx, wantCall)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(
		w.EndSMS(ctx, sms, journal.SMSOutcome{
			Result: wantSMS.Result, Module: "sms", Provider: "mts-main", MessageID: wantSMS.MessageID, Parts: wantSMS.Parts, Detail: wantSMS.Detail,
			Segments: 3, Route: wantSMS.Route, Done: wantSMS.Done, Check: wantSMS.Check, CheckPhone: wantSMS.CheckPhone,
		}),
		apply(w, journal.Moved, journal.Receipt{
			Module: "sms", Instance: "mts-main", Reference: "1", Status: journal.StatusSent, Detail: wantSMS.StatusDetail, At: wantSMS.StatusAt,
		}),
		w.EndCall(ctx, call, journal.CallOutcome{Result: wantCall.Result, Detail: wantCall.Detail, Done: wantCall.Done}),
	)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // as written, and after a restart
		requests, err1 := w.Requests(ctx, journal.Query{})
		messages, err2 := w.SMS(ctx, journal.Query{})
		calls, err3 := w.Calls(ctx, journal.Query{})
		audits, err4 := w.Audits(ctx, journal.Query{})
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ got, want any }{
			{requests.Rows, []journal.Request{wantRequest}},
			{messages.Rows, []journal.SMS{wantSMS}},
			{calls.Rows, []journal.Call{wantCall}},
			{audits.Rows, []journal.Audit{wantAudit}},
		} {
			if !reflect.DeepEqual(c.got, c.want) {
				t.Errorf("got  %+v\nwant %+v", c.got, c.want)
			}
		}
		w.reopen()
	}
}

func TestOutcomes(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	begin := func(phone string) uint64 {
		id, err := w.BeginSMS(ctx, journal.SMS{Phone: phone, Provider: "main"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	results := func(q journal.Query) string {
		var out []string
		for m, err := range w.AllSMS(ctx, q) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, m.Phone+"="+m.Result+"/"+m.Provider)
		}
		return strings.Join(out, " ")
	}
	expect := func(q journal.Query, want string) {
		t.Helper()
		if got := results(q); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	ok, failed, lost := begin("a"), begin("b"), begin("c")
	expect(journal.Query{}, "a=pending/main b=pending/main c=pending/main")
	if err := w.EndSMS(ctx, ok, journal.SMSOutcome{Result: journal.ResultOK, Provider: "backup"}); err != nil {
		t.Fatal(err)
	}
	if err := w.EndSMS(ctx, failed, journal.SMSOutcome{Result: journal.ResultError}); err != nil {
		t.Fatal(err)
	}
	expect(journal.Query{}, "a=OK/backup b=error/main c=pending/main")
	w.reopen()
	begin("d")
	expect(journal.Query{}, "a=OK/backup b=error/main c=unknown/main d=pending/main")
	expect(journal.Query{Reverse: true, Limit: 3}, "d=pending/main c=unknown/main b=error/main a=OK/backup")
	expect(journal.Query{BadOnly: true, Limit: 1}, "b=error/main c=unknown/main")
	if err := w.EndSMS(ctx, lost, journal.SMSOutcome{Result: journal.ResultOK}); err != nil {
		t.Fatalf("a receipt after a restart: %v", err)
	}
	expect(journal.Query{}, "a=OK/backup b=error/main c=OK/main d=pending/main")

	// Rows far apart take the other way of joining.
	for range 40 {
		begin("x")
	}
	last := begin("a")
	if err := w.EndSMS(ctx, last, journal.SMSOutcome{Result: journal.ResultOK, Provider: "far"}); err != nil {
		t.Fatal(err)
	}
	expect(journal.Query{Text: "a", Limit: 100}, results(journal.Query{Text: "A"}))
	if got := results(journal.Query{Text: "a"}); !strings.HasPrefix(got, "a=OK/backup ") || !strings.HasSuffix(got, " a=OK/far") {
		t.Errorf("sparse join: %s", got)
	}
}

func TestCloseDrains(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	var acked []uint64
	var wg sync.WaitGroup
	started := make(chan struct{}, 16)
	for range 16 {
		wg.Go(func() {
			for first := true; ; first = false {
				id, err := w.Journal.AppendRequest(context.Background(), sampleRequest(1))
				if errors.Is(err, journal.ErrClosed) {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				acked = append(acked, id)
				mu.Unlock()
				if first {
					started <- struct{}{}
				}
			}
		})
	}
	for range 16 {
		<-started
	}
	j := w.Journal
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	wg.Wait()
	w.open(journal.Options{})
	slices.Sort(acked)
	if got := requestIDs(w.requests(journal.Query{})); !slices.Equal(got, acked) {
		t.Errorf("%d records there, %d acknowledged", len(got), len(acked))
	}
}

// TestStoreFailure takes the store away: appenders get errors, not ids.
func TestStoreFailure(t *testing.T) {
	w := newWorld(t)
	w.add(journal.Request{})
	if err := w.store.Close(); err != nil {
		t.Fatal(err)
	}
	id, err := w.AppendRequest(t.Context(), journal.Request{})
	if !errors.Is(err, store.ErrClosed) || id != 0 {
		t.Errorf("append without a store: id %d, %v", id, err)
	}
	if st := w.Stats(); st.Failed != 1 || st.Records != 1 {
		t.Errorf("stats %+v", st)
	}
	if _, err := w.Requests(t.Context(), journal.Query{}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("query without a store: %v", err)
	}
}

// TestHammer mixes all kinds of writers, readers and retention.
func TestHammer(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	const workers, each = 16, 60
	var wg sync.WaitGroup
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for n := range workers {
		wg.Go(func() {
			var lastID uint64
			for i := range each {
				w.clock.move(time.Millisecond)
				id, err := w.AppendRequest(ctx, sampleRequest(n*each+i))
				check(err)
				if id <= lastID {
					t.Errorf("id %d after %d", id, lastID)
				}
				lastID = id
				_, err = w.AppendAudit(ctx, journal.Audit{User: "admin", Action: "module.disable"})
				check(err)
				sms, err := w.BeginSMS(ctx, journal.SMS{Phone: "p"})
				check(err)
				check(w.EndSMS(ctx, sms, journal.SMSOutcome{Result: journal.ResultOK}))
				call, err := w.BeginCall(ctx, journal.Call{Called: "c"})
				check(err)
				check(w.EndCall(ctx, call, journal.CallOutcome{Result: journal.ResultOK}))
			}
		})
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	readers.Go(func() {
		for {
			_, err := w.SMS(ctx, journal.Query{Reverse: true, Limit: 50})
			check(err)
			_, err = w.Retain(ctx, journal.KindAudit, w.clock.now().Add(-100*time.Millisecond))
			check(err)
			select {
			case <-done:
				return
			default:
			}
		}
	})
	wg.Wait()
	close(done)
	readers.Wait()
	ids := requestIDs(w.requests(journal.Query{Limit: 77}))
	if len(ids) != workers*each || !slices.IsSorted(ids) || len(slices.Compact(ids)) != workers*each {
		t.Errorf("%d requests, sorted %v", len(ids), slices.IsSorted(ids))
	}
	n := 0
	for m, err := range w.AllSMS(ctx, journal.Query{Limit: 77}) {
		check(err)
		if m.Result != journal.ResultOK {
			t.Errorf("sms %d is %s", m.ID, m.Result)
		}
		n++
	}
	if n != workers*each {
		t.Errorf("%d sms, want %d", n, workers*each)
	}
}
