package app

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/history"
	journalcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/journal"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/trace"
)

// desk is what the gateway keeps for the panel: its figures and traces, the tail of
// its log, and what managers changed.
type desk struct {
	started time.Time
	history *history.Recorder
	// closing is closed when the gateway begins to stop.
	closing  chan struct{}
	endOnce  sync.Once
	progress progress
	undo     *undo
	traces   *trace.Recorder
	probes   chan struct{} // tests that run
	tail     *logging.Tail // nil: no log is kept
	exports  *admin.Exports
}

// slowRequest is what a request takes whose trace is kept longer.
const slowRequest = time.Second

// tracedPerSecond is how many requests of a second keep their steps: more than
// somebody looks at, and nothing beside what a busy gateway serves.
const tracedPerSecond = 200

// openDesk builds the desk; the store is open.
func (a *App) openDesk(ctx context.Context) error {
	d := &desk{started: time.Now().UTC(), closing: make(chan struct{}), traces: trace.New(slowRequest, tracedPerSecond, nil), probes: make(chan struct{}, maxProbes)}
	var err error
	if d.history, err = history.Open(ctx, history.Options{Store: deskStore{a.store.Prefix("history")}, Log: a.log.Named("history")}); err != nil {
		return fmt.Errorf("figures of the panel: %w", err)
	}
	d.undo = &undo{a.sealed("undo"), a.config().Journal.Retention.Audit}
	if d.exports, err = admin.OpenExports(filepath.Join(a.config().Gateway.Data, "exports"), a.journal, a.config().Gateway.TimeZone, a.log.Named("exports")); err != nil {
		return err
	}
	a.desk = d
	return nil
}

// end ends what streams to browsers.
func (d *desk) end() {
	if d != nil {
		d.endOnce.Do(func() { close(d.closing) })
	}
}

// observe counts a request.
func (d *desk) observe(o server.Observed) {
	d.history.Request(o.Module, o.Status, o.Took)
	d.traces.Done(trace.Trace{
		RequestID: o.RequestID, Began: o.Began.UTC(), Module: o.Module, Action: o.Action, User: o.User, Status: o.Status, Reason: o.Reason,
		Checked: milliseconds(o.Checked), Ran: milliseconds(o.Ran), Took: milliseconds(o.Took),
	})
	if o.User != "" && o.Module != "" && !o.Denied {
		d.history.Called(o.Module, o.Action, o.User)
	}
}

// deskStore is the part of the store that belongs to one of the desk's parts.
type deskStore struct{ view store.View }

var _ history.Store = deskStore{}

func (s deskStore) Put(key string, value []byte, ttl time.Duration) error {
	return s.view.Put([]byte(key), value, ttl)
}

func (s deskStore) Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error {
	return s.view.Scan(ctx, prefixRange([]byte(prefix)), func(key, value []byte) error { return fn(string(key), value) })
}

// countingJournal counts the outcomes of SMS on their way to the journal.
type countingJournal struct {
	journalcall.Journal
	history *history.Recorder
}

func (j countingJournal) EndSMS(ctx context.Context, id uint64, o journal.SMSOutcome) error {
	err := j.Journal.EndSMS(ctx, id, o)
	if err == nil {
		j.history.SMS(o.Result == journal.ResultOK)
	}
	return err
}

// ShowLog lets the panel show the last entries of the log that t is a sink of. Call
// it before Run.
func (a *App) ShowLog(t *logging.Tail) { a.desk.tail = t }

func (p panel) Log(instance string, after uint64) []logging.Kept {
	if p.app.desk.tail == nil {
		return nil
	}
	return p.app.desk.tail.Entries(instance, after)
}
