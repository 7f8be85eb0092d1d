package main

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestDuel: the judged figure is the median of what the rounds say, so one that the
// machine disturbed does not count, in either direction.
func TestDuel(t *testing.T) {
	d := &duel{id: "evil-x", attacks: 7}
	for _, times := range [][kinds]int{{1, 3, 2}, {1, 90, 1}, {50, 25, 1}} {
		var r trial
		for k := range kinds {
			for i := range 100 {
				r[k] = append(r[k], time.Duration((100-i)*times[k])*time.Microsecond)
			}
		}
		d.rounds = append(d.rounds, r)
	}
	if r := &d.rounds[0]; r.p99(alone) != 100*time.Microsecond || r.p99(beside) != 300*time.Microsecond {
		t.Errorf("%s, %s", r.p99(alone), r.p99(beside))
	}
	if d.ratio(beside) != 3 || d.ratio(besideOrdinary) != 1 {
		t.Errorf("%v, %v", d.ratio(beside), d.ratio(besideOrdinary))
	}
	for _, want := range []string{"alone 0.10 ms", "rounds 3.0 90.0 0.5×", "300 answers, 7 attacks", "(1.00×)"} {
		if !strings.Contains(d.words(), want) {
			t.Errorf("%q does not say %q", d.words(), want)
		}
	}
}

// hostileGateway serves the victim and the attackers.
func hostileGateway(t *testing.T, victim, attack func(n int64) (int, string)) *process {
	var visits, attacks atomic.Int64
	return answering(t, func(line string, _ int64) (int, string) {
		switch {
		case strings.Contains(line, "/attack"):
			return attack(attacks.Add(1))
		case strings.Contains(line, pathCheck):
			return victim(visits.Add(1))
		default:
			return 200, `{"state":{"name":"warm"}}`
		}
	})
}

func TestRoundOfADuel(t *testing.T) {
	well := func(int64) (int, string) { return 200, "well" }
	crashing := func(n int64) (int, string) { return []int{502, 503, 200}[n%3], "" }
	d := &duel{id: "x"}
	if err := d.round(t.Context(), operatorOf(t, hostileGateway(t, well, crashing)), 30*time.Millisecond, windows, besideOrdinary); err != nil || len(d.rounds) != 1 || d.attacks == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	for k, took := range d.rounds[0] {
		if len(took) < windows {
			t.Errorf("kind %d was measured %d times", k, len(took))
		}
	}
	for want, p := range map[string]*process{
		"never called":          hostileGateway(t, well, func(int64) (int, string) { return 503, "" }),
		"answers 404":           hostileGateway(t, well, func(int64) (int, string) { return 404, "" }),
		"/bench/check answers ": hostileGateway(t, func(n int64) (int, string) { return 200, fmt.Sprint(n) }, crashing),
	} {
		d := &duel{id: "x"}
		if err := d.round(t.Context(), operatorOf(t, p), 30*time.Millisecond, windows, besideOrdinary); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestLetInIsBounded(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	p := answering(t, func(_ string, n int64) (int, string) {
		if n == 3 {
			stop()
		}
		return 200, `{"state":{"name":"compiling"}}`
	})
	if err := operatorOf(t, p).letIn(ctx, "evil"); err == nil {
		t.Error("a module that never serves is let in")
	}
}
