package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	repository = "github.com/patchbay-gw/patchbay"
	internal   = "core/internal/"
	sdk        = "sdk-plugin/go"
)

// pillars are libraries with one owner each: everything else meets them behind
// the owner's interface, so that a library can be understood, fenced and replaced
// in one place.
var pillars = map[string][]string{
	"github.com/gofiber/fiber":        {"core/internal/server", "core/internal/admin"},
	"github.com/valyala/fasthttp":     {"core/internal/server", "core/internal/admin"},
	"github.com/tetratelabs/wazero":   {"core/internal/wasm"},
	"github.com/dgraph-io/badger":     {"core/internal/store"},
	"github.com/hashicorp/hcl":        {"core/internal/config"},
	"github.com/zclconf/go-cty":       {"core/internal/config"},
	"github.com/percipia/eslgo":       {"core/internal/freeswitch"},
	"github.com/xuri/excelize":        {"core/internal/sheet"},
	"github.com/nyaruka/phonenumbers": {"core/internal/params"},
	"aead.dev/minisign":               {"core/internal/minisig"},
	"github.com/pquerna/otp":          {"core/internal/auth", "core/internal/testing/authenticator"},
}

// layers of core/internal from the bottom up. A package imports lower layers and
// its own subtree only; packages of one layer meet in app through interfaces that
// the consumer declares.
var layers = [][]string{
	{"minisig", "seal", "lifetime", "descriptors"},
	{"problem", "logging", "config", "edge", "transcode", "sheet", "store", "auth", "history", "curl"},
	{"guard", "journal", "params", "openapi", "freeswitch", "wasm"},
	{"hostcall", "plugin", "trace"},
	{"registry", "rehearsal", "scaffold"},
	{"server", "refdoc"},
	{"admin"},
	{"app"},
}

func layerOf(path string) int {
	for i, layer := range layers {
		for _, name := range layer {
			if path == internal+name || strings.HasPrefix(path, internal+name+"/") {
				return i
			}
		}
	}
	return -1
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gateway.hcl")); err != nil {
		t.Fatal("the test does not find the repository: ", err)
	}
	return dir
}

// source is one parsed Go file.
type source struct {
	path   string // relative to the repository, with slashes
	folder string
	test   bool
	file   *ast.File
	fset   *token.FileSet
}

// sources parses every Go file of the repository, testdata excepted.
func sources(t *testing.T) []source {
	t.Helper()
	top := root(t)
	var out []source
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && (name == "testdata" || name == "node_modules" || name == "build" || name == "data" || strings.HasPrefix(name, ".") && path != top) {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(top, path)
		relative = filepath.ToSlash(relative)
		out = append(out, source{relative, filepath.ToSlash(filepath.Dir(relative)), strings.HasSuffix(name, "_test.go"), file, fset})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 100 {
		t.Fatalf("only %d Go files found: the rules below would prove nothing", len(out))
	}
	return out
}

func imports(s source) []string {
	var out []string
	for _, i := range s.file.Imports {
		out = append(out, strings.Trim(i.Path.Value, `"`))
	}
	return out
}

func local(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, repository+"/")
	return rest, ok
}

func within(folder, tree string) bool { return folder == tree || strings.HasPrefix(folder, tree+"/") }

func standard(path string) bool { return !strings.Contains(strings.SplitN(path, "/", 2)[0], ".") }

func TestPillarsHaveOneOwner(t *testing.T) {
	for _, s := range sources(t) {
		for _, path := range imports(s) {
			for pillar, owners := range pillars {
				if path != pillar && !strings.HasPrefix(path, pillar+"/") {
					continue
				}
				if !slices.ContainsFunc(owners, func(o string) bool { return within(s.folder, o) }) && !strings.HasPrefix(s.folder, "examples/bench") {
					t.Errorf("%s imports %s: only %s may, so that the library stays behind one interface", s.path, path, strings.Join(owners, " and "))
				}
			}
		}
	}
}

func TestLayers(t *testing.T) {
	for _, s := range sources(t) {
		if !strings.HasPrefix(s.folder, internal) || within(s.folder, internal+"testing") {
			continue
		}
		own := layerOf(s.folder)
		if own < 0 {
			t.Errorf("%s is in no layer: add its package to the list in %s, where it belongs from the bottom up", s.path, "archtest_test.go")
			continue
		}
		if s.test {
			continue // tests may stand anywhere
		}
		for _, path := range imports(s) {
			target, ok := local(path)
			if !ok || !strings.HasPrefix(target, internal) || sameTree(s.folder, target) {
				continue
			}
			if other := layerOf(target); other >= own {
				t.Errorf("%s (layer %d) imports %s (layer %d): import lower layers only, siblings meet in app through an interface that the consumer declares", s.path, own, target, other)
			}
		}
	}
}

