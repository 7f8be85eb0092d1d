package patchbay

import "unsafe"

//go:wasmimport wasi_snapshot_preview1 clock_time_get
func clockTimeGet(id uint32, precision uint64, nanoseconds unsafe.Pointer) uint32

// Now returns the time as seconds since 1970 (Unix time). It does what
// time.Now().Unix() does without package time, which makes a plugin a tenth
// larger.
func Now() int64 {
	var ns uint64
	if clockTimeGet(0, 1_000_000, unsafe.Pointer(&ns)) != 0 { // 0 is the wall clock
		return 0 // the host always offers it
	}
	return int64(ns / 1_000_000_000)
}
