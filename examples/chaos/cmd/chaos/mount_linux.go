package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// smallDisk mounts a file system of so many MiB in memory. It needs root.
func smallDisk(path string, mib int) (unmount func() error, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("mounting a small file system needs root")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, fmt.Sprintf("size=%dm,mode=700", mib)); err != nil {
		return nil, fmt.Errorf("mount a file system of %d MiB: %w", mib, err)
	}
	return func() error { return syscall.Unmount(path, syscall.MNT_DETACH) }, nil
}

// takeAll gives a file all the room that a file system has, in one step. It ends
// because what others take meanwhile is bounded by the room, too.
func takeAll(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for {
		var st syscall.Statfs_t
		if err := syscall.Fstatfs(int(f.Fd()), &st); err != nil {
			return err
		}
		// Others write meanwhile, so what was free is asked for again.
		err := syscall.Fallocate(int(f.Fd()), 0, 0, int64(st.Bfree)*st.Bsize)
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
	}
}
