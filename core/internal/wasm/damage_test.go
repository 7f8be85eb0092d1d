package wasm_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestDamagedPlugins runs a plugin with one bit wrong, for every byte of it: it is
// refused, fails or works, and never takes the host along.
func TestDamagedPlugins(t *testing.T) {
	e := guest.Engine(t)
	good := guest.Asm{Operations: []string{abi.OpHTTPFetch}, Start: guest.Body(
		guest.IfKind(abi.Action, guest.Seq(guest.CallOperation(0), guest.State(abi.Suspended))),
		guest.Reply(), guest.Const(int(abi.Finished))),
	}.Bytes()
	step := 1
	if guest.Race {
		step = 5
	}
	outcomes := map[string]int{}
	for at := 0; at < len(good); at += step {
		bad := slices.Clone(good)
		bad[at] ^= 1 << (at % 8)
		outcomes[runOnce(t, e, bad)]++
	}
	t.Logf("%d bytes: %v", len(good), outcomes)
	for _, want := range []string{"refused", "failed", "served"} {
		if outcomes[want] == 0 {
			t.Errorf("no damaged plugin was %s: %v", want, outcomes)
		}
	}
}

func runOnce(t *testing.T, e *wasm.Engine, code []byte) string {
	program, err := e.Compile(t.Context(), code, 4)
	if err != nil {
		return "refused"
	}
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	pool := program.NewPool(wasm.Spec{
		Instance: "test", Log: hclog.NewNullLogger(), Operations: operations(abi.OpHTTPFetch, atOnce()), Limits: wasm.Limits{CPU: 1},
	}, 0)
	_, err = do(ctx, pool, action("x"))
	if closing := pool.Close(ctx); closing != nil {
		t.Error(closing)
	}
	if closing := program.Close(ctx); closing != nil {
		t.Error(closing)
	}
	if ctx.Err() != nil {
		t.Error("the task did not end")
	}
	if err != nil {
		return "failed"
	}
	return "served"
}
