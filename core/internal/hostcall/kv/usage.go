package kvcall

import (
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"time"
)

// size is what entries count towards the quota.
type size struct {
	keys  int
	bytes int64
}

func entrySize(key, value []byte) size { return size{1, int64(len(key) + len(value))} }

func (s size) minus(o size) size { return size{s.keys - o.keys, s.bytes - o.bytes} }

// grown is the part of a change that needs room.
func (s size) grown() size { return size{max(s.keys, 0), max(s.bytes, 0)} }

// recountEvery bounds how often an instance that is over its quota makes the
// host walk through its entries.
const recountEvery = time.Second

// usage counts what an instance keeps. Entries that end by themselves are
// counted until the next recount, so the sum may be too high but not too low.
//
// Writers of one key follow one another and writers of different keys run side
// by side, because the store commits them together; a recount runs alone.
type usage struct {
	maxKeys  int
	maxBytes int64
	now      func() time.Time

	writers sync.RWMutex // held for reading by writers, for writing by recount
	stripes [64]sync.Mutex

	mu      sync.Mutex
	counted bool
	last    time.Time // of the last recount
	used    size
}

var seed = maphash.MakeSeed()

// enter holds the key for a writer until the returned function is called.
func (u *usage) enter(key []byte) (leave func()) {
	u.writers.RLock()
	stripe := &u.stripes[maphash.Bytes(seed, key)%uint64(len(u.stripes))]
	stripe.Lock()
	return func() {
		stripe.Unlock()
		u.writers.RUnlock()
	}
}

// reserve adds what a change grows by. A change that grows nothing always has
// room, so that an instance over its quota can shrink.
func (u *usage) reserve(change size) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if !u.counted {
		return fmt.Errorf("%w: not counted yet", errQuota)
	}
	if change.keys > 0 && u.used.keys+change.keys > u.maxKeys {
		return fmt.Errorf("%w: it keeps %d keys of %d", errQuota, u.used.keys, u.maxKeys)
	}
	if change.bytes > 0 && u.used.bytes+change.bytes > u.maxBytes {
		return fmt.Errorf("%w: it keeps %d bytes of %d and asks for %d more", errQuota, u.used.bytes, u.maxBytes, change.bytes)
	}
	g := change.grown()
	u.used.keys += g.keys
	u.used.bytes += g.bytes
	return nil
}

// release takes back what was reserved, or what an entry counted.
func (u *usage) release(change size) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.counted {
		u.used = u.used.minus(change)
	}
}

// recount walks through the view unless that was done a moment ago.
func (u *usage) recount(ctx context.Context, view View) error {
	if u.fresh() {
		return nil
	}
	u.writers.Lock()
	defer u.writers.Unlock()
	if u.fresh() { // by another writer meanwhile
		return nil
	}
	var sum size
	err := view.ScanPrefix(ctx, nil, math.MaxInt32, func(key, value []byte) error {
		e := entrySize(key, value)
		sum.keys += e.keys
		sum.bytes += e.bytes
		return nil
	})
	if err != nil {
		return fmt.Errorf("count what is kept: %w", err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.used, u.counted, u.last = sum, true, u.now()
	return nil
}

func (u *usage) fresh() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	age := u.now().Sub(u.last)
	return u.counted && age >= 0 && age < recountEvery
}
