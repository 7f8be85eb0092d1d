package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/scaffold"
)

// TestMain lets the test binary be patchbay itself, for Makefiles that call it.
func TestMain(m *testing.M) {
	if os.Getenv("PATCHBAY_TEST_IS_PATCHBAY") == "1" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// patchbay runs a command and returns what it printed.
func patchbay(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// project makes a new project and returns a function that runs make in it,
// offline.
func project(t *testing.T, id, lang, point string) (folder string, make func(target string) (string, error)) {
	t.Helper()
	dir := t.TempDir()
	code, stdout, stderr := patchbay(t, "plugin", "new", id, "--lang", lang, "--extends", point, "--dir", dir, "--vendor", "ООО «Ромашка»")
	folder = filepath.Join(dir, id)
	if code != exitOK || !strings.Contains(stdout, "cd "+folder) {
		t.Fatalf("plugin new: %d %s%s", code, stdout, stderr)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATCHBAY_TEST_IS_PATCHBAY=1", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	// The compiler that the SDK's own tests have installed saves another download.
	if asc, err := filepath.Abs("../../../sdk-plugin/assemblyscript/node_modules/.bin/asc"); err == nil && exists(asc) {
		env = append(env, "ASC="+asc)
	}
	return folder, func(target string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "make", "PATCHBAY="+own, target)
		cmd.Dir, cmd.Env = folder, env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
}

// TestNewProjectWorksAtOnce is the way of a partner: new, make test, a change that
// breaks it, inspect.
func TestNewProjectWorksAtOnce(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("builds a guest and compiles it")
	}
	folder, make := project(t, "sms-acme", "go", "sms.provider")
	out, err := make("test")
	if err != nil || !strings.Contains(out, "12 cases passed") || strings.Contains(out, "FAIL") {
		t.Fatalf("make test: %v\n%s", err, out)
	}
	wasm := filepath.Join(folder, "build", "sms-acme.wasm")

	t.Run("inspect", func(t *testing.T) {
		for lang, want := range map[string][]string{
			"en": {"sms-acme 0.1.0 (provider) by ООО «Ромашка»", "imports    http_fetch", "may        send requests over HTTP", "hosts: those that you grant", "signature  none", "token (required, secret)"},
			"ru": {"реализует  sms.provider: send", "может      отправлять запросы по HTTP", "подпись    нет", "Имя отправителя"},
		} {
			code, stdout, _ := patchbay(t, "plugin", "inspect", "--lang", lang, wasm)
			for _, w := range want {
				if code != exitOK || !strings.Contains(stdout, w) {
					t.Errorf("%s: no %q in\n%s", lang, w, stdout)
				}
			}
		}
		if code, _, stderr := patchbay(t, "plugin", "inspect", "--lang", "de", wasm); code != exitFault || !strings.Contains(stderr, "not one of en, ru") {
			t.Errorf("--lang de: %d %s", code, stderr)
		}
		code, stdout, _ := patchbay(t, "plugin", "inspect", "--json", wasm)
		var d struct {
			SHA256   string
			Imports  []string
			Parts    map[string]int
			Manifest struct{ ID string }
		}
		if err := json.Unmarshal([]byte(stdout), &d); code != exitOK || err != nil || len(d.SHA256) != 64 || d.Parts["code"] == 0 || d.Manifest.ID != "sms-acme" {
			t.Errorf("--json: %v %+v", err, d)
		}
	})
	t.Run("packing again changes nothing", func(t *testing.T) {
		again := filepath.Join(t.TempDir(), "again.wasm")
		for _, code := range []string{filepath.Join(folder, "build", "code.wasm"), wasm} {
			if exit, _, stderr := patchbay(t, "plugin", "pack", "--manifest", filepath.Join(folder, "plugin.json"), "--output", again, code); exit != exitOK {
				t.Fatal(stderr)
			}
			a, err1 := os.ReadFile(wasm)
			b, err2 := os.ReadFile(again)
			if err1 != nil || err2 != nil || !bytes.Equal(a, b) {
				t.Errorf("the bytes differ: %v %v", err1, err2)
			}
		}
	})
	t.Run("output for machines", func(t *testing.T) {
		code, stdout, stderr := patchbay(t, "plugin", "test", "--json", "--run", "^accepted$|time-out", "--cases", filepath.Join(folder, "cases"), wasm)
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		if code != exitOK || len(lines) != 2 {
			t.Fatalf("%d %q %s", code, lines, stderr)
		}
		for _, line := range lines {
			var o struct {
				OK       bool
				Problems []string
				Trace    []string
				Units    int64 `json:"cpu_units"`
			}
			if err := json.Unmarshal([]byte(line), &o); err != nil || !o.OK || o.Problems == nil || len(o.Trace) < 5 || o.Units == 0 {
				t.Errorf("%v %s", err, line)
			}
		}
	})
	t.Run("a case that fails", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "wrong.json")
		text := `{"title": "wrong", "settings": {"url": "https://a.example", "token": "geheim"},
			"request": {"operation": "sms.provider/send", "params": {"phone": "+79190000000", "message": "x", "reference": "1"}},
			"upstream": [{"request": {"method": "GET"}, "answer": {"json": {"id": "1"}}}], "hosts": ["a.example"], "reply": {"json": {"message_id": "2"}}}`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, stdout, stderr := patchbay(t, "plugin", "test", "--cases", file, wasm)
		for _, want := range []string{"FAIL", "upstream/0/request/method: want GET, got POST", `reply/json/message_id: want "2", got "1"`, "http_fetch POST https://a.example"} {
			if !strings.Contains(stdout, want) {
				t.Errorf("no %q in\n%s", want, stdout)
			}
		}
		if code != exitFault || !strings.Contains(stderr, "1 of 1 cases failed") || strings.Contains(stdout, "geheim") {
			t.Errorf("%d %s\n%s", code, stderr, stdout)
		}
		if code, _, stderr := patchbay(t, "plugin", "test", "--run", "nothing", "--cases", file, wasm); code != exitFault || !strings.Contains(stderr, "no case") {
			t.Errorf("a selection without cases: %d %s", code, stderr)
		}
	})
	t.Run("a mistake in the source", func(t *testing.T) {
		file := filepath.Join(folder, "main.go")
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// The mistake that costs money: a refusal that is taken for "nobody knows".
		wrong := bytes.Replace(src, []byte("answer.Status/100 == 4"), []byte("answer.Status == 404"), 1)
		if err := os.WriteFile(file, wrong, 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := make("test")
		if err == nil || !strings.Contains(out, "error/sent: want false, got true") || !strings.Contains(out, "2 of 12 cases failed") {
			t.Errorf("make test: %v\n%s", err, out)
		}
	})
}

// TestEveryLanguageWorksAtOnce: a new project in any language passes the cases of
// its extension point. A language whose tools are not installed is a failure.
// PATCHBAY_EVERY_PROJECT=1 builds every language for every point, which takes a
// minute; otherwise Go for all and the others for sms.provider.
func TestEveryLanguageWorksAtOnce(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("builds guests and compiles them")
	}
	for _, lang := range scaffold.Languages() {
		for _, point := range scaffold.Points() {
			if lang != "go" && point != "sms.provider" && os.Getenv("PATCHBAY_EVERY_PROJECT") == "" {
				continue
			}
			t.Run(lang+"/"+point, func(t *testing.T) {
				folder, make := project(t, "acme", lang, point)
				out, err := make("test")
				if err != nil || !strings.Contains(out, "cases passed") {
					readme, _ := os.ReadFile(filepath.Join(folder, "README.md"))
					need := regexp.MustCompile(`(?m)^You need .*$`).Find(readme)
					t.Errorf("%v\n%s\n%s", err, out, need)
				}
			})
		}
	}
}

