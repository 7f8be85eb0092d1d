package wasm

import (
	"testing"

	"github.com/tetratelabs/wazero/experimental"
)

// TestLinearMemory: both kinds grow, keep what is there, begin with zeroes, and can
// be freed twice.
func TestLinearMemory(t *testing.T) {
	const page, limit = 65536, 64 << 20
	for name, m := range map[string]experimental.LinearMemory{
		"as the system has it": linear{}.Allocate(page, limit),
		"on the heap":          &heapMemory{},
	} {
		for n := 1; n <= 16; n *= 2 {
			b := m.Reallocate(uint64(n * page))
			if len(b) != n*page {
				t.Fatalf("%s: %d bytes, want %d", name, len(b), n*page)
			}
			if last := b[len(b)-1]; last != 0 || n > 1 && b[n/2*page-1] != byte(n/2) {
				t.Fatalf("%s: new byte %d, old byte %d", name, last, b[n/2*page-1])
			}
			b[len(b)-1] = byte(n)
		}
		m.Free()
		m.Free()
	}
	m := linear{}.Allocate(page, limit)
	defer m.Free()
	if _, mapped := m.(*heapMemory); !mapped && m.Reallocate(limit+1) != nil {
		t.Error("it grows over its limit")
	}
	if m := reserve(1 << 60); m != nil {
		t.Error("the system gives more address space than there is")
	}
}
