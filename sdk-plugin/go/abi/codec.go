package abi

import (
	"errors"
	"math"
	"unicode/utf8"
)

// The subset of MessagePack in use: nil, bool, int, float, str, bin, array and
// map with str keys. Integers take the shortest form. Extension types are
// refused. Format: https://github.com/msgpack/msgpack/blob/master/spec.md
const (
	tagNil      = 0xc0
	tagFalse    = 0xc2
	tagTrue     = 0xc3
	tagBin8     = 0xc4
	tagBin16    = 0xc5
	tagBin32    = 0xc6
	tagFloat32  = 0xca
	tagFloat64  = 0xcb
	tagUint8    = 0xcc
	tagUint16   = 0xcd
	tagUint32   = 0xce
	tagUint64   = 0xcf
	tagInt8     = 0xd0
	tagInt16    = 0xd1
	tagInt32    = 0xd2
	tagInt64    = 0xd3
	tagStr8     = 0xd9
	tagStr16    = 0xda
	tagStr32    = 0xdb
	tagArray16  = 0xdc
	tagArray32  = 0xdd
	tagMap16    = 0xde
	tagMap32    = 0xdf
	fixMap      = 0x80
	fixArray    = 0x90
	fixStr      = 0xa0
	negFixint   = 0xe0
	maxFixMap   = 0x8f
	maxFixArray = 0x9f
	maxFixStr   = 0xbf
	maxFixint   = 0x7f
)

// Errors of the decoder.
var (
	ErrShort    = errors.New("abi: message ends inside a value")
	ErrType     = errors.New("abi: value has another type than expected")
	ErrTag      = errors.New("abi: unknown MessagePack tag")
	ErrDepth    = errors.New("abi: value is nested too deeply")
	ErrUTF8     = errors.New("abi: string is not valid UTF-8")
	ErrKey      = errors.New("abi: map key is not a string")
	ErrTrailing = errors.New("abi: bytes after the end of the value")
)

// AppendNil appends nil.
func AppendNil(b []byte) []byte { return append(b, tagNil) }

// AppendBool appends a boolean.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, tagTrue)
	}
	return append(b, tagFalse)
}

// AppendInt appends a signed integer in its shortest form.
func AppendInt(b []byte, v int64) []byte {
	switch {
	case v >= 0:
		return AppendUint(b, uint64(v))
	case v >= -32:
		return append(b, byte(v))
	case v >= math.MinInt8:
		return append(b, tagInt8, byte(v))
	case v >= math.MinInt16:
		return append(b, tagInt16, byte(v>>8), byte(v))
	case v >= math.MinInt32:
		return append32(append(b, tagInt32), uint32(v))
	}
	return append64(append(b, tagInt64), uint64(v))
}

// AppendUint appends an unsigned integer in its shortest form.
func AppendUint(b []byte, v uint64) []byte {
	switch {
	case v <= maxFixint:
		return append(b, byte(v))
	case v <= math.MaxUint8:
		return append(b, tagUint8, byte(v))
	case v <= math.MaxUint16:
		return append(b, tagUint16, byte(v>>8), byte(v))
	case v <= math.MaxUint32:
		return append32(append(b, tagUint32), uint32(v))
	}
	return append64(append(b, tagUint64), v)
}

// AppendFloat appends a 64-bit float.
func AppendFloat(b []byte, v float64) []byte {
	return append64(append(b, tagFloat64), math.Float64bits(v))
}

// AppendString appends a string. The caller vouches for valid UTF-8; the host
// checks what guests send.
func AppendString(b []byte, s string) []byte {
	switch n := len(s); {
	case n <= 31:
		if end := len(b) + 1 + n; end <= cap(b) { // one step less, for guests
			at := len(b)
			b = b[:end]
			b[at] = fixStr | byte(n)
			copy(b[at+1:], s)
			return b
		}
		b = append(b, fixStr|byte(n))
	case n <= math.MaxUint8:
		b = append(b, tagStr8, byte(n))
	case n <= math.MaxUint16:
		b = append(b, tagStr16, byte(n>>8), byte(n))
	default:
		b = append32(append(b, tagStr32), uint32(n))
	}
	return append(b, s...)
}

