package scaffold_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/rehearsal"
	"github.com/patchbay-gw/patchbay/core/internal/scaffold"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// create makes a project and returns its files by name.
func create(t *testing.T, p scaffold.Project) map[string]string {
	t.Helper()
	folder, err := scaffold.Create(t.TempDir(), p)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(folder, path)
		files[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestEveryLanguageAndPoint: whatever can be chosen gives a project with a sound
// manifest and sound cases, in which no template is left.
func TestEveryLanguageAndPoint(t *testing.T) {
	if langs := scaffold.Languages(); !slices.Contains(langs, "go") || !slices.Contains(langs, "c") {
		t.Fatalf("languages %v", langs)
	}
	if points := scaffold.Points(); !slices.Equal(points, []string{"onlinestat.source", "report.source", "sms.provider"}) {
		t.Fatalf("points %v", points)
	}
	for _, lang := range scaffold.Languages() {
		for _, point := range scaffold.Points() {
			t.Run(lang+"/"+point, func(t *testing.T) {
				module, _, _ := strings.Cut(point, ".")
				files := create(t, scaffold.Project{ID: module + "-acme-2", Lang: lang, Point: point, Vendor: `Иван & "Co"`})
				m, issues := manifest.Parse([]byte(files["plugin.json"]))
				if len(issues) > 0 {
					t.Fatal(issues)
				}
				if m.Title.EN != "Acme 2" || m.Vendor != `Иван & "Co"` || m.Extends[0].Point != point {
					t.Errorf("manifest %+v", m)
				}
				cases := 0
				for name, text := range files {
					if strings.HasPrefix(name, "sdk/") {
						if strings.Contains(name, "_test.") || strings.HasPrefix(name, "sdk/project") {
							t.Errorf("%s has no place in a project", name)
						}
						continue
					}
					if strings.Contains(text, "{{") || strings.HasSuffix(name, ".tmpl") {
						t.Errorf("%s holds a template", name)
					}
					if strings.HasPrefix(name, "cases/") {
						list, err := rehearsal.Parse(name, []byte(text))
						if err != nil {
							t.Error(err)
						}
						cases += len(list)
					}
				}
				if cases < 5 {
					t.Errorf("only %d cases", cases)
				}
				for _, name := range []string{
					"Makefile", "build.mk", "README.md", "README.ru.md", ".gitignore", "schema/plugin.schema.json", "schema/case.schema.json",
				} {
					if files[name] == "" {
						t.Errorf("%s is missing", name)
					}
				}
			})
		}
	}
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	for want, p := range map[string]scaffold.Project{
		`plugin id "Acme"`:                        {ID: "Acme", Lang: "go", Point: "sms.provider"},
		`plugin id "../x"`:                        {ID: "../x", Lang: "go", Point: "sms.provider"},
		`plugin id ""`:                            {Lang: "go", Point: "sms.provider"},
		`there is no language "cobol"; known are`: {ID: "a", Lang: "cobol", Point: "sms.provider"},
		`there is no extension point "sms.x"`:     {ID: "a", Lang: "go", Point: "sms.x"},
		`there is no extension point "common"`:    {ID: "a", Lang: "go", Point: "common"},
	} {
		if _, err := scaffold.Create(dir, p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: got %v, want %s", p, err, want)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	p := scaffold.Project{ID: "acme", Lang: "go", Point: "sms.provider"}
	if err := os.MkdirAll(filepath.Join(dir, "acme"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := scaffold.Create(dir, p); err != nil {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := scaffold.Create(dir, p); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("a folder in use: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// TestLinesOfTheExample keeps the promise that a typical HTTP aggregator takes at
// most 60 lines of Go.
func TestLinesOfTheExample(t *testing.T) {
	source := create(t, scaffold.Project{ID: "sms-acme", Lang: "go", Point: "sms.provider"})["main.go"]
	if n := strings.Count(source, "\n"); n > 60 {
		t.Errorf("%d lines", n)
	}
}
