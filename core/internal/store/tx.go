package store

import (
	"context"
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// Tx is a transaction within a view; it is valid only during [View.Update]'s
// function and must stay in that goroutine.
type Tx struct {
	v  View
	st *txState
}

type txState struct {
	txn      *badger.Txn
	scanning bool
}

// Prefix returns the same transaction in a view nested in this one.
func (tx Tx) Prefix(name string) Tx { return Tx{tx.v.Prefix(name), tx.st} }

// Get returns a copy of the value that the caller owns, or [ErrNotFound].
func (tx Tx) Get(key []byte) ([]byte, error) {
	if tx.v.err != nil {
		return nil, tx.v.err
	}
	k, err := tx.v.key(key)
	if err != nil {
		return nil, err
	}
	item, err := tx.st.txn.Get(k)
	if err != nil {
		return nil, translate(err)
	}
	out, err := item.ValueCopy(nil)
	return out, translate(err)
}

// Put is like [View.Put]; value must stay unchanged until the transaction ends.
func (tx Tx) Put(key, value []byte, ttl time.Duration) error {
	if tx.v.err != nil {
		return tx.v.err
	}
	e, err := tx.v.entry(key, value, ttl)
	if err != nil {
		return err
	}
	return translate(tx.st.txn.SetEntry(e))
}

// Delete is like [View.Delete].
func (tx Tx) Delete(key []byte) error {
	if tx.v.err != nil {
		return tx.v.err
	}
	k, err := tx.v.key(key)
	if err != nil {
		return err
	}
	return translate(tx.st.txn.Delete(k))
}

// Scan is like [View.Scan] and sees the transaction's own writes as they were
// when the scan began. A transaction has one scan at a time: a scan inside a
// scan is [ErrNestedScan].
func (tx Tx) Scan(ctx context.Context, r Range, fn func(key, value []byte) error) error {
	if tx.v.err != nil {
		return tx.v.err
	}
	if tx.st.scanning {
		return ErrNestedScan
	}
	tx.st.scanning = true
	defer func() { tx.st.scanning = false }()
	err := tx.v.scan(ctx, tx.st.txn, r, fn)
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}
