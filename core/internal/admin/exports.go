package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
)

// Bounds of exports.
const (
	maxExportsRunning = 2
	maxExportsOfUser  = 5
	exportKept        = time.Hour
	exportTime        = 30 * time.Minute
	maxExportBytes    = 1 << 30
)

// States of an export.
const (
	ExportRunning = "running"
	ExportDone    = "done"
	ExportFailed  = "failed"
)

// exportView is one export.
type exportView struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Format  string    `json:"format"`
	State   string    `json:"state"`
	Created time.Time `json:"created"`
	// Progress goes from 0 to 1 with the time of the records.
	Progress float64 `json:"progress"`
	Rows     int     `json:"rows"`
	Bytes    int64   `json:"bytes"`
	Error    string  `json:"error"`
}

type exportsAnswer struct {
	Exports []exportView `json:"exports"`
}

// export is a file in the making, or made.
type export struct {
	owner string
	path  string
	stop  context.CancelFunc

	mu   sync.Mutex
	view exportView
}

func (e *export) show() exportView {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.view
}

func (e *export) update(change func(*exportView)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.view)
}

// exports are the files of journal queries. They are made beside the requests: one
// of millions of records takes a while.
type exports struct {
	mu   sync.Mutex
	jobs map[string]*export
}

// forget removes what is old. mu is held.
func (x *exports) forget(now time.Time) {
	for id, e := range x.jobs {
		if v := e.show(); v.State != ExportRunning && now.Sub(v.Created) > exportKept {
			e.remove()
			delete(x.jobs, id)
		}
	}
}

func (e *export) remove() {
	e.stop()
	_ = os.Remove(e.path) // when it is still being written, its writer removes it
}

// start takes a new export in, or says why not.
func (x *exports) start(e *export) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forget(time.Now())
	running, own := 0, 0
	for _, other := range x.jobs {
		if other.show().State == ExportRunning {
			running++
		}
		if other.owner == e.owner {
			own++
		}
	}
	switch {
	case running >= maxExportsRunning:
		return problem.TooMany(10 * time.Second).WithReason("too many exports are being made")
	case own >= maxExportsOfUser:
		return problem.Conflict("Delete an export first!")
	}
	if x.jobs == nil {
		x.jobs = map[string]*export{}
	}
	x.jobs[e.view.ID] = e
	return nil
}

// find returns an export of the caller; administrators reach all of them.
func (x *exports) find(c *call) (*export, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forget(time.Now())
	e := x.jobs[c.param("id")]
	if e == nil || e.owner != c.login() && !covers(c.who.Role, auth.RoleAdministrator) {
		return nil, problem.NotFound("No such export!")
	}
	return e, nil
}

func (a *API) createExport(c *call) (any, error) {
	var kind, format, from, to, zone string
	var q journal.Query
	err := c.decode(fields{
		"kind": str(&kind), "format": str(&format), "from": str(&from), "to": str(&to), "tz": str(&zone),
		"user": str(&q.User), "module": str(&q.Module), "action": str(&q.Action), "text": str(&q.Text), "bad": boolean(&q.BadOnly),
	}, "kind", "format")
	if err != nil {
		return nil, err
	}
	var found []Violation
	fault := func(name, message string) { found = append(found, Violation{Pointer: "/" + name, Message: message}) }
	table, known := exportTables[kind]
	if !known {
		fault("kind", "want requests, sms, calls or audit")
	}
	form, err := sheet.ParseFormat(format)
	if err != nil {
		fault("format", "want csv or xlsx")
	}
	in := a.opt.Zone
	if zone != "" {
		if in, err = time.LoadLocation(zone); err != nil {
			fault("tz", "want a name such as Europe/Moscow")
			in = a.opt.Zone
		}
	}
	for name, bound := range map[string]struct {
		text string
		to   *time.Time
	}{"from": {from, &q.From}, "to": {to, &q.To}} {
		if bound.text == "" {
			continue
		}
		if *bound.to, err = parseTime(bound.text, name == "to", in); err != nil {
			fault(name, wantTime)
		}
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(x, y Violation) int { return strings.Compare(x.Pointer, y.Pointer) })
		return nil, Reject("export", found...)
	}
	q.Limit = 1
	if _, err := table.page(c.ctx, a.opt.Journal, q, in); err != nil {
		return nil, err // a query that this kind of record does not have
	}
	id := strings.ToLower(rand.Text()[:16])
	ctx, stop := context.WithTimeout(context.Background(), exportTime)
	e := &export{
		owner: c.login(), path: filepath.Join(a.opt.Exports, id+form.Extension()), stop: stop,
		view: exportView{ID: id, Kind: kind, Format: format, State: ExportRunning, Created: time.Now().UTC()},
	}
	if err := a.exports.start(e); err != nil {
		stop()
		return nil, err
	}
	// Personal data leaves the gateway: that is recorded before it does.
	filter := map[string]any{"kind": kind, "format": format, "from": from, "to": to, "user": q.User, "module": q.Module, "action": q.Action, "text": q.Text, "bad": q.BadOnly}
	if err := a.audit(c, "journal.export", kind, nil, filter); err != nil {
		return nil, err
	}
	go a.runExport(ctx, e, table, form, q, in)
	c.status = http.StatusAccepted
	return e.show(), nil
}

