package main

import (
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
)

// ownModules are ours: the repository and the SDK nested in it.
const ownModules = "github.com/patchbay-gw/patchbay"

// goModules lists what is linked into the binary and what the plugins are compiled from.
func goModules(binary string) ([]part, error) {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return nil, fmt.Errorf("build information of %s: %w", binary, err)
	}
	root, err := output("go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	std := part{kind: "library", name: "std", version: info.GoVersion, purl: "pkg:golang/std@" + strings.TrimPrefix(info.GoVersion, "go")}
	if err := std.read(strings.TrimSpace(root)); err != nil {
		return nil, err
	}
	parts := []part{std}
	used, err := pluginModules()
	if err != nil {
		return nil, err
	}
	for _, m := range append(info.Deps, used...) {
		if m.Replace != nil {
			m = m.Replace
		}
		if strings.HasPrefix(m.Path, ownModules) || strings.HasPrefix(m.Path, ".") {
			continue
		}
		p := part{kind: "library", name: m.Path, version: m.Version, sum: m.Sum, purl: "pkg:golang/" + m.Path + "@" + m.Version}
		dir, err := output("go", "list", "-m", "-f", "{{.Dir}}", m.Path)
		if err != nil {
			return nil, err
		}
		if dir = strings.TrimSpace(dir); !strings.HasSuffix(dir, "@"+m.Version) {
			return nil, fmt.Errorf("the binary has %s %s, go.mod says %q; build it again", m.Path, m.Version, filepath.Base(dir))
		}
		if err := p.read(dir); err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// pluginModules lists the modules that the plugins are compiled from: guests have no
// build information.
func pluginModules() ([]*debug.Module, error) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{.Version}}{{end}}", "./plugins/...")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("modules of the plugins: %w", err)
	}
	var out []*debug.Module
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		path, version, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok && version != "" && !seen[path] {
			seen[path] = true
			out = append(out, &debug.Module{Path: path, Version: version})
		}
	}
	return out, nil
}

// read fills in the licence from the folder of the sources.
func (p *part) read(dir string) error {
	text, err := licenseFiles(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.text = text
	if p.license, err = identify(text); err != nil {
		return fmt.Errorf("%s %s: %w", p.name, p.version, err)
	}
	return nil
}

// packedPlugins lists the plugins that the release brings, by the hash that is their identity
// in the gateway.
func packedPlugins(folder, manifests string) ([]part, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.wasm"))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no plugins in %s: %w", folder, err)
	}
	var out []part
	for _, file := range files {
		id := strings.TrimSuffix(filepath.Base(file), ".wasm")
		text, err := os.ReadFile(filepath.Join(manifests, id, "plugin.json"))
		if err != nil {
			return nil, err
		}
		var m struct{ Version string }
		if err := json.Unmarshal(text, &m); err != nil || m.Version == "" {
			return nil, fmt.Errorf("%s: no version in its manifest: %w", id, err)
		}
		code, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(code)
		out = append(out, part{kind: "application", name: id, version: m.Version, purl: "pkg:generic/patchbay-plugin-" + id + "@" + m.Version,
			algo: "SHA-256", hash: hex.EncodeToString(sum[:]), license: ownLicense, ours: true})
	}
	return out, nil
}

func output(name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(text), nil
}
