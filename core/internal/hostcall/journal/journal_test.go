package journalcall_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	journalcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// stub is a journal that notes what it is asked for.
type stub struct {
	sms                  journal.SMS
	id                   uint64
	outcome              journal.SMSOutcome
	query                journal.Query
	asked                string
	err                  error
	looked               int // records that were looked up
	journalcall.Delivery     // none: TestDelivery uses a real journal
}

func (s *stub) BeginSMS(_ context.Context, m journal.SMS) (uint64, error) {
	s.sms = m
	return 18446744073709551615, s.err
}

func (s *stub) EndSMS(_ context.Context, id uint64, o journal.SMSOutcome) error {
	s.id, s.outcome = id, o
	return s.err
}

func (s *stub) FindSMS(_ context.Context, module string, id uint64) (journal.SMS, error) {
	s.looked++
	return journal.SMS{ID: id, Module: module}, s.err
}

func (s *stub) SMS(_ context.Context, q journal.Query) (journal.Page[journal.SMS], error) {
	s.query, s.asked = q, "sms"
	return journal.Page[journal.SMS]{Rows: []journal.SMS{sms}, Next: "next-page"}, s.err
}

func (s *stub) Requests(_ context.Context, q journal.Query) (journal.Page[journal.Request], error) {
	s.query, s.asked = q, "requests"
	return journal.Page[journal.Request]{Rows: []journal.Request{request}}, s.err
}

