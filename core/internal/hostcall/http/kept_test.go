//go:build unix

package httpcall_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// readable waits until every socket has something to read: data, an end or an
// error.
func (s *sockets) readable(t testing.TB) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.list {
		raw, err := conn.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		for quiet, end := true, time.Now().Add(patience); quiet; {
			if time.Now().After(end) {
				t.Fatal("nothing arrived at a kept connection")
			}
			if raw.Control(func(fd uintptr) {
				var b [1]byte
				_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
				quiet = err == syscall.EAGAIN || err == syscall.EINTR
			}) != nil {
				quiet = false // closed already
			}
			runtime.Gosched()
		}
	}
}

func certificate(t testing.TB) *tls.Config {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	return &tls.Config{Certificates: s.TLS.Certificates}
}

// TestStaleConnections: connections that ended while they were kept cost nobody
// a request, whatever its method; a POST is not answered by "nobody knows".
func TestStaleConnections(t *testing.T) {
	for _, secure := range []bool{false, true} {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprintf("tls=%v,reset=%v", secure, reset), func(t *testing.T) {
				if secure && reset {
					t.Skip("a reset looks the same below TLS")
				}
				r := newRig(t, httpcall.PoolOptions{})
				conns := watch(t, r, httpcall.PoolOptions{CAFile: caFile(t)})
				const kept = 3
				entered, proceed := make(chan struct{}, kept), make(chan struct{})
				var config *tls.Config
				url, port := "http://example.com/", "80"
				if secure {
					config, url, port = certificate(t), "https://example.com/", "443"
				}
				s := newScript(t, config, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
					entered <- struct{}{}
					<-proceed
					_, err := io.WriteString(conn, okText)
					return err == nil
				})
				r.site("example.com", port, s.Addr())
				c := r.client(plain("example.com"), httpcall.Limits{})
				var wg sync.WaitGroup
				for range kept {
					wg.Go(func() {
						if _, f := fetch(t, c, abi.HTTPRequest{URL: url}); f != nil {
							t.Errorf("fetch: %+v", f)
						}
					})
				}
				for range kept {
					<-entered
				}
				close(proceed)
				wg.Wait()
				s.hangUp(reset)
				conns.readable(t)
				good(t, c, abi.HTTPRequest{Method: "POST", URL: url, Body: []byte("b")})
				good(t, c, abi.HTTPRequest{Method: "POST", URL: url, Body: []byte("b")})
				if begun, requests := s.counts(); begun != kept+1 || requests != kept+2 {
					t.Errorf("%d connections and %d requests, want %d and %d", begun, requests, kept+1, kept+2)
				}
			})
		}
	}
}

// TestUninvitedBytes: what a server sends after an answer answers nobody.
func TestUninvitedBytes(t *testing.T) {
	const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
	long := strings.Repeat("x", 5000) // more than the intake's buffer, less than a TLS record
	longAnswer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long)
	for _, secure := range []bool{false, true} {
		for name, x := range map[string]struct{ together, later string }{
			"with the answer":       {okText + forged, ""},
			"with a long answer":    {longAnswer + forged, ""},
			"one byte":              {okText + "\n", ""},
			"after the answer":      {okText, forged},
			"after a long answer":   {longAnswer, "\r\n"},
			"an answer too many":    {"HTTP/1.1 204 No Content\r\n\r\n" + forged, ""},
			"after the last chunk":  {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + forged, ""},
			"a body nobody asked":   {"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\nforged", ""},
			"a body without length": {"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\nforged", ""},
		} {
			t.Run(fmt.Sprintf("%s,tls=%v", name, secure), func(t *testing.T) {
				r := newRig(t, httpcall.PoolOptions{})
				conns := watch(t, r, httpcall.PoolOptions{CAFile: caFile(t)})
				var config *tls.Config
				url, port := "http://example.com", "80"
				if secure {
					config, url, port = certificate(t), "https://example.com", "443"
				}
				read := make(chan struct{})
				s := newScript(t, config, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
					if q.URL.Path == "/second" {
						_, err := io.WriteString(conn, okText)
						return err == nil
					}
					if _, err := io.WriteString(conn, x.together); err != nil {
						return false
					}
					<-read
					_, err := io.WriteString(conn, x.later)
					return err == nil
				})
				r.site("example.com", port, s.Addr())
				c := r.client(plain("example.com"), httpcall.Limits{})
				first := good(t, c, abi.HTTPRequest{URL: url + "/first"})
				if strings.Contains(string(first.Body), "forged") {
					t.Errorf("the first answer is %q", first.Body)
				}
				close(read)
				if x.later != "" {
					conns.readable(t)
				}
				if p := good(t, c, abi.HTTPRequest{Method: "POST", URL: url + "/second"}); string(p.Body) != "ok" {
					t.Errorf("the second request got %.40q", p.Body)
				}
				if begun, _ := s.counts(); begun != 2 {
					t.Errorf("%d connections, want 2", begun)
				}
			})
		}
	}
}

