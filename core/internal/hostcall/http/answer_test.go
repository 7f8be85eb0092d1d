package httpcall_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// wrapped is a connection that is not one of the operating system's.
type wrapped struct{ net.Conn }

// wrapPool makes the rig's pool meet no sockets.
func wrapPool(t testing.TB, r *rig) {
	t.Helper()
	pool, err := httpcall.NewPool(httpcall.PoolOptions{
		Resolver: r.dns,
		Connect: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := r.connect(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return wrapped{conn}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	r.pool = pool
}

// TestFraming: where answers end, and whether their connection may be trusted
// with another request.
func TestFraming(t *testing.T) {
	const limit = 1000
	head := func(fields string) string { return "HTTP/1.1 200 OK\r\n" + fields + "\r\n" }
	chunked := head("Transfer-Encoding: chunked\r\n")
	const none abi.Code = ""
	for name, x := range map[string]struct {
		method, answer string
		code           abi.Code
		detail         string // of the error, or the body
		kept           bool
	}{
		"length":                  {"GET", head("Content-Length: 2\r\n") + "ok", none, "ok", true},
		"equal lengths":           {"GET", head("Content-Length: 2\r\nContent-Length: 2\r\n") + "ok", none, "ok", true},
		"conflicting lengths":     {"GET", head("Content-Length: 2\r\nContent-Length: 5\r\n") + "okabc", abi.CodeUnavailable, "Content-Length", false},
		"negative length":         {"GET", head("Content-Length: -2\r\n") + "ok", abi.CodeUnavailable, "Content-Length", false},
		"signed length":           {"GET", head("Content-Length: +2\r\n") + "ok", abi.CodeUnavailable, "Content-Length", false},
		"huge length":             {"GET", head("Content-Length: 9223372036854775807\r\n") + "ok", abi.CodeTooLarge, "more than 1000", false},
		"length beyond numbers":   {"GET", head("Content-Length: 99999999999999999999\r\n"), abi.CodeUnavailable, "Content-Length", false},
		"cut":                     {"GET", head("Content-Length: 5\r\n") + "ok", abi.CodeUnavailable, "unexpected EOF", false},
		"close-delimited":         {"GET", head("") + "until the end", none, "until the end", false},
		"close-delimited, large":  {"GET", head("") + strings.Repeat("x", limit+1), abi.CodeTooLarge, "more than 1000", false},
		"HTTP/1.0":                {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", none, "ok", false},
		"HTTP/1.0, keep-alive":    {"GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", none, "ok", true},
		"HTTP/2 by word":          {"GET", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", none, "ok", false},
		"Connection: close":       {"GET", head("Connection: close\r\nContent-Length: 2\r\n") + "ok", none, "ok", false},
		"bare LF in the header":   {"GET", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", none, "ok", true},
		"chunks":                  {"GET", chunked + "1\r\no\r\n1;x=y\r\nk\r\n0\r\n\r\n", none, "ok", true},
		"trailer":                 {"GET", chunked + "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n", none, "ok", true},
		"no end of the trailer":   {"GET", chunked + "2\r\nok\r\n0\r\nX-Sum: 1\r\n", abi.CodeUnavailable, "broke off", false},
		"no last chunk":           {"GET", chunked + "2\r\nok\r\n", abi.CodeUnavailable, "broke off", false},
		"huge chunk":              {"GET", chunked + "7fffffffffffffff\r\n" + strings.Repeat("x", limit+1), abi.CodeTooLarge, "more than 1000", false},
		"chunk beyond numbers":    {"GET", chunked + "fffffffffffffffff\r\nok", abi.CodeUnavailable, "broke off", false},
		"negative chunk":          {"GET", chunked + "-1\r\nok", abi.CodeUnavailable, "broke off", false},
		"chunk of no size":        {"GET", chunked + "\r\nok", abi.CodeUnavailable, "broke off", false},
		"bare LF around chunks":   {"GET", chunked + "2\nok\n0\n\n", abi.CodeUnavailable, "broke off", false},
		"long chunk extension":    {"GET", chunked + "2;" + strings.Repeat("x", 70<<10) + "\r\nok\r\n0\r\n\r\n", abi.CodeUnavailable, "broke off", false},
		"chunks and a length":     {"GET", head("Transfer-Encoding: chunked\r\nContent-Length: 7\r\n") + "2\r\nok\r\n0\r\n\r\n", none, "ok", true},
		"unknown coding":          {"GET", head("Transfer-Encoding: gzip\r\n") + "ok", abi.CodeUnavailable, "transfer encoding", false},
		"two codings":             {"GET", head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", abi.CodeUnavailable, "transfer encoding", false},
		"no body":                 {"GET", "HTTP/1.1 204 No Content\r\n\r\n", none, "", true},
		"not modified":            {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n", none, "", true},
		"HEAD":                    {"HEAD", head("Content-Length: 900\r\n"), none, "", true},
		"HEAD, large":             {"HEAD", head("Content-Length: 9000000\r\n"), none, "", true},
		"HEAD, chunks":            {"HEAD", chunked, none, "", true},
		"continue":                {"POST", "HTTP/1.1 100 Continue\r\n\r\n" + okText, none, "ok", true},
		"early hints":             {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + okText, none, "ok", true},
		"continue without an end": {"GET", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 5000), abi.CodeUnavailable, "header", false},
		"switching protocols":     {"GET", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", abi.CodeUnavailable, "unexpected status 101", false},
		"status 99":               {"GET", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n", abi.CodeUnavailable, "unexpected status 99", true},
		"no HTTP":                 {"GET", "SSH-2.0-OpenSSH_9.6\r\n\r\n", abi.CodeUnavailable, "malformed", false},
		"nothing":                 {"GET", "", abi.CodeUnavailable, "EOF", false},
		"half a line":             {"GET", "HTTP/1.1 20", abi.CodeUnavailable, "EOF", false},
		"half a header":           {"GET", "HTTP/1.1 200 OK\r\nContent-Le", abi.CodeUnavailable, "EOF", false},
		"header without a colon":  {"GET", head("what\r\nContent-Length: 2\r\n") + "ok", abi.CodeUnavailable, "malformed", false},
		"long line":               {"GET", head("X: " + strings.Repeat("v", 100<<10) + "\r\n"), abi.CodeUnavailable, "header", false},
		"many fields":             {"GET", head(strings.Repeat("X: v\r\n", 20<<10)), abi.CodeUnavailable, "header", false},
	} {
		for _, socket := range []bool{true, false} {
			r := newRig(t, httpcall.PoolOptions{})
			s := newScript(t, nil, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
				_, _ = io.Copy(io.Discard, q.Body)
				if q.URL.Path == "/again" {
					_, err := io.WriteString(conn, okText)
					return err == nil
				}
				_, err := io.WriteString(conn, x.answer)
				return err == nil && x.kept
			})
			r.site("api.example", "80", s.Addr())
			if !socket {
				wrapPool(t, r)
			}
			c := r.client(plain("api.example"), httpcall.Limits{Answer: limit})
			p, f := fetch(t, c, abi.HTTPRequest{Method: x.method, URL: "http://api.example/", Body: []byte("b")})
			switch {
			case x.code == none && f != nil:
				t.Errorf("%s: %+v", name, f)
			case x.code == none && string(p.Body) != x.detail:
				t.Errorf("%s: got %q, want %q", name, p.Body, x.detail)
			case x.code != none && (f == nil || f.Code != x.code || !f.Sent || !strings.Contains(f.Detail, x.detail)):
				t.Errorf("%s: got %+v, want %s about %q, sent", name, f, x.code, x.detail)
			}
			good(t, c, abi.HTTPRequest{URL: "http://api.example/again"})
			if begun, _ := s.counts(); (begun == 1) != (x.kept && socket) {
				t.Errorf("%s: %d connections for two requests, kept should be %v", name, begun, x.kept)
			}
		}
	}
}

const okText = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// TestEarlyAnswer: a server answers a large request without reading its body.
func TestEarlyAnswer(t *testing.T) {
	body := make([]byte, 4<<20) // more than the sockets' buffers
	for name, x := range map[string]struct {
		fields string
		stay   bool
	}{
		"and keeps the connection": {"Content-Length: 4\r\n", true},
		"and hangs up":             {"Content-Length: 4\r\nConnection: close\r\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, httpcall.PoolOptions{})
			r.tight = true
			left := make(chan struct{})
			s := newScript(t, nil, func(conn net.Conn, in *bufio.Reader, q *http.Request) bool {
				if q.Method == "GET" {
					_, err := io.WriteString(conn, okText)
					return err == nil
				}
				if _, err := io.WriteString(conn, "HTTP/1.1 413 Too Large\r\n"+x.fields+"\r\nlong"); err != nil {
					return false
				}
				<-left // reads nothing until the answer was taken
				return x.stay
			})
			r.site("api.example", "80", s.Addr())
			c := r.client(plain("api.example"), httpcall.Limits{})
			p := good(t, c, abi.HTTPRequest{Method: "POST", URL: "http://api.example/", Body: body})
			close(left)
			if p.Status != http.StatusRequestEntityTooLarge || string(p.Body) != "long" {
				t.Errorf("got %d %q", p.Status, p.Body)
			}
			// The rest of the body must not be the beginning of the next request.
			good(t, c, abi.HTTPRequest{URL: "http://api.example/"})
			if begun, requests := s.counts(); begun != 2 || requests != 2 {
				t.Errorf("%d connections, %d requests, want 2 and 2", begun, requests)
			}
		})
	}
}

// TestLargeBodies arrive whole, over one connection, with redirects.
func TestLargeBodies(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{CAFile: caFile(t)})
	handler := func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		if q.URL.Path == "/moved" {
			http.Redirect(w, q, "/", http.StatusTemporaryRedirect)
			return
		}
		sum := 0
		for _, b := range body {
			sum += int(b)
		}
		fmt.Fprintf(w, "%d %d", len(body), sum)
	}
	r.serve("api.example", "80", handler)
	r.serveTLS("example.com", "443", false, handler)
	c := r.client(plain("api.example", "example.com"), httpcall.Limits{})
	for _, site := range []string{"http://api.example", "https://example.com"} {
		for _, size := range []int{0, 1, 4 << 10, 12 << 10, 12<<10 + 1, 100 << 10, 3 << 20} {
			body, sum := make([]byte, size), 0
			for i := range body {
				body[i] = byte(i * 7)
				sum += int(body[i])
			}
			for _, path := range []string{"/", "/moved"} {
				if p := good(t, c, abi.HTTPRequest{Method: "PUT", URL: site + path, Body: body}); string(p.Body) != fmt.Sprint(size, sum) {
					t.Errorf("%s%s: got %q, want %d %d", site, path, p.Body, size, sum)
				}
			}
		}
	}
}

// TestLargeBodyIsNotSentTwice when its kept connection breaks.
func TestLargeBodyIsNotSentTwice(t *testing.T) {
	for _, key := range []string{"", "k"} {
		r := newRig(t, httpcall.PoolOptions{})
		var mu sync.Mutex
		posts := 0
		s := newScript(t, nil, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
			if q.Method == "POST" {
				_, _ = io.CopyN(io.Discard, q.Body, 1<<20)
				mu.Lock()
				defer mu.Unlock()
				posts++
				return false
			}
			_, err := io.WriteString(conn, okText)
			return err == nil
		})
		r.site("api.example", "80", s.Addr())
		c := r.client(plain("api.example"), httpcall.Limits{})
		good(t, c, abi.HTTPRequest{URL: "http://api.example/"})
		q := abi.HTTPRequest{Method: "POST", URL: "http://api.example/", Body: make([]byte, 4<<20)}
		want := 1
		if key != "" {
			q.Header, want = headers("idempotency-key", key), 2
		}
		bad(t, c, q, abi.CodeUnavailable, true, "")
		mu.Lock()
		if posts != want {
			t.Errorf("key %q: sent %d times, want %d", key, posts, want)
		}
		mu.Unlock()
	}
}

// TestDrip: an answer that comes for ever ends at the request's deadline, and the
// server learns of it.
func TestDrip(t *testing.T) {
	for _, where := range []string{"HTTP/1.1 2", "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n"} {
		r := newRig(t, httpcall.PoolOptions{})
		s := newScript(t, nil, func(conn net.Conn, _ *bufio.Reader, q *http.Request) bool {
			_, err := io.WriteString(conn, where)
			for err == nil {
				time.Sleep(time.Millisecond)
				_, err = io.WriteString(conn, "d")
			}
			return false
		})
		r.site("api.example", "80", s.Addr())
		c := r.client(plain("api.example"), httpcall.Limits{})
		if f := bad(t, c, abi.HTTPRequest{URL: "http://api.example/", TimeoutMS: 30}, abi.CodeTimeout, true, ""); f.Source != abi.SourceUpstream {
			t.Errorf("got %+v", f)
		}
		select {
		case <-s.gone:
		case <-time.After(patience):
			t.Error("the server still drips")
		}
	}
}

// TestCancelled: a task that is called off lets go of its connection at once,
// wherever it waits.
func TestCancelled(t *testing.T) {
	for name, x := range map[string]struct {
		begin string
		body  int
	}{
		"for the answer":             {"", 1},
		"for the header's end":       {"HTTP/1.1 200 OK\r\n", 1},
		"for the body":               {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", 1},
		"to send the rest":           {"", 4 << 20},
		"to send, with an answer":    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok", 4 << 20},
		"to send, with half a start": {"HTTP/1.1 2", 4 << 20},
	} {
		for _, socket := range []bool{true, false} {
			r := newRig(t, httpcall.PoolOptions{})
			r.tight = true
			ctx, cancel := context.WithCancel(t.Context())
			left := make(chan struct{})
			s := newScript(t, nil, func(conn net.Conn, in *bufio.Reader, q *http.Request) bool {
				_, _ = io.WriteString(conn, x.begin)
				cancel()
				<-left
				_, _ = io.Copy(io.Discard, in) // until the client is gone
				return false
			})
			r.site("api.example", "80", s.Addr())
			if !socket {
				wrapPool(t, r)
			}
			c := r.client(plain("api.example"), httpcall.Limits{})
			_, f := fetchIn(t, ctx, c, abi.HTTPRequest{Method: "POST", URL: "http://api.example/", Body: make([]byte, x.body)})
			if f == nil || f.Code != abi.CodeTimeout || !f.Sent {
				t.Errorf("waiting %s: %+v", name, f)
			}
			close(left)
			select {
			case <-s.gone:
			case <-time.After(patience):
				t.Errorf("waiting %s: the connection is still open", name)
			}
			if got := c.InFlight(); got != 0 {
				t.Errorf("waiting %s: %d in flight", name, got)
			}
		}
	}
}

// TestHeaderOnTheWire is what servers get, byte by byte.
func TestHeaderOnTheWire(t *testing.T) {
	got := make(chan string, 1)
	r := newRig(t, httpcall.PoolOptions{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			buffer := make([]byte, 8<<10)
			n, _ := conn.Read(buffer) // one write, so one read
			got <- string(buffer[:n])
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			conn.Close()
		}
	}()
	r.site("api.example", "80", l.Addr())
	r.site("api.example", "8080", l.Addr())
	c := r.client(plain("api.example", "api.example:8080"), httpcall.Limits{})
	for _, x := range []struct {
		q    abi.HTTPRequest
		want string
	}{
		{
			abi.HTTPRequest{URL: "http://api.example"},
			"GET / HTTP/1.1\r\nHost: api.example\r\nUser-Agent: Patchbay\r\nAccept-Encoding: gzip\r\n\r\n",
		},
		{
			abi.HTTPRequest{Method: "HEAD", URL: "http://api.example:8080/a%20b?c d&e=\"", Header: headers("user-agent", "")},
			"HEAD /a%20b?c%20d&e=\" HTTP/1.1\r\nHost: api.example:8080\r\n\r\n",
		},
		{
			abi.HTTPRequest{Method: "POST", URL: "http://api.example/%0D%0AX:%20y", Header: headers("x-a", " \tpadded\t ")},
			"POST /%0D%0AX:%20y HTTP/1.1\r\nHost: api.example\r\nUser-Agent: Patchbay\r\nContent-Length: 0\r\nAccept-Encoding: gzip\r\nX-A: padded\r\n\r\n",
		},
		{
			abi.HTTPRequest{Method: "DELETE", URL: "http://api.example/x", Header: headers("accept-encoding", "br", "range", "bytes=0-1"), Body: []byte("body")},
			"DELETE /x HTTP/1.1\r\nHost: api.example\r\nUser-Agent: Patchbay\r\nContent-Length: 4\r\nAccept-Encoding: br\r\nRange: bytes=0-1\r\n\r\nbody",
		},
	} {
		good(t, c, x.q)
		if text := <-got; text != x.want {
			t.Errorf("got  %q\nwant %q", text, x.want)
		}
	}
}
