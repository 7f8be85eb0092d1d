package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	upstreamDelay = 2 * time.Second
	goalMemory    = 1.25 // times the twin's peak
	spareFiles    = 300  // descriptors of the upstream and of this program beside the connections
	crowds        = 3
)

// crowd has thousands of requests wait for a slow upstream at the same time, and
// compares the peaks of memory. Every crowd meets a new process.
func (b *bench) crowd(ctx context.Context) error {
	n, err := fitting(b.inFlight, 1)
	if err != nil {
		return err
	}
	var peaks [2][]float64
	var least int64
	for range crowds {
		for i := range peaks {
			peak, waited, err := b.oneCrowd(ctx, i, n)
			if err != nil {
				return err
			}
			peaks[i] = append(peaks[i], float64(peak)/1e6)
			if least == 0 || waited < least {
				least = waited
			}
		}
	}
	waits := "at the upstream"
	if least < int64(n) {
		waits = "at the upstream, the others for the gateway's limit of open files"
	}
	b.atLeast("requests in flight", float64(n), float64(b.inFlight), "", "all answered; at least %d of them waited together %s", least, waits)
	b.atMost("peak memory with them", median(peaks[1])/median(peaks[0]), goalMemory, "×",
		"Go %.0f MB, WASM %.0f MB", median(peaks[0]), median(peaks[1]))
	return nil
}

// fitting returns how many requests the limit of open files allows if each takes so
// many connections of one process: one here and at the upstream, two in a gateway.
// Patchbay and its twin let those wait who find none.
func fitting(want, each int) (int, error) {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return 0, err
	}
	if room := (int(min(files.Max, 1<<30)) - spareFiles) / each; room < want {
		if room < 1 {
			return 0, fmt.Errorf("the limit of open files is %d; raise it", files.Max)
		}
		return room, nil
	}
	return want, nil
}

func (b *bench) oneCrowd(ctx context.Context, kind, n int) (peak, waited int64, err error) {
	up, err := b.upstream(ctx, upstreamDelay)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = up.stop() }()
	at, err := b.crowdPlace(ctx, kind)
	if err != nil {
		return 0, 0, err
	}
	start := b.twin
	if kind == 1 {
		start = func(ctx context.Context, at place, upstream string) (*process, error) {
			return b.gateway(ctx, "crowd.hcl", at, upstream)
		}
	}
	p, err := start(ctx, at, up.address)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	if err := storm(p, side{p, at.token}.request(pathForward), n); err != nil {
		return 0, 0, err
	}
	if peak, _, err = p.memory(); err != nil {
		return 0, 0, err
	}
	waited, err = askUpstream(up, "/peak")
	return peak, waited, err
}

// crowdPlace keeps one data folder for each side.
func (b *bench) crowdPlace(ctx context.Context, kind int) (place, error) {
	if b.crowdPlaces[kind].dir == "" {
		at, err := b.fill(ctx, "crowd-"+strconv.Itoa(kind), 0)
		if err != nil {
			return at, err
		}
		b.crowdPlaces[kind] = at
	}
	return b.crowdPlaces[kind], nil
}

// storm opens n connections, sends one request on each as fast as it can, and
// waits for all the answers.
func storm(p *process, raw []byte, n int) error {
	conns := make([]*conn, n)
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	for i := range conns {
		c, err := dial(p.address)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i+1, err)
		}
		conns[i] = c
	}
	var wg sync.WaitGroup
	var wrong atomic.Int64
	first := make(chan error, 1)
	for _, c := range conns {
		wg.Go(func() {
			a, err := c.do(raw, false)
			if err == nil && a.status != 200 {
				err = fmt.Errorf("status %d", a.status)
			}
			if err != nil {
				wrong.Add(1)
				select {
				case first <- err:
				default:
				}
			}
		})
	}
	wg.Wait()
	if bad := wrong.Load(); bad > 0 {
		return fmt.Errorf("%s: %d of %d requests failed, one with: %w\n%s", p.name, bad, n, <-first, p.words)
	}
	return nil
}

// askUpstream asks for a number: /peak or /waiting.
func askUpstream(up *process, path string) (int64, error) {
	c, err := dial(up.address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	a, err := c.do(request("GET", up.address, path, "", ""), true)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(string(a.body), 10, 64)
}
