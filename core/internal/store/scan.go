package store

import (
	"bytes"
	"context"
	"errors"

	"github.com/dgraph-io/badger/v4"
)

// Range selects keys of one view, in byte order.
type Range struct {
	// From is the first key and To the first key beyond; nil or empty leaves
	// the side open. The bounds mean the same when Reverse is set.
	From, To []byte
	// Reverse walks from the highest key down.
	Reverse bool
	// Limit bounds the number of keys when positive.
	Limit int
	// KeysOnly passes a nil value, which is faster.
	KeysOnly bool
}

// Scan calls fn for each of v's own keys in the range, on a consistent
// snapshot. key and value are valid during the call only and must not be
// changed. The scan ends with nil when fn returns [ErrStop], with fn's error
// when it returns another, with ctx's error when ctx ends.
func (v View) Scan(ctx context.Context, r Range, fn func(key, value []byte) error) error {
	if err := v.enter(); err != nil {
		return err
	}
	defer v.leave()
	err := v.s.db.View(func(txn *badger.Txn) error { return v.scan(ctx, txn, r, fn) })
	if errors.Is(err, ErrStop) {
		return nil
	}
	return translate(err)
}

func (v View) scan(ctx context.Context, txn *badger.Txn, r Range, fn func(key, value []byte) error) error {
	base := v.base()
	// Values live in the LSM tree; badger's prefetching would only start a
	// goroutine per item.
	it := txn.NewIterator(badger.IteratorOptions{Reverse: r.Reverse, Prefix: base})
	defer it.Close()
	from, to := v.bounds(base, r)
	if r.Reverse {
		it.Seek(to)
	} else {
		it.Seek(from)
	}
	done := ctx.Done()
	for n := 0; it.Valid(); it.Next() {
		select {
		case <-done:
			return ctx.Err()
		case <-v.s.gate.closing:
			return ErrClosed
		default:
		}
		item := it.Item()
		key := item.Key()
		if !bytes.HasPrefix(key, base) {
			return nil
		}
		if r.Reverse {
			if bytes.Compare(key, to) >= 0 {
				continue // the seek lands on To itself when it exists
			}
			if bytes.Compare(key, from) < 0 {
				return nil
			}
		} else if bytes.Compare(key, to) >= 0 {
			return nil
		}
		if err := visit(item, key[len(base):], r.KeysOnly, fn); err != nil {
			return err
		}
		if n++; r.Limit > 0 && n >= r.Limit {
			return nil
		}
	}
	return ctx.Err()
}

func visit(item *badger.Item, key []byte, keysOnly bool, fn func(key, value []byte) error) error {
	if keysOnly {
		return fn(key, nil)
	}
	return item.Value(func(value []byte) error { return fn(key, value) })
}

// bounds turns the range into full keys: from inclusive, to exclusive. The
// open end is the view's prefix with the byte after the key tag, which is not
// a key of anybody: it would be a nested name without its first byte.
func (v View) bounds(base []byte, r Range) (from, to []byte) {
	from = append(bytes.Clone(base), r.From...)
	if len(r.To) > 0 {
		return from, append(bytes.Clone(base), r.To...)
	}
	to = bytes.Clone(base)
	to[len(to)-1] = keyTag + 1
	return from, to
}