// TestKeptConnectionsAreBounded by host, altogether and in time.
func TestKeptConnectionsAreBounded(t *testing.T) {
	for name, x := range map[string]struct {
		o      httpcall.PoolOptions
		hosts  int
		closed int // of hosts*3 connections
	}{
		"by host":    {httpcall.PoolOptions{IdlePerHost: 2}, 2, 2},
		"altogether": {httpcall.PoolOptions{IdleTotal: 2}, 2, 4},
		"in time":    {httpcall.PoolOptions{IdleTimeout: time.Millisecond}, 2, 6},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, x.o)
			entered, proceed := make(chan struct{}, 10), make(chan struct{})
			s := newScript(t, nil, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
				if q.URL.Path != "/again" {
					entered <- struct{}{}
					<-proceed
				}
				_, err := io.WriteString(conn, okText)
				return err == nil
			})
			c := r.client(plain("*.hosts.example"), httpcall.Limits{})
			var wg sync.WaitGroup
			for h := range x.hosts {
				host := fmt.Sprintf("h%d.hosts.example", h)
				r.site(host, "80", s.Addr())
				for range 3 {
					wg.Go(func() {
						if _, f := fetch(t, c, abi.HTTPRequest{URL: "http://" + host + "/"}); f != nil {
							t.Errorf("fetch: %+v", f)
						}
					})
				}
			}
			for range x.hosts * 3 {
				<-entered
			}
			close(proceed)
			wg.Wait()
			for range x.closed {
				select {
				case <-s.gone:
				case <-time.After(patience):
					t.Fatal("a connection too many is still open")
				}
			}
			r.pool.CloseIdle() // the rest
			for range x.hosts*3 - x.closed {
				select {
				case <-s.gone:
				case <-time.After(patience):
					t.Fatal("CloseIdle left a connection open")
				}
			}
			good(t, c, abi.HTTPRequest{URL: "http://h0.hosts.example/again"})
		})
	}
}

// TestPoolClosesBehindExchanges: a connection that was in use when the pool was
// closed is not kept.
func TestPoolClosesBehindExchanges(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	entered, proceed := make(chan struct{}), make(chan struct{})
	s := newScript(t, nil, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
		close(entered)
		<-proceed
		_, err := io.WriteString(conn, okText)
		return err == nil
	})
	r.site("api.example", "80", s.Addr())
	c := r.client(plain("api.example"), httpcall.Limits{})
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, f := fetch(t, c, abi.HTTPRequest{URL: "http://api.example/"}); f != nil {
			t.Errorf("fetch: %+v", f)
		}
	})
	<-entered
	r.pool.Close()
	close(proceed)
	wg.Wait()
	select {
	case <-s.gone:
	case <-time.After(patience):
		t.Error("the connection is still open")
	}
}

// TestOnlySocketsAreKept: nobody can look into a connection of another kind, so it
// serves one exchange.
func TestOnlySocketsAreKept(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	s := newScript(t, nil, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
		_, err := io.WriteString(conn, okText)
		return err == nil
	})
	r.site("api.example", "80", s.Addr())
	wrapPool(t, r)
	c := r.client(plain("api.example"), httpcall.Limits{})
	for range 2 {
		good(t, c, abi.HTTPRequest{Method: "POST", URL: "http://api.example/", Body: []byte("b")})
	}
	if begun, _ := s.counts(); begun != 2 {
		t.Errorf("%d connections, want 2", begun)
	}
}
