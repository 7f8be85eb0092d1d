//go:build unix

package edge

import "syscall"

// DefaultTotal is how many connections leave the process enough descriptors for
// everything else: three quarters of them. It is 0 when that is not known.
func DefaultTotal() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(limit.Cur, 1<<20)) / 4 * 3 // an unlimited number is no help
}
