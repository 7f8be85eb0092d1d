package wasm

import (
	"os"
	"syscall"
	"unsafe"
)

// imageMinimum is the size (bytes) from which a mapping of its own is worth it.
const imageMinimum = 64 << 10

// image is a file without a name that holds what moved out of memory. Where it cannot
// be (no folder, no space, a file system that forbids to run code), everything stays
// in memory.
type image struct {
	file   *os.File // nil: nothing moves
	end    int64    // a multiple of the page size
	mapped [][]byte // to be unmapped after the program
	code   [][]byte // replaced; wazero unmaps it
}

func newImage(dir string) *image {
	if dir == "" {
		return &image{}
	}
	f, err := os.CreateTemp(dir, "image-*")
	if err != nil {
		return &image{}
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return &image{}
	}
	return &image{file: f}
}

// close leaves the mappings, which keep the file.
func (m *image) close() {
	if m.file != nil {
		_ = m.file.Close()
	}
}

// write puts b into the file, at the beginning of a page.
func (m *image) write(b []byte) (offset int64, ok bool) {
	if m.file == nil || len(b) < imageMinimum {
		return 0, false
	}
	if _, err := m.file.WriteAt(b, m.end); err != nil {
		return 0, false
	}
	offset = m.end
	page := int64(os.Getpagesize())
	m.end += (int64(len(b)) + page - 1) / page * page
	return offset, true
}

// replaceCode puts a mapping of the file in the place of machine code. The bytes stay
// the same at the same address, and wazero unmaps them as it would have.
func (m *image) replaceCode(code []byte) {
	offset, ok := m.write(code)
	if !ok {
		return
	}
	_, _, failed := syscall.Syscall6(syscall.SYS_MMAP, uintptr(unsafe.Pointer(unsafe.SliceData(code))), uintptr(len(code)),
		syscall.PROT_READ|syscall.PROT_EXEC, syscall.MAP_PRIVATE|syscall.MAP_FIXED, m.file.Fd(), uintptr(offset))
	if failed == 0 {
		m.code = append(m.code, code)
	}
}

// data returns the same bytes in the file, or b itself. They are read-only and valid
// until they are unmapped.
func (m *image) data(b []byte) []byte {
	offset, ok := m.write(b)
	if !ok {
		return b
	}
	mapped, err := syscall.Mmap(int(m.file.Fd()), offset, len(b), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return b
	}
	m.mapped = append(m.mapped, mapped)
	return mapped
}

// unmap frees what data has returned.
func unmap(mapped [][]byte) {
	for _, b := range mapped {
		_ = syscall.Munmap(b)
	}
}

// forgetPages lets the pages of mapped files go. Those that are used again come back
// with a page fault.
func forgetPages(mapped [][]byte) {
	for _, b := range mapped {
		_ = syscall.Madvise(b, syscall.MADV_DONTNEED)
	}
}
