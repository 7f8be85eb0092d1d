package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// reopen opens and closes a store.
func reopen(dir string) error {
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		return err
	}
	return s.Close()
}

// TestOpenDamaged: what would end the process, or make it throw tables away, is an
// error, and every file is still there afterwards.
func TestOpenDamaged(t *testing.T) {
	whole := filled(t)
	for name, spoil := range map[string]func(dir string){
		"table cut in half": func(dir string) { damage(t, one(t, dir, ".sst"), cutTo(0.5)) },
		"table cut to 1 %":  func(dir string) { damage(t, one(t, dir, ".sst"), cutTo(0.01)) },
		"table empty":       func(dir string) { damage(t, one(t, dir, ".sst"), cutTo(0)) },
		"no manifest": func(dir string) {
			if err := os.Remove(filepath.Join(dir, "MANIFEST")); err != nil {
				t.Fatal(err)
			}
		},
	} {
		dir := again(t, whole)
		spoil(dir)
		before := listing(t, dir)
		if err := reopen(dir); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("%s: the refused start changed files:\n%s\n%s", name, before, after)
		}
	}
	if err := reopen(again(t, whole)); err != nil {
		t.Errorf("a whole one: %v", err)
	}
}

// TestOpenMovesAside cuts the manifest: a start goes on with what it lists, and the
// other tables are kept beside the database.
func TestOpenMovesAside(t *testing.T) {
	dir := again(t, filled(t))
	tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil || len(tables) < 2 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	damage(t, one(t, dir, "MANIFEST"), cutTo(0.5))
	flaws, err := store.Inspect(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	lost := 0
	for _, f := range flaws {
		if f.Lost && f.Repair == nil && filepath.Ext(f.File) == ".sst" {
			lost++
		}
	}
	if lost == 0 {
		t.Fatalf("nothing is reported as lost: %+v", flaws)
	}
	if err := reopen(dir); err != nil {
		t.Fatal(err)
	}
	aside, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "aside-store-*", "*.sst"))
	if err != nil || len(aside) != lost {
		t.Errorf("%d tables are aside, want %d: %v", len(aside), lost, err)
	}
	if err := reopen(dir); err != nil {
		t.Errorf("the second start: %v", err)
	}
}

// TestOpenKeepsDamagedLogs: what stands behind a damaged entry is dropped by the
// database, and kept aside. A write that was cut short leaves nothing to keep.
func TestOpenKeepsDamagedLogs(t *testing.T) {
	written := func(b []byte) []byte { return bytes.TrimRight(b, "\x00") }
	for name, tt := range map[string]struct {
		change func([]byte) []byte
		kept   int
	}{
		"nothing":   {func(b []byte) []byte { return b }, 0},
		"flipped":   {func(b []byte) []byte { written(b)[len(written(b))/2] ^= 1; return b }, 1},
		"cut short": {func(b []byte) []byte { clear(b[len(written(b))-7:]); return b }, 0},
	} {
		dir := again(t, killed(t))
		path := one(t, dir, ".mem")
		damage(t, path, tt.change)
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := reopen(dir); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kept, err := filepath.Glob(filepath.Join(filepath.Dir(dir), "aside-store-*", "*.mem"))
		if err != nil || len(kept) != tt.kept {
			t.Errorf("%s: %d copies, want %d: %v", name, len(kept), tt.kept, err)
			continue
		}
		for _, path := range kept {
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("%s: the copy differs: %v", name, err)
			}
		}
	}
}

// TestOpenAfterAKillWhileLogsWereMade leaves the empty logs that a process makes first
// when it starts.
func TestOpenAfterAKillWhileLogsWereMade(t *testing.T) {
	for _, name := range []string{"000099.vlog", "00099.mem"} {
		dir := killed(t)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(store.Options{Dir: dir})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if n, err := s.ReadAll(t.Context()); n != 500 || err != nil {
			t.Errorf("%s: %d entries, %v", name, n, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
