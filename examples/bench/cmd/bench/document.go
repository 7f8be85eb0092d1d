package main

import (
	"fmt"
	"os"
	"strings"
)

// A part's figures stand in the document between these lines.
func marks(part string) (begin, end string) {
	return "<!-- measured: " + part + " -->", "<!-- end of " + part + " -->"
}

// document replaces the figures of one part in a Markdown text. Without the marks
// of that part the text is not touched.
func document(text, part, figures string) (string, error) {
	begin, end := marks(part)
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		return text, nil
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return text, fmt.Errorf("there is %q and no %q behind it", begin, end)
	}
	return before + begin + "\n```figures\n" + strings.TrimRight(figures, "\n") + "\n```\n" + end + after, nil
}

// writeDocument puts the figures of the parts that ran into the document.
func (b *bench) writeDocument(path string, ran []part) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := string(raw)
	for _, p := range ran {
		if text, err = document(text, p.name, machine()+"\n"+b.conditions()+"\n\n"+b.of(p.name)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// conditions say how long was measured, and whether something else ran.
func (b *bench) conditions() string {
	text := fmt.Sprintf("rounds: %d of %s for each side, in turns; medians", b.rounds, b.seconds)
	if b.busy > quiet {
		text += fmt.Sprintf("\nTHE MACHINE WAS BUSY: %.0f %% of it with something else, before the run; measure again when it is not", b.busy*100)
	}
	return text
}

// of prints what a part measured, for the document.
func (b *bench) of(part string) string {
	var out strings.Builder
	for _, t := range b.tables {
		if t.part == part && !t.long {
			out.WriteString(t.text + "\n")
		}
	}
	var own []figure
	for _, f := range b.figures {
		if f.part == part {
			own = append(own, f)
		}
	}
	out.WriteString(table(own))
	return out.String()
}
