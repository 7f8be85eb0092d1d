package sms

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

// Amount returns an amount of money as it is written: a number, or a text that holds
// a decimal one. ok is false for everything else: 1e3, NaN, an empty text.
func Amount(v patchbay.Value) (text string, ok bool) {
	text = v.String()
	if len(text) > maxAmount {
		return "", false
	}
	digits, point := 0, false
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && !point && digits > 0:
			point, digits = true, 0 // some must follow
		case c == '-' && i == 0:
		default:
			return "", false
		}
	}
	return text, digits > 0
}

// maxAmount is more digits than there is money.
const maxAmount = 40
