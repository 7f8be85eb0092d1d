package journal

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// effort counts what a query reads in vain, in nanoseconds of an ordinary
// machine, so that a page ends where it would become slow. It looks at no clock:
// the same query over the same records gives the same pages.
type effort int

// maxEffort bounds one page.
const maxEffort = effort(4_000_000)

// What things cost: measured, and rounded up.
const (
	costBlock  = 1500 // to come to a block and to check it
	costByte   = 1    // of a block
	costSearch = 2    // a byte that is searched for the text
	costRecord = 200  // to decode one and to look at its names
	costText   = 350  // to look for the text in one
	costJoin   = 1500 // to look up an outcome
	costDigest = 600
)

func (e *effort) block(size int)  { *e += effort(costBlock + costByte*size) }
func (e *effort) search(size int) { *e += effort(costBlock + costSearch*size) }
func (e *effort) records(size, inVain int, text bool) {
	if inVain > 0 {
		*e += effort(costBlock + costByte*size + costRecord*inVain)
	}
	if text {
		*e += effort(costText * inVain)
	}
}
func (e *effort) joined(inVain int) { *e += effort(costJoin * inVain) }
func (e *effort) digest(size int)   { *e += effort(costDigest + costByte*size/4) }
func (e *effort) spent() bool       { return *e >= maxEffort }

// needle finds blocks that cannot hold a text without decoding them: strings
// stand in a block as they are, once, and identifiers packed.
type needle struct {
	text   string    // lower case, ASCII
	tricky bool      // the text has a letter that others become in lower case
	rare   []byte    // a character of the text that few blocks have, in both cases
	at     int       // where it is
	packed [2][]byte // of a text that can be a part of an identifier, from its first and its second digit on
}

// usual is in the order in which characters are rarer and rarer in journals, which
// are JSON for the most part; all others are rarer still.
const usual = "\"e:,a0tn1ir2{}so3l459dc8m67u_pbhgv.yfwxk -/qjz+"

// minPacked is how many digits make it worth while to look for them packed.
const minPacked = 6

// newNeedle returns nil when every block must be decoded: a few digits are
// everywhere, and beyond ASCII lower case is not a matter of bytes.
func newNeedle(text string) *needle {
	if text == "" || strings.ContainsFunc(text, func(c rune) bool { return c >= utf8.RuneSelf }) {
		return nil
	}
	n := &needle{text: text, tricky: strings.ContainsAny(text, "ik")}
	if !strings.ContainsFunc(text, func(c rune) bool { return !identRune(c) }) {
		digits := strings.ReplaceAll(text, "-", "")
		if len(digits) < minPacked {
			return nil
		}
		n.packed = [2][]byte{appendPacked(nil, digits[:len(digits)&^1]), appendPacked(nil, digits[1:1+(len(digits)-1)&^1])}
	}
	rarest := -1
	for i := range len(text) {
		rank := strings.IndexByte(usual, text[i])
		if rank < 0 {
			rank = len(usual)
		}
		if rank > rarest {
			rarest, n.at = rank, i
		}
	}
	c := text[n.at]
	n.rare = append(n.rare, c)
	if 'a' <= c && c <= 'z' {
		n.rare = append(n.rare, c-'a'+'A')
	}
	return n
}

// identRune reports whether c can be in a packed identifier.
func identRune(c rune) bool { return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c == '-' }

var (
	kelvin  = []byte("\u212a") // k in lower case
	dottedI = []byte("\u0130") // i in lower case
)

// in reports whether a record of the block may hold the text.
func (n *needle) in(block []byte) bool {
	if n == nil {
		return true
	}
	for _, c := range n.rare {
		for at := n.at; at < len(block); at++ {
			found := bytes.IndexByte(block[at:], c)
			if found < 0 {
				break
			}
			at += found
			if n.stands(block[at-n.at:]) {
				return true
			}
		}
	}
	for _, p := range n.packed {
		if p != nil && bytes.Contains(block, p) {
			return true
		}
	}
	return n.tricky && (bytes.Contains(block, kelvin) || bytes.Contains(block, dottedI))
}

// stands reports whether b begins with the text, in any case of letters.
func (n *needle) stands(b []byte) bool {
	if len(b) < len(n.text) {
		return false
	}
	for i := range len(n.text) {
		c := b[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		if c != n.text[i] {
			return false
		}
	}
	return true
}
