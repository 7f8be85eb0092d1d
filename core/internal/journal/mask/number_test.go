package mask_test

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
)

func number(t testing.TB, s string) mask.Number {
	t.Helper()
	n, err := mask.ParseNumber(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParseNumber(t *testing.T) {
	for _, s := range []string{"", "7", "12", "abc", "7916123456a", "79161234567890123", "7916***4567", "+", "номер 79161234567"} {
		if n, err := mask.ParseNumber(s); err == nil {
			t.Errorf("%q is taken for %+v", s, n)
		}
	}
	for _, s := range []string{"1001", "+7 (916) 123-45-67", "8.916.123.45.67", "442079460958"} {
		number(t, s)
	}
}

func TestNumberIs(t *testing.T) {
	for s, c := range map[string]struct{ yes, no []string }{
		"+7 916 123-45-67": {
			[]string{"79161234567", "89161234567", "9161234567", "+7 (916) 123-45-67", "8 916 123 45 67"},
			[]string{"", "1234567", "79161234568", "99161234567", "791612345670", "7916***4567", "449161234567"},
		},
		"9161234567":   {[]string{"79161234567", "89161234567", "9161234567"}, []string{"161234567", "9161234568"}},
		"1001":         {[]string{"1001"}, []string{"11001", "10010", "71001", "001"}},
		"442079460958": {[]string{"+44 20 7946 0958", "2079460958"}, []string{"12079460958", "842079460958"}},
	} {
		n := number(t, s)
		for _, field := range c.yes {
			if !n.Is(field) {
				t.Errorf("%s is not found in the field %q", s, field)
			}
		}
		for _, field := range c.no {
			if n.Is(field) {
				t.Errorf("%s is found in the field %q", s, field)
			}
		}
	}
}

func TestStrike(t *testing.T) {
	n := number(t, "79161234567")
	for text, want := range map[string]string{
		"79161234567": mask.Struck,
		`{"phone":"+7 (916) 123-45-67","name":"x"}`: `{"phone":"` + mask.Struck + `","name":"x"}`,
		"call 8 916 123 45 67 2026-05-01":           "call " + mask.Struck + " 2026-05-01",
		"+79161234567, 9161234567; 89161234567":     mask.Struck + ", " + mask.Struck + "; " + mask.Struck,
		"to=%2B79161234567&x=1":                     "to=%2B" + mask.Struck + "&x=1",
		"no number 79161234568":                     "no number 79161234568",
		"id 0079161234567":                          "id 0079161234567",
		"x79161234567":                              "x79161234567",
		"79161234567x":                              "79161234567x",
		"f81d4fae-7dec-11d0-a765-79161234567a":      "f81d4fae-7dec-11d0-a765-79161234567a",
		"12 79161234567":                            "12 " + mask.Struck,
		"":                                          "",
		"7916***4567":                               "7916***4567",
		"Иванов 7\u00a0916\u00a0123\u00a045\u00a067 перезвонить": "Иванов " + mask.Struck + " перезвонить",
	} {
		got, count := n.Strike(text)
		if got != want || count != strings.Count(want, mask.Struck) {
			t.Errorf("%q became %q (%d), want %q", text, got, count, want)
		}
	}
	if got, count := number(t, "1001").Strike("agent 1001"); count != 0 || got != "agent 1001" {
		t.Errorf("a short number was struck: %q", got)
	}
}

// FuzzStrike: what was struck is not found again, and all other bytes stay.
func FuzzStrike(f *testing.F) {
	f.Add("call +7 916 123-45-67 or 89161234567")
	f.Add("%2b79161234567)(9161234567")
	n := number(f, "79161234567")
	f.Fuzz(func(t *testing.T, text string) {
		got, count := n.Strike(text)
		if again, more := n.Strike(got); more != 0 {
			t.Errorf("%q, then %q, then %q", text, got, again)
		}
		if count == 0 && got != text {
			t.Errorf("%q became %q", text, got)
		}
		if len(got) > len(text)+count*len(mask.Struck) {
			t.Errorf("%q grew to %q", text, got)
		}
	})
}
