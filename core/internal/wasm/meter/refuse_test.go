package meter_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// withCode is a file with one global, one memory, one type and one function of that code.
func withCode(code ...byte) []byte {
	b := binarytest.New()
	b.Memory(1, 1)
	b.Item(binary.SectionGlobal, byte(binary.I64), 1, 0x42, 0, 0x0b)
	b.Func("run", action, code...)
	return b.Bytes()
}

// TestNothingReachesTheMeter: a guest cannot name what is about to be appended behind its own things.
func TestNothingReachesTheMeter(t *testing.T) {
	section := func(id binary.SectionID, item ...byte) []byte {
		b := binarytest.New()
		b.Memory(1, 1)
		b.Item(binary.SectionGlobal, byte(binary.I64), 1, 0x42, 0, 0x0b)
		b.Func("run", action, 0x0b)
		b.Item(id, item...)
		return b.Bytes()
	}
	withoutMemory := func(code ...byte) []byte {
		b := binarytest.New()
		b.Func("run", action, code...)
		return b.Bytes()
	}
	for _, tt := range []struct {
		name string
		wasm []byte
		want string
	}{
		{"read slice", withCode(0x23, 1, 0x1a, 0x0b), "global 1 does not exist, there are 1"},
		{"write slice", withCode(0x42, 0, 0x24, 1, 0x0b), "global 1 does not exist, there are 1"},
		{"write budget", withCode(0x42, 0, 0x24, 2, 0x0b), "global 2 does not exist, there are 1"},
		{"write budget by a padded index", withCode(0x42, 0, 0x24, 0x82, 0x80, 0x80, 0x00, 0x0b), "global 2 does not exist"},
		{"write budget in unreachable code", withCode(0x00, 0x42, 0, 0x24, 2, 0x0b), "global 2 does not exist"},
		{"export slice", section(binary.SectionExport, 1, 'x', 3, 1), "global 1 does not exist"},
		{"initialise from slice", section(binary.SectionGlobal, byte(binary.I64), 0, 0x23, 1, 0x0b), "imported global 1 does not exist"},
		{"data offset from slice", section(binary.SectionData, 0, 0x23, 1, 0x0b, 0), "imported global 1 does not exist"},
		{"call refill", withCode(0x10, 1, 0x0b), "function 1 does not exist, there are 1"},
		{"reference to refill", withCode(0xd2, 1, 0x1a, 0x0b), "function 1 does not exist"},
		{"export refill", section(binary.SectionExport, 1, 'x', 0, 1), "func 1 does not exist"},
		{"element refill", section(binary.SectionElement, 1, 0, 1, 1), "function 1 does not exist"},
		{"start refill", func() []byte {
			b := binarytest.New()
			b.Func("", action, 0x0b)
			b.Raw(binary.SectionStart, 1)
			return b.Bytes()
		}(), "function 1 does not exist"},
		{"call by an added type", withCode(0x41, 0, 0x11, 1, 0, 0x0b), "type 1 does not exist"},
		{"block of an added type", withCode(0x02, 1, 0x0b, 0x0b), "block of type 1, there are 1"},
		{"function of an added type", section(binary.SectionFunction, 1), "type 1 does not exist"},
		{"load without memory", withoutMemory(0x41, 0, 0x28, 2, 0, 0x1a, 0x0b), "file without memory"},
		{"grow without memory", withoutMemory(0x41, 1, 0x40, 0, 0x1a, 0x0b), "file without memory"},
		{"vector load without memory", withoutMemory(0x41, 0, 0xfd, 0, 0, 0, 0x1a, 0x0b), "file without memory"},
		{"copy without memory", withoutMemory(0x00, 0xfc, 0x0a, 0, 0, 0x0b), "file without memory"},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, tt.wasm, tt.want) })
	}
}

