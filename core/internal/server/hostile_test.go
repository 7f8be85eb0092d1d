package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/edge"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// border serves behind the edge, as the gateway does, and returns the address.
func (r *rig) border(o edge.Options) string {
	r.t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	l := edge.Listen(inner, o)
	ended := make(chan error, 1)
	go func() { ended <- r.s.Serve(l) }()
	r.t.Cleanup(func() {
		if err := l.Drain(); err != nil {
			r.t.Error(err)
		}
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
		if err := l.Wait(r.t.Context()); err != nil {
			l.CutAll()
		}
	})
	return l.Addr().String()
}

// raw sends a text as it is and returns everything that comes back.
func raw(t *testing.T, address, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // a reset ends it, too
	return string(answer)
}

// TestHostileFraming: requests that parsers read in different ways are answered with
// 400, nothing of them or behind them is served, and the connection ends.
func TestHostileFraming(t *testing.T) {
	const (
		head     = "POST /sms/send HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer TOKEN\r\nContent-Type: application/json\r\n"
		body     = `{"phone":"1"}`
		smuggled = "POST /sms/smuggled HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer TOKEN\r\nContent-Length: 13\r\n\r\n" + body
	)
	for name, text := range map[string]string{
		"CL.TE":                   head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE.CL":                   head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + smuggled,
		"TE.TE":                   head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n" + smuggled,
		"TE xchunked":             head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE space":                head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE tab":                  head + "Transfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE list":                 head + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE folded":               head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE in a value":           head + "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"TE HTTP/1.0":             strings.Replace(head, "1.1", "1.0", 1) + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"CL.CL":                   head + "Content-Length: 0\r\nContent-Length: 13\r\n\r\n" + body + smuggled,
		"CL.CL same":              head + "Content-Length: 13\r\nContent-Length: 13\r\n\r\n" + body + smuggled,
		"CL list":                 head + "Content-Length: 13, 13\r\n\r\n" + body + smuggled,
		"CL plus":                 head + "Content-Length: +13\r\n\r\n" + body + smuggled,
		"obs-fold":                head + "X: a\r\n b\r\nContent-Length: 13\r\n\r\n" + body + smuggled,
		"bare LF":                 strings.ReplaceAll(head, "\r\n", "\n") + "Content-Length: 13\n\n" + body + smuggled,
		"bare LF at the end":      head + "Content-Length: 13\r\n\n" + body + smuggled,
		"bare CR":                 head + "X: a\rContent-Length: 13\r\n\r\n" + body + smuggled,
		"NUL in a value":          head + "X: a\x00b\r\nContent-Length: 13\r\n\r\n" + body + smuggled,
		"NUL in the path":         "POST /sms/send\x00 HTTP/1.1\r\nHost: gw\r\n\r\n" + smuggled,
		"space in the path":       "POST /sms/send HTTP/1.1 HTTP/1.1\r\nHost: gw\r\n\r\n" + smuggled,
		"two hosts":               "POST /sms/send HTTP/1.1\r\nHost: gw\r\nHost: other\r\n\r\n" + smuggled,
		"no host":                 "POST /sms/send HTTP/1.1\r\n\r\n" + smuggled,
		"two tokens":              head + "Authorization: Bearer other\r\nContent-Length: 13\r\n\r\n" + body + smuggled,
		"HTTP/2":                  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + smuggled,
		"chunk size":              head + "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + smuggled,
		"chunk bare LF":           head + "Transfer-Encoding: chunked\r\n\r\n0\n\n" + smuggled,
		"chunk extension bare LF": head + "Transfer-Encoding: chunked\r\n\r\nd;\n" + body + "\r\n0\r\n\r\n" + smuggled,
		"chunk without its end":   head + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + body + "0\r\n\r\n" + smuggled,
		"trailer":                 head + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + body + "\r\n0\r\nContent-Length: 5\r\n\r\n" + smuggled,
		"bare LF for the trailer": head + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + body + "\r\n0\r\n\n" + smuggled,
		"bare CR for the trailer": head + "Transfer-Encoding: chunked\r\n\r\nd\r\n" + body + "\r\n0\r\n\r" + smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.route("send", replies(abi.Reply{}))
			r.route("smuggled", replies(abi.Reply{}))
			address := r.start().border(edge.Options{})
			fill := strings.NewReplacer("TOKEN", r.token)
			answer := raw(t, address, fill.Replace(text))
			if !strings.HasPrefix(answer, "HTTP/1.1 400 ") || !strings.Contains(answer, "X-Request-Id: ") || !strings.Contains(answer, `{"error":"Bad request!"}`) ||
				strings.Count(answer, "HTTP/1.1 ") != 1 {
				t.Errorf("answer: %q", answer)
			}
			if all := r.records.all(); len(all) != 0 {
				t.Errorf("something was served: %+v", all)
			}
			// Also behind a good request on the same connection, which is served.
			good := head + "Content-Length: 13\r\n\r\n" + body
			answer = raw(t, address, fill.Replace(good+text))
			if !strings.HasPrefix(answer, "HTTP/1.1 200 ") || strings.Count(answer, "HTTP/1.1 200 ") != 1 {
				t.Errorf("behind a good one: %q", answer)
			}
			if rec := r.last(1); rec.Action != "send" || rec.Status != 200 {
				t.Errorf("record: %+v", rec)
			}
		})
	}
}

