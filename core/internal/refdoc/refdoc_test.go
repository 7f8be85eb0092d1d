package refdoc

import (
	"regexp"
	"strings"
	"testing"
)

const repository = "../../.."

var word = regexp.MustCompile(`[A-Za-z]{3,}`)

// TestPagesAreFresh: nobody has changed a source and forgotten the documents.
func TestPagesAreFresh(t *testing.T) {
	pages, err := Pages(repository)
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 8 {
		t.Fatalf("only %d pages have generated parts", len(pages))
	}
	for name, p := range pages {
		if !p.Fresh() {
			t.Errorf("docs/%s is stale; run `go generate ./core/internal/refdoc`", name)
		}
		if len(p.Want) < 1000 {
			t.Errorf("docs/%s has hardly anything in it", name)
		}
	}
}

// TestRussianIsRussian: no cell of the Russian pages was left in English.
func TestRussianIsRussian(t *testing.T) {
	pages, err := Pages(repository)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for name, p := range pages {
		if !strings.Contains(name, "/en/") {
			continue
		}
		other, ok := pages[strings.Replace(name, "/en/", "/ru/", 1)]
		if !ok {
			t.Errorf("%s has no Russian page", name)
			continue
		}
		russian := map[string]bool{}
		for line := range strings.Lines(string(other.Want)) {
			russian[line] = true
		}
		for line := range strings.Lines(string(p.Want)) {
			// Sentences: cells of a few words may be names.
			if strings.HasPrefix(line, "|") && len(word.FindAllString(inCode.ReplaceAllString(line, ""), -1)) > 5 {
				compared++
				if russian[line] {
					t.Errorf("%s: not translated: %s", name, line)
				}
			}
		}
	}
	if compared < 50 {
		t.Errorf("only %d rows compared", compared)
	}
}

// TestGoIsShort: the promise to partners.
func TestGoIsShort(t *testing.T) {
	for _, lang := range order {
		p, err := newProject(lang)
		if err != nil {
			t.Fatal(err)
		}
		if p.lines < 10 || p.lines > 60 {
			t.Errorf("%s: %d lines for a typical HTTP aggregator", lang, p.lines)
		}
	}
}

func TestLines(t *testing.T) {
	for source, want := range map[string]int{
		"":                                   0,
		"// a\n\nb\n":                        1,
		"/* a\n b\n*/\nc /* d */\n":          1,
		"/* a */\nb // c\n\t/// d\n//! e\nf": 2,
	} {
		if got := Lines(source); got != want {
			t.Errorf("%q: %d, want %d", source, got, want)
		}
	}
}

func TestMarks(t *testing.T) {
	known, err := readTexts()
	if err != nil {
		t.Fatal(err)
	}
	b := &book{root: repository, texts: known}
	good := "a\n<!-- generated: errors -->\nold\n<!-- end -->\nb\n"
	out, err := b.fill("partner/en/x.md", good, map[string]bool{})
	if err != nil || !strings.HasPrefix(out, "a\n") || !strings.HasSuffix(out, "<!-- end -->\nb\n") || strings.Contains(out, "old") || !strings.Contains(out, "| `refused` | 502 |") {
		t.Errorf("%v\n%s", err, out)
	}
	if again, err := b.fill("partner/en/x.md", out, map[string]bool{}); err != nil || again != out {
		t.Errorf("filling twice changes the page: %v", err)
	}
	for _, bad := range []string{
		"<!-- generated: nothing -->\n<!-- end -->\n",
		"<!-- generated: errors -->\n",
		"<!-- end -->\n",
		"<!-- generated: errors -->\n<!-- generated: errors -->\n<!-- end -->\n",
	} {
		if _, err := b.fill("x.md", bad, map[string]bool{}); err == nil {
			t.Errorf("accepted: %q", bad)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, bad := range []string{"head\n\nkey\nen", "head\n\nkey\nen\nru\nmore", "head\n\nk\na\nb\n\nk\na\nb", "head\n\nabi x"} {
		if _, err := parseTexts(bad); err == nil {
			t.Errorf("accepted: %q", bad)
		}
	}
	known, err := parseTexts("head\n\nk\na\nb\n\nabi english\nпо-русски")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := known.get("ru", "abi english"); err != nil || s != "по-русски" {
		t.Error(s, err)
	}
	if s, err := known.get("en", "abi english"); err != nil || s != "english" {
		t.Error(s, err)
	}
	if err := known.leftOver(); err == nil {
		t.Error("k is for nothing, and nobody says so")
	}
	if _, err := known.get("en", "unknown"); err == nil {
		t.Error("a text that is not there")
	}
}
