package kvcall_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	kvcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/kv"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestHammer lets many writers race for a small quota: it must never be passed,
// and what the client counts must be what the view holds.
func TestHammer(t *testing.T) {
	const maxKeys, maxBytes = 20, 400
	m := newMemory()
	c := open(t, m, kvcall.Quota{Keys: maxKeys, Bytes: maxBytes})
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for i := range 300 {
				key := fmt.Sprintf("k%02d", (w*7+i*13)%40)
				switch i % 4 {
				case 0, 1, 2:
					put(t, c, key, strings.Repeat("v", (w+i)%50), 0)
				case 3:
					remove(t, c, key)
				}
				if i%10 == 0 {
					m.advance(time.Second)
				}
				if keys, bytes := m.total(); keys > maxKeys || bytes > maxBytes {
					t.Errorf("%d keys, %d bytes are over the quota", keys, bytes)
				}
			}
		})
	}
	wg.Wait()
	m.advance(time.Minute)
	for i := range 40 {
		remove(t, c, fmt.Sprintf("k%02d", i))
	}
	scans := m.scans
	for i := range maxKeys {
		if got := put(t, c, fmt.Sprintf("n%02d", i), strings.Repeat("v", 17), 0); got != "" {
			t.Fatalf("put %d of %d into an empty view: %s", i, maxKeys, got)
		}
	}
	if m.scans != scans {
		t.Error("the count had drifted: a recount was needed to fill an empty view")
	}
}

func FuzzOperations(f *testing.F) {
	f.Add([]byte(nil))
	f.Add(abi.AppendStrings(nil, "key"))
	f.Add(putMessage("key", "value", 5))
	f.Add(listMessage("k", 10))
	f.Add(putMessage(strings.Repeat("k", 513), "value", -5))
	f.Fuzz(func(t *testing.T, request []byte) {
		m := newMemory()
		c := open(t, m, kvcall.Quota{Keys: 3, Bytes: 100})
		for _, do := range []func(context.Context, []byte, []byte) []byte{c.Put, c.Get, c.List, c.Delete} {
			body, failure := result(t, do(t.Context(), request, nil))
			if failure != nil && body.Exists() {
				t.Fatal("an answer and a failure at once")
			}
		}
		if keys, bytes := m.total(); keys > 3 || bytes > 100 {
			t.Fatal("over the quota")
		}
	})
}
