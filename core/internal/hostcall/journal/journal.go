// Package journalcall is the host side of capability journal: a plugin records
// the intent, the outcome and the delivery of an SMS, looks its own records up, and
// opens pages of the journal's reports.
package journalcall

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/hostcall"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Journal is what the capability needs of the journal.
type Journal interface {
	BeginSMS(ctx context.Context, s journal.SMS) (uint64, error)
	EndSMS(ctx context.Context, id uint64, o journal.SMSOutcome) error
	SMS(ctx context.Context, q journal.Query) (journal.Page[journal.SMS], error)
	Requests(ctx context.Context, q journal.Query) (journal.Page[journal.Request], error)
	Delivery
}

// Delivery is the part that follows an SMS after it was handed over.
type Delivery interface {
	ApplyReceipts(ctx context.Context, receipts []journal.Receipt) ([]journal.Applied, error)
	FindSMS(ctx context.Context, module string, id uint64) (journal.SMS, error)
	FindMessage(ctx context.Context, module, instance, messageID string) (journal.SMS, error)
}

// Options configures the capability.
type Options struct {
	Journal Journal
	// Module is whose records they are: the asking module.
	Module string
	// Zone is the gateway's time zone, for dates and for the times in reports.
	Zone *time.Location
	// Phone and Text decide how much of a number and of a message is recorded.
	Phone, Text func(string) string
	// Now replaces the clock; nil means [time.Now].
	Now func() time.Time

	begun *begun
}

// Operations returns the capability's operations.
func Operations(o Options) map[string]wasm.Operation {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.begun = &begun{ids: map[uint64]struct{}{}}
	return map[string]wasm.Operation{
		abi.OpJournalBegin:   {Local: true, Run: o.begin},
		abi.OpJournalEnd:     {Local: true, Run: o.end},
		abi.OpJournalReceipt: {Local: true, Run: o.receipt},
		abi.OpJournalFind:    {Local: true, Run: o.find},
		abi.OpJournalReport:  {Run: o.report},
	}
}

func (o Options) begin(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
	var q abi.JournalBegin
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpJournalBegin, err)
	}
	if q.Kind != "sms" {
		return hostcall.Malformed(dst, abi.OpJournalBegin, errors.New(`kind is not "sms"`))
	}
	f := q.Fields
	id, err := o.Journal.BeginSMS(ctx, journal.SMS{
		Phone: o.Phone(f.Get("phone").String()), Originator: f.Get("originator").String(),
		Message: o.Text(f.Get("message").String()), ProjectID: f.Get("project_id").String(),
		SessionID: f.Get("session_id").String(), Provider: f.Get("provider").String(), Module: o.Module,
		User: c.User, RequestID: c.RequestID,
	})
	if err != nil {
		return hostcall.Internal(dst, abi.OpJournalBegin, err)
	}
	o.begun.add(id)
	return hostcall.OK(dst, abi.StringValue(strconv.FormatUint(id, 10)))
}

func (o Options) end(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
	var q abi.JournalEnd
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpJournalEnd, err)
	}
	id, err := strconv.ParseUint(q.ID, 10, 64)
	if err != nil || q.Kind != "sms" {
		return hostcall.Malformed(dst, abi.OpJournalEnd, errors.New("kind or id"))
	}
	switch q.Result {
	case journal.ResultOK, journal.ResultError, journal.ResultUnknown:
	default:
		return hostcall.Malformed(dst, abi.OpJournalEnd, errors.New(`result is not "OK", "error" or "unknown"`))
	}
	if err = o.own(ctx, id); err == nil {
		err = o.Journal.EndSMS(ctx, id, o.outcome(q.Result, q.Fields))
	}
	switch {
	case errors.Is(err, journal.ErrUnknownID):
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeNotFound, Source: abi.SourcePlugin, Detail: err.Error()})
	case err != nil:
		return hostcall.Internal(dst, abi.OpJournalEnd, err)
	}
	o.begun.remove(id)
	return hostcall.OK(dst, nil)
}

// Limits of a report page.
const (
	DefaultLimit = 10_000
	MaxLimit     = 100_000
)

