package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	goalNeighbour = 2.0 // times the p99 of the same round without the hostile plugin
	attackers     = 2   // callers of the hostile plugin
	worst         = 3   // hostile plugins that are measured at length
	windows       = 1   // of each kind in a round, in turns
	breath        = 50 * time.Millisecond
)

// hostile are plugins of core/e2e/testdata/hostile: those that take what they can
// get and not only break a rule. ordinary answers as shortly as they do and harms
// nobody: what a caller notices of that is load and not hostility.
var (
	hostile  = []string{"evil-hog", "evil-loop", "evil-fill", "evil-bomb", "evil-recursion", "evil-flood", "evil-size", "evil-text", "evil-silent"}
	ordinary = "evil-none"
)

// neighbour measures the time of one plugin's answers alone, with a hostile one
// beside it, and with an ordinary one that has the same callers: all hostile ones
// at a glance, the worst at length.
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
	var glances []duel
	for _, id := range hostile {
		d := duel{id: id}
		if err := d.round(ctx, o, b.seconds/4, 1, beside); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		glances = append(glances, d)
	}
	// What the caller notices without the attack is the same for all, so chance in
	// that must not decide.
	slices.SortStableFunc(glances, func(x, y duel) int { return cmp.Compare(y.rounds[0].p99(beside), x.rounds[0].p99(beside)) })
	for _, g := range glances[:worst] {
		d := duel{id: g.id} // the glance chose it, so it must not count
		for range max(b.rounds, 3) {
			if err := d.round(ctx, o, b.seconds/windows, windows, besideOrdinary); err != nil {
				return fmt.Errorf("%s: %w", d.id, err)
			}
		}
		b.atMost("p99 beside a hostile plugin, "+strings.TrimPrefix(d.id, "evil-"), d.ratio(beside), goalNeighbour, "×", "%s", d.words())
		b.figures[len(b.figures)-1].noisy = true
	}
	return nil
}

// kind is what stands beside the plugin that is measured.
type kind int

const (
	alone kind = iota
	beside
	besideOrdinary
	kinds
)

// trial is one round: how long answers took, by kind.
type trial [kinds][]time.Duration

func (t *trial) p99(k kind) time.Duration { return quantile(slices.Sorted(slices.Values(t[k])), 0.99) }

// duel is what a caller of another plugin notices of a hostile one.
type duel struct {
	id      string
	rounds  []trial
	attacks int64
}

// ratio is the median of what the rounds say: a round compares what it has measured
// in turns, and one that something else disturbed does not count.
func (d *duel) ratio(k kind) float64 {
	var all []float64
	for i := range d.rounds {
		all = append(all, float64(d.rounds[i].p99(k))/float64(max(d.rounds[i].p99(alone), 1)))
	}
	return median(all)
}

func (d *duel) words() string {
	var p99 [kinds]time.Duration
	var each []string
	samples := 0
	for k := range kinds {
		var all []time.Duration
		for i := range d.rounds {
			all = append(all, d.rounds[i].p99(k))
		}
		p99[k] = median(all)
	}
	for i := range d.rounds {
		each = append(each, fmt.Sprintf("%.1f", float64(d.rounds[i].p99(beside))/float64(max(d.rounds[i].p99(alone), 1))))
		samples += len(d.rounds[i][beside])
	}
	return fmt.Sprintf("alone %.2f ms, beside it %.2f (rounds %s×; %d answers, %d attacks), beside an ordinary plugin with the same callers %.2f (%.2f×)",
		ms(p99[alone]), ms(p99[beside]), strings.Join(each, " "), samples, d.attacks, ms(p99[besideOrdinary]), d.ratio(besideOrdinary))
}

// round measures n windows of each kind up to last, in turns.
func (d *duel) round(ctx context.Context, o *operator, length time.Duration, n int, last kind) error {
	var t trial
	for range n {
		for k := range last + 1 {
			took, attacks, err := window(ctx, o, map[kind]string{beside: d.id, besideOrdinary: ordinary}[k], length)
			if err != nil {
				return err
			}
			t[k] = append(t[k], took...)
			if k == beside {
				d.attacks += attacks
			}
		}
	}
	d.rounds = append(d.rounds, t)
	return nil
}

// window measures for some time, while the module is called without a pause, if one
// is named. It begins when the module serves: the gateway's back-off after crashes,
// which ends most attacks soon, is waited for.
func window(ctx context.Context, o *operator, module string, length time.Duration) (took []time.Duration, calls int64, err error) {
	if module == "" {
		took, err = visits(ctx, o.side, length)
		return took, 0, err
	}
	if err := o.letIn(ctx, module); err != nil {
		return nil, 0, err
	}
	pause(ctx, breath)
	stop, err := attack(ctx, o.side, "/"+module+"/attack")
	if err != nil {
		return nil, 0, err
	}
	took, err = visits(ctx, o.side, length)
	calls, failed := stop()
	if err := errors.Join(err, failed); err != nil {
		return nil, 0, err
	}
	if calls == 0 {
		return nil, 0, errors.New("it was never called")
	}
	err = o.enable(module, false)
	pause(ctx, breath)
	return took, calls, err
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
