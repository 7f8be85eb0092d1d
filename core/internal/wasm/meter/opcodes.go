package meter

// shape says which immediates follow an opcode. The zero value marks an opcode that is not supported: nothing is ever
// copied without knowing where it ends.
type shape uint8

const (
	unsupported shape = iota
	plain             // nothing
	blockStart        // block type
	elseMark
	endMark
	label        // label index
	labelTable   // vector of label indices and a default
	callee       // function index
	calleeTable  // type index, table index
	selectType   // vector of one value type
	local        // local index
	global       // global index
	table        // table index
	memoryAccess // alignment, offset
	memoryIndex  // reserved zero byte
	const32      // signed LEB128 of 32 bits
	const64      // signed LEB128 of 64 bits
	bytes4
	bytes8
	heapType // reference type
	prefixMisc
	prefixVector
	dataToMemory // data index, reserved zero byte
	dataIndex
	memoryToMemory // two reserved zero bytes
	elemToTable    // element index, table index
	elemIndex
	tableToTable // two table indices
	bytes16
	lane       // one byte
	memoryLane // alignment, offset, one byte
)

// bulk says how an operand on top of the stack, a length, is charged before the instruction runs.
type bulk uint8

const (
	noBulk       bulk = iota
	byteLength        // memory.init
	entryLength       // table.copy, table.fill, table.init
	pageGrowth        // memory.grow
	entryGrowth       // table.grow
	fillArea          // memory.fill: a function runs in its place and charges as it goes
	copyArea          // memory.copy, in the same way
	bulkVariants      // number of the values above
)

// opcode is what the meter knows about one instruction. Cost is in units of fuel, where a simple instruction costs 1:
// structure that yields no machine code is free, and instructions that take many cycles cost what they are worth.
type opcode struct {
	shape shape
	cost  uint8
	bulk  bulk
}

const (
	free     = 0
	simple   = 1
	call     = 4  // saves and reloads state
	division = 8  // 20 to 40 cycles on common processors
	hostExit = 64 // leaves the generated code
)

// opcodeRange gives one entry to a run of consecutive opcodes. The lists follow the index of instructions of the core
// specification 2.0; what they leave out is refused.
type opcodeRange struct {
	first, last byte
	opcode
}

