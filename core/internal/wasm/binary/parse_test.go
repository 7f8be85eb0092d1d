package binary_test

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
)

// sample has one of everything.
func sample() []byte {
	b := binarytest.New()
	b.ImportFunc("patchbay", "log", binary.FuncType{Params: []binary.ValueType{binary.I32, binary.I32}})
	b.Item(binary.SectionImport, 3, 'e', 'n', 'v', 1, 'g', 3, 0x7f, 0)                                      // immutable i32
	b.Item(binary.SectionImport, 3, 'e', 'n', 'v', 1, 't', 1, 0x6f, 1, 2, 9)                                // externref table
	b.Item(binary.SectionFunction, 1)                                                                       // () -> ()
	b.Item(binary.SectionType, 0x60, 0, 0)                                                                  // type 1
	b.Item(binary.SectionType, 0x60, 2, 0x7e, 0x7b, 2, 0x7c, 0x70)                                          // type 2
	b.Item(binary.SectionCode, 2, 0, 0x0b)                                                                  // function 1
	b.Item(binary.SectionCode, 8, 2, 3, 0x7f, 1, 0x7b, 0x00, 0x00, 0x0b)                                    // function 2, with locals
	b.Item(binary.SectionFunction, 2)                                                                       //
	b.Table(1, 5)                                                                                           // table 1
	b.Memory(2, 16)                                                                                         //
	b.Item(binary.SectionGlobal, 0x7e, 1, 0x42, 0x7f, 0x0b)                                                 // i64 mutable = -1
	b.Item(binary.SectionGlobal, 0x7f, 0, 0x23, 0, 0x0b)                                                    // i32 = env.g
	b.Item(binary.SectionGlobal, append(append([]byte{0x7b, 0, 0xfd, 0x0c}, make([]byte, 16)...), 0x0b)...) // v128
	b.Item(binary.SectionGlobal, 0x70, 0, 0xd0, 0x70, 0x0b)                                                 // null
	b.Item(binary.SectionGlobal, 0x7d, 0, 0x43, 1, 2, 3, 4, 0x0b)                                           // f32
	b.Item(binary.SectionGlobal, 0x7c, 0, 0x44, 1, 2, 3, 4, 5, 6, 7, 8, 0x0b)                               // f64
	b.Export("run", binary.KindFunc, 2)
	b.Export("memory", binary.KindMemory, 0)
	b.Export("count", binary.KindGlobal, 1)
	b.Export("functions", binary.KindTable, 1)
	b.Raw(binary.SectionStart, 1)
	// The eight forms of element segments.
	b.Item(binary.SectionElement, 0, 0x41, 0, 0x0b, 1, 1)
	b.Item(binary.SectionElement, 1, 0, 1, 1)
	b.Item(binary.SectionElement, 2, 1, 0x41, 0, 0x0b, 0, 1, 1)
	b.Item(binary.SectionElement, 3, 0, 1, 2)
	b.Item(binary.SectionElement, 4, 0x41, 0, 0x0b, 1, 0xd2, 1, 0x0b)
	b.Item(binary.SectionElement, 5, 0x70, 1, 0xd0, 0x70, 0x0b)
	b.Item(binary.SectionElement, 6, 1, 0x41, 0, 0x0b, 0x70, 0)
	b.Item(binary.SectionElement, 7, 0x70, 0)
	b.Raw(binary.SectionDataCount, 3)
	b.Item(binary.SectionData, 0, 0x41, 0, 0x0b, 2, 'h', 'i')
	b.Item(binary.SectionData, 1, 1, 'x')
	b.Item(binary.SectionData, 2, 0, 0x41, 8, 0x0b, 0)
	b.Custom("note", 1, 2, 3)
	return b.Bytes()
}

