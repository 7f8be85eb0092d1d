package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/store/backupfile"
)

// Restore makes the data folder of a backup file. The folder must not be there yet,
// or be empty. The file is checked as a whole before anything is written, and the
// folder appears complete or not at all.
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
	if err := emptyFolder(data); err != nil {
		return header, err
	}
	data = filepath.Clean(data)
	if err := os.MkdirAll(filepath.Dir(data), 0o700); err != nil {
		return header, fmt.Errorf("restore: %w", err)
	}
	making, err := os.MkdirTemp(filepath.Dir(data), filepath.Base(data)+".restoring-")
	if err != nil {
		return header, fmt.Errorf("restore: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(making))
		}
	}()
	if err := extract(ctx, f, making, log); err != nil {
		return header, err
	}
	if err := os.Remove(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return header, fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(making, data); err != nil {
		return header, fmt.Errorf("restore: %w", err)
	}
	return header, nil
}

func emptyFolder(data string) error {
	entries, err := os.ReadDir(data)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("restore: %w", err)
	case len(entries) > 0:
		return fmt.Errorf("%s is not empty (it holds %s); restore into a new folder, or move this one away first", data, entries[0].Name())
	}
	return nil
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
	return errors.Join(err, out.Sync(), out.Close())
}
