// Package descriptors shares the open files of the process out among the connections
// of callers and those to upstreams, so that a crowd of callers leaves some for the
// upstreams that they wait for, and both leave some for the store, recordings and
// links.
package descriptors

import (
	"container/list"
	"context"
	"sync"
)

// reserve is left for everything that asks nobody: the store's tables, recordings
// that are sent, links to FreeSWITCH, watched folders.
const reserve = 256

// Budget is a number of descriptors. It is safe for concurrent use; nil is one without
// an end.
type Budget struct {
	size int

	mu    sync.Mutex
	free  int
	queue list.List // of chan struct{}, closed when its owner has a descriptor
}

// Process returns the budget of the process: what the system lets it open without the
// reserve, nil where that is not known.
func Process() *Budget {
	if n := limit(); n > 0 {
		return New(max(n-reserve, n/2))
	}
	return nil
}

// New returns a budget of n descriptors.
func New(n int) *Budget { return &Budget{size: n, free: n} }

// Size is how many there are, 0 when there is no end.
func (b *Budget) Size() int {
	if b == nil {
		return 0
	}
	return b.size
}

// Take takes a descriptor if one is free and nobody waits for it.
func (b *Budget) Take() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.free == 0 {
		return false
	}
	b.free--
	return true
}

// Wait takes a descriptor when there is one for it: first come, first served. When it
// has to wait, it first calls inLine, which may have others give back what they can do
// without.
//
// # Errors
//
// The cause of ctx's end; nothing was taken then.
func (b *Budget) Wait(ctx context.Context, inLine func()) error {
	if b.Take() {
		return nil
	}
	b.mu.Lock()
	if b.free > 0 { // given back meanwhile
		b.free--
		b.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	place := b.queue.PushBack(turn)
	b.mu.Unlock()
	inLine()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-turn: // both at once: it goes to the next
		b.giveLocked()
	default:
		b.queue.Remove(place)
	}
	return context.Cause(ctx)
}

// Give gives one back.
func (b *Budget) Give() {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.giveLocked()
}

func (b *Budget) giveLocked() {
	if first := b.queue.Front(); first != nil {
		close(b.queue.Remove(first).(chan struct{}))
		return
	}
	b.free++
}

// Short reports that somebody waits: what is kept for later use should go.
func (b *Budget) Short() bool {
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.queue.Len() > 0
}
