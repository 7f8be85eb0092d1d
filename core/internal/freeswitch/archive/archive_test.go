package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/archive"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	callID = "6b9a1c55-2b1c-4c0e-9d2f-0a1b2c3d4e5f"
	coreA  = "11111111-1111-4111-8111-111111111111"
	coreB  = "22222222-2222-4222-8222-222222222222"
)

var day = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// record is a small call record.
func record(core, id, caller string) []byte {
	return fmt.Appendf(nil, `<?xml version="1.0"?><cdr core-uuid="%s"><variables><uuid>%s</uuid><caller>%s</caller></variables></cdr>`, core, id, caller)
}

func open(t testing.TB) (*archive.Archive, *bytes.Buffer) {
	t.Helper()
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	log := &bytes.Buffer{}
	return archive.New(s.Prefix("cdr"), time.Hour, hclog.New(&hclog.LoggerOptions{Output: log})), log
}

func save(t testing.TB, a *archive.Archive, body []byte, at time.Time, fresh bool) {
	t.Helper()
	if got, err := a.Save("pbx1", body, at); err != nil || got != fresh {
		t.Fatalf("fresh %t, %v; want %t", got, err, fresh)
	}
}

func TestSaveAndFind(t *testing.T) {
	a, _ := open(t)
	body := record(coreA, callID, "1001")
	save(t, a, body, day, true)
	save(t, a, body, day.Add(time.Minute), false) // FreeSWITCH repeats until it hears a 2xx
	for _, id := range []string{callID, strings.ToUpper(callID)} {
		r, e, err := a.Find(t.Context(), id)
		if err != nil || r.UUID != callID || r.Variable("caller") != "1001" {
			t.Fatalf("%s: %+v %v", id, r, err)
		}
		if e.Node != "pbx1" || !e.Received.Equal(day) || !bytes.Equal(e.Raw, body) {
			t.Errorf("%+v", e)
		}
	}
}

func TestUpperCase(t *testing.T) {
	a, _ := open(t)
	save(t, a, record(coreA, strings.ToUpper(callID), "1001"), day, true)
	if r, _, err := a.Find(t.Context(), callID); err != nil || r.UUID != strings.ToUpper(callID) {
		t.Errorf("%+v %v", r, err)
	}
}

// TestForms: the same call in the encodings of mod_xml_cdr is one record.
func TestForms(t *testing.T) {
	a, _ := open(t)
	body := record(coreA, callID, "1001")
	save(t, a, body, day, true)
	form := append([]byte("cdr="), strings.NewReplacer("<", "%3C", ">", "%3E", "\"", "%22", " ", "%20", "=", "%3D").Replace(string(body))...)
	save(t, a, form, day, false)
	save(t, a, append([]byte("\n\n"), body...), day, false)
}

// TestNewestCounts: a restarted FreeSWITCH may use a uuid again.
func TestNewestCounts(t *testing.T) {
	a, _ := open(t)
	save(t, a, record(coreB, callID, "new"), day.Add(time.Hour), true)
	save(t, a, record(coreA, callID, "old"), day, true)
	// Neighbours in the store: ids that begin alike.
	save(t, a, record(coreA, callID+"0", "longer"), day.Add(2*time.Hour), true)
	save(t, a, record(coreA, "a", "short"), day.Add(2*time.Hour), true)
	r, e, err := a.Find(t.Context(), callID)
	if err != nil || r.Variable("caller") != "new" || !e.Received.Equal(day.Add(time.Hour)) {
		t.Errorf("%+v %+v %v", r, e, err)
	}
}

// TestHostileIDs: what is no uuid is not found, and reaches no store.
func TestHostileIDs(t *testing.T) {
	a, _ := open(t)
	save(t, a, record(coreA, callID, "1001"), day, true)
	for _, id := range []string{
		"", "a", callID[:35], callID + "0", " " + callID, "{" + callID + "}", "urn:uuid:" + callID, strings.ReplaceAll(callID, "-", ""),
		strings.ReplaceAll(callID, "-", "_"), callID[:35] + "\x00", callID[:35] + "*", "../../../../../../../../../etc/passwd", strings.Repeat("я", 18),
		"00000000-0000-0000-0000-000000000000",
	} {
		if r, _, err := a.Find(t.Context(), id); !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("%q: %+v %v", id, r, err)
		}
	}
}

