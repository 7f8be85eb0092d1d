package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// chunk is how much memory.copy and memory.fill move between two looks at the slice, in bytes (a multiple of what a unit
// pays for): some microseconds, with first touches of the pages some tens.
const chunk = 64 << 10

// Parameters and locals of the functions that stand for memory.copy and memory.fill.
const (
	areaTo   = 0 // address
	areaFrom = 1 // address, or the byte to fill with
	areaSize = 2
	areaLeft = 3 // of the slice
)

// fillBody is memory.fill, chunk by chunk, each paid before it runs:
//
//	fill(to, value, size):
//	if size > chunk {
//		if to + size > bytes of the memory { memory.fill: traps, and nothing is written }
//		do { pay(chunk); memory.fill(to, value, chunk); to += chunk; size -= chunk } while size > chunk
//	}
//	pay(size); memory.fill(to, value, size)
func (a added) fillBody() []byte {
	b := []byte{1, 1, byte(binary.I64)} // one local
	b = ifLong(b)
	b = outside(b, opMemoryFill, areaTo)
	b = append(b, opLoop, blockTypeNone)
	b = a.payArea(chunkSize(b))
	b = append(chunkSize(append(b, opLocalGet, areaTo, opLocalGet, areaFrom)), opPrefixMisc, opMemoryFill, 0)
	b = move(b, areaTo, opI32Add)
	b = move(b, areaSize, opI32Sub)
	b = append(again(b), opEnd, opEnd)
	b = a.payArea(append(b, opLocalGet, areaSize))
	return append(b, opLocalGet, areaTo, opLocalGet, areaFrom, opLocalGet, areaSize, opPrefixMisc, opMemoryFill, 0, opEnd)
}

// copyBody is memory.copy in the same way, from the end that keeps areas that overlap whole:
//
//	copy(to, from, size):
//	if size > chunk {
//		if to + size or from + size > bytes of the memory { memory.copy: traps, and nothing is written }
//		if to <= from {
//			do { pay(chunk); memory.copy(to, from, chunk); to += chunk; from += chunk; size -= chunk } while size > chunk
//		} else {
//			do { size -= chunk; pay(chunk); memory.copy(to + size, from + size, chunk) } while size > chunk
//		}
//	}
//	pay(size); memory.copy(to, from, size)
func (a added) copyBody() []byte {
	b := []byte{1, 1, byte(binary.I64)} // one local
	b = ifLong(b)
	b = outside(b, opMemoryCopy, areaTo, areaFrom)
	b = append(b, opLocalGet, areaTo, opLocalGet, areaFrom, opI32LeU, opIf, blockTypeNone, opLoop, blockTypeNone)
	b = a.payArea(chunkSize(b))
	b = append(chunkSize(append(b, opLocalGet, areaTo, opLocalGet, areaFrom)), opPrefixMisc, opMemoryCopy, 0, 0)
	b = move(b, areaTo, opI32Add)
	b = move(b, areaFrom, opI32Add)
	b = move(b, areaSize, opI32Sub)
	b = append(again(b), opEnd, opElse, opLoop, blockTypeNone)
	b = move(b, areaSize, opI32Sub)
	b = a.payArea(chunkSize(b))
	b = append(b, opLocalGet, areaTo, opLocalGet, areaSize, opI32Add, opLocalGet, areaFrom, opLocalGet, areaSize, opI32Add)
	b = append(chunkSize(b), opPrefixMisc, opMemoryCopy, 0, 0)
	b = append(again(b), opEnd, opEnd, opEnd)
	b = a.payArea(append(b, opLocalGet, areaSize))
	return append(b, opLocalGet, areaTo, opLocalGet, areaFrom, opLocalGet, areaSize, opPrefixMisc, opMemoryCopy, 0, 0, opEnd)
}

// payArea appends the charge for the number of bytes on top of the stack.
func (a added) payArea(dst []byte) []byte {
	dst = binary.AppendU32(append(dst, opI32Const, bytesPerUnitLog2, opI32ShrU, opI64ExtendU, opLocalSet), areaLeft)
	dst = append(localGet(globalGet(dst, a.slice), areaLeft), opI64Sub)
	return globalSet(localGet(a.check(dst, areaLeft), areaLeft), a.slice)
}

// outside appends the instruction itself for when one of the areas is not within the memory: it traps. The sums are
// wider than addresses, which would wrap.
func outside(dst []byte, instruction byte, starts ...byte) []byte {
	for _, start := range starts {
		dst = append(dst, opLocalGet, start, opI64ExtendU, opLocalGet, areaSize, opI64ExtendU, opI64Add)
		dst = i64Const(append(dst, opMemorySize, 0, opI64ExtendU), pageLog2)
		dst = append(dst, opI64Shl, opI64GtU, opIf, blockTypeNone)
		dst = append(dst, opLocalGet, areaTo, opLocalGet, areaFrom, opLocalGet, areaSize, opPrefixMisc, instruction, 0)
		if instruction == opMemoryCopy {
			dst = append(dst, 0) // names two memories
		}
		dst = append(dst, opEnd)
	}
	return dst
}

// ifLong appends: if size > chunk {
func ifLong(dst []byte) []byte {
	return append(chunkSize(append(dst, opLocalGet, areaSize)), opI32GtU, opIf, blockTypeNone)
}

// again appends: back to the loop while size > chunk.
func again(dst []byte) []byte {
	return append(chunkSize(append(dst, opLocalGet, areaSize)), opI32GtU, opBranchIf, 0)
}

// move appends: local = local ± chunk.
func move(dst []byte, local, op byte) []byte {
	return append(chunkSize(append(dst, opLocalGet, local)), op, opLocalSet, local)
}

func chunkSize(dst []byte) []byte { return binary.AppendS64(append(dst, opI32Const), chunk) }