func TestParseShowsEverything(t *testing.T) {
	f, err := binary.Parse(sample())
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Imports[0]; got.From != "patchbay" || got.Name != "log" || got.Func.String() != "(i32, i32) -> ()" {
		t.Errorf("import 0: %+v", got)
	}
	if got := f.Imports[1]; got.Kind != binary.KindGlobal || got.Global != (binary.GlobalType{Type: binary.I32}) {
		t.Errorf("import 1: %+v", got)
	}
	if got := f.Imports[2].Table; got != (binary.TableType{Elem: binary.ExternRef, Limits: binary.Limits{Min: 2, Max: 9, HasMax: true}}) {
		t.Errorf("import 2: %+v", got)
	}
	if e, ok := f.Export("run"); !ok || e.Kind != binary.KindFunc || e.Index != 2 || e.Func.String() != "(i64, v128) -> (f64, funcref)" {
		t.Errorf("export run: %+v", e)
	}
	if _, ok := f.Export("walk"); ok {
		t.Error("found an export that is not there")
	}
	if l, ok := f.Memory(); !ok || l != (binary.Limits{Min: 2, Max: 16, HasMax: true}) {
		t.Errorf("memory: %+v %v", l, ok)
	}
	if !f.HasStart || f.StartFunc != 1 || !f.HasDataCount || f.Data != 3 || f.Elements != 8 {
		t.Errorf("start %v %d, data %d, elements %d", f.HasStart, f.StartFunc, f.Data, f.Elements)
	}
	if n := [...]uint32{f.Count(0), f.Count(1), f.Count(2), f.Count(3), f.Imported(0), f.Imported(3), f.Imported(9)}; n != [...]uint32{3, 2, 1, 7, 1, 1, 0} {
		t.Errorf("counts: %v", n)
	}
	if ft, ok := f.FuncType(0); !ok || len(ft.Params) != 2 {
		t.Errorf("type of function 0: %v %v", ft, ok)
	}
	if _, ok := f.FuncType(3); ok {
		t.Error("function 3 does not exist")
	}
	if b := f.Bodies[1]; !bytes.Equal(b.Locals, []byte{2, 3, 0x7f, 1, 0x7b}) || !bytes.Equal(b.Code, []byte{0, 0, 0x0b}) || sample()[b.Offset] != 2 {
		t.Errorf("body: %+v", b)
	}
}

func TestEmptyFile(t *testing.T) {
	f, err := binary.Parse(binary.Header())
	if err != nil || len(f.Sections) != 0 {
		t.Fatalf("%+v, %v", f, err)
	}
	if _, ok := f.Memory(); ok {
		t.Error("an empty file has no memory")
	}
}

// TestEveryCutIsRefused: no proper prefix of the sample is a file, unless it ends between sections; and none panics.
func TestEveryCutIsRefused(t *testing.T) {
	whole := sample()
	ends := []int{8}
	f, err := binary.Parse(whole)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Sections {
		ends = append(ends, s.Offset+len(s.Body))
	}
	for n := range whole {
		_, err := binary.Parse(whole[:n])
		if err == nil && !slices.Contains(ends, n) {
			t.Errorf("the first %d bytes are accepted", n)
		}
		var located *binary.SyntaxError
		if err != nil && (!errors.As(err, &located) || located.Offset > n) {
			t.Errorf("first %d bytes: %v", n, err)
		}
	}
}

