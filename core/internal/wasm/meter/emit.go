package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// added holds the indices of what the meter appends to a file.
type added struct {
	slice, budget uint32 // globals
	next          uint32 // type (i64) -> (i64)
	measure       uint32 // type (i32) -> (i32)
	area          uint32 // type (i32, i32, i32) -> ()
	refill        uint32 // function; the bulk functions follow in the order of their bulk values
}

// bulkFunction is the index of the function that charges for a length.
func (a added) bulkFunction(b bulk) uint32 { return a.refill + uint32(b) }

// code appends the instrumented code of a body, whose locals have got one more.
func (a added) code(dst []byte, code []byte, p *plan) []byte {
	from := 0
	for _, e := range p.edits {
		dst = append(dst, code[from:e.at]...)
		from = e.at
		switch {
		case e.kind == areaEdit:
			dst = binary.AppendU32(append(dst, opCall), a.bulkFunction(e.bulk))
			from = e.end
		case e.kind == bulkEdit:
			dst = binary.AppendU32(append(dst, opCall), a.bulkFunction(e.bulk))
		case e.kind == chargeEdit && e.segment == 0:
			dst = a.enter(dst, p)
		case e.kind == chargeEdit && p.copied:
			dst = a.chargeCopy(dst, p.local, p.segments[e.segment].cost)
		case e.kind == chargeEdit:
			dst = a.charge(dst, p.segments[e.segment].cost)
		case e.kind == checkEdit:
			dst = a.check(localGet(dst, p.local), p.local)
		case e.kind == storeEdit && p.copied:
			dst = globalSet(localGet(dst, p.local), a.slice)
		case e.kind == loadEdit && p.copied:
			dst = localSet(globalGet(dst, a.slice), p.local)
		}
	}
	return append(dst, code[from:]...)
}

// enter appends the charge of the entry, which a recursion cannot avoid:
//
//	copy = slice - cost; if copy < 0 { copy = refill(copy) }; slice = copy
//
// A body with loops goes on with the copy and stores it when it has to be seen outside.
func (a added) enter(dst []byte, p *plan) []byte {
	dst = i64Const(globalGet(dst, a.slice), p.segments[0].cost)
	dst = a.check(append(dst, opI64Sub), p.local)
	if p.copied {
		return dst
	}
	return globalSet(localGet(dst, p.local), a.slice)
}

// charge appends: slice -= cost.
func (a added) charge(dst []byte, cost int64) []byte {
	if cost == 0 {
		return dst
	}
	dst = i64Const(globalGet(dst, a.slice), cost)
	return globalSet(append(dst, opI64Sub), a.slice)
}

// chargeCopy appends: copy -= cost.
func (a added) chargeCopy(dst []byte, local uint32, cost int64) []byte {
	if cost == 0 {
		return dst
	}
	dst = append(i64Const(localGet(dst, local), cost), opI64Sub)
	return localSet(dst, local)
}

// check appends: local = top of the stack; if local < 0 { local = refill(local) }.
func (a added) check(dst []byte, local uint32) []byte {
	dst = binary.AppendU32(append(dst, opLocalTee), local)
	dst = append(i64Const(dst, 0), opI64LtS, opIf, blockTypeNone)
	dst = binary.AppendU32(append(localGet(dst, local), opCall), a.refill)
	return append(localSet(dst, local), opEnd)
}

// refillBody is the slow path: leave the generated code, so that the collector and other goroutines can run, then take
// the next slice off the budget, or trap when both together are spent.
//
//	refill(left):
//	total := left + budget
//	if total < 0 { slice = left; unreachable }
//	next := min(total, Slice)
//	budget = total - next
//	return next
func (a added) refillBody(slice int64) []byte {
	const left, total, next = 0, 1, 2
	b := []byte{1, 2, byte(binary.I64)} // two locals
	b = append(b, opI32Const, 0, opMemoryGrow, 0, opDrop)
	b = globalGet(localGet(b, left), a.budget)
	b = append(b, opI64Add, opLocalTee, total)
	b = append(i64Const(b, 0), opI64LtS, opIf, blockTypeNone)
	b = append(globalSet(localGet(b, left), a.slice), opUnreachable, opEnd)
	b = i64Const(localGet(b, total), slice)
	b = append(i64Const(localGet(b, total), slice), opI64LtS, opSelect)
	b = localGet(append(b, opLocalSet, next), total)
	b = append(localGet(b, next), opI64Sub)
	return append(localGet(globalSet(b, a.budget), next), opEnd)
}

// bulkBody charges for a length n and returns it unchanged, so that the call fits in front of the instruction; where the
// instruction gives way to the function, it is that.
func (a added) bulkBody(kind bulk) []byte {
	switch kind {
	case fillArea:
		return a.fillBody()
	case copyArea:
		return a.copyBody()
	}
	const n, left = 0, 1
	b := []byte{1, 1, byte(binary.I64)} // one local
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
	b = a.check(append(b, opI64Sub), left)
	b = globalSet(localGet(b, left), a.slice)
	return append(b, opLocalGet, n, opEnd)
}

func localGet(dst []byte, index uint32) []byte {
	return binary.AppendU32(append(dst, opLocalGet), index)
}

func localSet(dst []byte, index uint32) []byte {
	return binary.AppendU32(append(dst, opLocalSet), index)
}

func globalGet(dst []byte, index uint32) []byte {
	return binary.AppendU32(append(dst, opGlobalGet), index)
}

func globalSet(dst []byte, index uint32) []byte {
	return binary.AppendU32(append(dst, opGlobalSet), index)
}

func i64Const(dst []byte, v int64) []byte { return binary.AppendS64(append(dst, opI64Const), v) }
