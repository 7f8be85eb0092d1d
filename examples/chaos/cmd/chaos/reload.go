package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

const reloads = 20

// reload changes gateway.hcl and sends SIGHUP, again and again under load.
func reload(ctx context.Context, c *chaos) error {
	w, err := c.newWorld(ctx, "reload", node+aggregator+statistics, nil)
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.boot(ctx); err != nil {
		return err
	}
	if err := reloadGood(ctx, c, w); err != nil {
		return err
	}
	return reloadBad(ctx, c, w)
}

// reloadGood changes the sender of SMS each time; the aggregator tells which one
// is in force.
func reloadGood(ctx context.Context, c *chaos, w *world) error {
	t := c.trial("reload", "SIGHUP with another gateway.hcl under load, %d times", reloads)
	l := w.newLoad(ctx, 6, false, mixed)
	defer l.stop()
	var slowest time.Duration
	for i := range reloads {
		began := time.Now()
		if err := w.change(ctx, t, fmt.Sprintf("SENDER%d", i)); err != nil {
			return fmt.Errorf("reload %d: %w", i+1, err)
		}
		slowest = max(slowest, time.Since(began))
	}
	l.stop()
	failed := 0
	for _, a := range l.ledger.all() {
		busy := a.kind == calls && a.answer.status == http.StatusBadGateway && strings.Contains(a.answer.body, "USER_BUSY")
		if !a.answered || a.answer.status >= 500 && !busy {
			failed++
			t.miss("%s: %d %.100s %v", a.path, a.answer.status, a.answer.body, a.err)
		}
	}
	b := newBook()
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	o, err := w.outside(ctx)
	if err != nil {
		return err
	}
	verify(t, l.ledger.all(), b, o)
	t.figure("%d requests, %d failures", len(l.ledger.all()), failed)
	t.figure("in force after %s at most", slowest.Round(10*time.Millisecond))
	return nil
}

// change gives SMS another sender with SIGHUP and waits until it is in force.
func (w *world) change(ctx context.Context, t *trial, sender string) error {
	w.values["originator"] = sender
	if err := w.configure(); err != nil {
		return err
	}
	if err := w.gateway.Signal(syscall.SIGHUP); err != nil {
		return err
	}
	_, err := program.Eventually(ctx, 15*time.Second, "the new configuration to be in force", func() bool {
		return w.gateway.Ended() || w.sender(ctx, t) == sender
	})
	if w.gateway.Ended() {
		return fmt.Errorf("SIGHUP ended the gateway: %v: %s", w.gateway.Err(), w.gateway.Tail())
	}
	return err
}

// sender is the name that the next SMS is sent with.
func (w *world) sender(ctx context.Context, t *trial) string {
	a := newSMS(goodNumber)
	w.try(ctx, a)
	if !a.accepted() {
		t.miss("an SMS during a reload: %d %.100s %v", a.answer.status, a.answer.body, a.err)
		return ""
	}
	messages, err := w.sandbox.messages(ctx)
	if err != nil {
		return ""
	}
	for i := len(messages) - 1; i >= 0; i-- {
		if messages[i].Text == a.tag {
			return messages[i].From
		}
	}
	return ""
}

// reloadBad sends SIGHUP with files that no gateway can run with.
func reloadBad(ctx context.Context, c *chaos, w *world) error {
	good := w.values["originator"]
	faulty := []struct{ what, text, says string }{
		{"no HCL", "gateway {", "gateway.hcl"},
		{"an unknown key", expand(w.text, w.values) + "\nnonsense = 1\n", "nonsense"},
		{"a value out of range", strings.Replace(expand(w.text, w.values), `user   = "off"`, `user   = "often"`, 1), "often"},
		{"a provider without its plugin", strings.Replace(expand(w.text, w.values), `"sms-http"`, `"sms-nobody"`, 1), "sms-nobody"},
		{"a key that needs a restart", strings.Replace(expand(w.text, w.values), "gateway {", "gateway {\n  time_zone = \"UTC\"\n", 1), "time_zone"},
	}
	for _, f := range faulty {
		t := c.trial("reload", "SIGHUP with a bad gateway.hcl: %s", f.what)
		l := w.newLoad(ctx, 2, false, func(int) *attempt { return &attempt{method: "POST", path: "/report/users"} })
		if err := os.WriteFile(w.configPath(), []byte(f.text), 0o600); err != nil {
			return err
		}
		if err := w.gateway.Signal(syscall.SIGHUP); err != nil {
			return err
		}
		_, err := program.Eventually(ctx, 10*time.Second, "a word about it in the log", func() bool { return w.gateway.Ended() || w.gateway.Says(f.says) })
		l.stop()
		if w.gateway.Ended() {
			return fmt.Errorf("%s ended the gateway: %v: %s", f.what, w.gateway.Err(), w.gateway.Tail())
		}
		t.check(err)
		if got := w.sender(ctx, t); got != good {
			t.miss("the sender is %q now, want the old %q", got, good)
		}
		if n := l.ledger.count(func(a *attempt) bool { return !a.answered || a.answer.status != http.StatusOK }); n > 0 {
			t.miss("%d of %d requests failed", n, len(l.ledger.all()))
		}
		t.claim("refused with a reason, the old one runs on, %d requests meanwhile", len(l.ledger.all()))
	}
	return nil
}
