// Package plugins_test checks what all plugins of this folder have in common.
package plugins_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// plugins returns the folders, by id.
func plugins(t *testing.T) map[string]*manifest.Manifest {
	t.Helper()
	files, err := filepath.Glob("*/plugin.json")
	if err != nil || len(files) < 9 {
		t.Fatalf("found %v, %v", files, err)
	}
	all := map[string]*manifest.Manifest{}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, issues := manifest.Parse(src)
		for _, issue := range issues {
			t.Errorf("%s: %v", file, issue)
		}
		if m == nil {
			continue
		}
		if m.ID != filepath.Dir(file) {
			t.Errorf("%s: the id is %q; folder and id are the same", file, m.ID)
		}
		all[m.ID] = m
	}
	return all
}

func TestReadmeTellsEverySettingAndCapability(t *testing.T) {
	for id, m := range plugins(t) {
		b, err := os.ReadFile(filepath.Join(id, "README.md"))
		if err != nil {
			t.Error(err)
			continue
		}
		text := string(b)
		for _, p := range m.Settings.Properties() {
			if !strings.Contains(text, "`"+p.Name+"`") {
				t.Errorf("%s/README.md does not mention the setting %s", id, p.Name)
			}
		}
		for _, c := range m.Capabilities {
			if !strings.Contains(text, "`"+c.Name+"`") {
				t.Errorf("%s/README.md does not mention the capability %s", id, c.Name)
			}
		}
		for _, a := range m.Actions {
			if !strings.Contains(text, "`"+a.Name+"`") {
				t.Errorf("%s/README.md does not mention the action %s", id, a.Name)
			}
		}
	}
}

func TestProvidersFitTheirPoints(t *testing.T) {
	all := plugins(t)
	for id, m := range all {
		for _, e := range m.Extends {
			owner, _, _ := strings.Cut(e.Point, ".")
			if all[owner] == nil || all[owner].Point(e.Point) == nil {
				t.Errorf("%s serves %s, which no module declares", id, e.Point)
				continue
			}
			if err := e.Satisfies(all[owner].Point(e.Point)); err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
	}
}

func TestSecretsAreMarked(t *testing.T) {
	for id, m := range plugins(t) {
		for _, p := range m.Settings.Properties() {
			named := strings.HasSuffix(p.Name, "password") || strings.HasSuffix(p.Name, "api_key")
			if p.Schema.Type == schema.String && named && !p.Schema.Secret {
				t.Errorf("%s: the setting %s is a secret without x-secret", id, p.Name)
			}
		}
	}
}

// TestGuests builds every plugin. Its imports must be what the manifest asks for:
// no more, because the gateway would refuse to load it, and no less, because the
// operator would grant what nobody needs.
func TestGuests(t *testing.T) {
	if testing.Short() {
		t.Skip("builds nine guests")
	}
	const (
		heavy    = "fmt encoding/json encoding/xml regexp reflect net/url time"
		maxGuest = 2_330_000
	)
	// Functions whose presence tells that something was called that a guest has a
	// cheaper form of.
	dear := map[string]string{
		"reflectlite.haveIdenticalUnderlyingType": "errors.As brings reflection, 50 KB: use errors.AsType",
		"strconv.appendEscapedRune":               "strconv's parsers and quotes are 30 to 55 KB: use abi.ParseInt, Value.Int, Value.Number or sms.Amount",
	}
	for id, m := range plugins(t) {
		file := filepath.Join(t.TempDir(), id+".wasm")
		run(t, "go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o", file, "./"+id)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hostImports(b)
		if err != nil {
			t.Errorf("%s: %v", id, err)
		}
		if want := m.Operations(); !slices.Equal(got, want) {
			t.Errorf("%s imports %v, plugin.json asks for %v", id, got, want)
		}
		if len(b) > maxGuest {
			t.Errorf("%s has %d bytes: more than %d; which package did it drag in?", id, len(b), maxGuest)
		}
		for name, why := range dear {
			if bytes.Contains(b, []byte(name)) {
				t.Errorf("%s has %s: %s", id, name, why)
			}
		}
		for _, dep := range strings.Fields(run(t, "go", "list", "-deps", "./"+id)) {
			if slices.Contains(strings.Fields(heavy), dep) {
				t.Errorf("%s imports %s, directly or not: it is too large for a guest", id, dep)
			}
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, stderr.Bytes())
	}
	return string(out)
}

// hostImports returns the operations that a WebAssembly file imports, sorted.
func hostImports(b []byte) ([]string, error) {
	if !bytes.HasPrefix(b, []byte("\x00asm\x01\x00\x00\x00")) {
		return nil, errors.New("not WebAssembly")
	}
	const importSection, function = 2, 0
	r := reader{b: b[8:]}
	for len(r.b) > 0 {
		id := r.bytes(1)[0]
		section := reader{b: r.bytes(r.number())}
		if id != importSection {
			continue
		}
		var all []string
		for range section.number() {
			from, name := string(section.bytes(section.number())), string(section.bytes(section.number()))
			if section.bytes(1)[0] != function {
				return nil, errors.New("imports something that is no function")
			}
			section.number() // its type
			if from == "patchbay" && name != "reply" && name != "log" {
				all = append(all, name)
			}
		}
		slices.Sort(all)
		return all, nil
	}
	return nil, errors.New("no import section")
}

type reader struct{ b []byte }

func (r *reader) number() int {
	n, size := binary.Uvarint(r.b)
	r.b = r.b[size:]
	return int(n)
}

func (r *reader) bytes(n int) []byte {
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}
