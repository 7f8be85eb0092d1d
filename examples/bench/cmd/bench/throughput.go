package main

import (
	"context"
	"errors"
	"fmt"
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

// compare judges the throughput of an action, or for the one that does nothing
// the difference in processor time, which is the price of the border.
func (b *bench) compare(ctx context.Context, sides [2]side, what, path string, throughput bool) error {
	var rate, each, p99 [2][]float64
	for range b.rounds {
		for i, s := range sides {
			l, err := callers(ctx, s.process, s.request(path), connections, b.seconds)
			if err != nil {
				return err
			}
			rate[i], each[i], p99[i] = append(rate[i], l.perSecond()), append(each[i], l.each()), append(p99[i], ms(l.p99()))
		}
	}
	rates, format := median(rate[1])/median(rate[0]), "Go %.0f/s, WASM %.0f/s"
	if throughput {
		b.atLeast("throughput, "+what, rates, goalThroughput, "×", format, median(rate[0]), median(rate[1]))
		b.note("CPU of a request, "+what, "Go %.1f µs, WASM %.1f µs", median(each[0]), median(each[1]))
		b.note(fmt.Sprintf("p99 at %d connections, %s", connections, what), "Go %.2f ms, WASM %.2f ms", median(p99[0]), median(p99[1]))
		return nil
	}
	b.atMost("plugin border, CPU", median(each[1])-median(each[0]), goalBorder, "µs",
		"%s: Go %.1f µs, WASM %.1f µs a request", what, median(each[0]), median(each[1]))
	return nil
}

// pause lets a server settle between measurements.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
