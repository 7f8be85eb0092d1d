package wasm_test

import (
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestTurns: guests that compute for long take turns, more of them than there are
// turns; one that waits in a blocking import or dies gives its turn back.
func TestTurns(t *testing.T) {
	e := guest.Engine(t)
	hold := newTurnstile(1)
	const long = 900_000
	code := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Blocking: true, Start: guest.Body(
		guest.IfKind(abi.Action, guest.Seq(
			guest.IfName('w', guest.Seq(guest.Count(long), guest.CallBlocking(0), guest.Count(long))),
			guest.IfName('c', guest.Count(long)),
			guest.IfName('l', guest.Forever()),
		)),
		guest.Reply(), guest.Const(int(abi.Finished)),
	)}.Bytes()
	program, err := e.Compile(t.Context(), code, 0)
	if err != nil {
		t.Fatal(err)
	}
	pool := program.NewPool(wasm.Spec{
		Instance: "test", Log: hclog.NewNullLogger(), Operations: operations(abi.OpHTTPFetch, hold.operation(false)), Limits: wasm.Limits{CPU: 20, Guests: 8},
	}, 0)
	free, all := wasm.FreeTurns(e)
	if free != all || all < 1 {
		t.Fatalf("%d of %d turns", free, all)
	}
	var wg sync.WaitGroup
	wg.Go(func() { mustDo(t, pool, action("wait")) })
	hold.wait(t, 1)
	if free, _ := wasm.FreeTurns(e); free != all {
		t.Errorf("%d of %d turns are free while the guest waits for an answer", free, all)
	}
	for range 2 * all {
		wg.Go(func() {
			r, err := pool.Do(t.Context(), action("compute"), 0)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Release()
			if r.Fuel < wasm.FreeUnits {
				t.Errorf("%d units: that is no long computing", r.Fuel)
			}
		})
	}
	_, err = do(t.Context(), pool, action("loop"))
	wantDead(t, err, "CPU budget", false)
	close(hold.open)
	wg.Wait()
	if free, _ := wasm.FreeTurns(e); free != all {
		t.Errorf("%d of %d turns are free when all is done", free, all)
	}
	if err := pool.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := program.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
