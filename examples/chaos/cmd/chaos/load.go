package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// kind of a request of the load.
type kind int

const (
	reads kind = iota // changes nothing outside
	sms
	calls
)

// attempt is one request of the load and what its caller saw.
type attempt struct {
	kind     kind
	method   string
	path     string
	body     string
	token    string // of another caller, "" for the integrator's
	tag      string // unique: the text of an SMS, the last digits of the caller of a call
	key      string // Idempotency-Key, "" without
	answered bool
	answer   answer
	err      error
	took     time.Duration
}

// accepted reports whether an SMS was answered as accepted.
func (a *attempt) accepted() bool {
	return a.answered && a.answer.status == http.StatusOK && strings.Contains(a.answer.body, `"OK"`)
}

// refused reports whether an SMS was answered as certainly not sent.
func (a *attempt) refused() bool {
	return a.answered && a.answer.status == http.StatusOK && strings.Contains(a.answer.body, `"error"`)
}

// ledger keeps every attempt. It is safe for concurrent use.
type ledger struct {
	mu       sync.Mutex
	attempts []*attempt
}

func (l *ledger) add(a *attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.attempts = append(l.attempts, a)
}

func (l *ledger) all() []*attempt {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]*attempt{}, l.attempts...)
}

// count returns how many attempts fit.
func (l *ledger) count(fits func(*attempt) bool) int {
	n := 0
	for _, a := range l.all() {
		if fits(a) {
			n++
		}
	}
	return n
}

func answered(a *attempt) bool { return a.answered }

// serial makes tags that no other attempt of this run has.
var serial atomic.Uint64

func newSMS(to string) *attempt {
	tag := fmt.Sprintf("chaos %07d", serial.Add(1))
	return &attempt{kind: sms, method: "POST", path: "/sms/send", body: object("phone", to, "message", tag), tag: tag}
}

func newCall(account, called string) *attempt {
	tag := fmt.Sprintf("%07d", serial.Add(1))
	return &attempt{
		kind: calls, method: "POST", path: "/contact/add", tag: tag,
		body: object("called_number", called, "caller_number", "8499"+tag, "sip", account),
	}
}

// goodNumber is accepted by the sandbox's aggregators.
const goodNumber = "89190000000"

// anyNumber is one of ten thousand others that are accepted.
func anyNumber() string { return fmt.Sprintf("8919%04d111", serial.Load()%10_000) }

// mixed is the i-th request of the load: good, refused and unsafe ones in turn.
func mixed(i int) *attempt {
	switch i % 12 {
	case 0:
		return &attempt{method: "POST", path: "/contact/tiers"}
	case 1:
		return &attempt{method: "GET", path: "/onlinestat/all"}
	case 2:
		return &attempt{method: "POST", path: "/contact/tier", body: `{}`}
	case 3:
		return &attempt{method: "POST", path: "/contact/tier", body: `{`}
	case 4:
		return &attempt{method: "POST", path: "/report/users"}
	case 5:
		return &attempt{method: "POST", path: "/contact/tiers", token: "unknown"}
	case 6:
		return &attempt{method: "GET", path: "/onlinestat/get?project_id=1111"}
	case 7:
		return newCall("1001", "9003")
	case 8:
		return &attempt{method: "GET", path: "/report/badRequest?limit=20&start_date=2020-01-01&stop_date=2099-01-01"}
	case 9:
		a := newSMS(anyNumber())
		a.key = a.tag
		return a
	case 10:
		return newCall("1004", "9003") // busy
	}
	return newSMS(anyNumber())
}

// try makes the attempt and notes what became of it.
func (w *world) try(ctx context.Context, a *attempt) {
	headers := []string{}
	if a.token != "" {
		headers = append(headers, "Authorization", "Bearer "+a.token)
	}
	if a.key != "" {
		headers = append(headers, "Idempotency-Key", a.key)
	}
	began := time.Now()
	a.answer, a.err = w.send(ctx, a.method, a.path, a.body, headers...)
	a.answered, a.took = a.err == nil, time.Since(began)
}

// slowest is the longest that a caller waited for an answer.
func (l *ledger) slowest() time.Duration {
	var out time.Duration
	for _, a := range l.all() {
		if a.answered {
			out = max(out, a.took)
		}
	}
	return out.Round(10 * time.Millisecond)
}

// load is callers that go on until they are stopped.
type load struct {
	ledger  ledger
	stopped atomic.Bool
	callers sync.WaitGroup
}

// newLoad starts so many callers, each with the next request of the list when it has
// the answer to its last one. Callers who find nobody at the door stop when lonely is set.
func (w *world) newLoad(ctx context.Context, callers int, lonely bool, next func(int) *attempt) *load {
	l := &load{}
	for n := range callers {
		l.callers.Go(func() {
			for i := n; !l.stopped.Load() && ctx.Err() == nil; i++ {
				a := next(i)
				w.try(ctx, a)
				l.ledger.add(a)
				if lonely && !a.answered {
					return
				}
			}
		})
	}
	return l
}

// stop lets every caller get its last answer.
func (l *load) stop() {
	l.stopped.Store(true)
	l.callers.Wait()
}
