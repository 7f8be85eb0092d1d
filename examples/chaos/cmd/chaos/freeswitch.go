package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// truth is the level of one tier in FreeSWITCH. It only grows, so an answer that shows
// less than what was in force before it was asked for is stale.
type truth struct {
	w     *world
	level atomic.Int64 // in force for certain; 0: nothing is known
	asked atomic.Int64 // at most this is in force
}

const (
	watchedQueue = "support@default"
	watchedAgent = "1001@default"
)

// change gives the tier its next level, past the gateway.
func (t *truth) change(ctx context.Context) error {
	next := t.asked.Add(1)
	out, err := t.w.sandbox.api(ctx, fmt.Sprintf("callcenter_config tier set level %s %s %d", watchedQueue, watchedAgent, next))
	if err != nil || out != "+OK" {
		return fmt.Errorf("change a tier in FreeSWITCH: %s %w", out, err)
	}
	t.level.Store(next)
	return nil
}

// shown is the level in an answer of /contact/tiers.
func shown(body string) (int64, error) {
	var tiers []struct{ Queue, Agent, Level string }
	if err := json.Unmarshal([]byte(body), &tiers); err != nil {
		return 0, fmt.Errorf("tiers: %w", err)
	}
	for _, t := range tiers {
		if t.Queue == watchedQueue && t.Agent == watchedAgent {
			var level int64
			_, err := fmt.Sscan(t.Level, &level)
			return level, err
		}
	}
	return 0, errors.New("tiers: the watched one is missing")
}

// link is what the callers of one fault saw.
type link struct {
	good, bad atomic.Int64
}

// watch reads the list until stop and judges every answer.
func (t *truth) watch(ctx context.Context, trial *trial, seen *link, stop *atomic.Bool) {
	for !stop.Load() && ctx.Err() == nil {
		low := t.level.Load()
		a, err := t.w.send(ctx, "POST", "/contact/tiers", "")
		if err != nil {
			trial.miss("/contact/tiers had no answer: %v", err)
			return
		}
		switch a.status {
		case http.StatusOK:
			seen.good.Add(1)
			level, err := shown(a.body)
			switch high := t.asked.Load(); {
			case err != nil:
				trial.miss("%v", err)
			case t.level.Load() == 0 || low == 0: // just restarted
			case level < low || level > high:
				trial.miss("a stale list: level %d, FreeSWITCH had %d to %d", level, low, high)
			}
		case http.StatusBadGateway, http.StatusGatewayTimeout:
			seen.bad.Add(1)
			if a.errorID() == "" {
				trial.miss("an error without an id: %s", a.body)
			}
			program.Pause(ctx, 5*time.Millisecond)
		default:
			trial.miss("/contact/tiers: %d %.100s", a.status, a.body)
		}
	}
}

// linkFault is one way in which FreeSWITCH or the way to it fails.
type linkFault struct {
	what       string
	begin, end func(ctx context.Context, w *world, l *lane) error
	reachable  bool // FreeSWITCH itself can be asked meanwhile
	mayAnswer  bool // answers are possible meanwhile
	restarts   bool // the history of FreeSWITCH is lost
}

func through(mode laneMode) func(context.Context, *world, *lane) error {
	return func(_ context.Context, _ *world, l *lane) error { return l.set(mode) }
}

func linkFaults() []linkFault {
	killed := func(ctx context.Context, w *world, _ *lane) error { w.sandbox.process.Kill(); return nil }
	again := func(ctx context.Context, w *world, _ *lane) error { return w.sandbox.start(ctx) }
	signal := func(s syscall.Signal) func(context.Context, *world, *lane) error {
		return func(_ context.Context, w *world, _ *lane) error { return w.sandbox.process.Signal(s) }
	}
	return []linkFault{
		{"killed and started again", killed, again, false, false, true},
		{"stopped (SIGSTOP), then woken", signal(syscall.SIGSTOP), signal(syscall.SIGCONT), false, false, false},
		{"half-open TCP: the line swallows everything", through(laneSwallow), through(lanePass), true, false, false},
		{"connections refused", through(laneRefuse), through(lanePass), true, false, false},
		{"refused by its ACL", through(laneRude), through(lanePass), true, false, false},
		{fmt.Sprintf("slow: %s for each piece", slowness), through(laneSlow), through(lanePass), true, true, false},
		{"noise on the socket", through(laneGarbage), through(lanePass), true, false, false},
		{"answers torn in the middle of a frame", through(laneTorn), through(lanePass), true, false, false},
	}
}

// faultFor is how long each fault lasts: longer than the node's command time-out,
// which is 2 s here.
const faultFor = 5 * time.Second

