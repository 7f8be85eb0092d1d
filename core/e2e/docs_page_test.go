package e2e

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// page is a document of docs.
type page struct {
	name   string // below docs, with slashes
	lines  []string
	blocks []block
}

// block is a fenced block.
type block struct {
	line     int // of its first line, from 1
	info     string
	section  string // title of the nearest heading above that is a language
	code     string
	adjacent bool // only blank lines between it and the block before
}

// step is a block of commands with the output that the page promises.
type step struct {
	line         int
	code, output string
}

// infos are the kinds of blocks that pages may have: sh is executed, text is the
// output of the sh above it, the others are only shown; figures is what a bench wrote.
var infos = []string{"sh", "text", "hcl", "json", "nginx", "xml", "ini", "figures"}

// pageNames returns the documents, sorted.
func pageNames(t *testing.T) []string {
	t.Helper()
	var names []string
	docs := filepath.Join(root, "docs")
	err := filepath.WalkDir(docs, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".md" {
			return err
		}
		name, err := filepath.Rel(docs, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil || len(names) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	slices.Sort(names)
	return names
}

func readPage(t *testing.T, name string) *page {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePage(name, string(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var heading = regexp.MustCompile(`^(#{1,6}) (.+)$`)

// parsePage is strict: a mistake in the fences would leave commands out.
func parsePage(name, text string) (*page, error) {
	p := &page{name: name, lines: strings.Split(text, "\n")}
	var open *block
	section, adjacent := "", false
	for i, line := range p.lines {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case open != nil && isFence && fence == "":
			p.blocks = append(p.blocks, *open)
			open, adjacent = nil, true
		case open != nil:
			open.code += line + "\n"
		case isFence && !slices.Contains(infos, fence):
			return nil, fmt.Errorf("%s:%d: a block of kind %q; there are %v", name, i+1, fence, infos)
		case isFence:
			if fence == "text" && (!adjacent || p.blocks[len(p.blocks)-1].info != "sh") {
				return nil, fmt.Errorf("%s:%d: a block of kind text is the output of the commands right above it", name, i+1)
			}
			open = &block{line: i + 1, info: fence, section: section, adjacent: adjacent}
		case strings.Contains(line, "```") || strings.HasPrefix(line, "~~~"):
			return nil, fmt.Errorf("%s:%d: a fence begins the line with ``` and ends with it", name, i+1)
		case strings.TrimSpace(line) != "":
			adjacent = false
			if m := heading.FindStringSubmatch(line); m != nil {
				section = ""
				if slices.Contains(languages, m[2]) {
					section = m[2]
				}
			}
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s:%d: the block does not end", name, open.line)
	}
	return p, nil
}

// commands returns what is executed for a language.
func (p *page) commands(language string) []step {
	var out []step
	for _, b := range p.blocks {
		switch {
		case b.section != "" && b.section != language:
		case b.info == "sh":
			out = append(out, step{line: b.line, code: b.code})
		case b.info == "text":
			out[len(out)-1].output = b.code
		}
	}
	return out
}

// shape is what must be the same in both languages: all blocks, and the levels and
// numbers of the headings.
func (p *page) shape() string {
	var out strings.Builder
	inside := false
	for _, line := range p.lines {
		if strings.HasPrefix(line, "```") {
			inside = !inside
			out.WriteString(line + "\n")
			continue
		}
		m := heading.FindStringSubmatch(line)
		switch {
		case inside:
			code, _, _ := strings.Cut(line, " # ") // remarks are translated
			out.WriteString(strings.TrimRight(code, " ") + "\n")
		case m != nil:
			number := strings.TrimRightFunc(m[2], func(r rune) bool { return !unicode.IsDigit(r) })
			if !unicode.IsDigit(rune(m[2][0])) {
				number = ""
			}
			first, _, _ := strings.Cut(number, " ")
			out.WriteString(m[1] + " " + first + "\n")
		}
	}
	return out.String()
}

var (
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	inline = regexp.MustCompile("`[^`]*`")
)

// links returns the targets of links that stay in the repository.
func (p *page) links() []string {
	var out []string
	inside := false
	for _, line := range p.lines {
		if strings.HasPrefix(line, "```") {
			inside = !inside
		}
		if inside {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(inline.ReplaceAllString(line, ""), -1) {
			if !strings.Contains(m[1], "://") {
				out = append(out, m[1])
			}
		}
	}
	return out
}

// anchors returns the names that GitHub gives to the headings of a document.
func anchors(text io.Reader) []string {
	var out []string
	scanner := bufio.NewScanner(text)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		m := heading.FindStringSubmatch(scanner.Text())
		if m == nil {
			continue
		}
		out = append(out, strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			case r == ' ':
				return '-'
			}
			return -1
		}, m[2]))
	}
	return out
}

var guestMemory = regexp.MustCompile(`"memory_bytes":([0-9]+)`)

// checkFigures compares a row of the table of languages with a plugin that was
// just built, and with what the gateway told about its guest. Compilers differ from
// one version to the next, so "about" is enough.
func checkFigures(t *testing.T, table *page, language, file, printed string) {
	t.Helper()
	var row []string
	for _, line := range table.lines {
		cells := strings.Split(line, "|")
		if len(cells) == 7 && strings.TrimSpace(cells[1]) == language {
			row = cells
		}
	}
	if row == nil {
		t.Fatalf("%s has no row of figures for %s", table.name, language)
	}
	out, err := cli(t, nil, "plugin", "inspect", "--json", file)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var got struct {
		Size     float64
		Manifest struct{ Concurrency string }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	about(t, table.name+": KB of a file in "+language, row[3], got.Size/1000)
	memory := guestMemory.FindStringSubmatch(printed)
	if memory == nil {
		t.Fatal("the tutorial does not show the memory of the guest")
	}
	bytes, err := strconv.ParseFloat(memory[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	about(t, table.name+": KiB of a guest in "+language, row[4], bytes/1024)
	if model := strings.Trim(strings.TrimSpace(row[5]), "`"); model != got.Manifest.Concurrency {
		t.Errorf("%s says that %s is %s; it is %s", table.name, language, model, got.Manifest.Concurrency)
	}
}

// about compares a figure of a document with a measured one.
func about(t *testing.T, what, said string, got float64) {
	t.Helper()
	const tolerance = 1.3
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(said), ",", ""), 64)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if n > got*tolerance || got > n*tolerance {
		t.Errorf("%s: the page says %v, it has %.0f", what, n, got)
	}
}
