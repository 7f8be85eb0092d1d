package mask

import (
	"fmt"
	"strings"
)

// Struck stands where a number was taken out of a text.
const Struck = "[erased]"

// Lengths of numbers: below national, a number is compared as a whole only and never
// looked for in texts.
const (
	minNumber = 3
	national  = 10
	maxNumber = 15
)

// Number finds one telephone number however it was written.
type Number struct{ digits string }

// ParseNumber takes a number in any usual form.
func ParseNumber(s string) (Number, error) {
	digits := onlyDigits(s)
	if strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune("+0123456789 -().\u00a0", r) }) ||
		len(digits) < minNumber || len(digits) > maxNumber {
		return Number{}, fmt.Errorf("%d characters are no telephone number; want %d to %d digits, as in +7 916 123-45-67", len(s), minNumber, maxNumber)
	}
	return Number{digits}, nil
}

// Masked is the number shortened, for records about it.
func (n Number) Masked() string { return MaskPhone(n.digits) }

// Is reports whether a field that holds a number holds this one: with or without its
// country code, and in Russia with 8 for 7. A shortened number is none.
func (n Number) Is(field string) bool {
	if len(field) < minNumber || strings.Contains(field, "*") {
		return false
	}
	return n.same(onlyDigits(field))
}

func (n Number) same(other string) bool {
	if n.digits == other {
		return true
	}
	long, short := n.digits, other
	if len(long) < len(short) {
		long, short = short, long
	}
	switch {
	case len(short) == national && len(long) > national:
		return strings.HasSuffix(long, short)
	case len(short) == len(long) && len(long) == national+1:
		return strings.Contains("78", long[:1]) && strings.Contains("78", short[:1]) && long[1:] == short[1:]
	}
	return false
}

// Strike replaces the number in a text, however its digits are grouped, and returns
// how often.
func (n Number) Strike(text string) (string, int) {
	if len(n.digits) < national || !enoughDigits(text) {
		return text, 0
	}
	var out strings.Builder
	count, kept := 0, 0
	for i := 0; i < len(text); {
		if !digit(text[i]) || !free(text, i) {
			i++
			continue
		}
		end := n.at(text, i)
		if end == 0 {
			for i < len(text) && digit(text[i]) {
				i++
			}
			continue
		}
		start := i
		if start > kept && text[start-1] == '+' {
			start--
		}
		out.WriteString(text[kept:start])
		out.WriteString(Struck)
		kept, i = end, end
		count++
	}
	if count == 0 {
		return text, 0
	}
	out.WriteString(text[kept:])
	return out.String(), count
}

// at returns where the number ends that begins at i, 0 when another one does.
func (n Number) at(text string, i int) int {
	var digits [maxNumber]byte
	count, gap := 0, 0
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case digit(c):
			if count == maxNumber {
				return 0
			}
			digits[count] = c
			count, gap = count+1, 0
			whole := i+1 == len(text) || !digit(text[i+1]) && !letter(text[i+1])
			if count >= national && whole && n.same(string(digits[:count])) {
				return i + 1
			}
		case strings.IndexByte(" -().\xc2\xa0", c) >= 0 && gap < 4:
			gap++
		default:
			return 0
		}
	}
	return 0
}

// free reports whether a number can begin at i: not inside a word, but behind an
// encoded plus.
func free(text string, i int) bool {
	if i == 0 {
		return true
	}
	if i >= 3 && strings.EqualFold(text[i-3:i], "%2b") {
		return true
	}
	return !digit(text[i-1]) && !letter(text[i-1])
}

func enoughDigits(text string) bool {
	count := 0
	for i := range len(text) {
		if digit(text[i]) {
			if count++; count == national {
				return true
			}
		}
	}
	return false
}

func onlyDigits(s string) string {
	plain := true
	for i := range len(s) {
		plain = plain && digit(s[i])
	}
	if plain {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
}

func digit(c byte) bool  { return c >= '0' && c <= '9' }
func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