var baseOpcodes = expand([]opcodeRange{
	{0x00, 0x00, opcode{shape: plain, cost: simple}}, // unreachable
	{0x01, 0x01, opcode{shape: plain, cost: free}},   // nop
	{0x02, 0x04, opcode{shape: blockStart}},          // block, loop, if
	{0x05, 0x05, opcode{shape: elseMark}},            // else
	// 0x06 to 0x0a: exceptions
	{0x0b, 0x0b, opcode{shape: endMark}},                     // end
	{0x0c, 0x0d, opcode{shape: label, cost: simple}},         // br, br_if
	{0x0e, 0x0e, opcode{shape: labelTable, cost: simple}},    // br_table
	{0x0f, 0x0f, opcode{shape: plain, cost: simple}},         // return
	{0x10, 0x10, opcode{shape: callee, cost: call}},          // call
	{0x11, 0x11, opcode{shape: calleeTable, cost: 2 * call}}, // call_indirect
	// 0x12 to 0x15: tail calls and calls by reference; 0x18, 0x19, 0x1f: exceptions
	{0x1a, 0x1b, opcode{shape: plain, cost: simple}},                           // drop, select
	{0x1c, 0x1c, opcode{shape: selectType, cost: simple}},                      // select with a type
	{0x20, 0x22, opcode{shape: local, cost: simple}},                           // local.get, local.set, local.tee
	{0x23, 0x24, opcode{shape: global, cost: simple}},                          // global.get, global.set
	{0x25, 0x26, opcode{shape: table, cost: 2 * simple}},                       // table.get, table.set
	{0x28, 0x3e, opcode{shape: memoryAccess, cost: simple}},                    // i32.load … i64.store32
	{0x3f, 0x3f, opcode{shape: memoryIndex, cost: simple}},                     // memory.size
	{0x40, 0x40, opcode{shape: memoryIndex, cost: hostExit, bulk: pageGrowth}}, // memory.grow
	{0x41, 0x41, opcode{shape: const32, cost: simple}},                         // i32.const
	{0x42, 0x42, opcode{shape: const64, cost: simple}},                         // i64.const
	{0x43, 0x43, opcode{shape: bytes4, cost: simple}},                          // f32.const
	{0x44, 0x44, opcode{shape: bytes8, cost: simple}},                          // f64.const
	{0x45, 0x6c, opcode{shape: plain, cost: simple}},                           // i32.eqz … comparisons … i32.mul
	{0x6d, 0x70, opcode{shape: plain, cost: division}},                         // i32.div_s … i32.rem_u
	{0x71, 0x7e, opcode{shape: plain, cost: simple}},                           // i32.and … i64.mul
	{0x7f, 0x82, opcode{shape: plain, cost: division}},                         // i64.div_s … i64.rem_u
	{0x83, 0x90, opcode{shape: plain, cost: simple}},                           // i64.and … f32.nearest
	{0x91, 0x91, opcode{shape: plain, cost: division}},                         // f32.sqrt
	{0x92, 0x94, opcode{shape: plain, cost: simple}},                           // f32.add, f32.sub, f32.mul
	{0x95, 0x95, opcode{shape: plain, cost: division}},                         // f32.div
	{0x96, 0x9e, opcode{shape: plain, cost: simple}},                           // f32.min … f64.nearest
	{0x9f, 0x9f, opcode{shape: plain, cost: division}},                         // f64.sqrt
	{0xa0, 0xa2, opcode{shape: plain, cost: simple}},                           // f64.add, f64.sub, f64.mul
	{0xa3, 0xa3, opcode{shape: plain, cost: division}},                         // f64.div
	{0xa4, 0xc4, opcode{shape: plain, cost: simple}},                           // f64.min … conversions … i64.extend32_s
	{0xd0, 0xd0, opcode{shape: heapType, cost: simple}},                        // ref.null
	{0xd1, 0xd1, opcode{shape: plain, cost: simple}},                           // ref.is_null
	{0xd2, 0xd2, opcode{shape: callee, cost: hostExit}},                        // ref.func
	// 0xd3 to 0xd6: typed references; 0xfb: garbage collection; 0xfe: atomics
	{0xfc, 0xfc, opcode{shape: prefixMisc}},
	{0xfd, 0xfd, opcode{shape: prefixVector}},
})

var miscOpcodes = expand([]opcodeRange{
	{0x00, 0x07, opcode{shape: plain, cost: simple}},                             // i32.trunc_sat_f32_s … i64.trunc_sat_f64_u
	{0x08, 0x08, opcode{shape: dataToMemory, cost: division, bulk: byteLength}},  // memory.init
	{0x09, 0x09, opcode{shape: dataIndex, cost: simple}},                         // data.drop
	{0x0a, 0x0a, opcode{shape: memoryToMemory, cost: division, bulk: copyArea}},  // memory.copy
	{0x0b, 0x0b, opcode{shape: memoryIndex, cost: division, bulk: fillArea}},     // memory.fill
	{0x0c, 0x0c, opcode{shape: elemToTable, cost: division, bulk: entryLength}},  // table.init
	{0x0d, 0x0d, opcode{shape: elemIndex, cost: simple}},                         // elem.drop
	{0x0e, 0x0e, opcode{shape: tableToTable, cost: division, bulk: entryLength}}, // table.copy
	{0x0f, 0x0f, opcode{shape: table, cost: hostExit, bulk: entryGrowth}},        // table.grow
	{0x10, 0x10, opcode{shape: table, cost: simple}},                             // table.size
	{0x11, 0x11, opcode{shape: table, cost: division, bulk: entryLength}},        // table.fill
})

