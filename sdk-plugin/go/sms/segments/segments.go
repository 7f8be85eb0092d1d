// Package segments counts how many SMS a text becomes. It imports nothing, so that the
// gateway and plugins count alike.
package segments

// Encodings of an SMS, as providers get them.
const (
	GSM7 = "gsm7"
	UCS2 = "ucs2"
)

// basic is the GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1) without ESC; extended
// needs ESC before each and so counts twice (6.2.1.1).
const (
	basic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extended = "\f^{}\\[~]|"
	euro     = '€' // extended, too, and far from the others
)

// costs are the units of every character up to the last Greek one, 0 of those that are
// in neither alphabet.
var costs = func() (t [0x3aa]uint8) {
	for _, r := range basic {
		t[r] = 1
	}
	for _, r := range extended {
		t[r] = 2
	}
	return t
}()

// Units of one SMS: alone, and as a part of a longer one, where a header of six bytes
// takes its place (3GPP TS 23.040, 9.2.3.24.1).
const (
	gsmSingle, gsmPart = 160, 153
	ucsSingle, ucsPart = 70, 67
)

// Count returns the encoding that a text needs and the number of SMS that it costs, at
// least 1. A character is never split over two parts, so a pair that does not fit any
// more begins the next one. Bytes that are no UTF-8 count as one character each.
func Count(text string) (encoding string, n int) {
	if n, ok := count(text, gsmUnits, gsmSingle, gsmPart); ok {
		return GSM7, n
	}
	n, _ = count(text, ucsUnits, ucsSingle, ucsPart)
	return UCS2, n
}

// count is false for a text with a character of no units.
func count(text string, units func(rune) int, single, part int) (n int, ok bool) {
	total, parts, inPart := 0, 1, 0
	for _, r := range text {
		u := units(r)
		if u == 0 {
			return 0, false
		}
		total += u
		if inPart+u > part {
			parts, inPart = parts+1, 0
		}
		inPart += u
	}
	if total <= single {
		return 1, true
	}
	return parts, true
}

func gsmUnits(r rune) int {
	switch {
	case int(r) < len(costs):
		return int(costs[r])
	case r == euro:
		return 2
	}
	return 0
}

func ucsUnits(r rune) int {
	if r > 0xffff { // a pair in UTF-16
		return 2
	}
	return 1
}
