//go:build unix

package plugin

import (
	"io/fs"
	"syscall"
)

// owners returns the numbers of the users that own two files.
func owners(a, b fs.FileInfo) (first, second uint32, known bool) {
	x, ok := a.Sys().(*syscall.Stat_t)
	y, also := b.Sys().(*syscall.Stat_t)
	if !ok || !also {
		return 0, 0, false
	}
	return x.Uid, y.Uid, true
}

// inode tells a file from another one that took its name.
func inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}
