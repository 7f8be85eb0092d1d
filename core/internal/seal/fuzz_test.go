package seal_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/seal"
)

// FuzzParse: what is taken for a key file makes a ring that opens what it seals.
func FuzzParse(f *testing.F) {
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	f.Add(key)
	f.Add(key + "\n# old\n\n" + strings.Replace(key, "A", "B", 1) + "\r\n")
	f.Add("")
	f.Add("zz")
	f.Fuzz(func(t *testing.T, text string) {
		keys, err := seal.Parse(text)
		if err != nil || len(keys) == 0 { // an empty file is New's to refuse
			return
		}
		r, err := seal.New(keys...)
		if err != nil {
			t.Fatalf("%q: parsed, but %v", text, err)
		}
		value, current, err := r.Open("name", r.Seal("name", []byte("v")))
		if string(value) != "v" || !current || err != nil {
			t.Fatalf("%q: %q %v %v", text, value, current, err)
		}
	})
}
