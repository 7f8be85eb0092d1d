package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
	"github.com/hashicorp/go-hclog"
)

// asideFolder begins the name of the folder beside the database that unlisted tables
// are moved to.
const asideFolder = "aside-"

// beforeOpen looks for what the database would not survive, or would make worse. A
// log that a process had just made when it was killed is empty, and the database takes it for an
// error: it is removed, since it holds nothing. A table whose end is damaged ends the whole process while it is opened. Without its
// manifest a database begins anew and removes every table. And when the manifest is
// cut short, tables that it does not list are removed though they may be the only place of their
// records: those are moved aside. What follows a damaged entry of a log is dropped: of such a log a copy is
// kept aside.
//
// # Errors
//
// [ErrDamaged], [ErrLocked], and faults of the disk.
func beforeOpen(dir string, log hclog.Logger) error {
	release, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer release()
	if err := removeEmptyLogs(dir); err != nil {
		return err
	}
	if err := keepDamagedLogs(dir, log); err != nil {
		return err
	}
	tables, err := filepath.Glob(filepath.Join(dir, "*"+tableSuffix))
	if err != nil || len(tables) == 0 {
		return err
	}
	listed, torn, err := readManifest(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s has %d tables and no %s; `patchbay doctor` says how to go on", ErrDamaged, dir, len(tables), manifestFile)
	}
	if err != nil {
		return nil // the database says it better
	}
	for _, path := range tables {
		id, ok := table.ParseFileID(filepath.Base(path))
		if _, known := listed[id]; ok && !known {
			if torn {
				if err := setAside(path, log); err != nil {
					return err
				}
			}
			continue
		}
		if err := checkFooter(path); err != nil {
			return fmt.Errorf("%w: %s: %w; `patchbay doctor` says how to go on", ErrDamaged, path, err)
		}
	}
	return nil
}

func removeEmptyLogs(dir string) error {
	for _, suffix := range []string{walSuffix, valuesSuffix} {
		logs, err := filepath.Glob(filepath.Join(dir, "*"+suffix))
		if err != nil {
			return err
		}
		for _, path := range logs {
			if info, err := os.Stat(path); err != nil {
				return fmt.Errorf("store: %w", err)
			} else if info.Size() > 0 {
				continue
			}
			if err := os.Remove(path); err != nil {
				return fmt.Errorf("store: %w", err)
			}
		}
	}
	return nil
}

// keepDamagedLogs copies logs that the database would cut although good entries stand
// behind the bad one.
func keepDamagedLogs(dir string, log hclog.Logger) error {
	logs, err := filepath.Glob(filepath.Join(dir, "*"+walSuffix))
	if err != nil {
		return err
	}
	for _, path := range logs {
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("store: %w", err)
		}
		good, left := wholeEntries(b)
		if !goodBehind(b, good, left) {
			continue
		}
		to, err := aside(path)
		if err == nil {
			err = copySparse(path, to)
		}
		if err != nil {
			return fmt.Errorf("store: keep a copy of a damaged log: %w", err)
		}
		log.Error("a log is damaged and the entries behind the damage are dropped; a copy is kept", "log", path, "byte", good, "copy", to)
	}
	return nil
}

// readManifest returns the tables that the manifest lists, and whether its end is
// cut short.
func readManifest(dir string) (tables map[uint64]badger.TableManifest, torn bool, err error) {
	f, err := os.Open(filepath.Join(dir, manifestFile))
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, false, err
	}
	m, whole, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir).WithLogger(nil))
	return m.Tables, err == nil && whole < info.Size(), err
}

// checkFooter is [inspectFooter] for a file that is not read as a whole.
func checkFooter(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return footerFits(f, info.Size())
}

// footerFits checks that the parts at the end of a table fit into it: index, its
// length, its checksum and that one's length.
func footerFits(r io.ReaderAt, left int64) error {
	var word [4]byte
	for range 2 {
		if left < 4 {
			return errFooter
		}
		left -= 4
		if _, err := r.ReadAt(word[:], left); err != nil {
			return err
		}
		size := int64(word[0])<<24 | int64(word[1])<<16 | int64(word[2])<<8 | int64(word[3])
		if size == 0 || size > left {
			return errFooter
		}
		left -= size
	}
	return nil
}

// setAside moves a table out of the database's folder.
func setAside(path string, log hclog.Logger) error {
	to, err := aside(path)
	if err != nil {
		return err
	}
	if err := os.Rename(path, to); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	log.Error("the manifest is cut short and does not list a table; it is moved aside, since it may hold records that nothing else has", "table", path, "now", to)
	return nil
}

// aside is where a file of the database is kept that it must not see; the folder is
// made.
func aside(path string) (string, error) {
	dir := filepath.Dir(path)
	folder := filepath.Join(filepath.Dir(dir), asideFolder+filepath.Base(dir)+"-"+time.Now().UTC().Format("20060102-150405"))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return filepath.Join(folder, filepath.Base(path)), nil
}
