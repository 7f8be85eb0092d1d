package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// added holds the indices of what the meter appends to a file.
type added struct {
	slice, budget uint32 // globals
	action        uint32 // type () -> ()
	measure       uint32 // type (i32) -> (i32)
	refill        uint32 // function; the bulk functions follow in the order of their bulk values
}

// bulkFunction is the index of the function that charges for a length.
func (a added) bulkFunction(b bulk) uint32 { return a.refill + uint32(b) }

// code appends the instrumented code of a body. The locals stay as they are.
func (a added) code(dst []byte, code []byte, p *plan) []byte {
	from, segments, bulks := 0, p.segments, p.bulks
	for len(segments) > 0 || len(bulks) > 0 {
		if len(bulks) == 0 || len(segments) > 0 && segments[0].at <= bulks[0].at {
			s := segments[0]
			segments = segments[1:]
			dst = append(dst, code[from:s.at]...)
			from = s.at
			if s.cost > 0 {
				dst = a.charge(dst, s.cost)
			}
			if s.parent < 0 {
				dst = a.check(dst)
			}
			continue
		}
		b := bulks[0]
		bulks = bulks[1:]
		dst = append(dst, code[from:b.at]...)
		from = b.at
		dst = binary.AppendU32(append(dst, opCall), a.bulkFunction(b.bulk))
	}
	return append(dst, code[from:]...)
}

// charge appends: slice -= cost.
func (a added) charge(dst []byte, cost int64) []byte {
	dst = globalGet(dst, a.slice)
	dst = append(i64Const(dst, cost), opI64Sub)
	return globalSet(dst, a.slice)
}

// check appends: if slice < 0, refill.
func (a added) check(dst []byte) []byte {
	dst = globalGet(dst, a.slice)
	dst = append(i64Const(dst, 0), opI64LtS)
	dst = append(dst, opIf, blockTypeNone)
	dst = binary.AppendU32(append(dst, opCall), a.refill)
	return append(dst, opEnd)
}

// refillBody is the slow path: leave the generated code, so that the collector and other goroutines can run, then take
// the next slice off the budget, or trap when both together are spent.
//
//	total := slice + budget
//	if total < 0 { unreachable }
//	slice = min(total, Slice)
//	budget = total - slice
func (a added) refillBody(slice int64) []byte {
	const total, next = 0, 1
	b := []byte{1, 2, byte(binary.I64)} // two locals
	b = append(b, opI32Const, 0, opMemoryGrow, 0, opDrop)
	b = globalGet(b, a.slice)
	b = globalGet(b, a.budget)
	b = append(b, opI64Add, opLocalTee, total)
	b = append(i64Const(b, 0), opI64LtS)
	b = append(b, opIf, blockTypeNone, opUnreachable, opEnd)
	b = append(b, opLocalGet, total)
	b = i64Const(b, slice)
	b = append(b, opLocalGet, total)
	b = append(i64Const(b, slice), opI64LtS, opSelect)
	b = globalSet(append(b, opLocalTee, next), a.slice)
	b = append(b, opLocalGet, total, opLocalGet, next, opI64Sub)
	return append(globalSet(b, a.budget), opEnd)
}

// bulkBody charges for a length n and returns it unchanged, so that the call fits in front of any bulk instruction.
func (a added) bulkBody(kind bulk) []byte {
	const n = 0
	b := []byte{0} // no locals
	b = globalGet(b, a.slice)
	b = append(b, opLocalGet, n, opI64ExtendU)
	switch kind {
	case byteLength:
		b = append(i64Const(b, bytesPerUnitLog2), opI64ShrU)
	case entryLength: // an entry is one unit
	case entryGrowth:
		b = append(i64Const(b, unitsPerNewEntryLog2), opI64Shl)
	case pageGrowth:
		// More pages than a memory can have: the instruction fails at once and costs nothing.
		b = append(i64Const(b, unitsPerPageLog2), opI64Shl)
		b = i64Const(b, 0)
		b = append(b, opLocalGet, n, opI32Const)
		b = append(binary.AppendS64(b, binary.MaxMemoryPages), opI32LeU, opSelect)
	}
	b = globalSet(append(b, opI64Sub), a.slice)
	b = a.check(b)
	return append(b, opLocalGet, n, opEnd)
}

func globalGet(dst []byte, index uint32) []byte {
	return binary.AppendU32(append(dst, opGlobalGet), index)
}

func globalSet(dst []byte, index uint32) []byte {
	return binary.AppendU32(append(dst, opGlobalSet), index)
}

func i64Const(dst []byte, v int64) []byte { return binary.AppendS64(append(dst, opI64Const), v) }