func refused(t *testing.T, wasm []byte, want string) {
	t.Helper()
	_, err := meter.Rewrite(wasm, meter.Options{})
	var located *binary.SyntaxError
	if !errors.As(err, &located) || !strings.Contains(err.Error(), want) {
		t.Fatalf("got %v, want %q", err, want)
	}
}

func TestRefusedCode(t *testing.T) {
	// The first instruction of withCode's function.
	at, err := binary.Parse(withCode(0x0b))
	if err != nil {
		t.Fatal(err)
	}
	if at.Bodies[0].Offset+1 != 0x2e {
		t.Fatalf("the code starts at %#x, adapt the test", at.Bodies[0].Offset+1)
	}
	for _, tt := range []struct {
		name string
		code []byte
		want string
	}{
		{"try", []byte{0x06, 0x40, 0x0b, 0x0b}, "offset 0x2e: opcode 0x06 is not supported"},
		{"try_table behind a nop", []byte{0x01, 0x1f, 0x40, 0, 0x0b, 0x0b}, "offset 0x2f: opcode 0x1f is not supported"},
		{"return_call", []byte{0x12, 0, 0x0b}, "opcode 0x12 is not supported"},
		{"call_ref", []byte{0x14, 0, 0x0b}, "opcode 0x14 is not supported"},
		{"struct.new", []byte{0xfb, 0, 0, 0x0b}, "opcode 0xfb is not supported"},
		{"memory.atomic.notify", []byte{0xfe, 0, 2, 0, 0x0b}, "opcode 0xfe is not supported"},
		{"unknown misc", []byte{0xfc, 0x12, 0x0b}, "opcode 0xfc 0x12 is not supported"},
		{"misc above a byte", []byte{0xfc, 0x88, 2, 0x0b}, "opcode 0xfc 0x108 is not supported"},
		{"hole in the vector opcodes", []byte{0xfd, 0x9a, 1, 0x0b}, "opcode 0xfd 0x9a is not supported"},
		{"relaxed vector", []byte{0xfd, 0x80, 2, 0x0b}, "opcode 0xfd 0x100 is not supported"},
		{"vector opcode in a long form", []byte{0xfd, 0x83, 0x80, 0, 0x0b}, "opcode 0xfd 0x3 is not supported"},
		{"misc opcode in a long form", []byte{0xfc, 0x8b, 0, 0, 0x0b}, "opcode 0xfc 0xb is not supported"},
		{"block type in a long form", []byte{0x02, 0xff, 0x7f, 0x0b, 0x0b}, "block type in a long form"},
		{"exnref block", []byte{0x02, 0x69, 0x0b, 0x0b}, "unknown block type 0x69"},
		{"ref.null of a type", []byte{0xd0, 0, 0x1a, 0x0b}, "ref.null of type 0x00"},
		{"select of two types", []byte{0x1c, 2, 0x7f, 0x7f, 0x0b}, "select with 2 types"},
		{"memory 1", []byte{0x3f, 1, 0x1a, 0x0b}, "memory index must be 0x00"},
		{"memory index in a long form", []byte{0x3f, 0x80, 0, 0x1a, 0x0b}, "memory index must be 0x00"},
		{"else without if", []byte{0x02, 0x40, 0x05, 0x0b, 0x0b}, "else without if"},
		{"else of the function", []byte{0x05, 0x0b}, "else without if"},
		{"second else", []byte{0x41, 0, 0x04, 0x40, 0x05, 0x05, 0x0b, 0x0b}, "else without if"},
		{"branch out of the function", []byte{0x0c, 1, 0x0b}, "branch to label 1"},
		{"br_table out of the function", []byte{0x41, 0, 0x0e, 1, 0, 9, 0x0b}, "branch to label 9"},
		{"br_table of a billion labels", []byte{0x41, 0, 0x0e, 0xff, 0xff, 0xff, 0xff, 3, 0x0b}, "1073741823 labels are announced"},
		{"code after the end", []byte{0x0b, 0x01, 0x0b}, "2 bytes after the end"},
		{"missing end", []byte{0x02, 0x40, 0x0b}, "a byte is missing"},
		{"cut immediate", []byte{0x44, 0, 0x0b}, "8 bytes are announced"},
		{"constant above 32 bits", []byte{0x41, 0xff, 0xff, 0xff, 0xff, 0x4f, 0x1a, 0x0b}, "does not fit in 32 bits"},
	} {
		t.Run(tt.name, func(t *testing.T) { refused(t, withCode(tt.code...), tt.want) })
	}
}

