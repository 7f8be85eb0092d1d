package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

// LibraryOptions configure a library.
type LibraryOptions struct {
	// Folders are the operator's plugin folders, which are only read.
	Folders []string
	// Store is the folder of the gateway's own copies; "" keeps none.
	Store string
	// Binary is the gateway's own file, whose neighbours count as shipped; "" for
	// none.
	Binary string
	Policy Policy
}

// Library owns the plugin files: those of the operator's folders, which come and
// go, and the gateway's own copies of uploaded files and of those that ran. It is
// safe for concurrent use.
type Library struct {
	o LibraryOptions

	changing  sync.Mutex // one of Rescan, Add, Keep, Remove at a time
	files     map[string]*file
	kept      map[string]*Package // by path
	faults    []error             // of the folders, found by the last scan
	damaged   []error             // of the store, found at the start
	catalogue atomic.Pointer[Catalogue]
}

// file is what is known of one file in a folder.
type file struct {
	taken stamp // of what pkg or err was made from
	seen  stamp // of the last look
	pkg   *Package
	err   error
}

// stamp changes when a plugin file or its signature does.
type stamp struct {
	size, signatureSize int64
	changed, signed     time.Time
	inode               uint64
}

// OpenLibrary reads everything that is there. What cannot be read is a fault of
// the catalogue.
func OpenLibrary(o LibraryOptions) *Library {
	l := &Library{o: o, files: map[string]*file{}, kept: map[string]*Package{}}
	if o.Store != "" {
		l.readStore()
	}
	l.scan(true)
	return l
}

// Catalogue returns what is there now.
func (l *Library) Catalogue() *Catalogue { return l.catalogue.Load() }

// Rescan looks at the folders and reports whether the catalogue changed. A file
// that is new or different is taken when it looks the same at the next scan: half
// a file is never read. One that is replaced by renaming takes one interval, too.
func (l *Library) Rescan() bool { return l.scan(false) }

func (l *Library) scan(first bool) (changed bool) {
	l.changing.Lock()
	defer l.changing.Unlock()
	var faults []error
	var order []string
	present := map[string]bool{}
	for _, folder := range l.o.Folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			faults = append(faults, fmt.Errorf("plugin folder: %w", err))
			continue
		}
		origin := OriginFolder
		if l.o.Binary != "" && Beside(folder, l.o.Binary) == nil {
			origin = OriginShipped
		}
		for _, e := range entries {
			path := filepath.Join(folder, e.Name())
			if e.IsDir() || filepath.Ext(path) != ".wasm" || present[path] {
				continue
			}
			present[path] = true
			order = append(order, path)
			changed = l.look(path, origin, first) || changed
		}
	}
	for path := range l.files {
		if !present[path] {
			delete(l.files, path)
			changed = true
		}
	}
	if !changed && !first && sameFaults(faults, l.faults) {
		return false
	}
	l.faults = faults
	l.publish(order)
	return true
}

// sameFaults compares what the folders themselves have wrong.
func sameFaults(a, b []error) bool {
	return slices.EqualFunc(a, b, func(x, y error) bool { return x.Error() == y.Error() })
}

// look takes a file when it is time to. It reports whether what is known changed.
func (l *Library) look(path string, origin Origin, first bool) bool {
	f := l.files[path]
	if f == nil {
		f = &file{}
		l.files[path] = f
	}
	now, err := stampOf(path)
	if err != nil {
		known := f.err != nil && f.err.Error() == err.Error()
		*f = file{err: err}
		return !known
	}
	stable := first || now == f.seen
	f.seen = now
	if now == f.taken || !stable {
		return false
	}
	f.taken = now
	f.pkg, f.err = l.o.Policy.readFrom(path, origin, l.o.Binary)
	return true
}

// readFrom reads a file of a folder with its signature.
func (p Policy) readFrom(path string, origin Origin, binary string) (*Package, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("plugin file: %w", err)
	}
	pkg, err := Read(path)
	if err != nil {
		return nil, err
	}
	signature, err := ReadSignature(path)
	if err != nil {
		return nil, err
	}
	if origin == OriginShipped && guardedFile(path, binary) != nil {
		origin = OriginFolder
	}
	pkg.folder, pkg.Origin, pkg.Added = path, origin, info.ModTime()
	p.judge(pkg, signature)
	pkg.Code = nil // megabytes that are needed once, if at all
	return pkg, nil
}

// judge fills in what the signature is worth.
func (p Policy) judge(pkg *Package, signature []byte) {
	pkg.Trust = p.Judge(pkg.Code, signature)
	pkg.Refused = p.refusal(pkg.Trust, pkg.Origin)
}

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, fmt.Errorf("plugin file: %w", err)
	}
	s := stamp{size: info.Size(), changed: info.ModTime(), inode: inode(info)}
	signature, err := os.Stat(path + minisig.Extension)
	switch {
	case err == nil:
		s.signatureSize, s.signed = signature.Size(), signature.ModTime()
	case !errors.Is(err, fs.ErrNotExist):
		return stamp{}, fmt.Errorf("signature: %w", err)
	}
	return s, nil
}

// publish makes a new catalogue of the files in that order and of the kept ones.
// l.changing is held.
func (l *Library) publish(order []string) {
	if order == nil {
		order = slices.Sorted(maps.Keys(l.files))
	}
	faults := slices.Concat(l.damaged, l.faults)
	var all []*Package
	bySum := map[string]*Package{}
	add := func(p *Package) {
		if known := bySum[p.SHA256]; known != nil {
			*known = merge(known, p)
			return
		}
		copied := *p
		bySum[p.SHA256] = &copied
		all = append(all, &copied)
	}
	for _, path := range order {
		switch f := l.files[path]; {
		case f == nil:
		case f.pkg != nil:
			add(f.pkg)
		case f.err != nil:
			faults = append(faults, f.err)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(l.kept)) {
		add(l.kept[path])
	}
	l.catalogue.Store(newCatalogue(all, faults))
}

// merge joins what is known of one content in two places: it may run when it may
// from one of them, and a signature that fits counts for both.
func merge(a, b *Package) Package {
	out := *a
	if out.folder == "" {
		out.folder = b.folder
	}
	if out.kept == "" {
		out.kept = b.kept
	}
	better := b.Trust.State == Signed && a.Trust.State != Signed
	if better {
		out.Trust = b.Trust
	}
	// A signature that does not fit is worse than none: somebody changed something.
	worse := b.Trust.State == Modified && a.Trust.State == Unsigned
	switch {
	case worse:
		out.Trust, out.Refused = b.Trust, b.Refused
	case a.Trust.State == Modified && b.Trust.State != Signed:
	case a.Refused != "" && b.Refused == "":
		out.Refused, out.Origin = "", b.Origin
	}
	return out
}
