package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Spec describes one configured instance of a plugin.
type Spec struct {
	// Instance is the name in the configuration, the log and the metrics.
	Instance string
	// Named has every request carry the name of the instance, as providers' do.
	Named bool
	// Settings is a map value with secrets, given to each guest once.
	Settings abi.Value
	// Operations are the granted ones, by import name.
	Operations map[string]Operation
	Limits     Limits
	Log        hclog.Logger
	// Trace watches every task, those that configure guests included; nil watches
	// none. It is called by the goroutine of the task, which waits for it; tasks call
	// it at the same time. Messages hold secrets: this is for developers.
	Trace func(Event)
}

// Pool holds the guests of one instance. It is safe for concurrent use.
type Pool struct {
	program *Program
	spec    Spec
	stats   stats
	log     guestLog

	guests atomic.Pointer[[]*guest] // those that take new tasks

	life context.Context // of what runs in the background; ends with Close
	end  context.CancelFunc

	patience       context.Context // of operations that hold a guest; ends when Close calls tasks off
	callOffBlocked context.CancelFunc

	waiting   atomic.Int32  // tasks that wait for a guest, in a pool of exclusive ones
	malformed atomic.Int32  // answers, less the sound ones since
	freed     chan struct{} // holds a token for each guest that may be free since

	mu      sync.Mutex
	all     map[*guest]struct{} // not closed yet, those that drain too
	growth  *growth             // the guest that is being made
	closed  bool
	idle    chan struct{} // closed when the pool is closed and the last guest is gone
	warm    bool          // there has been a guest
	restart *time.Timer
	crashes int       // since the last calm period
	until   time.Time // no new guest before
	reason  string    // of the last crash or failed start
}

type stats struct {
	fuel, tasks, failures, crashes atomic.Uint64
	busy                           atomic.Int64
	inFlight                       atomic.Int64
}

// Stats is a snapshot of what an instance has used.
type Stats struct {
	Tasks uint64
	// Failures counts tasks that ended with an error of any kind.
	Failures uint64
	Crashes  uint64
	// Instructions are metered units (package meter), Busy the time inside guests;
	// both with what starting the guests took.
	Instructions uint64
	Busy         time.Duration
	InFlight     int64
	// Guests take new tasks; Draining ones only end those that they have.
	Guests, Draining int
	// MemoryBytes is that of all guests.
	MemoryBytes uint64
}

// NewPool returns the pool of one instance. Guests are made by [Pool.Warm] or on
// demand. The memory limit is the program's; memoryMB only narrows the default of
// [Limits.RecycleMB] and may be 0.
func (p *Program) NewPool(spec Spec, memoryMB int) *Pool {
	if memoryMB <= 0 {
		memoryMB = p.memoryMB
	}
	if p.blocking {
		spec.Limits.MaxTasks = 1
	}
	spec.Limits = spec.Limits.withDefaults(memoryMB)
	pool := &Pool{program: p, spec: spec, all: map[*guest]struct{}{}, idle: make(chan struct{})}
	pool.log.log = spec.Log
	pool.life, pool.end = context.WithCancel(context.Background())
	pool.patience, pool.callOffBlocked = context.WithCancel(context.Background())
	pool.freed = make(chan struct{}, spec.Limits.Guests)
	pool.guests.Store(&[]*guest{})
	if !p.enter() {
		pool.closed = true // every task gets ErrClosed
		pool.end()
		close(pool.idle)
	}
	return pool
}

// NotReadyError says that the instance has no guest now and when to try again.
type NotReadyError struct {
	Reason string
	After  time.Duration
}

func (e *NotReadyError) Error() string {
	return fmt.Sprintf("the plugin is not ready for %s: %s", e.After.Round(time.Millisecond), e.Reason)
}

// ErrClosed is returned by a pool that was closed; nothing was begun.
var ErrClosed = errors.New("the plugin instance is closed")

// Do runs one task and returns its result, which the caller releases. q is the
// caller's alone during the call: Do fills in TimeoutMS, and Instance where the
// specification says so. It is not kept.
//
// # Errors
//
//   - [*abi.Error]: the plugin's own answer, or a message that it malformed
//   - [*DeadError]: the guest crashed; Sent says whether something may have left
//   - [*NotReadyError]: backing off after crashes, or too many tasks
//   - [ErrClosed], or ctx's error: no guest took the task; nothing was begun
func (p *Pool) Do(ctx context.Context, q *abi.Request, depth int) (*Result, error) {
	if _, ok := ctx.Deadline(); !ok {
		timed := lifetime.New(ctx, time.Now().Add(p.spec.Limits.Timeout))
		defer timed.End()
		ctx = timed
	}
	runtime.Gosched()
	g, err := p.lockGuest(ctx)
	if err != nil {
		return nil, err
	}
	p.stats.tasks.Add(1)
	p.stats.inFlight.Add(1)
	defer g.done()
	t := p.task(ctx, q)
	t.call.Depth = depth
	return t.outcome(g.drive(ctx, t, t.answer, false), p)
}

