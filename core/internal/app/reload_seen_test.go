package app

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// TestRefusedReloadIsNeverSeen: nothing of a configuration that is refused in the end is
// in force for a moment, numbers in full in the journal for one.
func TestRefusedReloadIsNeverSeen(t *testing.T) {
	cfg := rotationRig(t)
	cfg.Journal.Phones = "masked"
	a, err := opened(t, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, a)
	a.work = t.Context()
	a.desk = &desk{}
	a.units.Store(&[]*unit{})
	a.ReloadFrom(func() (*config.Config, config.Diagnostics) {
		next := *a.config()
		next.Journal.Phones = "full"
		next.Guards = []config.Guard{{Kind: "call", Values: map[string]any{"tariff": "no tariff"}}}
		return &next, nil
	})
	const number = "+79161234567"
	var ended atomic.Bool
	var seen atomic.Int64
	var reader sync.WaitGroup
	reader.Go(func() {
		for !ended.Load() {
			if a.keepPhone()(number) == number {
				seen.Add(1)
			}
		}
	})
	for range 300 {
		if _, err := a.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "tariff") {
			t.Fatalf("reload: %v", err)
		}
	}
	ended.Store(true)
	reader.Wait()
	if n := seen.Load(); n > 0 {
		t.Errorf("%d numbers were kept as a refused configuration wants it", n)
	}
}
