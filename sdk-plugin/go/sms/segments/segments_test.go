package segments

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCount(t *testing.T) {
	for _, c := range []struct {
		text     string
		encoding string
		n        int
	}{
		{"", GSM7, 1},
		{"Hello", GSM7, 1},
		{strings.Repeat("a", 160), GSM7, 1},
		{strings.Repeat("a", 161), GSM7, 2},
		{strings.Repeat("a", 306), GSM7, 2},
		{strings.Repeat("a", 307), GSM7, 3},
		{strings.Repeat("€", 80), GSM7, 1},
		{strings.Repeat("€", 81), GSM7, 2},
		// 153 is odd, so each part of pairs holds 76 of them.
		{strings.Repeat("€", 152), GSM7, 2},
		{strings.Repeat("€", 153), GSM7, 3},
		{strings.Repeat("я", 70), UCS2, 1},
		{strings.Repeat("я", 71), UCS2, 2},
		{strings.Repeat("я", 134), UCS2, 2},
		{strings.Repeat("я", 135), UCS2, 3},
		{strings.Repeat("я", 150), UCS2, 3}, // observed with Kannel 1.4.5: 67, 67, 16
		{strings.Repeat("😀", 35), UCS2, 1},
		{strings.Repeat("😀", 36), UCS2, 2},
		{strings.Repeat("😀", 66), UCS2, 2}, // 33 pairs in each part of 67
		{strings.Repeat("😀", 67), UCS2, 3},
		{strings.Repeat("a", 69) + "я", UCS2, 1},
		{strings.Repeat("a", 70) + "я", UCS2, 2},
		{"^{}\\[~]|€", GSM7, 1},
		{"`", UCS2, 1},
		{"ç", UCS2, 1}, // only the capital is in the alphabet
		{"Ç", GSM7, 1},
		{"line\r\nline", GSM7, 1},
		{"tab\t", UCS2, 1},
		{"\x1b", UCS2, 1},
	} {
		if encoding, n := Count(c.text); encoding != c.encoding || n != c.n {
			t.Errorf("%.20q (%d): got %s %d, want %s %d", c.text, utf8.RuneCountInString(c.text), encoding, n, c.encoding, c.n)
		}
	}
}

func TestAlphabetIsComplete(t *testing.T) {
	if n := utf8.RuneCountInString(basic); n != 127 { // 128 without ESC
		t.Errorf("the basic alphabet has %d characters, want 127", n)
	}
	if n := utf8.RuneCountInString(extended); n != 9 { // and the euro sign
		t.Errorf("the extension table has %d characters, want 9", n)
	}
	seen := map[rune]bool{}
	for _, r := range basic + extended {
		if seen[r] {
			t.Errorf("%q is there twice", r)
		}
		seen[r] = true
	}
}

func FuzzCount(f *testing.F) {
	for _, s := range []string{"", "Hello", "Привет", strings.Repeat("€", 90), "😀", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoding, n := Count(text)
		total := 0
		for _, r := range text {
			if encoding == GSM7 {
				total += gsmUnits(r)
			} else {
				total += ucsUnits(r)
			}
		}
		single, part := gsmSingle, gsmPart
		if encoding == UCS2 {
			single, part = ucsSingle, ucsPart
		}
		// A part may stay one unit short, because a pair is not split.
		least, most := (total+part-1)/part, total/(part-1)+1
		if total <= single {
			least, most = 1, 1
		}
		if n < max(least, 1) || n > most {
			t.Errorf("%d units of %s in %d segments, want %d to %d", total, encoding, n, least, most)
		}
	})
}
