package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/bench/probe"
)

const (
	goalObjects = 20 // allocated for a request of work A, beside Fiber's own
	topEntries  = 20 // of the lists that are printed
)

// allocations counts what the hot path allocates.
func (b *bench) allocations(ctx context.Context) error { return b.look(ctx, "") }

// profile does that and writes profiles, of which it prints the top.
func (b *bench) profile(ctx context.Context) error {
	folder := filepath.Join(b.build, "profile")
	if err := b.look(ctx, folder); err != nil {
		return err
	}
	for _, list := range []struct{ title, file, sample string }{
		{"processor time", probe.CPU, ""}, {"allocated objects", probe.Allocs, "alloc_objects"}, {"allocated bytes", probe.Allocs, "alloc_space"},
	} {
		text, err := b.top(ctx, folder, list.file, list.sample)
		if err != nil {
			return err
		}
		b.showLong(list.title + " of work A, " + filepath.Join("build/profile", list.file) + "\n" + text)
	}
	return nil
}

// look runs the gateway and a bare Fiber under the same load; a folder gets the
// gateway's profiles.
func (b *bench) look(ctx context.Context, folder string) error {
	if why := wrkMissing(); why != "" {
		return fmt.Errorf("%s, so there is no load: apt-get install wrk", why)
	}
	places, err := b.peerPlaces(ctx, "look-", []*peer{{id: gateway}})
	if err != nil {
		return err
	}
	at := places[0]
	up, err := b.upstream(ctx, 0)
	if err != nil {
		return err
	}
	defer func() { _ = up.stop() }()
	observed, err := b.observe(ctx, at.callers, folder, func() (*process, error) {
		return b.serveConfig(ctx, "bench/observed", "bench.hcl", at.place, up.address)
	})
	if err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	bare, err := b.observe(ctx, at.callers, "", func() (*process, error) { return launch(ctx, nil, b.program("bench/bare")) })
	if err != nil {
		return fmt.Errorf("bare Fiber: %w", err)
	}
	b.atMost("objects allocated for a request, beside Fiber's", observed.objects-bare.objects, goalObjects, "",
		"Patchbay %.1f, bare Fiber %.1f", observed.objects, bare.objects)
	b.figures[len(b.figures)-1].counted = true
	b.note("bytes allocated for a request", "Patchbay %.0f, bare Fiber %.0f", observed.bytes, bare.bytes)
	b.note("collections of garbage", "one in %.0f requests", observed.between)
	return nil
}

// spent is what a request costs in memory.
type spent struct{ objects, bytes, between float64 }

// observe starts a program with a probe, counts under load, and then, when there is
// a folder, profiles under the same load: a profile allocates, too.
func (b *bench) observe(ctx context.Context, callers, folder string, start func() (*process, error)) (s spent, err error) {
	p, err := start()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	load := func(length time.Duration) (int, error) {
		r, err := b.wrk(ctx, p, callers, pathEstimate, message, length)
		if err == nil && r.Failed > 0 {
			err = fmt.Errorf("%d of %d requests failed", r.Failed, r.Requests)
		}
		if err != nil {
			return 0, err
		}
		return r.Requests, nil
	}
	if _, err := load(warmUp); err != nil {
		return s, err
	}
	if _, err := p.command(probe.Begin); err != nil {
		return s, err
	}
	n, err := load(b.seconds)
	if err != nil {
		return s, err
	}
	text, err := p.command(probe.End)
	if err != nil {
		return s, err
	}
	var c probe.Count
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return s, fmt.Errorf("probe: %q: %w", text, err)
	}
	requests := float64(n)
	s = spent{objects: float64(c.Objects) / requests, bytes: float64(c.Bytes) / requests, between: requests / float64(max(c.Cycles, 1))}
	if folder == "" {
		return s, nil
	}
	if _, err := p.command(probe.Begin + " " + folder); err != nil {
		return s, err
	}
	if _, err := load(b.seconds); err != nil {
		return s, err
	}
	_, err = p.command(probe.End)
	return s, err
}

// command gives a command to the probe in the program.
func (p *process) command(line string) (string, error) {
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		return "", fmt.Errorf("%s: %w", p.name, err)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case answer := <-p.said:
		if strings.HasPrefix(answer, "failed: ") {
			return "", fmt.Errorf("%s: %s: %s", p.name, line, answer)
		}
		return answer, nil
	case <-timer.C:
		return "", fmt.Errorf("%s does not answer %q\n%s", p.name, line, p.words)
	}
}

// top asks the tool that comes with Go for the most expensive functions.
func (b *bench) top(ctx context.Context, folder, file, sample string) (string, error) {
	args := []string{"tool", "pprof", "-top", "-nodecount", fmt.Sprint(topEntries)}
	if sample != "" {
		args = append(args, "-sample_index", sample, "-base", filepath.Join(folder, probe.Base))
	}
	out, err := exec.CommandContext(ctx, "go", append(args, b.program("bench/observed"), filepath.Join(folder, file))...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go tool pprof: %w\n%s", err, out)
	}
	return string(out), nil
}
