package wasm_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

// TestShrink: the fields of the pinned wazero are where shrink looks for them, and
// guests work on what it has moved.
func TestShrink(t *testing.T) {
	if guest.Race || runtime.GOOS != "linux" {
		t.Skip("machine code on Linux is what moves")
	}
	program, err := guest.Engine(t).Compile(t.Context(), goGuest(t), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := program.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	code, data, bodies := wasm.Footprint(program)
	if bodies != 0 {
		t.Errorf("%d bytes of WebAssembly code are left", bodies)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for name, address := range map[string]uintptr{"machine code": code, "data": data} {
		if !mapsFile(string(maps), address) {
			t.Errorf("%s at %#x is not mapped from a file", name, address)
		}
	}
	pool := program.NewPool(wasm.Spec{Instance: "test", Log: hclog.NewNullLogger()}, 0)
	defer pool.Close(t.Context())
	mustDo(t, pool, action("echo"))
}

// mapsFile says whether an address lies in a mapping of a file.
func mapsFile(maps string, address uintptr) bool {
	for line := range strings.Lines(maps) {
		var from, to uintptr
		var rest string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rest); err == nil && from <= address && address < to {
			return strings.Contains(line, "/image-")
		}
	}
	return false
}
