package wasm

import (
	"context"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// The blocking form of operations: the import returns when the operation is done,
// and the guest's lock is held meanwhile. So each task has a guest of its own (see
// [NewPool]), and what may end the wait from outside does not need the lock.

func exportBlocking(ctx context.Context, r wazero.Runtime, operations []string) error {
	b := r.NewHostModuleBuilder(abi.BlockingModule)
	for _, name := range operations {
		b.NewFunctionBuilder().WithGoModuleFunction(importBlocking(name), i32x3, i32).Export(name)
	}
	b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(importTake), i32, nil).Export(abi.ImportTake)
	_, err := b.Instantiate(ctx)
	return err
}

func importBlocking(name string) api.GoModuleFunc {
	return func(ctx context.Context, m api.Module, stack []uint64) {
		g, t := running(ctx, stack[0], name)
		t.begin(g, name, message(m, stack[1], stack[2]))
		g.block(t)
		stack[0] = uint64(len(t.answer))
	}
}

// block performs the task's operation while its guest waits. Answers that the
// guest did not take are gone.
func (g *guest) block(t *task) {
	began := time.Now()
	t.suspend()
	g.endTurn()
	calledOff := context.AfterFunc(g.pool.patience, t.ctx.End)
	t.perform(g.pool)
	calledOff()
	t.waited += time.Since(began)
	if c := g.dead.Load(); c != nil {
		breach(c.reason) // the instance was closed meanwhile, see [Pool.callOff]
	}
	if t.overstays() {
		breach("the task went on asking for " + t.pending + " after its time was over")
	}
	t.pending, t.untaken = "", true
}

func importTake(ctx context.Context, m api.Module, stack []uint64) {
	e, ok := ctx.(*entry)
	if !ok || !e.open || !e.task.untaken {
		breach("take without an answer")
	}
	t := e.task
	t.untaken = false
	e.guest.chargeMessage(len(t.answer))
	if !m.Memory().Write(uint32(stack[0]), t.answer) {
		breach("take to a place outside the guest's memory")
	}
}
