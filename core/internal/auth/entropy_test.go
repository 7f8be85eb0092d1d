package auth_test

import (
	"bytes"
	"encoding/hex"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// TestTokensAreRandom: 128 bits, none of them fixed or tied to another one, and the
// store cannot give a token back.
func TestTokensAreRandom(t *testing.T) {
	const n = 2000
	f := setUp(t, func(o *auth.Options) { o.TokensPerUser = n })
	seen := map[string]bool{}
	var ones [128]int
	changed, last := 0, []byte(nil)
	for range n {
		issued, err := f.Issue(t.Context(), "alice", auth.TokenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		raw, err := hex.DecodeString(issued.Token)
		if err != nil || len(raw) != 16 || issued.Token != strings.ToLower(issued.Token) {
			t.Fatalf("token %q: %v", issued.Token, err)
		}
		if seen[issued.Token] {
			t.Fatalf("token %q came twice", issued.Token)
		}
		seen[issued.Token] = true
		for i := range ones {
			ones[i] += int(raw[i/8] >> (i % 8) & 1)
		}
		for i := range last {
			changed += bits.OnesCount8(last[i] ^ raw[i])
		}
		last = raw
	}
	// Eight standard deviations: a good generator misses this once in 10^13 runs.
	for i, k := range ones {
		if k < n/2-179 || k > n/2+179 {
			t.Errorf("bit %d is set %d times of %d", i, k, n)
		}
	}
	if mean := float64(changed) / (n - 1); mean < 62 || mean > 66 {
		t.Errorf("neighbours differ in %.1f of 128 bits", mean)
	}
	f.store.mu.Lock()
	defer f.store.mu.Unlock()
	some := slices.Collect(maps.Keys(seen))[:50]
	for key, value := range f.store.records {
		for _, token := range some {
			if strings.Contains(key, token) || bytes.Contains(value, []byte(token)) {
				t.Fatalf("record %q holds a token", key)
			}
		}
	}
}
