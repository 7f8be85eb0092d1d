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
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

// The parts of a data folder that a backup treats in their own way.
const (
	storeFolder = "store"
	// backupLinks begins the names of folders that hold a backup's files in place.
	backupLinks = ".backup-"
	// lostFound is a folder at the top of a file system. It is fsck's, and only root can
	// read it.
	lostFound = "lost+found"
)

// leftOut are parts of the data folder that a start makes again.
var leftOut = []string{storeFolder, "cache", "exports"}

// Backup writes the gateway's data, as of one moment, to w: the database and the
// files beside it. The key of the secrets is among them only withKey. Requests are
// served meanwhile; changes of the configuration wait for the moment alone.
//
// # Errors
//
// w's, ctx's, faults of the disk, and that another backup is being made. What was
// written is then no backup.
func (a *App) Backup(ctx context.Context, w io.Writer, withKey bool) (err error) {
	if !a.backing.TryLock() {
		return errors.New("another backup is being made; wait for its end")
	}
	defer a.backing.Unlock()
	data := a.cfg.Gateway.Data
	out, err := backupfile.NewWriter(guarded{ctx, w}, backupfile.Header{Version: Version, Made: time.Now().UTC(), Key: withKey})
	if err != nil {
		return err
	}
	// A change, also that of the key, brings files and entries of the database into
	// force together, so both are held as they are at one moment: the files by second
	// names.
	a.rotating.Lock()
	a.mu.Lock()
	unlock := sync.OnceFunc(func() { a.mu.Unlock(); a.rotating.Unlock() })
	defer unlock()
	files, folder, err := holdFiles(data, withKey)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := out.Begin(backupfile.Entry{Name: backupfile.StoreEntry}); err != nil {
		return err
	}
	if err := a.store.Backup(&firstWrite{out, unlock}); err != nil {
		return err
	}
	unlock()
	for _, name := range files {
		if err := addFile(out, folder, name); err != nil {
			return err
		}
	}
	return out.Close()
}

// Backup is [App.Backup] of a gateway that does not run.
func (o *Offline) Backup(ctx context.Context, w io.Writer, withKey bool) error {
	return o.app.Backup(ctx, w, withKey)
}

// firstWrite calls begun at the first write: the database has chosen its moment.
type firstWrite struct {
	w     io.Writer
	begun func()
}

func (f *firstWrite) Write(p []byte) (int, error) {
	f.begun()
	return f.w.Write(p)
}

// guarded ends writing with its context.
type guarded struct {
	ctx context.Context
	w   io.Writer
}

func (g guarded) Write(p []byte) (int, error) {
	if err := g.ctx.Err(); err != nil {
		return 0, err
	}
	return g.w.Write(p)
}

// holdFiles gives second names, in a folder of their own, to the files that belong
// to a backup, and returns their paths below it. What begins with a dot is half
// written, or a copy: a key among them. A folder lost+found is passed over when data has
// a file system of its own, that is, at its top.
func holdFiles(data string, withKey bool) (files []string, folder string, err error) {
	old, err := filepath.Glob(filepath.Join(data, backupLinks+"*"))
	if err != nil {
		return nil, "", err
	}
	for _, left := range old { // a killed gateway's
		if err := os.RemoveAll(left); err != nil {
			return nil, "", fmt.Errorf("backup: %w", err)
		}
	}
	if folder, err = os.MkdirTemp(data, backupLinks); err != nil {
		return nil, "", fmt.Errorf("backup: %w", err)
	}
	err = filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(data, path)
		if err != nil || name == "." {
			return err
		}
		if d.IsDir() {
			return skipFolder(name)
		}
		if !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(name, keyFile) && !withKey {
			return nil
		}
		target := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
			return err
		}
		files = append(files, name)
		return os.Link(path, target)
	})
	if err != nil {
		return nil, "", errors.Join(fmt.Errorf("backup: %w", err), os.RemoveAll(folder))
	}
	return files, folder, nil
}

func skipFolder(name string) error {
	if strings.HasPrefix(name, ".") || name == lostFound || slices.Contains(leftOut, name) {
		return fs.SkipDir
	}
	return nil
}

func addFile(out *backupfile.Writer, folder, name string) error {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := out.Begin(backupfile.Entry{Name: filepath.ToSlash(name), Mode: uint32(info.Mode().Perm())}); err != nil {
		return err
	}
	if _, err := io.Copy(out, f); err != nil {
		return fmt.Errorf("backup: %s: %w", name, err)
	}
	return nil
}
