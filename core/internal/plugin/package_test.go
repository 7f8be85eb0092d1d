package plugin_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// manifestOf returns a small manifest of a provider that may use http.
func manifestOf(id string) []byte {
	return []byte(strings.ReplaceAll(`{
		"id": "ID", "kind": "provider", "abi": 1, "version": "1.0.0", "vendor": "Test",
		"title": {"en": "Test", "ru": "Проба"}, "description": {"en": "For tests.", "ru": "Для проб."},
		"extends": [{"point": "sms.provider", "operations": ["send"]}],
		"capabilities": [{"name": "http", "operations": ["http_fetch"], "reason": {"en": "To send.", "ru": "Чтобы отправлять."}}]
	}`, "ID", id))
}

// small waits for http_fetch when an operation's name begins with f, traps for c
// and finishes at once otherwise; it refuses no settings.
func small() []byte {
	return guest.Asm{
		Operations: []string{abi.OpHTTPFetch},
		Start: guest.Body(
			guest.IfKind(abi.Action, guest.Seq(
				guest.IfName('c', guest.Trap()),
				guest.IfName('f', guest.Seq(guest.CallOperation(0), guest.State(abi.Suspended))),
			)),
			guest.Reply(), guest.Const(int(abi.Finished))),
	}.Bytes()
}

func pack(tb testing.TB, code, manifestJSON []byte) *plugin.Package {
	tb.Helper()
	p, err := plugin.Pack(code, manifestJSON)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestPackAndRead(t *testing.T) {
	first, again := pack(t, small(), manifestOf("demo")), pack(t, small(), manifestOf("demo"))
	if !bytes.Equal(first.Code, again.Code) || first.SHA256 != again.SHA256 {
		t.Error("packing twice gives different files")
	}
	if repacked := pack(t, first.Code, manifestOf("demo")); !bytes.Equal(first.Code, repacked.Code) {
		t.Error("packing a packed plugin with the same manifest changes it")
	}
	other := pack(t, first.Code, manifestOf("other"))
	if other.Manifest.ID != "other" || other.SHA256 == first.SHA256 {
		t.Errorf("packed again: %s, %s", other.Manifest.ID, other.SHA256)
	}
	path := filepath.Join(t.TempDir(), "demo.wasm")
	if err := os.WriteFile(path, first.Code, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := plugin.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if p.Path != path || p.Manifest.ID != "demo" || p.SHA256 != first.SHA256 || !slices.Equal(p.Imports, []string{abi.OpHTTPFetch}) {
		t.Errorf("%+v", p)
	}
}

// wantProblem checks that the error names the file and holds exactly one problem.
func wantProblem(t *testing.T, err error, path, problem string) {
	t.Helper()
	var e *plugin.Error
	if !errors.As(err, &e) || e.Path != path || len(e.Problems) != 1 || !strings.Contains(e.Problems[0], problem) {
		t.Errorf("%v, want %s: %q", err, path, problem)
	}
}

func TestParseRefuses(t *testing.T) {
	good := pack(t, small(), manifestOf("demo")).Code
	silent := guest.Asm{}.Bytes()
	withManifest := func(code []byte, m string) []byte {
		out, err := binary.AppendCustom(code, manifest.Section, []byte(m))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for _, c := range []struct {
		name, want string
		code       []byte
	}{
		{"empty", "", nil},
		{"text", "", []byte("not a plugin")},
		{"truncated", "", good[:len(good)-1]},
		{"cut in the code", "", good[:len(good)/3]},
		{"bytes behind", "", append(slices.Clone(good), 0x77)},
		{"no manifest", "there is no manifest inside; pack it with `patchbay plugin pack`", small()},
		{"two manifests", "custom section appears more than once", binary.AppendCustomSection(slices.Clone(good), manifest.Section, manifestOf("demo"))},
		{"manifest that is no JSON", "", withManifest(small(), "{")},
		{"empty manifest", "", withManifest(small(), "")},
		{"undeclared import", "the code imports http_fetch, which the manifest does not ask for",
			withManifest(small(), strings.Replace(string(manifestOf("demo")), `"http", "operations": ["http_fetch"]`, `"kv", "operations": ["kv_get"]`, 1))},
		{"blocking without exclusive", `the code imports blocking operations (patchbay_blocking), so the manifest must say "concurrency": "exclusive"`,
			withManifest(guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true}.Bytes(), string(manifestOf("demo")))},
		{"broken contract", "export patchbay_abi is missing", withManifest([]byte("\x00asm\x01\x00\x00\x00"), string(manifestOf("demo")))},
		{"too large", "the file is over the limit of 67108864 bytes", make([]byte, plugin.MaxSize+1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := plugin.Parse("x.wasm", c.code)
			if err == nil {
				t.Fatalf("it is accepted: %+v", p)
			}
			var e *plugin.Error
			if !errors.As(err, &e) || e.Path != "x.wasm" || len(e.Problems) == 0 || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%#v, want %q", err, c.want)
			}
		})
	}
	exclusive := strings.Replace(string(manifestOf("demo")), `"abi": 1,`, `"abi": 1, "concurrency": "exclusive",`, 1)
	for _, blocking := range []bool{false, true} { // an exclusive plugin may suspend, too
		code := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: blocking}.Bytes()
		if p := pack(t, code, []byte(exclusive)); !slices.Equal(p.Imports, []string{abi.OpHTTPFetch}) {
			t.Errorf("imports %v", p.Imports)
		}
	}
	// Asking for more than the code uses is no lie: an upgrade may use it.
	if p := pack(t, silent, manifestOf("demo")); len(p.Imports) != 0 {
		t.Errorf("imports %v", p.Imports)
	}
	if _, err := plugin.Pack(small(), []byte(`{"id": "x"}`)); err == nil || !strings.Contains(err.Error(), "plugin.json") {
		t.Errorf("a bad manifest: %v", err)
	}
}

// TestBitFlips: a damaged file is refused or still a plugin, and never the same
// one.
func TestBitFlips(t *testing.T) {
	good := pack(t, small(), manifestOf("demo"))
	refused := 0
	for i := range good.Code {
		flipped := slices.Clone(good.Code)
		flipped[i] ^= 1 << (i % 8)
		p, err := plugin.Parse("x.wasm", flipped)
		if err != nil {
			refused++
		} else if p.SHA256 == good.SHA256 {
			t.Fatalf("byte %d: same identity", i)
		}
	}
	if refused < len(good.Code)/3 {
		t.Errorf("%d of %d refused", refused, len(good.Code))
	}
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := plugin.Read(filepath.Join(dir, "none.wasm")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	_, err := plugin.Read(dir)
	wantProblem(t, err, dir, "it is not a regular file")
	large := filepath.Join(dir, "large.wasm")
	f, err := os.Create(large)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(plugin.MaxSize+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = plugin.Read(large)
	wantProblem(t, err, large, "the file is over the limit")
}

// FuzzParse: no file makes the catalogue panic, and what it accepts asks for what
// it imports.
func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add(small())
	good, err := plugin.Pack(small(), manifestOf("demo"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good.Code)
	f.Fuzz(func(t *testing.T, code []byte) {
		p, err := plugin.Parse("fuzz", code)
		if err != nil {
			return
		}
		for _, name := range p.Imports {
			if !slices.Contains(p.Manifest.Operations(), name) {
				t.Errorf("%s is not declared", name)
			}
		}
	})
}