func TestRefused(t *testing.T) {
	build := func(change func(b *binarytest.Builder)) []byte {
		b := binarytest.New()
		change(b)
		return b.Bytes()
	}
	section := func(id binary.SectionID, body ...byte) []byte {
		return binary.AppendSection(binary.Header(), id, body)
	}
	tests := []struct {
		name string
		wasm []byte
		want string
	}{
		{"nothing", nil, "offset 0x0: not a WebAssembly file"},
		{"version 2", []byte("\x00asm\x02\x00\x00\x00"), "not a WebAssembly file"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), "not a WebAssembly file"},
		{"tag section", section(13, 0), "offset 0x8: unknown section 13"},
		{"repeated section", append(section(1, 0), 1, 1, 0), "offset 0xb: section 1 is repeated or out of order"},
		{"out of order", append(section(3, 0), 1, 1, 0), "section 1 is repeated or out of order"},
		{"data count after code", append(section(10, 0), 12, 1, 0), "section 12 is repeated or out of order"},
		{"section larger than the file", append(binary.Header(), 1, 5, 0), "offset 0xa: 5 bytes are announced, 1 are left"},
		{"section size of six bytes", append(binary.Header(), 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0), "number does not fit in 32 bits"},
		{"bytes left over in a section", section(1, 0, 0), "offset 0xb: 1 bytes are left over at the end of section 1"},
		{"count that is not there", section(1, 0xff, 0xff, 0xff, 0xff, 0x0f), "offset 0xa: 4294967295 types are announced, only 0 bytes are left"},
		{"custom section without a name", section(0), "a byte is missing"},
		{"custom name beyond its section", section(0, 9, 'a'), "9 bytes are announced"},
		{"custom name not UTF-8", section(0, 1, 0xff), "not UTF-8"},
		{"struct type", section(1, 1, 0x5f, 0, 0), "type form 0x5f is not supported"},
		{"recursive types", section(1, 1, 0x4e, 0, 0), "type form 0x4e is not supported"},
		{"exnref", section(1, 1, 0x60, 1, 0x69, 0), "unknown value type 0x69"},
		{"typed reference", section(1, 1, 0x60, 1, 0x63, 0x70, 0), "unknown value type 0x63"},
		{"import of a tag", section(2, 1, 0, 0, 4, 0, 0), "unknown kind of import 0x04"},
		{"import of an unknown type", section(2, 1, 0, 0, 0, 0), "type 0 does not exist, there are 0"},
		{"function of an unknown type", section(3, 1, 0), "type 0 does not exist"},
		{"function without body", append(section(1, 1, 0x60, 0, 0), 3, 2, 1, 0), "1 functions are declared and 0 bodies"},
		{"body without function", section(10, 1, 2, 0, 0x0b), "0 functions are declared and 1 bodies"},
		{"body without end", section(10, 1, 2, 0, 0), "must finish with end"},
		{"body without code", section(10, 1, 1, 0), "must finish with end"},
		{"body beyond its section", section(10, 1, 9, 0, 0x0b), "9 bytes are announced"},
		{"four billion locals", section(10, 1, 8, 1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b), "more than 50000 locals"},
		{"locals that add up", section(10, 1, 10, 2, 0xc0, 0x84, 3, 0x7f, 0xc0, 0x84, 3, 0x7f, 0x0b), "more than 50000 locals"},
		{"local of an unknown type", section(10, 1, 4, 1, 1, 0x60, 0x0b), "unknown value type 0x60"},
		{"64-bit memory", section(5, 1, 4, 1), "limits of form 0x04 are not supported"},
		{"shared memory", section(5, 1, 3, 1, 1), "limits of form 0x03 are not supported"},
		{"two memories", section(5, 2, 0, 1, 0, 1), "2 memories, at most 1"},
		{"memory above 4 GiB", section(5, 1, 0, 0x81, 0x80, 4), "memory limits exceed 65536"},
		{"memory maximum below minimum", section(5, 1, 1, 2, 1), "minimum 2 exceeds its maximum 1"},
		{"huge table", section(4, 1, 0x70, 0, 0x80, 0x80, 0x80, 8), "more than 1000000 entries"},
		{"table with an initial value", section(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b), "0x40 is not a reference type"},
		{"table of numbers", section(4, 1, 0x7f, 0, 1), "0x7f is not a reference type"},
		{"global of odd mutability", section(6, 1, 0x7f, 2, 0x41, 0, 0x0b), "mutability"},
		{"global that reads a later one", section(6, 1, 0x7f, 0, 0x23, 0, 0x0b), "imported global 0 does not exist"},
		{"constant expression that adds", section(6, 1, 0x7f, 0, 0x41, 1, 0x41, 1, 0x6a, 0x0b), "one instruction and end, found 0x41"},
		{"constant expression that calls", section(6, 1, 0x7f, 0, 0x10, 0, 0x0b), "0x10 is not allowed in a constant"},
		{"vector instruction in a constant", section(6, 1, 0x7b, 0, 0xfd, 0x0d, 0x0b), "this vector instruction is not constant"},
		{"repeated export", build(func(b *binarytest.Builder) {
			b.Memory(1, 1)
			b.Export("m", binary.KindMemory, 0)
			b.Export("m", binary.KindMemory, 0)
		}), `export "m" is repeated`},
		{"export of what is not there", section(7, 1, 1, 'f', 0, 0), "func 0 does not exist"},
		{"export of a tag", section(7, 1, 1, 'f', 4, 0), "unknown kind of export 0x04"},
		{"start that is not there", section(8, 0), "function 0 does not exist"},
		{"start with a parameter", build(func(b *binarytest.Builder) {
			b.Func("", binary.FuncType{Params: []binary.ValueType{binary.I32}}, 0x0b)
			b.Raw(binary.SectionStart, 0)
		}), "start function has the type (i32) -> ()"},
		{"element form 8", section(9, 1, 8), "unknown form 8"},
		{"element segment without table", section(9, 1, 0, 0x41, 0, 0x0b, 0), "table 0, there are 0"},
		{"element of an unknown function", section(9, 1, 1, 0, 1, 0), "function 0 does not exist"},
		{"element kind", section(9, 1, 1, 1, 0), "kind of an element segment must be 0x00"},
		{"data form 3", section(11, 1, 3), "unknown form 3"},
		{"data without memory", section(11, 1, 0, 0x41, 0, 0x0b, 0), "without a memory"},
		{"data for memory 1", section(11, 1, 2, 1, 0x41, 0, 0x0b, 0), "memory of a data segment must be 0x00"},
		{"data count that is wrong", append(section(12, 2), 11, 3, 1, 1, 0), "announces 2 segments, the data section has 1"},
		{"data count without data", section(12, 1), "announces 1 segments, the data section has 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := binary.Parse(tt.wasm)
			var located *binary.SyntaxError
			if !errors.As(err, &located) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestClaimsCostNothing: a few bytes that claim billions of items are refused without memory in proportion.
func TestClaimsCostNothing(t *testing.T) {
	for id := binary.SectionType; id <= binary.SectionDataCount; id++ {
		wasm := binary.AppendSection(binary.Header(), id, []byte{0xff, 0xff, 0xff, 0xff, 0x0f, 0x60})
		var err error
		allocated := testing.AllocsPerRun(5, func() { _, err = binary.Parse(wasm) })
		if err == nil || allocated > 50 {
			t.Errorf("section %d: %v with %.0f allocations", id, err, allocated)
		}
	}
}

func TestNumbers(t *testing.T) {
	signed := []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, 1 << 30, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	for _, v := range signed {
		r := binary.NewReader(binary.AppendS64(nil, v), 0)
		if got := r.S64(); got != v || r.Err() != nil || r.Len() != 0 {
			t.Errorf("S64(%d) = %d, %v", v, got, r.Err())
		}
		r = binary.NewReader(binary.AppendS64(nil, v), 0)
		if got := r.S32(); (r.Err() == nil) != (v == int64(int32(v))) || r.Err() == nil && int64(got) != v {
			t.Errorf("S32(%d) = %d, %v", v, got, r.Err())
		}
		r = binary.NewReader(binary.AppendS64(nil, v), 0)
		if got := r.S33(); (r.Err() == nil) != (v >= -1<<32 && v < 1<<32) || r.Err() == nil && got != v {
			t.Errorf("S33(%d) = %d, %v", v, got, r.Err())
		}
	}
	for _, v := range []uint32{0, 1, 127, 128, 1 << 20, math.MaxUint32} {
		r := binary.NewReader(binary.AppendU32(nil, v), 0)
		if got := r.U32(); got != v || r.Err() != nil {
			t.Errorf("U32(%d) = %d, %v", v, got, r.Err())
		}
	}
	padded := []byte{0x83, 0x80, 0x80, 0x80, 0x00}
	if r := binary.NewReader(padded, 0); r.U32() != 3 || r.Err() != nil {
		t.Errorf("padded number: %v", r.Err())
	}
	for name, bad := range map[string]func(r *binary.Reader){
		"\x83\x80\x80\x80\x80\x00":                 func(r *binary.Reader) { r.U32() }, // six bytes
		"\xff\xff\xff\xff\x1f":                     func(r *binary.Reader) { r.U32() }, // bit 32
		"\x80":                                     func(r *binary.Reader) { r.U32() }, // cut
		"\xff\xff\xff\xff\x4f":                     func(r *binary.Reader) { r.S32() }, // unused bits that are not the sign
		"\xff\xff\xff\xff\xff\x7f":                 func(r *binary.Reader) { r.S32() },
		"\x80\x80\x80\x80\x20":                     func(r *binary.Reader) { r.S33() },
		"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01": func(r *binary.Reader) { r.S64() },
	} {
		r := binary.NewReader([]byte(name), 0x10)
		bad(r)
		if r.Err() == nil || !strings.HasPrefix(r.Err().Error(), "offset 0x1") {
			t.Errorf("% x is accepted: %v", name, r.Err())
		}
	}
}