func (a *API) runExport(ctx context.Context, e *export, table exportTable, form sheet.Format, q journal.Query, zone *time.Location) {
	defer e.stop()
	go func() {
		select {
		case <-a.opt.Closing:
			e.stop()
		case <-ctx.Done():
		}
	}()
	size, err := a.writeExport(ctx, e, table, form, q, zone)
	if err != nil {
		_ = os.Remove(e.path) // nobody has use for half of it
		a.opt.Log.Warn("an export failed", "kind", e.view.Kind, "error", err)
	}
	e.update(func(v *exportView) {
		v.State, v.Bytes, v.Progress = ExportDone, size, 1
		if err != nil {
			v.State, v.Error = ExportFailed, exportFault(err)
		}
	})
}

// exportFault is what the caller learns.
func exportFault(err error) string {
	switch {
	case errors.Is(err, sheet.ErrTooManyRows), errors.Is(err, errExportSize):
		return err.Error()
	case errors.Is(err, context.Canceled):
		return "it was stopped"
	case errors.Is(err, context.DeadlineExceeded):
		return "it took longer than " + exportTime.String() + "; narrow the range"
	}
	return "it could not be written; the log says why"
}

var errExportSize = fmt.Errorf("the file is larger than %d MiB; narrow the range", maxExportBytes>>20)

// bounded stops a file that grows too large.
type bounded struct {
	file *os.File
	size int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.size += int64(len(p)); b.size > maxExportBytes {
		return 0, errExportSize
	}
	return b.file.Write(p)
}

func (a *API) writeExport(ctx context.Context, e *export, table exportTable, form sheet.Format, q journal.Query, zone *time.Location) (size int64, err error) {
	if err := os.MkdirAll(a.opt.Exports, 0o700); err != nil {
		return 0, fmt.Errorf("folder of exports: %w", err)
	}
	file, err := os.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, fmt.Errorf("export: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	out := &bounded{file: file}
	q.Limit = exportPage
	first, end := q.From, cmp.Or(q.To, time.Now())
	rows := func(yield func([]sheet.Cell, error) bool) {
		for q := q; ; {
			p, err := table.page(ctx, a.opt.Journal, q, zone)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, row := range p.rows {
				if !yield(row, nil) {
					return
				}
			}
			if first.IsZero() {
				first = p.first
			}
			e.update(func(v *exportView) {
				v.Rows += len(p.rows)
				if span := end.Sub(first); span > 0 && !p.last.IsZero() {
					v.Progress = min(max(p.last.Sub(first).Seconds()/span.Seconds(), v.Progress), .99)
				}
			})
			if q.Cursor = p.next; p.next == "" {
				return
			}
		}
	}
	if err := sheet.Write(out, form, table.columns, rows); err != nil {
		return 0, err
	}
	return out.size, nil
}

func (a *API) listExports(c *call) (any, error) {
	a.exports.mu.Lock()
	defer a.exports.mu.Unlock()
	a.exports.forget(time.Now())
	out := exportsAnswer{[]exportView{}}
	for _, e := range a.exports.jobs {
		if e.owner == c.login() {
			out.Exports = append(out.Exports, e.show())
		}
	}
	slices.SortFunc(out.Exports, func(x, y exportView) int { return y.Created.Compare(x.Created) })
	return out, nil
}

func (a *API) showExport(c *call) (any, error) {
	e, err := a.exports.find(c)
	if err != nil {
		return nil, err
	}
	return e.show(), nil
}

func (a *API) deleteExport(c *call) (any, error) {
	e, err := a.exports.find(c)
	if err != nil {
		return nil, err
	}
	a.exports.mu.Lock()
	defer a.exports.mu.Unlock()
	e.remove()
	delete(a.exports.jobs, e.show().ID)
	return nil, nil
}

// download is an answer that is a file.
type download func(*fiber.Ctx) error

func (a *API) exportFile(c *call) (any, error) {
	e, err := a.exports.find(c)
	if err != nil {
		return nil, err
	}
	v := e.show()
	if v.State != ExportDone {
		return nil, problem.Conflict("The export is not done!")
	}
	file, err := os.Open(e.path)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return download(func(f *fiber.Ctx) error {
		f.Set(fiber.HeaderContentType, sheet.Format(v.Format).ContentType())
		f.Set(fiber.HeaderContentDisposition, `attachment; filename="`+v.Kind+"-"+v.Created.Format("20060102-150405")+"."+v.Format+`"`)
		f.Set(fiber.HeaderXContentTypeOptions, "nosniff")
		f.Context().SetBodyStream(file, int(v.Bytes)) // closes the file at the end
		return nil
	}), nil
}

func idCell(id uint64) sheet.Cell { return sheet.Text(strconv.FormatUint(id, 10)) }
