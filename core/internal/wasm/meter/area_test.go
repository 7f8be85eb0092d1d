package meter_test

import (
	"context"
	"hash/crc64"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// areas exports memory.fill and memory.copy as they are, in a memory of some pages.
func areas(pages uint32) []byte {
	b := binarytest.New()
	b.Memory(pages, pages)
	b.Export("memory", binary.KindMemory, 0)
	b.Func("fill", fill, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0b, 0, 0x0b)
	b.Func("copy", fill, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0a, 0, 0, 0x0b)
	return b.Bytes()
}

// TestAreas: a long memory.copy or memory.fill does in parts what it does as a whole,
// overlapping areas included, and one that leaves the memory traps before it writes.
func TestAreas(t *testing.T) {
	const pages = 6
	const size = pages << 16
	const c = 64 << 10 // the size of a part
	random := rand.New(rand.NewPCG(1, 2))
	content := make([]byte, size)
	for i := range content {
		content[i] = byte(random.Uint32())
	}
	type run struct{ to, from, size uint64 }
	runs := []run{
		{0, 0, 0}, {5, 9, 1}, {0, 100, c}, {100, 0, c}, {0, 1, c + 1}, {1, 0, c + 1}, {7, 7, 3 * c},
		{0, 3, 4*c + 17}, {3, 0, 4*c + 17}, {c, 0, 3 * c}, {0, c, 3 * c}, {c + 1, 0, 4 * c}, {0, c - 1, 4 * c}, {0, 0, size}, {size, 0, 0},
		// Out of the memory: at its end, behind it, and where 32 bits wrap.
		{1, 0, size}, {0, 1, size}, {size - c, 0, 2 * c}, {0, size - c, 2 * c}, {0, 1<<32 - c, 2 * c}, {1<<32 - c, 0, 2 * c}, {1<<32 - 1, 0, 1<<32 - 1}, {0, 0, 1<<32 - 1},
		{size + 1, 0, 0},
	}
	for range 100 {
		runs = append(runs, run{random.Uint64N(size), random.Uint64N(size), random.Uint64N(size / 2)})
	}
	for _, e := range engines {
		plain, metered := start(t, e, areas(pages)), start(t, e, rewrite(t, areas(pages), 0))
		traps := 0
		for _, name := range []string{"copy", "fill"} {
			for _, r := range runs {
				var sums [2]uint64
				var errs [2]error
				for i, in := range []*instance{plain, metered} {
					in.Memory().Write(0, content)
					_, errs[i] = in.call(t, name, r.to, r.from, r.size)
					all, _ := in.Memory().Read(0, size)
					sums[i] = crc64.Checksum(all, crc64.MakeTable(crc64.ECMA))
				}
				if (errs[0] == nil) != (errs[1] == nil) || errs[1] != nil && !strings.Contains(errs[1].Error(), "out of bounds memory access") {
					t.Errorf("%s: %s(%d, %d, %d): %v, plain %v", e.name, name, r.to, r.from, r.size, errs[1], errs[0])
				}
				if sums[0] != sums[1] {
					t.Errorf("%s: %s(%d, %d, %d) leaves another memory than without the meter", e.name, name, r.to, r.from, r.size)
				}
				switch {
				case errs[0] != nil:
					traps++
				case metered.spent() != int64(1+3+8+r.size/4):
					t.Errorf("%s: %s of %d bytes cost %d", e.name, name, r.size, metered.spent())
				}
			}
		}
		if traps < 10 || traps > 2*len(runs)-50 {
			t.Errorf("%s: %d of %d runs trap", e.name, traps, 2*len(runs))
		}
	}
}

// exits counts the calls of the function at the end of each slice.
type exits struct {
	function uint32
	n        *int
}

func (e exits) NewFunctionListener(f api.FunctionDefinition) experimental.FunctionListener {
	if f.Index() != e.function {
		return nil
	}
	return experimental.FunctionListenerFunc(func(context.Context, api.Module, api.FunctionDefinition, []uint64, experimental.StackIterator) {
		*e.n++
	})
}

// TestLongAreasAreLeft: one instruction that moves 64 MiB leaves the generated code as
// often as it would in parts of a slice, whatever it moves.
func TestLongAreasAreLeft(t *testing.T) {
	const pages = 1024
	file, err := binary.Parse(areas(pages))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		for _, r := range []struct {
			name     string
			to, from uint64
		}{{"fill", 0, 1}, {"copy", 0, 64 << 10}, {"copy", 64 << 10, 0}} {
			n := 0
			e.cache = wazero.NewCompilationCache() // listeners are kept with the cache
			ctx := experimental.WithFunctionListenerFactory(t.Context(), exits{meter.Refill(file), &n})
			in := startIn(ctx, t, e, rewrite(t, areas(pages), 0))
			const size = (pages - 1) << 16
			if _, err := in.call(t, r.name, r.to, r.from, size); err != nil {
				t.Fatal(err)
			}
			// A part ends in the slice after the one that it began in.
			if want := size / 4 / (meter.DefaultSlice + 64<<10/4); n < want {
				t.Errorf("%s: %s of %d bytes left the generated code %d times, want at least %d", e.name, r.name, size, n, want)
			}
		}
	}
}

// TestTablesEnd: no limit of a guest's memory counts its tables.
func TestTablesEnd(t *testing.T) {
	b := binarytest.New()
	b.Item(binary.SectionTable, byte(binary.FuncRef), 0, 1) // one entry, without a maximum
	b.Table(200_000, 300_000)
	b.Table(1, 10)
	for table := range byte(3) {
		b.Func(string('a'+rune(table)), unary, 0xd0, 0x70, 0x20, 0, 0xfc, 0x0f, table, 0x0b)
	}
	for _, e := range engines {
		in := start(t, e, rewrite(t, b.Bytes(), 0))
		for _, tt := range []struct {
			table        string
			by, was, end uint64
		}{{"a", 99_999, 1, 100_000}, {"b", 0, 200_000, 200_000}, {"c", 9, 1, 10}} {
			for _, step := range []struct{ by, want uint64 }{{tt.by, tt.was}, {1, 1<<32 - 1}, {0, tt.end}} {
				if got, err := in.call(t, tt.table, step.by); err != nil || got[0] != step.want {
					t.Errorf("%s: table %s grows by %d: %d, %v; want %d", e.name, tt.table, step.by, got, err, step.want)
				}
			}
		}
	}
}