// TestHonestFraming: what must go on working.
func TestHonestFraming(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{}))
	address := r.start().border(edge.Options{})
	const last = "Connection: close\r\n"
	head := "POST /sms/send HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer " + r.token + "\r\nContent-Type: application/json\r\n"
	length := "Content-Length: 13\r\n\r\n" + `{"phone":"1"}`
	chunked := "Transfer-Encoding: chunked\r\n\r\n5;x=y\r\n{\"pho\r\n8\r\nne\":\"1\"}\r\n0\r\n\r\n"
	for name, text := range map[string]string{
		"length":   head + last + length,
		"chunks":   head + last + chunked,
		"pipeline": head + length + head + chunked + head + last + length,
		"HTTP/1.0": strings.Replace(head, "1.1", "1.0", 1) + length,
	} {
		t.Run(name, func(t *testing.T) {
			before := len(r.records.all())
			answer := raw(t, address, text)
			want := strings.Count(text, "POST ")
			if got := strings.Count(answer, " 200 OK\r\n"); got != want || len(r.records.all())-before != want {
				t.Errorf("%d of %d were served, %d recorded: %q", got, want, len(r.records.all())-before, answer)
			}
		})
	}
	t.Run("Expect", func(t *testing.T) {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, head+"Expect: 100-continue\r\nContent-Length: 13\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		reader := bufio.NewReader(c)
		if line, err := reader.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
			t.Fatalf("%q %v", line, err)
		}
		_, _ = reader.ReadString('\n')
		if _, err := io.WriteString(c, `{"phone":"1"}`); err != nil {
			t.Fatal(err)
		}
		if answer, err := http.ReadResponse(reader, nil); err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%v %v", answer, err)
		}
	})
}