func (o Options) report(ctx context.Context, c *wasm.Call, request, dst []byte) []byte {
	var q abi.JournalReport
	if err := q.Decode(request); err != nil {
		return hostcall.Malformed(dst, abi.OpJournalReport, err)
	}
	if !slices.Contains([]string{"sms", "request", "badRequest"}, q.Kind) {
		return hostcall.Malformed(dst, abi.OpJournalReport, errors.New(`kind is not "sms", "request" or "badRequest"`))
	}
	query, zone, bad := o.query(q)
	if bad != nil {
		return hostcall.Fail(dst, *bad)
	}
	page, err := o.open(ctx, q, query, zone)
	switch {
	case errors.Is(err, journal.ErrBadCursor):
		return hostcall.Fail(dst, abi.Error{Code: abi.CodeInvalid, Source: abi.SourceCaller, Message: "cursor", Detail: err.Error()})
	case err != nil:
		return hostcall.Internal(dst, abi.OpJournalReport, err)
	}
	a := abi.Attachment{ID: c.Attach(page), Size: -1, Rows: page.Len(), Next: page.Next}
	return hostcall.OK(dst, a.Append(nil))
}

// query turns the caller's dates into a half-open interval.
func (o Options) query(q abi.JournalReport) (journal.Query, *time.Location, *abi.Error) {
	invalid := func(parameter string, detail string) *abi.Error {
		return &abi.Error{Code: abi.CodeInvalid, Source: abi.SourceCaller, Message: parameter, Detail: detail}
	}
	zone := o.Zone
	if q.Zone != "" {
		z, err := time.LoadLocation(q.Zone)
		if err != nil || q.Zone == "Local" {
			return journal.Query{}, nil, invalid("tz", "unknown time zone")
		}
		zone = z
	}
	from, _, ok := instant(q.Start, zone)
	if !ok {
		return journal.Query{}, nil, invalid("start_date", "want YYYY-MM-DD or YYYY-MM-DD HH:MM:SS")
	}
	_, to, ok := instant(q.Stop, zone)
	if !ok {
		return journal.Query{}, nil, invalid("stop_date", "want YYYY-MM-DD or YYYY-MM-DD HH:MM:SS")
	}
	if !from.Before(to) {
		return journal.Query{}, nil, invalid("stop_date", "is before start_date")
	}
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultLimit
	}
	return journal.Query{From: from, To: to, Limit: min(limit, MaxLimit), Cursor: q.Cursor, BadOnly: q.Kind == "badRequest"}, zone, nil
}

// instant returns the interval that a date or a second covers, half-open.
func instant(s string, zone *time.Location) (from, to time.Time, ok bool) {
	if d, err := time.Parse(time.DateOnly, s); err == nil {
		from, _ = moments(d, zone)
		to, _ = moments(d.AddDate(0, 0, 1), zone)
		return from, to, true
	}
	if d, err := time.Parse(time.DateTime, s); err == nil {
		from, to = moments(d, zone)
		return from, to.Add(time.Second), true
	}
	return from, to, false
}

// moments returns when clocks in the zone first and last show what wall shows in
// UTC: twice in the hour that is repeated in autumn. A time that spring leaves out
// is the moment of the change.
func moments(wall time.Time, zone *time.Location) (first, last time.Time) {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, zone)
	begins, ends := t.ZoneBounds()
	if shown := t.Format(time.DateTime); shown != wall.Format(time.DateTime) {
		// Which side of the gap time.Date chooses is not laid down.
		if shown < wall.Format(time.DateTime) {
			return ends, ends
		}
		return begins, begins
	}
	first, last = t, t
	_, offset := t.Zone()
	if !begins.IsZero() {
		_, before := begins.Add(-1).Zone()
		if twin := t.Add(time.Duration(offset-before) * time.Second); before > offset && twin.Before(begins) {
			first = twin
		}
	}
	if !ends.IsZero() {
		_, after := ends.Zone()
		if twin := t.Add(time.Duration(offset-after) * time.Second); offset > after && !twin.Before(ends) {
			last = twin
		}
	}
	return first, last
}

func (o Options) open(ctx context.Context, q abi.JournalReport, query journal.Query, zone *time.Location) (*Page, error) {
	switch q.Kind {
	case "sms":
		p, err := o.Journal.SMS(ctx, query)
		if err != nil {
			return nil, err
		}
		return newPage(p.Rows, p.Next, smsColumns, zone, q.Extended), nil
	default:
		p, err := o.Journal.Requests(ctx, query)
		if err != nil {
			return nil, err
		}
		return newPage(p.Rows, p.Next, requestColumns, zone, q.Extended), nil
	}
}
