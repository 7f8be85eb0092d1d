package meter

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
)

// engine compiles files with wazero's default features. Validation is the same for both engines, the interpreter is faster to compile.
func engine(f *testing.F) func(wasm []byte) error {
	ctx := f.Context()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	f.Cleanup(func() { _ = rt.Close(context.Background()) })
	return func(wasm []byte) error {
		c, err := rt.CompileModule(ctx, wasm)
		if err == nil {
			_ = c.Close(ctx)
		}
		return err
	}
}

// FuzzRewrite: anything is refused with a place or rewritten, and the engine takes the result exactly if it takes the original:
// nothing breaks, and nothing invalid becomes valid through what is appended.
func FuzzRewrite(f *testing.F) {
	compiles := engine(f)
	f.Add([]byte("\x00asm"))
	f.Add(binary.Header())
	f.Add(binary.AppendCustomSection(binary.Header(), "", nil))
	f.Add(everything([]byte{opEnd}))
	f.Add(everything([]byte{opLoop, blockTypeNone, opEnd, opEnd}))
	f.Add(everything([]byte{opLoop, blockTypeNone, opBlock, blockTypeNone, opLocalGet, 0, opBranchTable, 1, 0, 0, opEnd, opI32Const, 0, opLocalSet, 0, 0x0c, 0, opEnd, opEnd}))
	f.Fuzz(func(t *testing.T, wasm []byte) {
		out, err := Rewrite(wasm, Options{Slice: 100})
		var located *binary.SyntaxError
		switch {
		case errors.As(err, &located), errors.Is(err, ErrRewritten):
			return
		case err != nil:
			t.Fatalf("error without a place: %v", err)
		}
		file, err := binary.Parse(out)
		if err != nil {
			t.Fatalf("the result is not a file: %v", err)
		}
		if !IsRewritten(file) {
			t.Fatal("the result does not show that it was rewritten")
		}
		before, after := compiles(wasm), compiles(out)
		if before != nil && after == nil && hasCustom(wasm) {
			return // the engine refuses some custom sections, such as an empty one at the end, and they are dropped
		}
		if (before == nil) != (after == nil) {
			t.Fatalf("the engine says %v to the original, %v to the result", before, after)
		}
	})
}

func hasCustom(wasm []byte) bool {
	file, err := binary.Parse(wasm)
	return err == nil && slices.ContainsFunc(file.Sections, func(s binary.Section) bool { return s.ID == binary.SectionCustom })
}

// FuzzCode does the same with the code of one function, which gets further, and the other way round: what the engine
// takes is refused only if it is written in a way that compilers do not use.
func FuzzCode(f *testing.F) {
	compiles := engine(f)
	for _, code := range [][]byte{
		{opEnd},
		{opLoop, blockTypeNone, 0x0c, 0, opEnd, opEnd},
		{opI32Const, 1, opIf, 0x7f, opI32Const, 2, 0x05, opLocalGet, 0, opEnd, opDrop, opEnd},
		{0x02, 0x40, 0x02, 0x40, opI32Const, 1, 0x0e, 1, 0, 1, opEnd, opCall, 0, opEnd, opEnd},
		{opUnreachable, 0xfc, 0x0a, 0, 0, 0xfd, 0xae, 0x01, opDrop, opEnd},
		{opI32Const, 0, opI32Const, 0, opI32Const, 9, 0xfc, 8, 0, 0, opEnd},
	} {
		f.Add(code)
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		wasm := everything(code)
		before := compiles(wasm)
		out, err := Rewrite(wasm, Options{})
		if err != nil {
			if before == nil && !unusualForm(code) {
				t.Fatalf("the engine takes % x: %v", code, err)
			}
			return
		}
		if after := compiles(out); (before == nil) != (after == nil) {
			t.Fatalf("% x: the engine says %v to the original, %v to the result", code, before, after)
		}
	})
}

// unusualForm says whether code may hold a number in a longer form than needed, or something that is only possible behind one.
func unusualForm(code []byte) bool {
	for i, b := range code[:max(len(code)-1, 0)] {
		if b >= 0x80 && (i > 0 && (code[i-1] == 0xfc || code[i-1] == 0xfd || code[i-1] == 0x02 || code[i-1] == 0x03 || code[i-1] == 0x04)) {
			return true
		}
	}
	return false
}
