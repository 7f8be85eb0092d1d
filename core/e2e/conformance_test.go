package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// toolchains are the Debian packages that a language's build.sh needs.
var toolchains = map[string]string{
	"go":             "none beside the Go toolchain that runs this test",
	"assemblyscript": "nodejs npm",
	"rust":           "rustc libstd-rust-dev-wasm32 lld",
	"c":              "clang lld wasi-libc libclang-rt-14-dev-wasm32",
}

// TestConformance: the guest of every SDK keeps the contract, on the production
// engine.
func TestConformance(t *testing.T) {
	t.Parallel()
	kit := filepath.Join(root, "sdk-plugin", "abi", "conformance")
	scripts, err := filepath.Glob(filepath.Join(root, "sdk-plugin", "*", "conformance", "build.sh"))
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) == 0 {
		t.Fatal("there is no conformance guest")
	}
	large := filepath.Join(t.TempDir(), "large.json")
	if err := os.WriteFile(large, largeCases(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		language := filepath.Base(filepath.Dir(filepath.Dir(script)))
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			code, plugin := filepath.Join(dir, "code.wasm"), filepath.Join(dir, "conformance.wasm")
			if out, err := exec.CommandContext(t.Context(), script, code).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v; it needs the Debian packages: %s\n%s", script, err, toolchains[language], out)
			}
			command(t, "plugin", "pack", "--manifest", filepath.Join(kit, "plugin.json"), "--output", plugin, code)
			for _, cases := range []string{filepath.Join(kit, "cases"), large} {
				out := command(t, "plugin", "test", "--cases", cases, plugin)
				if strings.Count(out, "\n") < 2 {
					t.Errorf("no case was played: %s", out)
				}
			}
		})
	}
}

// command runs the gateway's binary and insists on success.
func command(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), patchbay, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("patchbay %s: %v\n%s", strings.Join(args, " "), err, short(string(out)))
	}
	return string(out)
}

// largeCases are cases of echo that would swell the repository: what needs the
// widest forms of lengths, and more than a guest has room for at first.
func largeCases(t *testing.T) []byte {
	t.Helper()
	numbers := make([]int, 70_000)
	many, entries := map[string]int{}, map[string]int{}
	for i := range numbers {
		numbers[i] = i - 35_000
		many[fmt.Sprint("key ", i)] = i
		if i < 500 {
			entries[fmt.Sprint("key ", i)] = i
		}
	}
	var cases []any
	add := func(title string, value any, compared bool) {
		params := map[string]any{"value": value}
		reply := map[string]any{"status": 200}
		if compared {
			reply["json"] = params
		}
		cases = append(cases, map[string]any{
			"title": title, "request": map[string]any{"operation": "conformance.kit/echo", "params": params}, "reply": reply,
		})
	}
	add("65,535 bytes of text", strings.Repeat("x", 65_535), true)
	add("65,536 bytes of text", strings.Repeat("x", 65_536), true)
	add("1 MiB of text", strings.Repeat("Привет, мир! 😀 ", 1<<20/26), true)
	add("70,000 elements", numbers, true)
	add("500 entries", entries, true)
	add("70,000 entries", many, false) // comparing them key by key takes minutes
	raw, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