// sameTree reports whether both packages are below one name of the layers, as
// journal and journal/mask are. The capabilities below hostcall are siblings.
func sameTree(a, b string) bool {
	first := func(p string) string { return strings.SplitN(strings.TrimPrefix(p, internal), "/", 2)[0] }
	if first(a) != first(b) {
		return false
	}
	return first(a) != "hostcall" || a == internal+"hostcall" || b == internal+"hostcall" || a == b
}

func TestWhoImportsWhomOutside(t *testing.T) {
	for _, s := range sources(t) {
		for _, path := range imports(s) {
			target, isLocal := local(path)
			switch {
			case strings.HasPrefix(s.folder, "core") && isLocal && (within(target, "plugins") || within(target, "examples")):
				t.Errorf("%s imports %s: core never depends on plugins or examples; tests build them by path", s.path, target)
			case within(s.folder, sdk+"/abi") && !s.test && !standard(path):
				t.Errorf("%s imports %s: the border is compiled into every plugin and imports std only", s.path, path)
			case within(s.folder, sdk) && !standard(path) && (!isLocal || !within(target, sdk)):
				t.Errorf("%s imports %s: the SDK depends on std and itself only, so that plugins do not drag in the gateway", s.path, path)
			case within(s.folder, "plugins") && !standard(path) && (!isLocal || !within(target, sdk)):
				t.Errorf("%s imports %s: a plugin imports std and the SDK; another library needs a place in this list with its reason", s.path, path)
			case within(s.folder, "plugins") && !s.test && slices.Contains([]string{"fmt", "encoding/json", "reflect", "regexp", "net/http"}, path):
				t.Errorf("%s imports %s: it makes every guest bigger; the host parses and formats", s.path, path)
			case within(s.folder, "examples/sandbox") && isLocal && !within(target, "examples/sandbox"):
				t.Errorf("%s imports %s: the sandbox is an independent implementation, or it could not catch the gateway's errors", s.path, target)
			}
		}
	}
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	documented, packages := map[string]bool{}, map[string]string{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		packages[s.folder] = s.path
		if s.file.Doc != nil {
			documented[s.folder] = true
		}
	}
	for folder, path := range packages {
		if !documented[folder] {
			t.Errorf("package in %s has no package comment (%s): say in a sentence what lives there", folder, path)
		}
	}
}

// endings are calls that end the process; only main decides that.
func TestOnlyMainEndsTheProcess(t *testing.T) {
	for _, s := range sources(t) {
		if s.test || s.file.Name.Name == "main" && strings.HasSuffix(s.path, "main.go") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok {
				if x, ok := f.X.(*ast.Ident); ok && (x.Name == "log" && strings.HasPrefix(f.Sel.Name, "Fatal") || x.Name == "os" && f.Sel.Name == "Exit") {
					t.Errorf("%s calls %s.%s: return the error, main decides", s.fset.Position(call.Pos()), x.Name, f.Sel.Name)
				}
			}
			return true
		})
	}
}

func TestModuleMeansOneThing(t *testing.T) {
	allowed := []string{internal + "wasm", internal + "registry"}
	for _, s := range sources(t) {
		if slices.ContainsFunc(allowed, func(a string) bool { return within(s.folder, a) }) {
			continue
		}
		for _, d := range s.file.Decls {
			switch d := d.(type) {
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if ts, ok := spec.(*ast.TypeSpec); ok && ts.Name.Name == "Module" {
						t.Errorf("%s: a type Module outside the engine and the registry; the word means what a manager switches on and off", s.fset.Position(ts.Pos()))
					}
				}
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.Name == "Module" {
					t.Errorf("%s: a function Module outside the engine and the registry", s.fset.Position(d.Pos()))
				}
			}
		}
	}
}

// topLevel is everything that may lie at the top of the repository.
var topLevel = []string{
	"core", "plugins", "sdk-plugin", "ui", "examples", "docs", ".ci", "gateway.hcl", "go.mod", "go.sum", "Makefile", "CONTRIBUTING.md",
	"README.md", "README.ru.md", "LICENSE", ".gitignore", ".gitattributes", ".golangci.yml", ".editorconfig",
}

func TestWhatIsCommitted(t *testing.T) {
	list := exec.Command("git", "ls-files")
	list.Dir = root(t)
	out, err := list.Output()
	if err != nil {
		t.Skip("no git here: ", err)
	}
	for name := range strings.Lines(string(out)) {
		name = strings.TrimSpace(name)
		if top := strings.SplitN(name, "/", 2)[0]; !slices.Contains(topLevel, top) {
			t.Errorf("%s: %q does not belong at the top level", name, top)
		}
		if strings.HasSuffix(name, ".wasm") || strings.HasPrefix(name, "build/") || strings.Contains(name, "/node_modules/") {
			t.Errorf("%s: built artefacts are never committed", name)
		}
	}
}
