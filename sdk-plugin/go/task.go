package patchbay

import (
	"iter"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Task is one request being served. It is valid until its handler returns and
// belongs to that handler: do not keep it and do not use it from a goroutine.
type Task struct {
	id      uint32
	request request
	message []byte  // the request as the host wrote it; the task's own memory, used again
	out     *[]byte // what the host reads and copies at once: a request for it or the reply; used again, by all tasks of a guest
	answer  []byte  // the answer to the operation that the task waits for; the handler's
	state   abi.State
	gone    bool // the caller went away: every host call fails from now on
	vain    int  // host calls since

	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	host  func(operation string, request []byte) []byte // set by tests, see guest_native.go
}

// errGone ends a handler whose caller went away.
var errGone = &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceHost, Detail: "the caller went away or the deadline passed"}

// maxVain is how many host calls of a cancelled task fail before it is unwound.
const maxVain = 100

// Params returns the validated parameters. Required ones are there; the types
// are those of the manifest.
func (t *Task) Params() Value { return t.request.params }

// Param returns a parameter as text, "" when it was not given.
func (t *Task) Param(name string) string { return t.request.params.Get(name).String() }

// Phone returns what the host knows about a parameter of format phone.
func (t *Task) Phone(name string) Phone {
	d := t.request.derived.Get(name).Texts([3]string{"e164", "region", "type"})
	return Phone{E164: d[0], Region: d[1], Type: d[2]}
}

// Phone is a normalised telephone number.
type Phone struct {
	E164   string // +79190000000
	Region string // RU
	Type   string // mobile, fixed, …
}

// Instance returns the provider instance: this guest's own, or the one that an
// action was asked for.
func (t *Task) Instance() string { return string(t.request.instance) }

// RequestID returns the id that the log, the journal and the caller know.
func (t *Task) RequestID() string { return string(t.request.requestID) }

// User returns the login of the caller, "" for the host's own tasks.
func (t *Task) User() string { return string(t.request.user) }

// TimeoutMS returns the time that the task had left when it began.
func (t *Task) TimeoutMS() int { return t.request.timeoutMS }

// Err returns nil, or the error with which every host call fails from now on
// because the caller went away or the deadline passed: a loop over many host calls
// ends on it.
func (t *Task) Err() error {
	if t.gone {
		return errGone
	}
	return nil
}

// Debug, Info, Warn and Error write one line to the plugin's log. Keys and values
// follow in pairs. Do not log secrets, phone numbers or message texts.
func (t *Task) Debug(message string, pairs ...string) { writeLog(abi.LevelDebug, message, pairs) }

// Info: see [Task.Debug].
func (t *Task) Info(message string, pairs ...string) { writeLog(abi.LevelInfo, message, pairs) }

// Warn: see [Task.Debug].
func (t *Task) Warn(message string, pairs ...string) { writeLog(abi.LevelWarn, message, pairs) }

// Error: see [Task.Debug].
func (t *Task) Error(message string, pairs ...string) { writeLog(abi.LevelError, message, pairs) }

func writeLog(level abi.Level, message string, pairs []string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		message += " " + pairs[i] + "=" + pairs[i+1]
	}
	hostLog(level, message)
}

// serve runs the handler for the request in t.message and returns the message
// for reply. It never panics: a panic of a handler costs its own task only.
func (t *Task) serve() (message []byte, state abi.State) {
	defer func() {
		if p := recover(); p != nil {
			e := abi.Error{Code: abi.CodeInternal, Source: abi.SourcePlugin, Detail: "panic: " + panicText(p)}
			message, state = e.Append(nil), abi.Failed
		}
	}()
	if err := t.request.decode(t.message); err != nil {
		e := abi.Error{Code: abi.CodeInternal, Source: abi.SourceHost, Detail: "request: " + err.Error()}
		return e.Append(nil), abi.Failed
	}
	reply, err := t.handle()
	if err != nil {
		e, ok := err.(*abi.Error) // nearly always; errors.As costs as much as a whole call
		if !ok {
			e = asError(err)
		}
		return e.Append(nil), abi.Failed
	}
	*t.out = reply.Append((*t.out)[:0])
	return *t.out, abi.Finished
}

func (t *Task) handle() (Reply, error) {
	switch q := &t.request; q.kind {
	case abi.Configure:
		return Reply{}, configure(q.params)
	case abi.Action:
		if h := registry.actions[string(q.name)]; h != nil {
			return h(t)
		}
		return Reply{}, unknown("action " + string(q.name))
	case abi.Operation:
		if h := registry.operations[string(q.point)][string(q.name)]; h != nil {
			return h(t)
		}
		return Reply{}, unknown("operation " + string(q.point) + "." + string(q.name))
	case abi.Health:
		if registry.health == nil {
			return Reply{}, nil
		}
		return registry.health(t)
	}
	return Reply{}, unknown("request kind")
}

// request is an [abi.Request] whose texts stay in the message: most handlers ask
// for few of them, and every string costs a guest dearly.
type request struct {
	kind                      abi.RequestKind
	point, name               []byte
	params, derived           Value
	instance, requestID, user []byte
	timeoutMS                 int
}

