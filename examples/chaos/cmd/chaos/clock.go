package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// clockEnv names the file that the clock of --clock-binary follows: seconds that its
// wall clock is off. The monotonic clock goes on, as when a real clock is set.
const clockEnv = "PATCHBAY_CHAOS_CLOCK"

type jump struct {
	what   string
	offset time.Duration // from the true time
}

func jumps() []jump {
	return []jump{
		{"an hour forward", time.Hour},
		{"two hours back", -time.Hour},
		{"to the true time", 0},
		{"three seconds back", -3 * time.Second},
		{"two days forward", 48 * time.Hour},
		{"two days back", 0},
		{"half a year back", -180 * 24 * time.Hour},
		{"to the true time", 0},
	}
}

// clock sets the gateway's wall clock under load, forwards and backwards, and once
// restarts the gateway while it is wrong.
func clock(ctx context.Context, c *chaos) error {
	t := c.trial("clock", "the wall clock jumps under load: %d times, up to half a year, with a restart meanwhile", len(jumps()))
	if c.clockBinary == "" {
		t.skip("no --clock-binary; .ci/chaos builds one")
		return nil
	}
	w, err := c.newWorld(ctx, "clock", node+aggregator+statistics, map[string]string{"contact": `action "queues" { limit = "5/s burst 5" }`})
	if err != nil {
		return err
	}
	defer w.end()
	if w.binary, err = filepath.Abs(c.clockBinary); err != nil {
		return err
	}
	file := filepath.Join(w.dir, "clock")
	w.env = []string{clockEnv + "=" + file}
	set := func(d time.Duration) error {
		return os.WriteFile(file, []byte(strconv.FormatInt(int64(d/time.Second), 10)), 0o600)
	}
	if err := set(0); err != nil {
		return err
	}
	if err := w.boot(ctx); err != nil {
		return err
	}
	keyed := newSMS(goodNumber)
	keyed.key = keyed.tag
	w.try(ctx, keyed)
	everything := []*attempt{keyed}
	logins := 0
	for i, j := range jumps() {
		l := w.newLoad(ctx, 4, false, mixed)
		if !program.Pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
		if err := set(j.offset); err != nil {
			return err
		}
		if _, err := program.Eventually(ctx, 5*time.Second, "the clock of the gateway to jump", func() bool { return w.believes(ctx, j.offset) }); err != nil {
			return err
		}
		if !program.Pause(ctx, 300*time.Millisecond) {
			return ctx.Err()
		}
		l.stop()
		for _, a := range l.ledger.all() {
			everything = append(everything, a)
			if !a.answered || a.answer.status >= 500 && a.answer.status != http.StatusBadGateway || a.answer.status == http.StatusTooManyRequests {
				t.miss("%s: %s: %d %.100s %v", j.what, a.path, a.answer.status, a.answer.body, a.err)
			}
		}
		if err := w.afterJump(ctx, t, j, &logins); err != nil {
			return fmt.Errorf("%s: %w", j.what, err)
		}
		if j.offset.Abs() <= time.Hour { // a key counts for 24 h
			again := *keyed
			w.try(ctx, &again)
			everything = append(everything, &again)
			if !again.accepted() {
				t.miss("%s: a repeated Idempotency-Key was answered %d %s", j.what, again.answer.status, again.answer.body)
			}
		}
		if i == 4 { // the clock is two days ahead
			if err := w.gateway.Stop(ctx); err != nil {
				return err
			}
			if err := w.start(ctx); err != nil {
				return err
			}
			if err := w.afterJump(ctx, t, j, &logins); err != nil {
				return fmt.Errorf("restarted, %s: %w", j.what, err)
			}
		}
	}
	if err := w.session(ctx, "/login", object("login", "admin", "password", w.password)); err != nil {
		return err
	}
	b := newBook()
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	o, err := w.outside(ctx)
	if err != nil {
		return err
	}
	verify(t, everything, b, o)
	if err := w.bothWays(ctx, t, b); err != nil {
		return err
	}
	t.claim("%d requests, every one recorded once, ids in the order of writing", len(everything))
	t.figure("%d new logins were needed", logins)
	t.claim("limits and keys go on counting")
	return nil
}

// believes reports whether the gateway's clock shows the offset.
func (w *world) believes(ctx context.Context, offset time.Duration) bool {
	a, err := do(ctx, w.client, "GET", w.url()+"/healthz", "")
	if err != nil {
		return false
	}
	at, err := http.ParseTime(a.header.Get("Date"))
	return err == nil && time.Until(at.Add(-offset)).Abs() < 2*time.Second
}

// afterJump finds out whether callers can go on: with their token or, when it has
// run out by the new time, with a new login; limits let them through.
func (w *world) afterJump(ctx context.Context, t *trial, j jump, logins *int) error {
	a, err := w.send(ctx, "POST", "/contact/tiers", "")
	if err != nil {
		return err
	}
	if a.status == http.StatusUnauthorized {
		if j.offset.Abs() <= time.Hour {
			t.miss("%s: the token ended", j.what)
		}
		if w.token, err = w.login(ctx); err != nil {
			return err
		}
		*logins++
	}
	for range 3 {
		a, err := w.send(ctx, "POST", "/contact/queues", "")
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			t.miss("%s: three requests in %s met the limit of 5/s: %d %.100s", j.what, 3*limitPause, a.status, a.body)
		}
		program.Pause(ctx, limitPause)
	}
	return nil
}

// limitPause keeps below 5 requests a second.
const limitPause = 250 * time.Millisecond

// bothWays reads the journal in the other direction, in small pages, and compares.
func (w *world) bothWays(ctx context.Context, t *trial, b *book) error {
	var ids []uint64
	for cursor := ""; ; {
		var page struct {
			Rows []row
			Next string
		}
		if err := w.admin(ctx, "GET", "/journal/requests?order=oldest&limit=100&cursor="+cursor, "", &page); err != nil {
			return err
		}
		for _, r := range page.Rows {
			ids = append(ids, r.ID)
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.IsSorted(ids) {
		t.miss("pages are out of order")
	}
	if len(slices.Compact(ids)) != len(b.rows["requests"]) {
		t.miss("%d records in pages of 100 forwards, %d backwards", len(ids), len(b.rows["requests"]))
	}
	return nil
}
