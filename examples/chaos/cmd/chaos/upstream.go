package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// upstreamFault is one way in which a system behind the gateway fails.
type upstreamFault struct {
	what string
	mode frontMode
	good bool // SMS are sent all the same
	read bool // reading actions are answered all the same
}

func upstreamFaults() []upstreamFault {
	return []upstreamFault{
		{"connections refused", frontRefuse, false, false},
		{"the request is read and nothing happens", frontSilent, false, false},
		{"slow, but in time", frontSlow, true, true},
		{"done, but the answer comes after the time-out", frontLate, false, false},
		{"done, then the connection is cut", frontCut, false, false},
		{"done, the answer comes a byte at a time", frontTrickle, false, false},
		{"done, half of the answer comes", frontTruncate, false, false},
		{"done, the answer is noise", frontGarbage, false, false},
		{"done, the answer never ends", frontEndless, false, false},
		{"500, nothing done", frontFail, false, false},
		{"done, and 500 all the same", frontFailDone, false, false},
		{"a redirect", frontRedirect, false, true},
		{"done, with one answer too many on the connection", frontDouble, true, true},
	}
}

// each is how often every action is called under each fault.
const each = 6

// upstream breaks the aggregator, the statistics server and the CRM, each in every
// way, while another module goes on.
func upstream(ctx context.Context, c *chaos) error {
	// The breaker of the SMS module would answer in the place of a faulty aggregator.
	w, err := c.newWorld(ctx, "upstream", aggregator+statistics+crm, map[string]string{"breaker": "0"})
	if err != nil {
		return err
	}
	defer w.end()
	var fronts [3]*front // of the aggregator, the statistics server, the CRM
	for i, name := range []string{"sms", "stats", "crm"} {
		if fronts[i], err = newFront(w.sandbox.http); err != nil {
			return err
		}
		defer func() { _ = fronts[i].close() }()
		w.values[name] = fronts[i].address
	}
	if err := w.boot(ctx); err != nil {
		return err
	}
	truth := map[string]string{}
	for _, path := range readPaths {
		a, err := w.send(ctx, "GET", path, "")
		if err != nil || a.status != http.StatusOK {
			return fmt.Errorf("%s before any fault: %d %s %w", path, a.status, a.body, err)
		}
		truth[path] = a.body
	}
	b := newBook()
	for _, fault := range upstreamFaults() {
		if err := breakAggregator(ctx, c, w, fronts[0], b, fault); err != nil {
			return fmt.Errorf("aggregator: %s: %w", fault.what, err)
		}
	}
	for i, system := range []string{"statistics server", "CRM"} {
		t := c.trial("upstream", "%s: each of the %d faults", system, len(upstreamFaults()))
		right := 0
		for _, fault := range upstreamFaults() {
			n, err := breakReads(ctx, t, w, fronts[i+1], readPaths[i], truth[readPaths[i]], fault)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", system, fault.what, err)
			}
			right += n
		}
		t.claim("%d requests: %d right answers, the others errors with an id", len(upstreamFaults())*each, right)
		t.claim("back with the first request after each")
	}
	return nil
}

// readPaths are the actions that read from the statistics server and the CRM.
var readPaths = [...]string{"/onlinestat/get?project_id=1111", "/report/demoReport?start_date=2022-11-10&stop_date=2022-11-10"}

func breakAggregator(ctx context.Context, c *chaos, w *world, f *front, b *book, fault upstreamFault) error {
	t := c.trial("upstream", "aggregator: %s", fault.what)
	if err := f.set(fault.mode); err != nil {
		return err
	}
	followed := f.followed.Load()
	neighbour := 0
	others := w.newLoad(ctx, 1, false, func(int) *attempt { return &attempt{method: "POST", path: "/report/users"} })
	l := &load{}
	for n := range each {
		l.callers.Go(func() {
			a := newSMS(goodNumber)
			if n%3 == 2 {
				a = newSMS("89190000001") // the aggregator says no
			}
			w.try(ctx, a)
			l.ledger.add(a)
		})
	}
	l.callers.Wait()
	others.stop()
	if err := f.set(frontPass); err != nil {
		return err
	}
	for _, a := range others.ledger.all() {
		neighbour++
		if !a.answered || a.answer.status != http.StatusOK {
			t.miss("another module was answered %d %v", a.answer.status, a.err)
		}
	}
	if n := f.followed.Load() - followed; n > 0 {
		t.miss("%d requests followed the redirect", n)
	}
	outcomes := map[string]int{}
	for _, a := range l.ledger.all() {
		switch {
		case !a.answered:
			t.miss("no answer: %v", a.err)
		case a.accepted():
			outcomes["OK"]++
			if !fault.good {
				t.miss("%q was answered OK", a.tag)
			}
		case a.refused():
			outcomes["error"]++
		case a.answer.status == http.StatusBadGateway, a.answer.status == http.StatusGatewayTimeout, a.answer.status == http.StatusServiceUnavailable:
			outcomes[fmt.Sprint(a.answer.status)]++
			if a.answer.errorID() == "" {
				t.miss("%d without an error id: %s", a.answer.status, a.answer.body)
			}
		default:
			t.miss("unexpected: %d %s", a.answer.status, a.answer.body)
		}
	}
	if fault.good && outcomes["OK"] == 0 {
		t.miss("nothing was sent although the aggregator did its work")
	}
	after := newSMS(goodNumber)
	w.try(ctx, after)
	l.ledger.add(after)
	if !after.accepted() {
		t.miss("the first SMS afterwards: %d %s %v", after.answer.status, after.answer.body, after.err)
	}
	if err := b.read(ctx, w, t); err != nil {
		return err
	}
	o, err := w.outside(ctx)
	if err != nil {
		return err
	}
	verify(t, l.ledger.all(), b, o)
	t.figure("answers %s", strings.Trim(fmt.Sprint(outcomes), "map[]"))
	t.figure("none later than %s", l.ledger.slowest())
	t.figure("another module meanwhile: %d answers", neighbour)
	return nil
}

// breakReads calls an action that only reads: an answer is right or an error. It
// returns how many were right.
func breakReads(ctx context.Context, t *trial, w *world, f *front, path, truth string, fault upstreamFault) (right int, err error) {
	if err := f.set(fault.mode); err != nil {
		return right, err
	}
	l := &load{}
	for range each {
		l.callers.Go(func() {
			a := &attempt{method: "GET", path: path}
			w.try(ctx, a)
			l.ledger.add(a)
		})
	}
	l.callers.Wait()
	if err := f.set(frontPass); err != nil {
		return right, err
	}
	for _, a := range l.ledger.all() {
		switch {
		case !a.answered:
			t.miss("%s: no answer: %v", fault.what, a.err)
		case a.answer.status == http.StatusOK && a.answer.body != truth:
			t.miss("%s: a wrong answer: %.100s", fault.what, a.answer.body)
		case a.answer.status == http.StatusOK && !fault.read:
			t.miss("%s: an answer that nobody can have: %.100s", fault.what, a.answer.body)
		case a.answer.status == http.StatusOK:
			right++
		case a.answer.status < 500 || a.answer.errorID() == "":
			t.miss("%s: %d %.100s", fault.what, a.answer.status, a.answer.body)
		}
	}
	a, err := w.send(ctx, "GET", path, "")
	if err != nil || a.status != http.StatusOK || a.body != truth {
		t.miss("afterwards, %s: %d %.100s %v", fault.what, a.status, a.body, err)
	}
	return right, nil
}
