package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// filled is a directory with tables, a manifest and logs, closed.
func filled(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	for round := range 3 { // each close makes a table
		s, err := store.Open(store.Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Prefix("v").Batch(func(b store.Batch) error {
			for i := range 2000 {
				if err := b.Put(fmt.Appendf(nil, "%d-%06d", round, i), bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 100), 0); err != nil {
					return err
				}
			}
			return nil
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// killed is a directory as a killed process leaves it: with a log that is in use.
func killed(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 500 {
		if err := s.Prefix("v").Put(fmt.Appendf(nil, "%06d", i), []byte("value of some length"), 0); err != nil {
			t.Fatal(err)
		}
	}
	copied := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return copied
}

// again is a copy of a closed directory.
func again(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

// one returns the first file with a suffix.
func one(t *testing.T, dir, suffix string) string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
	if err != nil || len(list) == 0 {
		t.Fatalf("no %s in %s: %v", suffix, dir, err)
	}
	return list[0]
}

func damage(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(b), 0o600); err != nil {
		t.Fatal(err)
	}
}

func flipAt(part float64) func([]byte) []byte {
	return func(b []byte) []byte {
		b[int(float64(len(b)-1)*part)] ^= 0x41
		return b
	}
}

func cutTo(part float64) func([]byte) []byte {
	return func(b []byte) []byte { return b[:int(float64(len(b))*part)] }
}

func TestInspectWhole(t *testing.T) {
	for name, dir := range map[string]string{"closed": filled(t), "killed": killed(t)} {
		flaws, err := store.Inspect(t.Context(), dir)
		if err != nil || len(flaws) > 0 {
			t.Errorf("%s: %+v, %v", name, flaws, err)
		}
	}
}

func TestInspectLocked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Inspect(t.Context(), dir); !errors.Is(err, store.ErrLocked) {
		t.Errorf("in use: %v", err)
	}
	if err := store.Shadow(dir, t.TempDir()); !errors.Is(err, store.ErrLocked) {
		t.Errorf("shadow in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Inspect(t.Context(), dir); err != nil {
		t.Errorf("closed: %v", err)
	}
	if _, err := store.Inspect(t.Context(), dir+"-missing"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
}

// TestInspectDamage damages real files. Whatever happens to a table is noticed.
func TestInspectDamage(t *testing.T) {
	type spoil struct {
		suffix string
		change func([]byte) []byte
		says   string
	}
	cases := map[string]spoil{
		"manifest flipped": {"MANIFEST", flipAt(0.5), "MANIFEST"},
		"manifest magic":   {"MANIFEST", flipAt(0), "MANIFEST"},
		"manifest empty":   {"MANIFEST", cutTo(0), "MANIFEST"},
	}
	for _, part := range []float64{0, 0.1, 0.3, 0.5, 0.7, 0.9, 0.98, 0.999, 1} {
		cases[fmt.Sprintf("table flipped at %g", part)] = spoil{".sst", flipAt(part), "a table is damaged"}
		cases[fmt.Sprintf("table cut to %g", part/1.001)] = spoil{".sst", cutTo(part / 1.001), "a table is damaged"}
	}
	whole := filled(t)
	for name, c := range cases {
		dir := again(t, whole)
		damage(t, one(t, dir, c.suffix), c.change)
		flaws, err := store.Inspect(t.Context(), dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.ContainsFunc(flaws, func(f store.Flaw) bool { return f.Lost && strings.Contains(f.File+" "+f.What, c.says) }) {
			t.Errorf("%s: %+v", name, flaws)
		}
		if slices.ContainsFunc(flaws, func(f store.Flaw) bool { return f.Lost && f.Repair != nil }) {
			t.Errorf("%s: what is lost would be repaired: %+v", name, flaws)
		}
	}
	crashed := killed(t)
	for _, part := range []float64{0.01, 0.3, 0.5, 0.9} {
		dir := again(t, crashed)
		damage(t, one(t, dir, ".mem"), func(b []byte) []byte { return flipAt(part)(bytes.TrimRight(b, "\x00")) })
		flaws, err := store.Inspect(t.Context(), dir)
		if err != nil || len(flaws) != 1 || !flaws[0].Lost || flaws[0].Repair != nil || !strings.Contains(flaws[0].What, "good ones follow") {
			t.Errorf("log flipped at %g: %+v %v", part, flaws, err)
		}
	}
	for name, suffix := range map[string]string{"a table is missing": ".sst", "is missing": "MANIFEST"} {
		dir := again(t, whole)
		if err := os.Remove(one(t, dir, suffix)); err != nil {
			t.Fatal(err)
		}
		flaws, err := store.Inspect(t.Context(), dir)
		if err != nil || len(flaws) == 0 || !flaws[0].Lost || !strings.Contains(flaws[0].What, name) {
			t.Errorf("%s: %+v, %v", name, flaws, err)
		}
	}
}

// TestRepair: a torn tail and what is left over are put right, a copy is kept, and
// the store opens with everything before the tail.
func TestRepair(t *testing.T) {
	dir := killed(t)
	wal := one(t, dir, ".mem")
	var torn []byte
	damage(t, wal, func(b []byte) []byte {
		end := len(bytes.TrimRight(b, "\x00"))
		copy(b[end:], "half of an entry")
		torn = bytes.Clone(b)
		return b
	})
	left := filepath.Join(dir, "000099.sst")
	if err := os.WriteFile(left, []byte("of an interrupted compaction"), 0o600); err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(dir, "MANIFEST"), func(b []byte) []byte { return append(b, 0, 0, 0, 9, 1) })
	flaws, err := store.Inspect(t.Context(), dir)
	if err != nil || len(flaws) != 3 {
		t.Fatalf("%+v, %v", flaws, err)
	}
	for _, f := range flaws {
		if f.Lost || f.Repair == nil {
			t.Errorf("%+v is not put right", f)
		}
	}
	kept := filepath.Join(t.TempDir(), "kept")
	changed, err := store.Repair(dir, kept, flaws)
	if err != nil || len(changed) != 3 {
		t.Fatalf("%v, %v", changed, err)
	}
	if b, err := os.ReadFile(filepath.Join(kept, filepath.Base(wal))); err != nil || !bytes.Equal(b, torn) {
		t.Errorf("the copy is another file: %v", err)
	}
	if flaws, err := store.Inspect(t.Context(), dir); err != nil || len(flaws) > 0 {
		t.Errorf("after it: %+v, %v", flaws, err)
	}
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if n, err := s.ReadAll(t.Context()); n != 500 || err != nil {
		t.Errorf("%d entries, %v", n, err)
	}
}

// TestShadow: the shadow has everything, and writing to it leaves the original.
func TestShadow(t *testing.T) {
	for name, c := range map[string]struct {
		dir  string
		want int
	}{"closed": {filled(t), 6000}, "killed": {killed(t), 500}} {
		before := listing(t, c.dir)
		shadow := filepath.Join(t.TempDir(), "shadow")
		if err := store.Shadow(c.dir, shadow); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(store.Options{Dir: shadow})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if n, err := s.ReadAll(t.Context()); n != c.want || err != nil {
			t.Errorf("%s: %d entries, %v", name, n, err)
		}
		if err := s.Prefix("v").Put([]byte("new"), []byte("value"), 0); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if after := listing(t, c.dir); after != before {
			t.Errorf("%s: the original changed:\n%s\n%s", name, before, after)
		}
	}
}

func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %d %x\n", e.Name(), len(text), len(bytes.TrimRight(text, "\x00")))
	}
	return b.String()
}
