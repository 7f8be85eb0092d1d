package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// State is a station in the life of an instance.
type State string

// States of an instance.
const (
	StateVerified   State = "verified"            // the file is good, nothing else happened yet
	StateCompiling  State = "compiling"           // takes seconds without a cache
	StateCompiled   State = "compiled"            // machine code is there, no guest yet
	StateWarm       State = "warm"                // at least one guest serves
	StateBackingOff State = "backing off"         // crashed; the next start is due later
	StateFailed     State = "failed"              // cannot start until something changes
	StateWaiting    State = "waiting for consent" // somebody must grant what it asks for
	StateSuperseded State = "superseded"          // drains for a newer version or other settings
	StateRemoved    State = "removed"
)

// Spec describes an instance: a plugin with a name, settings and grants.
type Spec struct {
	Name    string
	Package *Package
	// Settings is a map value with secrets inside.
	Settings abi.Value
	// Granted holds the operations that the operator consented to.
	Granted map[string]wasm.Operation
	Limits  wasm.Limits
	Log     hclog.Logger
	// Trace is that of [wasm.Spec]; usually nil.
	Trace func(wasm.Event)
}

// Instance is a configured plugin. It is safe for concurrent use.
type Instance struct {
	spec Spec
	host *Host
	pool atomic.Pointer[wasm.Pool]

	lifecycle sync.Mutex     // one Start or Supersede at a time; may take seconds
	shared    *sharedProgram // under lifecycle

	mu     sync.Mutex
	state  State
	reason string
	since  time.Time
}

// Host brings instances to life; instances of one plugin share its machine code.
type Host struct {
	engine *wasm.Engine

	mu       sync.Mutex
	programs map[string]*sharedProgram // by sha256 and memory limit
}

type sharedProgram struct {
	once    sync.Once
	program *wasm.Program
	err     error
	users   int
	key     string
}

// NewHost returns a host on an engine, which it does not close.
func NewHost(engine *wasm.Engine) *Host {
	return &Host{engine: engine, programs: map[string]*sharedProgram{}}
}

// NewInstance returns an instance that is not started.
func (h *Host) NewInstance(spec Spec) *Instance {
	return &Instance{spec: spec, host: h, state: StateVerified, since: time.Now()}
}

// Name returns the instance's name.
func (i *Instance) Name() string { return i.spec.Name }

// Package returns what the instance runs.
func (i *Instance) Package() *Package { return i.spec.Package }

// Start compiles the plugin and makes the first guest. It may take seconds. An
// error is also the reason of StateFailed; starting again is allowed, and starts
// from the beginning. Starting a warm instance does nothing; a superseded one
// cannot be started ([wasm.ErrClosed]).
func (i *Instance) Start(ctx context.Context) error {
	i.lifecycle.Lock()
	defer i.lifecycle.Unlock()
	switch i.Status().State {
	case StateSuperseded, StateRemoved:
		return wasm.ErrClosed
	case StateWarm:
		return nil
	}
	if err := i.stop(ctx); err != nil {
		return err
	}
	if err := i.start(ctx); err != nil {
		i.set(StateFailed, err.Error())
		return err
	}
	i.set(StateWarm, "")
	return nil
}

func (i *Instance) start(ctx context.Context) error {
	if ungranted := i.ungranted(); len(ungranted) > 0 {
		return fmt.Errorf("it needs %s, which is not granted; add the capability to the grant of %s", strings.Join(ungranted, ", "), i.spec.Name)
	}
	i.set(StateCompiling, "")
	memory := i.spec.Package.Manifest.Limits.MemoryMB
	shared, err := i.host.program(ctx, i.spec.Package, memory)
	if err != nil {
		return err
	}
	i.shared = shared
	i.set(StateCompiled, "")
	pool := shared.program.NewPool(wasm.Spec{
		Instance: i.spec.Name, Named: i.spec.Package.Manifest.Kind == manifest.KindProvider, Settings: i.spec.Settings, Operations: i.spec.Granted, Limits: i.spec.Limits, Log: i.spec.Log, Trace: i.spec.Trace,
	}, memory)
	i.pool.Store(pool)
	err = pool.Warm(ctx)
	var notReady *wasm.NotReadyError
	if errors.As(err, &notReady) {
		return errors.New(notReady.Reason)
	}
	return err
}

// stop releases what a start has made. Tasks in flight may end until ctx is done.
// lifecycle is held.
func (i *Instance) stop(ctx context.Context) error {
	var err error
	if pool := i.pool.Load(); pool != nil {
		err = pool.Close(ctx)
		i.pool.Store(nil)
	}
	if i.shared != nil {
		err = errors.Join(err, i.host.release(ctx, i.shared))
		i.shared = nil
	}
	return err
}

