package store

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
)

var (
	// ErrNotFound means that the key is not there or has expired.
	ErrNotFound = errors.New("store: key not found")
	// ErrLocked means that somebody else has the directory open.
	ErrLocked = errors.New("store: the database is in use")
	// ErrClosed means that the store is closed or closing.
	ErrClosed = errors.New("store: closed")
	// ErrBusy means that Load and other operations met.
	ErrBusy = errors.New("store: a backup is being loaded or other operations are in flight")
	// ErrStop, returned by a scan's function, ends the scan without an error.
	ErrStop = errors.New("store: stop scanning")
	// ErrBadKey means an empty key or one that is too long with its prefix.
	ErrBadKey = errors.New("store: bad key")
	// ErrBadPrefix means a view whose name is empty or longer than 255 bytes.
	ErrBadPrefix = errors.New("store: bad prefix name")
	// ErrBadTTL means a negative time to live.
	ErrBadTTL = errors.New("store: negative time to live")
	// ErrTooLarge means a value or a transaction beyond the database's limit.
	ErrTooLarge = errors.New("store: too large")
	// ErrConflict means that Update kept losing against other transactions.
	ErrConflict = errors.New("store: conflicting updates")
	// ErrNestedScan means a scan started inside a scan of the same transaction.
	ErrNestedScan = errors.New("store: scan inside a scan of the same transaction")
	// ErrFull means that the file system has too little room left for writing.
	ErrFull = errors.New("store: the disk is full")
	// ErrDamaged means that files of the database are missing or broken.
	ErrDamaged = errors.New("store: the database is damaged")
	// ErrBadBackup means that Load was given something that is not a backup.
	ErrBadBackup = errors.New("store: not a backup")
)

// translate keeps badger's error values inside this package.
func translate(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrKeyNotFound):
		return ErrNotFound
	case errors.Is(err, badger.ErrTxnTooBig):
		return fmt.Errorf("%w: transaction", ErrTooLarge)
	case errors.Is(err, badger.ErrDBClosed), errors.Is(err, badger.ErrBlockedWrites):
		return ErrClosed
	}
	return err
}
