package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// The opcodes that the planner treats by name.
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBranchIf     = 0x0d
	opBranchTable  = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opI32GtU       = 0x4b
	opI32LeU       = 0x4d
	opI64LtS       = 0x53
	opI64GtU       = 0x56
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32ShrU      = 0x76
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64Shl       = 0x86
	opI64ShrU      = 0x88
	opI64ExtendU   = 0xad
	opPrefixMisc   = 0xfc
	opMemoryCopy   = 0x0a // behind the prefix
	opMemoryFill   = 0x0b // behind the prefix
	blockTypeNone  = 0x40
)

// instruction is one decoded instruction.
type instruction struct {
	opcode
	op byte
	// operand is the index of a local, or the value of an i32.const.
	operand int64
	// start and end delimit its bytes within the code of the body.
	start, end int
}

// space holds the sizes of the index spaces before anything is appended. An index at or above them would reach what the meter adds.
type space struct {
	functions, types, globals uint32
	memory                    bool
}

// decoder reads the instructions of one function body.
type decoder struct {
	r     *binary.Reader
	space space
	// locals is the number of parameters and locals of the function.
	locals uint32
	// labels are the targets of the branch read last, operand is what instruction.operand says.
	labels  []uint32
	operand int64
}

// next reads one instruction. Failures stay in d.r.
func (d *decoder) next() instruction {
	r := d.r
	in := instruction{start: r.Pos()}
	at := r.Offset()
	in.op = r.Byte()
	in.opcode = baseOpcodes[in.op]
	d.labels = d.labels[:0]
	switch in.shape {
	case unsupported:
		r.FailAtf(at, "opcode %#02x is not supported", in.op)
	case prefixMisc:
		d.prefixed(&in, at, miscOpcodes)
	case prefixVector:
		d.prefixed(&in, at, vectorOpcodes)
	default:
		d.immediates(in.shape, at)
	}
	in.end, in.operand = r.Pos(), d.operand
	return in
}

// prefixed reads the second opcode. The engine reads vector opcodes as one byte and lets the 0x01 of a two-byte number
// pass as a nop, so any longer form of a number would mean another instruction to it than to us: only the shortest form is taken.
func (d *decoder) prefixed(in *instruction, at int, opcodes *[256]opcode) {
	r := d.r
	from := r.Pos()
	sub := r.U32()
	if r.Err() != nil {
		return
	}
	shortest := 1
	if sub >= 0x80 {
		shortest = 2
	}
	if sub > 0xff || r.Pos()-from != shortest || opcodes[sub].shape == unsupported {
		r.FailAtf(at, "opcode %#02x %#x is not supported", in.op, sub)
		return
	}
	in.opcode = opcodes[sub]
	d.immediates(in.shape, at)
}

func (d *decoder) immediates(s shape, at int) {
	r := d.r
	switch s {
	case plain, elseMark, endMark:
	case blockStart:
		d.blockType()
	case label:
		d.labels = append(d.labels, r.U32())
	case labelTable:
		for range r.Count("labels") {
			d.labels = append(d.labels, r.U32())
		}
		d.labels = append(d.labels, r.U32())
	case callee:
		d.index("function", d.space.functions)
	case calleeTable:
		d.index("type", d.space.types)
		r.U32()
	case selectType:
		if n := r.Byte(); n != 1 {
			r.FailAtf(at, "select with %d types, it must be 1", n)
		}
		d.valueType()
	case global:
		d.index("global", d.space.globals)
	case local:
		d.operand = int64(d.index("local", d.locals))
	case table, dataIndex, elemIndex:
		r.U32()
	case elemToTable, tableToTable:
		r.U32()
		r.U32()
	case const32:
		d.operand = int64(r.S32())
	case const64:
		r.S64()
	case bytes4:
		r.Bytes(4)
	case bytes8:
		r.Bytes(8)
	case bytes16:
		r.Bytes(16)
	case lane:
		r.Byte()
	case heapType:
		if t := binary.ValueType(r.Byte()); !t.IsRef() {
			r.FailAtf(at, "ref.null of type %#02x is not supported", byte(t))
		}
	default:
		d.memory(s, at)
	}
}

// memory reads the immediates of instructions that need a memory. A file without one must not come to one through the
// memory that the meter adds.
func (d *decoder) memory(s shape, at int) {
	r := d.r
	if !d.space.memory {
		r.FailAtf(at, "memory instruction in a file without memory")
	}
	switch s {
	case memoryAccess, memoryLane:
		if align := r.U32(); align >= 32 {
			r.FailAtf(at, "alignment 2**%d", align)
		}
		r.U32()
		if s == memoryLane {
			r.Byte()
		}
	case memoryIndex:
		r.Zero("the memory index")
	case dataToMemory:
		r.U32()
		r.Zero("the memory index")
	case memoryToMemory:
		r.Zero("the memory index")
		r.Zero("the memory index")
	default:
		r.FailAtf(at, "instruction without a decoder")
	}
}

func (d *decoder) blockType() {
	at, from := d.r.Offset(), d.r.Pos()
	t := d.r.S33()
	switch {
	case t >= 0:
		if t >= int64(d.space.types) {
			d.r.FailAtf(at, "block of type %d, there are %d types", t, d.space.types)
		}
	case d.r.Pos()-from != 1:
		d.r.FailAtf(at, "block type in a long form")
	case byte(t)&0x7f != blockTypeNone && !binary.ValueType(byte(t)&0x7f).Valid():
		d.r.FailAtf(at, "unknown block type %#02x", byte(t)&0x7f)
	}
}

func (d *decoder) valueType() {
	at := d.r.Offset()
	if t := binary.ValueType(d.r.Byte()); !t.Valid() {
		d.r.FailAtf(at, "unknown value type %#02x", byte(t))
	}
}

func (d *decoder) index(what string, count uint32) uint32 {
	at := d.r.Offset()
	i := d.r.U32()
	if i >= count {
		d.r.FailAtf(at, "%s %d does not exist, there are %d", what, i, count)
	}
	return i
}
