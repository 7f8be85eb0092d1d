package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// startGoal is how long the gateway may take after a crash, from exec until it is
// ready and has answered.
const startGoal = 3 * time.Second

// kill hits the gateway with SIGKILL at random points of a mixed load, every fourth
// time once more while it starts.
func kill(ctx context.Context, c *chaos) error {
	const callers = 12
	w, err := c.newWorld(ctx, "kill", node+aggregator+statistics, nil)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.boot(ctx); err != nil {
		return err
	}
	t := c.trial("kill", "kill -9 of the gateway under load, %d rounds, every fourth also during the start", c.rounds)
	starts := c.trial("kill", "start after each kill: exec to /readyz and first answer")
	b := newBook()
	var everything []*attempt
	var slowest, sum, busy time.Duration
	repeated, unknown := 0, 0
	for round := range c.rounds {
		l := w.newLoad(ctx, callers, true, func(i int) *attempt { return mixed(i + round) })
		if !program.Pause(ctx, c.pick(50*time.Millisecond, 600*time.Millisecond)) {
			return ctx.Err()
		}
		w.gateway.Kill()
		l.callers.Wait()
		if round%4 == 3 {
			if err := w.launch(ctx); err != nil {
				return err
			}
			if !program.Pause(ctx, c.pick(0, 400*time.Millisecond)) {
				return ctx.Err()
			}
			w.gateway.Kill()
		}
		if err := w.start(ctx); err != nil {
			return fmt.Errorf("round %d: %w", round+1, err)
		}
		if a, err := w.send(ctx, "POST", "/report/users", ""); err != nil || a.status != http.StatusOK {
			t.miss("the first request after the start: %d %s %v", a.status, a.body, err)
		}
		took := time.Since(w.gateway.Began)
		used, err := w.gateway.CPU()
		if err != nil {
			return err
		}
		slowest, sum, busy = max(slowest, took), sum+took, busy+used
		// Whoever used an Idempotency-Key may ask again: nothing is sent twice.
		for _, a := range l.ledger.all() {
			everything = append(everything, a)
			if a.kind == sms && a.key != "" && !a.answered {
				again := *a
				w.try(ctx, &again)
				repeated++
				if again.answered && again.answer.status == http.StatusConflict {
					unknown++
				}
				everything = append(everything, &again)
			}
		}
	}
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	o, err := w.outside(ctx)
	if err != nil {
		return err
	}
	verify(t, everything, b, o)
	count := func(fits func(*attempt) bool) int {
		l := ledger{attempts: everything}
		return l.count(fits)
	}
	good := count(answered)
	t.claim("%d answered requests, all in the journal once", good)
	t.figure("%d cut off", len(everything)-good)
	placed := count(func(a *attempt) bool { return a.kind == calls && a.answered && a.answer.status == http.StatusOK })
	if placed == 0 || len(o.messages) == 0 {
		t.miss("%d calls and %d SMS: the load did not do what it should", placed, len(o.messages))
	}
	t.claim("%d calls, each the one that was asked for", placed)
	t.figure("%d SMS at the aggregator, %d repeated with their key (%d: outcome unknown)", len(o.messages), repeated, unknown)
	if good == 0 || good == len(everything) {
		t.miss("the load did not meet the kills")
	}
	starts.figure("slowest %s, mean %s", slowest.Round(10*time.Millisecond), (sum / time.Duration(c.rounds)).Round(10*time.Millisecond))
	starts.figure("%s of processor time", (busy / time.Duration(c.rounds)).Round(10*time.Millisecond))
	starts.figure("goal ≤ %s", startGoal)
	if slowest > startGoal {
		starts.miss("a start took %s", slowest.Round(10*time.Millisecond))
	}
	return nil
}
