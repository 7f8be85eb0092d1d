package rehearsal

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// maxShown bounds one side of a difference, in characters, and maxDiffs how many
// differences of one value are told.
const (
	maxShown = 300
	maxDiffs = 20
)

// differs returns the differences of two values, each with its place. Numbers are
// compared by what they are worth, maps without their order, and byte strings by
// their base64, which is what JSON shows of them.
func differs(place string, want, got abi.Value) []string {
	var c comparison
	c.value(place, want, got)
	if rest := len(c.found) - maxDiffs; rest > 0 {
		c.found = append(c.found[:maxDiffs], fmt.Sprintf("%s: and %d more differences", place, rest))
	}
	return c.found
}

type comparison struct{ found []string }

func (c *comparison) say(place, format string, args ...any) {
	c.found = append(c.found, place+": "+fmt.Sprintf(format, args...))
}

func (c *comparison) value(place string, want, got abi.Value) {
	wantKind, gotKind := kindOf(want), kindOf(got)
	switch {
	case wantKind == abi.Map && gotKind == abi.Map:
		c.maps(place, want, got)
	case wantKind == abi.Array && gotKind == abi.Array:
		c.arrays(place, want, got)
	case isText(wantKind) && isText(gotKind):
		if w, g := plain(want), plain(got); w != g {
			c.text(place, w, g)
		}
	case wantKind != gotKind && !(isNumber(wantKind) && isNumber(gotKind)) || !sameScalar(want, got):
		c.say(place, "want %s, got %s", show(want), show(got))
	}
}

// kindOf takes a missing value for nil: a reply without a body is written as null.
func kindOf(v abi.Value) abi.Kind {
	if len(v) == 0 {
		return abi.Nil
	}
	return v.Kind()
}

func isText(k abi.Kind) bool   { return k == abi.String || k == abi.Bytes }
func isNumber(k abi.Kind) bool { return k == abi.Int || k == abi.Float }

func plain(v abi.Value) string {
	if v.Kind() == abi.Bytes {
		return base64.StdEncoding.EncodeToString(v.Bytes())
	}
	return v.String()
}

func sameScalar(want, got abi.Value) bool {
	if want.String() == got.String() {
		return true
	}
	if !isNumber(kindOf(want)) || kindOf(want) == kindOf(got) {
		return false
	}
	w, _ := want.Float()
	g, _ := got.Float()
	return w == g
}

func (c *comparison) maps(place string, want, got abi.Value) {
	for key, w := range want.Entries() {
		at := place + "/" + jsontree.Escape(key)
		if g := got.Get(key); len(g) == 0 {
			c.say(at, "want %s, but it is not there", show(w))
		} else {
			c.value(at, w, g)
		}
	}
	for key, g := range got.Entries() {
		if len(want.Get(key)) == 0 {
			c.say(place+"/"+jsontree.Escape(key), "not expected: %s", show(g))
		}
	}
}

func (c *comparison) arrays(place string, want, got abi.Value) {
	w, g := slices.Collect(want.Elements()), slices.Collect(got.Elements())
	for i := range min(len(w), len(g)) {
		c.value(place+"/"+strconv.Itoa(i), w[i], g[i])
	}
	switch {
	case len(w) > len(g):
		c.say(place, "want %d elements, got %d; the first that is missing: %s", len(w), len(g), show(w[len(g)]))
	case len(g) > len(w):
		c.say(place, "want %d elements, got %d; the first beyond: %s", len(w), len(g), show(g[len(w)]))
	}
}

// text tells where two texts begin to differ when they are too long to be shown.
func (c *comparison) text(place, want, got string) {
	if utf8.RuneCountInString(want) <= maxShown && utf8.RuneCountInString(got) <= maxShown {
		c.say(place, "want %q, got %q", want, got)
		return
	}
	same := 0
	for same < min(len(want), len(got)) && want[same] == got[same] {
		same++
	}
	for same > 0 && same < len(want) && !utf8.RuneStart(want[same]) {
		same--
	}
	from := max(0, same-20)
	for from > 0 && !utf8.RuneStart(want[from]) {
		from--
	}
	c.say(place, "%d and %d bytes that differ from byte %d: want …%q, got …%q", len(want), len(got), same,
		shorten(want[from:], 80), shorten(got[min(from, len(got)):], 80))
}

func shorten(s string, limit int) string {
	n := 0
	for i := range s {
		if n++; n > limit {
			return s[:i] + "…"
		}
	}
	return s
}

// show writes a value for people.
func show(v abi.Value) string {
	b, err := transcode.AppendJSON(nil, v)
	if err != nil {
		return fmt.Sprintf("a malformed value (%v)", err)
	}
	return shorten(string(b), maxShown)
}

// indent puts a multi-line text below a problem.
func indent(text string) string {
	return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n    ")
}
