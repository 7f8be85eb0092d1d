package work_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/patchbay-gw/patchbay/examples/bench/work"
)

func TestParsePhone(t *testing.T) {
	for _, c := range []struct{ text, e164, country string }{
		{"", "", ""}, {"+", "", ""}, {"++79190000000", "", ""}, {"7+9190000000", "", ""}, {"0", "", ""}, {"00", "", ""},
		{"phone", "", ""}, {"+7919000000x", "", ""}, {"+79190000000\x00", "", ""}, {"+٧9190000000", "", ""},
		{"84957777777", "", ""}, {"+7919000000", "", ""}, {"+791900000000", "", ""}, {"9190000000x", "", ""}, {"1234567", "", ""},
		{"+2100000000", "+2100000000", "210"}, {"+8390000000", "", ""}, {"+0123456789", "", ""},
		{"+1234567890123456", "", ""}, {strings.Repeat("9", 100), "", ""}, {"+1234567", "", ""},
		{"89190000000", "+79190000000", "7"}, {"79190000000", "+79190000000", "7"}, {"9190000000", "+79190000000", "7"},
		{"+7 (919) 000-00.00", "+79190000000", "7"}, {"0079190000000", "+79190000000", "7"},
		{"+15005550006", "+15005550006", "1"}, {"+447700900123", "+447700900123", "44"}, {"00447700900123", "+447700900123", "44"},
		{"+375291234567", "+375291234567", "375"}, {"+998901234567", "+998901234567", "998"}, {"00123456789012345", "+123456789012345", "1"},
	} {
		p, ok := work.ParsePhone(c.text)
		if p.E164 != c.e164 || p.Country != c.country || ok != (c.e164 != "") {
			t.Errorf("%q: %+v, %t; want %q of %q", c.text, p, ok, c.e164, c.country)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		text, encoding string
		n              int
	}{
		{"", work.GSM7, 1},
		{strings.Repeat("x", 160), work.GSM7, 1},
		{strings.Repeat("x", 161), work.GSM7, 2},
		{strings.Repeat("x", 306), work.GSM7, 2},
		{strings.Repeat("x", 307), work.GSM7, 3},
		{strings.Repeat("€", 80), work.GSM7, 1},
		{strings.Repeat("€", 81), work.GSM7, 2},
		{strings.Repeat("x", 152) + "€" + strings.Repeat("x", 152), work.GSM7, 3}, // the escape does not fit into the first
		{"`", work.UCS2, 1}, {"\x00", work.UCS2, 1}, {"\x7f", work.UCS2, 1}, {"\xff", work.UCS2, 1},
		{"Grüße, Ω\r\n[x]", work.GSM7, 1},
		{strings.Repeat("я", 70), work.UCS2, 1},
		{strings.Repeat("я", 71), work.UCS2, 2},
		{strings.Repeat("я", 135), work.UCS2, 3},
		{strings.Repeat("😀", 35), work.UCS2, 1},
		{strings.Repeat("я", 66) + "😀" + strings.Repeat("я", 66), work.UCS2, 3}, // nor does the pair
	} {
		if encoding, n := work.Segments(c.text); encoding != c.encoding || n != c.n {
			t.Errorf("%.40q, %d bytes: %s %d, want %s %d", c.text, len(c.text), encoding, n, c.encoding, c.n)
		}
	}
}

func TestAnswer(t *testing.T) {
	out, number, ok := work.Answer([]byte("kept:"), "89190000000", "Проверка работы ПО API ЦОВ")
	if want := `kept:{"phone":"+79190000000","country":"7","encoding":"ucs2","segments":1}`; !ok || string(out) != want || number.E164 != "+79190000000" {
		t.Errorf("%s, %t; want %s", out, ok, want)
	}
	if out, _, ok := work.Answer([]byte("kept"), "84957777777", ""); ok || string(out) != "kept" {
		t.Errorf("a landline: %s, %t", out, ok)
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add("89190000000", "Проверка")
	f.Add("+0", "\xff€")
	f.Fuzz(func(t *testing.T, phone, message string) {
		p, ok := work.ParsePhone(phone)
		if ok {
			again, still := work.ParsePhone(p.E164)
			if !still || again != p {
				t.Errorf("%q: %+v, and again %+v, %t", phone, p, again, still)
			}
		}
		encoding, n := work.Segments(message)
		units := len(utf16.Encode([]rune(message)))
		if n < 1 || encoding == work.UCS2 && n > 1+units/66 || encoding == work.GSM7 && n > 1+2*units/152 {
			t.Errorf("%q: %d segments in %s", message, n, encoding)
		}
	})
}
