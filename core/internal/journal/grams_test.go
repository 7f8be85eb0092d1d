package journal

import (
	"slices"
	"strings"
	"testing"
	"unicode"
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

// asked is what a text is searched by, of both kinds.
func asked(text string) []uint64 {
	out := gramsOf(text)
	weakGrams(text, func(g uint32) { out = append(out, weakHash(g)) })
	return out
}

// sieved reports whether a sieve lets a gram through.
func sieved(t *testing.T, s *sieve, h uint64) bool {
	t.Helper()
	filter, err := parseSieve(s[sievePart(h)])
	if err != nil {
		t.Fatal(err)
	}
	return filter.has(h)
}

func TestWeakGrams(t *testing.T) {
	count := func(text string) (n int) {
		weakGrams(text, func(uint32) { n++ })
		return n
	}
	for text, want := range map[string]int{
		"": 0, "xyz": 0, "wxyz": 1, "abcd-0123": 0, "needle-500": 5, "Иван": 1, "иванов": 3, "0190a1b2-c3d4": 0, "\xff\xfe\xfd\xfc": 1,
	} {
		if got := count(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	if !slices.Equal(asked("ИВАНОВ at The Desk"), asked("иванов AT tHE dESK")) {
		t.Error("case matters")
	}
}

// TestLowerIsLower: lower case does not change in lower case, so a text that a search
// has made lower has the grams that it had.
func TestLowerIsLower(t *testing.T) {
	for r := range unicode.MaxRune {
		if low := unicode.ToLower(r); unicode.ToLower(low) != low {
			t.Fatalf("%U", r)
		}
	}
}

// TestSieve: what it was given it lets through, and little else.
func TestSieve(t *testing.T) {
	var hashes []uint64
	for i := range uint64(5000) {
		hashes = append(hashes, mix(i), mix(i))
	}
	s := newSieve(hashes)
	wrong := 0
	for i := range uint64(100_000) {
		if in := sieved(t, &s, mix(i)); i < 5000 && !in {
			t.Fatalf("%d is not in", i)
		} else if i >= 5000 && in {
			wrong++
		}
	}
	if wrong > 100 {
		t.Errorf("%d of 95,000 others are let through", wrong)
	}
	empty := newSieve(nil)
	if sieved(t, &empty, mix(1)) {
		t.Error("an empty one lets something through")
	}
	for _, b := range [][]byte{nil, {sieveVersion}, {sieveVersion + 1, 0, 0, 0, 0}, append(slices.Clone(s[3]), 1)} {
		if _, err := parseSieve(b); err == nil {
			t.Errorf("%x is taken", b)
		}
	}
}

// FuzzGrams: what a part of a text has, the whole has; that makes searches exact.
func FuzzGrams(f *testing.F) {
	f.Add("call +79161234567 now", uint8(3), uint8(14))
	f.Add("abcdefab-cdef-abcd-efab-cdefabcdefab", uint8(0), uint8(36))
	f.Fuzz(func(t *testing.T, text string, from, length uint8) {
		start := min(int(from), len(text))
		part := text[start:min(start+int(length), len(text))]
		if !utf8.ValidString(part) {
			return // not the lower case of a part
		}
		var set gramSet
		set.add(text)
		all := set.strong
		for i := range set.weak {
			for bit := range 64 {
				if set.weak[i]>>bit&1 != 0 {
					all = append(all, weakHash(uint32(i*64+bit)))
				}
			}
		}
		s := newSieve(all)
		hashes, _ := gramsAsked(strings.ToLower(part))
		for _, h := range append(hashes, asked(strings.ToLower(part))...) {
			if !slices.Contains(all, h) || !sieved(t, &s, h) {
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
			d.names(&filter{user: "u", module: "m", action: "a"})
		}
	})
}

func TestDigestRoundTrip(t *testing.T) {
	g := gather{}
	g.begin(blockSpot{7, 1})
	g.note(&Request{User: "u", Module: "m", Action: "a", Body: "79161234567"}, 1)
	g.note(&Request{User: "v", Module: "m", Action: "b"}, 9)
	o := g.seal(KindRequest, blockKey(7, 9))
	d, err := parseDigest(o.digest, KindRequest)
	if err != nil || d.first != (blockSpot{7, 1}) || d.lastID != 9 {
		t.Fatalf("%+v, %v", d, err)
	}
	for want, filters := range map[bool][]filter{
		true:  {{}, {user: "u"}, {user: "v", module: "m", action: "b"}},
		false: {{user: "U"}, {module: "u"}, {action: "c"}, {user: "u", action: "c"}},
	} {
		for _, f := range filters {
			if d.names(&f) != want {
				t.Errorf("%+v: %t", f, !want)
			}
		}
	}
	if !d.sieved(&filter{}) || !d.sieved(&filter{weak: true}) || !sieved(t, &o.sieve, gramsOf("9161234567")[0]) || sieved(t, &o.sieve, gramsOf("9161234568")[0]) {
		t.Error("the sieve does not know the number, or another one")
	}
	for i := range maxNames + 1 {
		g.note(&Request{User: strings.Repeat("x", i)}, uint64(10+i))
	}
	if d, err = parseDigest(g.encode(KindRequest), KindRequest); err != nil || !d.names(&filter{user: "anybody"}) || d.names(&filter{module: "z"}) {
		t.Errorf("too many users: %v", err)
	}
}

// FuzzNeedle: a block that a text is found in is never passed over.
func FuzzNeedle(f *testing.F) {
	f.Add(`{"sip":"Agent 7"}`, uint8(7), uint8(7))
	f.Add("Kelvin \u212a and \u0130 dots", uint8(6), uint8(9))
	f.Add("zzzzzzzzzzzzzzzy", uint8(8), uint8(8))
	f.Add("0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b", uint8(5), uint8(9))
	f.Add("0190a1b2c3d47e5f8a9b0c1d2e3f4a5b", uint8(7), uint8(8))
	f.Fuzz(func(t *testing.T, text string, from, length uint8) {
		start := min(int(from), len(text))
		want := strings.ToLower(text[start:min(start+int(length), len(text))])
		if !strings.Contains(text, want) && !strings.Contains(strings.ToLower(text), want) {
			return
		}
		n := newNeedle(want)
		var e encoder
		e.ident(text)
		for _, block := range []string{text, "head" + text, text + "tail", string(e.b)} {
			if !n.in([]byte(block)) {
				t.Errorf("%q is in %q", want, block)
			}
		}
	})
}
