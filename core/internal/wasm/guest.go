package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// guest is one running instance of a plugin.
//
// Whoever wants to enter it reserves a place first (tasks), then takes the lock.
// The lock's holder may call the guest and owns every field that is not atomic.
// The instance is closed when it is gone (draining or dead) and nobody has a
// place: who reserves looks at gone afterwards, who makes it gone looks at tasks
// afterwards, so one of the two always sees the other.
type guest struct {
	pool     *Pool
	module   api.Module
	memory   api.Memory
	buffer   export
	room     uint32 // where the guest takes messages, and how long they may be
	roomSize int
	start    export
	resume   export
	cancel   export
	slice    api.MutableGlobal
	budget   api.MutableGlobal
	account  meter.Account
	slices   int // of the present call that have ended, see [turns]
	hasTurn  bool
	turnEnds time.Time
	stdout   stream
	stderr   stream

	lock      chan struct{} // holds one token while the guest is free
	entry     entry
	stack     [2]uint64
	stackNow  *[]byte // of the present call, see [export]
	lastID    uint32
	suspended map[uint32]*task

	published bool // the pool knows it; before that, its death is a failed start

	tasks    atomic.Int32 // places taken: tasks that wait for the lock, run or are suspended
	draining atomic.Bool  // takes no new tasks
	dead     atomic.Pointer[crash]

	memorySize   atomic.Uint32 // bytes, for metrics and the recycle marks
	mark, urgent uint32        // bytes, see [Pool.recycle]
}

// crash is why a guest was dropped.
type crash struct {
	reason string
	words  string // the last lines of its stderr
	closed bool   // by the host, because the instance was closed
}

func (p *Pool) newGuest(ctx context.Context) (*guest, error) {
	g := &guest{pool: p, lock: make(chan struct{}, 1), suspended: map[uint32]*task{}}
	g.stdout = stream{guest: g, level: hclog.Info}
	g.stderr = stream{guest: g, level: hclog.Warn}
	g.entry = entry{Context: context.Background(), guest: g}
	ctx = experimental.WithMemoryAllocator(ctx, linear{})
	m, err := p.program.runtime.InstantiateModule(ctx, p.program.compiled, g.moduleConfig())
	if err != nil {
		return nil, fmt.Errorf("instantiate: %w", err)
	}
	g.module, g.memory = m, m.Memory()
	g.buffer = exported(m, abi.ExportBuffer)
	g.start = exported(m, abi.ExportStart)
	g.resume = exported(m, abi.ExportResume)
	g.cancel = exported(m, abi.ExportCancel)
	if err := g.begin(ctx); err != nil {
		g.close()
		return nil, err
	}
	g.setMarks()
	g.lock <- struct{}{}
	return g, nil
}

// begin runs what must run before the first task: the language's start-up, the
// version check, and the settings.
func (g *guest) begin(ctx context.Context) error {
	var ok bool
	if g.slice, ok = g.module.ExportedGlobal(meter.SliceGlobal).(api.MutableGlobal); !ok {
		return fmt.Errorf("the plugin was not metered: %s is missing", meter.SliceGlobal)
	}
	if g.budget, ok = g.module.ExportedGlobal(meter.BudgetGlobal).(api.MutableGlobal); !ok {
		return fmt.Errorf("the plugin was not metered: %s is missing", meter.BudgetGlobal)
	}
	t := &task{fuel: g.pool.spec.Limits.fuel(), requestID: "start"}
	if initialize := exported(g.module, abi.ExportInitialize); initialize.Function != nil {
		if err := g.call(t, initialize, 0, 0); err != nil {
			return fmt.Errorf("%s: %w", abi.ExportInitialize, err)
		}
	}
	if err := g.call(t, exported(g.module, abi.ExportVersion), 0, 0); err != nil {
		return fmt.Errorf("%s: %w", abi.ExportVersion, err)
	}
	if v := uint32(g.stack[0]); v != abi.Version {
		return fmt.Errorf("the plugin speaks contract version %d, this gateway speaks %d", v, abi.Version)
	}
	return g.configure(ctx)
}

func (g *guest) configure(ctx context.Context) error {
	request := abi.Request{
		Kind: abi.Configure, Params: g.pool.spec.Settings, Instance: g.pool.spec.Instance, RequestID: "configure",
	}
	ctx, stop := context.WithTimeout(ctx, g.pool.spec.Limits.Timeout)
	defer stop()
	t := newTask(&request, g.pool.spec.Limits)
	defer t.free()
	err := g.drive(ctx, t, request.Append(nil), true)
	var refused *abi.Error
	switch {
	case errors.As(err, &refused):
		// What the plugin says about its settings is for the operator: no codes.
		return fmt.Errorf("the plugin refuses its settings: %s", plainText(refused))
	case err != nil:
		return fmt.Errorf("settings: %w", err)
	}
	return nil
}

