package wasm

import (
	"context"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// turns keep long computing of guests away from everybody else. A guest that
// computes for more than freeSlices needs a turn to go on, and there are
// fewer turns than processors: Go's scheduler looks for network events when a
// processor has nothing to run, and only every 10 ms when all are busy. With two
// busy guests on two processors every answer of the gateway takes 25 ms otherwise,
// and one in a hundred 85.
//
// Who has a turn rests as long as it computes. The kernel gives a thread that never
// stops several milliseconds at a time, which others on the same processor wait for;
// one that sleeps often is no burden. Long computing gets half a processor for each
// turn at most, and one answer in a hundred takes 0.7 ms beside it instead of 3.1
// (0.9 with turns twice as long).
//
// Short tasks, nearly all, never see this.
type turns struct {
	free    chan struct{} // a token for each
	waiting atomic.Int32
}

const (
	// turnLength is how long a guest computes before it rests.
	turnLength = 250 * time.Microsecond
	rest       = turnLength
)

// freeSlices is how many slices of each call need no turn. Usual tasks end within
// the second slice and must not stand in line behind those who compute for long.
const freeSlices = 20

// newTurns leaves one processor to the others, where there are two.
func newTurns() *turns {
	n := max(1, runtime.GOMAXPROCS(0)-1)
	t := &turns{free: make(chan struct{}, n)}
	for range n {
		t.free <- struct{}{}
	}
	return t
}

// refills calls the guest's [guest.sliceEnds] at the end of each slice of the
// meter: it makes wazero tell of calls to the function that the meter appended.
type refills struct{ function uint32 }

var _ experimental.FunctionListenerFactory = refills{}

// NewFunctionListener implements experimental.FunctionListenerFactory.
func (r refills) NewFunctionListener(f api.FunctionDefinition) experimental.FunctionListener {
	if f.Index() != r.function {
		return nil
	}
	return experimental.FunctionListenerFunc(sliceEnds)
}

// left is what the slice was overdrawn by, negative: one instruction that moves much
// memory or grows it pays for all of that at once.
func sliceEnds(ctx context.Context, _ api.Module, _ api.FunctionDefinition, left []uint64, _ experimental.StackIterator) {
	if e, ok := ctx.(*entry); ok {
		e.guest.checkStack()
		e.guest.sliceEnds(e.task, 1+int(-int64(left[0])/meter.DefaultSlice))
	}
}

// sliceEnds makes a guest that computes for long wait for its turn.
func (g *guest) sliceEnds(t *task, n int) {
	turns := g.pool.program.turns
	g.slices += n
	if g.slices <= freeSlices || g.hasTurn && time.Now().Before(g.turnEnds) {
		return
	}
	began := time.Now()
	if g.hasTurn {
		// It keeps the turn meanwhile, or another guest would compute.
		time.Sleep(rest)
		if turns.waiting.Load() > 0 {
			g.endTurn()
		}
	}
	if !g.hasTurn {
		turns.waiting.Add(1)
		<-turns.free
		turns.waiting.Add(-1)
	}
	now := time.Now()
	g.hasTurn, g.turnEnds = true, now.Add(turnLength)
	t.waited += now.Sub(began)
}

// endTurn gives the turn back: when the guest returns, and while it waits inside an
// import.
func (g *guest) endTurn() {
	if g.hasTurn {
		g.hasTurn = false
		g.pool.program.turns.free <- struct{}{}
	}
}
