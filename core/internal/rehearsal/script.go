package rehearsal

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// script is what the upstreams of one case expect and answer, in order. The task
// asks from its own goroutine and the server's goroutines answer, so it locks.
type script struct {
	upstream []Upstream

	mu       sync.Mutex
	next     int
	asked    *exchange // what the plugin asks for now, as it said it
	hops     int       // of that, seen on the network
	expired  func()    // ends the exchange as if its time were over
	problems []string
}

func newScript(c *Case) *script { return &script{upstream: c.Upstream} }

// begin is told of each http_fetch before it is performed.
func (s *script) begin(request []byte, expire func()) {
	x := &exchange{method: http.MethodGet}
	var q abi.HTTPRequest
	if err := q.Decode(request); err == nil { // otherwise the client refuses it
		x.url, x.header, x.body = q.URL, http.Header{}, slices.Clone(q.Body)
		if q.Method != "" {
			x.method = q.Method
		}
		for name, v := range q.Header.Entries() {
			x.header.Set(name, v.String())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked, s.hops, s.expired = x, 0, expire
}

// failsBefore reports that the next exchange fails in this way before anything is
// sent, and takes it off the script.
func (s *script) failsBefore(f Failure) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= len(s.upstream) || s.upstream[s.next].Answer.Fail != f {
		return false
	}
	if s.hops == 0 && s.asked != nil { // a redirect's request is never seen
		s.compare(s.asked)
	}
	s.next++
	s.hops++
	return true
}

// exhausted reports that no exchange is left, which is a problem of the case:
// it is asked when there is one.
func (s *script) exhausted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next < len(s.upstream) {
		return false
	}
	s.unexpected(s.asked)
	return true
}

func (s *script) unexpected(x *exchange) {
	text := "a call that no entry expects"
	if s.hops > 0 {
		text = "a redirect was followed, which no entry expects; it came from"
	}
	s.problems = append(s.problems, fmt.Sprintf("upstream/%d: %s:\n    %s", s.next, text, indent(x.String())))
}

// arrived compares a request with the next entry and returns its answer.
func (s *script) arrived(x *exchange) HTTPAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= len(s.upstream) {
		s.unexpected(x)
		return HTTPAnswer{Fail: FailReset}
	}
	s.compare(x)
	s.next++
	s.hops++
	return s.upstream[s.next-1].Answer
}

func (s *script) compare(x *exchange) {
	place := fmt.Sprintf("upstream/%d/request", s.next)
	s.problems = append(s.problems, s.upstream[s.next].Want.compare(place, x)...)
}

// expire lets the exchange in flight run out of time.
func (s *script) expire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expired != nil {
		s.expired()
	}
}

// addresses returns the hosts of the case that are addresses.
func (s *script) addresses() []string {
	var all []string
	for _, u := range s.upstream {
		if u.Want.URL == nil {
			continue
		}
		if _, err := netip.ParseAddr(u.Want.URL.Hostname()); err == nil {
			all = append(all, u.Want.URL.Hostname())
		}
	}
	return all
}

// end returns the problems, those about entries that were not used included.
func (s *script) end() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.problems
	for i := s.next; i < len(s.upstream); i++ {
		want := s.upstream[i].Want
		what := want.Method
		if want.URL != nil {
			what += " " + want.URL.String()
		}
		all = append(all, fmt.Sprintf("upstream/%d: this call was not made: %s", i, what))
	}
	return all
}

// hourglass is a context whose time can be let run out.
type hourglass struct {
	context.Context
	done chan struct{}
	once sync.Once
}

func newHourglass(ctx context.Context) *hourglass {
	return &hourglass{Context: ctx, done: make(chan struct{})}
}

func (h *hourglass) expire() { h.once.Do(func() { close(h.done) }) }

// Done implements context.Context. The task's own deadline is kept by Err's
// callers: the client derives a context with a deadline from this one.
func (h *hourglass) Done() <-chan struct{} { return h.done }

func (h *hourglass) Err() error {
	select {
	case <-h.done:
		if err := h.Context.Err(); err != nil {
			return err
		}
		return context.DeadlineExceeded
	default:
		return nil
	}
}

func (h *hourglass) Deadline() (time.Time, bool) { return h.Context.Deadline() }

// watch lets the hourglass end with its parent until stop is called.
func (h *hourglass) watch() (stop func() bool) { return context.AfterFunc(h.Context, h.expire) }

var _ context.Context = (*hourglass)(nil)
