package abi_test

import (
	"strconv"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// FuzzParseInt holds it against strconv.
func FuzzParseInt(f *testing.F) {
	for _, s := range []string{
		"", "0", "-0", "+0", "+", "-", "--1", "+-1", "7", "-7", "007", "12a", " 1", "1 ", "1_000", "0x10", "1.0", "1e3", "٣", "\x00", "/", ":",
		"9223372036854775806", "9223372036854775807", "9223372036854775808", "-9223372036854775807", "-9223372036854775808", "-9223372036854775809",
		"9223372036854775810", "92233720368547758070", "99999999999999999999", "-99999999999999999999", "00000000000000000000000000000000000001",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := strconv.ParseInt(s, 10, 64)
		got, ok := abi.ParseInt(s)
		if ok != (err == nil) || ok && got != want {
			t.Errorf("ParseInt(%q) = %d, %v; strconv says %d, %v", s, got, ok, want, err)
		}
		if n, fine := abi.ParseInt([]byte(s)); n != got || fine != ok {
			t.Errorf("ParseInt(%q) of bytes = %d, %v", s, n, fine)
		}
	})
}
