package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const repository = "../../../.."

// TestDocuments: the pages name every scenario, and every test that they name exists.
func TestDocuments(t *testing.T) {
	read := func(path string) string {
		raw, err := os.ReadFile(filepath.Join(repository, path))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	page, readme := read("docs/reliability.md"), read("examples/chaos/README.md")
	for _, s := range scenarios() {
		if !strings.Contains(page, "`"+s.name+"`") || !strings.Contains(readme, "| `"+s.name+"` |") {
			t.Errorf("scenario %s is missing in docs/reliability.md or examples/chaos/README.md", s.name)
		}
	}
	if strings.Count(page, blockBegin) != 1 || strings.Count(page, blockEnd) != 1 {
		t.Error("docs/reliability.md has no block for the table")
	}
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
	for _, folder := range []string{"core", "examples/chaos"} {
		err := filepath.WalkDir(filepath.Join(repository, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(raw, -1) {
				tests[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w*`).FindAllString(page, -1)
	if len(named) == 0 {
		t.Error("docs/reliability.md names no test")
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("docs/reliability.md names %s, which is no test", name)
		}
	}
}
