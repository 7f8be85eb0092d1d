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
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
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
	// Size of the file in bytes.
	Size int
	// Origin is how the file came here, Added when: the time of the file, or of the
	// upload. By is who uploaded it.
	Origin Origin
	Added  time.Time
	By     string
	// Trust is what its signature is worth; Refused why it must not run, "" when it
	// may.
	Trust   Trust
	Refused string
	// Imports are the operations that the code imports, sorted: what the plugin
	// can do at most.
	Imports []string
	// Code is the file; nil for a package of a catalogue, which is read again when
	// it is compiled.
	Code []byte

	folder, kept string // paths of the file in a plugin folder and in the store, "" for none
}

// InFolder reports whether the file lies in a plugin folder now; a plugin that is
// in use runs on when its file is removed.
func (p *Package) InFolder() bool { return p.folder != "" }

// Removed returns the package as it is when its file is gone from everywhere.
func (p *Package) Removed() Package {
	out := *p
	out.folder, out.kept = "", ""
	return out
}

// Kept reports whether the gateway has a copy of its own.
func (p *Package) Kept() bool { return p.kept != "" }

// load returns the file. One that is not what was verified is refused: another
// file is another plugin.
func (p *Package) load() ([]byte, error) {
	if p.Refused != "" {
		return nil, &Error{p.Path, []string{p.Refused}}
	}
	if p.Code != nil {
		return p.Code, nil
	}
	var errs []error
	for _, path := range []string{p.kept, p.folder} {
		if path == "" {
			continue
		}
		code, err := readFile(path)
		if err == nil && checksum(code) != p.SHA256 {
			err = &Error{path, []string{"the file is not the one that was verified"}}
		}
		if err == nil {
			return code, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
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
	code, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, code)
}

// readFile reads a plugin file that may be anything.
func readFile(path string) ([]byte, error) {
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
	// It may have grown; one byte more than allowed is enough to refuse it.
	code := bytes.NewBuffer(make([]byte, 0, info.Size()+bytes.MinRead))
	if _, err := code.ReadFrom(io.LimitReader(f, MaxSize+1)); err != nil {
		return nil, fmt.Errorf("plugin file: %w", err)
	}
	if code.Len() > MaxSize {
		return nil, tooLarge(path)
	}
	return code.Bytes(), nil
}

func checksum(code []byte) string {
	sum := sha256.Sum256(code)
	return hex.EncodeToString(sum[:])
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
	if imports.Blocking && m.Concurrency != manifest.ConcurrencyExclusive {
		return nil, &Error{path, []string{fmt.Sprintf(`the code imports blocking operations (%s), so the manifest must say "concurrency": "%s"`,
			abi.BlockingModule, manifest.ConcurrencyExclusive)}}
	}
	if undeclared := missing(imports.Operations, m.Operations()); len(undeclared) > 0 {
		return nil, &Error{path, []string{
			fmt.Sprintf("the code imports %s, which the manifest does not ask for", strings.Join(undeclared, ", ")),
		}}
	}
	return &Package{Manifest: m, SHA256: checksum(code), Path: path, Size: len(code), Imports: imports.Operations, Code: code}, nil
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
