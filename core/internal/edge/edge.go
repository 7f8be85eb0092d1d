// Package edge is the gateway's border to the network: the listener with its
// limits, the certificates, and a strict look at the framing of every request
// before the HTTP server reads it.
//
// What it refuses never reaches a handler. It knows nothing about modules, users or
// routes.
package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
)

// Limits bound connections. Zero fields do not limit.
type Limits struct {
	Total      int // open connections
	PerAddress int // of one address; of one /64 with IPv6
	// Exempt are networks whose connections count only for Total: proxies, which
	// bring the requests of many.
	Exempt []netip.Prefix
}

// Options of a [Listener]. Zero fields get the default in brackets.
type Options struct {
	TLS    *tls.Config // nil: plain HTTP
	Limits Limits
	// HeadTime is how long a client may take from the start of the connection to its
	// first byte, and from the first byte of a head to its last [10 s].
	HeadTime time.Duration
	// ReadTime is how long a whole request may take to arrive, its body included, from
	// its first byte [1 min].
	ReadTime time.Duration
	Log      hclog.Logger // [none]
	// Descriptors are what connections are taken from; one that gets none is refused
	// with [ReasonTotal] [no end].
	Descriptors *descriptors.Budget
}

const (
	defaultHeadTime = 10 * time.Second // also bounds a TLS handshake
	defaultReadTime = time.Minute
)

// Listener gives connections whose bytes are checked. It is safe for concurrent
// use. Create it with [Listen].
type Listener struct {
	inner net.Listener
	opt   Options

	draining atomic.Bool
	closed   chan struct{}
	close    func() error
	quiet    atomic.Int64 // Unix seconds of the last line about a refusal

	mu      sync.Mutex
	limits  Limits
	conns   map[*conn]struct{}
	byAddr  map[netip.Prefix]int
	none    chan struct{} // closed when the last connection ends; nil when nobody waits
	refused map[string]uint64
}

var _ net.Listener = (*Listener)(nil)

