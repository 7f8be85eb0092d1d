package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxFrame is far above what Backup writes at a time; a larger length is
// damage, and badger would try to allocate it.
const maxFrame = 256 << 20

// Backup writes the whole store, as of now, to w. Writers go on meanwhile.
func (s *Store) Backup(w io.Writer) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	if _, err := s.db.Backup(w, 0); err != nil {
		return fmt.Errorf("store: backup: %w", translate(err))
	}
	return nil
}

// Load adds the contents of a backup to the store; it is meant for an empty
// one. It runs alone, because badger cannot load beside transactions.
//
// # Errors
//
// [ErrBusy] when other operations are in flight; they get ErrBusy themselves
// while Load runs. [ErrBadBackup] when r is cut short or is something else; what was read
// before the damage is in the store then.
func (s *Store) Load(r io.Reader) error {
	if err := s.gate.enterAlone(); err != nil {
		return err
	}
	defer s.gate.leave()
	if err := s.db.Load(&frames{r: r}, 16); err != nil {
		if errors.Is(err, ErrBadBackup) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrBadBackup, err)
	}
	return nil
}

// frames passes a backup through and checks the length before each part, and
// that the last part is whole.
type frames struct {
	r    io.Reader
	head [8]byte
	have int    // bytes of head read so far
	sent int    // bytes of head passed on
	left uint64 // bytes of the current part still to come
}

func (f *frames) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if f.left == 0 && f.sent == f.have {
		n, err := io.ReadFull(f.r, f.head[:])
		if errors.Is(err, io.EOF) && n == 0 {
			return 0, io.EOF
		}
		if err != nil {
			return 0, fmt.Errorf("%w: cut short: %w", ErrBadBackup, err)
		}
		f.have, f.sent = len(f.head), 0
		if f.left = binary.LittleEndian.Uint64(f.head[:]); f.left > maxFrame {
			return 0, fmt.Errorf("%w: part of %d bytes", ErrBadBackup, f.left)
		}
	}
	if f.sent < f.have {
		n := copy(p, f.head[f.sent:f.have])
		f.sent += n
		return n, nil
	}
	n, err := f.r.Read(p[:min(uint64(len(p)), f.left)])
	f.left -= uint64(n)
	if errors.Is(err, io.EOF) {
		if f.left > 0 {
			return n, fmt.Errorf("%w: cut short", ErrBadBackup)
		}
		err = nil
	}
	return n, err
}