func TestOversizedRequests(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{}))
	address := r.start().border(edge.Options{})
	for name, row := range map[string]struct{ text, status string }{
		"header":       {"GET /healthz HTTP/1.1\r\nHost: gw\r\nX: " + strings.Repeat("y", 20_000) + "\r\n\r\n", "431"},
		"headers":      {"GET /healthz HTTP/1.1\r\nHost: gw\r\n" + strings.Repeat("X: y\r\n", 101) + "\r\n", "400"},
		"URL":          {"GET /" + strings.Repeat("y", 20_000) + " HTTP/1.1\r\nHost: gw\r\n\r\n", "431"},
		"body":         {"POST /sms/send HTTP/1.1\r\nHost: gw\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("y", 5000), "413"},
		"huge length":  {"POST /sms/send HTTP/1.1\r\nHost: gw\r\nContent-Length: 999999999999999\r\n\r\n", "413"},
		"chunks":       {"POST /sms/send HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("400\r\n"+strings.Repeat("y", 1024)+"\r\n", 5) + "0\r\n\r\n", "413"},
		"huge chunk":   {"POST /sms/send HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n", "413"},
		"endless size": {"POST /sms/send HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("0", 5000), "400"},
	} {
		t.Run(name, func(t *testing.T) {
			if answer := raw(t, address, row.text); !strings.HasPrefix(answer, "HTTP/1.1 "+row.status+" ") {
				t.Errorf("answer: %.300q", answer)
			}
		})
	}
}

// TestSlowClients: who sends a head or a body too slowly is sent away, however steadily
// bytes come.
func TestSlowClients(t *testing.T) {
	t.Run("body", func(t *testing.T) {
		r := newRig(t)
		r.route("send", replies(abi.Reply{}))
		address := r.start().border(edge.Options{ReadTime: 150 * time.Millisecond})
		head := "POST /sms/send HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer " + r.token + "\r\n"
		drip(t, address, head+"Content-Length: 4000\r\n\r\n", " ")
		drip(t, address, head+"Transfer-Encoding: chunked\r\n\r\n", "1\r\n \r\n")
		if all := r.records.all(); len(all) != 0 {
			t.Errorf("something was served: %+v", all)
		}
	})
	address := newRig(t).start().border(edge.Options{HeadTime: 100 * time.Millisecond})
	for name, first := range map[string]string{"nothing": "", "a byte": "G", "a head without its end": "GET /healthz HTTP/1.1\r\nHost: gw\r\n"} {
		if answer := raw(t, address, first); strings.Contains(answer, " 200 ") {
			t.Errorf("%s: %q", name, answer)
		}
	}
	drip(t, address, "GET /healthz HTTP/1.1\r\nHost: gw\r\nX: ", "y")
}

// drip sends the beginning of a request and then a little again and again, until the
// other side has had enough.
func drip(t *testing.T, address, first, again string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	gone := make(chan string, 1)
	go func() {
		answer, _ := io.ReadAll(c) // ends with the connection
		gone <- string(answer)
	}()
	if _, err := io.WriteString(c, first); err != nil {
		t.Fatal(err)
	}
	for sent := 0; ; sent++ {
		select {
		case answer := <-gone:
			if strings.Contains(answer, " 200 ") {
				t.Errorf("it was served: %q", answer)
			}
			return
		case <-time.After(5 * time.Millisecond):
			if sent > 6000 {
				t.Fatal("the connection goes on")
			}
			_, _ = io.WriteString(c, again) // fails when it has ended
		}
	}
}

// TestRetire: a gateway that stops says so and asks callers to leave, and serves
// them all the same.
func TestRetire(t *testing.T) {
	r := newRig(t)
	address := r.start().border(edge.Options{})
	get := func(path string) *http.Response {
		t.Helper()
		p, err := http.Get("http://" + address + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = p.Body.Close()
		return p
	}
	if p := get("/readyz"); p.StatusCode != 200 || p.Close {
		t.Errorf("before: %v", p)
	}
	r.s.Retire()
	if p := get("/readyz"); p.StatusCode != 503 || !p.Close {
		t.Errorf("/readyz: %v", p)
	}
	if p := get("/healthz"); p.StatusCode != 200 || !p.Close {
		t.Errorf("/healthz: %v", p)
	}
}

// TestConnectionsOfOneAddress: more than the limit are answered 429.
func TestConnectionsOfOneAddress(t *testing.T) {
	address := newRig(t).start().border(edge.Options{Limits: edge.Limits{PerAddress: 3}})
	for range 3 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if _, err := fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: gw\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if p, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil || p.StatusCode != 200 {
			t.Fatalf("%v %v", p, err)
		}
	}
	if answer := raw(t, address, ""); !strings.HasPrefix(answer, "HTTP/1.1 429 ") {
		t.Errorf("the fourth: %q", answer)
	}
}
