package httpcall_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// piped returns a client of example.com whose every connection is served by
// serve, on the other end of a pipe.
func piped(t testing.TB, l httpcall.Limits, serve func(net.Conn)) *httpcall.Client {
	pool, err := httpcall.NewPool(httpcall.PoolOptions{
		TLSTimeout: 20 * time.Millisecond, // nobody speaks TLS here
		Resolver:   &answers{names: map[string][]string{"example.com": {publicIP}}},
		Connect: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() {
				defer server.Close()
				serve(server)
			}()
			return client, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	c, err := httpcall.New(httpcall.Options{
		Name: "demo", Grant: plain("example.com"), Limits: l, Pool: pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// FuzzAnswer: whatever a server sends, the guest gets one well-formed answer, or
// failure, within its limits.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		"", "\r\n", okText, okText + okText, "HTTP/1.1 200 OK\n\n", "HTTP/1.0 200\r\n\r\nbody",
		"HTTP/1.1 100 Continue\r\n\r\n" + okText, "HTTP/1.1 101 X\r\n\r\n", "HTTP/1.1 204 X\r\nContent-Length: 9\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nA: b\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
		"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00", "HTTP/1.1 302 X\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 X\r\nLocation: http://127.0.0.1/\r\n\r\n", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("v", 70<<10) + "\r\n\r\n",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, answer []byte, head bool) {
		const limit = 500
		c := piped(t, httpcall.Limits{Answer: limit, Total: 5 * time.Second}, func(conn net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = conn.Write(answer)
			}
		})
		q := abi.HTTPRequest{URL: "http://example.com/", Method: "POST"}
		if head {
			q.Method = "HEAD"
		}
		p, failure := fetch(t, c, q)
		switch {
		case failure != nil && failure.Code == abi.CodeTimeout:
			t.Fatal("it waited for a server that had hung up")
		case failure != nil && (!failure.Sent || failure.Code == "" || failure.Code == abi.CodeInternal || len(failure.Detail) > 3<<10):
			t.Fatalf("%+v", failure)
		case failure == nil && (p.Status < 200 || p.Status > 999 || len(p.Body) > limit || head && len(p.Body) > 0):
			t.Fatalf("status %d, %d bytes", p.Status, len(p.Body))
		}
		if c.InFlight() != 0 {
			t.Fatal("still in flight")
		}
	})
}

// FuzzRequest: whatever a guest asks for, what leaves is one request to the host
// that was granted, with the guest's field and body, and nothing after it.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "http://example.com/a?b=c#d", "x-a", "value", []byte("body"))
	f.Add("GET", "http://example.com/%0d%0aX:%20y?\u00a0 \t", "a", " padded ", []byte(nil))
	f.Add("PUT", "http://example.com/a b/../c;d?e", "Cookie", "a=b; c", []byte("GET / HTTP/1.1\r\n\r\n"))
	f.Add("HEAD", "http://example.com//evil.example/", "accept-encoding", "", []byte("\r\n"))
	f.Add("DELETE", "http://example.com?\r\nX: y", "X\r\nY", "b\r\nc: d", []byte("0"))
	f.Add("OPTIONS", "http://example.com/*", "content-length", "5", make([]byte, 20<<10))
	f.Fuzz(func(t *testing.T, method, url, name, value string, body []byte) {
		seen := make(chan []byte, 1)
		c := piped(t, httpcall.Limits{}, func(conn net.Conn) {
			var all bytes.Buffer
			in := bufio.NewReader(io.TeeReader(conn, &all))
			if q, err := http.ReadRequest(in); err == nil {
				_, _ = io.Copy(io.Discard, q.Body)
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
			_, _ = io.Copy(io.Discard, in) // what is left
			seen <- all.Bytes()
		})
		valid := func(s string) string { return strings.ToValidUTF8(s, "") }
		_, failure := fetch(t, c, abi.HTTPRequest{
			Method: valid(method), URL: valid(url), Header: headers(valid(name), valid(value)), Body: body, NoRedirect: true,
		})
		if failure != nil {
			if failure.Sent {
				t.Fatalf("%+v", failure)
			}
			return
		}
		wire := <-seen
		in := bufio.NewReader(bytes.NewReader(wire))
		q, err := http.ReadRequest(in)
		if err != nil {
			t.Fatalf("%v in %q", err, wire)
		}
		got, err := io.ReadAll(q.Body)
		if err != nil || !bytes.Equal(got, body) {
			t.Fatalf("the body arrived as %q, %v", got, err)
		}
		if in.Buffered() > 0 {
			t.Fatalf("more than one request in %q", wire)
		}
		guests := http.CanonicalHeaderKey(valid(name))
		own := map[string]bool{"User-Agent": true, "Accept-Encoding": true, "Content-Length": true, guests: true}
		for field, values := range q.Header {
			if !own[field] || len(values) != 1 {
				t.Fatalf("the field %s: %q was not asked for", field, values)
			}
		}
		if q.Host != "example.com" || q.Method != cmp.Or(valid(method), "GET") || q.TransferEncoding != nil {
			t.Fatalf("%s at %q, %v", q.Method, q.Host, q.TransferEncoding)
		}
		want := strings.Trim(valid(value), " \t")
		if got := q.Header.Get(guests); got != want {
			t.Fatalf("%s arrived as %q, want %q", name, got, want)
		}
	})
}