// Listen takes over a listener of TCP connections; closing the result closes it.
func Listen(inner net.Listener, o Options) *Listener {
	if o.HeadTime <= 0 {
		o.HeadTime = defaultHeadTime
	}
	if o.ReadTime <= 0 {
		o.ReadTime = defaultReadTime
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	l := &Listener{
		inner: inner, opt: o, limits: o.Limits, closed: make(chan struct{}),
		conns: map[*conn]struct{}{}, byAddr: map[netip.Prefix]int{}, refused: map[string]uint64{},
	}
	l.close = sync.OnceValue(func() error {
		close(l.closed)
		return inner.Close()
	})
	return l
}

// Addr returns the address that is listened on.
func (l *Listener) Addr() net.Addr { return l.inner.Addr() }

// Close stops accepting. Connections go on. A second call does nothing.
func (l *Listener) Close() error { return l.close() }

// Bounds of the pause after a failed Accept.
const (
	firstPause = 5 * time.Millisecond
	lastPause  = time.Second
)

// Accept returns the next connection that the limits allow. That the process has no
// descriptors left, or the caller went away in the queue, is not an error: it waits
// and goes on, for an HTTP server takes any error of Accept as the end.
func (l *Listener) Accept() (net.Conn, error) {
	pause := firstPause
	for {
		raw, err := l.inner.Accept()
		if err != nil {
			if !passes(err) {
				return nil, err
			}
			l.tell("connections cannot be accepted", "error", err)
			select {
			case <-time.After(pause):
			case <-l.closed:
				return nil, net.ErrClosed
			}
			pause = min(2*pause, lastPause)
			continue
		}
		pause = firstPause
		if c := l.admit(raw); c != nil {
			return c, nil
		}
	}
}

// passes reports whether an error of accept(2) ends by itself: what the process lacks
// for a moment, and what became of a connection that waited in the queue.
func passes(err error) bool {
	for _, e := range []error{
		syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EINTR,
		syscall.ECONNABORTED, syscall.EPROTO, syscall.EPERM, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.ENOPROTOOPT, syscall.EOPNOTSUPP,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// What is refused for its number; see also the reasons for malformed requests.
const (
	ReasonTotal   = "connections-total"
	ReasonAddress = "connections-address"
)

// answers to connections that are one too many.
var answers = map[string]string{
	ReasonTotal:   "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
	ReasonAddress: "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n",
}

// admit counts a connection; it closes one that is too many and returns nil.
func (l *Listener) admit(raw net.Conn) net.Conn {
	address := addressOf(raw.RemoteAddr())
	c := &conn{Conn: raw, raw: raw, l: l, began: time.Now()}
	l.mu.Lock()
	reason := ""
	key := networkOf(address)
	switch {
	case l.limits.Total > 0 && len(l.conns) >= l.limits.Total:
		reason = ReasonTotal
	case l.limits.PerAddress > 0 && l.byAddr[key] >= l.limits.PerAddress && !l.exempt(address):
		reason = ReasonAddress
	case !l.opt.Descriptors.Take():
		reason = ReasonTotal
	}
	if reason != "" {
		l.refused[reason]++
	} else {
		l.conns[c] = struct{}{}
		l.byAddr[key]++
		c.key = key
	}
	l.mu.Unlock()
	if reason != "" {
		l.tell("a connection was refused", "reason", reason, "address", address)
		if l.opt.TLS == nil {
			// Into the empty buffer of the kernel: this does not wait.
			_ = raw.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
			_, _ = raw.Write([]byte(answers[reason]))
		}
		_ = raw.Close()
		return nil
	}
	if l.opt.TLS == nil {
		c.early = newEarly(raw)
		return c
	}
	secured := tls.Server(raw, l.opt.TLS)
	c.Conn = secured
	return &secureConn{c, secured}
}

func (l *Listener) exempt(a netip.Addr) bool {
	for _, p := range l.limits.Exempt {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func addressOf(a net.Addr) netip.Addr {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// networkOf is what counts as one address: a customer gets a whole IPv6 /64.
func networkOf(a netip.Addr) netip.Prefix {
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	p, _ := a.Prefix(bits) // fails for the zero Addr only; then all of these are one
	return p
}

// forget ends the count of a connection.
func (l *Listener) forget(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, there := l.conns[c]; !there {
		return
	}
	delete(l.conns, c)
	l.opt.Descriptors.Give()
	if l.byAddr[c.key]--; l.byAddr[c.key] <= 0 {
		delete(l.byAddr, c.key)
	}
	if len(l.conns) == 0 && l.none != nil {
		close(l.none)
		l.none = nil
	}
}

// refuse counts a malformed request.
func (l *Listener) refuse(c *conn, reason string) {
	l.mu.Lock()
	l.refused[reason]++
	l.mu.Unlock()
	l.tell("a malformed request was refused", "reason", reason, "address", addressOf(c.RemoteAddr()))
}

// tell logs at most one line a second, so that nobody fills the disk from outside.
func (l *Listener) tell(message string, args ...any) {
	now := time.Now().Unix()
	if last := l.quiet.Load(); last != now && l.quiet.CompareAndSwap(last, now) {
		l.opt.Log.Warn(message, args...)
	}
}

// SetLimits replaces the limits. Connections that are there stay.
func (l *Listener) SetLimits(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
}

// Stats are the figures of a listener.
type Stats struct {
	Open int
	// Refused counts connections and requests that were refused, by reason.
	Refused map[string]uint64
}

// Stats returns the figures of this moment; they are the caller's.
func (l *Listener) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Stats{Open: len(l.conns), Refused: make(map[string]uint64, len(l.refused))}
	for reason, n := range l.refused {
		s.Refused[reason] = n
	}
	return s
}

// Linger is how long a connection that waits for its next request stays open after
// [Listener.Drain]: a request that is on its way by then is served.
const Linger = 300 * time.Millisecond

// Drain stops accepting and lets every connection end: those that wait for a request
// after [Linger], the others when they come to wait for the next one.
func (l *Listener) Drain() error {
	l.draining.Store(true)
	l.mu.Lock()
	for c := range l.conns {
		c.linger()
	}
	l.mu.Unlock()
	return l.Close()
}

// Wait returns when no connection is left.
//
// # Errors
//
// That of ctx.
func (l *Listener) Wait(ctx context.Context) error {
	l.mu.Lock()
	if len(l.conns) == 0 {
		l.mu.Unlock()
		return nil
	}
	if l.none == nil {
		l.none = make(chan struct{})
	}
	none := l.none
	l.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Cut is a connection that was ended in the middle of a request.
type Cut struct {
	Address netip.Addr
	Request string // method and the beginning of the path, "" when no head was complete
	Since   time.Duration
}

// CutAll ends every connection at once and returns those that had a request.
func (l *Listener) CutAll() []Cut {
	l.mu.Lock()
	all := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		all = append(all, c)
	}
	l.mu.Unlock()
	var out []Cut
	for _, c := range all {
		if cut, busy := c.serving(); busy {
			out = append(out, cut)
		}
		c.cut()
	}
	return out
}
