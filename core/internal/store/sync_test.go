package store_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// TestSyncUnderWrites: logs fill up, are flushed and go while Sync looks at them.
func TestSyncUnderWrites(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(store.Options{Dir: dir, CacheBytes: 1, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	noise := make([]byte, 64<<10) // nothing compresses it
	_, _ = rand.Read(noise)
	var writers sync.WaitGroup
	var left atomic.Int32
	left.Store(2)
	for w := range left.Load() {
		writers.Go(func() {
			defer left.Add(-1)
			for i := range 400 { // 50 MiB, which is ten logs
				if err := s.Prefix("v").Put(fmt.Appendf(nil, "%d-%d", w, i), noise, 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for left.Load() > 0 {
		if err := s.Sync(); err != nil {
			t.Error(err)
			break
		}
	}
	writers.Wait()
	if tables, err := filepath.Glob(filepath.Join(dir, "*.sst")); err != nil || len(tables) == 0 {
		t.Errorf("no log was flushed, so nothing was proved: %v", err)
	}
}

func TestSyncOfAClosedStore(t *testing.T) {
	for name, s := range map[string]*store.Store{"on disk": openDir(t, t.TempDir()), "in memory": openMemory(t)} {
		if err := s.Sync(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Sync(); !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s, closed: %v", name, err)
		}
	}
}

// TestSyncFails: what cannot be confirmed is an error.
func TestSyncFails(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := openDir(t, dir)
	put(t, s.Prefix("v"), "k", "v")
	away := dir + ".away"
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is gone: %v", err)
	}
	if err := os.Rename(away, dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Sync(); err != nil {
		t.Error(err)
	}
}
