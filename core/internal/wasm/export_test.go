package wasm

import (
	"context"
	"time"
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
