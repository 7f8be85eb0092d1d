package abi

import (
	"iter"
	"math"
	"strconv"
)

// Value is one MessagePack value, undecoded. Reading from it allocates nothing
// except for strings. The zero Value is missing: every accessor of it, and every
// accessor that meets another type, returns the zero result, so a path into an
// unknown document needs no error handling.
//
// A Value borrows the bytes that it was made from and is valid as long as they
// are.
type Value []byte

// Kind returns the type of v.
func (v Value) Kind() Kind {
	if len(v) > 0 {
		switch c := v[0]; {
		case c <= maxFixint, c >= negFixint:
			return Int
		case c <= maxFixMap:
			return Map
		case c <= maxFixArray:
			return Array
		case c <= maxFixStr, c == tagStr8 && len(v) > 1:
			return String
		}
	}
	h, err := readHead(v)
	if err != nil {
		return Missing
	}
	return h.kind
}

// Exists reports whether v is there and not nil.
func (v Value) Exists() bool { return len(v) > 0 && v[0] != tagNil }

// payload returns the bytes of a String or Bytes value.
func (v Value) payload() ([]byte, Kind) {
	if text, ok := v.shortText(0); ok {
		return text, String
	}
	h, err := readHead(v)
	if err != nil || h.kind != String && h.kind != Bytes || h.n > len(v)-h.size {
		return nil, Missing
	}
	return v[h.size : h.size+h.n], h.kind
}

// Bytes returns the content of a String or Bytes value, borrowed from v.
func (v Value) Bytes() []byte {
	b, _ := v.payload()
	return b
}

// String returns scalars as text: strings and bytes as they are, numbers in
// decimal, booleans as true or false, everything else as "".
func (v Value) String() string {
	if text, ok := v.shortText(0); ok {
		return string(text)
	}
	h, err := readHead(v)
	if err != nil {
		return ""
	}
	switch h.kind {
	case String, Bytes:
		b, _ := v.payload()
		return string(b)
	case Int:
		if h.neg {
			return strconv.FormatInt(int64(h.raw), 10)
		}
		return strconv.FormatUint(h.raw, 10)
	case Float:
		return strconv.FormatFloat(math.Float64frombits(h.raw), 'f', -1, 64)
	case Bool:
		return strconv.FormatBool(h.raw == 1)
	}
	return ""
}

// Int returns an integer: Int values, Float values without a fraction, and
// strings that hold a decimal integer (old integrations send numbers as
// strings). ok is false for everything else and for overflow.
func (v Value) Int() (n int64, ok bool) {
	if n, ok := v.smallInt(); ok {
		return n, true
	}
	h, err := readHead(v)
	if err != nil {
		return 0, false
	}
	switch h.kind {
	case Int:
		return int64(h.raw), h.neg || h.raw <= math.MaxInt64
	case Float:
		f := math.Float64frombits(h.raw)
		if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return int64(f), true
		}
	case String:
		b, _ := v.payload()
		return ParseInt(b)
	}
	return 0, false
}

// smallInt returns an integer without a sign of up to 32 bits, as nearly all are.
func (v Value) smallInt() (n int64, ok bool) {
	if len(v) == 0 {
		return 0, false
	}
	switch c := v[0]; {
	case c <= maxFixint:
		return int64(c), true
	case c >= tagUint8 && c <= tagUint32:
		width := 1 << (c - tagUint8)
		if len(v) > width {
			return int64(be(v[1 : 1+width])), true
		}
	}
	return 0, false
}

// Float returns a number, also from a string that holds one. Where there are no
// strings, Number is 55 KB less in a guest.
func (v Value) Float() (f float64, ok bool) {
	if v.Kind() != String {
		return v.Number()
	}
	b, _ := v.payload()
	f, err := strconv.ParseFloat(string(b), 64)
	return f, err == nil
}

// Number returns an Int or a Float value.
func (v Value) Number() (f float64, ok bool) {
	h, err := readHead(v)
	if err != nil {
		return 0, false
	}
	switch h.kind {
	case Int:
		if h.neg {
			return float64(int64(h.raw)), true
		}
		return float64(h.raw), true
	case Float:
		return math.Float64frombits(h.raw), true
	}
	return 0, false
}

// Bool returns a boolean value; everything else is false.
func (v Value) Bool() bool {
	h, err := readHead(v)
	return err == nil && h.kind == Bool && h.raw == 1
}

// Len returns the number of elements of an array, pairs of a map, or bytes of a
// string.
func (v Value) Len() int {
	h, err := readHead(v)
	if err != nil {
		return 0
	}
	return h.n
}

// Get returns the value of a key of a map.
func (v Value) Get(key string) Value {
	n, at := v.pairs()
	for range n {
		name, short := v.shortText(at)
		behind := v.after(at)
		if behind < 0 {
			return nil
		}
		if !short {
			var kind Kind
			if name, kind = v[at:behind].payload(); kind != String {
				return nil
			}
		}
		if at, behind = behind, v.after(behind); behind < 0 {
			return nil
		}
		if string(name) == key {
			return v[at:behind:behind]
		}
		at = behind
	}
	return nil
}

// pairs returns the number of pairs of a map and the offset of the first; there are
// none in anything else.
func (v Value) pairs() (n, at int) {
	if len(v) > 0 && v[0] > maxFixint && v[0] <= maxFixMap {
		return int(v[0] & 0x0f), 1
	}
	h, err := readHead(v)
	if err != nil || h.kind != Map {
		return 0, 0
	}
	return h.n, h.size
}

