package guard

import "unicode/utf16"

// gsmBasic and gsmExtended are the alphabets of 3GPP TS 23.038; a character of the
// second one takes two places.
const (
	gsmBasic = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "\f^{}\\[~]|€"
)

var gsmPlaces = func() map[rune]int {
	m := map[rune]int{}
	for _, r := range gsmBasic {
		m[r] = 1
	}
	for _, r := range gsmExtended {
		m[r] = 2
	}
	return m
}()

// Segments returns how many SMS a text becomes, at least 1. A character is never split
// over two parts, so a pair that does not fit any more begins the next one.
func Segments(text []byte) int {
	gsm := true
	for _, r := range string(text) {
		if gsmPlaces[r] == 0 {
			gsm = false
			break
		}
	}
	single, each := 70, 67
	if gsm {
		single, each = 160, 153
	}
	total, parts, inPart := 0, 1, 0
	for _, r := range string(text) {
		places := max(utf16.RuneLen(r), 1)
		if gsm {
			places = gsmPlaces[r]
		}
		total += places
		if inPart+places > each {
			parts, inPart = parts+1, 0
		}
		inPart += places
	}
	if total <= single {
		return 1
	}
	return parts
}
