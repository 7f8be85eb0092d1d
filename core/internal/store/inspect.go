package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"
)

// Flaw is something wrong with a file of a database.
type Flaw struct {
	File string // its name in the database's directory
	What string
	// Lost means that data is missing or damaged; otherwise the next start copes.
	Lost bool
	// Repair does what is safe, after [Repair] has kept a copy of the file; nil when
	// nothing is.
	Repair *Fix
}

// Fix is a safe repair.
type Fix struct {
	// Keep bytes of the file and remove the rest; negative removes the file.
	Keep int64
	// Blank writes zeros over the rest instead, as in a log that is written in place.
	Blank bool
}

// Names of the database's files.
const (
	manifestFile = "MANIFEST"
	tableSuffix  = ".sst"
	walSuffix    = ".mem"
	valuesSuffix = ".vlog"
)

// Inspect looks at the files of a database that nobody has open, without changing
// one: that every table is there and its checksums fit, and that the logs are whole.
//
// # Errors
//
// [ErrLocked], and faults of the disk. Damage is no error.
func Inspect(ctx context.Context, dir string) ([]Flaw, error) {
	release, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	defer release()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	tables, flaws, err := inspectManifest(dir)
	if err != nil {
		return nil, err
	}
	found := map[uint64]bool{}
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		name := e.Name()
		switch path := filepath.Join(dir, name); filepath.Ext(name) {
		case tableSuffix:
			id, ok := table.ParseFileID(name)
			known, listed := tables[id]
			if found[id] = true; !ok || tables == nil {
				continue
			}
			if !listed {
				flaws = append(flaws, Flaw{name, "belongs to no level; it is left of an interrupted compaction and the next start removes it", false, &Fix{Keep: -1}})
				continue
			}
			if err := inspectTable(path, id, known.Compression); err != nil {
				flaws = append(flaws, Flaw{name, "a table is damaged: " + err.Error(), true, nil})
			}
		case walSuffix, valuesSuffix:
			flaw, err := inspectLog(path, name)
			if err != nil {
				return nil, err
			}
			flaws = append(flaws, flaw...)
		}
	}
	if cutShort(flaws) {
		for i, f := range flaws {
			id, _ := table.ParseFileID(f.File)
			if f.Repair != nil && f.Repair.Keep < 0 && inspectTable(filepath.Join(dir, f.File), id, options.Snappy) == nil {
				flaws[i] = Flaw{f.File, "belongs to no level, and the manifest is cut short: it may hold records that nothing else has; the next start moves it aside", true, nil}
			}
		}
	}
	for id := range tables {
		if !found[id] {
			flaws = append(flaws, Flaw{fmt.Sprintf("%06d%s", id, tableSuffix), "a table is missing", true, nil})
		}
	}
	slices.SortFunc(flaws, func(a, b Flaw) int { return strings.Compare(a.File, b.File) })
	return flaws, nil
}

// cutShort reports whether the manifest has lost its end.
func cutShort(flaws []Flaw) bool {
	return slices.ContainsFunc(flaws, func(f Flaw) bool { return f.File == manifestFile && f.Repair != nil })
}

// inspectManifest returns the tables that the manifest lists, nil when it cannot be
// read.
func inspectManifest(dir string) (map[uint64]badger.TableManifest, []Flaw, error) {
	f, err := os.Open(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, []Flaw{{manifestFile, "is missing: nothing says which tables belong together", true, nil}}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("store: %w", err)
	}
	m, whole, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return nil, []Flaw{{manifestFile, "is damaged: " + err.Error(), true, nil}}, nil
	}
	if tail := info.Size() - whole; tail > 0 {
		return m.Tables, []Flaw{{manifestFile, fmt.Sprintf("its last %d bytes are cut short; a start ignores them", tail), false, &Fix{Keep: whole}}}, nil
	}
	return m.Tables, nil, nil
}

