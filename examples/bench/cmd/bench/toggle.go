package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	goalToggle = 50 // ms
	toggles    = 20
	// effect bounds the wait for a toggle.
	effect = 5 * time.Second
)

// toggle switches the module off and on through the administration API and asks
// the action until it notices, each way, from the sending of the change on.
func (b *bench) toggle(ctx context.Context) error {
	at, err := b.fill(ctx, "toggle", 0)
	if err != nil {
		return err
	}
	p, err := b.gateway(ctx, "bench.hcl", at, "127.0.0.1:9")
	if err != nil {
		return err
	}
	took, err := flips(ctx, side{p, at.token})
	if err == nil {
		slices.Sort(took)
		b.atMost("switching a module off or on", ms(took[len(took)-1]), goalToggle, "ms",
			"slowest of %d, median %.1f ms, from the change's sending to the action's answer", len(took), ms(median(took)))
	}
	return errors.Join(err, p.stop())
}

func flips(ctx context.Context, s side) ([]time.Duration, error) {
	caller, err := dial(s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = caller.Close() }()
	admin, err := dial(s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = admin.Close() }()
	raw := s.request(pathCheck)
	var took []time.Duration
	for i := range toggles {
		on := i%2 == 1
		want := 405
		if on {
			want = 200
		}
		change := request("PUT", s.address, "/admin/api/v1/modules/bench/enabled", s.token, fmt.Sprintf(`{"enabled":%t}`, on))
		began := time.Now()
		changed := make(chan error, 1)
		go func() {
			a, err := admin.do(change, true)
			if err == nil && a.status/100 != 2 {
				err = fmt.Errorf("the administration API answers %d %s", a.status, a.body)
			}
			changed <- err
		}()
		if err := until(ctx, caller, raw, want); err != nil {
			return nil, errors.Join(err, <-changed)
		}
		took = append(took, time.Since(began))
		if err := <-changed; err != nil {
			return nil, err
		}
	}
	return took, nil
}

// until repeats a request until its status is as wanted.
func until(ctx context.Context, c *conn, raw []byte, want int) error {
	for end := time.Now().Add(effect); ; {
		a, err := c.do(raw, false)
		switch {
		case err != nil:
			return err
		case a.status == want:
			return nil
		case time.Now().After(end):
			return fmt.Errorf("no status %d within %s, still %d", want, effect, a.status)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}
