package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Figures are those of one language.
type Figures struct {
	Language    string `json:"language"`
	Conformance File   `json:"conformance"`
	Provider    File   `json:"provider"`
	// Blocking guests serve one task at a time: each request in flight has one.
	Blocking bool `json:"blocking"`
	// Calls are by name: "echo" does nothing, "fetch" asks the host once, both of
	// the conformance guest; "send" is an SMS through the provider.
	Calls map[string]Call `json:"calls"`
}

// File is what one plugin costs before it works.
type File struct {
	Bytes int `json:"bytes"`
	// CompileMS is the processor time of verifying, metering and compiling it, and
	// CachedMS the same with its machine code in the cache.
	CompileMS float64 `json:"compile_ms"`
	CachedMS  float64 `json:"cached_ms"`
	// MemoryBytes is the linear memory of a guest that has served a call;
	// ResidentBytes what it really takes from the machine, all that the host keeps
	// for it included.
	MemoryBytes   int64 `json:"memory_bytes"`
	ResidentBytes int64 `json:"resident_bytes"`
}

// Call is what one call costs, host and guest together, by one caller in a loop.
type Call struct {
	Micros float64 `json:"cpu_us"`
	Units  int64   `json:"units"`
}

// subject is a language.
type subject struct {
	plugins []*candidate // the conformance guest and the provider
	figures Figures
}

// candidate is a plugin while it is measured.
type candidate struct {
	pkg     *plugin.Package
	work    []work
	file    File
	program *wasm.Program
	pool    *wasm.Pool
	fetches *fetches
}

// measure takes the figures of all, in turns.
func measure(ctx context.Context, all []*subject, rounds, calls int) (err error) {
	cache, err := os.MkdirTemp("", "patchbay-guests-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(cache)) }()
	for range max(1, rounds/2) { // it takes seconds
		for _, s := range all {
			for _, c := range s.plugins {
				if err := c.compile(ctx, cache); err != nil {
					return fmt.Errorf("%s: %w", s.figures.Language, err)
				}
			}
		}
	}
	engine, err := wasm.NewEngine(cache, hclog.NewNullLogger())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close(context.WithoutCancel(ctx))) }()
	for _, s := range all {
		for _, c := range s.plugins {
			if err := c.open(ctx, engine); err != nil {
				return fmt.Errorf("%s: %w", s.figures.Language, err)
			}
			defer func() { err = errors.Join(err, c.close(context.WithoutCancel(ctx))) }()
		}
		s.figures.Conformance, s.figures.Provider = s.plugins[0].file, s.plugins[1].file
		s.figures.Blocking = s.plugins[0].blocking()
	}
	for range rounds {
		for _, s := range all {
			for _, c := range s.plugins {
				if err := c.round(ctx, calls, s.figures.Calls); err != nil {
					return fmt.Errorf("%s: %w", s.figures.Language, err)
				}
			}
		}
	}
	return nil
}

// compile compiles with an empty cache, and again with the machine code in cache.
func (c *candidate) compile(ctx context.Context, cache string) error {
	c.file.Bytes = len(c.pkg.Code)
	fresh, err := os.MkdirTemp(cache, "fresh-")
	if err != nil {
		return err
	}
	for _, step := range []struct {
		dir string
		to  *float64
	}{{fresh, &c.file.CompileMS}, {fresh, &c.file.CachedMS}} {
		took, err := c.compileOnce(ctx, step.dir)
		if err != nil {
			return err
		}
		*step.to = smaller(*step.to, float64(took.Microseconds())/1000)
	}
	return os.RemoveAll(fresh)
}

func (c *candidate) compileOnce(ctx context.Context, dir string) (took time.Duration, err error) {
	runtime.GC()
	before, err := spent()
	if err != nil {
		return 0, err
	}
	engine, err := wasm.NewEngine(dir, hclog.NewNullLogger())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, engine.Close(context.WithoutCancel(ctx))) }()
	program, err := engine.Compile(ctx, c.pkg.Code, c.pkg.Manifest.Limits.MemoryMB)
	if err != nil {
		return 0, err
	}
	after, err := spent()
	return after - before, errors.Join(err, program.Close(ctx))
}