func TestPluginUsage(t *testing.T) {
	for _, args := range [][]string{{"plugin", "help"}, {"plugin", "--help"}} {
		code, stdout, _ := patchbay(t, args...)
		for _, verb := range pluginVerbs() {
			if code != exitOK || !strings.Contains(stdout, "\n  "+verb.name+" ") || verb.summary == "" {
				t.Errorf("%v: %d, no %s in\n%s", args, code, verb.name, stdout)
			}
		}
	}
	for _, verb := range pluginVerbs() {
		code, _, stderr := patchbay(t, "plugin", "help", verb.name)
		if code != exitOK || !strings.Contains(stderr, "patchbay plugin "+verb.name+" "+verb.arguments) {
			t.Errorf("help %s: %d %s", verb.name, code, stderr)
		}
	}
	for _, args := range [][]string{{"plugin"}, {"plugin", "undo"}, {"plugin", "help", "undo"}, {"plugin", "new"}, {"plugin", "test"}, {"plugin", "run", "a", "b"}, {"plugin", "pack", "--nothing", "x"}} {
		if code, _, stderr := patchbay(t, args...); code != exitUsage || stderr == "" {
			t.Errorf("%v: %d %q", args, code, stderr)
		}
	}
	for _, args := range [][]string{
		{"plugin", "new", "Bad Id", "--dir", t.TempDir()}, {"plugin", "new", "a", "--lang", "cobol", "--dir", t.TempDir()},
		{"plugin", "test", "nowhere.wasm"}, {"plugin", "inspect", "plugin.go"}, {"plugin", "run", t.TempDir()}, {"plugin", "pack", "plugin.go"},
	} {
		if code, _, stderr := patchbay(t, args...); code != exitFault || !strings.HasPrefix(stderr, "patchbay: ") {
			t.Errorf("%v: %d %q", args, code, stderr)
		}
	}
}
