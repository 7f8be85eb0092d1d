//go:build linux || darwin || freebsd

package wasm

import (
	"syscall"

	"github.com/tetratelabs/wazero/experimental"
)

// mappedMemory reserves limit bytes and opens them as the guest grows.
type mappedMemory struct {
	reserved []byte
	open     int
}

// reserve returns nil when the system does not give the address space.
func reserve(limit uint64) experimental.LinearMemory {
	b, err := syscall.Mmap(-1, 0, int(max(limit, 1)), syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return &mappedMemory{reserved: b}
}

// Reallocate implements experimental.LinearMemory. It returns nil when the system
// has no memory left: memory.grow fails in the guest then.
func (m *mappedMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		return nil
	}
	if n := int(size); n > m.open {
		if err := syscall.Mprotect(m.reserved[:n], syscall.PROT_READ|syscall.PROT_WRITE); err != nil {
			return nil
		}
		m.open = n
	}
	return m.reserved[:size:size]
}

// Free implements experimental.LinearMemory.
func (m *mappedMemory) Free() {
	if m.reserved == nil {
		return
	}
	// It fails for addresses that are not mapped only.
	_ = syscall.Munmap(m.reserved)
	m.reserved = nil
}
