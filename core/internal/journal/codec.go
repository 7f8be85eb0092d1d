package journal

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// Strings up to dictString bytes are written once per block and referred
	// to by number afterwards.
	dictString = 128
	dictSize   = 4096
	dictKept   = 256
)

// encoder appends values to b. Its dictionary lives as long as a block.
type encoder struct {
	b    []byte
	dict map[string]uint64
}

func (e *encoder) reset() {
	e.b = e.b[:0]
	if e.dict == nil || len(e.dict) > dictKept {
		e.dict = make(map[string]uint64) // clearing a large one costs its size, now and each time after
		return
	}
	clear(e.dict)
}

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }

func (e *encoder) int(v int) { e.uint(uint64(max(v, 0))) }

func (e *encoder) duration(d time.Duration) { e.uint(uint64(max(d.Microseconds(), 0))) }

// time writes the zero time as 0.
func (e *encoder) time(t time.Time) {
	if t.IsZero() {
		e.uint(0)
		return
	}
	e.uint(micros(t))
}

// str writes length<<1 and the bytes, or dictionary number<<1 | 1.
func (e *encoder) str(s string) {
	if len(s) == 0 || len(s) > dictString {
		e.uint(uint64(len(s)) << 1)
		e.b = append(e.b, s...)
		return
	}
	if n, ok := e.dict[s]; ok {
		e.uint(n<<1 | 1)
		return
	}
	if len(e.dict) < dictSize {
		e.dict[s] = uint64(len(e.dict))
	}
	e.uint(uint64(len(s)) << 1)
	e.b = append(e.b, s...)
}

func (e *encoder) strs(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.str(s)
	}
}

// Identifiers are mostly hex digits or UUIDs, which take half the room packed.
const (
	identPlain = iota
	identHex
	identUUID
)

// ident writes length<<2 | form and the bytes; the length of the packed forms
// is that of the packed bytes.
func (e *encoder) ident(s string) {
	form, packed := identPlain, len(s)
	switch {
	case isUUID(s):
		form, packed = identUUID, 16
	case len(s) >= 2 && len(s)%2 == 0 && isHex(s):
		form, packed = identHex, len(s)/2
	}
	e.uint(uint64(packed)<<2 | uint64(form))
	if form == identPlain {
		e.b = append(e.b, s...)
		return
	}
	e.b = appendPacked(e.b, s)
}

// appendPacked appends pairs of hexadecimal digits, between which dashes may stand.
func appendPacked(b []byte, s string) []byte {
	for i := 0; i < len(s); i += 2 {
		if s[i] == '-' {
			i++
		}
		b = append(b, nibble(s[i])<<4|nibble(s[i+1]))
	}
	return b
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return true
}

func isUUID(s string) bool {
	return len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' &&
		isHex(s[:8]) && isHex(s[9:13]) && isHex(s[14:18]) && isHex(s[19:23]) && isHex(s[24:])
}

func nibble(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c - 'a' + 10
}

// dicts keeps dictionaries: a page decodes hundreds of blocks and thousands of
// outcomes.
var dicts = sync.Pool{New: func() any { return new([]string) }}

// borrow gives the decoder a dictionary; the caller calls the function in the end.
func (d *decoder) borrow() (giveBack func()) {
	dict := dicts.Get().(*[]string)
	d.dict = *dict
	return func() {
		clear(d.dict) // whoever decoded has the strings now
		*dict = d.dict[:0]
		dicts.Put(dict)
	}
}

// decoder reads what an encoder wrote. The strings that it returns are parts
// of s. After an error it returns zero values; check err at the end.
type decoder struct {
	s       string
	dict    []string
	err     error
	version byte // of the block or the outcome that s is a part of
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
	}
	d.s = ""
}

func (d *decoder) byte() byte {
	if len(d.s) == 0 {
		d.fail("cut short")
		return 0
	}
	b := d.s[0]
	d.s = d.s[1:]
	return b
}

func (d *decoder) uint() uint64 {
	var v uint64
	for i := range min(len(d.s), binary.MaxVarintLen64) {
		c := d.s[i]
		if i == binary.MaxVarintLen64-1 && c > 1 {
			break
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			d.s = d.s[i+1:]
			return v
		}
	}
	d.fail("bad number")
	return 0
}

func (d *decoder) int() int {
	v := d.uint()
	if v > 1<<31 {
		d.fail("number %d out of range", v)
		return 0
	}
	return int(v)
}

func (d *decoder) duration() time.Duration {
	v := d.uint()
	if v > uint64((1<<63-1)/time.Microsecond) {
		d.fail("duration out of range")
		return 0
	}
	return time.Duration(v) * time.Microsecond
}

func (d *decoder) time() time.Time {
	v := d.uint()
	switch {
	case v == 0:
		return time.Time{}
	case v > maxMicros:
		d.fail("time out of range")
		return time.Time{}
	}
	return fromMicros(v)
}

func (d *decoder) take(n uint64) string {
	if n > uint64(len(d.s)) {
		d.fail("string of %d bytes, %d left", n, len(d.s))
		return ""
	}
	s := d.s[:n]
	d.s = d.s[n:]
	return s
}

func (d *decoder) str() string {
	v := d.uint()
	if v&1 == 1 {
		if v >>= 1; v < uint64(len(d.dict)) {
			return d.dict[v]
		}
		d.fail("dictionary has no entry %d", v)
		return ""
	}
	s := d.take(v >> 1)
	if n := len(s); n > 0 && n <= dictString && len(d.dict) < dictSize {
		d.dict = append(d.dict, s)
	}
	return s
}

func (d *decoder) strs() []string {
	n := d.uint()
	if n > uint64(len(d.s)) {
		d.fail("list of %d strings, %d bytes left", n, len(d.s))
	}
	if n == 0 || d.err != nil {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = d.str()
	}
	return slices.Clip(list)
}

func (d *decoder) ident() string {
	v := d.uint()
	packed := d.take(v >> 2)
	switch v & 3 {
	case identPlain:
		return packed
	case identHex:
		return hex.EncodeToString([]byte(packed))
	case identUUID:
		if len(packed) == 16 {
			var b [36]byte
			h := hex.AppendEncode(make([]byte, 0, 32), []byte(packed))
			copy(b[:], h[:8])
			copy(b[9:], h[8:12])
			copy(b[14:], h[12:16])
			copy(b[19:], h[16:20])
			copy(b[24:], h[20:])
			b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
			return string(b[:])
		}
	}
	d.fail("bad identifier")
	return ""
}
