package wasm

import (
	"context"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// Age moves the last crash into the past.
func Age(p *Pool, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = p.until.Add(-d)
}

// Grow waits until there are n guests.
func Grow(ctx context.Context, p *Pool, n int) error {
	for p.Stats().Guests < n {
		if err := p.grow(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// FreeTurns returns how many of an engine's turns are free, and of how many.
func FreeTurns(e *Engine) (free, all int) { return len(e.turns.free), cap(e.turns.free) }

// FreeUnits is what a call may use without a turn.
const FreeUnits = freeSlices * meter.DefaultSlice
