package meter_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// engine is one of wazero's two.
type engine struct {
	name   string
	config func() wazero.RuntimeConfig
	// cache keeps what was compiled: a Go guest takes a second.
	cache wazero.CompilationCache
}

var engines = []engine{
	{"compiler", wazero.NewRuntimeConfigCompiler, wazero.NewCompilationCache()},
	{"interpreter", wazero.NewRuntimeConfigInterpreter, wazero.NewCompilationCache()},
}

// goEngines are those that Go guests run on.
func goEngines() []engine {
	if raceDetector {
		return engines[1:]
	}
	return engines
}

// instance is a running guest, metered or plain.
type instance struct {
	api.Module
	slice, budget api.MutableGlobal
	account       meter.Account
}

const plenty = int64(1) << 50

// start instantiates a file. A metered guest is not armed yet; its _initialize has not run.
func start(t testing.TB, e engine, wasm []byte) *instance {
	t.Helper()
	return startIn(t.Context(), t, e, wasm)
}

// startIn is start with a context for the compilation.
func startIn(ctx context.Context, t testing.TB, e engine, wasm []byte) *instance {
	t.Helper()
	rt := wazero.NewRuntimeWithConfig(ctx, e.config().WithCompilationCache(e.cache))
	t.Cleanup(func() { _ = rt.Close(context.Background()) })
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	m, err := rt.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		t.Fatalf("instantiate: %v", err)
	}
	in := &instance{Module: m}
	if g := m.ExportedGlobal(meter.SliceGlobal); g != nil {
		in.slice = g.(api.MutableGlobal)
		in.budget = m.ExportedGlobal(meter.BudgetGlobal).(api.MutableGlobal)
	}
	return in
}

func (in *instance) arm(budget int64) {
	if in.slice == nil {
		return
	}
	slice, rest := in.account.Arm(budget)
	in.slice.Set(uint64(slice))
	in.budget.Set(uint64(rest))
}

func (in *instance) spent() int64 {
	return in.account.Spent(int64(in.slice.Get()), int64(in.budget.Get()))
}

func (in *instance) exhausted() bool {
	return meter.Exhausted(int64(in.slice.Get()), int64(in.budget.Get()))
}

// call runs an export with plenty of budget.
func (in *instance) call(t testing.TB, name string, args ...uint64) ([]uint64, error) {
	t.Helper()
	f := in.ExportedFunction(name)
	if f == nil {
		t.Fatalf("no export %q", name)
	}
	in.arm(plenty)
	return f.Call(t.Context(), args...)
}

// startGo starts the Go guest and its runtime.
func startGo(t testing.TB, e engine, wasm []byte) *instance {
	t.Helper()
	in := start(t, e, wasm)
	if _, err := in.call(t, "_initialize"); err != nil {
		t.Fatalf("_initialize: %v", err)
	}
	return in
}

func rewrite(t testing.TB, wasm []byte, slice int64) []byte {
	t.Helper()
	out, err := meter.Rewrite(wasm, meter.Options{Slice: slice})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var buildGuest = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "meter-guest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "guest.wasm")
	cmd := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o", out, "./testdata/guest")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the guest: %w\n%s", err, text)
	}
	return os.ReadFile(out)
})

// goGuest is testdata/guest compiled by the Go toolchain that runs the test.
func goGuest(t testing.TB) []byte {
	t.Helper()
	wasm, err := buildGuest()
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
