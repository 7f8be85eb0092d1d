package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	goalHeap     = 1.1  // times the one after the first upgrades
	goalLeft     = 8    // MB
	firstUpgrade = 50   // upgrades until everything has its size …
	firstSMS     = 4000 // … and SMS before them: the runtime's heap and the journal grow first
	lightCallers = 4
	// pace is between two upgrades: superseded instances linger for two seconds, and
	// a thousand at once would be another measurement.
	pace       = 20 * time.Millisecond
	lightDelay = 20 * time.Millisecond // of the upstream, so that requests are in flight at each switch
	// settling is for the superseded instances, which linger for seconds, and weighing
	// how long the memory is looked at: collections of the heap come and go meanwhile.
	settling = 4 * time.Second
	weighing = 6 * time.Second
)

// upgrades brings two versions of an SMS provider into force in turns while SMS are
// sent through it, and compares the memory. The journal of that load takes memory,
// too, until the store writes it away; so the same number of SMS is sent afterwards
// without upgrades, and what they take is subtracted.
func (b *bench) upgrades(ctx context.Context) (err error) {
	there, _, err := b.built()
	if err != nil {
		return err
	}
	l := there[0]
	if i := slices.IndexFunc(there, func(l language) bool { return l.id == "c" }); i >= 0 {
		l = there[i] // small, and nothing else differs
	}
	up, err := b.upstream(ctx, lightDelay)
	if err != nil {
		return err
	}
	defer func() { _ = up.stop() }()
	at, err := b.fill(ctx, "upgrades", 0)
	if err != nil {
		return err
	}
	p, err := b.gateway(ctx, "install.hcl", at, up.address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	o, err := newOperator(side{p, at.token}, up.address)
	if err != nil {
		return err
	}
	defer o.close()
	v, err := o.versions(b, l)
	if err != nil {
		return err
	}
	t, err := newTrickle(p, o.request(pathSMS))
	if err != nil {
		return err
	}
	failed := func() error { // the reason why it ended counts most
		served, err := t.stop()
		if err != nil {
			return fmt.Errorf("after %d SMS: %w\n%s", served, err, p.words)
		}
		return nil
	}
	if err := t.more(ctx, firstSMS); err != nil {
		return errors.Join(err, failed())
	}
	if _, err := o.switchVersions(ctx, v, firstUpgrade); err != nil {
		return errors.Join(err, failed())
	}
	before, err := p.weigh(ctx)
	if err != nil {
		return errors.Join(err, failed())
	}
	began := t.served.Load()
	took, err := o.switchVersions(ctx, v, b.upgradeCount)
	if err != nil {
		return errors.Join(err, failed())
	}
	during := t.served.Load() - began
	after, err := p.weigh(ctx)
	if err != nil {
		return errors.Join(err, failed())
	}
	if err := t.more(ctx, during); err != nil {
		return errors.Join(err, failed())
	}
	control, err := p.weigh(ctx)
	if err != nil {
		return errors.Join(err, failed())
	}
	served, err := t.stop()
	wrong := 0.0
	if err != nil {
		_, _ = fmt.Fprintf(b.log, "upgrades: %s\n%s", err, p.words)
		wrong = float64(t.wrong.Load())
	}
	b.atMost("failed SMS", wrong, 0, "SMS", "%d upgrades of the provider in %s, %d SMS during them, %d in all", len(took), l.title, during, served)
	b.atMost("heap after the upgrades", after.heap/before.heap, goalHeap, "×", "%.1f MB after the first %d, %.1f MB after %d more", before.heap/1e6, firstUpgrade, after.heap/1e6, len(took))
	grown, load := after.resident-before.resident, control.resident-after.resident
	b.atMost("resident memory that they left behind", (grown-load)/1e6, goalLeft, "MB", "%.1f MB before, %+.1f MB with the upgrades, %+.1f MB by the same load without", before.resident/1e6, grown/1e6, load/1e6)
	slices.Sort(took)
	b.note("time of an upgrade", "median %.1f ms, slowest %.0f ms, machine code in the cache", ms(median(took)), ms(took[len(took)-1]))
	return nil
}

// versions uploads two versions, makes the instance, and returns their sums.
func (o *operator) versions(b *bench, l language) (sums [2]string, err error) {
	for i, file := range []string{l.provider(), l.next()} {
		code, err := os.ReadFile(b.program(file))
		if err != nil {
			return sums, err
		}
		if sums[i], err = o.upload(code); err != nil {
			return sums, err
		}
		if i == 0 {
			if err := o.provide("sms-" + l.id); err != nil {
				return sums, err
			}
		}
	}
	if sums[0] == sums[1] {
		return sums, fmt.Errorf("both versions of the provider in %s are the same file", l.title)
	}
	return sums, o.send()
}

// switchVersions brings the versions into force in turns; the last one before is
// sums[0] for an even n.
func (o *operator) switchVersions(ctx context.Context, sums [2]string, n int) ([]time.Duration, error) {
	var took []time.Duration
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		want := sums[(i+1)%2]
		var now struct {
			SHA256 string   `json:"sha256"`
			Lacks  []string `json:"lacks"`
		}
		path := "/plugins/" + o.plugin + "/upgrade"
		began := time.Now()
		if err := o.json("POST", path, map[string]string{"sha256": want}, &now); err != nil {
			return nil, fmt.Errorf("upgrade %d: %w", i+1, err)
		}
		took = append(took, time.Since(began))
		pause(ctx, pace)
		if now.SHA256 != want || len(now.Lacks) > 0 {
			return nil, fmt.Errorf("upgrade %d: %.12s is in force and not %.12s: %s", i+1, now.SHA256, want, strings.Join(now.Lacks, "; "))
		}
	}
	return took, nil
}

