package guard

import (
	"strings"
	"testing"
)

func FuzzParseTariff(f *testing.F) {
	for _, seed := range []string{"", "+7 1", "+7495 0.80\n7;3,5\n# x\n\n44=12.0000", "+7 1\n+7 2", "0 1", "+ 1", "7 -1", "7 1e9", "+7\t 9999999999", "1234567890123456 1", "7 1.", "7 .5"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tariff, err := ParseTariff(text)
		if err != nil {
			if !strings.Contains(err.Error(), "line") {
				t.Errorf("%q: no line in %q", text, err)
			}
			return
		}
		for prefix, price := range tariff.prices.entries {
			again, err := ParsePrefix("+" + prefix)
			if err != nil || again != prefix || price < 0 || price > maxMoney {
				t.Fatalf("%q: prefix %q, price %d, %v", text, prefix, price, err)
			}
			back, err := ParseMoney(price.String())
			if err != nil || back != price {
				t.Fatalf("price %d is written %q and read %d, %v", price, price, back, err)
			}
			// The longest prefix decides.
			if got, ok := tariff.Price("+" + prefix + "0000000000000000"[len(prefix):]); !ok && len(prefix) <= maxPrefix {
				t.Fatalf("%q: no price for a number of %q (%v)", text, prefix, got)
			}
		}
	})
}

func FuzzAccount(f *testing.F) {
	good := account{minute: window{1, 2, 3}, hour: window{4, 5, 6}, day: 7, count: 8, spent: 9, told: 3}
	f.Add(good.append(nil))
	f.Add([]byte{accountFormat, 0})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var a account
		if a.decode(b) != nil {
			return
		}
		var again account
		if err := again.decode(a.append(nil)); err != nil || again != a {
			t.Fatalf("%v: %+v %+v", err, a, again)
		}
	})
}
