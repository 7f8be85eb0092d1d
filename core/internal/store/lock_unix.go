//go:build linux || darwin || freebsd

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// lockFolder keeps everybody from opening the database until release is called. It
// is the lock that the database itself takes.
func lockFolder(dir string) (release func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		err = errors.Join(err, f.Close())
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("%w: %s; stop the process that holds it", ErrLocked, dir)
		}
		return nil, fmt.Errorf("store: lock %s: %w", dir, err)
	}
	return func() { _ = f.Close() }, nil // that ends the lock
}
