package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

// The store holds <id>/<version>-<first 12 digits of the sum>.wasm, the signature
// beside it if there is one, and a note with what the file cannot say itself.

// note is written beside a kept file.
type note struct {
	SHA256 string    `json:"sha256"`
	Origin Origin    `json:"origin"`
	Added  time.Time `json:"added"`
	By     string    `json:"by,omitempty"`
}

const noteExtension = ".json"

// readStore reads the kept files. One that is not what was kept is shown and never
// run.
func (l *Library) readStore() {
	paths, err := filepath.Glob(filepath.Join(l.o.Store, "*", "*.wasm"))
	if err != nil {
		l.damaged = append(l.damaged, fmt.Errorf("plugin store: %w", err))
	}
	for _, path := range paths {
		p, err := l.readKept(path)
		if err != nil {
			l.damaged = append(l.damaged, err)
			continue
		}
		l.kept[path] = p
	}
}

func (l *Library) readKept(path string) (*Package, error) {
	text, err := os.ReadFile(path + noteExtension)
	if err != nil {
		return nil, fmt.Errorf("plugin store: %w", err)
	}
	var n note
	if err := json.Unmarshal(text, &n); err != nil {
		return nil, fmt.Errorf("plugin store: %s: %w", path+noteExtension, err)
	}
	pkg, err := Read(path)
	if err != nil {
		return nil, err
	}
	signature, err := ReadSignature(path)
	if err != nil {
		return nil, err
	}
	pkg.kept, pkg.Origin, pkg.Added, pkg.By = path, n.Origin, n.Added, n.By
	l.o.Policy.judge(pkg, signature)
	if pkg.SHA256 != n.SHA256 {
		pkg.Trust = Trust{State: Modified, Reason: "the file is not the one that was verified when it was kept"}
		pkg.Refused = l.o.Policy.refusal(pkg.Trust, pkg.Origin)
	}
	pkg.Code = nil
	return pkg, nil
}

// RefusedError means that the policy does not let a file in.
type RefusedError struct {
	// Trust says what is wrong with its signature.
	Trust  Trust
	Reason string
}

func (e *RefusedError) Error() string { return "the plugin is " + e.Reason }

// ErrNoStore means that the library keeps no copies.
var ErrNoStore = errors.New("the gateway has no folder for plugin files")

// Add verifies an uploaded file with its signature, nil for none, and keeps it. A
// file that is there already stays, with its signature renewed. The result is that
// of the new catalogue.
//
// # Errors
//
// [*Error] for what is no plugin, [*RefusedError] for what must not run.
func (l *Library) Add(code, signature []byte, by string, now time.Time) (*Package, error) {
	if l.o.Store == "" {
		return nil, ErrNoStore
	}
	pkg, err := Parse("(upload)", code)
	if err != nil {
		return nil, err
	}
	pkg.Origin, pkg.Added, pkg.By = OriginUpload, now, by
	l.o.Policy.judge(pkg, signature)
	if pkg.Refused != "" {
		return nil, &RefusedError{pkg.Trust, pkg.Refused}
	}
	l.changing.Lock()
	defer l.changing.Unlock()
	if known := l.Catalogue().Version(pkg.Manifest.ID, pkg.SHA256); known != nil && known.Refused == "" && signature == nil {
		return known, nil
	}
	if err := l.write(pkg, code, signature, true); err != nil {
		return nil, err
	}
	l.publish(nil)
	return l.Catalogue().Version(pkg.Manifest.ID, pkg.SHA256), nil
}

// Keep makes a copy of a file of the folders, so that its version can be brought
// back after the file was replaced. A kept one stays as it is.
func (l *Library) Keep(p *Package, now time.Time) error {
	if l.o.Store == "" || p.Kept() {
		return nil
	}
	l.changing.Lock()
	defer l.changing.Unlock()
	if known := l.Catalogue().Version(p.Manifest.ID, p.SHA256); known == nil || known.Kept() {
		return nil // it is gone, or somebody was faster
	}
	code, err := p.load()
	if err != nil {
		return err
	}
	signature, err := ReadSignature(p.folder)
	if err != nil {
		return err
	}
	copied := *p
	copied.Added = now
	// A copy that a power cut damages is made again.
	if err := l.write(&copied, code, signature, false); err != nil {
		return err
	}
	l.publish(nil)
	return nil
}

// write writes a file of the store, the code last: without it the rest is nothing.
// l.changing is held.
func (l *Library) write(p *Package, code, signature []byte, durable bool) error {
	text, err := json.Marshal(note{p.SHA256, p.Origin, p.Added.UTC(), p.By})
	if err != nil {
		return fmt.Errorf("plugin store: %w", err)
	}
	path := filepath.Join(l.o.Store, p.Manifest.ID, keptName(p))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("plugin store: %w", err)
	}
	parts := []struct {
		path    string
		content []byte
	}{{path + noteExtension, text}, {path + minisig.Extension, signature}, {path, code}}
	for _, part := range parts {
		if part.content == nil {
			continue
		}
		if err := writeWhole(part.path, part.content, durable); err != nil {
			return fmt.Errorf("plugin store: %w", err)
		}
	}
	pkg := *p
	pkg.Code, pkg.folder, pkg.kept, pkg.Path = nil, "", path, path
	l.kept[path] = &pkg
	return nil
}

// keptName is for people; nothing reads it.
func keptName(p *Package) string {
	version := strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, p.Manifest.Version)
	return version[:min(len(version), 40)] + "-" + p.SHA256[:12] + ".wasm"
}

// writeWhole writes a file that is either all there or not there.
func writeWhole(path string, content []byte, durable bool) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".part")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	if _, err = f.Write(content); err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Remove deletes the gateway's copy of a version. One that is also in a folder
// stays in the catalogue.
func (l *Library) Remove(id, sha256 string) error {
	l.changing.Lock()
	defer l.changing.Unlock()
	if err := l.remove(id, sha256); err != nil {
		return err
	}
	l.publish(nil)
	return nil
}

func (l *Library) remove(id, sha256 string) error {
	for path, p := range l.kept {
		if p.Manifest.ID != id || p.SHA256 != sha256 {
			continue
		}
		for _, name := range []string{path, path + minisig.Extension, path + noteExtension} {
			if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("plugin store: %w", err)
			}
		}
		delete(l.kept, path)
	}
	return nil
}

// Prune deletes the oldest copies of a plugin until keep are left beside those that
// needed names.
func (l *Library) Prune(id string, keep int, needed func(sha256 string) bool) error {
	l.changing.Lock()
	defer l.changing.Unlock()
	var spare []*Package
	for _, p := range l.kept {
		if p.Manifest.ID == id && !needed(p.SHA256) {
			spare = append(spare, p)
		}
	}
	slices.SortFunc(spare, func(a, b *Package) int { return b.Added.Compare(a.Added) })
	if len(spare) <= keep {
		return nil
	}
	for _, p := range spare[keep:] {
		if err := l.remove(id, p.SHA256); err != nil {
			return err
		}
	}
	l.publish(nil)
	return nil
}
