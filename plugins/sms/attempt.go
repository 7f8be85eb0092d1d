package main

import (
	"strconv"

	"errors"
	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// attempt goes through the candidates of a route until one of them decides.
type attempt struct {
	route
	m     *message
	at    int      // of the next candidate
	notes []string // who was not tried or did not take it, and why

	busy  bool  // somebody's rate is used up
	retry int64 // seconds until a closed gate may open; 0: there was none
}

func newAttempt(m *message, r route) *attempt {
	a := &attempt{m: m, route: r}
	for _, name := range r.missing {
		a.note(name, "not configured")
	}
	if len(a.candidates) > 1 && !r.rule.failover {
		a.candidates = a.candidates[:1]
	}
	return a
}

func (a *attempt) note(provider, what string) { a.notes = append(a.notes, provider+": "+what) }

// story explains the way for the journal.
func (a *attempt) story() string {
	text := "rule " + a.rule.name
	for i, n := range a.notes {
		if i == 0 {
			text += ": " + n
		} else {
			text += "; " + n
		}
	}
	return text
}

// next returns the next candidate whose gate lets the message through.
func (a *attempt) next() (p patchbay.Provider, ok bool) {
	for a.at < len(a.candidates) {
		p = a.candidates[a.at]
		a.at++
		v := gates.admit(p.Instance, a.m.segments)
		if v.granted {
			return p, true
		}
		if v.open {
			a.note(p.Instance, "not tried, breaker open for "+strconv.FormatInt(v.retry, 10)+" s")
		} else {
			a.note(p.Instance, "not tried, rate used up")
			a.busy = true
		}
		if a.retry == 0 || v.retry < a.retry {
			a.retry = v.retry
		}
	}
	return p, false
}

// run asks one provider after the other until one of them decides.
func (a *attempt) run(t *patchbay.Task, p patchbay.Provider, ok bool) (patchbay.Reply, error) {
	last := a.candidates[0]
	var cause error
	for ; ok; p, ok = a.next() {
		last = p
		answer, err := t.Call(point, "send", p.Instance, a.m.params(p))
		e := ending{result: outcome(err), provider: p, answer: answer}
		if err != nil {
			e.detail = err.Error()
		}
		switch e.result {
		case patchbay.ResultOK, patchbay.ResultError:
			gates.passed(p.Instance)
			a.note(p.Instance, map[string]string{patchbay.ResultOK: "accepted", patchbay.ResultError: "refused"}[e.result])
			a.m.end(t, e, a.story())
			return a.m.reply(t, e, a.rule.name), nil
		case patchbay.ResultUnknown:
			gates.calledOff(p.Instance)
			a.note(p.Instance, "unknown, perhaps accepted")
			a.m.end(t, e, a.story())
			return patchbay.Reply{}, patchbay.Unavailable(system, err)
		}
		a.failed(t, p, err)
		cause = err
	}
	e := ending{result: patchbay.ResultError, provider: last}
	if cause != nil {
		e.detail = cause.Error()
	}
	a.m.end(t, e, a.story())
	if cause != nil && !a.busy {
		return patchbay.Reply{}, patchbay.Unavailable(system, cause)
	}
	return patchbay.Reply{}, a.refusal()
}

// failed notes that a provider certainly did not take the message. One that is
// only busy is not broken.
func (a *attempt) failed(t *patchbay.Task, p patchbay.Provider, err error) {
	code := "failed"
	if e, ok := errors.AsType[*patchbay.Error](err); ok {
		code = string(e.Code)
	}
	if code == string(abi.CodeBusy) {
		gates.calledOff(p.Instance)
	} else {
		gates.failed(p.Instance)
	}
	a.note(p.Instance, "did not take it, "+code)
	t.Warn("provider did not take the SMS; nothing was sent", "provider", p.Instance, "error", err.Error())
}

// refusal is the answer when every gate was closed: the caller may try again
// later. Nothing was sent.
func (a *attempt) refusal() *patchbay.Error {
	e := &patchbay.Error{Code: abi.CodeUnavailable, Message: system, Source: abi.SourcePlugin, Detail: a.story(), RetryMS: int(max(a.retry, 1) * 1000)}
	if a.busy {
		e.Code = abi.CodeBusy
	}
	return e
}
