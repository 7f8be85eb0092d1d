package journal

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func gramsOf(text string) []uint64 {
	var out []uint64
	grams(text, func(h uint64) { out = append(out, h) })
	return out
}

func TestGrams(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "123456789": 0, "1234567890": 1, "+7 916 123 45 67": 0, "+79161234567": 2, "12345 1234567890 1": 1,
		"0123456789abcdef0123456789abcdef":     3, // and the two runs of ten digits in it
		"abcdefabcdefabcdefabcdefabcdefab":     1,
		"abcdefab-cdef-abcd-efab-cdefabcdefab": 1,
		"abcdefabcdef-abcd-efab-cdefabcdefabc": 0,
	} {
		if got := len(gramsOf(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if !slices.Equal(gramsOf("ABCDEFAB-CDEF-ABCD-EFAB-CDEFABCDEFAB"), gramsOf("abcdefab-cdef-abcd-efab-cdefabcdefab")) {
		t.Error("case matters")
	}
}

// FuzzGrams: what a part of a text has, the whole has; that makes searches exact.
func FuzzGrams(f *testing.F) {
	f.Add("call +79161234567 now", uint8(3), uint8(14))
	f.Add("abcdefab-cdef-abcd-efab-cdefabcdefab", uint8(0), uint8(36))
	f.Fuzz(func(t *testing.T, text string, from, length uint8) {
		start := min(int(from), len(text))
		part := text[start:min(start+int(length), len(text))]
		all := gramsOf(text)
		filter := newBloom(all)
		for _, h := range gramsOf(strings.ToLower(part)) {
			if !utf8.ValidString(part) {
				return // not the lower case of a part
			}
			if !slices.Contains(all, h) || !filter.has(h) {
				t.Errorf("%q is a part of %q", part, text)
			}
		}
	})
}

// FuzzParseDigest: damage is an error or harmless, never a panic, and a digest
// comes back as it was.
func FuzzParseDigest(f *testing.F) {
	g := gather{}
	g.begin(blockSpot{7, 1})
	g.note(&Request{User: "u", Module: "m", Body: "79161234567"}, 1)
	f.Add(g.encode(KindRequest))
	f.Add([]byte{digestVersion, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= headerAt { // let the checksum fit, or nothing behind it is tried
			sum := checksum(b)
			b[2], b[3], b[4], b[5] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
		}
		d, err := parseDigest(b, KindRequest)
		if err == nil {
			d.may(&filter{user: "u", grams: gramsOf("79161234567")})
		}
	})
}

func TestDigestRoundTrip(t *testing.T) {
	g := gather{}
	g.begin(blockSpot{7, 1})
	g.note(&Request{User: "u", Module: "m", Action: "a", Body: "79161234567"}, 1)
	g.note(&Request{User: "v", Module: "m", Action: "b"}, 9)
	d, err := parseDigest(g.encode(KindRequest), KindRequest)
	if err != nil || d.first != (blockSpot{7, 1}) || d.lastID != 9 {
		t.Fatalf("%+v, %v", d, err)
	}
	for want, filters := range map[bool][]filter{
		true:  {{}, {user: "u"}, {user: "v", module: "m", action: "b"}, {grams: gramsOf("9161234567")}},
		false: {{user: "U"}, {module: "u"}, {action: "c"}, {user: "u", grams: gramsOf("9161234568")}},
	} {
		for _, f := range filters {
			if d.may(&f) != want {
				t.Errorf("%+v: %t", f, !want)
			}
		}
	}
	for i := range maxNames + 1 {
		g.note(&Request{User: strings.Repeat("x", i)}, uint64(10+i))
	}
	if d, err = parseDigest(g.encode(KindRequest), KindRequest); err != nil || !d.may(&filter{user: "anybody"}) || d.may(&filter{module: "z"}) {
		t.Errorf("too many users: %v", err)
	}
}