func (i *Instance) ungranted() []string {
	var out []string
	for _, name := range i.spec.Package.Imports {
		if _, ok := i.spec.Granted[name]; !ok {
			out = append(out, name)
		}
	}
	return out
}

// Do runs one task; see [wasm.Pool.Do]. Before the instance is warm the error is
// a [*wasm.NotReadyError], after it was superseded [wasm.ErrClosed]: nothing was
// begun then, so the caller may ask whoever took over.
func (i *Instance) Do(ctx context.Context, q *abi.Request, depth int) (*wasm.Result, error) {
	pool := i.pool.Load()
	if pool == nil {
		return nil, i.notReady()
	}
	return pool.Do(ctx, q, depth)
}

// Health asks the plugin whether it can do its work. A plugin that has nothing to
// say about its health is healthy when it is warm.
func (i *Instance) Health(ctx context.Context) error {
	if !i.spec.Package.Manifest.Health {
		if pool := i.pool.Load(); pool == nil {
			return i.notReady()
		}
		return nil
	}
	r, err := i.Do(ctx, &abi.Request{Kind: abi.Health, RequestID: "health"}, 0)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	r.Release()
	return nil
}

func (i *Instance) notReady() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch i.state {
	case StateSuperseded, StateRemoved:
		return wasm.ErrClosed
	case StateFailed:
		return &wasm.NotReadyError{Reason: string(i.state) + ": " + i.reason, After: 30 * time.Second}
	}
	return &wasm.NotReadyError{Reason: string(i.state), After: 2 * time.Second}
}

// Supersede lets the tasks in flight end, until ctx is done, and releases
// everything; see [wasm.Pool.Close] for what becomes of the others. The caller
// has taken the instance out of the routes before. A start that is under way is
// waited for. Doing it again does nothing.
func (i *Instance) Supersede(ctx context.Context) error {
	i.lifecycle.Lock()
	defer i.lifecycle.Unlock()
	if i.Status().State == StateRemoved {
		return nil
	}
	i.set(StateSuperseded, "")
	err := i.stop(ctx)
	i.set(StateRemoved, "")
	return err
}

func (i *Instance) set(s State, reason string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.state, i.reason, i.since = s, reason, time.Now()
}

// Status is what an instance looks like from outside.
type Status struct {
	State  State
	Reason string
	Since  time.Time
	// Until is when a crashed instance starts again.
	Until time.Time
	// Failing counts crashes and failed starts since the last calm period.
	Failing int
	Stats   wasm.Stats
}

// Status returns the present state with its reason.
func (i *Instance) Status() Status {
	i.mu.Lock()
	s := Status{State: i.state, Reason: i.reason, Since: i.since}
	i.mu.Unlock()
	pool := i.pool.Load()
	if pool == nil {
		return s
	}
	s.Stats = pool.Stats()
	if s.State != StateWarm && s.State != StateFailed {
		return s
	}
	// The pool knows better: a crash ends the warmth, a task may have started what
	// failed before.
	c := pool.Condition()
	s.Failing = c.Crashes
	switch {
	case !c.Started:
	case c.State == "warm":
		s.State, s.Reason = StateWarm, ""
		if c.Crashes > 0 {
			s.Reason = "crashed before: " + c.Reason
		}
	case c.Crashes > 0:
		s.State, s.Reason, s.Until = StateBackingOff, c.Reason, c.Until
	}
	return s
}

// program returns the compiled plugin, compiling it for the first user.
func (h *Host) program(ctx context.Context, p *Package, memoryMB int) (*sharedProgram, error) {
	key := fmt.Sprintf("%s/%d", p.SHA256, memoryMB)
	h.mu.Lock()
	s := h.programs[key]
	if s == nil {
		s = &sharedProgram{key: key}
		h.programs[key] = s
	}
	s.users++
	h.mu.Unlock()
	s.once.Do(func() {
		// Not with the ctx of the first user: the others wait for it, too.
		var code []byte
		if code, s.err = p.load(); s.err == nil {
			s.program, s.err = h.engine.Compile(context.WithoutCancel(ctx), code, memoryMB)
		}
	})
	if s.err != nil {
		return nil, errors.Join(s.err, h.release(ctx, s))
	}
	return s, nil
}

// release ends one use of a program; the last one frees the machine code.
func (h *Host) release(ctx context.Context, s *sharedProgram) error {
	h.mu.Lock()
	s.users--
	last := s.users == 0
	if last {
		delete(h.programs, s.key)
	}
	h.mu.Unlock()
	if !last || s.program == nil {
		return nil
	}
	return s.program.Close(context.WithoutCancel(ctx))
}

// Programs returns how many compiled plugins are in memory.
func (h *Host) Programs() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.programs)
}
