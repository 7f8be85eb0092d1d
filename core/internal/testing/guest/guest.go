// Package guest makes plugins for tests: real ones, compiled from Go source by
// the toolchain that runs the test, and tiny ones assembled by hand, which break
// the contract in one exact place or start so fast that thousands can. Only tests
// import it.
package guest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

var built sync.Map // directory -> func() ([]byte, error)

// Build compiles the Go plugin in a directory, once for each test binary, and
// returns its wasm file. The bytes are shared: do not change them.
func Build(tb testing.TB, dir string) []byte {
	tb.Helper()
	abs, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	once, _ := built.LoadOrStore(abs, sync.OnceValues(func() ([]byte, error) { return build(abs) }))
	code, err := once.(func() ([]byte, error))()
	if err != nil {
		tb.Fatal(err)
	}
	return code
}

func build(dir string) ([]byte, error) {
	out, err := os.MkdirTemp("", "guest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(out)
	file := filepath.Join(out, "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o", file, ".")
	cmd.Dir = dir
	// Flags of the test run (-race, -cover) are not for guests.
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the guest in %s: %w\n%s", dir, err, text)
	}
	return os.ReadFile(file)
}

// Cache is the folder where tests keep machine code, because a Go plugin takes
// seconds to compile; "" when the user has no cache folder.
func Cache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "patchbay-test", "wasm")
}

// Engine returns an engine for tests. Its machine code is kept in the user's cache
// folder, because a Go plugin takes seconds to compile. With the race detector,
// which slows compiling down to minutes, it interprets.
func Engine(tb testing.TB) *wasm.Engine {
	tb.Helper()
	dir := Cache()
	if dir == "" {
		dir = tb.TempDir()
	}
	var options []wasm.Option
	if Race {
		dir, options = "", append(options, wasm.WithInterpreter())
	}
	e, err := wasm.NewEngine(dir, hclog.NewNullLogger(), options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(tb.Context()); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// Log is what plugins wrote, for tests that look at it. It is safe for concurrent
// use.
type Log struct {
	hclog.Logger

	mu   sync.Mutex
	text bytes.Buffer
}

// NewLog returns a logger that keeps everything.
func NewLog() *Log {
	l := &Log{}
	l.Logger = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: l, DisableTime: true})
	return l
}

// Write implements io.Writer for the logger.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// Lines returns the lines written so far that contain text.
func (l *Log) Lines(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var found []string
	for line := range strings.Lines(l.text.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
