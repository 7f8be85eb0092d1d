package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// load is what one round of requests measured.
type load struct {
	requests  int
	took      time.Duration
	latencies []time.Duration // sorted
	cpu       time.Duration   // of the server
}

func (l *load) perSecond() float64 { return float64(l.requests) / l.took.Seconds() }

// each is the server's processor time for one request, in µs.
func (l *load) each() float64 { return float64(l.cpu.Nanoseconds()) / 1000 / float64(l.requests) }

func (l *load) p99() time.Duration { return quantile(l.latencies, 0.99) }

// callers send the request again and again over as many connections, for as long
// as told. Any answer but 200 ends the round with an error.
func callers(ctx context.Context, p *process, raw []byte, connections int, length time.Duration) (*load, error) {
	conns := make([]*conn, connections)
	for i := range conns {
		c, err := dial(p.address)
		if err != nil {
			return nil, err
		}
		defer func() { _ = c.Close() }()
		if _, err := c.do(raw, false); err != nil { // connected, warm
			return nil, err
		}
		conns[i] = c
	}
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	l := &load{}
	for _, c := range conns {
		wg.Go(func() {
			own := make([]time.Duration, 0, 1<<16)
			var failed error
			for ctx.Err() == nil && failed == nil {
				sent := time.Now()
				var a answer
				if a, failed = c.do(raw, false); failed == nil && a.status != 200 {
					failed = fmt.Errorf("status %d", a.status)
				}
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			l.latencies = append(l.latencies, own...)
			if err == nil {
				err = failed
			}
		})
	}
	wg.Wait()
	l.took, l.requests = time.Since(began), len(l.latencies)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.name, err)
	}
	after, err := p.cpu()
	l.cpu = after - before
	slices.Sort(l.latencies)
	return l, err
}
