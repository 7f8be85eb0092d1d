package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is one look at the gateway.
type sample struct {
	at                time.Duration
	goroutines, files float64
	heap, memory      float64 // bytes
	tables            float64 // of the store
}

// soakMetrics are the names in /metrics, in the order of sample's fields.
var soakMetrics = [...]string{"go_goroutines", "process_open_fds", "go_memstats_heap_alloc_bytes"}

// soak keeps a mixed load up and looks whether anything grows.
func soak(ctx context.Context, c *chaos) error {
	w, err := c.newWorld(ctx, "soak", node+aggregator+statistics+crm, nil)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.boot(ctx); err != nil {
		return err
	}
	t := c.trial("soak", "mixed load for %s", c.soakFor)
	// A pace that a call centre may have; as fast as possible would measure the
	// growth of the journal's caches, which are bounded, and not leaks.
	l := w.newLoad(ctx, 8, false, func(i int) *attempt {
		pause(ctx, 20*time.Millisecond)
		return mixed(i)
	})
	defer l.stop()
	began := time.Now()
	every := max(c.soakFor/120, 500*time.Millisecond)
	var samples []sample
	for time.Since(began) < c.soakFor {
		if !pause(ctx, every) {
			return ctx.Err()
		}
		s, err := w.look(ctx)
		if err != nil {
			return err
		}
		s.at = time.Since(began)
		samples = append(samples, s)
	}
	l.stop()
	failed := 0
	for _, a := range l.ledger.all() {
		if !a.answered || a.answer.status >= 500 && !strings.Contains(a.answer.body, "USER_BUSY") {
			failed++
			t.miss("%s: %d %.100s %v", a.path, a.answer.status, a.answer.body, a.err)
		}
	}
	t.figure("%d requests, %d failures", len(l.ledger.all()), failed)
	judge(t, samples)
	t.figure("tables of the store %.0f → %.0f", samples[0].tables, samples[len(samples)-1].tables)
	return nil
}

// look reads the gateway's own figures. The store keeps each of its tables open and
// mapped into memory; they grow with the journal, which is what a journal does. So
// they are counted for themselves, and memory is what belongs to no file.
func (w *world) look(ctx context.Context) (sample, error) {
	a, err := do(ctx, w.client, "GET", w.url()+"/metrics", "")
	if err != nil {
		return sample{}, fmt.Errorf("metrics: %w", err)
	}
	var s sample
	fields := []*float64{&s.goroutines, &s.files, &s.heap}
	for i, name := range soakMetrics {
		value, err := metric(a.body, name)
		if err != nil {
			return sample{}, err
		}
		*fields[i] = value
	}
	tables, err := filepath.Glob(filepath.Join(w.data, "store", "*.sst"))
	if err != nil {
		return sample{}, err
	}
	s.tables = float64(len(tables))
	s.files -= s.tables
	s.memory, err = anonymous(w.gateway.cmd.Process.Pid)
	return s, err
}

// anonymous is the memory of a process that is in no file, in bytes.
func anonymous(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "RssAnon:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 64)
			return kib * 1024, err
		}
	}
	return 0, errors.New("/proc/<pid>/status has no RssAnon")
}

// metric is the value of a series without labels.
func metric(text, name string) (float64, error) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("no metric %s", name)
}

// judge leaves the first third out, in which caches fill, and compares the middle of
// the other two. The slope is that of the line through them.
func judge(t *trial, samples []sample) {
	if len(samples) < 9 {
		t.check(errors.New("too few samples; --soak is too short"))
		return
	}
	rest := collected(samples)[len(samples)/3:]
	half := len(rest) / 2
	for _, q := range []struct {
		name       string
		of         func(sample) float64
		unit       float64
		ratio, add float64 // allowed growth from one half to the next
		suffix     string
	}{
		{"goroutines", func(s sample) float64 { return s.goroutines }, 1, 1.05, 5, ""},
		{"files", func(s sample) float64 { return s.files }, 1, 1.05, 5, ""},
		{"heap", func(s sample) float64 { return s.heap }, 1 << 20, 1.15, 4 << 20, " MiB"},
		{"memory", func(s sample) float64 { return s.memory }, 1 << 20, 1.10, 16 << 20, " MiB"},
	} {
		first, second := middle(rest[:half], q.of), middle(rest[half:], q.of)
		t.figure("%s %.0f → %.0f%s (%+.2g%s/min)", q.name, first/q.unit, second/q.unit, q.suffix, slope(rest, q.of)/q.unit, q.suffix)
		if second > first*q.ratio+q.add {
			t.miss("%s grew from %.0f to %.0f%s", q.name, first/q.unit, second/q.unit, q.suffix)
		}
	}
}

// collected replaces the heap of each sample by the least of the last few: what is
// left when the collector has run.
func collected(samples []sample) []sample {
	const few = 8
	out := slices.Clone(samples)
	for i := range out {
		for _, s := range samples[max(0, i-few+1) : i+1] {
			out[i].heap = min(out[i].heap, s.heap)
		}
	}
	return out
}

// middle is the median.
func middle(samples []sample, of func(sample) float64) float64 {
	var list []float64
	for _, s := range samples {
		list = append(list, of(s))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// slope is the growth per minute of the straight line that fits best.
func slope(samples []sample, of func(sample) float64) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, s := range samples {
		x, y := s.at.Minutes(), of(s)
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if d := n*sxx - sx*sx; d != 0 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}
