package minisig_test

import (
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/minisig"
)

// FuzzParseKey: a text that is taken for a public key verifies nothing by itself.
func FuzzParseKey(f *testing.F) {
	key, private := pair(f)
	f.Add(key.String())
	f.Add("untrusted comment: x\n" + key.String() + "\n")
	f.Add("")
	good := sign(f, private, "content", "comment")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := minisig.ParseKey(text)
		if err != nil {
			return
		}
		if good.Verify(k, []byte("other")) == nil {
			t.Fatalf("%q verifies what was not signed", text)
		}
		again, err := minisig.ParseKey(k.String())
		if err != nil || again.String() != k.String() {
			t.Fatalf("%q became %q, %v", text, again, err)
		}
	})
}
