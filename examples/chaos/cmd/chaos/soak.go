package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// warming is spent as fast as possible before anything is looked at: it fills what is
// there to be filled, the caches and memtables of the store, the memory of the guests,
// the rings of the panel.
const warming = 15 * time.Second

// soak keeps a mixed load up and looks whether anything grows.
func soak(ctx context.Context, c *chaos) error {
	w, err := c.newWorld(ctx, "soak", node+aggregator+statistics+crm, map[string]string{"guards": "watch"})
	if err != nil {
		return err
	}
	defer w.end()
	if err := w.boot(ctx); err != nil {
		return err
	}
	t := c.trial("soak", "mixed load for %s, after %s as fast as possible; the panel is looked at, the configuration changes %d times", c.soakFor, warming, changes)
	warm := w.newLoad(ctx, 8, false, mixed)
	program.Pause(ctx, warming)
	warm.stop()
	// Then at a pace that a call centre may have.
	l := w.newLoad(ctx, 8, false, func(i int) *attempt {
		program.Pause(ctx, 20*time.Millisecond)
		return mixed(i)
	})
	defer l.stop()
	began := time.Now()
	every := max(c.soakFor/240, 250*time.Millisecond)
	var samples []sample
	reloaded, filled := 0, false
	for time.Since(began) < c.soakFor {
		if !program.Pause(ctx, every) {
			return ctx.Err()
		}
		s, err := w.look(ctx)
		if err != nil {
			return err
		}
		s.at = time.Since(began)
		samples = append(samples, s)
		if err := w.glance(ctx); err != nil {
			t.miss("the panel: %v", err)
		}
		if !filled && time.Since(began) > c.soakFor*2/5 {
			// The store's cache fills as the journal grows, for hours. Whoever reads all of
			// it fills it now, before the half that is judged.
			filled = true
			if err := newBook().read(ctx, w, t); err != nil {
				return err
			}
		}
		if reloaded < changes && time.Since(began) > time.Duration(reloaded+1)*c.soakFor/(changes+1) {
			reloaded++
			if err := w.change(ctx, t, fmt.Sprintf("SOAK%d", reloaded)); err != nil {
				return err
			}
		}
	}
	l.stop()
	requests, failed := 0, 0
	for _, a := range append(warm.ledger.all(), l.ledger.all()...) {
		requests++
		if !a.answered || a.answer.status >= 500 && !strings.Contains(a.answer.body, "USER_BUSY") {
			failed++
			t.miss("%s: %d %.100s %v", a.path, a.answer.status, a.answer.body, a.err)
		}
	}
	t.figure("%d requests, %d failures", requests, failed)
	judge(t, samples)
	return nil
}

// changes of the configuration during a soak. Each brings a new guest.
const changes = 10

// glance does what an open panel does: it looks at pages and listens for a moment.
func (w *world) glance(ctx context.Context) error {
	for _, page := range []string{"/overview", "/journal/sms?limit=50", "/traces", "/log"} {
		if err := w.admin(ctx, "GET", page, "", nil); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, callerPatience)
	defer cancel() // it goes while it is talked to
	r, err := http.NewRequestWithContext(ctx, "GET", w.url()+adminAPI+"/live", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+w.adminToken)
	response, err := w.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusTooManyRequests {
		return nil // the last ones have not been missed yet
	}
	if _, err := io.ReadFull(response.Body, make([]byte, 16)); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("/live: %d %w", response.StatusCode, err)
	}
	return nil
}

// look reads the gateway's own figures and the kernel's.
func (w *world) look(ctx context.Context) (sample, error) {
	a, err := do(ctx, w.client, "GET", w.url()+"/metrics", "")
	if err != nil {
		return sample{}, fmt.Errorf("metrics: %w", err)
	}
	anonymous, err := w.gateway.Status("RssAnon")
	if err != nil {
		return sample{}, err
	}
	s, err := readSample(a.body, float64(anonymous))
	if err != nil {
		return sample{}, err
	}
	tables, err := filepath.Glob(filepath.Join(w.data, "store", "*.sst"))
	s.tables = float64(len(tables))
	s.files -= s.tables
	return s, err
}
