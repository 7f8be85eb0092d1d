package meter

import (
	"bytes"
	"context"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
)

// everything is a file in which every instruction finds what it names at index 0, around one function with that code.
func everything(code []byte) []byte {
	b := binarytest.New()
	b.Table(1, 4)
	b.Memory(1, 1)
	b.Item(binary.SectionGlobal, byte(binary.I32), 1, opI32Const, 0, opEnd)
	b.Item(binary.SectionElement, 1, 0, 1, 0) // passive, function 0
	b.Raw(binary.SectionDataCount, 1)
	b.Item(binary.SectionData, 1, 1, 'x')
	b.FuncLocals("f", binary.FuncType{}, []byte{1, 1, byte(binary.I32)}, code...)
	return b.Bytes()
}

// operands are immediates of every length, all of them referring to index 0, type () -> () or lane 0.
func operands() [][]byte {
	lists := [][]byte{{1, byte(binary.I32)}, {blockTypeNone, opEnd}, {byte(binary.FuncRef)}}
	for n := range 20 {
		lists = append(lists, make([]byte, n))
	}
	return lists
}

// TestOpcodesAreThoseOfTheEngine tries every opcode with every kind of immediate: what the engine compiles with its default
// features must be rewritten to something that it compiles too, and the rest refused by one or the other.
func TestOpcodesAreThoseOfTheEngine(t *testing.T) {
	ctx := t.Context()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { _ = rt.Close(context.Background()) })
	compiles := func(wasm []byte) error {
		c, err := rt.CompileModule(ctx, wasm)
		if err == nil {
			_ = c.Close(ctx)
		}
		return err
	}
	var opcodes [][]byte
	for op := range 256 {
		if op != 0xfc && op != 0xfd {
			opcodes = append(opcodes, []byte{byte(op)})
		}
		opcodes = append(opcodes, binary.AppendU32([]byte{0xfc}, uint32(op)), binary.AppendU32([]byte{0xfd}, uint32(op)))
	}
	supported := 0
	for _, op := range opcodes {
		known := lookup(op).shape != unsupported
		accepted := false
		for _, immediates := range operands() {
			// After unreachable the stack has whatever type an instruction wants.
			code := bytes.Join([][]byte{{opUnreachable}, op, immediates, {opUnreachable, opEnd}}, nil)
			switch op[0] {
			case 0x05: // else
				code = []byte{opUnreachable, opIf, blockTypeNone, 0x05, opEnd, opEnd}
			case opEnd:
				code = []byte{opEnd}
			}
			wasm := everything(code)
			if compiles(wasm) != nil {
				continue
			}
			out, err := Rewrite(wasm, Options{})
			if err != nil {
				if known || len(immediates) == 0 {
					t.Errorf("opcode % x with % x: the engine takes it, Rewrite says %v", op, immediates, err)
				}
				continue
			}
			accepted = true
			if err := compiles(out); err != nil {
				t.Errorf("opcode % x with % x does not compile any more: %v", op, immediates, err)
			}
		}
		if accepted != known {
			t.Errorf("opcode % x: in the table %v, accepted %v", op, known, accepted)
		}
		if !accepted {
			continue
		}
		supported++
		switch shape := lookup(op).shape; shape {
		case blockStart, elseMark, endMark, selectType, heapType: // do not take zeros
		default:
			if engine, ours := engineLength(op, compiles), decodedLength(op); engine != ours {
				t.Errorf("opcode % x: the engine reads %d bytes behind it, the decoder %d", op, engine, ours)
			}
		}
	}
	if supported != 183+18+236 {
		t.Errorf("%d opcodes are supported, core 2.0 has 183 plain, 18 of prefix 0xfc and 236 of prefix 0xfd", supported)
	}
}

// engineLength finds how many zero bytes the engine reads behind an opcode: the fewest that it accepts in front of a constant
// made of bytes that are no opcodes.
func engineLength(op []byte, compiles func([]byte) error) int {
	marker := append(append([]byte{0xfd, 0x0c}, bytes.Repeat([]byte{0x06}, 16)...), opDrop)
	for n := range 20 {
		if compiles(everything(bytes.Join([][]byte{{opUnreachable}, op, make([]byte, n), marker, {opUnreachable, opEnd}}, nil))) == nil {
			return n
		}
	}
	return -1
}

func decodedLength(op []byte) int {
	d := decoder{
		r:      binary.NewReader(append(bytes.Clone(op), make([]byte, 20)...), 0),
		space:  space{functions: 1, types: 1, globals: 1, memory: true},
		locals: 1,
	}
	in := d.next()
	if d.r.Err() != nil {
		return -2
	}
	return in.end - len(op)
}

func lookup(op []byte) opcode {
	switch op[0] {
	case 0xfc:
		return miscOpcodes[byte(binary.NewReader(op[1:], 0).U32())]
	case 0xfd:
		return vectorOpcodes[byte(binary.NewReader(op[1:], 0).U32())]
	}
	return baseOpcodes[op[0]]
}
