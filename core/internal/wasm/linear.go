package wasm

import "github.com/tetratelabs/wazero/experimental"

// linear allocates the memories of guests. On systems that can reserve address
// space a memory is mapped at once in its full length and becomes real page by
// page: growing copies nothing, closing a guest gives everything back, and the
// host's garbage collector does not take guests for live heap of its own, which
// would let it collect later by as much.
type linear struct{}

var _ experimental.MemoryAllocator = linear{}

func (linear) Allocate(capacity, limit uint64) experimental.LinearMemory {
	if m := reserve(limit); m != nil {
		return m
	}
	return &heapMemory{make([]byte, 0, capacity)}
}

// heapMemory is a memory on the host's heap, where nothing better can be had.
type heapMemory struct{ bytes []byte }

func (m *heapMemory) Reallocate(size uint64) []byte {
	if more := int(size) - len(m.bytes); more > 0 {
		m.bytes = append(m.bytes, make([]byte, more)...)
	}
	return m.bytes
}

func (m *heapMemory) Free() { m.bytes = nil }