func plainText(e *abi.Error) string {
	parts := make([]string, 0, 2)
	for _, s := range []string{e.Message, e.Detail} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return string(e.Code)
	}
	return strings.Join(parts, ": ")
}

// setMarks is called after the settings. A guest that needs much before its first
// task has its marks above that, or it would be replaced after every task.
func (g *guest) setMarks() {
	limit, base := uint32(g.pool.program.memoryMB)<<20, g.memory.Size()
	g.memorySize.Store(base)
	g.mark = uint32(min(g.pool.spec.Limits.RecycleMB, g.pool.program.memoryMB)) << 20
	if base > g.mark/4*3 {
		g.mark = base + (limit-base)/2
	}
	g.urgent = g.mark + (limit-g.mark)/2
}

// reserve takes a place for one more task, which [guest.leave] gives back.
func (g *guest) reserve(limit int) bool {
	if int(g.tasks.Add(1)) > limit {
		g.leave()
		return false
	}
	return true
}

// leave gives a place back: the last one closes a guest that is gone.
func (g *guest) leave() {
	if g.tasks.Add(-1) == 0 && g.gone() {
		g.pool.retire(g)
	}
	g.pool.wake()
}

// gone reports that the guest takes no tasks any more.
func (g *guest) gone() bool { return g.draining.Load() || g.dead.Load() != nil }

// acquire takes the lock, or gives up with ctx.
func (g *guest) acquire(ctx context.Context) error {
	select {
	case <-g.lock:
		return nil
	default:
	}
	select {
	case <-g.lock:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *guest) release() { g.lock <- struct{}{} }

// call runs one export with what is left of the task's CPU budget and books what
// it used. An error means that the guest is dead.
func (g *guest) call(t *task, f export, a, b uint64) error {
	slice, rest := g.account.Arm(t.fuel)
	g.slice.Set(uint64(slice))
	g.budget.Set(uint64(rest))
	g.stack = [2]uint64{a, b}
	g.entry.task, g.slices, g.stackNow = t, 0, f.stack
	waited, began := t.waited, clock()
	err := f.CallWithStack(&g.entry, g.stack[:])
	busy := clock() - began - (t.waited - waited)
	g.endTurn()
	g.entry.task, g.entry.open = nil, false
	slice, rest = int64(g.slice.Get()), int64(g.budget.Get())
	spent := g.account.Spent(slice, rest)
	t.fuel -= spent
	t.busy += busy
	g.pool.stats.fuel.Add(uint64(max(spent, 0)))
	g.pool.stats.busy.Add(int64(busy))
	if err == nil {
		g.memorySize.Store(g.memory.Size())
		g.stderr.forget()
		return nil
	}
	if meter.Exhausted(slice, rest) {
		err = fmt.Errorf("the task used up its CPU budget of %d million units", g.pool.spec.Limits.CPU)
	}
	return g.die(err)
}

// die drops the guest: a trapped instance would go on answering, but its memory
// is in no defined state. The operations of its other tasks are called off, for
// there is nobody left to take their answers.
func (g *guest) die(err error) error {
	reason := err.Error()
	var exit *sys.ExitError
	if v, ok := asViolation(err); ok {
		reason = v.Error()
	} else if errors.As(err, &exit) {
		reason = fmt.Sprintf("it ended itself with exit code %d", exit.ExitCode())
	} else if first, rest, _ := strings.Cut(reason, "\n"); rest != "" {
		g.pool.spec.Log.Debug("guest trap", "trace", reason)
		reason = strings.TrimSuffix(first, " (recovered by wazero)")
	}
	c := &crash{words: g.stderr.words()}
	if g.stderr.headline != "" {
		reason = g.stderr.headline + " (" + reason + ")"
	}
	c.reason = reason
	if !g.dead.CompareAndSwap(nil, c) {
		return g.dead.Load().err() // the host was first
	}
	if g.published {
		g.pool.crashed(g, c)
	}
	g.abandon()
	return c.err()
}

// abandon calls off the operations of suspended tasks. The lock is held.
func (g *guest) abandon() {
	for _, t := range g.suspended {
		t.callOff()
	}
}

// err is what a task of the dead guest ends with.
func (c *crash) err() *DeadError {
	return &DeadError{Reason: c.reason, Words: c.words, Closed: c.closed}
}

// close ends the instance. Nobody else uses it any more.
func (g *guest) close() {
	if err := g.module.Close(context.Background()); err != nil {
		g.pool.spec.Log.Warn("closing a guest", "error", err)
	}
}

// DeadError says that a task ended with its guest.
type DeadError struct {
	Reason string
	// Words are the last lines that the guest wrote to stderr.
	Words string
	// Sent reports that the task had begun an operation with an effect outside.
	Sent bool
	// Closed reports that the guest did not crash: the instance was closed and the
	// task did not end in time.
	Closed bool
}

func (e *DeadError) Error() string {
	if e.Closed {
		return e.Reason
	}
	return "the plugin crashed: " + e.Reason
}
