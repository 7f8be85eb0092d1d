package admin

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
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
	// Until is when the gateway deletes the file, unless somebody does it before.
	Until time.Time `json:"until"`
	// Progress goes from 0 to 1 with the time of the records.
	Progress float64 `json:"progress"`
	Rows     int     `json:"rows"`
	Bytes    int64   `json:"bytes"`
	Error    string  `json:"error"`
	// Filter says which records are in it.
	Filter exportFilter `json:"filter"`
}

// exportFilter selects the records of an export.
type exportFilter struct {
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	Zone   string    `json:"tz,omitempty"`
	User   string    `json:"user,omitempty"`
	Module string    `json:"module,omitempty"`
	Action string    `json:"action,omitempty"`
	Text   string    `json:"text,omitempty"`
	Bad    bool      `json:"bad,omitempty"`
}

type exportsAnswer struct {
	Exports []exportView `json:"exports"`
}

func (a *API) createExport(c *call) (any, error) {
	v, err := a.readExport(c)
	if err != nil {
		return nil, err
	}
	// A query that this kind of record does not have is told now, not in the job.
	table, zone := exportTables[v.Kind], v.Filter.zone(a.opt.Zone)
	probe := v.Filter.query()
	probe.Limit = 1
	if _, err := table.page(c.ctx, a.opt.Journal, probe, zone); err != nil {
		return nil, err
	}
	e := newExport(exportRecord{Owner: c.login(), View: v})
	if err := a.opt.Exports.admit(e); err != nil {
		return nil, err
	}
	// Personal data leaves the gateway: that is recorded before it does.
	if err := a.audit(c, "journal.export", v.Kind, nil, map[string]any{"format": v.Format, "filter": v.Filter}); err != nil {
		a.opt.Exports.drop(e)
		return nil, err
	}
	a.opt.Exports.begin <- e
	c.status = http.StatusAccepted
	return e.show(), nil
}

// readExport reads which records are wanted.
func (a *API) readExport(c *call) (exportView, error) {
	now := time.Now().UTC()
	v := exportView{ID: strings.ToLower(rand.Text()[:16]), State: ExportRunning, Created: now, Until: now.Add(exportKept)}
	f := &v.Filter
	var from, to string
	err := c.decode(fields{
		"kind": str(&v.Kind), "format": str(&v.Format), "from": str(&from), "to": str(&to), "tz": str(&f.Zone),
		"user": str(&f.User), "module": str(&f.Module), "action": str(&f.Action), "text": str(&f.Text), "bad": boolean(&f.Bad),
	}, "kind", "format")
	if err != nil {
		return v, err
	}
	var found []Violation
	fault := func(name, message string) { found = append(found, Violation{Pointer: "/" + name, Message: message}) }
	if _, known := exportTables[v.Kind]; !known {
		fault("kind", "want requests, sms, calls or audit")
	}
	if _, err := sheet.ParseFormat(v.Format); err != nil {
		fault("format", "want csv or xlsx")
	}
	if _, err := time.LoadLocation(f.Zone); err != nil {
		fault("tz", "want a name such as Europe/Moscow")
		f.Zone = ""
	}
	in := f.zone(a.opt.Zone)
	for name, bound := range map[string]struct {
		text string
		to   *time.Time
	}{"from": {from, &f.From}, "to": {to, &f.To}} {
		if bound.text == "" {
			continue
		}
		if *bound.to, err = parseTime(bound.text, name == "to", in); err != nil {
			fault(name, wantTime)
		}
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(x, y Violation) int { return strings.Compare(x.Pointer, y.Pointer) })
		return v, Reject("export", found...)
	}
	// What comes later is not in it: begun again, it gives the same file.
	if now.After(f.From) && (f.To.IsZero() || f.To.After(now)) {
		f.To = now
	}
	if f.To.IsZero() {
		f.To = f.From // a time to come: nothing
	}
	return v, nil
}

// findExport returns an export of the caller; administrators reach all of them.
func (a *API) findExport(c *call) (*export, error) {
	e := a.opt.Exports.find(c.param("id"))
	if e == nil || e.owner != c.login() && !covers(c.who.Role, auth.RoleAdministrator) {
		return nil, problem.NotFound("No such export!")
	}
	return e, nil
}

func (a *API) listExports(c *call) (any, error) {
	out := exportsAnswer{[]exportView{}}
	for _, e := range a.opt.Exports.of(c.login()) {
		out.Exports = append(out.Exports, e.show())
	}
	slices.SortFunc(out.Exports, func(x, y exportView) int { return cmp.Or(y.Created.Compare(x.Created), strings.Compare(x.ID, y.ID)) })
	return out, nil
}

func (a *API) showExport(c *call) (any, error) {
	e, err := a.findExport(c)
	if err != nil {
		return nil, err
	}
	return e.show(), nil
}

func (a *API) deleteExport(c *call) (any, error) {
	e, err := a.findExport(c)
	if err != nil {
		return nil, err
	}
	a.opt.Exports.drop(e)
	return nil, nil
}

// download is an answer that is a file.
type download func(*fiber.Ctx) error

func (a *API) exportFile(c *call) (any, error) {
	e, err := a.findExport(c)
	if err != nil {
		return nil, err
	}
	v := e.show()
	if v.State != ExportDone {
		return nil, problem.Conflict("The export is not done!")
	}
	file, err := os.Open(a.opt.Exports.fileOf(v))
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
