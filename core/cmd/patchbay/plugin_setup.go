package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// setup is what one session serves.
type setup struct {
	plugin   *plugin.Package
	module   *plugin.Package // that declares the provider's point; nil when there is none
	settings abi.Value       // a map
	mark     string          // fingerprint of the sources it was made from
}

// find decides what is run: a plugin file, or a project's folder.
func (b *workbench) find(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("plugin: %w", err)
	}
	if !info.IsDir() {
		b.file = path
		if b.settingsFile == "" && exists("settings.json") {
			b.settingsFile = "settings.json"
		}
		return nil
	}
	src, err := os.ReadFile(filepath.Join(path, "plugin.json"))
	if err != nil {
		return fmt.Errorf("plugin: %s is no project: %w", path, err)
	}
	m, issues := manifest.Parse(src)
	if len(issues) > 0 {
		return fmt.Errorf("plugin.json: %w", issues[0])
	}
	b.dir, b.file = path, filepath.Join(path, "build", m.ID+".wasm")
	if own := filepath.Join(path, "settings.json"); b.settingsFile == "" && exists(own) {
		b.settingsFile = own
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// build makes the project, when there is one, and reads everything.
func (b *workbench) build(ctx context.Context) (*setup, error) {
	s := &setup{mark: b.mark()}
	if b.dir != "" {
		if err := b.make(ctx); err != nil {
			return nil, err
		}
	}
	var err error
	if s.plugin, err = plugin.Read(b.file); err != nil {
		return nil, err
	}
	if s.settings, err = b.readSettings(s.plugin.Manifest); err != nil {
		return nil, err
	}
	if s.module, err = b.findModule(s.plugin.Manifest); err != nil {
		return nil, err
	}
	return s, nil
}

// make builds the project with this very program.
func (b *workbench) make(ctx context.Context) error {
	own, err := os.Executable()
	if err != nil {
		return fmt.Errorf("make: %w", err)
	}
	cmd := exec.CommandContext(ctx, "make", "-C", b.dir, "PATCHBAY="+own)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("make: %w\n%s", err, out.Bytes())
	}
	return nil
}

// readSettings reads and checks the settings, so that a mistake is told before a
// gateway is started.
func (b *workbench) readSettings(m *manifest.Manifest) (abi.Value, error) {
	text := []byte("{}")
	if b.settingsFile != "" {
		var err error
		if text, err = os.ReadFile(b.settingsFile); err != nil {
			return nil, fmt.Errorf("settings: %w", err)
		}
	}
	v, err := transcode.FromJSON(nil, text, transcode.Options{})
	if err != nil {
		return nil, fmt.Errorf("settings %s: %w", b.settingsFile, err)
	}
	if m.Settings == nil {
		return v, nil
	}
	if err := m.Settings.Validate(m.Settings.WithDefaults(v)); err != nil {
		return nil, fmt.Errorf("settings: %w; write them as JSON into %s, or name another file with --settings: %s", err, b.settingsHome(), blank(m.Settings))
	}
	return v, nil
}

func (b *workbench) settingsHome() string {
	if b.settingsFile != "" {
		return b.settingsFile
	}
	return filepath.Join(b.dir, "settings.json")
}

// blank is an example of the required settings.
func blank(s *schema.Schema) string {
	var o abi.Object
	for _, p := range s.Properties() {
		if !p.Required {
			continue
		}
		switch p.Schema.Type {
		case schema.String:
			o.Str(p.Name, p.Schema.Placeholder)
		default:
			o.Set(p.Name, nil)
		}
	}
	return string(jsontree.AppendValue(nil, o.Value()))
}

// findModule looks for the module that declares the provider's extension point.
func (b *workbench) findModule(m *manifest.Manifest) (*plugin.Package, error) {
	if m.Kind != manifest.KindProvider || len(m.Extends) == 0 {
		return nil, nil
	}
	if b.with != "" {
		p, err := plugin.Read(b.with)
		if err != nil {
			return nil, err
		}
		if p.Manifest.Point(m.Extends[0].Point) == nil {
			return nil, fmt.Errorf("--with: %s does not declare %s", b.with, m.Extends[0].Point)
		}
		return p, nil
	}
	folders := []string{filepath.Join("build", "plugins")}
	if own, err := os.Executable(); err == nil {
		folders = append([]string{filepath.Join(filepath.Dir(own), "plugins")}, folders...)
	}
	for _, folder := range folders {
		// The module's id is what stands before the dot.
		id, _, _ := strings.Cut(m.Extends[0].Point, ".")
		p, err := plugin.Read(filepath.Join(folder, id+".wasm"))
		if err == nil && p.Manifest.Point(m.Extends[0].Point) != nil {
			return p, nil
		}
	}
	b.say("no module that declares %s was found, so the plugin has no route; name its file with --with", m.Extends[0].Point)
	return nil, nil
}

