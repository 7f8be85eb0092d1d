package freeswitch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// Pressure is what one subscriber did to the switch during a burst.
type Pressure struct {
	Connection   int
	Events       int           // offered to it
	LongestWrite time.Duration // of one write to its socket: how long the reader held the switch up
	LongestQueue int           // events that waited for it at the same time
}

// maxBurst keeps a burst below the queue that FreeSWITCH allows a listener.
const maxBurst = maxQueue - 10_000

var errBurst = fmt.Errorf("freeswitch: a burst has 1 to %d events", maxBurst)

// Burst publishes n results of another client's background jobs as fast as it can and waits
// until they are written to everybody who listens for BACKGROUND_JOB, at most until ctx ends.
//
// # Errors
//
// A number out of range, ctx.Err() while somebody has not read all, or a listener that fell so
// far behind that FreeSWITCH would have dropped it.
func (s *Switch) Burst(ctx context.Context, n int) ([]Pressure, error) {
	if n < 1 || n > maxBurst {
		return nil, errBurst
	}
	s.mu.Lock()
	listeners := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		listeners = append(listeners, c)
	}
	s.mu.Unlock()
	for _, c := range listeners {
		c.resetPressure()
	}
	for range n {
		s.bus.publish("BACKGROUND_JOB", "", origin{"mod_event_socket.c", "api_exec", 1572}, []event.Header{
			{Name: "Job-UUID", Value: newUUID()}, {Name: "Job-Command", Value: "status"},
		}, "UP 0 years, 0 days, 0 hours, 0 minutes, 1 second\n")
	}
	var out []Pressure
	for _, c := range listeners {
		p, err := c.drained(ctx)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w", c.number, err)
		}
		if p.Events >= n { // the others did not ask for these events
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b Pressure) int { return cmp.Compare(a.Connection, b.Connection) })
	return out, nil
}

// pressure is kept by a connection; conn.mu guards it.
type pressure struct {
	offered, written int // since the log-in
	before           int // offered when the burst began
	longestWrite     time.Duration
	longestQueue     int
}

func (c *conn) resetPressure() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pressure.before, c.pressure.longestWrite, c.pressure.longestQueue = c.pressure.offered, 0, 0
}

// wrote notes that an event was written to the socket.
func (c *conn) wrote(took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pressure.written++
	c.pressure.longestWrite = max(c.pressure.longestWrite, took)
}

var errBehind = errors.New("it left, or fell more events behind than FreeSWITCH keeps")

// drained waits until everything offered is written.
func (c *conn) drained(ctx context.Context) (Pressure, error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		c.mu.Lock()
		p, behind := c.pressure, c.broken
		c.mu.Unlock()
		switch {
		case p.written >= p.offered:
			return Pressure{c.number, p.offered - p.before, p.longestWrite, p.longestQueue}, nil
		case behind:
			return Pressure{}, errBehind
		}
		select {
		case <-tick.C:
		case <-c.done:
			return Pressure{}, errBehind
		case <-ctx.Done():
			return Pressure{}, ctx.Err()
		}
	}
}
