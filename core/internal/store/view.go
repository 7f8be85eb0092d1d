package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// The key of an entry is
//
//	layout  { len(name) name }…  0x00  key
//
// Names are 1 to 255 bytes long, so a length is never 0x00 and no view's
// prefix is a prefix of another view's keys: "ab" and "abc" differ in their
// length byte, and a nested view differs from its parent's own keys in the
// byte after the parent's name. The layout byte also keeps every key away
// from badger's reserved "!badger!" keys.
const (
	layout     = 0x01
	keyTag     = 0x00
	maxName    = 255
	maxKeySize = 60000 // badger refuses keys above 65,000 bytes
)

// View is the part of a store under one prefix. The zero View is closed.
type View struct {
	s      *Store
	prefix []byte // layout and names, without the key tag
	err    error
}

// Prefix returns the view of the keys under name, which may hold any bytes
// (1 to 255 of them). A bad name gives a view whose every method returns
// [ErrBadPrefix].
func (s *Store) Prefix(name string) View {
	return View{s: s, prefix: []byte{layout}}.Prefix(name)
}

// Prefix returns a view nested in v. Its keys are not among v's own keys; only
// v.DropAll reaches them.
func (v View) Prefix(name string) View {
	if v.err != nil {
		return v
	}
	if len(name) == 0 || len(name) > maxName {
		return View{s: v.s, err: fmt.Errorf("%w: %d bytes, want 1 to %d", ErrBadPrefix, len(name), maxName)}
	}
	p := make([]byte, 0, len(v.prefix)+1+len(name))
	p = append(p, v.prefix...)
	p = append(p, byte(len(name)))
	return View{s: v.s, prefix: append(p, name...)}
}

// enter checks the view and holds the store open; the caller must leave.
func (v View) enter() error {
	if v.err != nil {
		return v.err
	}
	if v.s == nil {
		return ErrClosed
	}
	return v.s.gate.enter()
}

func (v View) leave() { v.s.gate.leave() }

func (v View) base() []byte {
	b := make([]byte, 0, len(v.prefix)+1)
	return append(append(b, v.prefix...), keyTag)
}

func (v View) key(key []byte) ([]byte, error) {
	if len(key) == 0 {
		return nil, fmt.Errorf("%w: empty", ErrBadKey)
	}
	if n := len(v.prefix) + 1 + len(key); n > maxKeySize {
		return nil, fmt.Errorf("%w: %d bytes with its prefix, limit %d", ErrBadKey, n, maxKeySize)
	}
	k := make([]byte, 0, len(v.prefix)+1+len(key))
	k = append(k, v.prefix...)
	k = append(k, keyTag)
	return append(k, key...), nil
}

// Get returns a copy of the value that the caller owns, or [ErrNotFound].
func (v View) Get(key []byte) ([]byte, error) {
	if err := v.enter(); err != nil {
		return nil, err
	}
	defer v.leave()
	var out []byte
	err := v.s.db.View(func(txn *badger.Txn) (err error) {
		out, err = Tx{v, &txState{txn: txn}}.Get(key)
		return err
	})
	return out, err
}

// Put stores value under key. A ttl of 0 keeps it for ever; otherwise it is
// kept for at least ttl and at most a second longer. The slices are free for
// reuse when Put returns.
func (v View) Put(key, value []byte, ttl time.Duration) error {
	return v.Update(func(tx Tx) error { return tx.Put(key, value, ttl) })
}

// Delete removes key; removing what is not there is no error.
func (v View) Delete(key []byte) error {
	return v.Reclaim(func(tx Tx) error { return tx.Delete(key) })
}

// Update runs fn in a transaction that commits when fn returns nil and leaves
// no trace otherwise. fn sees its own writes and may be run several times when
// others change what it has read, so it must have no other effects. Calling
// Update from fn is a deadlock in the making; use the Tx.
//
// # Errors
//
// fn's error as it is, [ErrTooLarge], [ErrConflict], [ErrFull].
func (v View) Update(fn func(Tx) error) error {
	return v.update(fn, v.s.roomForWrites)
}

// Reclaim is Update for transactions that free room: it works on a disk that is
// too full for others.
func (v View) Reclaim(fn func(Tx) error) error { return v.update(fn, v.s.roomForRemoval) }

func (v View) update(fn func(Tx) error, room func() error) error {
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	if err := room(); err != nil {
		return err
	}
	err := v.attempt(fn)
	if !errors.Is(err, badger.ErrConflict) {
		return err
	}
	v.s.losers.Lock()
	defer v.s.losers.Unlock()
	for range conflictRetries {
		if err = v.attempt(fn); !errors.Is(err, badger.ErrConflict) {
			return err
		}
		if v.s.gate.isClosing() {
			return ErrClosed
		}
	}
	return fmt.Errorf("%w: gave up after %d tries", ErrConflict, conflictRetries+1)
}

func (v View) attempt(fn func(Tx) error) error {
	txn := v.s.db.NewTransaction(true)
	defer txn.Discard()
	if err := fn(Tx{v, &txState{txn: txn}}); err != nil {
		return err
	}
	return translate(txn.Commit())
}

// Batch collects many writes and commits them in as few transactions as fit.
// It is not atomic: after an error any part may have been written. The slices
// given to the Batch must stay unchanged until the call returns.
func (v View) Batch(fn func(Batch) error) error {
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	if err := v.s.roomForWrites(); err != nil {
		return err
	}
	wb := v.s.db.NewWriteBatch()
	defer wb.Cancel()
	if err := fn(Batch{v, wb}); err != nil {
		return err
	}
	return translate(wb.Flush())
}

// Batch is the writing end of [View.Batch]; it is valid only during the call.
type Batch struct {
	v  View
	wb *badger.WriteBatch
}

// Put is like [View.Put].
func (b Batch) Put(key, value []byte, ttl time.Duration) error {
	e, err := b.v.entry(key, value, ttl)
	if err != nil {
		return err
	}
	return translate(b.wb.SetEntry(e))
}

// Delete is like [View.Delete].
func (b Batch) Delete(key []byte) error {
	k, err := b.v.key(key)
	if err != nil {
		return err
	}
	return translate(b.wb.Delete(k))
}

func (v View) entry(key, value []byte, ttl time.Duration) (*badger.Entry, error) {
	k, err := v.key(key)
	if err != nil {
		return nil, err
	}
	if ttl < 0 {
		return nil, fmt.Errorf("%w: %s", ErrBadTTL, ttl)
	}
	if len(value) > valueLogFileSize {
		return nil, fmt.Errorf("%w: value of %d bytes, limit %d", ErrTooLarge, len(value), valueLogFileSize)
	}
	e := badger.NewEntry(k, value)
	if ttl > 0 {
		// badger counts in whole seconds; round up so that nothing expires early.
		e.ExpiresAt = uint64(time.Now().Add(ttl + time.Second - 1).Unix())
	}
	return e, nil
}

// Count returns the number of v's own keys in the range; Limit bounds it when
// positive.
func (v View) Count(ctx context.Context, r Range) (int, error) {
	n := 0
	r.KeysOnly = true
	err := v.Scan(ctx, r, func(_, _ []byte) error { n++; return nil })
	return n, err
}
