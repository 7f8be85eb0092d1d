package binary

// constExpr reads a constant expression: one instruction that yields a value, then end. In core 2.0 it may read only
// globals that are imported and immutable.
func (p *parser) constExpr(r *Reader) {
	at := r.Offset()
	switch op := r.Byte(); op {
	case 0x41: // i32.const
		r.S32()
	case 0x42: // i64.const
		r.S64()
	case 0x43: // f32.const
		r.Bytes(4)
	case 0x44: // f64.const
		r.Bytes(8)
	case 0x23: // global.get
		i := index(r, "imported global", p.file.Imported(KindGlobal))
		if r.Err() == nil && p.file.importedGlobals[i].Mutable {
			r.FailAtf(at, "global %d is mutable, a constant expression cannot read it", i)
		}
	case 0xd0: // ref.null
		refType(r)
	case 0xd2: // ref.func
		index(r, "function", p.file.Count(KindFunc))
	case 0xfd: // v128.const
		if r.Byte() != 0x0c {
			r.FailAtf(at, "this vector instruction is not constant")
		}
		r.Bytes(16)
	default:
		r.FailAtf(at, "instruction %#02x is not allowed in a constant expression", op)
	}
	at = r.Offset()
	if b := r.Byte(); b != 0x0b {
		r.FailAtf(at, "a constant expression is one instruction and end, found %#02x", b)
	}
}

// elements reads segments in their eight forms: bit 0 passive or declarative, bit 1 explicit table or declarative,
// bit 2 expressions instead of function indices.
func (p *parser) elements(r *Reader) {
	for range count(r, "element segments", MaxSegments) {
		at := r.Offset()
		form := r.U32()
		if form > 7 {
			r.FailAtf(at, "unknown form %d of an element segment", form)
		}
		if form&1 == 0 { // active
			table := uint32(0)
			if form&2 != 0 {
				table = r.U32()
			}
			if r.Err() == nil && table >= p.file.Count(KindTable) {
				r.FailAtf(at, "element segment for table %d, there are %d", table, p.file.Count(KindTable))
			}
			p.constExpr(r)
		}
		expressions := form&4 != 0
		if form&3 != 0 {
			if expressions {
				refType(r)
			} else {
				r.Zero("the kind of an element segment")
			}
		}
		for range r.Count("elements") {
			if expressions {
				p.constExpr(r)
			} else {
				index(r, "function", p.file.Count(KindFunc))
			}
			if r.Err() != nil {
				return
			}
		}
		if r.Err() != nil {
			return
		}
		p.file.Elements++
	}
}

func (p *parser) data(r *Reader) {
	for range count(r, "data segments", MaxSegments) {
		at := r.Offset()
		form := r.U32()
		switch form {
		case 0, 2:
			if form == 2 {
				r.Zero("the memory of a data segment")
			}
			if r.Err() == nil && p.file.Count(KindMemory) == 0 {
				r.FailAtf(at, "active data segment without a memory")
			}
			p.constExpr(r)
		case 1:
		default:
			r.FailAtf(at, "unknown form %d of a data segment", form)
		}
		r.Bytes(r.U32())
		if r.Err() != nil {
			return
		}
		p.file.Data++
	}
}
