package journalcall

import (
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

// Page is a page of a report, held by the host until the server has written it.
// All values are text, as in the manual.
type Page struct {
	// Columns are the names, in order.
	Columns []string
	// Next is the cursor of the following page.
	Next string

	rows int
	cell func(row, column int) string
}

// Len returns the number of rows.
func (p *Page) Len() int { return p.rows }

// Cell returns one value.
func (p *Page) Cell(row, column int) string { return p.cell(row, column) }

// Names returns the column names in order.
func (p *Page) Names() []string { return p.Columns }

// Close releases the page; it holds nothing but memory.
func (p *Page) Close() error { return nil }

// column is one column of a report; those behind the manual's are extended.
type column[T any] struct {
	name     string
	extended bool
	text     func(r *T, zone *time.Location) string
}

func newPage[T any](rows []T, next string, all []column[T], zone *time.Location, extended bool) *Page {
	var columns []column[T]
	p := &Page{Next: next, rows: len(rows)}
	for _, c := range all {
		if !c.extended || extended {
			columns = append(columns, c)
			p.Columns = append(p.Columns, c.name)
		}
	}
	p.cell = func(row, col int) string { return columns[col].text(&rows[row], zone) }
	return p
}

func stamp(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone).Format(time.DateTime)
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// The manual's columns come first, in the manual's order and spelling.
var requestColumns = []column[journal.Request]{
	{name: "id", text: func(r *journal.Request, _ *time.Location) string { return number(r.ID) }},
	{name: "body_request", text: func(r *journal.Request, _ *time.Location) string { return r.Body }},
	{name: "module", text: func(r *journal.Request, _ *time.Location) string { return r.Module }},
	{name: "action", text: func(r *journal.Request, _ *time.Location) string { return r.Action }},
	{name: "code_response", text: func(r *journal.Request, _ *time.Location) string { return strconv.Itoa(r.Status) }},
	{name: "error_message", text: func(r *journal.Request, _ *time.Location) string { return r.Error }},
	{name: "created_at", text: func(r *journal.Request, z *time.Location) string { return stamp(r.Time, z) }},
	{name: "user", extended: true, text: func(r *journal.Request, _ *time.Location) string { return r.User }},
	{name: "ip", extended: true, text: func(r *journal.Request, _ *time.Location) string { return r.IP }},
	{name: "duration_ms", extended: true, text: func(r *journal.Request, _ *time.Location) string {
		return strconv.FormatFloat(float64(r.Duration.Microseconds())/1000, 'f', 3, 64)
	}},
	{name: "request_id", extended: true, text: func(r *journal.Request, _ *time.Location) string { return r.RequestID }},
	{name: "reason", extended: true, text: func(r *journal.Request, _ *time.Location) string { return r.Reason }},
	{name: "ignored", extended: true, text: func(r *journal.Request, _ *time.Location) string { return strings.Join(r.Ignored, ",") }},
	{name: "error_id", extended: true, text: func(r *journal.Request, _ *time.Location) string { return r.ErrorID }},
}

var smsColumns = []column[journal.SMS]{
	{name: "Id", text: func(r *journal.SMS, _ *time.Location) string { return number(r.ID) }},
	{name: "phone", text: func(r *journal.SMS, _ *time.Location) string { return r.Phone }},
	{name: "originator", text: func(r *journal.SMS, _ *time.Location) string { return r.Originator }},
	{name: "message", text: func(r *journal.SMS, _ *time.Location) string { return r.Message }},
	{name: "result", text: func(r *journal.SMS, _ *time.Location) string { return r.Result }},
	{name: "project_id", text: func(r *journal.SMS, _ *time.Location) string { return r.ProjectID }},
	{name: "session_id", text: func(r *journal.SMS, _ *time.Location) string { return r.SessionID }},
	{name: "date_time", text: func(r *journal.SMS, z *time.Location) string { return stamp(r.Time, z) }},
	{name: "user", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.User }},
	{name: "request_id", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.RequestID }},
	{name: "provider", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.Provider }},
	{name: "message_id", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.MessageID }},
	{name: "segments", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return strconv.Itoa(r.Segments) }},
	{name: "detail", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.Detail }},
	{name: "done_at", extended: true, text: func(r *journal.SMS, z *time.Location) string { return stamp(r.Done, z) }},
	{name: "route", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.Route }},
	{name: "status", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return string(r.Status) }},
	{name: "status_detail", extended: true, text: func(r *journal.SMS, _ *time.Location) string { return r.StatusDetail }},
	{name: "status_at", extended: true, text: func(r *journal.SMS, z *time.Location) string { return stamp(r.StatusAt, z) }},
}
