package abi

import "math"

// Reader decodes one message. The first error sticks; every later read returns
// zero results, so a message is decoded in straight lines and checked once by
// [Reader.Close].
type Reader struct {
	b    []byte // the message; at counts what is read of it, which costs a guest less than a new slice
	at   int
	left int // elements of the message array not read yet
	err  error
}

// NewReader begins to read a message, which is an array. Elements that this
// version does not know are ignored at the end; elements that the sender does
// not know read as zero. That is how the contract grows.
func NewReader(b []byte) Reader {
	r := Reader{b: b}
	if len(b) > 0 && b[0] > maxFixMap && b[0] <= maxFixArray {
		r.left, r.at = int(b[0]&0x0f), 1
		return r
	}
	h, err := readHead(b)
	switch {
	case err != nil:
		r.err = err
	case h.kind != Array:
		r.err = ErrType
	default:
		r.left, r.at = h.n, h.size
	}
	return r
}

// next returns the next element, or a missing value after the last.
func (r *Reader) next() Value {
	if r.err != nil || r.left == 0 {
		return nil
	}
	n := 0
	if r.at < len(r.b) {
		n = int(shortLen[r.b[r.at]])
	}
	if n == 0 || n > len(r.b)-r.at {
		var err error
		if n, err = skip(r.b[r.at:]); err != nil {
			r.err = err
			return nil
		}
	}
	v := r.b[r.at : r.at+n : r.at+n]
	r.at, r.left = r.at+n, r.left-1
	return v
}

// Value reads an element of any type, borrowed from the message. Nil reads as
// missing.
func (r *Reader) Value() Value {
	v := r.next()
	if len(v) > 0 && v[0] == tagNil {
		return nil
	}
	return v
}

func (r *Reader) expect(v Value, kinds ...Kind) bool {
	if len(v) == 0 || v[0] == tagNil {
		return false
	}
	k := v.Kind()
	for _, want := range kinds {
		if k == want {
			return true
		}
	}
	if r.err == nil {
		r.err = ErrType
	}
	return false
}

// Str reads a string.
func (r *Reader) Str() string { return string(r.StrBytes()) }

// StrBytes reads a string without copying it; the bytes are borrowed from the
// message.
func (r *Reader) StrBytes() []byte {
	v := r.next()
	if text, ok := v.shortText(0); ok {
		return text
	}
	if !r.expect(v, String) {
		return nil
	}
	return v.Bytes()
}

// Bytes reads a byte string (or a string), borrowed from the message.
func (r *Reader) Bytes() []byte {
	v := r.next()
	if !r.expect(v, Bytes, String) {
		return nil
	}
	return v.Bytes()
}

// Int reads an integer that fits an int.
func (r *Reader) Int() int {
	v := r.next()
	if n, ok := v.smallInt(); ok && n <= math.MaxInt32 {
		return int(n)
	}
	if !r.expect(v, Int) {
		return 0
	}
	n, ok := v.Int()
	if !ok || n > math.MaxInt32 || n < math.MinInt32 {
		r.fail(ErrType)
		return 0
	}
	return int(n)
}

// Int64 reads an integer.
func (r *Reader) Int64() int64 {
	v := r.next()
	if n, ok := v.smallInt(); ok {
		return n
	}
	if !r.expect(v, Int) {
		return 0
	}
	n, ok := v.Int()
	if !ok {
		r.fail(ErrType)
	}
	return n
}

// Uint32 reads an integer that fits 32 bits without a sign.
func (r *Reader) Uint32() uint32 {
	n := r.Int64()
	if n < 0 || n > math.MaxUint32 {
		r.fail(ErrType)
		return 0
	}
	return uint32(n)
}

// enum reads a small number; values over last are an error, never cut to eight
// bits.
func (r *Reader) enum(last uint8) uint8 {
	n := r.Int64()
	if n < 0 || n > int64(last) {
		r.fail(ErrType)
		return 0
	}
	return uint8(n)
}

// Bool reads a boolean.
func (r *Reader) Bool() bool {
	v := r.next()
	return r.expect(v, Bool) && v.Bool()
}

func (r *Reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// Close returns the first error, also when the message ends early or bytes
// follow it.
func (r *Reader) Close() error {
	for r.left > 0 && r.err == nil {
		r.next()
	}
	if r.err == nil && r.at < len(r.b) {
		r.err = ErrTrailing
	}
	return r.err
}
