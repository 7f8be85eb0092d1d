package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// diskMiB is the size of the small disk: more than the reserve below which the store
// refuses to write.
const diskMiB = 448

// disk fills the disk under the gateway's data, and makes room again.
func disk(ctx context.Context, c *chaos) (err error) {
	const what = "the disk of %d MiB fills up under load: %s"
	w, err := c.newWorld(ctx, "disk", node+aggregator+statistics, nil)
	if err != nil {
		return err
	}
	unmount, err := smallDisk(w.data, diskMiB)
	if err != nil {
		w.end()
		c.trial("disk", what, diskMiB, "not done").skip("%v", err)
		return nil
	}
	defer func() {
		w.end()
		err = errors.Join(err, unmount())
	}()
	if err := w.boot(ctx); err != nil {
		return err
	}
	b := newBook()
	for _, part := range diskParts() {
		t := c.trial("disk", what, diskMiB, part.what)
		if err := fillDisk(ctx, t, w, b, part); err != nil {
			return fmt.Errorf("%s: %w", part.what, err)
		}
	}
	return nil
}

// diskPart is one way to meet a full disk.
type diskPart struct {
	what  string
	fill  func(ctx context.Context, path string) error
	crash bool // the gateway is killed while it is full
	fatal bool // the gateway may end by itself; it loses nothing all the same
}

func diskParts() []diskPart {
	atOnce := func(_ context.Context, path string) error { return takeAll(path) }
	return []diskPart{
		{"piece by piece, then room again", fillUp, false, false},
		{"killed while it is full, started with room again", fillUp, true, false},
		{"in one step, then room again", atOnce, false, true},
	}
}

func fillDisk(ctx context.Context, t *trial, w *world, b *book, part diskPart) error {
	l := w.newLoad(ctx, 4, false, func(i int) *attempt {
		program.Pause(ctx, 5*time.Millisecond)
		return mixed(i)
	})
	defer l.stop()
	ballast := filepath.Join(w.data, "ballast")
	if err := part.fill(ctx, ballast); err != nil {
		return err
	}
	full := func() int {
		return l.ledger.count(func(a *attempt) bool { return a.answered && a.answer.status == http.StatusServiceUnavailable })
	}
	_, err := program.Eventually(ctx, 30*time.Second, "the first 503", func() bool { return w.gateway.Ended() || full() > 20 })
	if w.gateway.Ended() && part.fatal {
		t.figure("the gateway ended: %.60s", w.gateway.Broken())
	} else if w.gateway.Ended() {
		t.miss("the gateway ended when the disk was full: %v: %s", w.gateway.Err(), w.gateway.Tail())
	} else {
		t.check(err)
		if a, err := do(ctx, w.client, "GET", w.url()+"/readyz", ""); err != nil || a.status != http.StatusServiceUnavailable || !strings.Contains(a.body, "disk is full") {
			t.miss("/readyz on a full disk: %d %.100s %v", a.status, a.body, err)
		} else {
			t.figure("/readyz says 503 and why")
		}
	}
	if part.crash || w.gateway.Ended() {
		l.stop()
		w.gateway.Kill()
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	if part.crash || w.gateway.Ended() {
		if err := w.start(ctx); err != nil {
			return fmt.Errorf("start with room on the disk: %w", err)
		}
	}
	took, err := program.Eventually(ctx, 30*time.Second, "the gateway to work again", func() bool {
		a, err := w.send(ctx, "POST", "/report/users", "")
		return err == nil && a.status == http.StatusOK
	})
	t.check(err)
	program.Pause(ctx, 300*time.Millisecond)
	l.stop()
	program.Pause(ctx, outcomesLater)
	t.figure("works again %s after there was room", took.Round(10*time.Millisecond))
	return afterDisk(ctx, t, w, b, l.ledger.all())
}

// afterDisk compares. A request that was answered with 503 because nothing could be
// written has no record, and nothing of it was done.
func afterDisk(ctx context.Context, t *trial, w *world, b *book, attempts []*attempt) error {
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	o, err := w.outside(ctx)
	if err != nil {
		return err
	}
	recorded := map[string]bool{}
	for _, r := range b.rows["requests"] {
		recorded[r.RequestID] = true
	}
	refused := 0
	rest := slices.DeleteFunc(attempts, func(a *attempt) bool {
		if !a.answered || a.answer.status != http.StatusServiceUnavailable || recorded[a.answer.requestID] {
			return false
		}
		refused++
		if a.answer.errorID() == "" {
			t.miss("a 503 without an id: %s", a.answer.body)
		}
		return true
	})
	for _, a := range rest {
		if a.answered && a.answer.status >= 500 && a.answer.status != http.StatusServiceUnavailable && !strings.Contains(a.answer.body, "USER_BUSY") {
			t.miss("%s: %d %.100s", a.path, a.answer.status, a.answer.body)
		}
	}
	verify(t, rest, b, o)
	t.figure("%d requests refused with 503 and an id, %d answered and recorded", refused, len(rest))
	return nil
}

// outcomesLater is how long what was under way may wait for its outcome in the
// journal once there is room.
const outcomesLater = 2 * time.Second

// fillUp writes until nothing more fits.
func fillUp(ctx context.Context, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for size := 1 << 20; size >= 1<<12; {
		if !program.Pause(ctx, time.Millisecond) {
			return ctx.Err()
		}
		switch _, err := io.CopyN(f, zeros{}, int64(size)); {
		case errors.Is(err, syscall.ENOSPC):
			size /= 4
		case err != nil:
			return err
		}
	}
	return nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