// AppendBytes appends a byte string.
func AppendBytes(b []byte, v []byte) []byte {
	switch n := len(v); {
	case n <= math.MaxUint8:
		b = append(b, tagBin8, byte(n))
	case n <= math.MaxUint16:
		b = append(b, tagBin16, byte(n>>8), byte(n))
	default:
		b = append32(append(b, tagBin32), uint32(n))
	}
	return append(b, v...)
}

// AppendArray appends the head of an array; n values follow.
func AppendArray(b []byte, n int) []byte {
	switch {
	case n <= 15:
		return append(b, fixArray|byte(n))
	case n <= math.MaxUint16:
		return append(b, tagArray16, byte(n>>8), byte(n))
	}
	return append32(append(b, tagArray32), uint32(n))
}

// AppendMap appends the head of a map; n pairs of string and value follow.
func AppendMap(b []byte, n int) []byte {
	switch {
	case n <= 15:
		return append(b, fixMap|byte(n))
	case n <= math.MaxUint16:
		return append(b, tagMap16, byte(n>>8), byte(n))
	}
	return append32(append(b, tagMap32), uint32(n))
}

// AppendValue appends v, or nil when v is missing.
func AppendValue(b []byte, v Value) []byte {
	if len(v) == 0 {
		return AppendNil(b)
	}
	return append(b, v...)
}