func TestRewrittenIsRefused(t *testing.T) {
	once := rewrite(t, withCode(0x0b), 0)
	if _, err := meter.Rewrite(once, meter.Options{}); !errors.Is(err, meter.ErrRewritten) {
		t.Errorf("twice: %v", err)
	}
	// A file that pretends, with a function of that name.
	b := binarytest.New()
	b.Func(meter.BudgetGlobal, action, 0x0b)
	if _, err := meter.Rewrite(b.Bytes(), meter.Options{}); !errors.Is(err, meter.ErrRewritten) {
		t.Errorf("pretending: %v", err)
	}
	if _, err := meter.Rewrite(withCode(0x0b), meter.Options{Slice: -1}); err == nil {
		t.Error("a negative slice is accepted")
	}
}

func TestWhatStays(t *testing.T) {
	b := binarytest.New()
	b.Func("run", action, 0x0b)
	names := []byte{1, 4, 1, 0, 1, 'r'}
	b.Custom("name", names...)
	b.Custom("patchbay.manifest", '{', '}')
	b.Custom(".debug_line", 1, 2, 3)
	opts := meter.Options{Keep: []string{"patchbay.manifest"}}
	out, err := meter.Rewrite(b.Bytes(), opts)
	if err != nil {
		t.Fatal(err)
	}
	again, err := meter.Rewrite(b.Bytes(), opts)
	if err != nil || !bytes.Equal(out, again) {
		t.Error("the same file gives different results")
	}
	var kept []string
	f, err := binary.Parse(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range f.Sections {
		if s.ID == binary.SectionCustom {
			kept = append(kept, s.Name)
		}
	}
	if !slices.Equal(kept, []string{"name", "patchbay.manifest"}) {
		t.Errorf("custom sections: %q", kept)
	}
	if got, err := f.Custom("name"); err != nil || !bytes.Equal(got, names) {
		t.Errorf("names: %v, %v", got, err)
	}
	if len(opts.Keep) != 1 {
		t.Error("the options were changed")
	}
}

// TestOddFiles: sections that are missing or empty where the meter has to add something.
func TestOddFiles(t *testing.T) {
	imported := binarytest.New()
	imported.ImportFunc(wasi, "sched_yield", binary.FuncType{Results: []binary.ValueType{binary.I32}})
	onlyStart := binarytest.New()
	onlyStart.Func("", action, 0x0b)
	onlyStart.Raw(binary.SectionStart, 0)
	empty := binarytest.New()
	for id := binary.SectionType; id <= binary.SectionDataCount; id++ {
		if id != binary.SectionStart {
			empty.Raw(id, 0)
		}
	}
	for name, wasm := range map[string][]byte{
		"no sections":          binary.Header(),
		"only an import":       imported.Bytes(),
		"only empty sections":  empty.Bytes(),
		"only custom sections": binary.AppendCustomSection(binary.Header(), "x", nil),
	} {
		in := start(t, engines[0], rewrite(t, wasm, 0))
		if in.slice == nil || in.slice.Get() != 0 || in.budget.Get() != 0 {
			t.Errorf("%s: the globals are not there", name)
		}
	}
	f, err := binary.Parse(rewrite(t, onlyStart.Bytes(), 0))
	if err != nil || !f.HasStart || f.StartFunc != 0 {
		t.Errorf("start: %+v, %v", f, err)
	}
}

const wasi = "wasi_snapshot_preview1"
