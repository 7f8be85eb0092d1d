package meter_test

import (
	"slices"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

var (
	action = binary.FuncType{}
	unary  = binary.FuncType{Params: []binary.ValueType{binary.I32}, Results: []binary.ValueType{binary.I32}}
	fill   = binary.FuncType{Params: []binary.ValueType{binary.I32, binary.I32, binary.I32}}
)

// program is a hand-made guest whose exports of type (i32) -> (i32) are called with some arguments.
type program struct {
	name string
	wasm []byte
	args []uint64
}

func programs() []program {
	inputs := []uint64{0, 1, 2, 3, 7, 100, 1000}
	var list []program
	add := func(name string, build func(b *binarytest.Builder)) {
		b := binarytest.New()
		build(b)
		list = append(list, program{name, b.Bytes(), inputs})
	}
	add("factorial without memory", func(b *binarytest.Builder) {
		// n <= 1 ? 1 : n * factorial(n-1), with an else arm and recursion
		b.Func("run", unary, 0x20, 0, 0x41, 1, 0x4c, 0x04, 0x7f, 0x41, 1, 0x05, 0x20, 0, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x6c, 0x0b, 0x0b)
	})
	add("sum with nested loops", func(b *binarytest.Builder) {
		// for i := n; i != 0; i-- { for j := i&7; j != 0; j-- { s += j }; s += i }
		b.FuncLocals("run", unary, []byte{1, 2, 0x7f},
			0x02, 0x40, 0x03, 0x40, // block, loop
			0x20, 0, 0x45, 0x0d, 1, // n == 0: out
			0x20, 0, 0x41, 7, 0x71, 0x21, 1,
			0x02, 0x40, 0x03, 0x40, 0x20, 1, 0x45, 0x0d, 1, // inner
			0x20, 2, 0x20, 1, 0x6a, 0x21, 2, 0x20, 1, 0x41, 1, 0x6b, 0x21, 1, 0x0c, 0, 0x0b, 0x0b,
			0x20, 2, 0x20, 0, 0x6a, 0x21, 2, 0x20, 0, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 0, 0x0b, 0x0b,
			0x20, 2, 0x0b)
	})
	add("dispatch by br_table", func(b *binarytest.Builder) {
		long := slices.Concat(slices.Repeat([]byte{0x20, 1, 0x41, 3, 0x6a, 0x21, 1}, 12)) // more than is folded
		b.FuncLocals("run", unary, []byte{1, 1, 0x7f}, slices.Concat(
			[]byte{0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x41, 3, 0x70, 0x0e, 2, 0, 1, 2, 0x0b}, long,
			[]byte{0x0b}, long, []byte{0x0b, 0x20, 1, 0x41, 5, 0x6a, 0x21, 1},
			[]byte{0x20, 0, 0x45, 0x04, 0x40, 0x20, 1, 0x0f, 0x0b, 0x20, 0, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 0, 0x0b, 0x41, 0, 0x0b})...)
	})
	add("loop with parameters and several results", func(b *binarytest.Builder) {
		pair := b.Type(binary.FuncType{Params: []binary.ValueType{binary.I32, binary.I32}, Results: []binary.ValueType{binary.I32, binary.I32}})
		b.FuncLocals("run", unary, []byte{1, 2, 0x7f},
			0x20, 0, 0x41, 0, 0x03, byte(pair), // loop (n, sum)
			0x21, 2, 0x21, 1, 0x20, 1, 0x41, 1, 0x6b, 0x20, 2, 0x20, 1, 0x6a, // (n-1, sum+n)
			0x20, 1, 0x41, 1, 0x4a, 0x0d, 0, 0x0b, // again if n > 1
			0x6a, 0x0b)
	})
	add("memory instructions", func(b *binarytest.Builder) {
		b.Memory(1, 3)
		b.Raw(binary.SectionDataCount, 1)
		b.Item(binary.SectionData, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8)
		b.Func("run", unary,
			0x41, 10, 0x41, 0xd5, 0x00, 0x20, 0, 0xfc, 0x0b, 0, // fill(10, 0x55, n)
			0x41, 0x80, 0x20, 0x41, 8, 0x20, 0, 0xfc, 0x0a, 0, 0, // copy(4096, 8, n)
			0x41, 16, 0x41, 0, 0x20, 0, 0x41, 7, 0x71, 0xfc, 8, 0, 0, // init(16, 0, n & 7)
			0x41, 1, 0x40, 0, 0x1a, 0x41, 0x80, 0x80, 0x04, 0x40, 0, 0x1a, // grow by 1, by 65536 (fails)
			0x41, 16, 0x28, 2, 0, 0x41, 0xff, 0x1f, 0x28, 2, 3, 0x6a, 0x3f, 0, 0x6a, 0xfc, 9, 0, 0x0b)
	})
	add("table instructions", func(b *binarytest.Builder) {
		b.Table(2, 50)
		b.Table(2, 8)
		b.Item(binary.SectionElement, 1, 0, 2, 0, 1)
		b.Func("run", unary,
			0x41, 0, 0x41, 0, 0x41, 2, 0xfc, 0x0c, 0, 0, // init table 0 with both functions
			0xd0, 0x70, 0x20, 0, 0xfc, 0x0f, 0, // grow table 0 by n: the old size or -1
			0x41, 1, 0x41, 0, 0x41, 1, 0xfc, 0x0e, 0, 1, // copy table 1 [0] to table 0 [1]
			0x41, 0, 0xd2, 1, 0x41, 2, 0xfc, 0x11, 1, // fill table 1 with function 1
			0x20, 0, 0x41, 0, 0x11, 0, 1, 0x6a, // call table 1 [0]
			0xfc, 0x10, 0, 0x6a, 0x41, 1, 0x25, 0, 0xd1, 0x6a, 0x0b)
		b.Func("twice", unary, 0x20, 0, 0x41, 1, 0x74, 0x0b)
	})
	add("vector instructions", func(b *binarytest.Builder) {
		b.Memory(1, 1)
		shuffle := []byte{0xfd, 0x0d, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 16}
		b.FuncLocals("run", unary, []byte{1, 1, 0x7b}, slices.Concat(
			[]byte{0x20, 0, 0xfd, 0x11, 0xfd, 0x0c, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0}, // splat, const
			[]byte{0xfd, 0xae, 0x01, 0x21, 1, 0x20, 1, 0x20, 1, 0xfd, 0xb5, 0x01, 0x20, 1}, shuffle, // i32x4.add, i32x4.mul
			[]byte{0x21, 1, 0x41, 32, 0x20, 1, 0xfd, 0x0b, 4, 0, 0x41, 32, 0x20, 1, 0xfd, 0x54, 0, 3, 2, 0x21, 1}, // store, load8_lane
			[]byte{0x20, 1, 0xfd, 0xa0, 0x01, 0xfd, 0x1b, 2, 0x20, 1, 0xfd, 0x64, 0x6a, 0x20, 1, 0xfd, 0x1b, 0, 0x6a, 0x0b})...)
	})
	add("floats and conversions", func(b *binarytest.Builder) {
		b.Func("run", unary,
			0x20, 0, 0xb7, 0x9f, 0x44, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 0xa2, // f64: sqrt(n) * 1.5
			0xb6, 0x43, 0, 0, 0, 0x40, 0x95, 0xfc, 0x00, 0x20, 0, 0xac, 0x42, 0x7f, 0x7c, 0xa7, 0xc0, 0x6a, 0x0b)
	})
	add("typed select and unreachable code", func(b *binarytest.Builder) {
		b.Func("run", unary, 0x41, 7, 0x41, 9, 0x20, 0, 0x1c, 1, 0x7f, 0x0f, 0x03, 0x40, 0x0c, 0, 0x0b, 0x00, 0x0b)
	})
	return list
}

func TestProgramsWorkTheSame(t *testing.T) {
	for _, p := range programs() {
		metered := rewrite(t, p.wasm, 50)
		var spent []int64
		for _, e := range engines {
			t.Run(p.name+"/"+e.name, func(t *testing.T) {
				a, b := start(t, e, p.wasm), start(t, e, metered)
				worked := 0
				for i, arg := range p.args {
					want, wantErr := a.call(t, "run", arg)
					got, gotErr := b.call(t, "run", arg)
					if wantErr == nil {
						worked++
					}
					if !slices.Equal(got, want) || (gotErr == nil) != (wantErr == nil) {
						t.Errorf("run(%d) = %d, %v metered, %d, %v plain", arg, got, gotErr, want, wantErr)
					}
					if e.name == "compiler" {
						spent = append(spent, b.spent())
					} else if spent[i] != b.spent() || spent[i] <= 0 {
						t.Errorf("run(%d) cost %d and %d", arg, spent[i], b.spent())
					}
				}
				if worked < 2 {
					t.Errorf("only %d of %d calls work at all", worked, len(p.args))
				}
			})
		}
	}
}

// TestCosts pins the cost model to numbers.
func TestCosts(t *testing.T) {
	b := binarytest.New()
	b.Memory(2, 8)
	b.Table(300, 300)
	b.Func("empty", action, 0x0b)
	b.Func("three", action, 0x41, 1, 0x41, 2, 0x6a, 0x1a, 0x0b)
	b.Func("divide", unary, 0x41, 100, 0x20, 0, 0x6d, 0x0b)
	b.Func("count", unary, 0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 0, 0x0b)
	b.Func("fill", unary, 0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 0x0b, 0, 0x20, 0, 0x0b)
	b.Func("grow", unary, 0x20, 0, 0x40, 0, 0x0b)
	b.Func("clear", unary, 0x41, 0, 0xd0, 0x70, 0x20, 0, 0xfc, 0x11, 0, 0x20, 0, 0x0b)
	b.Func("table", unary, 0xd0, 0x70, 0x20, 0, 0xfc, 0x0f, 0, 0x0b)
	arm := slices.Repeat([]byte{0x41, 1, 0x1a}, 20) // 40 units, more than is folded
	b.Func("long arm", unary, slices.Concat([]byte{0x20, 0, 0x04, 0x40}, arm, []byte{0x0b, 0x20, 0, 0x0b})...)
	b.Func("short arm", unary, 0x20, 0, 0x04, 0x40, 0x01, 0x41, 1, 0x1a, 0x0b, 0x20, 0, 0x0b)
	in := start(t, engines[0], rewrite(t, b.Bytes(), 0))
	for _, tt := range []struct {
		name string
		arg  []uint64
		want int64
	}{
		{"empty", nil, 1},
		{"three", nil, 1 + 4},
		{"divide", []uint64{3}, 1 + 2 + 8},
		{"count", []uint64{1}, 1 + 1 + (1 + 5)},
		{"count", []uint64{1000}, 1 + 1 + 1000*(1+5)},
		{"fill", []uint64{0}, 1 + 4 + 8},
		{"fill", []uint64{100_000}, 1 + 4 + 8 + 100_000/4},
		{"grow", []uint64{0}, 1 + 1 + 64},
		{"grow", []uint64{2}, 1 + 1 + 64 + 2*4096},
		{"grow", []uint64{65_536}, 1 + 1 + 64 + 65_536*4096},
		{"grow", []uint64{65_537}, 1 + 1 + 64},
		{"clear", []uint64{300}, 1 + 4 + 8 + 300},
		{"table", []uint64{10}, 1 + 2 + 64 + 10*64},
		{"long arm", []uint64{0}, 1 + 2},
		{"long arm", []uint64{1}, 1 + 2 + 40},
		{"short arm", []uint64{0}, 1 + 2 + 2},
		{"short arm", []uint64{1}, 1 + 2 + 2},
	} {
		if _, err := in.call(t, tt.name, tt.arg...); err != nil {
			t.Errorf("%s(%d): %v", tt.name, tt.arg, err)
		} else if got := in.spent(); got != tt.want {
			t.Errorf("%s(%d) cost %d, want %d", tt.name, tt.arg, got, tt.want)
		}
	}
}

// TestBudgetIsExact: with exactly what the work costs it is done, with less than that without the last pass it traps, whatever the slice.
func TestBudgetIsExact(t *testing.T) {
	p := programs()[1]
	for _, slice := range []int64{1, 7, 1000, 0} {
		in := start(t, engines[0], rewrite(t, p.wasm, slice))
		in.account.Slice = slice
		f := in.ExportedFunction("run")
		in.arm(plenty)
		want, err := f.Call(t.Context(), 500)
		if err != nil {
			t.Fatal(err)
		}
		cost := in.spent()
		in.arm(cost)
		if got, err := f.Call(t.Context(), 500); err != nil || !slices.Equal(got, want) || in.spent() != cost || in.exhausted() {
			t.Errorf("slice %d, exact budget: %d, %v, spent %d of %d", slice, got, err, in.spent(), cost)
		}
		last := int64(0)
		for _, budget := range []int64{-5, 0, 1, cost / 2, cost - 100} {
			in.arm(budget)
			if _, err := f.Call(t.Context(), 500); err == nil || !in.exhausted() {
				t.Errorf("slice %d, budget %d of %d: %v", slice, budget, cost, err)
			}
			if s := in.spent(); s < last || s <= budget {
				t.Errorf("slice %d: spent %d of %d, before %d", slice, s, budget, last)
			} else {
				last = s
			}
		}
	}
}

// TestEndlessLoopsStop: bare loops and bare recursion, the collector working meanwhile.
func TestEndlessLoopsStop(t *testing.T) {
	for name, code := range map[string][]byte{
		"loop":         {0x03, 0x40, 0x0c, 0, 0x0b, 0x0b},
		"nested loops": {0x03, 0x40, 0x03, 0x40, 0x41, 0, 0x0d, 0, 0x0b, 0x0c, 0, 0x0b, 0x0b},
		"br_table":     {0x03, 0x40, 0x41, 5, 0x0e, 1, 0, 0, 0x0b, 0x0b},
		// loop block block; local.get 0; br_table 0 1; end; end; and jumps of the Go compiler, which leave checks out
		"jump back to an ended block":         {0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x41, 0, 0x21, 0, 0x0c, 1, 0x0b, 0x0b, 0x0b},
		"jump down and back":                  {0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x41, 1, 0x21, 0, 0x0c, 1, 0x0b, 0x41, 0, 0x21, 0, 0x0c, 0, 0x0b, 0x0b},
		"jump by another local":               {0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x41, 1, 0x21, 1, 0x0c, 1, 0x0b, 0x0b, 0x0b},
		"jump by a computed value":            {0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x41, 1, 0x41, 1, 0x6b, 0x21, 0, 0x0c, 1, 0x0b, 0x0b, 0x0b},
		"jump into a block of the same depth": {0x03, 0x40, 0x02, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 1, 0, 1, 0x0b, 0x02, 0x40, 0x41, 0, 0x21, 0, 0x0c, 2, 0x0b, 0x0b, 0x0b, 0x0b},
		"dispatch to the loop itself":         {0x03, 0x40, 0x02, 0x40, 0x20, 0, 0x0e, 1, 1, 0, 0x0b, 0x41, 0, 0x21, 0, 0x0c, 0, 0x0b, 0x0b},
	} {
		b := binarytest.New()
		b.FuncLocals("run", action, []byte{1, 2, 0x7f}, code...)
		in := start(t, engines[0], rewrite(t, b.Bytes(), 0))
		run := in.ExportedFunction("run")
		const budget = 300_000_000
		collectionsPass(t, func() {
			in.arm(budget)
			if _, err := run.Call(t.Context()); err == nil {
				t.Errorf("%s came back", name)
			}
			if !in.exhausted() || in.spent() > budget+100 {
				t.Errorf("%s spent %d of %d", name, in.spent(), budget)
			}
		})
	}
	b := binarytest.New()
	b.Func("run", action, 0x10, 0, 0x10, 0, 0x0b) // deeper than the engine's stack, unless the budget ends it
	in := start(t, engines[0], rewrite(t, b.Bytes(), 0))
	in.arm(100_000)
	if _, err := in.ExportedFunction("run").Call(t.Context()); err == nil || !in.exhausted() {
		t.Errorf("recursion: %v, spent %d", err, in.spent())
	}
}

// TestLongFillsStop: bulk instructions are paid before they run, so an endless row of them ends early.
func TestLongFillsStop(t *testing.T) {
	b := binarytest.New()
	b.Memory(1024, 1024) // 64 MiB
	b.Func("run", fill, 0x03, 0x40, 0x20, 0, 0x20, 1, 0x20, 2, 0xfc, 0x0b, 0, 0x0c, 0, 0x0b, 0x0b)
	in := start(t, engines[0], rewrite(t, b.Bytes(), 0))
	const size = 1024 << 16
	budget := int64(40 * size / 4)
	collectionsPass(t, func() {
		in.arm(budget)
		if _, err := in.ExportedFunction("run").Call(t.Context(), 0, 7, size); err == nil {
			t.Error("it came back")
		}
		if !in.exhausted() || in.spent() > budget+size/4+100 {
			t.Errorf("spent %d of %d", in.spent(), budget)
		}
	})
}

// TestNotArmed: a guest that was never granted anything runs nothing, not even its start function.
func TestNotArmed(t *testing.T) {
	in := start(t, engines[0], rewrite(t, programs()[0].wasm, 0))
	if _, err := in.ExportedFunction("run").Call(t.Context(), 3); err == nil || !in.exhausted() {
		t.Errorf("it ran: %v", err)
	}
	if !meter.Exhausted(-1, 0) || meter.Exhausted(0, 0) || meter.Exhausted(-5, 5) {
		t.Error("Exhausted")
	}
	var a meter.Account
	if s, b := a.Arm(1<<62 + 5); s != meter.DefaultSlice || s+b != meter.MaxBudget || a.Spent(s, b) != 0 {
		t.Errorf("Arm beyond the maximum: %d, %d", s, b)
	}
	if s, b := a.Arm(-1); s != 0 || b != 0 {
		t.Errorf("Arm(-1): %d, %d", s, b)
	}
	if s, b := a.Arm(5); s != 5 || b != 0 || a.Spent(2, 0) != 3 {
		t.Errorf("Arm(5): %d, %d", s, b)
	}
}
