package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// drain stops the gateway with SIGTERM while requests are in flight.
func drain(ctx context.Context, c *chaos) error {
	f, w, err := c.newSlowWorld(ctx, "drain", `drain = "10s"`)
	if err != nil {
		return err
	}
	defer w.end()
	defer func() { _ = f.close() }()
	if err := w.boot(ctx); err != nil {
		return err
	}
	b := newBook()
	if err := drainWithin(ctx, c, f, w, b); err != nil {
		return err
	}
	return drainTooLong(ctx, c, f, w, b)
}

// newSlowWorld has an aggregator whose slowness is a front's.
func (c *chaos) newSlowWorld(ctx context.Context, name, gateway string) (*front, *world, error) {
	w, err := c.newWorld(ctx, name, aggregator+statistics, map[string]string{"sms_timeout": "9000", "gateway": gateway})
	if err != nil {
		return nil, nil, err
	}
	f, err := newFront(w.sandbox.http)
	if err != nil {
		w.end()
		return nil, nil, err
	}
	w.values["sms"] = f.address
	return f, w, f.set(frontSlow)
}

const inFlight = 40

// fill starts SMS and returns when all of them wait for the aggregator.
func fill(ctx context.Context, w *world, f *front) (*load, error) {
	l := &load{}
	arrived := f.arrived.Load()
	for range inFlight {
		l.callers.Go(func() {
			a := newSMS(goodNumber)
			w.try(ctx, a)
			l.ledger.add(a)
		})
	}
	_, err := program.Eventually(ctx, 10*time.Second, "the SMS to be under way", func() bool { return f.arrived.Load() == arrived+inFlight })
	return l, err
}

func drainWithin(ctx context.Context, c *chaos, f *front, w *world, b *book) error {
	t := c.trial("drain", "SIGTERM with %d SMS in flight that take 3 s; drain is 10 s", inFlight)
	f.delay.Store(int64(3 * time.Second))
	l, err := fill(ctx, w, f)
	if err != nil {
		return err
	}
	began := time.Now()
	stopped := make(chan error, 1)
	go func() { stopped <- w.gateway.Stop(ctx) }()
	// Whoever comes now is sent away at once and knows it.
	late, refused := newClient(), 0
	for !w.gateway.Ended() && ctx.Err() == nil {
		a, err := do(ctx, late, "POST", w.url()+"/report/users", "", "Authorization", "Bearer "+w.token, "Connection", "close")
		switch {
		case err != nil, a.status == http.StatusServiceUnavailable:
			refused++
		case a.status != http.StatusOK:
			t.miss("a request during the shutdown: %d %.100s", a.status, a.body)
		}
		program.Pause(ctx, 50*time.Millisecond)
	}
	t.check(<-stopped)
	l.callers.Wait()
	took := time.Since(began)
	ok := l.ledger.count(func(a *attempt) bool { return a.accepted() })
	if ok != inFlight {
		t.miss("%d of %d requests in flight were answered", ok, inFlight)
	}
	if refused == 0 {
		t.miss("nobody was refused during the shutdown")
	}
	t.figure("%d of %d answered", ok, inFlight)
	t.figure("ended by itself after %s", took.Round(100*time.Millisecond))
	return afterStop(ctx, t, w, b, l.ledger.all())
}

func drainTooLong(ctx context.Context, c *chaos, f *front, w *world, b *book) error {
	t := c.trial("drain", "SIGTERM with %d SMS in flight that take longer than the drain of 1 s", inFlight)
	w.values["gateway"] = `drain = "1s"`
	f.delay.Store(int64(7 * time.Second))
	if err := w.gateway.Stop(ctx); err != nil {
		return err
	}
	if err := w.start(ctx); err != nil {
		return err
	}
	l, err := fill(ctx, w, f)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := w.gateway.Signal(15); err != nil {
		return err
	}
	select {
	case <-w.gateway.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	took := time.Since(began)
	l.callers.Wait()
	if took > 9*time.Second {
		t.miss("it took %s to end", took.Round(100*time.Millisecond))
	}
	if words := w.gateway.Broken(); words != "" {
		t.miss("the gateway broke: %s", words)
	}
	if ok := l.ledger.count(func(a *attempt) bool { return a.accepted() }); ok > 0 {
		t.miss("%d SMS were answered OK before the aggregator had said so", ok)
	}
	t.figure("ended after %s, %d callers got an error, %d lost their connection", took.Round(100*time.Millisecond),
		l.ledger.count(answered), inFlight-l.ledger.count(answered))
	// What the aggregator was doing goes on without the gateway.
	if !program.Pause(ctx, max(0, 8*time.Second-time.Since(began))) {
		return ctx.Err()
	}
	return afterStop(ctx, t, w, b, l.ledger.all())
}

// afterStop starts the gateway again and compares.
func afterStop(ctx context.Context, t *trial, w *world, b *book, attempts []*attempt) error {
	if err := w.start(ctx); err != nil {
		return fmt.Errorf("start after the stop: %w", err)
	}
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	o, err := w.outside(ctx)
	if err != nil {
		return err
	}
	verify(t, attempts, b, o)
	return nil
}