// inspectTable checks every checksum of a table. The footer goes first: the
// database's own reader ends the process when it leads outside of the file.
func inspectTable(path string, id uint64, compression options.CompressionType) (err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it cannot be read: %v", r)
		}
	}()
	if err := inspectFooter(b); err != nil {
		return err
	}
	t, err := table.OpenInMemoryTable(b, id, &table.Options{Compression: compression, BlockSize: blockSize, ChkMode: options.OnTableAndBlockRead})
	if err != nil {
		return err
	}
	return t.VerifyChecksum()
}

// inspectFooter checks the end of a table.
func inspectFooter(b []byte) error { return footerFits(bytes.NewReader(b), int64(len(b))) }

var errFooter = errors.New("its end is cut off or overwritten")

// Repair does the safe repairs, and first keeps the files as they are in the folder
// kept, which it makes. It returns the names of the files that it changed.
func Repair(dir, kept string, flaws []Flaw) (changed []string, err error) {
	release, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	defer release()
	for _, f := range flaws {
		if f.Repair == nil {
			continue
		}
		if err := os.MkdirAll(kept, 0o700); err != nil {
			return changed, fmt.Errorf("store: %w", err)
		}
		path := filepath.Join(dir, f.File)
		if err := keep(path, filepath.Join(kept, f.File)); err != nil {
			return changed, fmt.Errorf("store: keep a copy of %s: %w", f.File, err)
		}
		if err := f.Repair.apply(path); err != nil {
			return changed, fmt.Errorf("store: repair %s: %w", f.File, err)
		}
		changed = append(changed, f.File)
	}
	return changed, nil
}

// keep makes a copy that a power cut does not take back: the original is changed next.
func keep(path, copied string) error {
	if err := copySparse(path, copied); err != nil {
		return err
	}
	f, err := os.OpenFile(copied, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if d, err := os.Open(filepath.Dir(copied)); err == nil {
		_ = d.Sync() // not every system can; the file itself is written
		_ = d.Close()
	}
	return nil
}

func (r *Fix) apply(path string) error {
	if r.Keep < 0 {
		return os.Remove(path)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := os.Truncate(path, r.Keep); err != nil || !r.Blank {
		return err
	}
	return os.Truncate(path, info.Size())
}

// Shadow makes a second directory of a database: its tables by second names, the
// rest copied. Opening the shadow leaves the original as it is.
func Shadow(dir, into string) error {
	release, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer release()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	if err := os.MkdirAll(into, 0o700); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || e.Name() == "LOCK" {
			continue
		}
		from, to := filepath.Join(dir, e.Name()), filepath.Join(into, e.Name())
		if filepath.Ext(e.Name()) == tableSuffix && os.Link(from, to) == nil {
			continue
		}
		if err := copySparse(from, to); err != nil {
			return fmt.Errorf("store: %w", err)
		}
	}
	return nil
}

// ReadAll reads every entry of the store, of all views, and returns how many there
// are. It is for looking whether that works.
func (s *Store) ReadAll(ctx context.Context) (entries int, err error) {
	if err := s.gate.enter(); err != nil {
		return 0, err
	}
	defer s.gate.leave()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("store: behind entry %d: %v", entries, r)
		}
	}()
	err = s.db.View(func(txn *badger.Txn) error {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		var last []byte
		for it.Rewind(); it.Valid(); it.Next() {
			if err := ctx.Err(); err != nil {
				return err
			}
			item := it.Item()
			if err := item.Value(func([]byte) error { return nil }); err != nil {
				return fmt.Errorf("value of key %x: %w", item.Key(), err)
			}
			if bytes.Compare(item.Key(), last) < 0 {
				return fmt.Errorf("key %x is out of order", item.Key())
			}
			last = item.KeyCopy(last)
			entries++
		}
		return nil
	})
	return entries, translate(err)
}

func logNumber(name string) (uint64, bool) {
	n, err := strconv.ParseUint(strings.TrimSuffix(name, filepath.Ext(name)), 10, 32)
	return n, err == nil
}
