package httpcall_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// moody is a server that answers requests and keeps connections until it is told
// to hang up after each request instead.
type moody struct {
	net.Listener
	hangUp   atomic.Bool
	requests atomic.Int64 // that arrived in full
	conns    atomic.Int64
	arrived  chan struct{} // one for each answered request, before its answer
	proceed  chan struct{} // closed or fed: answers may go
	wg       sync.WaitGroup
}

func newMoody(t *testing.T) *moody {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &moody{Listener: l, arrived: make(chan struct{}, 100), proceed: make(chan struct{}, 100)}
	m.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			m.conns.Add(1)
			m.wg.Go(func() { m.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close() })
	return m
}

func (m *moody) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, q.Body)
		m.requests.Add(1)
		if m.hangUp.Load() {
			return
		}
		m.arrived <- struct{}{}
		<-m.proceed
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
			return
		}
	}
}

// TestNeverSentTwice: a kept connection breaks after the request went out. With
// other kept connections at hand and without.
func TestNeverSentTwice(t *testing.T) {
	for _, kept := range []int{1, 3} {
		for _, x := range []struct {
			method string
			header abi.Value
			body   string
			twice  bool
		}{
			{"GET", nil, "", false},
			{"GET", nil, "body", false},
			{"POST", nil, "", false},
			{"POST", nil, "body", false},
			{"DELETE", nil, "", false},
			{"HEAD", nil, "", true},
			{"OPTIONS", nil, "", true},
			{"POST", headers("idempotency-key", "1"), "body", true},
		} {
			r := newRig(t, httpcall.PoolOptions{})
			m := newMoody(t)
			r.site("api.example", "80", m.Addr())
			c := r.client(plain("api.example"), httpcall.Limits{})
			var wg sync.WaitGroup
			for range kept { // all at once, so that each has its own connection
				wg.Go(func() {
					if _, f := fetch(t, c, abi.HTTPRequest{URL: "http://api.example/"}); f != nil {
						t.Errorf("fetch: %+v", f)
					}
				})
			}
			for range kept {
				<-m.arrived
			}
			for range kept {
				m.proceed <- struct{}{}
			}
			wg.Wait()
			m.hangUp.Store(true)
			before := m.requests.Load()
			bad(t, c, abi.HTTPRequest{Method: x.method, URL: "http://api.example/", Header: x.header, Body: []byte(x.body)}, abi.CodeUnavailable, true, "")
			if n := m.requests.Load() - before; (n > 1) != x.twice {
				t.Errorf("%s %q with %d kept connections: sent %d times", x.method, x.body, kept, n)
			}
			// The pool still works.
			m.hangUp.Store(false)
			m.proceed <- struct{}{}
			good(t, c, abi.HTTPRequest{URL: "http://api.example/"})
		}
	}
}

// stubborn is a connection on which nothing can be written.
type stubborn struct{ net.Conn }

func (stubborn) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestSent(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	hangUp := func(w http.ResponseWriter, q *http.Request) { panic(http.ErrAbortHandler) }
	r.serve("hangup.example", "80", hangUp)
	r.serve("redirect.example", "80", func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, "http://nowhere.example/", http.StatusTemporaryRedirect)
	})
	r.serve("plain.example", "443", func(http.ResponseWriter, *http.Request) {})
	r.dns.names["noroute.example"] = []string{"1.2.3.4"}
	c := r.client(plain("hangup.example", "redirect.example", "plain.example", "nowhere.example", "noroute.example"), httpcall.Limits{})
	post := func(url string) abi.HTTPRequest { return abi.HTTPRequest{Method: "POST", URL: url, Body: []byte("b")} }
	bad(t, c, post("http://nowhere.example/"), abi.CodeUnavailable, false, "no such host")
	bad(t, c, post("http://noroute.example/"), abi.CodeUnavailable, false, "no route")
	bad(t, c, post("https://plain.example/"), abi.CodeUnavailable, false, "does not look like a TLS handshake")
	bad(t, c, post("http://hangup.example/"), abi.CodeUnavailable, true, "EOF")
	bad(t, c, post("http://redirect.example/"), abi.CodeUnavailable, true, "no such host")

	pool, err := httpcall.NewPool(httpcall.PoolOptions{
		Resolver: r.dns,
		Connect: func(context.Context, string, string) (net.Conn, error) {
			a, b := net.Pipe()
			t.Cleanup(func() { b.Close() })
			return stubborn{a}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	c, err = httpcall.New(httpcall.Options{
		Name: "demo", Grant: plain("noroute.example"), Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	// A write was begun, so nobody knows.
	bad(t, c, post("http://noroute.example/"), abi.CodeUnavailable, true, "broken pipe")
}

func TestConnectionsAreReused(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	m := newMoody(t)
	close(m.proceed)
	r.site("api.example", "80", m.Addr())
	one := r.client(plain("api.example"), httpcall.Limits{})
	other := r.client(plain("*.example", "api.example:80"), httpcall.Limits{})
	for range 20 {
		good(t, one, abi.HTTPRequest{URL: "http://api.example/"})
		good(t, other, abi.HTTPRequest{Method: "POST", URL: "http://api.example/", Body: []byte("b")})
	}
	if n := m.conns.Load(); n != 1 {
		t.Errorf("%d connections for 40 requests one after the other, want 1", n)
	}
}

// TestSharedConnectionsRespectGrants: a connection to a private address is kept
// open by one instance; others must not get it.
func TestSharedConnectionsRespectGrants(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	m := newMoody(t)
	close(m.proceed)
	r.site("intra.example", "80", m.Addr())
	r.mu.Lock()
	r.leads["10.0.0.5:80"] = m.Addr().String()
	r.mu.Unlock()
	r.dns.names["intra.example"] = []string{"10.0.0.5"}
	trusted := plain("intra.example")
	trusted.Private = true
	q := abi.HTTPRequest{URL: "http://intra.example/"}
	good(t, r.client(trusted, httpcall.Limits{}), q)
	bad(t, r.client(plain("intra.example"), httpcall.Limits{}), q, abi.CodeDenied, false, "10.0.0.5")
	elsewhere := plain("other.example")
	elsewhere.Private = true
	bad(t, r.client(elsewhere, httpcall.Limits{}), q, abi.CodeDenied, false, "outside the http grant")
	encrypted := httpcall.Grant{Hosts: []string{"intra.example"}, Private: true}
	bad(t, r.client(encrypted, httpcall.Limits{}), q, abi.CodeDenied, false, "not encrypted")
	if n := m.requests.Load(); n != 1 {
		t.Errorf("%d requests arrived, want 1", n)
	}
}

// TestSystemConnect uses the real dialer, which judges the address a second time.
func TestSystemConnect(t *testing.T) {
	m := newMoody(t)
	close(m.proceed)
	pool, err := httpcall.NewPool(httpcall.PoolOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, private := range []bool{false, true} {
		g := plain(m.Addr().String())
		g.Private = private
		c, err := httpcall.New(httpcall.Options{Name: "demo", Grant: g, Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger()})
		if err != nil {
			t.Fatal(err)
		}
		q := abi.HTTPRequest{URL: "http://" + m.Addr().String() + "/"}
		if private {
			good(t, c, q)
		} else {
			bad(t, c, q, abi.CodeDenied, false, "set private = true")
		}
	}
}
