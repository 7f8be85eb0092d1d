package admin

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

// pagedJournal answers with pages of one record. Each waits for gate, when there
// is one.
type pagedJournal struct {
	Journal
	pages int
	gate  chan struct{}
	fails error

	mu    sync.Mutex
	asked []string // cursors
}

func (j *pagedJournal) SMS(ctx context.Context, q journal.Query) (journal.Page[journal.SMS], error) {
	j.mu.Lock()
	j.asked = append(j.asked, q.Cursor)
	n := len(q.Cursor)
	j.mu.Unlock()
	if j.gate != nil && n > 0 {
		select {
		case <-j.gate:
		case <-ctx.Done():
			return journal.Page[journal.SMS]{}, ctx.Err()
		}
	}
	if j.fails != nil {
		return journal.Page[journal.SMS]{}, j.fails
	}
	p := journal.Page[journal.SMS]{Rows: []journal.SMS{{ID: uint64(n + 1), Time: time.Unix(int64(n), 0).UTC(), Phone: "+79190000000", Message: "text"}}}
	if n+1 < j.pages {
		p.Next = strings.Repeat("n", n+1)
	}
	return p, nil
}

func (j *pagedJournal) times() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.asked)
}

// process runs exports until its end.
func process(t *testing.T, folder string, j Journal) (x *Exports, end func()) {
	t.Helper()
	x, err := OpenExports(folder, j, time.UTC, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); x.Run(ctx) }()
	end = sync.OnceFunc(func() { stop(); <-ended })
	t.Cleanup(end)
	return x, end
}

func wanted(t *testing.T, x *Exports, owner, format string) *export {
	t.Helper()
	now := time.Now().UTC()
	e := newExport(exportRecord{Owner: owner, View: exportView{
		ID: "id" + owner + format, Kind: "sms", Format: format, State: ExportRunning, Created: now, Until: now.Add(exportKept), Filter: exportFilter{To: now},
	}})
	if err := x.admit(e); err != nil {
		t.Fatal(err)
	}
	x.begin <- e
	return e
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}

func settled(t *testing.T, x *Exports, id, state string) exportView {
	t.Helper()
	var v exportView
	eventually(t, "an export is not "+state, func() bool {
		e := x.find(id)
		if e == nil {
			t.Fatal("no such export")
		}
		v = e.show()
		return v.State == state
	})
	return v
}

func inFolder(t *testing.T, folder string) []string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestExportsSurviveARestart(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "exports")
	j := &pagedJournal{pages: 3}
	x, end := process(t, folder, j)
	done := settled(t, x, wanted(t, x, "boss", "csv").show().ID, ExportDone)
	before, err := os.ReadFile(x.fileOf(done))
	if err != nil || done.Rows != 3 || int64(len(before)) != done.Bytes || strings.Contains(string(before), "79190000000") {
		t.Fatalf("%+v %q %v", done, before, err)
	}
	end()

	x, end = process(t, folder, &pagedJournal{fails: errors.New("must not be asked")})
	if got := settled(t, x, done.ID, ExportDone); got != done {
		t.Errorf("%+v, was %+v", got, done)
	}
	if after, err := os.ReadFile(x.fileOf(done)); err != nil || string(after) != string(before) {
		t.Errorf("%q %v", after, err)
	}
	if list := x.of("boss"); len(list) != 1 || len(x.of("maria")) != 0 {
		t.Errorf("%d exports", len(list))
	}
	// The file is lost meanwhile: that is told.
	end()
	if err := os.Remove(x.fileOf(done)); err != nil {
		t.Fatal(err)
	}
	x, _ = process(t, folder, j)
	if v := settled(t, x, done.ID, ExportFailed); !strings.Contains(v.Error, "make it again") {
		t.Errorf("%+v", v)
	}
	// Old ones go with their files.
	x.forget(done.Until)
	if names := inFolder(t, folder); x.find(done.ID) != nil || len(names) != 0 {
		t.Errorf("stays: %v", names)
	}
}

