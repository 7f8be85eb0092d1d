package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

// restoringFolder begins the name of the folder, in the data folder, that a restore
// puts the data together in.
const restoringFolder = ".restoring-"

// Restore makes the data folder of a backup file. The folder must not be there yet,
// or be empty; lost+found, which a new file system has, does not count. The file is
// checked as a whole before anything is written.
//
// A new folder appears complete or not at all. A folder that is there, which may have a
// file system of its own, is filled where it is, with the database as the last
// part: after an error it is empty again, and after a crash or a power cut it is
// complete, or the gateway does not start on it, and the next Restore says what to do.
//
// # Errors
//
// [backupfile.ErrDamaged] with the place of the damage, and faults of the disk.
func Restore(ctx context.Context, file, data string, log hclog.Logger) (_ backupfile.Header, err error) {
	f, err := os.Open(file)
	if err != nil {
		return backupfile.Header{}, fmt.Errorf("restore: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	header, err := backupfile.Verify(f)
	if err != nil {
		return header, fmt.Errorf("%s: %w; nothing was written", file, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return header, fmt.Errorf("restore: %w", err)
	}
	r, err := beginRestore(filepath.Clean(data))
	if err != nil {
		return header, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.abandon())
		}
	}()
	if err := extract(ctx, f, r.folder, log); err != nil {
		return header, err
	}
	if err := r.finish(); err != nil {
		return header, fmt.Errorf("restore: %w", err)
	}
	return header, nil
}

// restoring is a restore under way.
type restoring struct {
	data   string
	folder string   // where the data is put together
	inside bool     // in data, which is there already; otherwise beside it
	moved  []string // from folder to data
}

func beginRestore(data string) (*restoring, error) {
	inside, err := emptyFolder(data)
	if err != nil {
		return nil, err
	}
	r := &restoring{data: data, inside: inside}
	if inside {
		r.folder, err = os.MkdirTemp(data, restoringFolder)
	} else if err = os.MkdirAll(filepath.Dir(data), 0o700); err == nil {
		r.folder, err = os.MkdirTemp(filepath.Dir(data), filepath.Base(data)+restoringFolder)
	}
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	return r, nil
}

// finish puts what lies in folder into its place.
func (r *restoring) finish() error {
	if err := syncTree(r.folder); err != nil {
		return err
	}
	if !r.inside {
		if err := os.Rename(r.folder, r.data); err != nil {
			return err
		}
		_ = syncNames(filepath.Dir(r.data)) // it may be closed to us; then a power cut may undo the restore as a whole
		return nil
	}
	names, err := r.parts()
	if err != nil {
		return err
	}
	// Each step is on the disk before the next one: the folder, which tells what goes on
	// here, then what belongs to the database, then the database.
	last := len(names) - 1
	for _, step := range [][]string{nil, names[:last], names[last:]} {
		if err := errors.Join(r.move(step), syncNames(r.data)); err != nil {
			return err
		}
	}
	_ = os.Remove(r.folder) // empty; beside a database it means nothing
	return nil
}

// parts are the names of what lies in folder, the database last: it decides, see
// [unfinishedRestore].
func (r *restoring) parts() ([]string, error) {
	entries, err := os.ReadDir(r.folder)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Name() != storeFolder {
			names = append(names, e.Name())
		}
	}
	return append(names, storeFolder), nil
}

// move moves parts from folder to data, where it replaces nothing.
func (r *restoring) move(names []string) error {
	for _, name := range names {
		to := filepath.Join(r.data, name)
		if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) { // a file would be replaced
			return fmt.Errorf("%s was put there meanwhile; move it away and restore again", to)
		}
		if err := os.Rename(filepath.Join(r.folder, name), to); err != nil {
			return err
		}
		r.moved = append(r.moved, name)
	}
	return nil
}

// abandon leaves data as it was before, the way back: the folder stays for as long as a
// part has not returned to it.
func (r *restoring) abandon() error {
	for _, name := range slices.Backward(r.moved) {
		if err := os.Rename(filepath.Join(r.data, name), filepath.Join(r.folder, name)); err != nil {
			return err
		}
	}
	return os.RemoveAll(r.folder)
}

// unfinishedRestore refuses a data folder that a restore has begun to fill: the
// database, which comes last, is not there yet. Without this a gateway would begin a
// new one beside what was restored.
func unfinishedRestore(data string) error {
	if _, err := os.Lstat(filepath.Join(data, storeFolder)); !errors.Is(err, fs.ErrNotExist) {
		return nil // complete, or somebody else's to complain about
	}
	if part := restoreUnderWay(data); part != "" {
		return fmt.Errorf("%s holds a part of a restore that was interrupted or still runs (%s): when none runs, remove everything in the folder but %s, then restore again", data, part, lostFound)
	}
	return nil
}

// restoreUnderWay returns the name of the folder that a restore of data works in, or "".
func restoreUnderWay(data string) string {
	entries, _ := os.ReadDir(data) // whoever needs the folder says what is wrong with it
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), restoringFolder) {
			return e.Name()
		}
	}
	return ""
}

// emptyFolder refuses a folder that holds something, and reports whether it is there.
func emptyFolder(data string) (there bool, err error) {
	entries, err := os.ReadDir(data)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("restore: %w", err)
	}
	if err := unfinishedRestore(data); err != nil {
		return false, err
	}
	for _, e := range entries {
		if e.Name() != lostFound || !e.IsDir() {
			return false, fmt.Errorf("%s is not empty (it holds %s); restore into a new folder, or move everything in this one away first", data, e.Name())
		}
	}
	return true, nil
}

// syncNames makes the names in a folder survive a power cut.
func syncNames(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncTree makes a folder with everything in it survive a power cut.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		return store.SyncFolder(path)
	})
}

func extract(ctx context.Context, f io.Reader, to string, log hclog.Logger) error {
	r, err := backupfile.NewReader(f)
	if err != nil {
		return err
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil && strings.HasPrefix(e.Name, lostFound+"/") {
			continue // of the file system that the backup was made on; older versions took it along
		}
		if err == nil && e.Name == backupfile.StoreEntry {
			err = extractStore(filepath.Join(to, storeFolder), r, log)
		} else if err == nil {
			err = extractFile(to, e, r)
		}
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
}

func extractStore(dir string, r io.Reader, log hclog.Logger) error {
	s, err := store.Open(store.Options{Dir: dir, Logger: log})
	if err != nil {
		return err
	}
	return errors.Join(s.Load(r), s.Close())
}

func extractFile(to string, e backupfile.Entry, r io.Reader) error {
	name := filepath.FromSlash(e.Name)
	if !filepath.IsLocal(name) || name == storeFolder || strings.HasPrefix(name, storeFolder+string(filepath.Separator)) {
		return fmt.Errorf("%w: a file named %q", backupfile.ErrDamaged, e.Name)
	}
	path := filepath.Join(to, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fs.FileMode(e.Mode)&0o700|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return errors.Join(err, out.Close()) // see syncTree
}
