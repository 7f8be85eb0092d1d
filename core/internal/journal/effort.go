package journal

import (
	"bytes"
	"strings"
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
	costRecord = 350  // to decode one and to look at it
	costJoin   = 1500 // to look up an outcome
	costDigest = 1500
)

func (e *effort) block(size int)  { *e += effort(costBlock + costByte*size) }
func (e *effort) search(size int) { *e += effort(costBlock + costSearch*size) }
func (e *effort) records(size, inVain int) {
	*e += effort(min(inVain, 1)*(costBlock+costByte*size) + costRecord*inVain)
}
func (e *effort) joined(inVain int) { *e += effort(costJoin * inVain) }
func (e *effort) digest(size int)   { *e += effort(costDigest + costByte*size/2) }
func (e *effort) spent() bool       { return *e >= maxEffort }

// needle finds blocks that cannot hold a text without decoding them: strings
// stand in a block as they are, once.
type needle struct {
	text    []byte // lower case, ASCII
	tricky  bool   // the text has a letter that others become in lower case
	scratch []byte
}

// newNeedle returns nil when every block must be decoded: identifiers are packed,
// and beyond ASCII lower case is not a matter of bytes.
func newNeedle(text string) *needle {
	if text == "" || !strings.ContainsFunc(text, func(c rune) bool { return !identRune(c) }) ||
		strings.ContainsFunc(text, func(c rune) bool { return c >= 0x80 }) {
		return nil
	}
	return &needle{text: []byte(text), tricky: strings.ContainsAny(text, "ik")}
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
	n.scratch = append(n.scratch[:0], block...)
	for i, c := range n.scratch {
		if c-'A' < 26 {
			n.scratch[i] = c | 0x20
		}
	}
	return bytes.Contains(n.scratch, n.text) ||
		n.tricky && (bytes.Contains(block, kelvin) || bytes.Contains(block, dottedI))
}
