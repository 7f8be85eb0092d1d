package wasm

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// After its time is over a task may still run local operations for grace, and
// every other operation fails at once. A task that has not ended then, or goes on
// asking for operations, is cancelled.
const (
	grace      = 2 * time.Second
	lateAsking = 100
)

// drive runs a task to its end. held says that the caller holds the guest's lock
// already and keeps it when drive returns (start-up); otherwise the lock is held
// when drive begins and given back. On success t.message is the reply.
func (g *guest) drive(ctx context.Context, t *task, message []byte, held bool) (err error) {
	if g.lastID++; g.lastID == 0 {
		g.lastID = 1 // 0 is no task
	}
	t.id, t.caller = g.lastID, ctx
	if g.pool.spec.Trace != nil {
		g.tellBegan(t, message)
	}
	state, err := g.enter(t, g.start, message)
	for err == nil && state == abi.Suspended {
		t.suspend()
		g.suspended[t.id] = t
		if !held {
			g.release()
			runtime.Gosched() // others enter the guest first, while its code is in the caches: RATIONALE.md
		}
		t.perform(g.pool)
		if !held {
			// The lock is held for a task's CPU budget at most; waiting for it must not
			// fail, or the guest would keep a task that nobody resumes.
			runtime.Gosched()
			<-g.lock
		}
		delete(g.suspended, t.id)
		if c := g.dead.Load(); c != nil {
			err = c.err()
			break
		}
		if t.overstays() {
			err = g.drop(t)
			break
		}
		state, err = g.enter(t, g.resume, t.answer)
	}
	if !held {
		if err == nil {
			g.pool.recycle(g)
		}
		g.release()
	}
	t.callOff()
	if err = t.end(state, err); g.pool.spec.Trace != nil {
		g.tellEnded(t, err)
	}
	return err
}

// end returns how the task ended, after its guest's last state or death.
func (t *task) end(state abi.State, err error) error {
	switch {
	case err != nil:
		var dead *DeadError
		if errors.As(err, &dead) {
			dead.Sent = t.effect
		}
		return err
	case state == abi.Failed:
		return t.failure()
	}
	return nil
}

// enter runs a task of the guest until it suspends or ends. An error means that
// the guest is dead.
func (g *guest) enter(t *task, f export, message []byte) (abi.State, error) {
	if err := g.write(t, message); err != nil {
		return abi.Failed, err
	}
	t.pending, t.replied, t.untaken = "", false, false
	g.entry.open = true
	if err := g.call(t, f, uint64(t.id), uint64(len(message))); err != nil {
		return abi.Failed, err
	}
	state := abi.State(g.stack[0])
	switch {
	case state == abi.Suspended && t.replied:
		return state, g.die(&violation{"the task replied and is suspended"})
	case state == abi.Suspended && t.pending == "":
		return state, g.die(&violation{"the task is suspended without an operation"})
	case state > abi.Failed:
		return state, g.die(&violation{fmt.Sprintf("unknown state %d", uint32(state))})
	case state != abi.Suspended && t.pending != "":
		return state, g.die(&violation{"the task ended while " + t.pending + " is not answered"})
	case state != abi.Suspended && !t.replied:
		return state, g.die(&violation{"the task ended without a reply"})
	}
	return state, nil
}

// minRoom is the least that a guest is asked for, so that most guests are asked
// once.
const minRoom = 4 << 10

// write puts a message into the guest's buffer, the one that it gave last as long
// as messages fit.
func (g *guest) write(t *task, message []byte) error {
	if n := len(message); n > g.roomSize {
		size := max(minRoom, 1<<bits.Len(uint(n-1)))
		if err := g.call(t, g.buffer, uint64(size), 0); err != nil {
			return err
		}
		g.room, g.roomSize = uint32(g.stack[0]), size
	}
	if !g.memory.Write(g.room, message) {
		return g.die(&violation{abi.ExportBuffer + " returned a place outside the memory"})
	}
	return nil
}

// drop lets the guest unwind a task that does not end by itself.
func (g *guest) drop(t *task) error {
	if err := g.call(t, g.cancel, uint64(t.id), 0); err != nil {
		return err
	}
	return &abi.Error{
		Code: abi.CodeTimeout, Source: abi.SourcePlugin, Sent: t.effect,
		Detail: "the task went on asking for " + t.pending + " after its time was over and was cancelled",
	}
}

// failure decodes the error that the task replied with.
func (t *task) failure() error {
	failure := new(abi.Error)
	if err := failure.Decode(t.message); err != nil {
		return t.illegible("error", err.Error())
	}
	return failure
}

// overstays reports that the task has used up its grace.
func (t *task) overstays() bool {
	return !t.graceEnds.IsZero() && (t.late > lateAsking || !time.Now().Before(t.graceEnds))
}

// perform runs the pending operation; its answer is in t.answer.
func (t *task) perform(p *Pool) {
	if p.spec.Trace != nil {
		t.asked = clock()
	}
	late := t.caller.Err() != nil
	if late {
		if t.graceEnds.IsZero() {
			t.graceEnds = time.Now().Add(grace)
		}
		t.late++
	}
	op, ok := p.spec.Operations[t.pending]
	switch {
	case !ok:
		t.refuse(abi.CodeDenied, t.pending+" is not granted to "+p.spec.Instance, false)
	case op.Local:
		ends := t.graceEnds
		if ends.IsZero() {
			ends = time.Now().Add(grace)
		}
		local := lifetime.Detached(t.caller, ends)
		t.run(local, p, op)
		local.End()
	case late:
		t.refuse(abi.CodeTimeout, t.pending+": the task's time is over", false)
	default:
		t.run(t.ctx, p, op)
	}
	if len(t.answer) > abi.MaxMessage {
		t.refuse(abi.CodeTooLarge, t.pending+": the answer is over 16 MiB", op.Effect)
	}
	if p.spec.Trace != nil {
		t.tellAsked(p)
	}
}

func (t *task) run(ctx context.Context, p *Pool, op Operation) {
	defer func() {
		// A fault of the host must end the operation and not the task, which the
		// guest would keep for ever.
		if fault := recover(); fault != nil {
			p.spec.Log.Error("operation panicked", "operation", t.pending, "request_id", t.requestID, "panic", fault, "trace", string(debug.Stack()))
			t.refuse(abi.CodeInternal, t.pending+": a fault of the gateway", op.Effect)
		}
	}()
	t.effect = t.effect || op.Effect
	t.call.Instance = p.spec.Instance
	t.answer = op.Run(ctx, &t.call, t.message, t.answer[:0])
}

// refuse answers the pending operation with an error of the host. It has a frame
// of its own, since its caller's is part of every request that waits.
//
//go:noinline
func (t *task) refuse(code abi.Code, detail string, sent bool) {
	failure := abi.Error{Code: code, Source: abi.SourceHost, Detail: detail, Sent: sent}
	t.answer = abi.AppendAnswer(t.answer[:0], &failure, nil)
}
