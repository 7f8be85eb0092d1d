package plugin_test

import (
	"encoding/binary"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestThousandReloads: replacing a plugin by a new version again and again leaves
// no memory and no goroutine behind. Every version has code of its own.
func TestThousandReloads(t *testing.T) {
	warmUp, reloads := 100, 1000
	if guest.Race {
		reloads = 200 // each takes ten times as long
	}
	e, err := wasm.NewEngine("", hclog.NewNullLogger()) // no use in keeping a thousand versions on disk
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close(t.Context())
	h := plugin.NewHost(e)
	var current *plugin.Instance
	reload := func(n int) {
		version := binary.LittleEndian.AppendUint32(nil, uint32(n))
		code := guest.Asm{
			Operations: []string{abi.OpHTTPFetch}, Pages: 64,
			Data:  map[uint32][]byte{guest.FreeAt: version},
			Start: guest.Body(guest.IfName('f', guest.Seq(guest.CallOperation(0), guest.State(abi.Suspended))), guest.Reply(), guest.Const(1)),
		}.Bytes()
		next := h.NewInstance(spec(t, code, granted(nil, nil)))
		if err := next.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := do(t.Context(), next, "fetch"); err != nil {
			t.Fatal(err)
		}
		if current != nil {
			if err := current.Supersede(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		current = next
	}
	for n := range warmUp {
		reload(n)
	}
	heap, resident, goroutines := usage(t)
	for n := range reloads {
		reload(warmUp + n)
	}
	heapAfter, residentAfter, goroutinesAfter := usage(t)
	t.Logf("heap %d → %d KiB, resident %d → %d KiB, %d → %d goroutines", heap>>10, heapAfter>>10, resident>>10, residentAfter>>10, goroutines, goroutinesAfter)
	if n := h.Programs(); n != 1 {
		t.Errorf("%d programs", n)
	}
	// A leak of one guest's memory would be 4 MiB each, one of a program's code
	// some 10 KiB.
	if heapAfter > heap+2<<20 {
		t.Errorf("the heap grew by %d KiB", (heapAfter-heap)>>10)
	}
	if resident > 0 && residentAfter > resident+32<<20 {
		t.Errorf("resident memory grew by %d MiB", (residentAfter-resident)>>20)
	}
	if goroutinesAfter > goroutines {
		t.Errorf("%d goroutines, %d before", goroutinesAfter, goroutines)
	}
	if err := current.Supersede(t.Context()); err != nil {
		t.Error(err)
	}
}

// usage returns live heap and resident memory in bytes (the latter 0 where the
// system does not tell), and the number of goroutines.
func usage(t *testing.T) (heap, resident int64, goroutines int) {
	t.Helper()
	for range 3 { // finalizers free machine code, sync.Pool needs two collections
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if status, err := os.ReadFile("/proc/self/status"); err == nil {
		for line := range strings.Lines(string(status)) {
			if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
				kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				resident = kib << 10
			}
		}
	}
	return int64(m.HeapAlloc), resident, runtime.NumGoroutine()
}