var (
	when    = time.Date(2026, 7, 1, 21, 30, 15, 0, time.UTC)
	sms     = journal.SMS{ID: 7, Time: when, Phone: "+7…34", Originator: "ACME", Message: "hi", Result: "OK", ProjectID: "p", SessionID: "s", User: "crm", RequestID: "r", Provider: "mts", MessageID: "m", Segments: 2, Detail: "d"}
	request = journal.Request{ID: 98, Time: when, Module: "sms", Action: "send", Status: 419, Error: "Empty phone!", Body: "{}", User: "crm", IP: "1.2.3.4", Duration: 1500 * time.Microsecond, RequestID: "r", Reason: "why", Ignored: []string{"a", "b"}, ErrorID: "e"}
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// run performs an operation and takes its answer apart.
func run(t testing.TB, o journalcall.Options, operation string, request []byte) (abi.Value, *abi.Error) {
	t.Helper()
	if o.Phone == nil {
		o.Phone, o.Text = func(s string) string { return "tel:" + s }, func(s string) string { return "text:" + s }
	}
	if o.Module == "" {
		o.Module = "sms"
	}
	if o.Zone == nil {
		o.Zone = zone(t, "Europe/Moscow")
	}
	op, ok := journalcall.Operations(o)[operation]
	if !ok {
		t.Fatalf("no operation %s", operation)
	}
	dst := op.Run(t.Context(), &wasm.Call{User: "crm", RequestID: "req-1"}, request, []byte("kept"))
	if string(dst[:4]) != "kept" {
		t.Fatal("dst was overwritten")
	}
	body, failure, err := abi.DecodeAnswer(dst[4:])
	if err != nil {
		t.Fatal(err)
	}
	return body, failure
}

func TestMalformed(t *testing.T) {
	good := map[string][]byte{
		abi.OpJournalBegin:  (&abi.JournalBegin{Kind: "sms"}).Append(nil),
		abi.OpJournalEnd:    (&abi.JournalEnd{Kind: "sms", ID: "1", Result: "OK"}).Append(nil),
		abi.OpJournalReport: (&abi.JournalReport{Kind: "sms", Start: "2026-01-01", Stop: "2026-01-01"}).Append(nil),
	}
	bad := map[string][][]byte{
		abi.OpJournalBegin: {(&abi.JournalBegin{Kind: "call"}).Append(nil), (&abi.JournalBegin{}).Append(nil)},
		abi.OpJournalEnd: {
			(&abi.JournalEnd{Kind: "call", ID: "1", Result: "OK"}).Append(nil),
			(&abi.JournalEnd{Kind: "sms", ID: "", Result: "OK"}).Append(nil),
			(&abi.JournalEnd{Kind: "sms", ID: "-1", Result: "OK"}).Append(nil),
			(&abi.JournalEnd{Kind: "sms", ID: "99999999999999999999", Result: "OK"}).Append(nil),
			(&abi.JournalEnd{Kind: "sms", ID: "1", Result: "ok"}).Append(nil),
			(&abi.JournalEnd{Kind: "sms", ID: "1", Result: "pending"}).Append(nil),
		},
		abi.OpJournalReport: {
			(&abi.JournalReport{Kind: "audit", Start: "2026-01-01", Stop: "2026-01-01"}).Append(nil),
			(&abi.JournalReport{Start: "2026-01-01", Stop: "2026-01-01"}).Append(nil),
		},
	}
	for operation, request := range good {
		if _, failure := run(t, journalcall.Options{Journal: &stub{}}, operation, request); failure != nil {
			t.Errorf("%s: %v", operation, failure)
		}
		all := append(bad[operation], nil, []byte("\xc1"), request[:len(request)-1], append(slices.Clone(request), 0))
		for i, request := range all {
			s := &stub{}
			_, failure := run(t, journalcall.Options{Journal: s}, operation, request)
			if failure == nil || failure.Code != abi.CodeInternal || failure.Source != abi.SourcePlugin || failure.Message != "" {
				t.Errorf("%s %d: %+v", operation, i, failure)
			}
			if s.asked != "" || s.id != 0 || s.sms.User != "" {
				t.Errorf("%s %d: the journal was reached", operation, i)
			}
		}
	}
}

// TestSMS: the intent and the outcome, masked, in the name of the caller.
func TestSMS(t *testing.T) {
	s := &stub{}
	fields := new(abi.Object).Str("phone", "+79190001234").Str("message", "secret").Str("originator", "ACME").Str("project_id", "p").
		Str("session_id", "s").Str("provider", "mts").Str("user", "forged").Value()
	body, failure := run(t, journalcall.Options{Journal: s}, abi.OpJournalBegin, (&abi.JournalBegin{Kind: "sms", Fields: fields}).Append(nil))
	if failure != nil || body.String() != "18446744073709551615" {
		t.Errorf("%q %v", body.String(), failure)
	}
	want := journal.SMS{
		Phone: "tel:+79190001234", Message: "text:secret", Originator: "ACME", ProjectID: "p", SessionID: "s", Provider: "mts", User: "crm", RequestID: "req-1",
	}
	want.Module = "sms"
	if !reflect.DeepEqual(s.sms, want) {
		t.Errorf("%+v", s.sms)
	}
	fields = new(abi.Object).Str("provider", "backup").Str("message_id", "m1").Str("detail", "d").Int("segments", 3).Value()
	end := abi.JournalEnd{Kind: "sms", ID: "18446744073709551615", Result: "unknown", Fields: fields}
	body, failure = run(t, journalcall.Options{Journal: s}, abi.OpJournalEnd, end.Append(nil))
	if failure != nil || body.Exists() || s.id != 18446744073709551615 ||
		!reflect.DeepEqual(s.outcome, journal.SMSOutcome{Result: "unknown", Module: "sms", Provider: "backup", MessageID: "m1", Detail: "d", Segments: 3}) {
		t.Errorf("%v %+v", failure, s)
	}
	for err, code := range map[error]abi.Code{
		errors.New("disk"): abi.CodeInternal, context.DeadlineExceeded: abi.CodeTimeout, fmt.Errorf("x: %w", context.Canceled): abi.CodeTimeout,
	} {
		for operation, request := range map[string][]byte{abi.OpJournalBegin: (&abi.JournalBegin{Kind: "sms"}).Append(nil), abi.OpJournalEnd: end.Append(nil)} {
			if _, failure := run(t, journalcall.Options{Journal: &stub{err: err}}, operation, request); failure == nil || failure.Code != code || failure.Source != abi.SourceHost {
				t.Errorf("%s with %v: %+v", operation, err, failure)
			}
		}
	}
}

// TestInterval: the half-open interval that dates stand for. Times are UTC.
func TestInterval(t *testing.T) {
	rows := []struct{ name, start, stop, tz, from, to, bad string }{
		{"a day", "2026-07-01", "2026-07-01", "", "2026-06-30T21:00:00Z", "2026-07-01T21:00:00Z", ""},
		{"both ends", "2026-07-01", "2026-07-02", "", "2026-06-30T21:00:00Z", "2026-07-02T21:00:00Z", ""},
		{"a second", "2026-07-01 00:00:00", "2026-07-01 00:00:00", "", "2026-06-30T21:00:00Z", "2026-06-30T21:00:01Z", ""},
		{"a date and a second", "2026-07-01", "2026-07-01 12:00:00", "", "2026-06-30T21:00:00Z", "2026-07-01T09:00:01Z", ""},
		{"another zone", "2026-07-01", "2026-07-01", "Asia/Vladivostok", "2026-06-30T14:00:00Z", "2026-07-01T14:00:00Z", ""},
		{"UTC", "2026-07-01", "2026-07-01", "UTC", "2026-07-01T00:00:00Z", "2026-07-02T00:00:00Z", ""},
		{"a leap day", "2028-02-29", "2028-02-29", "UTC", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z", ""},
		{"the short day in spring", "2026-03-29", "2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", ""},
		{"the long day in autumn", "2026-10-25", "2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", ""},
		{"the hour that is there twice", "2026-10-25 02:30:00", "2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:01Z", ""},
		{"before that hour", "2026-10-25 01:59:59", "2026-10-25 01:59:59", "Europe/Berlin", "2026-10-24T23:59:59Z", "2026-10-25T00:00:00Z", ""},
		{"after that hour", "2026-10-25 03:00:00", "2026-10-25 03:00:00", "Europe/Berlin", "2026-10-25T02:00:00Z", "2026-10-25T02:00:01Z", ""},
		{"the hour that is not there", "2026-03-29 02:30:00", "2026-03-29 02:45:00", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T01:00:01Z", ""},
		{"a day without midnight", "2018-11-04", "2018-11-04", "America/Sao_Paulo", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z", ""},
		{"the day before it", "2018-11-03", "2018-11-03", "America/Sao_Paulo", "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z", ""},
		{"midnight twice", "2026-11-01", "2026-11-01", "America/Havana", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z", ""},
		{"stop before start", "2026-07-02", "2026-07-01", "", "", "", "stop_date"},
		{"stop a second before start", "2026-07-01 00:00:01", "2026-07-01 00:00:00", "", "", "", "stop_date"},
		{"no start", "", "2026-07-01", "", "", "", "start_date"},
		{"no stop", "2026-07-01", "", "", "", "", "stop_date"},
		{"both bad: the first", "x", "y", "", "", "", "start_date"},
		{"no such day", "2026-02-29", "2026-03-01", "", "", "", "start_date"},
		{"no such hour", "2026-02-28 24:00:00", "2026-03-01", "", "", "", "start_date"},
		{"Russian form", "01.07.2026", "2026-07-01", "", "", "", "start_date"},
		{"RFC 3339", "2026-07-01T00:00:00Z", "2026-07-01", "", "", "", "start_date"},
		{"minutes only", "2026-07-01 10:00", "2026-07-01", "", "", "", "start_date"},
		{"text behind it", "2026-07-01 ", "2026-07-01", "", "", "", "start_date"},
		{"short digits", "2026-7-1", "2026-07-01", "", "", "", "start_date"},
		{"unknown zone", "2026-07-01", "2026-07-01", "Mars/Olympus", "", "", "tz"},
		{"the machine's zone", "2026-07-01", "2026-07-01", "Local", "", "", "tz"},
		{"a path", "2026-07-01", "2026-07-01", "../../etc/passwd", "", "", "tz"},
		{"an absolute path", "2026-07-01", "2026-07-01", "/etc/localtime", "", "", "tz"},
		{"an offset", "2026-07-01", "2026-07-01", "+03:00", "", "", "tz"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			s := &stub{}
			q := abi.JournalReport{Kind: "request", Start: row.start, Stop: row.stop, Zone: row.tz}
			_, failure := run(t, journalcall.Options{Journal: s}, abi.OpJournalReport, q.Append(nil))
			if row.bad != "" {
				if failure == nil || failure.Code != abi.CodeInvalid || failure.Message != row.bad || failure.Source != abi.SourceCaller || s.asked != "" {
					t.Errorf("%+v", failure)
				}
				return
			}
			if failure != nil {
				t.Fatal(failure)
			}
			from, to := s.query.From.UTC().Format(time.RFC3339), s.query.To.UTC().Format(time.RFC3339)
			if from != row.from || to != row.to {
				t.Errorf("from %s to %s\nwant %s to %s", from, to, row.from, row.to)
			}
		})
	}
}

// TestQuery: kinds, limits and cursors.
func TestQuery(t *testing.T) {
	rows := []struct {
		kind    string
		limit   int
		asked   string
		want    int
		badOnly bool
	}{
		{"sms", 0, "sms", 10_000, false},
		{"request", -5, "requests", 10_000, false},
		{"request", 1, "requests", 1, false},
		{"badRequest", 100_000, "requests", 100_000, true},
		{"badRequest", 1 << 30, "requests", 100_000, true},
	}
	for _, row := range rows {
		s := &stub{}
		q := abi.JournalReport{Kind: row.kind, Start: "2026-07-01", Stop: "2026-07-01", Limit: row.limit, Cursor: "c"}
		if _, failure := run(t, journalcall.Options{Journal: s}, abi.OpJournalReport, q.Append(nil)); failure != nil {
			t.Fatal(failure)
		}
		if s.asked != row.asked || s.query.Limit != row.want || s.query.BadOnly != row.badOnly || s.query.Cursor != "c" {
			t.Errorf("%+v: %s %+v", row, s.asked, s.query)
		}
	}
	q := (&abi.JournalReport{Kind: "sms", Start: "2026-07-01", Stop: "2026-07-01"}).Append(nil)
	_, failure := run(t, journalcall.Options{Journal: &stub{err: fmt.Errorf("x: %w", journal.ErrBadCursor)}}, abi.OpJournalReport, q)
	if failure == nil || failure.Code != abi.CodeInvalid || failure.Message != "cursor" {
		t.Errorf("%+v", failure)
	}
	_, failure = run(t, journalcall.Options{Journal: &stub{err: errors.New("disk")}}, abi.OpJournalReport, q)
	if failure == nil || failure.Code != abi.CodeInternal || failure.Message != "" {
		t.Errorf("%+v", failure)
	}
}

// table is a page as rows of name=value.
func table(p *journalcall.Page) []string {
	var out []string
	for row := range p.Len() {
		for column, name := range p.Names() {
			out = append(out, name+"="+p.Cell(row, column))
		}
	}
	return out
}

// TestColumns: names, order and spelling of the manual, and the extended ones
// behind them.
func TestColumns(t *testing.T) {
	rows := []struct{ kind, want, extended string }{
		{"request",
			"id=98 body_request={} module=sms action=send code_response=419 error_message=Empty phone! created_at=2026-07-02 00:30:15",
			"user=crm ip=1.2.3.4 duration_ms=1.500 request_id=r reason=why ignored=a,b error_id=e"},
		{"sms",
			"Id=7 phone=+7…34 originator=ACME message=hi result=OK project_id=p session_id=s date_time=2026-07-02 00:30:15",
			"user=crm request_id=r provider=mts message_id=m segments=2 detail=d done_at= route= status= status_detail= status_at="},
	}
	for _, row := range rows {
		for _, extended := range []bool{false, true} {
			o := journalcall.Options{Journal: &stub{}, Zone: zone(t, "Europe/Moscow")}
			page := opened(t, o, abi.JournalReport{Kind: row.kind, Start: "2026-07-01", Stop: "2026-07-01", Extended: extended})
			want := row.want
			if extended {
				want += " " + row.extended
			}
			if got := strings.Join(table(page), " "); got != want {
				t.Errorf("%s\nwant %s", got, want)
			}
		}
	}
	// The zone of the request counts for the rows too.
	page := opened(t, journalcall.Options{Journal: &stub{}, Zone: zone(t, "Europe/Moscow")}, abi.JournalReport{Kind: "sms", Start: "2026-07-01", Stop: "2026-07-01", Zone: "UTC"})
	if got := page.Cell(0, 7); got != "2026-07-01 21:30:15" {
		t.Errorf("%s", got)
	}
}

// opened opens a report's page and checks what its attachment says.
func opened(t testing.TB, o journalcall.Options, q abi.JournalReport) *journalcall.Page {
	t.Helper()
	page, err := o.Open(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	body, failure := run(t, o, abi.OpJournalReport, q.Append(nil))
	var a abi.Attachment
	if failure != nil || a.Decode(body) != nil || a.ID != 1 || a.Size != -1 || a.Rows != page.Len() || a.Next != page.Next {
		t.Errorf("attachment %+v of page %+v, %v", a, page, failure)
	}
	return page
}

// TestRealJournal: dates at the ends of the calendar, pages and cursors against
// the journal itself.
func TestRealJournal(t *testing.T) {
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal"), Now: func() time.Time { return when.Add(time.Minute) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	for i := range 5 {
		if _, err := j.AppendRequest(t.Context(), journal.Request{Time: when.Add(time.Duration(i) * time.Second), Status: 200 + i%2*219}); err != nil {
			t.Fatal(err)
		}
	}
	o := journalcall.Options{Journal: j}
	rows := []struct {
		kind, start, stop string
		want              int
	}{
		{"request", "0001-01-01", "9999-12-31", 5},
		{"request", "0000-01-01", "0001-01-01", 0},
		{"badRequest", "2026-07-02", "2026-07-02", 2},
		{"request", "2026-07-01", "2026-07-01", 0}, // Moscow is in the next day
		{"request", "2026-07-02 00:30:16", "2026-07-02 00:30:17", 2},
	}
	for _, row := range rows {
		body, failure := run(t, o, abi.OpJournalReport, (&abi.JournalReport{Kind: row.kind, Start: row.start, Stop: row.stop}).Append(nil))
		var a abi.Attachment
		if failure != nil || a.Decode(body) != nil || a.Rows != row.want {
			t.Errorf("%+v: %d rows, %v", row, a.Rows, failure)
		}
	}
	q, seen := abi.JournalReport{Kind: "request", Start: "2026-07-02", Stop: "2026-07-02", Limit: 2}, 0
	for range 4 {
		body, failure := run(t, o, abi.OpJournalReport, q.Append(nil))
		var a abi.Attachment
		if failure != nil || a.Decode(body) != nil {
			t.Fatal(failure)
		}
		seen += a.Rows
		if q.Cursor = a.Next; a.Next == "" {
			break
		}
	}
	if seen != 5 {
		t.Errorf("%d rows in pages", seen)
	}
	for _, cursor := range []string{"x", strings.Repeat("A", 46), "нет"} {
		q.Cursor = cursor
		if _, failure := run(t, o, abi.OpJournalReport, q.Append(nil)); failure == nil || failure.Message != "cursor" || failure.Code != abi.CodeInvalid {
			t.Errorf("%q: %+v", cursor, failure)
		}
	}
}

// FuzzOperations: no request breaks the host; every answer is one.
func FuzzOperations(f *testing.F) {
	f.Add(uint8(0), (&abi.JournalBegin{Kind: "sms", Fields: new(abi.Object).Str("phone", "1").Value()}).Append(nil))
	f.Add(uint8(1), (&abi.JournalEnd{Kind: "sms", ID: "1", Result: "OK"}).Append(nil))
	f.Add(uint8(2), (&abi.JournalReport{Kind: "sms", Start: "2026-10-25 02:30:00", Stop: "2026-10-25", Zone: "Europe/Berlin"}).Append(nil))
	names := []string{abi.OpJournalBegin, abi.OpJournalEnd, abi.OpJournalReport}
	f.Fuzz(func(t *testing.T, which uint8, request []byte) {
		s := &stub{}
		run(t, journalcall.Options{Journal: s}, names[int(which)%len(names)], request)
		if s.asked != "" && !s.query.From.Before(s.query.To) {
			t.Errorf("an empty interval: %+v", s.query)
		}
	})
}
