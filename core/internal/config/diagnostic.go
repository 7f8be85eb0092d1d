package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Range is a place in a configuration file. Lines and columns count from 1; columns count visible characters.
// The end is exclusive. Line 0 means the file as a whole.
type Range struct {
	File            string
	Line, Column    int
	EndLine, EndCol int
}

// String returns "gateway.hcl:3:12", or the file alone if the line is unknown.
func (r Range) String() string {
	if r.Line == 0 {
		return r.File
	}
	return fmt.Sprintf("%s:%d:%d", r.File, r.Line, r.Column)
}

// Severity tells mistakes from advice.
type Severity int

const (
	// SeverityError makes the configuration unusable.
	SeverityError Severity = iota
	// SeverityWarning is advice; the configuration is used.
	SeverityWarning
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == SeverityWarning {
		return "warning"
	}
	return "error"
}

// Diagnostic is one finding about a configuration file. It never holds the value of a secret.
type Diagnostic struct {
	Severity Severity
	Range    Range
	Summary  string // what is wrong
	Hint     string // what to do; may be empty
}

// String returns `gateway.hcl:3:3: error: unknown key "lisen" in gateway (did you mean "listen"?)`.
func (d Diagnostic) String() string {
	s := fmt.Sprintf("%s: %s: %s", d.Range, d.Severity, d.Summary)
	if d.Hint != "" {
		s += " (" + d.Hint + ")"
	}
	return s
}

// Diagnostics are all findings about one file, in the order of the file.
type Diagnostics []Diagnostic

// HasErrors reports whether any of them is an error.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == SeverityError })
}

// Error returns one finding per line. Use [Diagnostics.Err] to get an error value.
func (ds Diagnostics) Error() string {
	lines := make([]string, len(ds))
	for i, d := range ds {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Err returns ds as an error if it has errors, else nil.
func (ds Diagnostics) Err() error {
	if ds.HasErrors() {
		return ds
	}
	return nil
}

// sorted returns the findings in the order of the file without repetitions.
func (ds Diagnostics) sorted() Diagnostics {
	slices.SortFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Range.Line, b.Range.Line), cmp.Compare(a.Range.Column, b.Range.Column),
			cmp.Compare(a.Summary, b.Summary))
	})
	return slices.Compact(ds)
}

// mistake is an error with a hint. Validators return it; the decoder adds the place.
type mistake struct{ summary, hint string }

func (m *mistake) Error() string { return m.summary }

func wrong(hint, format string, args ...any) error {
	return &mistake{fmt.Sprintf(format, args...), hint}
}

// hintOf returns the hint of an error made by wrong.
func hintOf(err error) string {
	if m, ok := errors.AsType[*mistake](err); ok {
		return m.hint
	}
	return ""
}

func rangeOf(r hcl.Range) Range {
	return Range{File: r.Filename, Line: r.Start.Line, Column: r.Start.Column, EndLine: r.End.Line, EndCol: r.End.Column}
}

// fromHCL translates findings of the HCL parser. Its details are sentences that hold both the fault and the advice.
func fromHCL(in hcl.Diagnostics) Diagnostics {
	var out Diagnostics
	for _, d := range in {
		n := Diagnostic{Summary: d.Summary, Hint: strings.TrimSuffix(strings.Join(strings.Fields(d.Detail), " "), ".")}
		if d.Severity == hcl.DiagWarning {
			n.Severity = SeverityWarning
		}
		if d.Subject != nil {
			n.Range = rangeOf(*d.Subject)
		}
		out = append(out, n)
	}
	return out
}
