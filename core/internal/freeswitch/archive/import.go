package archive

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/cdr"
)

// imported is the folder inside an error directory for files that are in the
// archive; rejected is for files that are no call records at all.
const (
	imported = "imported"
	rejected = "rejected"
)

// settle is how old a file must be: FreeSWITCH may still be writing it.
const settle = 2 * time.Second

// Import stores the files of mod_xml_cdr's and mod_json_cdr's error directory
// (err-log-dir) and moves them to a folder "imported" inside it. A file that
// cannot be moved is stored again next time, which changes nothing. It returns
// how many records were new.
func (a *Archive) Import(ctx context.Context, node, dir string, now time.Time) (int, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("cdr error directory: %w", err)
	}
	defer func() { _ = root.Close() }() // only read
	folder, err := root.Open(".")
	if err != nil {
		return 0, fmt.Errorf("cdr error directory: %w", err)
	}
	entries, err := folder.ReadDir(-1)
	_ = folder.Close() // only read
	if err != nil {
		return 0, fmt.Errorf("cdr error directory: %w", err)
	}
	fresh, faults := 0, []error(nil)
	for _, e := range entries {
		if ctx.Err() != nil {
			return fresh, errors.Join(append(faults, ctx.Err())...)
		}
		if !e.Type().IsRegular() || !strings.HasSuffix(e.Name(), ".xml") && !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		ok, err := a.importFile(root, node, e, now)
		if err != nil {
			faults = append(faults, err)
		}
		if ok {
			fresh++
		}
	}
	return fresh, errors.Join(faults...)
}

func (a *Archive) importFile(root *os.Root, node string, e os.DirEntry, now time.Time) (bool, error) {
	info, err := e.Info()
	if err != nil || now.Sub(info.ModTime()) < settle {
		return false, err
	}
	target := imported
	fresh, err := a.saveFile(root, node, e.Name(), info.Size(), now)
	switch {
	case errors.Is(err, cdr.ErrNotCDR), errors.Is(err, cdr.ErrTooLarge):
		a.log.Warn("a file in the error directory is no call record", "node", node, "file", e.Name(), "reason", err)
		target = rejected
	case err != nil:
		return false, err
	}
	if err := root.Mkdir(target, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		return fresh, fmt.Errorf("cdr file %s is stored but cannot be moved: %w", e.Name(), err)
	}
	if err := root.Rename(e.Name(), target+"/"+e.Name()); err != nil {
		return fresh, fmt.Errorf("cdr file %s is stored but cannot be moved: %w", e.Name(), err)
	}
	return fresh, nil
}

func (a *Archive) saveFile(root *os.Root, node, name string, size int64, now time.Time) (fresh bool, err error) {
	if size > cdr.MaxBody {
		return false, cdr.ErrTooLarge // not even read
	}
	body, err := root.ReadFile(name)
	if err != nil {
		return false, fmt.Errorf("cdr file: %w", err)
	}
	return a.Save(node, body, now)
}

// Watch imports from dir again and again until ctx ends.
func (a *Archive) Watch(ctx context.Context, node, dir string, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	last := ""
	for {
		n, err := a.Import(ctx, node, dir, time.Now())
		if n > 0 {
			a.log.Info("imported call records", "node", node, "records", n)
		}
		switch {
		case err == nil:
			last = ""
		case ctx.Err() == nil && err.Error() != last: // the same fault is reported once
			last = err.Error()
			a.log.Warn("importing call records", "node", node, "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
