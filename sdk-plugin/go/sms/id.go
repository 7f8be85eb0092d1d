package sms

import "strings"

// IDForm says how the id in an aggregator's receipts differs from the id in its
// answer to the submission. Normalise both with [NormalID], so that they meet.
// Only with aggregators that do so: elsewhere "007" and "7" are two messages.
type IDForm uint8

// Differences that aggregators are known for; they can be combined.
const (
	// LeadingZeros: "000123" and "123".
	LeadingZeros IDForm = 1 << iota
	// LetterCase: "1A2B" and "1a2b".
	LetterCase
	// Hexadecimal: this id is a hexadecimal number, the other one the same number
	// in decimal. Only for the side that is hexadecimal: "1a2b" becomes "6699".
	Hexadecimal
)

// NormalID returns id in the form that both sides have in common. An id that is
// not of the form stays as it is: an empty one too, and with Hexadecimal one that
// holds anything but hexadecimal digits.
func NormalID(id string, form IDForm) string {
	id = strings.TrimSpace(id)
	if form&LetterCase != 0 {
		id = strings.ToLower(id)
	}
	if form&Hexadecimal != 0 {
		id = decimal(id)
	}
	if form&LeadingZeros != 0 && id != "" {
		if id = strings.TrimLeft(id, "0"); id == "" {
			id = "0"
		}
	}
	return id
}

// decimal writes a hexadecimal number of any length in decimal: ids of 64 bits
// and UUIDs without dashes occur.
func decimal(id string) string {
	digits := []byte{0} // decimal, the lowest first
	for i := range len(id) {
		carry := strings.IndexByte("0123456789abcdefABCDEF", id[i])
		if carry > 0xf {
			carry -= 6
		}
		if carry < 0 || len(id) > 64 {
			return id
		}
		for j := range digits {
			carry += int(digits[j]) * 16
			digits[j] = byte(carry % 10)
			carry /= 10
		}
		for ; carry > 0; carry /= 10 {
			digits = append(digits, byte(carry%10))
		}
	}
	if id == "" {
		return id
	}
	out := make([]byte, len(digits))
	for i, d := range digits {
		out[len(out)-1-i] = '0' + d
	}
	return string(out)
}
