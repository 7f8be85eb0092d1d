package app

import (
	"testing"

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
