package main

import (
	"syscall"
	"time"
	"unsafe"
)

// clockOfThread is CLOCK_THREAD_CPUTIME_ID, which package syscall does not name.
const clockOfThread = 3

// threadTime is the processor time that the calling thread has taken.
func threadTime() time.Duration {
	var at syscall.Timespec
	_, _, fault := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockOfThread, uintptr(unsafe.Pointer(&at)), 0) // #nosec G103
	if fault != 0 {
		return 0
	}
	return time.Duration(at.Nano())
}
