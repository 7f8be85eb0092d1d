package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/sheet"
)

// Bounds of exports.
const (
	maxExportsRunning = 2
	maxExportsOfUser  = 5
	// exportKept is how long a file stays: long enough to fetch it the next morning.
	exportKept     = 24 * time.Hour
	exportTime     = 30 * time.Minute
	maxExportBytes = 1 << 30
	// maxExportBegun bounds how often an export is begun again after a restart: the
	// third time it may be the export that ends the process.
	maxExportBegun = 3
	forgetExports  = 5 * time.Minute
)

// Exports are the files of journal queries. They are made beside the requests: one
// of millions of records takes a while. What they are is kept beside the files, so
// that they are there after a restart; one that was being made is begun again.
type Exports struct {
	folder  string
	journal Journal
	zone    *time.Location
	log     hclog.Logger
	begin   chan *export
	again   []*export // what an earlier process has not finished

	mu   sync.Mutex
	jobs map[string]*export
}

// exportRecord is what is kept of an export, as <id>.json beside its file.
type exportRecord struct {
	Owner string     `json:"owner"`
	View  exportView `json:"export"`
	// Begun counts how often its making was begun.
	Begun int `json:"begun"`
}

// export is a file in the making, or made.
type export struct {
	owner string
	ctx   context.Context // ends with the export's time, or when nobody wants it any more
	stop  context.CancelFunc

	mu     sync.Mutex
	record exportRecord
	gone   bool // nobody wants it: nothing of it is kept
}

func newExport(r exportRecord) *export {
	e := &export{owner: r.Owner, record: r}
	e.ctx, e.stop = context.WithTimeout(context.Background(), exportTime)
	return e
}

func (e *export) show() exportView {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.record.View
}

func (e *export) update(change func(*exportView)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.record.View)
}

// OpenExports reads which exports there are in a folder, which it makes. Files that
// belong to none are removed. Nothing is made before [Exports.Run].
func OpenExports(folder string, j Journal, zone *time.Location, log hclog.Logger) (*Exports, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("folder of exports: %w", err)
	}
	x := &Exports{folder: folder, journal: j, zone: zone, log: log, jobs: map[string]*export{}, begin: make(chan *export, 64)}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("folder of exports: %w", err)
	}
	known := map[string]bool{}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".json" {
			continue
		}
		e, err := x.read(entry.Name())
		if err != nil {
			log.Warn("an export is lost", "file", entry.Name(), "error", err)
			continue
		}
		v := e.show()
		x.jobs[v.ID] = e
		if v.State == ExportRunning {
			x.again = append(x.again, e)
		}
		known[entry.Name()] = true
		if v.State == ExportDone {
			known[filepath.Base(x.fileOf(v))] = true
		}
	}
	for _, entry := range entries {
		if !known[entry.Name()] && !entry.IsDir() {
			if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("folder of exports: %w", err)
			}
		}
	}
	return x, nil
}

// read reads the record of one export.
func (x *Exports) read(name string) (*export, error) {
	text, err := os.ReadFile(filepath.Join(x.folder, name))
	if err != nil {
		return nil, err
	}
	var r exportRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	v := &r.View
	if v.ID+".json" != name || exportTables[v.Kind].page == nil || sheet.Format(v.Format).Extension() == "" {
		return nil, errors.New("it is no record of an export")
	}
	switch v.State {
	case ExportRunning:
		v.Rows, v.Progress = 0, 0
	case ExportDone:
		if info, err := os.Stat(x.fileOf(*v)); err != nil || info.Size() != v.Bytes {
			v.State, v.Error = ExportFailed, "its file is gone; make it again"
		}
	}
	return newExport(r), nil
}

// save keeps what an export is. A crash leaves the record before or the new one.
func (x *Exports) save(e *export) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.gone {
		return nil
	}
	text, err := json.Marshal(e.record)
	if err != nil {
		return fmt.Errorf("record of an export: %w", err)
	}
	path := x.recordOf(e.record.View.ID)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return fmt.Errorf("record of an export: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("record of an export: %w", err)
	}
	return nil
}

func (x *Exports) recordOf(id string) string { return filepath.Join(x.folder, id+".json") }

func (x *Exports) fileOf(v exportView) string {
	return filepath.Join(x.folder, v.ID+sheet.Format(v.Format).Extension())
}

// Run makes the files until ctx ends, and lets go of old ones. What is not done then
// is begun again by the next process.
func (x *Exports) Run(ctx context.Context) {
	var making sync.WaitGroup
	defer making.Wait()
	for _, e := range x.again {
		making.Go(func() { x.make(ctx, e) })
	}
	ticker := time.NewTicker(forgetExports)
	defer ticker.Stop()
	for {
		select {
		case e := <-x.begin:
			making.Go(func() { x.make(ctx, e) })
		case now := <-ticker.C:
			x.forget(now)
		case <-ctx.Done():
			return
		}
	}
}

// forget removes what is old.
func (x *Exports) forget(now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forgetLocked(now)
}

func (x *Exports) forgetLocked(now time.Time) {
	for _, e := range x.jobs {
		if v := e.show(); v.State != ExportRunning && !now.Before(v.Until) {
			x.dropLocked(e)
		}
	}
}

// drop ends an export and removes its file.
func (x *Exports) drop(e *export) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.dropLocked(e)
}

func (x *Exports) dropLocked(e *export) {
	e.stop()
	e.mu.Lock()
	e.gone = true
	v := e.record.View
	// When it is still being written, its writer removes it.
	_, _ = os.Remove(x.fileOf(v)), os.Remove(x.recordOf(v.ID))
	e.mu.Unlock()
	delete(x.jobs, v.ID)
}

// admit takes a new export in, or says why not.
func (x *Exports) admit(e *export) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forgetLocked(time.Now())
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
	if err := x.save(e); err != nil {
		return err
	}
	x.jobs[e.show().ID] = e
	return nil
}

func (x *Exports) find(id string) *export {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forgetLocked(time.Now())
	return x.jobs[id]
}

// of returns the exports of one user.
func (x *Exports) of(login string) []*export {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.forgetLocked(time.Now())
	var out []*export
	for _, e := range x.jobs {
		if e.owner == login {
			out = append(out, e)
		}
	}
	return out
}

// query is the filter as the journal reads it.
func (f exportFilter) query() journal.Query {
	return journal.Query{From: f.From, To: f.To, User: f.User, Module: f.Module, Action: f.Action, Text: f.Text, BadOnly: f.Bad}
}

// zone is where the times of the file are, which otherwise are where the gateway is.
func (f exportFilter) zone(otherwise *time.Location) *time.Location {
	if strings.TrimSpace(f.Zone) == "" {
		return otherwise
	}
	zone, err := time.LoadLocation(f.Zone)
	if err != nil {
		return otherwise
	}
	return zone
}