// TestDamaged: a damaged record is kept as it came; what is none is refused.
func TestDamaged(t *testing.T) {
	a, log := open(t)
	damaged := []byte(`<cdr core-uuid="` + coreA + `"><variables><uuid>` + callID + `</uuid><9digit>x</9digit></variables></cdr>`)
	save(t, a, damaged, day, true)
	if r, e, err := a.Find(t.Context(), callID); err != nil || !r.Malformed || !bytes.Equal(e.Raw, damaged) {
		t.Errorf("%+v %v", r, err)
	}
	nameless := []byte(`<cdr core-uuid="` + coreA + `"><variables><a>1</a></variables></cdr>`)
	save(t, a, nameless, day, true)
	save(t, a, nameless, day, false)
	if n := strings.Count(log.String(), "a call record is damaged"); n != 3 {
		t.Errorf("%d warnings:\n%s", n, log)
	}
	for name, body := range map[string][]byte{"nothing": nil, "blank": []byte(" \n"), "text": []byte("hello"), "another form": []byte("a=b")} {
		if _, err := a.Save("pbx1", body, day); !errors.Is(err, cdr.ErrNotCDR) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Save("pbx1", bytes.Repeat([]byte("x"), cdr.MaxBody+1), day); !errors.Is(err, cdr.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestClosedStore(t *testing.T) {
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	a := archive.New(s.Prefix("cdr"), 0, hclog.NewNullLogger())
	save(t, a, record(coreA, callID, "1001"), day, true)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Save("pbx1", record(coreA, callID, "1001"), day); !errors.Is(err, store.ErrClosed) {
		t.Errorf("save: %v", err)
	}
	if _, _, err := a.Find(t.Context(), callID); !errors.Is(err, store.ErrClosed) || errors.Is(err, archive.ErrNotFound) {
		t.Errorf("find: %v", err)
	}
}

// TestCrowd: the same record from many posts at once.
func TestCrowd(t *testing.T) {
	a, _ := open(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if _, err := a.Save("pbx1", record(coreA, callID, "1001"), day.Add(time.Duration(i))); err != nil {
				t.Error(err)
			}
			if _, _, err := a.Find(t.Context(), callID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// folder is an error directory; files are as old as given.
type folder struct {
	t   testing.TB
	dir string
}

func (f folder) file(name string, body []byte, age time.Duration) {
	f.t.Helper()
	path := filepath.Join(f.dir, name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Chtimes(path, day.Add(-age), day.Add(-age)); err != nil {
		f.t.Fatal(err)
	}
}

// names lists the files below the folder.
func (f folder) names() []string {
	f.t.Helper()
	var out []string
	err := filepath.WalkDir(f.dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, _ := filepath.Rel(f.dir, path)
			out = append(out, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

func TestImport(t *testing.T) {
	a, log := open(t)
	f := folder{t, t.TempDir()}
	id := func(n int) string { return fmt.Sprintf("%08d%s", n, callID[8:]) }
	f.file("a.cdr.xml", record(coreA, id(1), "1"), time.Minute)
	f.file("b.cdr.json", []byte(`{"core-uuid":"`+coreA+`","variables":{"uuid":"`+id(2)+`"}}`), time.Minute)
	f.file("same.cdr.xml", record(coreA, id(1), "1"), time.Minute)
	f.file("young.cdr.xml", record(coreA, id(3), "3"), time.Second)
	f.file("future.cdr.xml", record(coreA, id(4), "4"), -time.Hour)
	f.file("empty.cdr.xml", nil, time.Minute)
	f.file("text.cdr.xml", []byte("hello"), time.Minute)
	f.file("large.cdr.xml", bytes.Repeat([]byte("x"), cdr.MaxBody+1), time.Minute)
	f.file("notes.txt", record(coreA, id(5), "5"), time.Minute)
	if err := os.Mkdir(filepath.Join(f.dir, "dir.xml"), 0o700); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(t.TempDir(), "outside.xml")
	if err := os.WriteFile(outside, record(coreA, id(6), "6"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(f.dir, "link.cdr.xml")); err != nil {
		t.Fatal(err)
	}

	if n, err := a.Import(t.Context(), "pbx1", f.dir, day); n != 2 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	want := []string{
		"future.cdr.xml", "imported/a.cdr.xml", "imported/b.cdr.json", "imported/same.cdr.xml", "link.cdr.xml", "notes.txt",
		"rejected/empty.cdr.xml", "rejected/large.cdr.xml", "rejected/text.cdr.xml", "young.cdr.xml",
	}
	if got := f.names(); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if n := strings.Count(log.String(), "is no call record"); n != 3 {
		t.Errorf("%d rejections are logged:\n%s", n, log)
	}
	for n, found := range map[int]bool{1: true, 2: true, 3: false, 4: false, 5: false, 6: false} {
		if _, _, err := a.Find(t.Context(), id(n)); found != (err == nil) {
			t.Errorf("call %d: %v", n, err)
		}
	}
	if n, err := a.Import(t.Context(), "pbx1", f.dir, day.Add(2*time.Second)); n != 1 || err != nil {
		t.Errorf("when the young one has settled: %d, %v", n, err)
	}
}

// TestImportUnmovable: what cannot be moved is stored, reported, and stored again
// next time, which changes nothing.
func TestImportUnmovable(t *testing.T) {
	a, _ := open(t)
	f := folder{t, t.TempDir()}
	f.file("a.cdr.xml", record(coreA, callID, "1"), time.Minute)
	f.file("imported", []byte("a file in the way"), time.Minute)
	for i, want := range []int{1, 0} {
		n, err := a.Import(t.Context(), "pbx1", f.dir, day)
		if n != want || err == nil || !strings.Contains(err.Error(), "a.cdr.xml is stored but cannot be moved") {
			t.Errorf("time %d: %d, %v", i, n, err)
		}
	}
	if _, _, err := a.Find(t.Context(), callID); err != nil {
		t.Error(err)
	}
}

// TestImportEscape: a link in place of the folder leads nowhere.
func TestImportEscape(t *testing.T) {
	a, _ := open(t)
	f := folder{t, t.TempDir()}
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(f.dir, "imported")); err != nil {
		t.Fatal(err)
	}
	f.file("a.cdr.xml", record(coreA, callID, "1"), time.Minute)
	if _, err := a.Import(t.Context(), "pbx1", f.dir, day); err == nil {
		t.Error("the file was moved through a link")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 0 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestImportFaults(t *testing.T) {
	a, _ := open(t)
	if _, err := a.Import(t.Context(), "pbx1", filepath.Join(t.TempDir(), "missing"), day); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	f := folder{t, t.TempDir()}
	f.file("a.cdr.xml", record(coreA, callID, "1"), time.Minute)
	ended, stop := context.WithCancel(t.Context())
	stop()
	if n, err := a.Import(ended, "pbx1", f.dir, day); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d, %v", n, err)
	}
}

// TestWatch: imports at once, and ends with its context.
func TestWatch(t *testing.T) {
	a, _ := open(t)
	f := folder{t, t.TempDir()}
	f.file("a.cdr.xml", record(coreA, callID, "1"), 24*365*20*time.Hour)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); a.Watch(ctx, "pbx1", f.dir, time.Millisecond) }()
	for {
		if _, _, err := a.Find(t.Context(), callID); err == nil {
			break
		}
		time.Sleep(time.Millisecond)
	}
	stop()
	<-done
}

// FuzzSave: whatever is posted, a record that was accepted is there once.
func FuzzSave(f *testing.F) {
	f.Add(record(coreA, callID, "1"))
	f.Add([]byte(`{"core-uuid":"x","variables":{"uuid":"y"}}`))
	f.Add([]byte("cdr=%3Ccdr%3E"))
	f.Add([]byte("<cdr><variables><uuid>\xff</uuid>"))
	a, _ := open(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := a.Save("pbx1", body, day); err != nil {
			if !errors.Is(err, cdr.ErrNotCDR) && !errors.Is(err, cdr.ErrTooLarge) {
				t.Error(err)
			}
			return
		}
		if fresh, err := a.Save("pbx1", body, day); err != nil || fresh {
			t.Errorf("again: %t %v", fresh, err)
		}
		r, err := cdr.Parse(body)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := a.Find(t.Context(), r.UUID); err != nil && !errors.Is(err, archive.ErrNotFound) {
			t.Error(err)
		}
	})
}

// number is a matcher of one spelling.
type number string

func (n number) Is(field string) bool { return field == string(n) }

func (n number) Strike(text string) (string, int) {
	return strings.ReplaceAll(text, string(n), ""), strings.Count(text, string(n))
}

func TestErase(t *testing.T) {
	a, _ := open(t)
	id := func(n int) string { return fmt.Sprintf("%08d%s", n, callID[8:]) }
	save(t, a, record(coreA, id(1), "79161234567"), day, true)
	save(t, a, record(coreA, id(2), "%2B79161234567"), day, true)
	save(t, a, record(coreA, id(3), "79161234568"), day, true)
	save(t, a, []byte(`<cdr core-uuid="`+coreA+`"><variables><a>79161234567</a></variables></cdr>`), day, true) // damaged: it has no uuid
	encoded := []byte(`<?xml version="1.0"?><cdr core-uuid="` + coreA + `"><variables><uuid>` + id(4) + `</uuid><to>%37%39%31%36%31%32%33%34%35%36%37</to></variables></cdr>`)
	save(t, a, encoded, day, true)
	short := []byte(`<?xml version="1.0"?><cdr core-uuid="` + coreA + `"><variables><uuid>` + id(5) + `</uuid><sip_from_user>1001</sip_from_user></variables></cdr>`)
	save(t, a, short, day, true)
	for _, dry := range []bool{true, false} {
		n, uuids, err := a.Erase(t.Context(), number("79161234567"), dry)
		slices.Sort(uuids)
		if n != 4 || err != nil || !slices.Equal(uuids, []string{id(1), id(2), id(4)}) {
			t.Fatalf("dry %t: %d, %v, %v", dry, n, uuids, err)
		}
		for call, there := range map[int]bool{1: dry, 2: dry, 3: true, 4: dry, 5: true} {
			if _, _, err := a.Find(t.Context(), id(call)); there != (err == nil) {
				t.Errorf("dry %t: call %d: %v", dry, call, err)
			}
		}
	}
	if n, _, err := a.Erase(t.Context(), number("79161234567"), false); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
	if n, uuids, err := a.Erase(t.Context(), number("1001"), false); n != 1 || err != nil || !slices.Equal(uuids, []string{id(5)}) {
		t.Errorf("a short number: %d, %v, %v", n, uuids, err)
	}
}
