package httpcall

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Connect opens a connection to an address "ip:port" that was checked before.
type Connect func(ctx context.Context, network, address string) (net.Conn, error)

const (
	// maxAddresses keeps a DNS answer from turning a request into a port scan.
	maxAddresses = 6
	// stagger is the delay before the next address is tried beside the first
	// (RFC 8305).
	stagger = 250 * time.Millisecond
)

// dialer opens the connections of one carrier. Its answer depends on the address
// asked for only, because a connection that was dialed for one exchange serves
// others later.
type dialer struct {
	private  bool
	resolver Resolver
	connect  Connect
	timeout  time.Duration // lookup and connect together
}

// systemConnect dials with the operating system and judges the address once
// more at the socket.
func systemConnect(private bool) Connect {
	d := &net.Dialer{
		KeepAlive: 30 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			ap, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("dial: %w", err)
			}
			// The name was judged by resolve; here only the address counts.
			return permit(private, ap.Addr().String(), ap.Addr())
		},
	}
	return d.DialContext
}

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, &connectTimeout{d.timeout})
	defer cancel()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	addrs, err := d.resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	return d.race(ctx, network, addrs, port)
}

// resolve returns the addresses of host that may be dialed, in the order to try
// them; there is at least one when err is nil.
func (d *dialer) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{addr}, permit(d.private, host, addr)
	}
	found, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("look up %q: %w", host, err)
	}
	var first, second []netip.Addr // by family, the first answer's family leading
	var refused error
	for _, addr := range found {
		addr = addr.Unmap()
		if err := permit(d.private, host, addr); err != nil {
			if refused == nil {
				refused = err
			}
			continue
		}
		if len(first) == 0 || first[0].Is4() == addr.Is4() {
			first = append(first, addr)
		} else {
			second = append(second, addr)
		}
	}
	if len(first) == 0 {
		if refused != nil {
			return nil, refused
		}
		return nil, fmt.Errorf("look up %q: the name has no address", host)
	}
	return interleave(first, second), nil
}

func interleave(a, b []netip.Addr) []netip.Addr {
	out := make([]netip.Addr, 0, min(len(a)+len(b), maxAddresses))
	for i := 0; len(out) < cap(out); i++ {
		if i < len(a) {
			out = append(out, a[i])
		}
		if i < len(b) && len(out) < cap(out) {
			out = append(out, b[i])
		}
	}
	return out
}

// race dials the addresses one after the other, beginning with the next when
// one fails or is slow, and returns the first connection. Its goroutines end
// with their dials, which end with ctx or with the first success.
func (d *dialer) race(ctx context.Context, network string, addrs []netip.Addr, port string) (net.Conn, error) {
	if len(addrs) == 1 {
		return d.one(ctx, network, addrs[0], port)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		conn net.Conn
		err  error
	}
	results := make(chan result, len(addrs))
	begun, ended := 0, 0
	begin := func() {
		addr := addrs[begun]
		begun++
		go func() {
			conn, err := d.one(ctx, network, addr, port)
			results <- result{conn, err}
		}()
	}
	begin()
	timer := time.NewTimer(stagger)
	defer timer.Stop()
	var failed error
	for {
		select {
		case <-timer.C:
			if begun < len(addrs) {
				begin()
				timer.Reset(stagger)
			}
		case r := <-results:
			if r.err == nil {
				// Late winners are closed by whoever is left.
				if rest := begun - ended - 1; rest > 0 {
					go func() {
						for range rest {
							if late := <-results; late.conn != nil {
								late.conn.Close()
							}
						}
					}()
				}
				return r.conn, nil
			}
			ended++
			if failed == nil {
				failed = r.err
			}
			if begun < len(addrs) {
				begin()
				timer.Reset(stagger)
			} else if ended == begun {
				return nil, failed
			}
		}
	}
}

func (d *dialer) one(ctx context.Context, network string, addr netip.Addr, port string) (net.Conn, error) {
	conn, err := d.connect(ctx, network, net.JoinHostPort(addr.String(), port))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = fmt.Errorf("connect to %s: %w", net.JoinHostPort(addr.String(), port), cause)
		}
		return nil, err
	}
	return conn, nil
}

// connectTimeout is a net.Error so that it is told from a refused connection.
type connectTimeout struct{ after time.Duration }

func (e *connectTimeout) Error() string   { return fmt.Sprintf("no connection within %s", e.after) }
func (e *connectTimeout) Timeout() bool   { return true }
func (e *connectTimeout) Temporary() bool { return true }

var _ net.Error = (*connectTimeout)(nil)