func TestAnUnfinishedExportIsBegunAgain(t *testing.T) {
	folder := t.TempDir()
	x, end := process(t, folder, &pagedJournal{pages: 3, gate: make(chan struct{})})
	id := wanted(t, x, "boss", "xlsx").show().ID
	eventually(t, "nothing is read", func() bool { return x.find(id).show().Rows > 0 })
	end()
	// The end of the process is no failure, and half a file is none.
	if names := inFolder(t, folder); !slices.Equal(names, []string{id + ".json"}) {
		t.Fatalf("%v", names)
	}
	// As a crash leaves it: half a file, half a record.
	for _, name := range []string{id + ".xlsx", id + ".json.new", "zzz.csv"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "broken.json"), []byte(`{"export":{"id":"broken","kind":"no`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "other.json"), []byte(`{"export":{"id":"../other","kind":"sms","format":"csv"}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	x, end = process(t, folder, &pagedJournal{pages: 3})
	v := settled(t, x, id, ExportDone)
	if v.Rows != 3 || v.Progress != 1 {
		t.Errorf("%+v", v)
	}
	if file, err := os.ReadFile(x.fileOf(v)); err != nil || int64(len(file)) != v.Bytes || !strings.HasPrefix(string(file), "PK") {
		t.Errorf("%d bytes, %v", len(file), err)
	}
	end()
	if names := inFolder(t, folder); !slices.Equal(names, []string{id + ".json", id + ".xlsx"}) {
		t.Errorf("%v", names)
	}
}

func TestAnExportThatEndsTheProcessIsGivenUp(t *testing.T) {
	folder := t.TempDir()
	x, end := process(t, folder, &pagedJournal{pages: 2, gate: make(chan struct{})})
	id := wanted(t, x, "boss", "csv").show().ID
	eventually(t, "nothing is read", func() bool { return x.find(id).show().Rows > 0 })
	crashed, err := os.ReadFile(x.recordOf(id))
	if err != nil || !strings.Contains(string(crashed), `"begun":1`) {
		t.Fatalf("%s %v", crashed, err)
	}
	end()
	// A stop in good order does not count.
	if stopped, err := os.ReadFile(x.recordOf(id)); err != nil || !strings.Contains(string(stopped), `"begun":0`) {
		t.Fatalf("%s %v", stopped, err)
	}
	third := strings.Replace(string(crashed), `"begun":1`, `"begun":3`, 1)
	if err := os.WriteFile(x.recordOf(id), []byte(third), 0o600); err != nil {
		t.Fatal(err)
	}
	j := &pagedJournal{pages: 2}
	x, _ = process(t, folder, j)
	if v := settled(t, x, id, ExportFailed); v.Error != errExportBegun.Error() || j.times() != 0 {
		t.Errorf("%+v, %d pages read", v, j.times())
	}
}

func TestACancelledExportLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	gate := make(chan struct{})
	x, end := process(t, folder, &pagedJournal{pages: 2, gate: gate})
	e := wanted(t, x, "boss", "csv")
	eventually(t, "nothing is read", func() bool { return e.show().Rows > 0 })
	x.drop(e)
	if x.find(e.show().ID) != nil {
		t.Error("it is still there")
	}
	end() // waits for the writer
	if names := inFolder(t, folder); len(names) != 0 {
		t.Errorf("stays: %v", names)
	}
}

func TestExportsAreBounded(t *testing.T) {
	gate := make(chan struct{})
	x, _ := process(t, t.TempDir(), &pagedJournal{pages: 2, gate: gate})
	wanted(t, x, "a", "csv")
	wanted(t, x, "b", "csv")
	if err := x.admit(newExport(exportRecord{Owner: "c", View: exportView{ID: "c", Kind: "sms", Format: "csv", State: ExportRunning}})); err == nil {
		t.Error("a third one is made at a time")
	}
	close(gate)
	settled(t, x, "idacsv", ExportDone)
	settled(t, x, "idbcsv", ExportDone)
	for i := range maxExportsOfUser {
		err := x.admit(newExport(exportRecord{Owner: "c", View: exportView{
			ID: "c" + strings.Repeat("c", i), Kind: "sms", Format: "csv", State: ExportDone, Until: time.Now().Add(time.Hour),
		}}))
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := x.admit(newExport(exportRecord{Owner: "c", View: exportView{ID: "x", Kind: "sms", Format: "csv"}})); err == nil {
		t.Error("a sixth one is kept")
	}
}
