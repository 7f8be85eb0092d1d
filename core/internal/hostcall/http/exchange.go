package httpcall

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
)

const maxRedirects = 5

// exchange is one request with the redirects that it meets.
type exchange struct {
	client  *Client
	query   *query
	hops    int // redirects followed so far
	attempt attempt
}

// run performs the exchange and appends the answer to dst.
func (x *exchange) run(ctx context.Context, dst []byte) ([]byte, error) {
	ctx, abandon := context.WithCancelCause(ctx)
	defer abandon(nil)
	x.attempt.abandon = abandon
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GetConn: x.attempt.getConn, GotConn: x.attempt.gotConn})
	for {
		if err := x.client.admit(x.query.to); err != nil {
			return nil, err
		}
		x.attempt.begin(x.query.repeatable())
		resp, err := x.client.transport.RoundTrip(x.query.request().WithContext(ctx))
		if err != nil {
			return nil, err
		}
		follow, err := x.query.redirect(resp)
		if err == nil && follow && x.hops == maxRedirects {
			err = errRedirects
		}
		if err != nil {
			discard(resp)
			return nil, err
		}
		if !follow {
			return x.answer(resp, dst)
		}
		discard(resp)
		x.hops++
	}
}

// reader returns the body from its beginning; net/http knows its type and sends
// it in one piece with the header.
func (q *query) reader() (io.ReadCloser, error) {
	return io.NopCloser(bytes.NewReader(q.body)), nil
}

// attempt follows one request through the transport: whether a byte of it may
// have left, and that it does not leave twice.
//
// net/http asks for a connection (getConn), gets one (gotConn), writes to it,
// and may begin again when a kept connection breaks.
type attempt struct {
	abandon context.CancelCauseFunc

	mu         sync.Mutex
	repeatable bool
	sent       bool   // by an earlier hop or try
	wire       *wire  // of this try; nil before gotConn and with HTTP/2
	mark       uint64 // wire.wrote when this try got it
}

func (a *attempt) begin(repeatable bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = a.sent || a.written()
	a.wire, a.repeatable = nil, repeatable
}

// written reports whether this try wrote to its HTTP/1 connection, which is its
// own meanwhile.
func (a *attempt) written() bool { return a.wire != nil && a.wire.wrote.Load() > a.mark }

func (a *attempt) mayHaveSent() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sent || a.written()
}

func (a *attempt) getConn(string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.written() && !a.repeatable {
		a.abandon(errNotRepeated)
	}
}

func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	w := wireOf(info.Conn)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.written() {
		a.sent = true
		if !a.repeatable {
			a.abandon(errNotRepeated)
			if w != nil {
				// net/http writes without another look at the context.
				w.shut.Store(true)
			}
			return
		}
	}
	if a.wire = w; w == nil {
		// HTTP/2 streams share a connection, so its bytes say nothing. Its own
		// repeats are of streams that the server declared untouched.
		a.sent = true
		return
	}
	a.mark = w.wrote.Load()
}

// wireOf returns the wire below an HTTP/1 connection, nil for HTTP/2.
func wireOf(conn net.Conn) *wire {
	if t, ok := conn.(*tls.Conn); ok {
		if t.ConnectionState().NegotiatedProtocol == "h2" {
			return nil
		}
		conn = t.NetConn()
	}
	w, _ := conn.(*wire)
	return w
}

var (
	errNotRepeated = errors.New("the connection broke before the answer came; not repeated, because the request may have arrived")
	errRedirects   = errors.New("redirected more than 5 times")
	errClosed      = errors.New("the gateway is shutting down")
)

// redirect prepares the next hop. It returns false when resp is the answer.
func (q *query) redirect(resp *http.Response) (follow bool, err error) {
	keep := false // method and body
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
	case http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		keep = true
	default:
		return false, nil
	}
	location := resp.Header.Get("Location")
	if q.noRedirect || location == "" {
		return false, nil
	}
	u, to, err := parseURL(q.url, location)
	if err != nil {
		return false, &badLocation{err}
	}
	if q.to.scheme == "https" && to.scheme == "http" {
		return false, &refusal{"a redirect leads from https to http; to see it instead of following it, set no_redirect"}
	}
	// A new map: net/http may still be writing the old one.
	h := make(http.Header, len(q.header))
	for name, value := range q.header {
		if (keep || !describesBody(name)) && (q.to.sameOrigin(to) || isHarmless(name)) {
			h[name] = value
		}
	}
	if !keep {
		q.body = nil
		if q.method != http.MethodHead {
			q.method = http.MethodGet
		}
	}
	q.url, q.to, q.header = u, to, h
	return true, nil
}
