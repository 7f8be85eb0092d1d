package percent

import "testing"

func TestDecode(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "plain": "plain", "a%20b": "a b", "%D0%98%d0%b2": "Ив", "100%": "100%", "%4": "%4", "%zz": "%zz", "%%41": "%A", "a%2": "a%2", "%00": "\x00",
	} {
		if got := Decode(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
