package admin

import (
	"context"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// Undo remembers what changes of the configuration replaced, secrets included, so
// that one of them can be taken back.
type Undo interface {
	// Keep remembers what a change replaced under the id of its audit record. change
	// is what the gateway noted; see [Note].
	Keep(audit uint64, change any) error
	// Undoable reports for each audit record whether its change can be taken back.
	Undoable(audits []uint64) (map[uint64]bool, error)
	// Restore takes one change back and leaves later ones alone.
	//
	// # Errors
	//
	// Those of [Changes]; 409 when something that the change touched was changed
	// again.
	Restore(ctx context.Context, audit, version uint64) (Change, error)
}

type noteKey struct{}

type note struct{ change any }

func withNote(ctx context.Context) context.Context {
	return context.WithValue(ctx, noteKey{}, &note{})
}

// Note attaches what a change replaced to the request that made it, for the audit
// record that follows. It does nothing outside of a request.
func Note(ctx context.Context, change any) {
	if n, ok := ctx.Value(noteKey{}).(*note); ok {
		n.change = change
	}
}

// keepUndo hands what was noted on. Nothing is lost when that fails but the
// possibility to take the change back, so it is only logged.
func (a *API) keepUndo(ctx context.Context, id uint64) error {
	n, ok := ctx.Value(noteKey{}).(*note)
	if !ok || n.change == nil || a.opt.Gateway == nil {
		return nil
	}
	if err := a.opt.Gateway.Keep(id, n.change); err != nil {
		a.opt.Log.Warn("a change cannot be taken back later", "audit", id, "error", err)
	}
	n.change = nil
	return nil
}

// changeRow is one administrative change.
type changeRow struct {
	auditRow
	// Undoable says that POST /changes/{id}/restore may take it back.
	Undoable bool `json:"undoable"`
	// Lasting says why it cannot: secret, deleted, version or changed; "" when it can,
	// and for what changed nothing.
	Lasting string `json:"lasting,omitempty"`
}

func (a *API) changes(c *call) (any, error) {
	q, err := a.query(c, "action")
	if err != nil {
		return nil, err
	}
	p, err := a.opt.Journal.Audits(c.ctx, q)
	if err != nil {
		return nil, err
	}
	ids := make([]uint64, len(p.Rows))
	for i := range p.Rows {
		ids[i] = p.Rows[i].ID
	}
	can, err := a.opt.Gateway.Undoable(ids)
	if err != nil {
		return nil, err
	}
	return newPage(p, nil, func(r *journal.Audit) changeRow {
		row := changeRow{auditRow: newAuditRow(r), Undoable: can[r.ID]}
		if u := undoOfUser(r); u != nil {
			row.Undoable = a.possible(u)
		}
		if !row.Undoable {
			row.Lasting = lasting(r.Action)
		}
		return row
	})
}

// restore takes one change back. The time of the change finds its record.
func (a *API) restore(c *call) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	id, at, err := c.place()
	if err != nil {
		return nil, err
	}
	record, err := a.auditAt(c.ctx, id, at)
	if err != nil {
		return nil, err
	}
	if undo := undoOfUser(record); undo != nil {
		if !covers(c.who.Role, auth.RoleAdministrator) {
			return nil, forbidden("users are for administrators")
		}
		return a.restoreUser(c, record, undo)
	}
	change, err := a.opt.Gateway.Restore(c.ctx, id, version)
	if err != nil {
		return nil, err
	}
	after := map[string]any{"restored": record.ID, "action": record.Action, "state": change.After}
	if err := a.audit(c, "change.restore", record.Object, change.Before, after); err != nil {
		return nil, err
	}
	return restoredView{record.Object, change.Before, change.After}, nil
}

// restoredView says what taking a change back has changed.
type restoredView struct {
	Object string `json:"object"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// auditAt finds an audit record by its id and its time.
func (a *API) auditAt(ctx context.Context, id uint64, at time.Time) (*journal.Audit, error) {
	p, err := a.opt.Journal.Audits(ctx, spotOf(at))
	if err != nil {
		return nil, err
	}
	for i := range p.Rows {
		if p.Rows[i].ID == id {
			return &p.Rows[i], nil
		}
	}
	return nil, problem.NotFound("No such record!")
}

// spotOf selects the records of one moment.
func spotOf(at time.Time) journal.Query {
	at = at.Truncate(time.Microsecond)
	return journal.Query{From: at, To: at.Add(time.Microsecond), Limit: maxRecords}
}
