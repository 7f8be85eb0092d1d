package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Sync returns when everything that was written before the call survives a power cut.
// [Options.SyncWrites] is that for each write; Sync is for the moment before something
// is given up that the writes took the place of, as an old key. Others read and write
// meanwhile; of what they write nothing is said. A store in memory has nothing to save.
//
// Values of more than 512 KiB are the exception: the collection of the value log may
// move them later, without waiting for the disk.
//
// # Errors
//
// [ErrClosed], [ErrBusy] while Load runs, and faults of the disk. A power cut may then
// take any part of what was written, even when the next Sync succeeds, because the system
// reports a page that it could not write only once: who tries again writes again first.
func (s *Store) Sync() error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	opts := s.db.Opts()
	if opts.InMemory {
		return nil
	}
	if err := s.db.Sync(); err != nil {
		return fmt.Errorf("store: sync: %w", translate(err))
	}
	// That was the newest log of either kind. Logs that are full wait for their flush and
	// are nobody's to sync; tables are synced before the logs that they come from go.
	return SyncFolder(opts.Dir)
}

// SyncFolder makes the regular files of a folder, and the names of all that is in it,
// survive a power cut; the folders in it are left alone. Files that are removed
// meanwhile are passed over.
func SyncFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("store: sync: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if err := syncPath(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("store: %w", err) // it names the file
		}
	}
	if err := syncPath(dir); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
