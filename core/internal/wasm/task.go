package wasm

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Operation is the host side of one operation of a capability.
type Operation struct {
	// Effect marks operations that change something outside the gateway: a task
	// that dies after one may have sent something.
	Effect bool
	// Local marks operations that end promptly inside the gateway (journal, kv).
	// They still run after the task's deadline, within a short grace, so that a
	// plugin can record what came of a request that timed out.
	Local bool
	// Run performs the operation and appends its answer (abi.AppendAnswer) to
	// dst. request and call are valid during the call only. It honours ctx, which
	// also ends when the guest dies.
	Run func(ctx context.Context, call *Call, request, dst []byte) []byte
}

// Call is what an operation knows about the task that asks for it.
type Call struct {
	// Instance is the name of the asking instance.
	Instance  string
	RequestID string
	User      string
	// Depth counts how many tasks wait for this one through capability provider.
	Depth int

	attachments []Held
	warnings    []string
}

// Held is what an operation leaves with the host for the reply: the recording or
// the report page behind an [abi.Attachment]. Close is called once, by whoever
// sends it or when the task ends without naming it.
type Held interface{ Close() error }

// Attach keeps h until the task ends and returns its id for the guest.
func (c *Call) Attach(h Held) uint32 {
	c.attachments = append(c.attachments, h)
	return uint32(len(c.attachments))
}

// Warn tells the caller of the API that the answer is not complete: "node pbx2 is
// unavailable". It is sent as a Warning header (RFC 7234 section 5.5).
func (c *Call) Warn(text string) { c.warnings = append(c.warnings, text) }

// Result is a finished task.
type Result struct {
	Reply abi.Reply
	// Attachment is what Reply.Attachment names, nil without one. The receiver
	// closes it.
	Attachment Held
	// Fuel is the CPU used, in metered units; Busy the time inside guests.
	Fuel int64
	Busy time.Duration
	// Warnings say what is missing from the answer.
	Warnings []string

	task *task
}

// Release gives the buffers back; Reply.Body is not valid afterwards.
func (r *Result) Release() {
	if r.task != nil {
		r.task.free()
		r.task = nil
	}
}

// task is one request inside a guest.
type task struct {
	id        uint32
	call      Call
	requestID string
	fuel      int64 // CPU budget left
	granted   int64
	busy      time.Duration // inside the guest
	waited    time.Duration // inside blocking imports and for turns
	lines     int           // log lines written
	effect    bool          // an operation with an effect outside was begun

	began     time.Duration // by the clock; both only while somebody watches
	asked     time.Duration
	caller    context.Context   // ends when the caller leaves or the task's time is over
	ctx       *lifetime.Context // of its operations, made when it first suspends
	graceEnds time.Time         // zero while the task has time
	late      int               // operations asked for since

	message   []byte // what the guest sent last: a reply, or the request of pending
	pending   string // the operation that waits to be performed
	replied   bool
	malformed bool   // the reply cannot be read
	untaken   bool   // answer waits for import take
	answer    []byte // scratch for messages to the guest
}

var taskPool = sync.Pool{New: func() any { return new(task) }}

// keepBuffer bounds the buffers that stay with pooled tasks.
const keepBuffer = 64 << 10

func newTask(q *abi.Request, limits Limits) *task {
	t := taskPool.Get().(*task)
	fuel := limits.fuel()
	t.requestID, t.fuel, t.granted = q.RequestID, fuel, fuel
	t.call = Call{RequestID: q.RequestID, User: q.User, attachments: t.call.attachments[:0]}
	return t
}

// suspend prepares the task for waiting outside its guest.
func (t *task) suspend() {
	if t.ctx == nil {
		deadline, _ := t.caller.Deadline()
		t.ctx = lifetime.New(t.caller, deadline)
	}
}

// callOff ends the operation that the task waits for.
func (t *task) callOff() {
	if t.ctx != nil {
		t.ctx.End()
	}
}

func (t *task) free() {
	for i, h := range t.call.attachments {
		if h != nil {
			_ = h.Close() // a reader; nothing to save
			t.call.attachments[i] = nil
		}
	}
	message, answer, attachments := t.message, t.answer, t.call.attachments[:0]
	if cap(message) > keepBuffer {
		message = nil
	}
	if cap(answer) > keepBuffer {
		answer = nil
	}
	*t = task{message: message[:0], answer: answer[:0], call: Call{attachments: attachments}}
	taskPool.Put(t)
}

// result decodes the reply; the host trusts nothing in it.
func (t *task) result() (*Result, error) {
	r := &Result{Fuel: t.granted - t.fuel, Busy: t.busy, Warnings: t.call.warnings, task: t}
	if err := r.Reply.Decode(t.message); err != nil {
		return nil, t.illegible("reply", err.Error())
	}
	if s := r.Reply.Status; s != 0 && (s < 200 || s > 599) {
		return nil, t.illegible("reply", fmt.Sprintf("status %d", s))
	}
	if len(r.Reply.Body) > 0 {
		if err := abi.Check(r.Reply.Body); err != nil {
			return nil, t.illegible("reply", err.Error())
		}
	}
	if r.Reply.Form == abi.FormAttachment {
		held, ok := t.take(r.Reply.Attachment)
		if !ok {
			return nil, t.illegible("reply", fmt.Sprintf("attachment %d was not opened by this task", r.Reply.Attachment))
		}
		r.Attachment = held
	}
	return r, nil
}

func (t *task) illegible(what, why string) error {
	t.malformed = true
	return &abi.Error{
		Code: abi.CodeInternal, Source: abi.SourcePlugin, Detail: "the plugin's " + what + " is malformed: " + why, Sent: t.effect,
	}
}

// take hands the attachment that the reply names to the receiver.
func (t *task) take(id uint32) (Held, bool) {
	i := int(id) - 1
	if i < 0 || i >= len(t.call.attachments) || t.call.attachments[i] == nil {
		return nil, false
	}
	h := t.call.attachments[i]
	t.call.attachments[i] = nil
	return h, true
}
