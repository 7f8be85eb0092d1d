package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// Other writers wait for a transaction before theirs, so deleting a large range
// takes many short ones with pauses between them.
const (
	dropScan  = 1024 // keys looked for at a time
	dropBatch = 32   // keys deleted in one transaction

	dropRest   = time.Millisecond
	restFactor = 8 // a pause is at least so much longer than the transaction
	maxRest    = 50 * time.Millisecond
)

// DeleteRange deletes v's own keys in the range (Limit and Reverse apply) in
// bounded transactions and returns how many went. After an error the first
// part is gone and the rest is intact.
func (v View) DeleteRange(ctx context.Context, r Range) (int, error) {
	if err := v.enter(); err != nil {
		return 0, err
	}
	defer v.leave()
	return v.drop(ctx, func(keys [][]byte, last []byte) ([][]byte, error) {
		part := r
		part.KeysOnly, part.Limit = true, dropScan
		if last != nil {
			// Continue behind what is gone instead of walking its tombstones.
			if r.Reverse {
				part.To = last
			} else {
				part.From = append(bytes.Clone(last), 0)
			}
		}
		err := v.s.db.View(func(txn *badger.Txn) error {
			return v.scan(ctx, txn, part, func(key, _ []byte) error {
				keys = append(keys, bytes.Clone(key))
				return nil
			})
		})
		return keys, err
	}, v.key, r.Limit)
}

// DropAll deletes everything under v, nested views included, in bounded
// transactions and returns how many keys went.
func (v View) DropAll(ctx context.Context) (int, error) {
	if err := v.enter(); err != nil {
		return 0, err
	}
	defer v.leave()
	asIs := func(key []byte) ([]byte, error) { return key, nil }
	return v.drop(ctx, func(keys [][]byte, last []byte) ([][]byte, error) {
		seek := v.prefix
		if last != nil {
			seek = append(bytes.Clone(last), 0)
		}
		err := v.s.db.View(func(txn *badger.Txn) error {
			it := txn.NewIterator(badger.IteratorOptions{Prefix: v.prefix})
			defer it.Close()
			for it.Seek(seek); it.ValidForPrefix(v.prefix) && len(keys) < dropScan; it.Next() {
				keys = append(keys, it.Item().KeyCopy(nil))
			}
			return nil
		})
		return keys, err
	}, asIs, 0)
}

// drop deletes what next returns until it returns nothing.
func (v View) drop(
	ctx context.Context,
	next func(keys [][]byte, last []byte) ([][]byte, error),
	full func(key []byte) ([]byte, error),
	limit int,
) (int, error) {
	var (
		keys [][]byte
		last []byte
		n    int
	)
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		if v.s.gate.isClosing() {
			return n, ErrClosed
		}
		var err error
		keys, err = next(keys[:0], last)
		if err != nil {
			return n, translate(err)
		}
		if limit > 0 {
			keys = keys[:min(len(keys), limit-n)]
		}
		if len(keys) == 0 {
			return n, nil
		}
		last = keys[len(keys)-1]
		for part := range slices.Chunk(keys, dropBatch) {
			began := time.Now()
			if err := v.deleteKeys(part, full); err != nil {
				return n, err
			}
			n += len(part)
			if len(part) == dropBatch {
				v.s.rest(ctx, restFactor*time.Since(began))
			}
			if err := ctx.Err(); err != nil {
				return n, err
			}
		}
	}
}

// rest leaves room for other writers.
func (s *Store) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(min(max(d, dropRest), maxRest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.gate.closing:
	case <-timer.C:
	}
}

func (v View) deleteKeys(keys [][]byte, full func([]byte) ([]byte, error)) error {
	wb := v.s.db.NewWriteBatch() // splits by itself should long keys exceed one transaction
	defer wb.Cancel()
	for _, key := range keys {
		k, err := full(key)
		if err != nil {
			return err
		}
		if err := wb.Delete(k); err != nil {
			return translate(err)
		}
	}
	return translate(wb.Flush())
}
