package binary

// U32 reads an unsigned LEB128 number of at most 32 bits. Padding zeros are allowed up to 5 bytes, as the format says.
func (r *Reader) U32() uint32 { return uint32(r.unsigned(32)) }

// S32 reads a signed LEB128 number of at most 32 bits.
func (r *Reader) S32() int32 { return int32(r.signed(32)) }

// S33 reads a signed LEB128 number of at most 33 bits (block types).
func (r *Reader) S33() int64 { return r.signed(33) }

// S64 reads a signed LEB128 number of at most 64 bits.
func (r *Reader) S64() int64 { return r.signed(64) }

func (r *Reader) unsigned(bits uint) uint64 {
	at := r.pos
	var v uint64
	for shift := uint(0); ; shift += 7 {
		b := r.Byte()
		if r.err != nil {
			return 0
		}
		if left := bits - shift; left < 7 && b>>left != 0 {
			// Also catches the continuation bit of the last byte that may be there.
			r.failAt(at, "number does not fit in %d bits", bits)
			return 0
		}
		v |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			return v
		}
	}
}

func (r *Reader) signed(bits uint) int64 {
	at := r.pos
	var v int64
	for shift := uint(0); ; shift += 7 {
		b := r.Byte()
		if r.err != nil {
			return 0
		}
		if left := bits - shift; left <= 7 {
			// Last byte that may be there: no continuation, and the unused bits repeat the sign bit.
			unused := int8(b<<1) >> left // bit 7 gone, sign bit and everything above it left
			if b&0x80 != 0 || unused != 0 && unused != -1 {
				r.failAt(at, "number does not fit in %d bits", bits)
				return 0
			}
		}
		v |= int64(b&0x7f) << shift
		if b&0x80 == 0 {
			if s := shift + 7; s < 64 && b&0x40 != 0 {
				v |= -1 << s
			}
			return v
		}
	}
}

// AppendU32 appends v in the shortest unsigned LEB128 form.
func AppendU32(dst []byte, v uint32) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// AppendS64 appends v in the shortest signed LEB128 form, which is the form of i32.const and i64.const operands.
func AppendS64(dst []byte, v int64) []byte {
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 || v == -1 && b&0x40 != 0 {
			return append(dst, b)
		}
		dst = append(dst, b|0x80)
	}
}

// AppendName appends a string with its length in front.
func AppendName(dst []byte, name string) []byte {
	return append(AppendU32(dst, uint32(len(name))), name...)
}

// AppendSection appends a section with its id and size.
func AppendSection(dst []byte, id SectionID, body []byte) []byte {
	dst = append(dst, byte(id))
	return append(AppendU32(dst, uint32(len(body))), body...)
}
