package store_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/testing/powercut"
)

// TestSyncOutlivesAPowerCut: everything is there that was written before Sync, in logs
// that are full, in the one that is not, and in the value log.
func TestSyncOutlivesAPowerCut(t *testing.T) {
	disk := powercut.New(t, 512<<20)
	s, err := store.Open(store.Options{Dir: filepath.Join(disk.Dir, "store"), CacheBytes: 1, Reserve: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const count = 300
	key := func(i int) string { return fmt.Sprintf("%04d", i) }
	want := make([]string, count)
	for i := range want {
		size := 64 << 10
		if i%50 == 0 {
			size = 600 << 10 // in the value log
		}
		noise := make([]byte, size)
		_, _ = rand.Read(noise)
		want[i] = string(noise)
		put(t, s.Prefix("v"), key(i), want[i])
	}
	if err := s.Sync(); err != nil {
		t.Fatal(err)
	}
	after := openDir(t, filepath.Join(disk.Cut().Dir, "store"))
	for i, value := range want {
		if got, err := after.Prefix("v").Get([]byte(key(i))); err != nil || string(got) != value {
			t.Fatalf("value %d of %d: %d bytes, %v", i, count, len(got), err)
		}
	}
}
