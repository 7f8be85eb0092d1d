package scaffold

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	sdkplugin "github.com/patchbay-gw/patchbay/sdk-plugin"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// variables are what templates may use.
type variables struct {
	ID, Name, Title, Point      string
	Vendor, Concurrency, Source string
	Language                    string
	Tools                       manifest.Text
}

var functions = template.FuncMap{"json": func(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}}

// tree is the project in the making, by slash-separated path.
type tree struct {
	files map[string][]byte
	v     variables
}

// render returns the files of a project.
func render(p Project) (map[string][]byte, error) {
	known, err := languages()
	if err != nil {
		return nil, err
	}
	lang := known[p.Lang]
	if lang == nil {
		return nil, fmt.Errorf("there is no language %q; known are %s", p.Lang, strings.Join(Languages(), ", "))
	}
	if !slices.Contains(Points(), p.Point) {
		return nil, fmt.Errorf("there is no extension point %q; known are %s", p.Point, strings.Join(Points(), ", "))
	}
	if p.Vendor == "" {
		p.Vendor = "Your company"
	}
	t := &tree{files: map[string][]byte{}, v: variables{
		ID: p.ID, Name: strings.ReplaceAll(p.ID, "-", "_"), Title: title(p.ID, p.Point), Point: p.Point,
		Vendor: p.Vendor, Concurrency: lang.Concurrency, Source: lang.Source, Language: lang.Title, Tools: lang.Tools,
	}}
	err = errors.Join(
		t.add(templates, "templates/common"), t.add(templates, "templates/"+p.Point),
		t.add(lang.files, "project/common"), t.add(lang.files, "project/"+p.Point),
		t.vendor(lang), t.schemas(),
	)
	if err != nil {
		return nil, fmt.Errorf("template of %s for %s: %w", p.Lang, p.Point, err)
	}
	// The manifest decides what an id is.
	if _, issues := manifest.Parse(t.files["plugin.json"]); len(issues) > 0 {
		return nil, fmt.Errorf("plugin id %q: %w", p.ID, issues[0])
	}
	return t.files, nil
}

// add renders the files below a folder into the root of the project.
func (t *tree) add(files fs.FS, folder string) error {
	return fs.WalkDir(files, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		src, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		to, isTemplate := strings.CutSuffix(strings.TrimPrefix(name, folder+"/"), ".tmpl")
		if to == "gitignore" { // the real name would hide it from go:embed
			to = ".gitignore"
		}
		if isTemplate {
			if src, err = t.execute(name, src); err != nil {
				return err
			}
		}
		return t.put(to, src)
	})
}

func (t *tree) execute(name string, src []byte) ([]byte, error) {
	parsed, err := template.New(name).Funcs(functions).Option("missingkey=error").Parse(string(src))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, t.v)
	return out.Bytes(), err
}

func (t *tree) put(name string, content []byte) error {
	if _, taken := t.files[name]; taken {
		return fmt.Errorf("%s comes from two places", name)
	}
	t.files[name] = content
	return nil
}

// vendor copies the SDK to sdk/.
func (t *tree) vendor(lang *language) error {
	for _, root := range lang.SDK {
		err := fs.WalkDir(lang.files, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if name == "project" {
					return fs.SkipDir
				}
				return nil
			}
			if !vendored(name) {
				return nil
			}
			src, err := fs.ReadFile(lang.files, name)
			if err != nil {
				return err
			}
			relative := name
			if root != "." && name != root {
				relative = strings.TrimPrefix(name, root+"/")
			} else if name == root {
				relative = path.Base(name)
			}
			return t.put("sdk/"+relative, src)
		})
		if err != nil {
			return fmt.Errorf("sdk: %w", err)
		}
	}
	return nil
}

// schemas copies the JSON Schemas for editors, and tells the cases where they are.
func (t *tree) schemas() error {
	for _, name := range []string{"plugin.schema.json", "case.schema.json"} {
		src, err := fs.ReadFile(sdkplugin.Files, "abi/"+name)
		if err != nil {
			return err
		}
		if err := t.put("schema/"+name, src); err != nil {
			return err
		}
	}
	settings, err := json.MarshalIndent(map[string]any{"json.schemas": []map[string]any{
		{"fileMatch": []string{"/cases/*.json"}, "url": "./schema/case.schema.json"},
	}}, "", "  ")
	if err != nil {
		return err
	}
	return t.put(".vscode/settings.json", append(settings, '\n'))
}
