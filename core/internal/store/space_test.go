package store_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// TestFull: writes are refused while there is too little room, what frees room is
// not, and they go on by themselves.
func TestFull(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 30)
	s, err := store.Open(store.Options{Dir: t.TempDir(), Reserve: 100 << 20, Free: func() (int64, error) { return free.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	v := s.Prefix("v")
	put := func() error { return v.Put([]byte("k"), []byte("value"), 0) }
	if err := put(); err != nil {
		t.Fatal(err)
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for range 1000 {
			if done() {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Fatal(what)
	}
	free.Store(99 << 20)
	until("a full disk is not noticed", func() bool { return errors.Is(s.Full(), store.ErrFull) })
	if err := put(); !errors.Is(err, store.ErrFull) {
		t.Errorf("put: %v", err)
	}
	if err := v.Batch(func(b store.Batch) error { return b.Put([]byte("k"), nil, 0) }); !errors.Is(err, store.ErrFull) {
		t.Errorf("batch: %v", err)
	}
	if err := v.Delete([]byte("other")); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := v.DeleteRange(t.Context(), store.Range{From: []byte("x")}); err != nil {
		t.Errorf("delete range: %v", err)
	}
	if got, err := v.Get([]byte("k")); err != nil || string(got) != "value" {
		t.Errorf("get: %q, %v", got, err)
	}
	free.Store(49 << 20)
	until("nothing at all is left, and deleting goes on", func() bool { return errors.Is(v.Delete([]byte("other")), store.ErrFull) })
	free.Store(1 << 30)
	until("writing does not go on", func() bool { return put() == nil })
	if err := s.Full(); err != nil {
		t.Error(err)
	}
}

// TestFreeUnknown: a file system that does not say is not full.
func TestFreeUnknown(t *testing.T) {
	s, err := store.Open(store.Options{Dir: t.TempDir(), Free: func() (int64, error) { return 0, errors.New("no such call") }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Prefix("v").Put([]byte("k"), nil, 0); err != nil {
		t.Error(err)
	}
}
