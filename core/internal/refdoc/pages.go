package refdoc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Page is a document with generated parts.
type Page struct {
	Have, Want []byte
}

// Fresh reports that the page is as the sources want it.
func (p Page) Fresh() bool { return bytes.Equal(p.Have, p.Want) }

// A generated part stands between these lines.
const (
	begin = "<!-- generated: " // the name of the section and " -->" follow
	end   = "<!-- end -->"
)

// book is what sections are written from.
type book struct {
	root  string // of the repository
	texts *texts
}

// section writes one generated part in a language, "en" or "ru".
type section func(b *book, lang string) (string, error)

var sections = map[string]section{
	"points":     (*book).points,
	"operations": (*book).operations,
	"errors":     (*book).errors,
	"limits":     (*book).limits,
	"manifest":   (*book).manifest,
	"schema":     (*book).schema,
	"case":       (*book).caseFiles,
	"languages":  (*book).languages,
}

// Pages returns the pages below root/docs that have generated parts, by their
// names below docs.
//
// # Errors
//
// A mistake in the marks of a page, a section that does not stand in both
// languages, a source that cannot be read, texts that are missing or left over.
func Pages(root string) (map[string]Page, error) {
	known, err := readTexts()
	if err != nil {
		return nil, err
	}
	b := &book{root: root, texts: known}
	docs := filepath.Join(root, "docs")
	pages, seen := map[string]Page{}, map[string]bool{}
	err = filepath.WalkDir(docs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		have, err := os.ReadFile(path)
		if err != nil || !bytes.Contains(have, []byte(begin)) {
			return err
		}
		name, err := filepath.Rel(docs, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		want, err := b.fill(name, string(have), seen)
		pages[name] = Page{have, []byte(want)}
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		for _, lang := range []string{"en", "ru"} {
			if !seen[lang+" "+name] {
				return nil, fmt.Errorf("no page in %s has the section %s", lang, name)
			}
		}
	}
	return pages, b.texts.leftOver()
}

// fill replaces the generated parts of a page.
func (b *book) fill(name, have string, seen map[string]bool) (string, error) {
	lang := "en"
	if strings.Contains("/"+name, "/ru/") {
		lang = "ru"
	}
	var out strings.Builder
	inside := ""
	for line := range strings.Lines(have) {
		mark, isBegin := strings.CutPrefix(strings.TrimSpace(line), begin)
		isEnd := strings.TrimSpace(line) == end
		switch {
		case isBegin && inside != "":
			return "", fmt.Errorf("%s: the section %s does not end before the next one", name, inside)
		case isBegin:
			inside = strings.TrimSuffix(mark, " -->")
			write := sections[inside]
			if write == nil {
				return "", fmt.Errorf("%s: there is no section %q", name, inside)
			}
			text, err := write(b, lang)
			if err != nil {
				return "", fmt.Errorf("%s: section %s: %w", name, inside, err)
			}
			seen[lang+" "+inside] = true
			out.WriteString(line + "\n" + strings.Trim(text, "\n") + "\n\n" + end + "\n")
		case isEnd && inside == "":
			return "", fmt.Errorf("%s: an end without a section", name)
		case isEnd:
			inside = ""
		case inside == "":
			out.WriteString(line)
		}
	}
	if inside != "" {
		return "", fmt.Errorf("%s: the section %s does not end", name, inside)
	}
	return out.String(), nil
}

func (b *book) read(path ...string) ([]byte, error) {
	return os.ReadFile(filepath.Join(append([]string{b.root}, path...)...))
}

// table writes rows of cells below a head.
type table struct{ strings.Builder }

func newTable(head ...string) *table {
	t := new(table)
	t.row(head...)
	t.WriteString("|" + strings.Repeat("---|", len(head)) + "\n")
	return t
}

// row writes cells; a | inside code has to be escaped in tables.
func (t *table) row(cells ...string) {
	for _, c := range cells {
		t.WriteString("| " + strings.ReplaceAll(strings.ReplaceAll(c, `\|`, "|"), "|", `\|`) + " ")
	}
	t.WriteString("|\n")
}

func code(s string) string { return "`" + s + "`" }

// pick returns the text of a language.
func pick(lang, en, ru string) string {
	if lang == "ru" {
		return ru
	}
	return en
}

var errNothing = errors.New("nothing was found; the source looks different now")
