package admin

import (
	"context"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
)

// exportPage is how many records are read at a time.
const exportPage = 5000

// exportTable is one kind of record as a table.
type exportTable struct {
	columns []string
	page    func(ctx context.Context, j Journal, q journal.Query, zone *time.Location) (exportRows, error)
}

// exportRows is a part of a table.
type exportRows struct {
	rows        [][]sheet.Cell
	first, last time.Time
	next        string
}

func exportRowsOf[R any](p journal.Page[R], err error, at func(*R) time.Time, cells func(*R) []sheet.Cell) (exportRows, error) {
	if err != nil {
		return exportRows{}, err
	}
	out := exportRows{rows: make([][]sheet.Cell, len(p.Rows)), next: p.Next}
	for i := range p.Rows {
		out.rows[i] = cells(&p.Rows[i])
	}
	if n := len(p.Rows); n > 0 {
		out.first, out.last = at(&p.Rows[0]), at(&p.Rows[n-1])
	}
	return out, nil
}

// exportTables have the numbers shortened as the lists do.
var exportTables = map[string]exportTable{
	"requests": {
		[]string{"id", "time", "module", "action", "status", "error", "body", "user", "ip", "duration_ms", "request_id", "reason", "error_id"},
		func(ctx context.Context, j Journal, q journal.Query, zone *time.Location) (exportRows, error) {
			p, err := j.Requests(ctx, q)
			return exportRowsOf(p, err, func(r *journal.Request) time.Time { return r.Time }, func(r *journal.Request) []sheet.Cell {
				return []sheet.Cell{
					idCell(r.ID), timeCell(r.Time, zone), sheet.Text(r.Module), sheet.Text(r.Action), sheet.Integer(int64(r.Status)), sheet.Text(r.Error),
					sheet.Text(hideNumbers(r.Body)), sheet.Text(r.User), sheet.Text(r.IP), sheet.Number(milliseconds(r.Duration)), sheet.Text(r.RequestID),
					sheet.Text(r.Reason), sheet.Text(r.ErrorID),
				}
			})
		},
	},
	"sms": {
		[]string{"id", "time", "phone", "originator", "message", "project_id", "session_id", "user", "request_id", "provider", "message_id", "result", "detail", "segments", "done", "route", "status", "status_detail", "status_at"},
		func(ctx context.Context, j Journal, q journal.Query, zone *time.Location) (exportRows, error) {
			p, err := j.SMS(ctx, q)
			return exportRowsOf(p, err, func(r *journal.SMS) time.Time { return r.Time }, func(r *journal.SMS) []sheet.Cell {
				return []sheet.Cell{
					idCell(r.ID), timeCell(r.Time, zone), sheet.Text(hideNumber(r.Phone)), sheet.Text(r.Originator), sheet.Text(r.Message), sheet.Text(r.ProjectID),
					sheet.Text(r.SessionID), sheet.Text(r.User), sheet.Text(r.RequestID), sheet.Text(r.Provider), sheet.Text(r.MessageID), sheet.Text(r.Result),
					sheet.Text(r.Detail), sheet.Integer(int64(r.Segments)), timeCell(r.Done, zone), sheet.Text(r.Route), sheet.Text(string(r.Status)),
					sheet.Text(r.StatusDetail), timeCell(r.StatusAt, zone),
				}
			})
		},
	},
	"calls": {
		[]string{"id", "time", "node", "called", "caller", "account", "uuid", "user", "request_id", "result", "detail", "done"},
		func(ctx context.Context, j Journal, q journal.Query, zone *time.Location) (exportRows, error) {
			p, err := j.Calls(ctx, q)
			return exportRowsOf(p, err, func(r *journal.Call) time.Time { return r.Time }, func(r *journal.Call) []sheet.Cell {
				return []sheet.Cell{
					idCell(r.ID), timeCell(r.Time, zone), sheet.Text(r.Node), sheet.Text(hideNumber(r.Called)), sheet.Text(hideNumber(r.Caller)), sheet.Text(r.Account),
					sheet.Text(r.UUID), sheet.Text(r.User), sheet.Text(r.RequestID), sheet.Text(r.Result), sheet.Text(r.Detail), timeCell(r.Done, zone),
				}
			})
		},
	},
	"audit": {
		[]string{"id", "time", "user", "ip", "action", "object", "before", "after", "request_id"},
		func(ctx context.Context, j Journal, q journal.Query, zone *time.Location) (exportRows, error) {
			p, err := j.Audits(ctx, q)
			return exportRowsOf(p, err, func(r *journal.Audit) time.Time { return r.Time }, func(r *journal.Audit) []sheet.Cell {
				return []sheet.Cell{
					idCell(r.ID), timeCell(r.Time, zone), sheet.Text(r.User), sheet.Text(r.IP), sheet.Text(r.Action), sheet.Text(r.Object), sheet.Text(r.Before),
					sheet.Text(r.After), sheet.Text(r.RequestID),
				}
			})
		},
	},
}

func timeCell(t time.Time, zone *time.Location) sheet.Cell {
	if t.IsZero() {
		return sheet.Null()
	}
	return sheet.Text(t.In(zone).Format("2006-01-02 15:04:05"))
}
