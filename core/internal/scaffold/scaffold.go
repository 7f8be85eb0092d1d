// Package scaffold makes new plugin projects: sources that work, the manifest,
// cases, and the SDK itself, so that a partner needs no network. A language is a
// folder of sdk-plugin (README.md there); what all languages share is in templates.
package scaffold

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	sdkplugin "github.com/patchbay-gw/patchbay/sdk-plugin"
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

//go:embed templates
var templates embed.FS

// Project is what is asked for.
type Project struct {
	ID     string // plugin id and folder
	Lang   string // one of [Languages]
	Point  string // one of [Points]
	Vendor string
}

// language is project/language.json.
type language struct {
	Title       string        `json:"title"`
	Concurrency string        `json:"concurrency"`
	SDK         []string      `json:"sdk"`
	Source      string        `json:"source"`
	Tools       manifest.Text `json:"tools"`

	files fs.FS // of sdk-plugin/<lang>
}

// languages returns every language that has a project folder, by its name.
func languages() (map[string]*language, error) {
	folders := map[string]fs.FS{"go": patchbay.Source}
	entries, err := fs.ReadDir(sdkplugin.Files, ".")
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		folder, err := fs.Sub(sdkplugin.Files, e.Name())
		if err != nil {
			return nil, err
		}
		if _, err := fs.Stat(folder, "project/language.json"); err == nil {
			folders[e.Name()] = folder
		}
	}
	all := map[string]*language{}
	for name, folder := range folders {
		src, err := fs.ReadFile(folder, "project/language.json")
		if err != nil {
			return nil, fmt.Errorf("language %s: %w", name, err)
		}
		l := &language{files: folder}
		if err := json.Unmarshal(src, l); err != nil {
			return nil, fmt.Errorf("language %s: language.json: %w", name, err)
		}
		all[name] = l
	}
	return all, nil
}

// Languages returns the names that [Project.Lang] may have, sorted.
func Languages() []string {
	all, err := languages()
	if err != nil {
		return nil // [Create] tells why
	}
	return slices.Sorted(maps.Keys(all))
}

// Points returns the extension points that [Project.Point] may be, sorted.
func Points() []string {
	entries, err := fs.ReadDir(templates, "templates")
	if err != nil {
		return nil
	}
	var points []string
	for _, e := range entries {
		if e.Name() != "common" {
			points = append(points, e.Name())
		}
	}
	return points
}

// Create writes a project into the folder dir/<id>, which must not exist or be
// empty, and returns the folder.
//
// # Errors
//
// An id that plugin.json would not accept, an unknown language or extension point,
// a folder that is in use, or the file system's. Nothing is left behind then.
func Create(dir string, p Project) (folder string, err error) {
	files, err := render(p)
	if err != nil {
		return "", err
	}
	folder = filepath.Join(dir, p.ID)
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("project folder: %w", err)
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("project folder: %s is not empty; choose another id or folder", folder)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("project folder: %w", err)
	}
	// Beside it and renamed, so that nobody finds half a project.
	part, err := os.MkdirTemp(dir, "."+p.ID+"-")
	if err != nil {
		return "", fmt.Errorf("project folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(part))
		}
	}()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file := filepath.Join(part, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return "", fmt.Errorf("project folder: %w", err)
		}
		if err := os.WriteFile(file, files[name], 0o644); err != nil {
			return "", fmt.Errorf("project folder: %w", err)
		}
	}
	if err := os.Chmod(part, 0o755); err != nil {
		return "", fmt.Errorf("project folder: %w", err)
	}
	if err := os.Remove(folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("project folder: %w", err)
	}
	if err := os.Rename(part, folder); err != nil {
		return "", fmt.Errorf("project folder: %w", err)
	}
	return folder, nil
}

// title makes a name for people out of an id: sms-acme-pro is Acme Pro.
func title(id, point string) string {
	prefix, _, _ := strings.Cut(point, ".")
	name := id
	if rest, ok := strings.CutPrefix(id, prefix+"-"); ok && rest != "" {
		name = rest
	}
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '-' })
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// vendored are the files of an SDK that no project needs.
func vendored(name string) bool {
	base := path.Base(name)
	return base != "source.go" && !strings.Contains(base, "_test.")
}
