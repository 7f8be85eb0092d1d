package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	goalNeighbour = 2.0 // times the p99 of the same run without the hostile plugin
	attackers     = 2   // callers of the hostile plugin
	worst         = 3   // hostile plugins that are measured at length
	duels         = 3   // rounds of each
	glance        = time.Second
)

// hostile are plugins of core/e2e/testdata/hostile: those that take what they can
// get and not only break a rule.
var hostile = []string{"hog", "loop", "fill", "bomb", "recursion", "flood", "size", "text", "silent"}

// duel is what a caller of another plugin notices of a hostile one.
type duel struct {
	id          string
	quiet, loud []time.Duration
	attacks     int64
}

func (d *duel) p99() (quiet, loud time.Duration) {
	slices.Sort(d.quiet)
	slices.Sort(d.loud)
	return quantile(d.quiet, 0.99), quantile(d.loud, 0.99)
}

func (d *duel) ratio() float64 {
	quiet, loud := d.p99()
	return float64(loud) / float64(max(quiet, 1))
}

// neighbour measures the time of one plugin's answers with and without a hostile one
// beside it, in turns: all of them at a glance, the worst at length.
func (b *bench) neighbour(ctx context.Context) (err error) {
	at, err := b.fill(ctx, "neighbour", 0)
	if err != nil {
		return err
	}
	p, err := b.gateway(ctx, "neighbour.hcl", at, "127.0.0.1:9")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	o, err := newOperator(side{p, at.token}, "")
	if err != nil {
		return err
	}
	defer o.close()
	var all []*duel
	for _, id := range hostile {
		d := &duel{id: id}
		if err := d.round(ctx, o, glance); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		all = append(all, d)
	}
	// What the caller notices without the attack is the same for all, so chance in
	// that must not decide.
	slices.SortStableFunc(all, func(x, y *duel) int {
		_, a := x.p99()
		_, b := y.p99()
		return cmp.Compare(b, a)
	})
	for _, d := range all[:worst] {
		// The glance chose it, so it must not count.
		d.quiet, d.loud, d.attacks = nil, nil, 0
		for range duels {
			if err := d.round(ctx, o, b.seconds/2); err != nil {
				return fmt.Errorf("%s: %w", d.id, err)
			}
		}
		quiet, loud := d.p99()
		b.atMost("p99 beside a hostile plugin, "+d.id, d.ratio(), goalNeighbour, "×",
			"alone %.2f ms, beside it %.2f ms (medians %.2f, %.2f), %d attacks", ms(quiet), ms(loud), ms(median(d.quiet)), ms(median(d.loud)), d.attacks)
		b.figures[len(b.figures)-1].noisy = true
	}
	return nil
}

// round measures one caller without and then with the attack.
func (d *duel) round(ctx context.Context, o *operator, length time.Duration) error {
	if err := o.letIn(ctx, "evil-"+d.id); err != nil {
		return err
	}
	quiet, err := visits(ctx, o.side, length)
	if err != nil {
		return err
	}
	stop, err := attack(ctx, o.side, "/evil-"+d.id+"/attack")
	if err != nil {
		return err
	}
	loud, err := visits(ctx, o.side, length)
	attacks, failed := stop()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if attacks == 0 {
		return errors.New("it was never attacked")
	}
	d.quiet, d.loud, d.attacks = append(d.quiet, quiet...), append(d.loud, loud...), d.attacks+attacks
	return o.enable("evil-"+d.id, false)
}

// letIn switches a module on and waits until it serves. One that was switched off
// before has its crashes forgotten, so it need not wait for its next start.
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

// visits asks the plugin bench, one request after the other with a pause between
// them, and insists on equal answers.
func visits(ctx context.Context, s side, length time.Duration) ([]time.Duration, error) {
	c, err := dial(s.address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	raw := s.request(pathCheck)
	first, err := c.do(raw, true)
	if err != nil {
		return nil, err
	}
	var took []time.Duration
	for end := time.Now().Add(length); time.Now().Before(end); pause(ctx, time.Millisecond) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		began := time.Now()
		a, err := c.do(raw, true)
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
		if a.status != 200 || !bytes.Equal(a.body, first.body) {
			return nil, fmt.Errorf("%s answers %d %s", pathCheck, a.status, a.body)
		}
	}
	return took, nil
}

// attack calls a hostile action again and again until the returned function is
// called, which says how often the plugin was there to be attacked.
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
