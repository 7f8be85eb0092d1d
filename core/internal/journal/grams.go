package journal

import (
	"unicode"
	"unicode/utf8"
)

// Searches for a text read the stretches of blocks whose sieve says that it may be
// there (see sieve.go). A sieve holds grams: parts of texts in a form that does not
// depend on the case of letters. What is in a part of a text is in the whole of it,
// too, so a text can only be found where all its grams are.
//
// The strong grams are what people paste into a search: ten digits in a row (a
// telephone number without its country code), 32 hexadecimal digits in a row (a
// request id) and a UUID. The weak ones are any four characters of which one is
// not a hexadecimal digit or a dash: fours of those are everywhere, in identifiers.
const (
	digitGram = 10
	hexGram   = 32
	uuidGram  = 36
)

// grams calls yield with the hash of each strong gram of a text.
func grams(text string, yield func(uint64)) {
	digits, hexes, dashed := 0, 0, 0 // how long the runs are that end here
	for i := range len(text) {
		c := text[i] | 0x20 // the letters' case; digits and the dash have this bit
		switch {
		case text[i] >= '0' && text[i] <= '9':
			digits, hexes, dashed = digits+1, hexes+1, dashed+1
		case c >= 'a' && c <= 'f':
			digits, hexes, dashed = 0, hexes+1, dashed+1
		case text[i] == '-':
			digits, hexes, dashed = 0, 0, dashed+1
		default:
			digits, hexes, dashed = 0, 0, 0
		}
		end := i + 1
		if digits >= digitGram {
			yield(gramHash(text[end-digitGram : end]))
		}
		if hexes >= hexGram {
			yield(gramHash(text[end-hexGram : end]))
		}
		if dashed >= uuidGram && uuidDashes(text[end-uuidGram:end]) {
			yield(gramHash(text[end-uuidGram : end]))
		}
	}
}

func uuidDashes(s string) bool { return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' }

// Weak grams are numbers below 1 << weakBits, so that those of a stretch are a
// bitmap; two of them may have the same number.
const (
	weakRunes = 4
	weakBits  = 20

	weakFactor = 0x9e3779b97f4a7c15
)

// weakGrams calls yield with each weak gram of a text.
func weakGrams(text string, yield func(uint32)) {
	var last uint64 // the last four characters, 16 bits of each
	idents := 0     // how many characters that identifiers are made of end here
	for i, n := 0, 1; i < len(text); n++ {
		c, size := rune(text[i]), 1
		switch {
		case c >= utf8.RuneSelf:
			c, size = utf8.DecodeRuneInString(text[i:])
			c = unicode.ToLower(c)
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		}
		i += size
		last = last<<16 | uint64(uint16(c^c>>16))
		if idents++; !identRune(c) {
			idents = 0
		}
		if n >= weakRunes && idents < weakRunes {
			yield(uint32(last * weakFactor >> (64 - weakBits)))
		}
	}
}

// gramSet collects the grams of many texts.
type gramSet struct {
	strong []uint64 // hashes, some of them more than once
	weak   []uint64 // a bitmap
	// known are short texts that have been added; many come again and again.
	known [64]string
}

const maxKnown = 32

// classes has for each byte what it is in lower case, and what it is.
var classes = func() (table [256]byte) {
	for i := range table {
		c := byte(i)
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if identRune(rune(c)) {
			c |= identClass
		}
		table[i] = c
	}
	return table
}()

// identClass marks what identifiers are made of; what is not ASCII has the bit, too.
const identClass = 0x80

func (s *gramSet) add(text string) {
	if len(text) < weakRunes {
		return
	}
	if len(text) <= maxKnown {
		slot := &s.known[(len(text)*7+int(text[0])*5+int(text[len(text)-1])*3)%len(s.known)]
		if *slot == text {
			return
		}
		*slot = text
	}
	if s.weak == nil {
		s.weak = make([]uint64, 1<<weakBits/64)
	}
	weak := (*[1 << weakBits / 64]uint64)(s.weak)
	var last uint64
	idents := 0
	for i := range len(text) {
		c := text[i]
		if c >= utf8.RuneSelf {
			s.addAny(text)
			return
		}
		class := classes[c]
		last = last<<16 | uint64(class&^identClass)
		if class&identClass != 0 {
			if idents++; idents >= weakRunes {
				continue
			}
		} else {
			if idents >= digitGram {
				s.addStrong(text[i-idents : i])
			}
			idents = 0
		}
		if i >= weakRunes-1 {
			n := last * weakFactor >> (64 - weakBits)
			weak[n/64] |= 1 << (n % 64)
		}
	}
	if idents >= digitGram {
		s.addStrong(text[len(text)-idents:])
	}
}

// addAny is add for texts beyond ASCII.
func (s *gramSet) addAny(text string) {
	weakGrams(text, func(n uint32) { s.weak[n/64] |= 1 << (n % 64) })
	s.addStrong(text)
}

func (s *gramSet) addStrong(text string) {
	grams(text, func(h uint64) { s.strong = append(s.strong, h) })
}

// reset forgets the grams and keeps the room for them.
func (s *gramSet) reset() {
	s.strong = s.strong[:0]
	clear(s.weak)
	clear(s.known[:])
}

// weakHash is what a sieve knows a weak gram by.
func weakHash(gram uint32) uint64 { return mix(uint64(gram) | 1<<weakBits) }

// Bounds of what a search asks sieves for; grams beyond them would find out little.
const (
	maxStrongAsked = 4
	maxWeakAsked   = 8
)

// gramsAsked returns the hashes of the grams that lead to a text, the strong ones if
// there are any, and the weak ones from all over the text otherwise.
func gramsAsked(text string) (hashes []uint64, weak bool) {
	grams(text, func(h uint64) { hashes = append(hashes, h) })
	if len(hashes) > 0 {
		return spread(hashes, maxStrongAsked), false
	}
	weakGrams(text, func(g uint32) { hashes = append(hashes, weakHash(g)) })
	return spread(hashes, maxWeakAsked), true
}

// spread leaves at most n of the list, at equal distances.
func spread(list []uint64, n int) []uint64 {
	if len(list) <= n {
		return list
	}
	for i := range n {
		list[i] = list[i*(len(list)-1)/(n-1)]
	}
	return list[:n]
}

// gramHash is FNV-1a over lower case with a finalizer. It is on disk.
func gramHash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i]|0x20)) * 1099511628211
	}
	return mix(h)
}

// nameHash is for names that must be equal, case included.
func nameHash(s string) uint32 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return uint32(mix(h))
}

func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
