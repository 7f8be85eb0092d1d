package wasm

import (
	"context"
	"errors"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// entry is the context of every call into a guest. wazero hands it through to
// host imports unchanged, so they find the running task without a look-up.
type entry struct {
	context.Context
	guest *guest
	task  *task // whom the call is booked on
	open  bool  // the call is a start or a resume: the task may reply and ask
}

var (
	i32   = []api.ValueType{api.ValueTypeI32}
	i32x3 = []api.ValueType{api.ValueTypeI32, api.ValueTypeI32, api.ValueTypeI32}
)

// exportHost makes the host imports that every guest of the runtime may use.
// Which operations an instance may really begin is decided by its grants, when
// it is loaded and again at each call.
func exportHost(ctx context.Context, r wazero.Runtime, operations []string, blocking bool) error {
	b := r.NewHostModuleBuilder(abi.ImportModule)
	export := func(name string, f api.GoModuleFunc) {
		b.NewFunctionBuilder().WithGoModuleFunction(f, i32x3, nil).Export(name)
	}
	export(abi.ImportReply, importReply)
	export(abi.ImportLog, importLog)
	if blocking {
		if err := exportBlocking(ctx, r, operations); err != nil {
			return err
		}
	} else {
		for _, name := range operations {
			export(name, importOperation(name))
		}
	}
	_, err := b.Instantiate(ctx)
	return err
}

// violation ends the guest: wazero turns the panic of a host function into the
// error of the call, and the guest is dropped.
type violation struct{ text string }

func (v *violation) Error() string { return "contract violation: " + v.text }

func breach(text string) { panic(&violation{text}) }

// asViolation finds the breach behind an error of wazero.
func asViolation(err error) (*violation, bool) {
	var v *violation
	return v, errors.As(err, &v)
}

// message returns the guest's memory at ptr, borrowed until the guest runs on.
func message(m api.Module, ptr, size uint64) []byte {
	if uint32(size) > abi.MaxMessage {
		breach("message over the limit of 16 MiB")
	}
	b, ok := m.Memory().Read(uint32(ptr), uint32(size))
	if !ok {
		breach("message outside the guest's memory")
	}
	return b
}

// running returns the task of the call and checks the id that the guest names.
func running(ctx context.Context, id uint64, what string) (*guest, *task) {
	e, ok := ctx.(*entry)
	if !ok || !e.open {
		breach(what + " outside " + abi.ExportStart + " and " + abi.ExportResume)
	}
	if e.task.id != uint32(id) {
		breach(what + " for a task that is not running")
	}
	return e.guest, e.task
}

func importReply(ctx context.Context, m api.Module, stack []uint64) {
	g, t := running(ctx, stack[0], "reply")
	if t.replied {
		breach("a second reply to one task")
	}
	if t.pending != "" {
		breach("reply while " + t.pending + " is not answered yet")
	}
	t.replied = true
	t.receive(g, message(m, stack[1], stack[2]))
}

func importOperation(name string) api.GoModuleFunc {
	return func(ctx context.Context, m api.Module, stack []uint64) {
		g, t := running(ctx, stack[0], name)
		t.begin(g, name, message(m, stack[1], stack[2]))
	}
}

// begin takes the request of an operation.
func (t *task) begin(g *guest, name string, request []byte) {
	if t.replied {
		breach(name + " after the reply")
	}
	if t.pending != "" {
		breach(name + " while " + t.pending + " is not answered yet")
	}
	t.pending = name
	t.receive(g, request)
}

// receive copies what the guest sends.
func (t *task) receive(g *guest, message []byte) {
	g.chargeMessage(len(message))
	t.message = append(t.message[:0], message...)
}

func importLog(ctx context.Context, m api.Module, stack []uint64) {
	e, ok := ctx.(*entry)
	if !ok {
		breach("log outside a call of the host")
	}
	line := message(m, stack[1], stack[2])
	cost := int64(unitsPerMessage)
	if e.guest.pool.log.line(abi.Level(stack[0]), line, e.task) {
		cost = unitsPerLine
	}
	e.guest.charge(cost)
}
