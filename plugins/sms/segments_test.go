package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		text     string
		encoding string
		n        int
	}{
		{"", gsm7, 1},
		{"Hello", gsm7, 1},
		{strings.Repeat("a", 160), gsm7, 1},
		{strings.Repeat("a", 161), gsm7, 2},
		{strings.Repeat("a", 306), gsm7, 2},
		{strings.Repeat("a", 307), gsm7, 3},
		{strings.Repeat("€", 80), gsm7, 1},
		{strings.Repeat("€", 81), gsm7, 2},
		// 153 is odd, so each part of pairs holds 76 of them.
		{strings.Repeat("€", 152), gsm7, 2},
		{strings.Repeat("€", 153), gsm7, 3},
		{strings.Repeat("я", 70), ucs2, 1},
		{strings.Repeat("я", 71), ucs2, 2},
		{strings.Repeat("я", 134), ucs2, 2},
		{strings.Repeat("я", 135), ucs2, 3},
		{strings.Repeat("я", 150), ucs2, 3}, // observed with Kannel 1.4.5: 67, 67, 16
		{strings.Repeat("😀", 35), ucs2, 1},
		{strings.Repeat("😀", 36), ucs2, 2},
		{strings.Repeat("😀", 66), ucs2, 2}, // 33 pairs in each part of 67
		{strings.Repeat("😀", 67), ucs2, 3},
		{strings.Repeat("a", 69) + "я", ucs2, 1},
		{strings.Repeat("a", 70) + "я", ucs2, 2},
		{"^{}\\[~]|€", gsm7, 1},
		{"`", ucs2, 1},
		{"ç", ucs2, 1}, // only the capital is in the alphabet
		{"Ç", gsm7, 1},
		{"line\r\nline", gsm7, 1},
		{"tab\t", ucs2, 1},
		{"\x1b", ucs2, 1},
	} {
		if encoding, n := segments(c.text); encoding != c.encoding || n != c.n {
			t.Errorf("%.20q (%d): got %s %d, want %s %d", c.text, utf8.RuneCountInString(c.text), encoding, n, c.encoding, c.n)
		}
	}
}

func TestAlphabetIsComplete(t *testing.T) {
	if n := utf8.RuneCountInString(gsmBasic); n != 127 { // 128 without ESC
		t.Errorf("the basic alphabet has %d characters, want 127", n)
	}
	if n := utf8.RuneCountInString(gsmExtended); n != 10 {
		t.Errorf("the extension table has %d characters, want 10", n)
	}
	seen := map[rune]bool{}
	for _, r := range gsmBasic + gsmExtended {
		if seen[r] {
			t.Errorf("%q is there twice", r)
		}
		seen[r] = true
	}
}

func FuzzSegments(f *testing.F) {
	for _, s := range []string{"", "Hello", "Привет", strings.Repeat("€", 90), "😀", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		encoding, n := segments(text)
		total := 0
		for _, r := range text {
			total += units(r, encoding)
		}
		single, part := gsmSingle, gsmPart
		if encoding == ucs2 {
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
