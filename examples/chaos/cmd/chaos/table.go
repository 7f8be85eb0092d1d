package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

type verdict string

const (
	held    verdict = "held"
	missed  verdict = "MISSED"
	skipped verdict = "skipped"
)

// trial is one line of the table: a fault, what was seen, and what should not have
// been. Its methods are safe for concurrent use.
type trial struct {
	scenario, done string

	mu      sync.Mutex
	figures []string
	faults  []string
	more    int    // faults beyond maxFaults
	reason  string // why it was skipped
}

const maxFaults = 5

func (c *chaos) trial(scenario, done string, args ...any) *trial {
	t := &trial{scenario: scenario, done: fmt.Sprintf(done, args...)}
	c.trials = append(c.trials, t)
	return t
}

func (t *trial) figure(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.figures = append(t.figures, fmt.Sprintf(format, args...))
}

// claim is a figure that is only true while nothing was missed.
func (t *trial) claim(format string, args ...any) {
	t.mu.Lock()
	well := len(t.faults) == 0
	t.mu.Unlock()
	if well {
		t.figure(format, args...)
	}
}

// miss notes something that should not have been.
func (t *trial) miss(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.faults) == maxFaults {
		t.more++
		return
	}
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

// check notes err when there is one and says whether all is well.
func (t *trial) check(err error) bool {
	if err != nil {
		t.miss("%v", err)
	}
	return err == nil
}

func (t *trial) skip(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.reason = fmt.Sprintf(format, args...)
}

func (t *trial) verdict() verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case len(t.faults) > 0:
		return missed
	case t.reason != "":
		return skipped
	case len(t.figures) == 0: // the scenario broke off before
		return missed
	}
	return held
}

// seen is the third column: figures, then the faults.
func (t *trial) seen() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	parts := append([]string{}, t.figures...)
	if t.reason != "" {
		parts = append(parts, t.reason)
	}
	for _, f := range t.faults {
		parts = append(parts, "FAULT: "+strings.Join(strings.Fields(f), " "))
	}
	if len(parts) == 0 {
		parts = append(parts, "not finished")
	}
	if t.more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more faults", t.more))
	}
	return strings.Join(parts, "; ")
}

// table writes the trials for people; long faults get lines of their own.
func table(trials []*trial) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SCENARIO\tWHAT WAS DONE\tVERDICT\tSEEN")
	for _, t := range trials {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", t.scenario, t.done, t.verdict(), t.seen())
	}
	_ = w.Flush()
	return out.String()
}

// The block of a document that belongs to this program.
const (
	blockBegin = "<!-- chaos -->"
	blockEnd   = "<!-- /chaos -->"
)

// rewrite replaces the block of the document by the table.
func rewrite(path, head string, trials []*trial) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(raw), blockBegin)
	_, after, closed := strings.Cut(rest, blockEnd)
	if !ok || !closed {
		return fmt.Errorf("%s has no block between %s and %s", path, blockBegin, blockEnd)
	}
	cell := strings.NewReplacer("|", "\\|", "\n", " ")
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s\n%s, %s\n\n", before, blockBegin, time.Now().UTC().Format(time.DateOnly), head)
	b.WriteString("| scenario | what was done | verdict | seen |\n|---|---|---|---|\n")
	for _, t := range trials {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", t.scenario, cell.Replace(t.done), t.verdict(), cell.Replace(t.seen()))
	}
	fmt.Fprintf(&b, "%s%s", blockEnd, after)
	return os.WriteFile(path, []byte(b.String()), 0o644)
}

// machine names what the run was made on, and how much else it did meanwhile.
func machine() string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo") // elsewhere there is none
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg") // elsewhere there is none
	if fields := strings.Fields(string(load)); len(fields) > 2 {
		model += ", load average at the end " + fields[2]
	}
	return fmt.Sprintf("%s, %d processors, %s %s/%s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
