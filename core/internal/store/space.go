package store

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// DefaultReserve is room for what the database writes without being asked:
	// memtables and compactions. They map files into memory, and a mapped file
	// that the disk has no room for ends the process.
	DefaultReserve = 256 << 20
	// removalPart of the reserve is still open to transactions that free room.
	removalPart = 2
	// lookEvery bounds how often the file system is asked.
	lookEvery = 50 * time.Millisecond
)

// space refuses writes while the file system has less room than the reserve. It
// asks again by itself, so writes go on as soon as there is room.
type space struct {
	reserve int64
	free    func() (int64, error) // nil: no limit
	looked  atomic.Int64          // nanoseconds of the last look
	left    atomic.Int64
}

func newSpace(opts Options) *space {
	s := &space{reserve: opts.Reserve, free: opts.Free}
	if s.reserve == 0 {
		s.reserve = DefaultReserve
	}
	if s.free == nil && !opts.InMemory {
		s.free = func() (int64, error) { return freeBytes(opts.Dir) }
	}
	return s
}

// check refuses when less than need is free.
func (s *space) check(need int64) error {
	if s.free == nil || s.reserve < 0 {
		return nil
	}
	now := time.Now().UnixNano()
	if last := s.looked.Load(); (now-last >= int64(lookEvery) || now < last) && s.looked.CompareAndSwap(last, now) {
		left, err := s.free()
		if err != nil {
			left = need // whoever cannot look must not stop the gateway
		}
		s.left.Store(left)
	}
	if left := s.left.Load(); left < need {
		return &fullError{left, need}
	}
	return nil
}

// fullError is [ErrFull] with figures. Callers may try again.
type fullError struct{ left, need int64 }

func (e *fullError) Error() string {
	return fmt.Sprintf("%v: %d MiB are free, writing needs %d MiB; free some, writing goes on by itself", ErrFull, e.left>>20, e.need>>20)
}

func (e *fullError) Is(target error) bool { return target == ErrFull }

// RetryAfter is how soon a look at the disk is worth it.
func (e *fullError) RetryAfter() time.Duration { return 10 * time.Second }

func (s *Store) roomForWrites() error  { return s.space.check(s.space.reserve) }
func (s *Store) roomForRemoval() error { return s.space.check(s.space.reserve / removalPart) }

// Full returns [ErrFull] with figures while writes are refused, otherwise nil.
func (s *Store) Full() error { return s.roomForWrites() }

// FreeBytes is the room that the file system of dir has for this user.
func FreeBytes(dir string) (int64, error) { return freeBytes(dir) }
