package sms_test

import (
	"math/big"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms"
)

func TestNormalID(t *testing.T) {
	for _, c := range []struct {
		id   string
		form sms.IDForm
		want string
	}{
		{"000123", sms.LeadingZeros, "123"},
		{"000", sms.LeadingZeros, "0"},
		{"", sms.LeadingZeros | sms.LetterCase | sms.Hexadecimal, ""},
		{"000123", 0, "000123"},
		{"1A2B", sms.LetterCase, "1a2b"},
		{"1A2B", sms.Hexadecimal, "6699"},
		{"00001a2b", sms.Hexadecimal, "6699"},
		{"ffffffffffffffff", sms.Hexadecimal, "18446744073709551615"},
		{"b68bd54c-ddc3", sms.Hexadecimal, "b68bd54c-ddc3"},
		{"xyz", sms.Hexadecimal | sms.LetterCase, "xyz"},
		{" 42\r\n", 0, "42"},
		{"\x10", sms.Hexadecimal, "\x10"},
	} {
		if got := sms.NormalID(c.id, c.form); got != c.want {
			t.Errorf("NormalID(%q, %d) = %q, want %q", c.id, c.form, got, c.want)
		}
	}
}

func FuzzNormalID(f *testing.F) {
	f.Add("00001A2B", uint8(7))
	f.Add("", uint8(0))
	f.Fuzz(func(t *testing.T, id string, form uint8) {
		got := sms.NormalID(id, sms.IDForm(form))
		trimmed := strings.TrimSpace(id)
		if n, ok := new(big.Int).SetString(trimmed, 16); ok && sms.IDForm(form)&sms.Hexadecimal != 0 && len(trimmed) <= 64 &&
			!strings.ContainsAny(trimmed, "+-_") && got != n.String() {
			t.Errorf("NormalID(%q, %d) = %q, want %s", id, form, got, n)
		}
		if sms.IDForm(form)&sms.Hexadecimal == 0 && len(strings.Fields(id)) < 2 && sms.NormalID(got, sms.IDForm(form)) != got {
			t.Errorf("NormalID(%q, %d) = %q is not the end", id, form, got)
		}
	})
}
