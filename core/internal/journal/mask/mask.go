// Package mask shortens phone numbers and message texts for records that must not
// keep them. It is pure: no state, no clock, no I/O.
package mask

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Hidden stands in the place of what was removed.
const Hidden = "***"

// MaskPhone keeps the beginning and the end of a phone number:
// "+79190000000" becomes "+7919***00". Of ten digits or more four stay in front
// and two behind, of eight or nine two and two, of seven the last two, of
// fewer none. The number of hidden digits does not show. What is not a phone
// number is hidden altogether. An empty string stays empty.
func MaskPhone(s string) string {
	if s == "" {
		return ""
	}
	plus := ""
	digits := make([]byte, 0, 16)
	for i, c := range []byte(strings.TrimSpace(s)) {
		switch {
		case c >= '0' && c <= '9':
			digits = append(digits, c)
		case c == '+' && i == 0:
			plus = "+"
		case c == ' ' || c == '-' || c == '(' || c == ')' || c == '.':
		default:
			return Hidden
		}
	}
	front, back := 0, 0
	switch n := len(digits); {
	case n > 20 || n < 7:
		return Hidden
	case n >= 10:
		front, back = 4, 2
	case n >= 8:
		front, back = 2, 2
	default:
		back = 2
	}
	return plus + string(digits[:front]) + Hidden + string(digits[len(digits)-back:])
}

// Text keeps nothing of a message text but its length: "(17 characters)". An
// empty text stays empty.
func Text(s string) string {
	if s == "" {
		return s
	}
	return fmt.Sprintf("(%d characters)", utf8.RuneCountInString(s))
}
