package wasm_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// endless calls itself for "r" and answers everything else.
var endless = guest.Asm{
	Start: guest.Body(
		// patchbay_start again: behind two imports, patchbay_abi and patchbay_buffer
		guest.IfName('r', []byte{0x20, 0, 0x20, 1, 0x10, 4, 0x1a}),
		guest.Reply(), guest.State(abi.Finished), guest.Const(0),
	),
}.Bytes()

// TestEndlessRecursion: it ends before its stack has become a burden for the host's
// heap. It fails when wazero's fields have moved, too.
func TestEndlessRecursion(t *testing.T) {
	if guest.Race {
		t.Skip("the interpreter has no machine stack")
	}
	pool := newPool(t, endless, wasm.Spec{})
	mustDo(t, pool, action("x"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := do(t.Context(), pool, action("r"))
	runtime.ReadMemStats(&after)
	if err == nil || !strings.Contains(err.Error(), "stack overflow: more than 4 MiB") {
		t.Errorf("it ended with %v", err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n < 4<<20 || n > 32<<20 {
		t.Errorf("it cost %d bytes of the heap, want 4 MiB to 32", n)
	}
	eventually(t, "a new guest", func() bool { return pool.Condition().State == "warm" })
	mustDo(t, pool, action("x"))
}

// TestDeepRecursion: what an honest Go plugin may need stays possible.
func TestDeepRecursion(t *testing.T) {
	pool := newPool(t, goGuest(t), wasm.Spec{})
	if got := mustDo(t, pool, action("recurse", "n", "10000")); got != "10000" {
		t.Errorf("it went %s deep", got)
	}
}
