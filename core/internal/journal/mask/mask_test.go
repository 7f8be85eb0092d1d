package mask_test

import (
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/journal/mask"
)

func TestMaskPhone(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"+79190000000":                     "+7919***00",
		"89190000012":                      "8919***12",
		"+7 (919) 000-00-42":               "+7919***42",
		"9190000012":                       "9190***12",
		"919000012":                        "91***12",
		"1234567":                          "***67",
		"123456":                           "***",
		"1001":                             "***",
		"+":                                "***",
		"7+9190000000":                     "***",
		"agent007":                         "***",
		"user@host":                        "***",
		"７９１９００００００００":                     "***",
		"+7919000000079190000000791900000": "***",
	} {
		if got := mask.MaskPhone(in); got != want {
			t.Errorf("MaskPhone(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{"": "", "Ваш код: 4417": "(13 characters)", "\xff4417": "(5 characters)"} {
		if got := mask.Text(in); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzMaskPhone(f *testing.F) {
	f.Add("+79190000000")
	f.Add("8 (919) 000-00-00")
	f.Fuzz(func(t *testing.T, s string) {
		shown := 0
		for _, c := range mask.MaskPhone(s) {
			if c >= '0' && c <= '9' {
				shown++
			}
		}
		total := 0
		for _, c := range s {
			if c >= '0' && c <= '9' {
				total++
			}
		}
		if shown > 6 || total > 0 && total-shown < 4 && shown > 0 {
			t.Errorf("MaskPhone(%q) = %q shows %d of %d digits", s, mask.MaskPhone(s), shown, total)
		}
	})
}
