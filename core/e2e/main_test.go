package e2e

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// root is the repository; the tests run in core/e2e.
var root = func() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}()

// Paths of what `make build` makes. The cache lies beside it, so that only the
// first run compiles the plugins.
var (
	patchbay = filepath.Join(root, "build", "patchbay")
	sandbox  = filepath.Join(root, "build", "sandbox")
	plugins  = filepath.Join(root, "build", "plugins")
	cache    = filepath.Join(root, "build", "e2e", "cache")
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	if testing.Short() {
		fmt.Println("e2e: nothing is proven with -short")
		return 0
	}
	if err := build(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	if err := pruneCache(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: cache:", err)
		return 1
	}
	if err := warm(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e: compile the plugins once:", err)
		return 1
	}
	return m.Run()
}

// maxCache is when the cache, which keeps the code of old builds too, starts
// again from nothing.
const maxCache = 1 << 30

func pruneCache() error {
	size := int64(0)
	err := filepath.WalkDir(cache, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	if err != nil || size < maxCache {
		return err
	}
	if err := os.RemoveAll(cache); err != nil {
		return err
	}
	return os.MkdirAll(cache, 0o755)
}

// build brings the binaries up to date. It also looks at every source file, so
// that `go test` does not take an old result from its cache after a change.
func build() error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	for _, folder := range []string{"core", "examples/sandbox", "plugins", "sdk-plugin", "ui/dist"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "node_modules" {
				return filepath.SkipDir
			}
			if err == nil && !d.IsDir() {
				_, err = os.Stat(path)
			}
			if os.IsNotExist(err) { // an editor's temporary file, or nothing built there
				return nil
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	// GOFLAGS of the test run (-race, -count) are not for the guests.
	cmd := exec.Command("make", "--silent", "build")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOFLAGS=", "MAKEFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("make build: %w\n%s", err, out)
	}
	return nil
}

// warm starts a gateway with one instance of every plugin and lets it compile
// them into the cache.
func warm() error {
	dir, err := os.MkdirTemp("", "patchbay-e2e-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	text := expand(everything, map[string]string{
		"plugins": plugins, "esl": "127.0.0.1:1", "sandbox": "127.0.0.1:1", "recordings": dir, "errors": dir,
	})
	g, err := launchGateway(dir, text, "127.0.0.1:0", nil)
	if err != nil {
		return err
	}
	defer g.process.Kill()
	return g.waitReady()
}

// expand replaces {name} by values; HCL's own ${…} stays.
func expand(text string, values map[string]string) string {
	var pairs []string
	for name, value := range values {
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
