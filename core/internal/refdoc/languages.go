package refdoc

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/scaffold"
)

// measured are figures of the provider that `patchbay plugin new` makes for
// sms.provider; the test of the tutorial compares them with what it builds.
var measured = map[string]struct{ fileKB, guestKiB int }{
	"go":             {2223, 2560},
	"assemblyscript": {41, 64},
	"c":              {49, 128},
	"rust":           {181, 1088},
}

// order of the table, as in the tutorial.
var order = []string{"go", "assemblyscript", "c", "rust"}

// languages writes what the languages cost: lines that a partner writes for a
// typical HTTP aggregator, bytes, and how tasks share a guest.
func (b *book) languages(lang string) (string, error) {
	if got := scaffold.Languages(); len(got) != len(order) {
		return "", fmt.Errorf("the table is for %v, and there are %v", order, got)
	}
	t := newTable(pick(lang, "Language", "Язык"), pick(lang, "Lines of code", "Строк кода"), pick(lang, "File, KB", "Файл, КБ"),
		pick(lang, "Guest, KiB", "Гость, КиБ"), "`concurrency`")
	for _, name := range order {
		p, err := newProject(name)
		if err != nil {
			return "", fmt.Errorf("project in %s: %w", name, err)
		}
		m := measured[name]
		t.row(p.title, fmt.Sprint(p.lines), group(lang, m.fileKB), group(lang, m.guestKiB), code(p.concurrency))
	}
	t.row(pick(lang, "none: `sms-http`", "не нужен: `sms-http`"), "0", "", "", "")
	return t.String(), nil
}

// group separates thousands.
func group(lang string, n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d%s%03d", n/1000, pick(lang, ",", "\u00a0"), n%1000)
}

type project struct {
	title, concurrency string
	lines              int
}

// newProject makes a project and counts the lines of its code.
func newProject(lang string) (p project, err error) {
	dir, err := os.MkdirTemp("", "patchbay-refdoc-")
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	folder, err := scaffold.Create(dir, scaffold.Project{ID: "sms-acme", Lang: lang, Point: "sms.provider"})
	if err != nil {
		return p, err
	}
	var manifest struct{ Concurrency string }
	src, err := os.ReadFile(filepath.Join(folder, "plugin.json"))
	if err == nil {
		err = json.Unmarshal(src, &manifest)
	}
	if err != nil {
		return p, err
	}
	source := map[string]string{"go": "main.go", "assemblyscript": "plugin.ts", "c": "plugin.c", "rust": filepath.Join("src", "lib.rs")}[lang]
	src, err = os.ReadFile(filepath.Join(folder, source))
	title := map[string]string{"go": "Go", "assemblyscript": "AssemblyScript", "c": "C", "rust": "Rust"}[lang]
	return project{title, manifest.Concurrency, Lines(string(src))}, err
}

// Lines counts the lines of a source in a language with C's comments that hold
// anything else than a comment.
func Lines(source string) int {
	n, inside := 0, false
	for line := range strings.Lines(source) {
		line = strings.TrimSpace(line)
		switch {
		case inside:
			inside = !strings.Contains(line, "*/")
		case strings.HasPrefix(line, "/*"):
			inside = !strings.Contains(line, "*/")
		case line != "" && !strings.HasPrefix(line, "//"):
			n++
		}
	}
	return n
}
