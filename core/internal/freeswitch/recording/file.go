package recording

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Files are recordings in a directory, which may be a network mount. Opening one blocks as long as the mount does.
type Files struct {
	template
	root string // the directories before the first placeholder
}

var _ Source = (*Files)(nil)

// NewFiles takes an absolute path such as /var/recordings/{year}/{month}/{uuid}.wav. No recording outside the directories before
// the first placeholder is ever opened, not even through a symbolic link. The dates are of the zone in which FreeSWITCH names
// its files; nil means the local one.
//
// # Errors
//
// A template without {uuid}, with another placeholder, or that is not an absolute path.
func NewFiles(path string, zone *time.Location) (*Files, error) {
	t, err := parseTemplate(path, zone)
	if err != nil {
		return nil, err
	}
	if !filepath.IsAbs(path) || path != filepath.Clean(path) {
		return nil, fmt.Errorf("recording template %q: want a clean absolute path", path)
	}
	fixed, _, _ := strings.Cut(path, "{")
	root := filepath.Dir(fixed + "x") // "/a/b/pre{uuid}" is fixed up to /a/b
	if root == "/" {
		return nil, fmt.Errorf("recording template %q: want a directory before the first placeholder", path)
	}
	return &Files{t, root}, nil
}

// Open finds the file of a call. See Source. A recording that FreeSWITCH did not finish because it died is completed when
// nobody has written to it for a quarter of an hour.
func (f *Files) Open(ctx context.Context, c Call) (*Recording, error) {
	path, err := f.fill(c)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name, err := filepath.Rel(f.root, path)
	if err != nil || !filepath.IsLocal(name) {
		return nil, ErrNotFound
	}
	root, err := os.OpenRoot(f.root)
	if err != nil {
		return nil, fmt.Errorf("recordings directory: %w", err)
	}
	defer func() { _ = root.Close() }()
	// Looked at before it is opened: opening a FIFO would block.
	info, err := root.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("recording: %w", err)
	case !info.Mode().IsRegular():
		return nil, ErrNotFound
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	r, err := opened(file)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return r, nil
}

func opened(file *os.File) (*Recording, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNotFound
	}
	r := &Recording{Size: info.Size(), ModTime: info.ModTime(), ContentType: contentType(info.Name()), Body: file}
	if isWAV(info.Name()) {
		err := checkWAV(file, info.Size())
		if errors.Is(err, ErrUnfinished) && time.Since(info.ModTime()) > abandonedAfter {
			r.Body, err = completed(file, info.Size())
		}
		if err != nil {
			return nil, err
		}
	}
	return r, nil
}
