package abi

import "math"

// ParseInt reads a decimal integer with an optional sign, as strconv.ParseInt does
// with base 10; ok is false for everything else and for overflow. It is here because
// strconv's errors quote what they could not read: 30 KB in every guest.
func ParseInt[T string | []byte](text T) (n int64, ok bool) {
	negative := len(text) > 0 && text[0] == '-'
	if negative || len(text) > 0 && text[0] == '+' {
		text = text[1:]
	}
	if len(text) == 0 {
		return 0, false
	}
	// Digits are taken off, because there is one more number below zero than above.
	for i := range len(text) {
		digit := int64(text[i]) - '0'
		if digit < 0 || digit > 9 || n < (math.MinInt64+digit)/10 {
			return 0, false
		}
		n = n*10 - digit
	}
	if negative {
		return n, true
	}
	return -n, n != math.MinInt64
}