// guests is how many idle ones are weighed together.
const guests = 8

// open makes the pool for the calls, and weighs guests.
func (c *candidate) open(ctx context.Context, engine *wasm.Engine) (err error) {
	memory := c.pkg.Manifest.Limits.MemoryMB
	if c.program, err = engine.Compile(ctx, c.pkg.Code, memory); err != nil {
		return err
	}
	c.fetches = newFetches()
	if c.pool, err = c.warm(ctx); err != nil {
		return err
	}
	before, err := resident()
	if err != nil {
		return err
	}
	var pools []*wasm.Pool
	defer func() {
		for _, p := range pools {
			err = errors.Join(err, p.Close(context.WithoutCancel(ctx)))
		}
	}()
	for range guests {
		p, err := c.warm(ctx)
		if err != nil {
			return err
		}
		pools = append(pools, p)
		c.file.MemoryBytes = max(c.file.MemoryBytes, int64(p.Stats().MemoryBytes))
	}
	after, err := resident()
	c.file.ResidentBytes = max(0, after-before) / guests
	return err
}

// warm makes a pool with one guest that has served a call of each kind.
func (c *candidate) warm(ctx context.Context) (*wasm.Pool, error) {
	l := c.pkg.Manifest.Limits
	limits := wasm.Limits{CPU: l.CPU, Guests: 1}
	if c.blocking() {
		limits.MaxTasks = 1
	}
	pool := c.program.NewPool(wasm.Spec{
		Instance: c.pkg.Manifest.ID, Settings: settings, Operations: c.operations(), Limits: limits, Log: hclog.NewNullLogger(),
	}, l.MemoryMB)
	for i := range c.work {
		if _, err := c.work[i].once(ctx, pool, c.fetches); err != nil {
			return nil, errors.Join(err, pool.Close(context.WithoutCancel(ctx)))
		}
	}
	return pool, nil
}

// operations grants all that the plugin imports. Only http_fetch does something.
func (c *candidate) operations() map[string]wasm.Operation {
	out := map[string]wasm.Operation{}
	for _, name := range c.pkg.Imports {
		out[name] = wasm.Operation{Local: true, Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte {
			return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeDenied, Detail: "not measured"}, nil)
		}}
	}
	out[abi.OpHTTPFetch] = c.fetches.operation()
	return out
}

// blocking says how the plugin's language waits. The conformance kit's manifest is
// written for both ways.
func (c *candidate) blocking() bool {
	imports, err := wasm.Verify(c.pkg.Code)
	return err == nil && imports.Blocking
}

// round makes the calls of a plugin.
func (c *candidate) round(ctx context.Context, calls int, out map[string]Call) error {
	for i := range c.work {
		w := &c.work[i]
		for range max(1, calls/10) { // the last plugin has emptied the caches
			if _, err := w.once(ctx, c.pool, c.fetches); err != nil {
				return err
			}
		}
		before, err := spent()
		if err != nil {
			return err
		}
		var units int64
		for range calls {
			u, err := w.once(ctx, c.pool, c.fetches)
			if err != nil {
				return err
			}
			units += u
		}
		after, err := spent()
		if err != nil {
			return err
		}
		was := out[w.name]
		took := float64((after - before).Nanoseconds()) / 1000 / float64(calls)
		out[w.name] = Call{Micros: smaller(was.Micros, took), Units: units / int64(calls)}
	}
	return nil
}

func (c *candidate) close(ctx context.Context) error {
	return errors.Join(c.pool.Close(ctx), c.program.Close(ctx))
}

// smaller keeps the smallest figure: what a run takes more is what the machine did
// meanwhile. 0 is no figure yet.
func smaller(was, now float64) float64 { return min(cmp.Or(was, now), now) }

// spent is the processor time of this process so far.
func spent() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// resident is the memory of this process after everything unused was given back.
func resident() (int64, error) {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		var kb int64
		if _, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil {
			return kb << 10, nil
		}
	}
	return 0, errors.New("/proc/self/status has no VmRSS")
}
