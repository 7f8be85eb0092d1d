package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// letIn switches a module on and waits until it serves, the back-off after its
// crashes included.
func (o *operator) letIn(ctx context.Context, module string) error {
	if err := o.enable(module, true); err != nil {
		return err
	}
	for end := time.Now().Add(readiness); ; pause(ctx, 10*time.Millisecond) {
		var m struct {
			State struct{ Name, Reason string }
		}
		err := o.ask("GET", "/modules/"+module, "application/json", nil, &m)
		switch {
		case err != nil:
			return err
		case m.State.Name == "warm":
			return nil
		case time.Now().After(end):
			return fmt.Errorf("%s is %s: %s", module, m.State.Name, m.State.Reason)
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

func (o *operator) enable(module string, on bool) error {
	return o.json("PUT", "/modules/"+module+"/enabled", map[string]bool{"enabled": on}, nil)
}

// attack calls an action again and again until the returned function is called, which
// says how often the plugin was there to be called.
func attack(ctx context.Context, s side, path string) (stop func() (int64, error), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var done atomic.Int64
	var gone sync.WaitGroup
	failures := make(chan error, attackers)
	for range attackers {
		c, err := dial(s.address)
		if err != nil {
			cancel()
			gone.Wait()
			return nil, err
		}
		gone.Go(func() {
			defer func() { _ = c.Close() }()
			if err := assault(ctx, c, s.request(path), &done); err != nil {
				failures <- err
			}
		})
	}
	return func() (int64, error) {
		cancel()
		gone.Wait()
		close(failures)
		return done.Load(), <-failures
	}, nil
}

func assault(ctx context.Context, c *conn, raw []byte, done *atomic.Int64) error {
	for ctx.Err() == nil {
		a, err := c.do(raw, false)
		switch {
		case err != nil:
			return err
		case a.status == 200 || a.status == 502:
			done.Add(1)
		case a.status == 503: // it crashed and is not back yet
			pause(ctx, 5*time.Millisecond)
		default:
			return fmt.Errorf("the hostile plugin answers %d", a.status)
		}
	}
	return nil
}