var vectorOpcodes = expand([]opcodeRange{
	{0x00, 0x0b, opcode{shape: memoryAccess, cost: simple}}, // v128.load … v128.store
	{0x0c, 0x0c, opcode{shape: bytes16, cost: simple}},      // v128.const
	{0x0d, 0x0d, opcode{shape: bytes16, cost: 2 * simple}},  // i8x16.shuffle
	{0x0e, 0x14, opcode{shape: plain, cost: simple}},        // i8x16.swizzle, splats
	{0x15, 0x22, opcode{shape: lane, cost: simple}},         // extract and replace lanes
	{0x23, 0x53, opcode{shape: plain, cost: simple}},        // comparisons, bitwise, v128.any_true
	{0x54, 0x5b, opcode{shape: memoryLane, cost: simple}},   // v128.load8_lane … v128.store64_lane
	{0x5c, 0x5d, opcode{shape: memoryAccess, cost: simple}}, // v128.load32_zero, v128.load64_zero
	{0x5e, 0x6a, opcode{shape: plain, cost: 2 * simple}},    // demote, promote, i8x16.abs … f32x4.nearest
	{0x6b, 0x6d, opcode{shape: plain, cost: division}},      // i8x16 shifts: long sequences
	{0x6e, 0x73, opcode{shape: plain, cost: simple}},        // i8x16.add … i8x16.sub_sat_u
	{0x74, 0x75, opcode{shape: plain, cost: 2 * simple}},    // f64x2.ceil, f64x2.floor
	{0x76, 0x79, opcode{shape: plain, cost: simple}},        // i8x16.min_s … i8x16.max_u
	{0x7a, 0x7a, opcode{shape: plain, cost: 2 * simple}},    // f64x2.trunc
	{0x7b, 0x7b, opcode{shape: plain, cost: simple}},        // i8x16.avgr_u
	{0x7c, 0x7f, opcode{shape: plain, cost: 2 * simple}},    // extadd_pairwise
	{0x80, 0x93, opcode{shape: plain, cost: 2 * simple}},    // i16x8.abs … i16x8.sub_sat_u
	{0x94, 0x99, opcode{shape: plain, cost: 2 * simple}},    // f64x2.nearest, i16x8.mul … i16x8.max_u
	{0x9b, 0xa1, opcode{shape: plain, cost: 2 * simple}},    // i16x8.avgr_u, extmul, i32x4.abs, i32x4.neg
	{0xa3, 0xa4, opcode{shape: plain, cost: 2 * simple}},    // i32x4.all_true, i32x4.bitmask
	{0xa7, 0xae, opcode{shape: plain, cost: 2 * simple}},    // i32x4.extend … shifts, i32x4.add
	{0xb1, 0xb1, opcode{shape: plain, cost: simple}},        // i32x4.sub
	{0xb5, 0xba, opcode{shape: plain, cost: 2 * simple}},    // i32x4.mul … i32x4.dot_i16x8_s
	{0xbc, 0xc1, opcode{shape: plain, cost: 2 * simple}},    // extmul, i64x2.abs, i64x2.neg
	{0xc3, 0xc4, opcode{shape: plain, cost: 2 * simple}},    // i64x2.all_true, i64x2.bitmask
	{0xc7, 0xcb, opcode{shape: plain, cost: 2 * simple}},    // i64x2.extend, i64x2.shl
	{0xcc, 0xcd, opcode{shape: plain, cost: division}},      // i64x2.shr_s, i64x2.shr_u: lane by lane
	{0xce, 0xce, opcode{shape: plain, cost: simple}},        // i64x2.add
	{0xd1, 0xd1, opcode{shape: plain, cost: simple}},        // i64x2.sub
	{0xd5, 0xd5, opcode{shape: plain, cost: division}},      // i64x2.mul: several instructions
	{0xd6, 0xe1, opcode{shape: plain, cost: 2 * simple}},    // i64x2 comparisons, extmul, f32x4.abs, f32x4.neg
	{0xe3, 0xe3, opcode{shape: plain, cost: 2 * division}},  // f32x4.sqrt
	{0xe4, 0xe6, opcode{shape: plain, cost: simple}},        // f32x4.add, f32x4.sub, f32x4.mul
	{0xe7, 0xe7, opcode{shape: plain, cost: 2 * division}},  // f32x4.div
	{0xe8, 0xed, opcode{shape: plain, cost: 2 * simple}},    // f32x4.min … f64x2.neg
	{0xef, 0xef, opcode{shape: plain, cost: 2 * division}},  // f64x2.sqrt
	{0xf0, 0xf2, opcode{shape: plain, cost: simple}},        // f64x2.add, f64x2.sub, f64x2.mul
	{0xf3, 0xf3, opcode{shape: plain, cost: 2 * division}},  // f64x2.div
	{0xf4, 0xff, opcode{shape: plain, cost: 2 * simple}},    // f64x2.min … conversions
})

func expand(ranges []opcodeRange) *[256]opcode {
	var all [256]opcode
	for _, r := range ranges {
		for op := int(r.first); op <= int(r.last); op++ {
			all[op] = r.opcode
		}
	}
	return &all
}
