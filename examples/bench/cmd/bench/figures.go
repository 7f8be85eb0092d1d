package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// figure is one line of the result.
type figure struct {
	part  string // which measured it
	name  string
	value string // as measured, with its unit
	// judged is compared with goal; without a goal the line only informs.
	judged, goal float64
	unit         string
	atLeast      bool // the goal is a lower bound
	hasGoal      bool
	counted      bool   // the same on any machine although it is no ratio
	noisy        bool   // too restless to be compared with another run
	missing      string // why there is no figure, which leaves the goal unproven
}

func (b *bench) add(f figure) {
	f.part = b.part
	b.figures = append(b.figures, f)
}

// printed is a table that a part prints above its figures; long ones stay out of
// the document.
type printed struct {
	part, text string
	long       bool
}

func (b *bench) show(text string) {
	b.tables = append(b.tables, printed{part: b.part, text: text})
}

func (b *bench) showLong(text string) {
	b.tables = append(b.tables, printed{part: b.part, text: text, long: true})
}

func (b *bench) note(name, format string, args ...any) {
	b.add(figure{name: name, value: fmt.Sprintf(format, args...)})
}

func (b *bench) atMost(name string, judged, goal float64, unit, format string, args ...any) {
	b.add(figure{name: name, value: fmt.Sprintf(format, args...), judged: judged, goal: goal, unit: unit, hasGoal: true})
}

func (b *bench) atLeast(name string, judged, goal float64, unit, format string, args ...any) {
	b.add(figure{name: name, value: fmt.Sprintf(format, args...), judged: judged, goal: goal, unit: unit, hasGoal: true, atLeast: true})
}

// unmeasured is a goal that could not be judged. It counts as missed.
func (b *bench) unmeasured(name, why string) {
	b.add(figure{name: name, missing: why, hasGoal: true})
}

func (f *figure) ok() bool {
	if f.missing != "" {
		return false
	}
	if f.atLeast {
		return f.judged >= f.goal
	}
	return f.judged <= f.goal
}

// table writes the figures for people.
func table(figures []figure) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "FIGURE\tVALUE\tJUDGED\tGOAL\t")
	for i := range figures {
		f := &figures[i]
		if !f.hasGoal {
			_, _ = fmt.Fprintf(w, "%s\t%s\t\t\t\n", f.name, f.value)
			continue
		}
		if f.missing != "" {
			_, _ = fmt.Fprintf(w, "%s\tnot measured: %s\t\t\tNOT MEASURED\n", f.name, f.missing)
			continue
		}
		bound, verdict := "≤", "ok"
		if f.atLeast {
			bound = "≥"
		}
		if !f.ok() {
			verdict = "MISS"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s %s\t%s\n", f.name, f.value, quantity(f.judged, f.unit), bound, quantity(f.goal, f.unit), verdict)
	}
	_ = w.Flush()
	return out.String()
}

func quantity(v float64, unit string) string {
	if unit == "" || unit == "×" {
		return fmt.Sprintf("%.2f%s", v, unit)
	}
	return fmt.Sprintf("%.4g %s", v, unit)
}

// machine names what the figures were taken on.
func machine() string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return fmt.Sprintf("%s, %d processors, %s %s/%s", model, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// quantile returns the value below which the share q of the sorted list lies.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(q*float64(len(sorted))), len(sorted)-1)]
}

func median[T float64 | time.Duration | int64](list []T) T {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
