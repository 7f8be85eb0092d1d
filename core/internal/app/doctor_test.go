package app

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// TestDoctorKnowsTheReserve: room is judged by what the gateway is told to keep free.
func TestDoctorKnowsTheReserve(t *testing.T) {
	for reserve, want := range map[int64]Severity{1: Fine, 1 << 60: Damage} {
		cfg := config.Default()
		cfg.Store.Reserve = reserve
		d := Doctor{Config: cfg}
		d.room(t.TempDir())
		if len(d.found) != 1 || d.found[0].Severity != want {
			t.Errorf("reserve %d: %+v, want %s", reserve, d.found, want)
		}
	}
}

// TestDoctorsThatWereKilled: their copies go, those of a living one stay.
func TestDoctorsThatWereKilled(t *testing.T) {
	data := filepath.Join(t.TempDir(), "odd [name]")
	dead, living, store := filepath.Join(data, doctorFolder+"1"), filepath.Join(data, doctorFolder+"2"), filepath.Join(data, storeFolder)
	for _, dir := range []string{dead, living, store} {
		if err := os.MkdirAll(filepath.Join(dir, "inside"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	past := time.Now().Add(-48 * time.Hour)
	for _, dir := range []string{dead, store} {
		if err := os.Chtimes(dir, past, past); err != nil {
			t.Fatal(err)
		}
	}
	if err := forgetDoctors(data); err != nil {
		t.Fatal(err)
	}
	for dir, there := range map[string]bool{dead: false, living: true, store: true} {
		if _, err := os.Stat(dir); (err == nil) != there {
			t.Errorf("%s: %v", dir, err)
		}
	}
}
