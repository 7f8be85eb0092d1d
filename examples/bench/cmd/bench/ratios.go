package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// regression is the share by which a ratio may be worse than the recorded one.
const regression = 0.20

// ratio is a figure that holds on any machine, because both of its sides were
// measured in one run, or because it counts something.
type ratio struct {
	Part   string  `json:"part"`
	Value  float64 `json:"value"`
	Better string  `json:"better"` // "higher" or "lower"
}

// ratioFile is what `make bench` records and `make bench-check` compares with.
type ratioFile struct {
	Machine string           `json:"machine"`
	Busy    float64          `json:"busy"` // share of it that others used, which spoils the ratios
	Ratios  map[string]ratio `json:"ratios"`
}

// ratios are the judged figures that hold on any machine; restless ones are left out.
func ratios(figures []figure) map[string]ratio {
	out := map[string]ratio{}
	for i := range figures {
		f := &figures[i]
		if !f.hasGoal || f.missing != "" || f.noisy || f.unit != "×" && !f.counted || f.judged <= 0 {
			continue
		}
		r := ratio{Part: f.part, Value: math.Round(f.judged*1000) / 1000, Better: "lower"}
		if f.atLeast {
			r.Better = "higher"
		}
		out[f.name] = r
	}
	return out
}

func readRatios(path string) (*ratioFile, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f ratioFile
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for name, r := range f.Ratios {
		if r.Value <= 0 || r.Better != "higher" && r.Better != "lower" {
			return nil, fmt.Errorf("%s: %q: want a value above 0 and better higher or lower, has %+v", path, name, r)
		}
	}
	return &f, nil
}

// recordRatios writes the ratios of this run; those of parts that did not run stay.
func recordRatios(path string, busy float64, figures []figure, ran []part) error {
	f, err := readRatios(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f = &ratioFile{Ratios: map[string]ratio{}}
	case err != nil:
		return err
	}
	maps.DeleteFunc(f.Ratios, func(_ string, r ratio) bool { return contains(ran, r.Part) })
	maps.Copy(f.Ratios, ratios(figures))
	f.Machine, f.Busy = machine(), math.Round(busy*100)/100
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

func contains(parts []part, name string) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.name == name })
}

// checkRatios compares the ratios of this run with the recorded ones. It returns
// the table and how many are worse than they may be, or are gone.
func checkRatios(recorded *ratioFile, figures []figure, ran []part) (string, int) {
	now := ratios(figures)
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "RATIO\tRECORDED\tNOW\tCHANGE\t")
	bad := 0
	for _, name := range slices.Sorted(maps.Keys(recorded.Ratios)) {
		was := recorded.Ratios[name]
		if !contains(ran, was.Part) {
			continue
		}
		is, ok := now[name]
		if !ok {
			bad++
			_, _ = fmt.Fprintf(w, "%s\t%.2f\tnot measured\t\tREGRESSION\n", name, was.Value)
			continue
		}
		worse := is.Value/was.Value - 1
		if was.Better == "higher" {
			worse = was.Value/is.Value - 1
		}
		verdict := "ok"
		if worse > regression {
			verdict = "REGRESSION"
			bad++
		}
		_, _ = fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%+.0f %%\t%s\n", name, was.Value, is.Value, (is.Value/was.Value-1)*100, verdict)
	}
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if _, ok := recorded.Ratios[name]; !ok {
			_, _ = fmt.Fprintf(w, "%s\t\t%.2f\t\tnew\n", name, now[name].Value)
		}
	}
	_ = w.Flush()
	if recorded.Busy > quiet {
		_, _ = fmt.Fprintf(&out, "\nThe ratios were recorded while %.0f %% of the machine was busy with something else: record them again.\n", recorded.Busy*100)
	}
	return out.String(), bad
}
