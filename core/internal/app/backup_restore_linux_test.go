package app

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/testing/powercut"
)

// TestRestoreIntoAMountPoint: a data folder with a file system of its own cannot be
// replaced by another folder.
func TestRestoreIntoAMountPoint(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system needs root")
	}
	cfg, file, want := backedUp(t, nil)
	data := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("patchbay-test", data, "tmpfs", 0, "size=64m,mode=0700"); err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(data, 0); err != nil {
			t.Error(err)
		}
	})
	restoredInPlace(t, cfg, file, data, want)
}

// TestRestoreOutlivesAPowerCut: what Restore has reported is on the disk, in a new
// folder and in a new file system.
func TestRestoreOutlivesAPowerCut(t *testing.T) {
	cfg, file, want := backedUp(t, nil)
	for name, folder := range map[string]string{"a new folder": "data", "a new file system": ""} {
		t.Run(name, func(t *testing.T) {
			disk := powercut.New(t, 512<<20)
			if _, err := Restore(t.Context(), file, filepath.Join(disk.Dir, folder), hclog.NewNullLogger()); err != nil {
				t.Fatal(err)
			}
			whole(t, cfg, filepath.Join(disk.Cut().Dir, folder), want)
		})
	}
}
