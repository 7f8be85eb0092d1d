// Package powercut is a disk whose power a test can cut: a file system in a file. What
// the kernel has handed to the disk is in the file, and what it still keeps is not, so a
// copy of the file is what a power cut leaves. It runs on Linux only, as root.
package powercut

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// tries bounds how often a copy is made; one of a disk that is written to meanwhile is
// of no moment.
const tries = 100

// Disk is mounted until the end of its test.
type Disk struct {
	Dir   string // the top of the file system, which holds lost+found
	image string
	t     testing.TB
}

// New makes an empty disk of a size. It skips the test where none can be mounted.
func New(t testing.TB, bytes int64) *Disk {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("mounting a disk needs root")
	}
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(image, bytes); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mkfs.ext4", "-q", "-F", image).CombinedOutput(); err != nil {
		t.Skipf("no file system can be made here: %v %s", err, out)
	}
	return mount(t, image)
}

func mount(t testing.TB, image string) *Disk {
	t.Helper()
	d := &Disk{t.TempDir(), image, t}
	// The kernel is in no hurry to write by itself.
	if out, err := exec.Command("mount", "-o", "loop,commit=600", image, d.Dir).CombinedOutput(); err != nil {
		t.Skipf("no disk can be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(d.Dir, 0); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Cut returns what a power cut at this moment would leave. The disk itself goes on.
func (d *Disk) Cut() *Disk {
	d.t.Helper()
	image := filepath.Join(d.t.TempDir(), "image")
	for range tries {
		before := d.written()
		if out, err := exec.Command("cp", "--sparse=always", d.image, image).CombinedOutput(); err != nil {
			d.t.Fatalf("%v %s", err, out)
		}
		if d.written() == before {
			return mount(d.t, image)
		}
	}
	d.t.Fatal("the disk is never at rest")
	return nil
}

// written tells whether something came in between.
func (d *Disk) written() syscall.Timespec {
	d.t.Helper()
	var s syscall.Stat_t
	if err := syscall.Stat(d.image, &s); err != nil {
		d.t.Fatal(err)
	}
	return s.Mtim
}
