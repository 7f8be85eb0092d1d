package app

import (
	"path/filepath"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/seal"
	"github.com/patchbay-gw/patchbay/core/internal/testing/powercut"
)

// onDisk is the rig of a rotation on a disk whose power can be cut.
func onDisk(t *testing.T) (*config.Config, *powercut.Disk) {
	t.Helper()
	disk := powercut.New(t, 512<<20)
	cfg := rotationRig(t)
	cfg.Gateway.Data = filepath.Join(disk.Dir, "data")
	if a, err := opened(t, cfg); err != nil { // makes the folders
		t.Fatal(err)
	} else {
		closed(t, a)
	}
	return cfg, disk
}

// afterCut opens what a power cut leaves of the data folder.
func afterCut(t *testing.T, cfg *config.Config, disk *powercut.Disk) (*config.Config, *App) {
	t.Helper()
	left := *cfg
	left.Gateway.Data = filepath.Join(disk.Cut().Dir, "data")
	b, err := opened(t, &left)
	t.Cleanup(func() { closed(t, b) })
	if err != nil {
		t.Fatalf("the gateway does not start: %v", err)
	}
	return &left, b
}

// synced makes webhook secrets that a power cut does not take.
func synced(t *testing.T, a *App) []string {
	t.Helper()
	want := fill(t, a)
	if err := a.store.Sync(); err != nil {
		t.Fatal(err)
	}
	return want
}

// TestRotationOutlivesAPowerCut: the key that is left opens what is left.
func TestRotationOutlivesAPowerCut(t *testing.T) {
	cfg, disk := onDisk(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	want := synced(t, a)
	if _, err := a.rotateKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, b := afterCut(t, cfg, disk)
	same(t, b, want)
	if n := len(keysOf(t, left)); n != 1 {
		t.Errorf("%d keys in the file", n)
	}
}

// TestStartWithANewKeyOutlivesAPowerCut: once the gateway runs with a new key in front,
// the old one may go.
func TestStartWithANewKeyOutlivesAPowerCut(t *testing.T) {
	cfg, disk := onDisk(t)
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := synced(t, a)
	next, err := a.beginRotation()
	if err != nil {
		t.Fatal(err)
	}
	closed(t, a)
	if a, err = opened(t, cfg); err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	if err := seal.Save(a.keyPath(), next); err != nil {
		t.Fatal(err)
	}
	_, b := afterCut(t, cfg, disk)
	same(t, b, want)
}
