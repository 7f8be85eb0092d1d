package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// connections of the load; each sends a request when it has the answer to the last.
const connections = 64

const (
	goalThroughput = 0.70 // of the twin's
	goalBorder     = 15   // µs
)

// throughput compares requests per second and processor time per request.
func (b *bench) throughput(ctx context.Context) error {
	native, err := b.fill(ctx, "native", 0)
	if err != nil {
		return err
	}
	plugin, err := b.fill(ctx, "plugin", 0)
	if err != nil {
		return err
	}
	up, err := b.upstream(ctx, 0)
	if err != nil {
		return err
	}
	defer func() { _ = up.stop() }()
	sides, err := b.sides(ctx, native, plugin, up.address)
	if err != nil {
		return err
	}
	err = errors.Join(
		b.compare(ctx, sides, "compute only", pathCheck, true),
		b.compare(ctx, sides, "one upstream call", pathForward, true),
		b.compare(ctx, sides, "echo", pathEcho, false),
	)
	return errors.Join(err, sides[0].stop(), sides[1].stop())
}

// glance is how long one side is loaded before the other: the machine's own pace
// changes within seconds, so what is compared is measured next to each other.
const glance = time.Second

// compare judges the throughput of an action, or for the one that does nothing
// the difference in processor time, which is the price of the border.
func (b *bench) compare(ctx context.Context, sides [2]side, what, path string, throughput bool) error {
	length := min(glance, b.seconds)
	var pairs []pair
	for n := range b.rounds * int(b.seconds/length) {
		var p pair
		for k := range p {
			i := (k + n) % 2 // each begins as often as the other
			l, err := callers(ctx, sides[i].process, sides[i].request(path), connections, length)
			if err != nil {
				return err
			}
			p[i] = l
		}
		pairs = append(pairs, p)
	}
	rate, each := both(pairs, (*load).perSecond), both(pairs, (*load).each)
	if throughput {
		p99 := both(pairs, func(l *load) float64 { return ms(l.p99()) })
		lower, upper := rate.spread()
		b.atLeast("throughput, "+what, rate.ratio(), goalThroughput, "×", "Go %.0f/s, WASM %.0f/s (half of %d pairs %.2f-%.2f)",
			median(rate[0]), median(rate[1]), len(pairs), lower, upper)
		b.note("CPU of a request, "+what, "Go %.1f µs, WASM %.1f µs", median(each[0]), median(each[1]))
		b.note(fmt.Sprintf("p99 at %d connections, %s", connections, what), "Go %.2f ms, WASM %.2f ms", median(p99[0]), median(p99[1]))
		return nil
	}
	b.atMost("plugin border, CPU", each.difference(), goalBorder, "µs",
		"%s: Go %.1f µs, WASM %.1f µs a request", what, median(each[0]), median(each[1]))
	return nil
}

// pair is the load of both sides, one right after the other.
type pair [2]*load

// readings are a figure of both sides, pair by pair.
type readings [2][]float64

func both(pairs []pair, read func(*load) float64) (r readings) {
	for _, p := range pairs {
		for i, l := range p {
			r[i] = append(r[i], read(l))
		}
	}
	return r
}

// each returns what f makes of every pair.
func (r readings) each(f func(native, plugin float64) float64) []float64 {
	out := make([]float64, len(r[0]))
	for i := range out {
		out[i] = f(r[0][i], r[1][i])
	}
	return out
}

func (r readings) ratios() []float64 {
	return r.each(func(native, plugin float64) float64 { return plugin / native })
}

// ratio is the median of the pairs' ratios.
func (r readings) ratio() float64 { return median(r.ratios()) }

// spread is between which ratios the middle half of the pairs is.
func (r readings) spread() (lower, upper float64) {
	sorted := slices.Sorted(slices.Values(r.ratios()))
	return sorted[len(sorted)/4], sorted[len(sorted)*3/4]
}

func (r readings) difference() float64 {
	return median(r.each(func(native, plugin float64) float64 { return plugin - native }))
}

// pause lets a server settle between measurements.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
