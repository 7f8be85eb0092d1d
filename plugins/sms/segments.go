package main

import "strings"

// Encodings of an SMS, as providers get them.
const (
	gsm7 = "gsm7"
	ucs2 = "ucs2"
)

// gsmBasic is the GSM 7-bit default alphabet (3GPP TS 23.038, 6.2.1) without ESC;
// gsmExtended needs ESC before each and so counts twice (6.2.1.1).
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

// Units of one SMS: alone, and as a part of a longer one, where a header of six
// bytes takes its place (3GPP TS 23.040, 9.2.3.24.1).
const (
	gsmSingle, gsmPart = 160, 153
	ucsSingle, ucsPart = 70, 67
)

// segments returns the encoding that a text needs and the number of SMS that it
// costs. A character is never split over two parts, so a pair that does not fit
// any more begins the next one.
func segments(text string) (encoding string, n int) {
	total, parts, inPart := 0, 1, 0
	encoding, single, part := gsm7, gsmSingle, gsmPart
	if !isGSM(text) {
		encoding, single, part = ucs2, ucsSingle, ucsPart
	}
	for _, r := range text {
		u := units(r, encoding)
		total += u
		if inPart+u > part {
			parts, inPart = parts+1, 0
		}
		inPart += u
	}
	if total <= single {
		return encoding, 1
	}
	return encoding, parts
}

func isGSM(text string) bool {
	for _, r := range text {
		if !strings.ContainsRune(gsmBasic, r) && !strings.ContainsRune(gsmExtended, r) {
			return false
		}
	}
	return true
}

func units(r rune, encoding string) int {
	switch {
	case encoding == gsm7 && strings.ContainsRune(gsmExtended, r), encoding == ucs2 && r > 0xffff:
		return 2
	}
	return 1
}
