package wasm

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// growth is a guest in the making. err is set before done is closed.
type growth struct {
	done chan struct{}
	err  error
}

// Warm makes the first guest, so that settings that the plugin refuses show at
// once and the first request does not wait. The error is [ErrClosed], ctx's or a
// [*NotReadyError].
func (p *Pool) Warm(ctx context.Context) error { return p.grow(ctx, 1) }

// grow waits until there are limit guests or one more was made than before.
func (p *Pool) grow(ctx context.Context, limit int) error {
	making, err := p.beginGrowth(limit)
	if making == nil {
		return err
	}
	select {
	case <-making.done:
		return making.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// growLater makes one more guest in the background.
func (p *Pool) growLater(limit int) {
	// The error is in the log and in Condition.
	_, _ = p.beginGrowth(limit)
}

// beginGrowth starts making a guest unless there are limit of them, or joins the
// making of one. It returns nil when there is nothing to wait for. Guests are made
// in the background: a caller that leaves must not spoil the start for those who
// wait with it.
func (p *Pool) beginGrowth(limit int) (*growth, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, ErrClosed
	case len(*p.guests.Load()) >= limit:
		return nil, nil
	case p.growth != nil:
		return p.growth, nil
	}
	if wait := time.Until(p.until); wait > 0 {
		return nil, &NotReadyError{Reason: p.reason, After: wait}
	}
	p.growth = &growth{done: make(chan struct{})}
	go p.make(p.growth, limit)
	return p.growth, nil
}

func (p *Pool) make(making *growth, limit int) {
	ctx, stop := context.WithTimeout(p.life, p.spec.Limits.Timeout)
	defer stop()
	g, err := p.newGuest(ctx)

	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.wake()
	defer close(making.done)
	p.growth = nil
	switch {
	case p.closed:
		making.err = ErrClosed
		if err == nil {
			g.close()
		}
		p.settle()
	case err != nil:
		p.backOff(err.Error())
		making.err = &NotReadyError{Reason: err.Error(), After: max(time.Until(p.until), 0)}
		if p.warm {
			p.restartLater()
		}
	default:
		if !p.warm {
			p.program.started()
		}
		g.published, p.warm = true, true
		p.all[g] = struct{}{}
		list := append(slices.Clone(*p.guests.Load()), g)
		p.guests.Store(&list)
		if len(list) < limit && int(p.waiting.Load()) > 1 {
			p.growth = &growth{done: make(chan struct{})}
			go p.make(p.growth, limit)
		}
	}
}

// Back-off after crashes: the first restart is immediate, the next ones wait
// twice as long each, up to a limit; a calm period forgets the crashes.
const (
	backOffFirst = 100 * time.Millisecond
	backOffMax   = 30 * time.Second
	calm         = time.Minute
)

// backOff books a crash or a failed start. p.mu is held.
func (p *Pool) backOff(reason string) {
	now := time.Now()
	if now.Sub(p.until) > calm {
		p.crashes = 0
	}
	p.crashes++
	p.reason = reason
	wait := time.Duration(0)
	if p.crashes > 1 {
		wait = min(backOffFirst<<min(p.crashes-2, 16), backOffMax)
	}
	p.until = now.Add(wait)
	p.spec.Log.Error("plugin failed", "reason", reason, "crashes", p.crashes, "restart_in", wait)
}

// crashed books the death of a guest, once, and takes it out of the choice.
func (p *Pool) crashed(g *guest, c *crash) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removeLocked(g)
	p.stats.crashes.Add(1)
	reason := c.reason
	if c.words != "" {
		reason += "\n" + c.words
	}
	p.backOff(reason)
	p.restartLater()
}

// maxMalformed is how many malformed answers more than sound ones count as a crash.
// One that a single caller can provoke costs the others nothing; a plugin that does
// little else costs a refusal and a log line each, as fast as callers ask.
const maxMalformed = 100

// sound books an answer that could be read.
func (p *Pool) sound() {
	if p.malformed.Load() > 0 {
		p.malformed.Add(-1)
	}
}

// unsound books a malformed answer. After too many of them the guests end the tasks
// that they have, and the instance backs off as after a crash.
func (p *Pool) unsound(err error) {
	if p.malformed.Add(1) < maxMalformed {
		return
	}
	for _, g := range p.withdraw(err) {
		p.retire(g)
	}
}

// withdraw takes all guests out of the choice and returns them, once for so many
// answers.
func (p *Pool) withdraw(last error) []*guest {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.malformed.Load() < maxMalformed {
		return nil
	}
	p.malformed.Store(0)
	guests := *p.guests.Load()
	for _, g := range guests {
		p.removeLocked(g)
	}
	p.stats.crashes.Add(1)
	p.backOff(fmt.Sprintf("%d answers more than sound ones were malformed, the last one so: %s", maxMalformed, last))
	p.restartLater()
	return guests
}

// restartLater makes a guest when the back-off is over, so that no request has to
// wait for it. p.mu is held.
func (p *Pool) restartLater() {
	if p.closed || len(*p.guests.Load()) > 0 {
		return
	}
	if p.restart != nil {
		p.restart.Stop()
	}
	p.restart = time.AfterFunc(time.Until(p.until), func() { p.growLater(1) })
}

// Condition is the state of an instance for people and metrics.
type Condition struct {
	// State is "warm", "cold" or "backing off".
	State string
	// Reason is that of the last crash or failed start.
	Reason string
	// Crashes counts those since the last calm period.
	Crashes int
	// Until is when the back-off ends.
	Until time.Time
	// Started reports that there has been a guest: the plugin can run.
	Started bool
}

// Condition returns the state of the instance.
func (p *Pool) Condition() Condition {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := Condition{State: "warm", Reason: p.reason, Crashes: p.crashes, Until: p.until, Started: p.warm}
	if time.Since(p.until) > calm {
		c.Crashes = 0
	}
	if len(*p.guests.Load()) == 0 {
		c.State = "cold"
		if time.Now().Before(p.until) {
			c.State = "backing off"
		}
	}
	return c
}