func (q *request) decode(message []byte) error {
	r := abi.NewReader(message)
	*q = request{
		kind: abi.RequestKind(r.Int()), point: r.StrBytes(), name: r.StrBytes(), params: r.Value(), instance: r.StrBytes(),
		requestID: r.StrBytes(), user: r.StrBytes(), timeoutMS: r.Int(), derived: r.Value(),
	}
	return r.Close()
}

func unknown(what string) error {
	return &abi.Error{Code: abi.CodeInternal, Source: abi.SourcePlugin, Detail: what + " has no handler; register it in init"}
}

func panicText(p any) string {
	switch v := p.(type) {
	case error:
		return v.Error()
	case string:
		return v
	case interface{ String() string }:
		return v.String()
	}
	return "(value without text)"
}

// guest holds the tasks of this instance. Finished tasks are used again, with
// their coroutine: creating one costs more than a whole call.
var guest struct {
	slots [slotCount]*Task // by the low bits of the id
	more  map[uint32]*Task // those whose slot is taken
	free  []*Task
	out   []byte // see Task
}

// slotCount is how many suspended tasks are found without a map, which costs a
// guest several times as much. Ids are consecutive numbers.
const slotCount = 1 << 10

func keep(t *Task) {
	if slot := &guest.slots[t.id%slotCount]; *slot == nil || *slot == t {
		*slot = t
		return
	}
	if guest.more == nil {
		guest.more = map[uint32]*Task{}
	}
	guest.more[t.id] = t
}

func find(id uint32) *Task {
	if t := guest.slots[id%slotCount]; t != nil && t.id == id {
		return t
	}
	return guest.more[id]
}

func forget(t *Task) {
	if slot := &guest.slots[t.id%slotCount]; *slot == t {
		*slot = nil
		return
	}
	delete(guest.more, t.id)
}

// maxFree bounds the idle coroutines that are kept after a burst, some 5 KiB each.
// The memory of a guest does not shrink anyway, and starting a task on a new
// coroutine takes several times as long.
const maxFree = 4096

// maxKept bounds the memory for messages that stays with an idle task.
const maxKept = 16 << 10

// start begins task id with the request in message, which it copies.
func start(id uint32, message []byte) abi.State {
	var t *Task
	if n := len(guest.free); n > 0 {
		t, guest.free = guest.free[n-1], guest.free[:n-1]
	} else {
		t = newTask()
	}
	t.id, t.message = id, append(t.message[:0], message...)
	t.next()
	if t.state == abi.Suspended {
		keep(t)
		return abi.Suspended
	}
	return release(t)
}

// resume continues task id with the answer in message, which it copies: the
// handler may keep what it reads from it.
func resume(id uint32, message []byte) abi.State {
	t := find(id)
	if t == nil {
		return abi.Failed // the host never asks for a task that it does not know
	}
	t.answer = append([]byte(nil), message...)
	t.next()
	if t.state == abi.Suspended {
		return abi.Suspended
	}
	forget(t)
	return release(t)
}

// cancel unwinds task id: its pending host call fails, and so does every later
// one, until the handler returns. Nothing is replied.
func cancel(id uint32) {
	t := find(id)
	if t == nil {
		return
	}
	forget(t)
	t.gone = true
	t.stop()
}

func release(t *Task) abi.State {
	state := t.state
	t.request, t.answer, t.state = request{}, nil, abi.Suspended
	if cap(t.message) > maxKept {
		t.message = nil
	}
	if cap(guest.out) > maxKept {
		guest.out = nil
	}
	if len(guest.free) < maxFree {
		guest.free = append(guest.free, t)
	} else {
		t.stop()
	}
	return state
}

// newTask makes a task whose coroutine serves one request after the other.
func newTask() *Task {
	t := &Task{out: &guest.out}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		for {
			message, state := t.serve()
			if t.gone {
				return
			}
			hostReply(t.id, message)
			t.state = state
			if !yield(struct{}{}) {
				return
			}
			// state is Suspended again, set by release
		}
	})
	return t
}

// suspend gives the guest back to the host until the answer is there.
func (t *Task) suspend() []byte {
	if t.gone || !t.yield(struct{}{}) {
		t.gone = true
		return nil
	}
	answer := t.answer
	t.answer = nil
	return answer
}

// ask is await with a request that was appended to t.out.
func (t *Task) ask(op operation, request []byte) (Value, error) {
	*t.out = request
	return t.await(op, request)
}

// await begins an operation and returns the body of its answer, which the caller
// owns.
func (t *Task) await(op operation, request []byte) (Value, error) {
	if t.gone {
		// A handler that retries for ever would use up the CPU budget and take the
		// whole guest along: serve catches this.
		if t.vain++; t.vain > maxVain {
			panic(errGone)
		}
		return nil, errGone
	}
	answer := t.call(op, request)
	if t.gone {
		return nil, errGone
	}
	if body, ok := abi.PlainAnswer(answer); ok {
		return body, nil
	}
	body, failure, err := abi.DecodeAnswer(answer)
	if err != nil {
		return nil, &abi.Error{Code: abi.CodeInternal, Source: abi.SourceHost, Detail: op.name + ": answer: " + err.Error(), Sent: true}
	}
	if failure != nil {
		return nil, failure
	}
	return body, nil
}
