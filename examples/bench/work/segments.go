package work

// Encodings of an SMS.
const (
	GSM7 = "gsm7"
	UCS2 = "ucs2"
)

// Units that fit: into a message alone, and into each part of a longer one, which
// loses six bytes to its header (3GPP TS 23.040).
const (
	gsmSingle, gsmPart = 160, 153
	ucsSingle, ucsPart = 70, 67
)

// Segments returns the encoding that a text needs and the number of SMS that it
// becomes. Neither an escape sequence nor a surrogate pair is cut in two. Bytes
// that are no UTF-8 count as U+FFFD, each.
func Segments(text string) (encoding string, n int) {
	septets, parts, room := 0, 1, gsmPart
	for _, r := range text {
		cost := gsmCost(r)
		if cost == 0 {
			return UCS2, ucsSegments(text)
		}
		septets += cost
		if cost > room {
			parts, room = parts+1, gsmPart
		}
		room -= cost
	}
	if septets <= gsmSingle {
		return GSM7, 1
	}
	return GSM7, parts
}

func ucsSegments(text string) int {
	units, parts, room := 0, 1, ucsPart
	for _, r := range text {
		cost := 1
		if r > 0xffff {
			cost = 2
		}
		units += cost
		if cost > room {
			parts, room = parts+1, ucsPart
		}
		room -= cost
	}
	if units <= ucsSingle {
		return 1
	}
	return parts
}

// gsmCost is the number of septets that a character takes in the default alphabet
// of 3GPP TS 23.038 and its extension, 0 when it is in neither.
func gsmCost(r rune) int {
	if r < 0x80 {
		return int(ascii[r])
	}
	switch r {
	case '£', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å', 'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ',
		'Æ', 'æ', 'ß', 'É', '¤', '¡', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'ä', 'ö', 'ñ', 'ü', 'à':
		return 1
	case '€':
		return 2
	}
	return 0
}

// ascii are the costs of the characters below 0x80.
var ascii = func() (costs [0x80]uint8) {
	for r := ' '; r < 0x7f; r++ {
		costs[r] = 1
	}
	costs['\n'], costs['\r'], costs['`'] = 1, 1, 0
	for _, r := range "\f^{}\\[~]|" {
		costs[r] = 2
	}
	return costs
}()
