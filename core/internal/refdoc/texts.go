package refdoc

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
)

//go:embed texts.txt
var textFile string

// texts are the meanings in both languages, by what they are for.
type texts struct {
	known map[string][2]string
	used  map[string]bool
}

func readTexts() (*texts, error) { return parseTexts(textFile) }

// parseTexts reads blocks of three lines, or two for cells of ABI.md; the first
// block is for the reader of the file.
func parseTexts(file string) (*texts, error) {
	t := &texts{known: map[string][2]string{}, used: map[string]bool{}}
	for i, part := range strings.Split(strings.TrimSpace(file), "\n\n") {
		if i == 0 {
			continue
		}
		lines := strings.Split(part, "\n")
		key := lines[0]
		if english, ok := strings.CutPrefix(key, "abi "); ok && len(lines) == 2 {
			lines = []string{key, english, lines[1]}
		}
		if len(lines) != 3 {
			return nil, fmt.Errorf("texts.txt: %q has %d lines", key, len(lines))
		}
		if _, twice := t.known[key]; twice {
			return nil, fmt.Errorf("texts.txt: %q is there twice", key)
		}
		t.known[key] = [2]string{lines[1], lines[2]}
	}
	return t, nil
}

// get returns a meaning.
func (t *texts) get(lang, key string) (string, error) {
	text, ok := t.known[key]
	if !ok {
		return "", fmt.Errorf("texts.txt has nothing for %q", key)
	}
	t.used[key] = true
	return pick(lang, text[0], text[1]), nil
}

// leftOver is an error when texts are for nothing.
func (t *texts) leftOver() error {
	for _, key := range slices.Sorted(maps.Keys(t.known)) {
		if !t.used[key] {
			return fmt.Errorf("texts.txt has %q, which nothing needs", key)
		}
	}
	return nil
}
