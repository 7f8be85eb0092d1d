package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is one look at the gateway. Sizes are in bytes.
type sample struct {
	at         time.Duration
	goroutines float64
	files      float64            // open ones, without the store's tables
	live       float64            // what the collector found in use when it last ran
	guests     float64            // memory of the guests
	instances  map[string]float64 // the same by instance
	memory     float64            // all that is no file's: the heap with what the collector has not got to yet, the guests, mappings
	tables     float64            // of the store; each is an open file, and they grow with the journal
}

// readSample takes a sample from the text of /metrics and RssAnon of the process.
//
// The size of the heap says how long ago the collector ran, not what is kept; what it
// found follows from the size at which it will run again.
func readSample(metrics string, anonymous float64) (sample, error) {
	v := map[string]float64{}
	for _, name := range []string{"go_goroutines", "process_open_fds", "go_memstats_next_gc_bytes", "go_gc_gogc_percent", "patchbay_plugin_memory_bytes"} {
		value, err := metric(metrics, name)
		if err != nil {
			return sample{}, err
		}
		v[name] = value
	}
	return sample{
		goroutines: v["go_goroutines"],
		files:      v["process_open_fds"],
		live:       v["go_memstats_next_gc_bytes"] / (1 + v["go_gc_gogc_percent"]/100),
		guests:     v["patchbay_plugin_memory_bytes"],
		instances:  series(metrics, "patchbay_plugin_memory_bytes", "instance"),
		memory:     anonymous,
	}, nil
}

// series are the values of a metric by one of its labels.
func series(text, name, label string) map[string]float64 {
	out := map[string]float64{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name+"{")
		if !ok {
			continue
		}
		labels, number, ok := strings.Cut(strings.TrimSpace(rest), "} ")
		_, key, found := strings.Cut(labels, label+`="`)
		key, _, closed := strings.Cut(key, `"`)
		if value, err := strconv.ParseFloat(number, 64); ok && found && closed && err == nil {
			out[key] += value
		}
	}
	return out
}

// metric is the sum of the series with a name, whatever their labels.
func metric(text, name string) (float64, error) {
	sum, found := 0.0, false
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' {
			continue
		}
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(strings.TrimSpace(rest), ' ')+1:]), 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s: %w", name, err)
		}
		sum, found = sum+value, true
	}
	if !found {
		return 0, fmt.Errorf("no metric %s", name)
	}
	return sum, nil
}

// quantity is something that must not grow.
type quantity struct {
	name   string
	of     func(sample) float64
	unit   float64
	suffix string
	share  float64 // of the level that it may rise by within the judged half
	add    float64 // and at least so much
}

func quantities() []quantity {
	const mib = 1 << 20
	// An instance makes its second guest when two callers happen to meet, and a changed
	// one has to make it again: 7 MiB that are no leak. A guest lost with each change
	// would be 15 or more.
	const oneGuest = 8 * mib
	return []quantity{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 1, "", 0.05, 4},
		{"files", func(s sample) float64 { return s.files }, 1, "", 0.05, 4},
		{"live heap", func(s sample) float64 { return s.live }, mib, " MiB", 0.05, 3 * mib},
		{"guests", func(s sample) float64 { return s.guests }, mib, " MiB", 0.05, oneGuest},
		{"memory", func(s sample) float64 { return s.memory }, mib, " MiB", 0.10, 16 * mib},
	}
}

// Within a brief half the memory of the guests still fills: it shows gross leaks only.
const (
	brief   = 5 * time.Minute
	briefly = 3  // times what a long one allows
	fewest  = 16 // samples
)

// judge tells growth from filling: whatever fills does so in the beginning, so only
// the last half counts, and of that the floor, below which nothing falls. What is
// leaked lies below the floor and lifts it; requests under way, garbage and a
// compaction of the store lie above and come and go.
func judge(t *trial, samples []sample) {
	if len(samples) < fewest {
		t.check(errors.New("too few samples; --soak is too short"))
		return
	}
	begin, span := len(samples)/2, samples[len(samples)-1].at-samples[len(samples)/2].at
	for _, q := range quantities() {
		levels := floor(samples, q.of)
		level := middle(levels[begin:])
		rise := slope(samples[begin:len(levels)], levels[begin:]) * float64(span)
		minutes := span.Minutes()
		peak := q.of(slices.MaxFunc(samples, func(a, b sample) int { return cmp.Compare(q.of(a), q.of(b)) }))
		t.figure("%s %.0f%s, %+.2f a minute, peak %.0f", q.name, level/q.unit, q.suffix, rise/minutes/q.unit, peak/q.unit)
		allowed := max(q.add, q.share*level)
		if span < brief {
			allowed *= briefly
		}
		if rise > allowed {
			who := ""
			if q.name == "guests" {
				who = ": " + risers(samples[begin:])
			}
			t.miss("%s rose by %.1f%s within the last half%s", q.name, rise/q.unit, q.suffix, who)
		}
	}
	t.figure("tables of the store %.0f → %.0f", samples[0].tables, samples[len(samples)-1].tables)
}

// risers are the instances whose guests take more in the last quarter of the samples
// than in the first, in MiB.
func risers(samples []sample) string {
	n := max(len(samples)/4, 1)
	typical := func(list []sample, instance string) float64 {
		var all []float64
		for _, s := range list {
			all = append(all, s.instances[instance])
		}
		return middle(all)
	}
	var out []string
	for _, instance := range slices.Sorted(maps.Keys(samples[len(samples)-1].instances)) {
		before, after := typical(samples[:n], instance), typical(samples[len(samples)-n:], instance)
		if after > before {
			out = append(out, fmt.Sprintf("%s %.1f → %.1f", instance, before/(1<<20), after/(1<<20)))
		}
	}
	return strings.Join(out, ", ")
}

// floor is the lower quartile of the values around each sample. The last ones, with
// nothing behind them, have none.
func floor(samples []sample, of func(sample) float64) []float64 {
	around := len(samples) / 16
	out := make([]float64, len(samples)-around)
	for i := range out {
		var near []float64
		for _, s := range samples[max(0, i-around) : i+around+1] {
			near = append(near, of(s))
		}
		slices.Sort(near)
		out[i] = near[len(near)/4]
	}
	return out
}

// slope is what the levels rise by in a nanosecond: the median of the slopes between
// any two (Theil and Sen), which a few outliers do not bend.
func slope(samples []sample, levels []float64) float64 {
	var slopes []float64
	for i := range samples {
		for j := range i {
			if d := samples[i].at - samples[j].at; d > 0 {
				slopes = append(slopes, (levels[i]-levels[j])/float64(d))
			}
		}
	}
	if len(slopes) == 0 {
		return 0
	}
	return middle(slopes)
}

// middle is the median of what is not empty.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
