package store_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

func openDir(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openMemory(t testing.TB) *store.Store {
	t.Helper()
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func put(t testing.TB, v store.View, key, value string) {
	t.Helper()
	if err := v.Put([]byte(key), []byte(value), 0); err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
}

func get(t testing.TB, v store.View, key string) string {
	t.Helper()
	b, err := v.Get([]byte(key))
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	return string(b)
}

func TestOpenRefusesContradictions(t *testing.T) {
	for _, o := range []store.Options{{}, {Dir: t.TempDir(), InMemory: true}} {
		if _, err := store.Open(o); err == nil {
			t.Errorf("Open(%+v) succeeded", o)
		}
	}
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(store.Options{Dir: file}); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file as directory gave %v", err)
	}
}

func TestSurvivesReopen(t *testing.T) {
	dir := t.TempDir()
	s := openDir(t, dir)
	put(t, s.Prefix("a"), "k", "v")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if got := get(t, openDir(t, dir).Prefix("a"), "k"); got != "v" {
		t.Errorf("got %q", got)
	}
}

// TestLockedByAnotherProcess runs this binary again as the second process.
func TestLockedByAnotherProcess(t *testing.T) {
	const variable = "PATCHBAY_TEST_STORE_DIR"
	if dir := os.Getenv(variable); dir != "" {
		_, err := store.Open(store.Options{Dir: dir})
		if !errors.Is(err, store.ErrLocked) {
			t.Fatalf("second process got %v", err)
		}
		if !strings.Contains(err.Error(), dir) {
			t.Fatalf("error does not name the directory: %v", err)
		}
		return
	}
	dir := t.TempDir()
	s := openDir(t, dir)
	if _, err := store.Open(store.Options{Dir: dir}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("second Store of this process got %v", err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLockedByAnotherProcess$", "-test.v")
	cmd.Env = append(os.Environ(), variable+"="+dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("second process: %v\n%s", err, out)
	}
	if !strings.Contains(string(out), "--- PASS") {
		t.Errorf("the second process tested nothing:\n%s", out)
	}
	put(t, s.Prefix("a"), "k", "still mine")
}

func TestClosedStore(t *testing.T) {
	s := openMemory(t)
	v := s.Prefix("a")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	none := func(_, _ []byte) error { return nil }
	_, getErr := v.Get([]byte("k"))
	_, countErr := v.Count(t.Context(), store.Range{})
	_, dropErr := v.DropAll(t.Context())
	for name, err := range map[string]error{
		"Get":    getErr,
		"Put":    v.Put([]byte("k"), nil, 0),
		"Delete": v.Delete([]byte("k")),
		"Scan":   v.Scan(t.Context(), store.Range{}, none),
		"Update": v.Update(func(store.Tx) error { return nil }),
		"Batch":  v.Batch(func(store.Batch) error { return nil }),
		"Count":  countErr,
		"Drop":   dropErr,
		"Backup": s.Backup(&strings.Builder{}),
		"Load":   s.Load(strings.NewReader("")),
		"zero":   store.View{}.Put([]byte("k"), nil, 0),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// TestCloseDuringWork closes the store under readers, writers and a scan that
// would never end by itself.
func TestCloseDuringWork(t *testing.T) {
	s := openDir(t, t.TempDir())
	v := s.Prefix("a")
	for _, k := range []string{"1", "2", "3"} {
		put(t, v, k, "x")
	}
	var wg sync.WaitGroup
	started := make(chan struct{}, 3)
	endless := func(work func() error) {
		wg.Go(func() {
			for first := true; ; first = false {
				if err := work(); err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Error(err)
					}
					return
				}
				if first {
					started <- struct{}{}
				}
			}
		})
	}
	endless(func() error { return v.Put([]byte("k"), []byte("v"), 0) })
	endless(func() error { _, err := v.Get([]byte("1")); return err })
	endless(func() error {
		return v.Scan(context.Background(), store.Range{}, func(_, _ []byte) error {
			_, err := v.Get([]byte("2")) // nested, while Close may already be waiting
			return err
		})
	})
	for range 3 {
		<-started
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestTTL(t *testing.T) {
	v := openMemory(t).Prefix("a")
	if err := v.Put([]byte("k"), []byte("v"), -time.Second); !errors.Is(err, store.ErrBadTTL) {
		t.Errorf("negative ttl: %v", err)
	}
	if err := v.Put([]byte("long"), []byte("v"), time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := v.Put([]byte("short"), []byte("v"), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := v.Get([]byte("short"))
		if errors.Is(err, store.ErrNotFound) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-t.Context().Done():
			t.Fatal("never expired")
		case <-time.After(20 * time.Millisecond):
		}
	}
	if get(t, v, "long") != "v" {
		t.Error("the long-lived key is gone too")
	}
	if n, err := v.Count(t.Context(), store.Range{}); n != 1 || err != nil {
		t.Errorf("count %d, %v; want 1", n, err)
	}
}