// done ends what Do began for a task.
func (g *guest) done() {
	g.pool.stats.inFlight.Add(-1)
	g.leave()
}

// task returns a task whose answer holds the message that begins it.
func (p *Pool) task(ctx context.Context, q *abi.Request) *task {
	deadline, _ := ctx.Deadline()
	q.TimeoutMS = int(max(time.Until(deadline), 0) / time.Millisecond)
	if p.spec.Named {
		q.Instance = p.spec.Instance
	}
	t := newTask(q, p.spec.Limits)
	t.answer = q.Append(t.answer[:0])
	return t
}

// outcome is what Do returns for a driven task.
func (t *task) outcome(err error, p *Pool) (*Result, error) {
	if err == nil {
		var result *Result
		if result, err = t.result(); err == nil {
			p.sound()
			return result, nil
		}
	}
	p.stats.failures.Add(1)
	if t.malformed {
		p.unsound(err)
	}
	t.free()
	return nil, err
}

// lockGuest returns a locked guest with a place for the task.
func (p *Pool) lockGuest(ctx context.Context) (g *guest, err error) {
	defer func() {
		if err != nil {
			p.wake() // who was woken and cannot use it passes it on
		}
	}()
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		guests := *p.guests.Load()
		if len(guests) == 0 {
			if err := p.grow(ctx, 1); err != nil {
				return nil, err
			}
			continue
		}
		g = p.choose(guests)
		if g == nil {
			if err := p.await(ctx, len(guests)); err != nil {
				return nil, err
			}
			continue
		}
		if !g.reserve(p.spec.Limits.MaxTasks) {
			continue
		}
		if err := g.acquire(ctx); err != nil {
			g.leave()
			return nil, err
		}
		if !g.gone() {
			return g, nil
		}
		g.release() // it died or was retired while we waited: look again
		p.remove(g)
		g.leave()
	}
}

// choose takes the first guest that nobody is in, so that one is used as long as it
// will do: its memory is in the processor's caches. When all are busy it asks for one
// more and takes the one with the fewest tasks. It returns nil when all are full.
func (p *Pool) choose(guests []*guest) *guest {
	var least *guest
	fewest := int32(0)
	for _, g := range guests {
		n := g.tasks.Load()
		if int(n) >= p.spec.Limits.MaxTasks {
			continue
		}
		if len(g.lock) == 1 {
			return g
		}
		if least == nil || n < fewest {
			least, fewest = g, n
		}
	}
	if len(guests) < p.spec.Limits.Guests {
		p.growLater(p.spec.Limits.Guests)
	}
	return least
}

// maxWaiting bounds the tasks that wait for an exclusive guest.
const maxWaiting = 1000

// await waits until a guest may have a place again, where guests are exclusive.
// Others have so many places that whoever finds none is refused.
func (p *Pool) await(ctx context.Context, guests int) error {
	if !p.spec.Limits.exclusive() {
		return &NotReadyError{Reason: fmt.Sprintf("%d tasks are in flight", p.spec.Limits.MaxTasks*guests), After: time.Second}
	}
	if !p.queue() {
		return &NotReadyError{Reason: fmt.Sprintf("%d tasks wait for one of %d guests", maxWaiting, guests), After: time.Second}
	}
	defer p.waiting.Add(-1)
	select {
	case <-p.freed:
		return nil
	case <-p.life.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// queue counts one more who waits, unless there are too many. Who is refused is not
// counted for a moment: somebody else would be refused for it.
func (p *Pool) queue() bool {
	for {
		n := p.waiting.Load()
		if n >= maxWaiting {
			return false
		}
		if p.waiting.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// wake lets one of those who wait look again. Each guest that takes a task wakes
// somebody when it gives the place back, so nobody sleeps beside a free guest.
func (p *Pool) wake() {
	select {
	case p.freed <- struct{}{}:
	default: // as many as there can be guests are on their way already
	}
}
