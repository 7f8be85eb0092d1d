package params_test

import (
	"slices"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/params"
)

// TestLookup holds the facts that the guards rest upon: what a dialled text means
// in Russia, and which numbers cost more.
func TestLookup(t *testing.T) {
	for text, want := range map[string]params.Number{
		"89100000000":       {"+79100000000", "RU", "mobile"},
		"+79190000000":      {"+79190000000", "RU", "mobile"},
		"79190000000":       {"+79190000000", "RU", "mobile"},
		"84951234567":       {"+74951234567", "RU", "fixed_line"},
		"88005553535":       {"+78005553535", "RU", "toll_free"},
		"88091234567":       {"+78091234567", "RU", "premium_rate"},
		"88031234567":       {"+78031234567", "RU", "premium_rate"},
		"+77011234567":      {"+77011234567", "KZ", "mobile"},
		"87011234567":       {"+77011234567", "KZ", "mobile"},
		"810442079460000":   {"+442079460000", "GB", "fixed_line"},
		"+442079460000":     {"+442079460000", "GB", "fixed_line"},
		"+870773111632":     {"+870773111632", "001", "mobile"},
		"8 (910) 000-00-00": {"+79100000000", "RU", "mobile"},
	} {
		if got, ok := params.Lookup(text, "RU"); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "1001", "31001", "112", "442079460000", "00442079460000", "826442079460000", "858442079460000", "9810442079460000", "*98", "8910000000a", "8910000000;ext=1", "+7910000000\n", "++79100000000"} {
		if got, ok := params.Lookup(text, "RU"); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestTimeZones(t *testing.T) {
	if got := params.TimeZones("+74951234567"); !slices.Equal(got, []string{"Europe/Moscow"}) {
		t.Error("Moscow:", got)
	}
	if got := params.TimeZones("+74232123456"); !slices.Equal(got, []string{"Asia/Vladivostok"}) {
		t.Error("Vladivostok:", got)
	}
	if got := params.TimeZones("+999"); len(got) != 0 {
		t.Error("nowhere:", got)
	}
}
