package meter_test

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tetratelabs/wazero/api"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// goSlice is small, so that the Go guests leave their code often. One value, so that they are compiled once.
const goSlice = 20_000

// TestGoGuestWorksTheSame runs real work plain and metered, on both engines, in slices small enough to be left often.
func TestGoGuestWorksTheSame(t *testing.T) {
	plain := goGuest(t)
	metered := rewrite(t, plain, goSlice)
	work := []struct {
		name string
		n    map[string]uint64 // by engine
	}{
		{"hot", map[string]uint64{"compiler": 200_000, "interpreter": 1_000}},
		{"parse", map[string]uint64{"compiler": 5, "interpreter": 1}},
		{"sorting", map[string]uint64{"compiler": 2000, "interpreter": 30}},
		{"garbage", map[string]uint64{"compiler": 3000, "interpreter": 50}},
	}
	for _, e := range goEngines() {
		t.Run(e.name, func(t *testing.T) {
			a, b := startGo(t, e, plain), startGo(t, e, metered)
			for _, w := range work {
				want, err := a.call(t, w.name, w.n[e.name])
				if err != nil {
					t.Fatal(err)
				}
				got, err := b.call(t, w.name, w.n[e.name])
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got, want) || want[0] == 0 {
					t.Errorf("%s: %d metered, %d plain", w.name, got, want)
				}
				if b.spent() < int64(w.n[e.name]) {
					t.Errorf("%s(%d) cost %d", w.name, w.n[e.name], b.spent())
				}
			}
		})
	}
}

// TestSameWorkSameCost: fresh instances of the same file spend the same for the same calls, on both engines.
func TestSameWorkSameCost(t *testing.T) {
	metered := rewrite(t, goGuest(t), goSlice)
	var first []int64
	for _, e := range append(goEngines(), goEngines()...) {
		in := startGo(t, e, metered)
		spent := []int64{in.spent()}
		for _, name := range []string{"hot", "sorting"} {
			if _, err := in.call(t, name, 50); err != nil {
				t.Fatal(err)
			}
			spent = append(spent, in.spent())
		}
		if first == nil {
			first = spent
		}
		if !slices.Equal(spent, first) || slices.Min(spent) <= 0 {
			t.Errorf("%s spent %d, the first run %d", e.name, spent, first)
		}
	}
}

// TestRunawayGuestsStop: endless work in Go ends with a trap when the budget is spent, not before.
func TestRunawayGuestsStop(t *testing.T) {
	metered := rewrite(t, goGuest(t), goSlice)
	const budget = 300_000
	for _, e := range goEngines() {
		for _, name := range []string{"spin", "recurse"} {
			t.Run(name+"/"+e.name, func(t *testing.T) {
				in := startGo(t, e, metered)
				in.arm(budget)
				if _, err := in.ExportedFunction(name).Call(t.Context(), 0); err == nil {
					t.Error("it came back")
				}
				if !in.exhausted() || in.spent() <= budget || in.spent() > budget+100_000 {
					t.Errorf("spent %d of %d", in.spent(), budget)
				}
			})
		}
	}
}

// collectionsPass repeats work until some garbage collections began and ended within it. If the collector had to wait for
// the guest, none ever would.
func collectionsPass(t *testing.T, work func()) {
	t.Helper()
	collections := int64(0)
	for range 20 {
		collections += duringCollections(work)
		if collections >= 3 || t.Failed() {
			return
		}
	}
	t.Errorf("only %d collections while it ran", collections)
}

// duringCollections runs work while another goroutine collects garbage, and says how many collections both began and
// ended while it ran.
func duringCollections(work func()) int64 {
	var running, done atomic.Bool
	var collections atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for !done.Load() {
			begun := running.Load()
			runtime.GC()
			if begun && !done.Load() {
				collections.Add(1)
			}
		}
	})
	running.Store(true)
	work()
	done.Store(true)
	wg.Wait()
	return collections.Load()
}

// TestEngineSeesTheSameFile compares the reader with wazero on a real file, before and after.
func TestEngineSeesTheSameFile(t *testing.T) {
	plain := goGuest(t)
	metered := rewrite(t, plain, goSlice)
	before, err := binary.Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	after, err := binary.Parse(metered)
	if err != nil {
		t.Fatal(err)
	}
	if len(before.Imports) == 0 || len(before.Imports) != len(after.Imports) || len(after.Exports) != len(before.Exports)+2 {
		t.Errorf("%d and %d imports, %d and %d exports", len(before.Imports), len(after.Imports), len(before.Exports), len(after.Exports))
	}
	names := func(f *binary.File) string { b, _ := f.Custom("name"); return string(b) }
	if names(before) == "" || names(before) != names(after) {
		t.Error("the function names are lost")
	}
	in := start(t, goEngines()[0], metered)
	defs := in.ExportedFunctionDefinitions()
	n := 0
	for _, e := range after.Exports {
		if e.Kind != binary.KindFunc {
			continue
		}
		n++
		d := defs[e.Name]
		if d == nil || d.Index() != e.Index || !slices.Equal(types(e.Func.Params), d.ParamTypes()) || !slices.Equal(types(e.Func.Results), d.ResultTypes()) {
			t.Errorf("export %s %s: the engine says %v", e.Name, e.Func, d)
		}
	}
	if n != len(defs) {
		t.Errorf("%d functions, the engine says %d", n, len(defs))
	}
	if !meter.IsRewritten(after) || meter.IsRewritten(before) {
		t.Error("IsRewritten is wrong")
	}
}

func types(list []binary.ValueType) []api.ValueType {
	var out []api.ValueType
	for _, v := range list {
		out = append(out, api.ValueType(v))
	}
	return out
}
