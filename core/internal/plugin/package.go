// Package plugin is the catalogue: which plugin files there are, what their
// manifests say, what the operator granted them, and the life-cycle of every
// configured instance. It knows how to bring a plugin to life (package wasm runs
// it) but not what it is for.
package plugin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// MaxSize bounds a plugin file, in bytes.
const MaxSize = 64 << 20

// Package is one plugin file, verified but not run: its manifest was read from
// the file's custom section. Treat it as immutable.
type Package struct {
	Manifest *manifest.Manifest
	// SHA256 of the file, in hex: the identity of the plugin.
	SHA256 string
	// Path is where it was read from, "" for one that was built in memory.
	Path string
	// Imports are the operations that the code imports, sorted: what the plugin
	// can do at most.
	Imports []string
	// Code is the file; nil for a package of a catalogue, which is read again when
	// it is compiled.
	Code []byte
}

// load returns the file. One that changed on disk since it was verified is
// refused: another file is another plugin.
func (p *Package) load() ([]byte, error) {
	if p.Code != nil {
		return p.Code, nil
	}
	now, err := Read(p.Path)
	if err != nil {
		return nil, err
	}
	if now.SHA256 != p.SHA256 {
		return nil, &Error{p.Path, []string{"the file changed since the gateway read it; restart the gateway to take the new one"}}
	}
	return now.Code, nil
}

// Error says everything that is wrong with a plugin file.
type Error struct {
	Path     string
	Problems []string
}

func (e *Error) Error() string {
	return fmt.Sprintf("plugin %s: %s", e.Path, strings.Join(e.Problems, "; "))
}

// Read reads and verifies a plugin file. The error is an [*Error], or the
// operating system's.
func Read(path string) (*Package, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("plugin file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{path, []string{"it is not a regular file"}}
	}
	if info.Size() > MaxSize {
		return nil, tooLarge(path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("plugin file: %w", err)
	}
	defer f.Close() // read only
	// It may have grown; one byte more than allowed is enough for Parse to refuse it.
	code, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("plugin file: %w", err)
	}
	return Parse(path, code)
}

// Parse verifies a plugin file that is in memory; path is for messages only. The
// package keeps code.
func Parse(path string, code []byte) (*Package, error) {
	if len(code) > MaxSize {
		return nil, tooLarge(path)
	}
	imports, err := wasm.Verify(code)
	if err != nil {
		return nil, &Error{path, problems(err)}
	}
	raw, err := binary.Custom(code, manifest.Section)
	switch {
	case errors.Is(err, binary.ErrNoSection):
		return nil, &Error{path, []string{"there is no manifest inside; pack it with `patchbay plugin pack`"}}
	case err != nil:
		return nil, &Error{path, problems(err)}
	}
	m, issues := manifest.Parse(raw)
	if len(issues) > 0 {
		return nil, &Error{path, issueTexts(issues)}
	}
	if undeclared := missing(imports, m.Operations()); len(undeclared) > 0 {
		return nil, &Error{path, []string{
			fmt.Sprintf("the code imports %s, which the manifest does not ask for", strings.Join(undeclared, ", ")),
		}}
	}
	sum := sha256.Sum256(code)
	return &Package{Manifest: m, SHA256: hex.EncodeToString(sum[:]), Path: path, Imports: imports, Code: code}, nil
}

func tooLarge(path string) *Error {
	return &Error{path, []string{fmt.Sprintf("the file is over the limit of %d bytes", MaxSize)}}
}

// Pack puts a manifest into a compiled plugin and verifies the result. The same
// input gives the same bytes.
func Pack(code, manifestJSON []byte) (*Package, error) {
	_, issues := manifest.Parse(manifestJSON)
	if len(issues) > 0 {
		return nil, &Error{"plugin.json", issueTexts(issues)}
	}
	packed, err := binary.AppendCustom(code, manifest.Section, bytes.TrimSpace(manifestJSON))
	if err != nil {
		return nil, fmt.Errorf("pack: %w", err)
	}
	return Parse("(packed)", packed)
}

func issueTexts(issues []manifest.Issue) []string {
	texts := make([]string, len(issues))
	for i, issue := range issues {
		texts[i] = issue.Error()
	}
	return texts
}

func problems(err error) []string {
	var v *wasm.VerifyError
	if errors.As(err, &v) {
		return v.Problems
	}
	return []string{err.Error()}
}

// missing returns what is in want and not in have.
func missing(want, have []string) []string {
	var out []string
	for _, name := range want {
		if !slices.Contains(have, name) {
			out = append(out, name)
		}
	}
	return out
}

// Catalogue holds the plugins found in the plugin folders, by id. Treat it as
// immutable.
type Catalogue struct {
	packages map[string]*Package
	// Faults are files that are no good plugins; they stop nobody else.
	Faults []error
}

// Scan reads every .wasm file in the folders. A folder that does not exist is a
// fault; of two files with one id the first folder's is taken and the other
// reported.
func Scan(folders []string) *Catalogue {
	c := &Catalogue{packages: map[string]*Package{}}
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			c.Faults = append(c.Faults, fmt.Errorf("plugin folder: %w", err))
			continue
		}
		for _, e := range entries {
			if e.IsDir() || filepath.Ext(e.Name()) != ".wasm" {
				continue
			}
			p, err := Read(filepath.Join(folder, e.Name()))
			if err != nil {
				c.Faults = append(c.Faults, err)
				continue
			}
			if other := c.packages[p.Manifest.ID]; other != nil {
				c.Faults = append(c.Faults, &Error{p.Path, []string{fmt.Sprintf("id %s is taken by %s", p.Manifest.ID, other.Path)}})
				continue
			}
			p.Code = nil // megabytes that are needed once, if at all
			c.packages[p.Manifest.ID] = p
		}
	}
	return c
}

// Find returns the plugin of an id, nil when there is none.
func (c *Catalogue) Find(id string) *Package { return c.packages[id] }

// All returns the plugins sorted by id.
func (c *Catalogue) All() []*Package {
	all := make([]*Package, 0, len(c.packages))
	for _, p := range c.packages {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Package) int { return strings.Compare(a.Manifest.ID, b.Manifest.ID) })
	return all
}