func append32(b []byte, v uint32) []byte {
	return append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func append64(b []byte, v uint64) []byte {
	return append32(append32(b, uint32(v>>32)), uint32(v))
}

func be(b []byte) uint64 {
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// Kind is the type of a value.
type Kind uint8

// Kinds of values. [Missing] is the kind of an empty [Value].
const (
	Missing Kind = iota
	Nil
	Bool
	Int
	Float
	String
	Bytes
	Array
	Map
)

// head decodes the tag at the start of b. size is the length of the tag and its
// fixed part, n the payload length in bytes (String, Bytes), the number of
// elements (Array) or pairs (Map); raw is the payload of numbers.
type head struct {
	kind Kind
	size int
	n    int
	raw  uint64
	neg  bool
}

func readHead(b []byte) (h head, err error) {
	if len(b) == 0 {
		return h, ErrShort
	}
	c := b[0]
	h.size = 1
	switch {
	case c <= maxFixint:
		h.kind, h.raw = Int, uint64(c)
		return h, nil
	case c <= maxFixMap:
		h.kind, h.n = Map, int(c&0x0f)
		return h, nil
	case c <= maxFixArray:
		h.kind, h.n = Array, int(c&0x0f)
		return h, nil
	case c <= maxFixStr:
		h.kind, h.n = String, int(c&0x1f)
		return h, nil
	case c >= negFixint:
		h.kind, h.raw, h.neg = Int, uint64(int64(int8(c))), true
		return h, nil
	}
	width := 0
	switch c {
	case tagNil:
		h.kind = Nil
	case tagFalse, tagTrue:
		h.kind, h.raw = Bool, uint64(c-tagFalse)
	case tagBin8, tagBin16, tagBin32:
		h.kind, width = Bytes, 1<<(c-tagBin8)
	case tagFloat32:
		h.kind, width = Float, 4
	case tagFloat64:
		h.kind, width = Float, 8
	case tagUint8, tagUint16, tagUint32, tagUint64:
		h.kind, width = Int, 1<<(c-tagUint8)
	case tagInt8, tagInt16, tagInt32, tagInt64:
		h.kind, width = Int, 1<<(c-tagInt8)
	case tagStr8, tagStr16, tagStr32:
		h.kind, width = String, 1<<(c-tagStr8)
	case tagArray16, tagArray32:
		h.kind, width = Array, 2<<(c-tagArray16)
	case tagMap16, tagMap32:
		h.kind, width = Map, 2<<(c-tagMap16)
	default:
		return h, ErrTag
	}
	if width == 0 {
		return h, nil
	}
	if len(b) < 1+width {
		return h, ErrShort
	}
	h.size = 1 + width
	h.raw = be(b[1 : 1+width])
	switch {
	case c == tagFloat32:
		h.raw = math.Float64bits(float64(math.Float32frombits(uint32(h.raw))))
	case c >= tagInt8 && c <= tagInt64:
		shift := 64 - 8*width
		v := int64(h.raw<<shift) >> shift
		h.raw, h.neg = uint64(v), v < 0
	case h.kind == String || h.kind == Bytes || h.kind == Array || h.kind == Map:
		// Lengths beyond what is there are refused by the caller; this keeps
		// them inside an int on 32-bit guests.
		if h.raw > math.MaxInt32 {
			return h, ErrShort
		}
		h.n = int(h.raw)
	}
	return h, nil
}

// shortLen is the length of the values of which the first byte tells it: numbers, nil,
// booleans and short strings, which are nearly everything in a message. 0 for the
// others. Decoding a whole head costs a guest ten times as much.
var shortLen = func() (t [256]uint8) {
	for c := range 256 {
		switch c := byte(c); {
		case c <= maxFixint, c >= negFixint, c == tagNil, c == tagFalse, c == tagTrue:
			t[c] = 1
		case c > maxFixArray && c <= maxFixStr:
			t[c] = 1 + c&0x1f
		case c == tagFloat32 || c == tagFloat64:
			t[c] = 1 + 4<<(c-tagFloat32)
		case c >= tagUint8 && c <= tagUint64:
			t[c] = 1 + 1<<(c-tagUint8)
		case c >= tagInt8 && c <= tagInt64:
			t[c] = 1 + 1<<(c-tagInt8)
		}
	}
	return t
}()

// skip returns the length in bytes of the value at the start of b. It is
// iterative, so nesting costs no stack.
func skip(b []byte) (int, error) {
	pos, open := 0, 1
	for open > 0 {
		if pos >= len(b) {
			return 0, ErrShort
		}
		c := b[pos]
		if n := int(shortLen[c]); n > 0 {
			if pos += n; pos > len(b) {
				return 0, ErrShort
			}
			if open--; open > len(b)-pos {
				return 0, ErrShort
			}
			continue
		}
		if c <= maxFixArray { // a small map or array
			n := int(c & 0x0f)
			if c <= maxFixMap {
				n *= 2
			}
			pos++
			if open += n - 1; open > len(b)-pos {
				return 0, ErrShort
			}
			continue
		}
		if c == tagStr8 && pos+1 < len(b) { // most texts are no longer
			if pos += 2 + int(b[pos+1]); pos > len(b) {
				return 0, ErrShort
			}
			if open--; open > len(b)-pos {
				return 0, ErrShort
			}
			continue
		}
		h, err := readHead(b[pos:])
		if err != nil {
			return 0, err
		}
		pos += h.size
		open--
		switch h.kind {
		case String, Bytes:
			if h.n > len(b)-pos {
				return 0, ErrShort
			}
			pos += h.n
		case Array, Map:
			if h.n > len(b)-pos { // also keeps 2*n inside a 32-bit int
				return 0, ErrShort
			}
			open += h.n
			if h.kind == Map {
				open += h.n
			}
		}
		if open > len(b)-pos {
			return 0, ErrShort
		}
	}
	return pos, nil
}

// Check reports whether b is exactly one well-formed value: known tags, string
// keys, valid UTF-8, nesting within [MaxDepth]. The host checks everything that
// a guest sends before it uses it.
func Check(b []byte) error {
	n, err := check(b, 0)
	if err == nil && n != len(b) {
		err = ErrTrailing
	}
	return err
}

func check(b []byte, depth int) (int, error) {
	if depth > MaxDepth {
		return 0, ErrDepth
	}
	h, err := readHead(b)
	if err != nil {
		return 0, err
	}
	pos := h.size
	switch h.kind {
	case String, Bytes:
		if h.n > len(b)-pos {
			return 0, ErrShort
		}
		if h.kind == String && !utf8.Valid(b[pos:pos+h.n]) {
			return 0, ErrUTF8
		}
		return pos + h.n, nil
	case Array, Map:
		for range h.n {
			if h.kind == Map {
				k, err := readHead(b[pos:])
				if err != nil {
					return 0, err
				}
				if k.kind != String {
					return 0, ErrKey
				}
				n, err := check(b[pos:], depth+1)
				if err != nil {
					return 0, err
				}
				pos += n
			}
			n, err := check(b[pos:], depth+1)
			if err != nil {
				return 0, err
			}
			pos += n
		}
	}
	return pos, nil
}