func (b *workbench) plugins() string { return filepath.Join(b.data, "plugins") }

// install puts the plugin files where the gateway looks for them.
func (b *workbench) install(s *setup) error {
	if err := os.RemoveAll(b.plugins()); err != nil {
		return fmt.Errorf("plugin folder: %w", err)
	}
	if err := os.MkdirAll(b.plugins(), 0o700); err != nil {
		return fmt.Errorf("plugin folder: %w", err)
	}
	for _, p := range []*plugin.Package{s.plugin, s.module} {
		if p == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(b.plugins(), p.Manifest.ID+".wasm"), p.Code, 0o600); err != nil {
			return fmt.Errorf("plugin folder: %w", err)
		}
	}
	return nil
}

// hosts are those of the manifest and of addresses among the settings.
func (s *setup) hosts() []string {
	hosts := slices.Clone(plugin.Hosts(s.plugin.Manifest))
	for _, p := range s.plugin.Manifest.Settings.Properties() {
		if u, err := url.Parse(s.settings.Get(p.Name).String()); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
			hosts = append(hosts, u.Host)
		}
	}
	slices.Sort(hosts)
	return slices.Compact(hosts)
}

// settingsHCL writes the settings as an expression: JSON is one, but for templates.
func (s *setup) settingsHCL() string {
	return escapeTemplates(string(jsontree.AppendValue(nil, s.settings)))
}

func quoteJSON(s string) string { return string(jsontree.AppendString(nil, s)) }

// examples are commands to try the module's actions with.
func (s *setup) examples(address, token string) []string {
	m := s.plugin.Manifest
	if m.Kind == manifest.KindProvider {
		if s.module == nil {
			return nil
		}
		m = s.module.Manifest
	}
	var lines []string
	for _, a := range m.Actions {
		name, body := a.Name, "{}"
		if a.PerInstance != "" {
			if !slices.ContainsFunc(s.plugin.Manifest.Extends, func(e manifest.Extension) bool { return e.Point == a.PerInstance }) {
				continue // there is no instance to name
			}
			name = s.plugin.Manifest.ID
		}
		if len(a.Examples) > 0 && len(a.Examples[0].Request) > 0 {
			var compact bytes.Buffer
			if json.Compact(&compact, a.Examples[0].Request) == nil {
				body = compact.String()
			}
		}
		lines = append(lines, fmt.Sprintf("curl -H 'Authorization: Bearer %s' -d '%s' http://%s/%s/%s", token,
			strings.ReplaceAll(body, "'", `'\''`), address, m.ID, name))
	}
	return lines
}

// look is how often the sources are looked at.
const look = 300 * time.Millisecond

// await waits for a change of the sources that can be built, or returns nil when
// ctx ends. A change that cannot be built is told, and what runs goes on.
func (b *workbench) await(ctx context.Context, s *setup) *setup {
	mark := s.mark
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
		now := b.mark()
		if now == mark {
			continue
		}
		mark = now
		next, err := b.build(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			b.say("the change is not taken: %v", err)
		case next.plugin.SHA256 == s.plugin.SHA256 && bytes.Equal(next.settings, s.settings):
			// Touched, not changed.
		default:
			return next
		}
	}
}

// mark is a fingerprint of everything that a change may come from: names, sizes
// and times.
func (b *workbench) mark() string {
	var t strings.Builder
	note := func(path string) {
		if info, err := os.Stat(path); err == nil {
			fmt.Fprintf(&t, "%s %d %d\n", path, info.Size(), info.ModTime().UnixNano())
		}
	}
	if b.settingsFile != "" {
		note(b.settingsFile)
	}
	if b.dir == "" {
		note(b.file)
		return t.String()
	}
	// What cannot be read now is read with the next look.
	_ = filepath.WalkDir(b.dir, func(path string, d fs.DirEntry, err error) error {
		name := ""
		if d != nil {
			name = d.Name()
		}
		switch {
		case err != nil && errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && path != b.dir && (slices.Contains([]string{"build", "node_modules", "target"}, name) || strings.HasPrefix(name, ".")):
			return fs.SkipDir
		case !d.IsDir():
			note(path)
		}
		return nil
	})
	return t.String()
}