// freeswitch breaks the link to FreeSWITCH under a load of lists and calls.
func freeswitch(ctx context.Context, c *chaos) error {
	w, err := c.newWorld(ctx, "freeswitch", "", nil)
	if err != nil {
		return err
	}
	defer w.end()
	l, err := newLane(w.sandbox.esl)
	if err != nil {
		return err
	}
	defer func() { _ = l.close() }()
	w.text = base + node + queues
	w.values["esl"] = l.address
	if err := w.boot(ctx); err != nil {
		return err
	}
	real := &truth{w: w}
	real.asked.Store(10)
	b := newBook()
	for _, fault := range linkFaults() {
		t := c.trial("freeswitch", "%s", fault.what)
		if err := breakLink(ctx, t, w, l, real, b, fault); err != nil {
			return fmt.Errorf("%s: %w", fault.what, err)
		}
	}
	return nil
}

func breakLink(ctx context.Context, t *trial, w *world, l *lane, real *truth, b *book, fault linkFault) error {
	if err := real.change(ctx); err != nil {
		return err
	}
	var seen link
	var stop atomic.Bool
	calling := w.newLoad(ctx, 4, false, func(i int) *attempt {
		if i%4 == 3 {
			return newCall("1004", "9003") // busy
		}
		return newCall("1002", "9003") // the watched operator is 1001
	})
	placed := func() int {
		return calling.ledger.count(func(a *attempt) bool { return a.answered && a.answer.status == http.StatusOK })
	}
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		real.watch(ctx, t, &seen, &stop)
	}()
	defer func() {
		stop.Store(true)
		calling.stop()
		<-reading
	}()
	if _, err := program.Eventually(ctx, 20*time.Second, "the load to begin", func() bool { return seen.good.Load() > 5 && placed() > 0 }); err != nil {
		return err
	}
	if fault.restarts {
		real.level.Store(0)
	}
	if err := fault.begin(ctx, w, l); err != nil {
		return err
	}
	good, bad := seen.good.Load(), seen.bad.Load()
	if fault.reachable {
		if err := real.change(ctx); err != nil {
			return err
		}
	}
	if !program.Pause(ctx, faultFor) {
		return ctx.Err()
	}
	good, bad = seen.good.Load()-good, seen.bad.Load()-bad
	switch {
	case fault.mayAnswer && good == 0:
		t.miss("nothing was answered although FreeSWITCH was only slow")
	case !fault.mayAnswer && bad == 0:
		t.miss("no caller was told: %d answers, no error in %s", good, faultFor)
	}
	if err := fault.end(ctx, w, l); err != nil {
		return err
	}
	if err := real.change(ctx); err != nil {
		return err
	}
	level := real.level.Load()
	took, err := program.Eventually(ctx, 30*time.Second, "the lists to come back", func() bool {
		a, err := w.send(ctx, "POST", "/contact/tiers", "")
		if err != nil || a.status != http.StatusOK {
			return false
		}
		got, err := shown(a.body)
		return err == nil && got == level
	})
	if !t.check(err) {
		return nil
	}
	before := placed()
	if _, err := program.Eventually(ctx, 20*time.Second, "calls to be placed again", func() bool { return placed() >= before+4 }); !t.check(err) {
		return nil
	}
	compareStatistics(ctx, t, w)
	stop.Store(true)
	calling.stop()
	<-reading
	t.figure("%d lists and %d errors meanwhile", good, bad)
	t.figure("back after %s", took.Round(10*time.Millisecond))
	return settle(ctx, t, w, l, calling.ledger.all(), b, fault.restarts)
}

// compareStatistics changes an operator and looks whether online statistics follow at
// once.
func compareStatistics(ctx context.Context, t *trial, w *world) {
	for status, want := range map[string]string{"Available": `"cntReady":1`, "On Break": `"cntNotReady":1`} {
		out, err := w.sandbox.api(ctx, "callcenter_config agent set status "+watchedAgent+" '"+status+"'")
		if err != nil || out != "+OK" {
			t.miss("change an operator in FreeSWITCH: %s %v", out, err)
			continue
		}
		a, err := w.send(ctx, "GET", "/onlinestat/get?project_id=1111", "")
		if err != nil || a.status != http.StatusOK || !strings.Contains(a.body, want) {
			t.miss("the operator is %s, onlinestat says %d %s %v", status, a.status, a.body, err)
		}
	}
}

// settle compares every call with the journal, with FreeSWITCH and with what went
// over the line.
func settle(ctx context.Context, t *trial, w *world, l *lane, attempts []*attempt, b *book, restarted bool) error {
	var err error
	o := &outside{calls: l.calls()}
	if !restarted {
		if o, err = w.outside(ctx); err != nil {
			return err
		}
	}
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	verify(t, attempts, b, o)
	sent := l.calls()
	placed, open := 0, 0
	for _, a := range attempts {
		switch n := len(sent[a.tag]); {
		case n > 1:
			t.miss("the call of %s went over the line %d times", a.tag, n)
		case a.answered && a.answer.status == http.StatusOK:
			placed++
		case a.answered && a.answer.status == http.StatusGatewayTimeout:
			open++
		case !a.answered:
			t.miss("%s had no answer: %v", a.path, a.err)
		}
	}
	t.claim("%d calls placed, each as asked for", placed)
	if open > 0 {
		t.claim("%d with an unknown outcome, none dialled twice", open)
	}
	return nil
}
