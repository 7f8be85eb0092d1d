// Package mask removes from texts what must not be kept or shown: secrets
// always, phone numbers and message texts as the operator has chosen. It is
// pure: no state, no clock, no I/O.
package mask

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
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

// TextMode says what is kept of a message text.
type TextMode int

// The modes. The zero value hides, so that a forgotten setting shows nothing.
const (
	TextHidden TextMode = iota // its length: "(17 characters)"
	TextHash                   // length and keyed hash, to recognise repetitions
	TextFull                   // all of it
)

// ParseTextMode reads "hidden", "hash" or "full".
func ParseTextMode(s string) (TextMode, error) {
	switch s {
	case "hidden":
		return TextHidden, nil
	case "hash":
		return TextHash, nil
	case "full":
		return TextFull, nil
	}
	return TextHidden, fmt.Errorf("text mode %q is not one of hidden, hash, full", s)
}

// Text applies the mode to a message text. The hash is an HMAC: short texts
// such as one-time codes could be guessed from a plain one, so key should be a
// secret of the installation. An empty text stays empty.
func Text(s string, mode TextMode, key []byte) string {
	if s == "" || mode == TextFull {
		return s
	}
	n := utf8.RuneCountInString(s)
	if mode == TextHash {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(s))
		return fmt.Sprintf("(%d characters, %s)", n, hex.EncodeToString(mac.Sum(nil)[:8]))
	}
	return fmt.Sprintf("(%d characters)", n)
}

// Truncate shortens s to at most limit bytes without cutting a character in
// two; a shortened text ends in "…" when there is room for it.
func Truncate(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	const mark = "…"
	end, tail := limit-len(mark), mark
	if end < 0 {
		end, tail = max(limit, 0), ""
	}
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + tail
}
