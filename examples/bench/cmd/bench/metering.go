package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

const goalMetering = 1.20

// readMetering takes the ratios out of the output of the meter's own benchmark,
// the same code in turns with and without metering, and judges the worst.
func (b *bench) readMetering(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	ratios, err := parseRatios(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	worst, names := 0.0, make([]string, 0, len(ratios))
	for _, name := range slices.Sorted(maps.Keys(ratios)) {
		r := median(ratios[name])
		worst = max(worst, r)
		names = append(names, fmt.Sprintf("%s %.2f", name, r))
	}
	b.atMost("metering on against off", worst, goalMetering, "×", "%s", strings.Join(names, ", "))
	return nil
}

// parseRatios reads the metric "ratio" of `go test -bench` lines, by workload; a
// benchmark that ran several times has several.
func parseRatios(text string) (map[string][]float64, error) {
	out := map[string][]float64{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		i := slices.Index(fields, "ratio")
		if i < 0 {
			continue
		}
		v, err := strconv.ParseFloat(fields[i-1], 64)
		if err != nil {
			return nil, fmt.Errorf("ratio %q: %w", fields[i-1], err)
		}
		_, name, _ := strings.Cut(fields[0], "/")
		name, _, _ = strings.Cut(name, "-")
		out[name] = append(out[name], v)
	}
	if len(out) == 0 {
		return nil, errors.New("there is no benchmark with a ratio in it")
	}
	return out, nil
}