// weight is what a gateway takes, in bytes.
type weight struct{ resident, heap float64 }

// weigh looks at the memory for a while and takes the smallest: what is left when
// garbage was collected and given back.
func (p *process) weigh(ctx context.Context) (weight, error) {
	var w weight
	c, err := dial(p.address)
	if err != nil {
		return w, err
	}
	defer func() { _ = c.Close() }()
	raw := request("GET", p.address, "/metrics", "", "")
	pause(ctx, settling)
	for end := time.Now().Add(weighing); time.Now().Before(end) || w.heap == 0; pause(ctx, weighing/200) {
		if err := ctx.Err(); err != nil {
			return w, err
		}
		a, err := c.do(raw, true)
		if err != nil {
			return w, err
		}
		heap, err := parseMetric(string(a.body), "go_memstats_heap_alloc_bytes")
		if err != nil {
			return w, err
		}
		_, now, err := p.memory()
		if err != nil {
			return w, err
		}
		w.heap = min(cmp.Or(w.heap, heap), heap)
		w.resident = min(cmp.Or(w.resident, float64(now)), float64(now))
	}
	return w, nil
}

// parseMetric reads a series without labels out of Prometheus' text format.
func parseMetric(text, name string) (float64, error) {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("/metrics has no %s", name)
}

// trickle is a light load of SMS until it is stopped.
type trickle struct {
	conns  []*conn
	ending chan struct{}
	gone   sync.WaitGroup
	served atomic.Int64
	wrong  atomic.Int64
	first  chan error
}

func newTrickle(p *process, raw []byte) (*trickle, error) {
	t := &trickle{ending: make(chan struct{}), first: make(chan error, 1)}
	for range lightCallers {
		c, err := dial(p.address)
		if err != nil {
			_, _ = t.stop()
			return nil, err
		}
		t.conns = append(t.conns, c)
		t.gone.Go(func() { t.call(c, raw) })
	}
	return t, nil
}

func (t *trickle) call(c *conn, raw []byte) {
	for {
		select {
		case <-t.ending:
			return
		default:
		}
		if err := sendSMS(c, raw); err != nil {
			t.wrong.Add(1)
			select {
			case t.first <- err:
			default:
			}
			pause(context.Background(), lightDelay) // a broken connection must not spin
			continue
		}
		t.served.Add(1)
	}
}

// more waits until so many more SMS were sent, or one failed.
func (t *trickle) more(ctx context.Context, n int64) error {
	for end := t.served.Load() + n; t.served.Load() < end && t.wrong.Load() == 0; pause(ctx, lightDelay) {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// stop ends the load. The error is the first of the failures.
func (t *trickle) stop() (served int64, err error) {
	close(t.ending)
	t.gone.Wait()
	for _, c := range t.conns {
		_ = c.Close()
	}
	select {
	case err := <-t.first:
		return t.served.Load(), fmt.Errorf("%d SMS failed, the first with: %w", t.wrong.Load(), err)
	default:
		return t.served.Load(), nil
	}
}