// shortText returns the string of up to 255 bytes at an offset, as nearly all are:
// guests spend a good part of their time here.
func (v Value) shortText(at int) (text []byte, ok bool) {
	if at >= len(v) {
		return nil, false
	}
	n, from := 0, at+1
	switch c := v[at]; {
	case c > maxFixArray && c <= maxFixStr:
		n = int(c & 0x1f)
	case c == tagStr8 && from < len(v):
		n = int(v[from])
		from++
	default:
		return nil, false
	}
	if from+n > len(v) {
		return nil, false
	}
	return v[from : from+n], true
}

// Texts returns the short strings (up to 255 bytes) of a map by their keys; "" for one
// that is missing or something else. They share one copy, so that a guest, which pays
// dearly for each, allocates once.
func (v Value) Texts(keys [3]string) (texts [3]string) {
	n, at := v.pairs()
	if n == 0 {
		return texts
	}
	all := string(v)
	for range n {
		key, short := v.shortText(at)
		if at = v.after(at); at < 0 {
			return texts
		}
		text, ok := v.shortText(at)
		if at = v.after(at); at < 0 {
			return texts
		}
		if ok && short {
			for i := range keys {
				if string(key) == keys[i] {
					texts[i] = all[at-len(text) : at]
				}
			}
		}
	}
	return texts
}

// after is the offset behind the value at an offset, -1 when that is malformed.
func (v Value) after(at int) int {
	if at < len(v) {
		if n := int(shortLen[v[at]]); n > 0 && at+n <= len(v) {
			return at + n
		}
	}
	n, err := skip(v[at:])
	if err != nil {
		return -1
	}
	return at + n
}

// Index returns element i of an array.
func (v Value) Index(i int) Value {
	n := 0
	for e := range v.Elements() {
		if n == i {
			return e
		}
		n++
	}
	return nil
}

// Path walks down maps and arrays: "data.rows.0.id". A part that is a decimal
// number indexes an array; a key that holds a dot cannot be reached this way.
// An empty path is v itself.
func (v Value) Path(path string) Value {
	for path != "" && len(v) > 0 {
		part := path
		path = ""
		for i := range len(part) {
			if part[i] == '.' {
				part, path = part[:i], part[i+1:]
				break
			}
		}
		if v.Kind() == Array {
			i, ok := ParseInt(part)
			if !ok || i < 0 || i > math.MaxInt32 {
				return nil
			}
			v = v.Index(int(i))
			continue
		}
		v = v.Get(part)
	}
	return v
}

// Elements iterates over an array.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		h, err := readHead(v)
		if err != nil || h.kind != Array {
			return
		}
		rest := v[h.size:]
		for range h.n {
			n, err := skip(rest)
			if err != nil || !yield(rest[:n:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Entries iterates over a map in the order in which it was written.
func (v Value) Entries() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		for k, e := range v.Pairs() {
			if !yield(string(k), e) {
				return
			}
		}
	}
}

// Pairs is [Value.Entries] without copying the keys: they are borrowed from v.
func (v Value) Pairs() iter.Seq2[[]byte, Value] {
	return func(yield func([]byte, Value) bool) {
		h, err := readHead(v)
		if err != nil || h.kind != Map {
			return
		}
		rest := v[h.size:]
		for range h.n {
			k, err := skip(rest)
			if err != nil {
				return
			}
			key, kind := rest[:k].payload()
			if kind != String {
				return
			}
			rest = rest[k:]
			n, err := skip(rest)
			if err != nil || !yield(key, rest[:n:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// Object builds a map value, keys in the order of the calls. Setting a key twice
// is the caller's error: both pairs are written.
type Object struct {
	n int
	b []byte // headRoom bytes for the head, then the pairs
}

// headRoom is the longest head of a map or an array.
const headRoom = 5

// Set appends a key and its value; a missing value is written as nil.
func (o *Object) Set(key string, v Value) *Object {
	o.b = AppendValue(o.key(key), v)
	return o
}

// Str appends a key and a string.
func (o *Object) Str(key, s string) *Object {
	o.b = AppendString(o.key(key), s)
	return o
}

// Int appends a key and an integer.
func (o *Object) Int(key string, n int64) *Object {
	o.b = AppendInt(o.key(key), n)
	return o
}

// Bool appends a key and a boolean.
func (o *Object) Bool(key string, v bool) *Object {
	o.b = AppendBool(o.key(key), v)
	return o
}

func (o *Object) key(key string) []byte {
	o.n++
	if o.b == nil {
		o.b = make([]byte, headRoom, 128) // growing step by step costs guests more than the room
	}
	return AppendString(o.b, key)
}

// Len returns the number of pairs so far.
func (o *Object) Len() int { return o.n }

// Value returns the finished map, which takes over the Object's memory: do not
// use the Object afterwards.
func (o *Object) Value() Value {
	if o.n == 0 {
		return AppendMap(nil, 0)
	}
	var head [headRoom]byte
	h := AppendMap(head[:0], o.n)
	at := headRoom - len(h)
	copy(o.b[at:], h)
	return o.b[at:]
}

// List builds an array value.
type List struct {
	n int
	b []byte
}

// Add appends an element.
func (l *List) Add(v Value) *List {
	l.n++
	l.b = AppendValue(l.b, v)
	return l
}

// Len returns the number of elements so far.
func (l *List) Len() int { return l.n }

// Value returns the finished array.
func (l *List) Value() Value {
	return append(AppendArray(make([]byte, 0, len(l.b)+5), l.n), l.b...)
}

// StringValue returns s as a value.
func StringValue(s string) Value { return AppendString(make([]byte, 0, len(s)+5), s) }

// IntValue returns n as a value.
func IntValue(n int64) Value { return AppendInt(nil, n) }

// BoolValue returns v as a value.
func BoolValue(v bool) Value { return AppendBool(nil, v) }
