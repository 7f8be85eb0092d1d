package binary

import (
	"fmt"
	"unicode/utf8"
)

// SyntaxError says what is wrong with a file and where.
type SyntaxError struct {
	// Offset counts bytes from the start of the file.
	Offset  int
	Message string
}

// Error returns "offset 0x1f: message".
func (e *SyntaxError) Error() string { return fmt.Sprintf("offset %#x: %s", e.Offset, e.Message) }

// Reader walks over a part of a file. The first failure sticks: from then on every method returns a zero value, so that a
// caller reads a whole construct and looks at Err once. It never reads outside its bytes and never allocates.
type Reader struct {
	data []byte
	base int // offset of data[0] in the file
	pos  int
	err  error
}

// NewReader reads data, whose first byte lies at offset base of the file (used in errors only). It keeps data.
func NewReader(data []byte, base int) *Reader { return &Reader{data: data, base: base} }

// Err is the first failure (a *SyntaxError), or nil.
func (r *Reader) Err() error { return r.err }

// Len is the number of unread bytes; 0 after a failure.
func (r *Reader) Len() int {
	if r.err != nil {
		return 0
	}
	return len(r.data) - r.pos
}

// Pos is the number of bytes read so far.
func (r *Reader) Pos() int { return r.pos }

// Offset is the position of the next byte in the file.
func (r *Reader) Offset() int { return r.base + r.pos }

// Failf records a failure at the next byte, unless there is one already.
func (r *Reader) Failf(format string, args ...any) { r.failAt(r.pos, format, args...) }

// FailAtf records a failure at an offset of the file, unless there is one already.
func (r *Reader) FailAtf(offset int, format string, args ...any) {
	r.failAt(offset-r.base, format, args...)
}

func (r *Reader) failAt(pos int, format string, args ...any) {
	if r.err == nil {
		r.err = &SyntaxError{Offset: r.base + pos, Message: fmt.Sprintf(format, args...)}
	}
}

// Byte reads one byte.
func (r *Reader) Byte() byte {
	if r.err != nil {
		return 0
	}
	if r.pos >= len(r.data) {
		r.Failf("unexpected end, a byte is missing")
		return 0
	}
	b := r.data[r.pos]
	r.pos++
	return b
}

// Bytes reads n bytes without copying them; the result aliases the file.
func (r *Reader) Bytes(n uint32) []byte {
	if r.err != nil {
		return nil
	}
	if uint64(n) > uint64(r.Len()) {
		r.Failf("%d bytes are announced, %d are left", n, r.Len())
		return nil
	}
	b := r.data[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return b
}

// Zero reads one byte that the format reserves and requires to be 0.
func (r *Reader) Zero(what string) {
	at := r.pos
	if b := r.Byte(); b != 0 {
		r.failAt(at, "%s must be 0x00, not %#02x", what, b)
	}
}

// Name reads a UTF-8 string with its length in front.
func (r *Reader) Name(what string) string {
	n := r.U32()
	at := r.pos
	b := r.Bytes(n)
	if !utf8.Valid(b) {
		r.failAt(at, "%s is not UTF-8", what)
		return ""
	}
	return string(b)
}

// Count reads the length of a vector whose items take at least one byte each. A length that cannot be true fails here,
// so callers may allocate in proportion to it.
func (r *Reader) Count(what string) uint32 {
	at := r.pos
	n := r.U32()
	if uint64(n) > uint64(r.Len()) {
		r.failAt(at, "%d %s are announced, only %d bytes are left", n, what, r.Len())
		return 0
	}
	return n
}
