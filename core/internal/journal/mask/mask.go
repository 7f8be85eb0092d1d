// Package mask shortens phone numbers and message texts for records that must not
// keep them. It is pure: no state, no clock, no I/O.
package mask

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// Hidden stands in the place of what was removed.
const Hidden = "***"

// MaskPhone keeps the beginning and the end of a phone number:
// "+79190000000" becomes "+7919***00". Of ten digits or more four stay in front
// and two behind, of eight or nine two and two, of seven the last two, of
// fewer none. The number of hidden digits does not show. What is not a phone
// number is hidden altogether. An empty string stays empty.
func MaskPhone(s string) string { return string(AppendPhone(nil, []byte(s))) }

// AppendPhone appends what [MaskPhone] makes of a number.
func AppendPhone(dst, s []byte) []byte {
	if len(s) == 0 {
		return dst
	}
	plus := ""
	digits := make([]byte, 0, 24)
	for i, c := range bytes.TrimSpace(s) {
		switch {
		case c >= '0' && c <= '9':
			if len(digits) == cap(digits) {
				return append(dst, Hidden...)
			}
			digits = append(digits, c)
		case c == '+' && i == 0:
			plus = "+"
		case c == ' ' || c == '-' || c == '(' || c == ')' || c == '.':
		default:
			return append(dst, Hidden...)
		}
	}
	front, back := 0, 0
	switch n := len(digits); {
	case n > 20 || n < 7:
		return append(dst, Hidden...)
	case n >= 10:
		front, back = 4, 2
	case n >= 8:
		front, back = 2, 2
	default:
		back = 2
	}
	dst = append(append(dst, plus...), digits[:front]...)
	return append(append(dst, Hidden...), digits[len(digits)-back:]...)
}

// Text keeps nothing of a message text but its length: "(17 characters)". An
// empty text stays empty.
func Text(s string) string { return string(AppendText(nil, []byte(s))) }

// AppendText appends what [Text] makes of a message text.
func AppendText(dst, s []byte) []byte {
	if len(s) == 0 {
		return dst
	}
	n := 0
	for rest := s; len(rest) > 0; n++ {
		_, size := utf8.DecodeRune(rest)
		rest = rest[size:]
	}
	return append(strconv.AppendInt(append(dst, '('), int64(n), 10), " characters)"...)
}
