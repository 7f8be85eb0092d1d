package app

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetStartPages lets the pages of the program's own file go that the start has
// read: parsers, compilers, tables of the runtime. They are clean, and those that are
// needed again come back from the file with a page fault.
func forgetStartPages() {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/maps")
	if err != nil {
		return
	}
	defer func() { _ = maps.Close() }()
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		if start, size, ok := readOnly(lines.Text(), program); ok {
			// Advice: what does not take it stays as it is.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, start, size, syscall.MADV_DONTNEED)
		}
	}
}

// readOnly reads a line of /proc/self/maps (proc_pid_maps(5)): whether it is a part of
// the program that nobody can have written to, and where.
func readOnly(line, program string) (start, size uintptr, ok bool) {
	var end, offset, inode uint64
	var from uint64
	var permissions, device, path string
	if n, _ := fmt.Sscanf(line, "%x-%x %s %x %s %d %s", &from, &end, &permissions, &offset, &device, &inode, &path); n != 7 {
		return 0, 0, false
	}
	if !strings.HasSuffix(line, " "+program) || end <= from || permissions != "r-xp" && permissions != "r--p" {
		return 0, 0, false
	}
	return uintptr(from), uintptr(end - from), true
}
