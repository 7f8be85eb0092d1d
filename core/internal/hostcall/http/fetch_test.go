package httpcall_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestFetch(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		w.Header().Add("X-Multi", "one")
		w.Header().Add("X-Multi", "two")
		w.Header().Add("Set-Cookie", "a=1, x")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("X-Raw", "caf\xe9")
		w.WriteHeader(http.StatusTeapot)
		fmt.Fprintf(w, "%s %s %s %s %s %d", q.Method, q.Host, q.RequestURI, q.Header.Get("X-Key"), body, q.ContentLength)
	})
	c := r.client(plain("api.example"), httpcall.Limits{})
	p := good(t, c, abi.HTTPRequest{
		Method: "POST", URL: "http://API.example./send?text=привет мир#part", Header: headers("x-key", "k1"), Body: []byte("hello"),
	})
	want := "POST api.example /send?text=%D0%BF%D1%80%D0%B8%D0%B2%D0%B5%D1%82%20%D0%BC%D0%B8%D1%80 k1 hello 5"
	if p.Status != http.StatusTeapot || string(p.Body) != want || p.Data.Exists() {
		t.Errorf("got %d %q, want %q", p.Status, p.Body, want)
	}
	for name, value := range map[string]string{"x-multi": "one, two", "set-cookie": "a=1, x\nb=2", "x-raw": "caf\uFFFD"} {
		if got := p.Header.Get(name).String(); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	var names []string
	for name := range p.Header.Entries() {
		names = append(names, name)
	}
	if !slices.IsSorted(names) {
		t.Errorf("names are not in order: %v", names)
	}
	// No cookies: the next request does not return what was set.
	out := c.Fetch(t.Context(), (&abi.HTTPRequest{URL: "http://api.example/"}).Append(nil), []byte("head"))
	rest, ok := bytes.CutPrefix(out, []byte("head"))
	if p, f := decode(t, rest); !ok || f != nil || string(p.Body) != "GET api.example /   0" {
		t.Errorf("got %+v %+v", p, f)
	}
}

func TestRefusesBadRequests(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.dns.names["api.example"] = []string{publicIP}
	c := r.client(plain("api.example"), httpcall.Limits{Request: 100})
	const url = "http://api.example/"
	var many abi.Object
	for i := range 101 {
		many.Str(fmt.Sprintf("x-%d", i), "v")
	}
	for name, x := range map[string]struct {
		q       abi.HTTPRequest
		code    abi.Code
		message string
	}{
		"lower-case method": {abi.HTTPRequest{Method: "get"}, abi.CodeInvalid, "method"},
		"CONNECT":           {abi.HTTPRequest{Method: "CONNECT"}, abi.CodeInvalid, "method"},
		"TRACE":             {abi.HTTPRequest{Method: "TRACE"}, abi.CodeInvalid, "method"},
		"method injection":  {abi.HTTPRequest{Method: "GET / HTTP/1.1\r\nX: y\r\n\r\nGET"}, abi.CodeInvalid, "method"},
		"header no map":     {abi.HTTPRequest{Header: abi.StringValue("a: b")}, abi.CodeInvalid, "header"},
		"header name":       {abi.HTTPRequest{Header: headers("a b", "c")}, abi.CodeInvalid, "header"},
		"empty name":        {abi.HTTPRequest{Header: headers("", "c")}, abi.CodeInvalid, "header"},
		"name injection":    {abi.HTTPRequest{Header: headers("a\r\nb", "c")}, abi.CodeInvalid, "header"},
		"value injection":   {abi.HTTPRequest{Header: headers("a", "b\r\nc: d")}, abi.CodeInvalid, "header"},
		"value with LF":     {abi.HTTPRequest{Header: headers("a", "b\nc: d")}, abi.CodeInvalid, "header"},
		"value with NUL":    {abi.HTTPRequest{Header: headers("a", "b\x00")}, abi.CodeInvalid, "header"},
		"value number":      {abi.HTTPRequest{Header: new(abi.Object).Int("a", 1).Value()}, abi.CodeInvalid, "header"},
		"header twice":      {abi.HTTPRequest{Header: headers("x-a", "1", "X-A", "2")}, abi.CodeInvalid, "header"},
		"many headers":      {abi.HTTPRequest{Header: many.Value()}, abi.CodeInvalid, "header"},
		"large header":      {abi.HTTPRequest{Header: headers("a", strings.Repeat("v", 40<<10))}, abi.CodeInvalid, "header"},
		"NTLM":              {abi.HTTPRequest{Header: headers("authorization", "ntlm TlRMTVNTUAAB")}, abi.CodeInvalid, "header"},
		"Negotiate":         {abi.HTTPRequest{Header: headers("Authorization", " Negotiate abc")}, abi.CodeInvalid, "header"},
		"large body":        {abi.HTTPRequest{Method: "POST", Body: make([]byte, 101)}, abi.CodeTooLarge, "demo"},
		"negative timeout":  {abi.HTTPRequest{TimeoutMS: -1}, abi.CodeInvalid, "limit"},
		"negative size":     {abi.HTTPRequest{MaxBytes: -1}, abi.CodeInvalid, "limit"},
		"unknown parser":    {abi.HTTPRequest{Parse: 9}, abi.CodeInvalid, "request"},
		"invalid text":      {abi.HTTPRequest{Method: "G\xff"}, abi.CodeInvalid, "request"},
	} {
		x.q.URL = url
		f := bad(t, c, x.q, x.code, false, "")
		if f.Message != x.message || f.Source != abi.SourcePlugin || f.Detail == "" {
			t.Errorf("%s: %+v, want it to be about %s", name, f, x.message)
		}
	}
	for _, name := range []string{
		"Host", "host", "Content-Length", "transfer-encoding", "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization",
		"TE", "Trailer", "Upgrade", "Expect", "HTTP2-Settings",
	} {
		bad(t, c, abi.HTTPRequest{URL: url, Header: headers(name, "x")}, abi.CodeInvalid, false, "set by the host")
	}
	for name, request := range map[string][]byte{
		"nothing": nil, "no array": {0xc0}, "cut": (&abi.HTTPRequest{URL: url}).Append(nil)[:5], "unknown tag": {0xc1},
	} {
		if _, f := decode(t, c.Fetch(t.Context(), request, nil)); f == nil || f.Code != abi.CodeInvalid || f.Sent {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if d := r.dialed(); len(d) != 0 {
		t.Errorf("bad requests were dialed: %v", d)
	}
}

func TestParse(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", q.URL.Query().Get("type"))
		fmt.Fprint(w, q.URL.Query().Get("body"))
	})
	c := r.client(plain("api.example"), httpcall.Limits{})
	for _, x := range []struct {
		parse      abi.Parse
		kind, body string
		parsed     bool
	}{
		{abi.ParseNone, "application/json", "j", false},
		{abi.ParseJSON, "text/plain", "j", true},
		{abi.ParseJSON, "application/json", "broken", false},
		{abi.ParseJSON, "application/json", "", false},
		{abi.ParseXML, "text/plain", "x", true},
		{abi.ParseXML, "text/xml", "broken", false},
		{abi.ParseForm, "text/plain", "f", true},
		{abi.ParseAuto, "application/json; charset=utf-8", "j", true},
		{abi.ParseAuto, "application/problem+json", "j", true},
		{abi.ParseAuto, "Text/XML", "x", true},
		{abi.ParseAuto, "application/soap+xml", "x", true},
		{abi.ParseAuto, "application/x-www-form-urlencoded", "f", true},
		{abi.ParseAuto, "text/plain", "j", false},
		{abi.ParseAuto, "///", "j", false},
	} {
		p := good(t, c, abi.HTTPRequest{Parse: x.parse, URL: "http://api.example/?body=" + x.body + "&type=" + strings.NewReplacer("+", "%2B", ";", "%3B").Replace(x.kind)})
		body, data := x.body, ""
		if x.parsed {
			body, data = "", "parsed "+x.body
		}
		if string(p.Body) != body || p.Data.String() != data || p.Data.Exists() != x.parsed {
			t.Errorf("%d %s %q: body %q, data %q", x.parse, x.kind, x.body, p.Body, p.Data)
		}
	}
}

func TestAnswerLimits(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{Buffered: 1 << 20})
	stopped := make(chan struct{}, 1)
	r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/sized":
			w.Write(make([]byte, 2000))
		case "/endless":
			for q.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1000)); err != nil {
					break
				}
			}
			stopped <- struct{}{}
		case "/exact":
			w.Write(make([]byte, 1000))
		case "/fields":
			w.Header().Set("X", strings.Repeat("v", 100<<10))
		}
	})
	c := r.client(plain("api.example"), httpcall.Limits{Answer: 4 << 20})
	get := func(path string, limit int) abi.HTTPRequest {
		return abi.HTTPRequest{URL: "http://api.example" + path, MaxBytes: limit}
	}
	f := bad(t, c, get("/sized", 1000), abi.CodeTooLarge, true, "more than 1000 bytes")
	if f.Status != http.StatusBadGateway || f.Source != abi.SourceUpstream {
		t.Errorf("the caller would be told that he sent too much: %+v", f)
	}
	bad(t, c, get("/endless", 1000), abi.CodeTooLarge, true, "more than 1000 bytes")
	select { // the stream is cut, the server notices
	case <-stopped:
	case <-time.After(patience):
		t.Error("the server still sends")
	}
	if p := good(t, c, get("/exact", 1000)); len(p.Body) != 1000 {
		t.Errorf("%d bytes", len(p.Body))
	}
	small := r.client(plain("api.example"), httpcall.Limits{Answer: 999})
	bad(t, small, get("/exact", 5000), abi.CodeTooLarge, true, "more than 999 bytes")
	bad(t, c, get("/fields", 0), abi.CodeUnavailable, true, "header")
	f = bad(t, c, get("/endless", 0), abi.CodeBusy, true, "memory")
	if f.RetryMS == 0 {
		t.Error("busy without a time to come back")
	}
	if p := good(t, c, get("/exact", 0)); len(p.Body) != 1000 { // the memory was given back
		t.Errorf("%d bytes", len(p.Body))
	}
}

func TestGzip(t *testing.T) {
	pack := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		z.Write(b)
		z.Close()
		return out.Bytes()
	}
	text := bytes.Repeat([]byte("Patchbay "), 100)
	bomb := pack(make([]byte, 4<<20))
	hollow := bytes.Repeat(pack(nil), 1<<16) // inflates to nothing, for ever
	r := newRig(t, httpcall.PoolOptions{})
	r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("X-Asked", q.Header.Get("Accept-Encoding"))
		switch q.URL.Path {
		case "/text":
			w.Write(pack(text))
		case "/bomb":
			w.Write(bomb)
		case "/hollow":
			w.Write(hollow)
		case "/broken":
			w.Write([]byte("this is not gzip"))
		case "/cut":
			w.Write(pack(text)[:30])
		case "/other":
			w.Header().Set("Content-Encoding", "br")
			w.Write([]byte("as it is"))
		}
	})
	c := r.client(plain("api.example"), httpcall.Limits{Answer: 1 << 20})
	p := good(t, c, abi.HTTPRequest{URL: "http://api.example/text"})
	if !bytes.Equal(p.Body, text) || p.Header.Get("content-encoding").Exists() || p.Header.Get("content-length").Exists() {
		t.Errorf("got %d bytes and %q", len(p.Body), p.Header)
	}
	if got := p.Header.Get("x-asked").String(); got != "gzip" {
		t.Errorf("asked for %q", got)
	}
	bad(t, c, abi.HTTPRequest{URL: "http://api.example/bomb"}, abi.CodeTooLarge, true, "more than 1048576 bytes")
	bad(t, c, abi.HTTPRequest{URL: "http://api.example/hollow"}, abi.CodeTooLarge, true, "")
	bad(t, c, abi.HTTPRequest{URL: "http://api.example/broken"}, abi.CodeUnavailable, true, "inflate")
	bad(t, c, abi.HTTPRequest{URL: "http://api.example/cut"}, abi.CodeUnavailable, true, "inflate")
	if p := good(t, c, abi.HTTPRequest{URL: "http://api.example/empty"}); len(p.Body) != 0 {
		t.Errorf("got %q", p.Body)
	}
	if p := good(t, c, abi.HTTPRequest{Method: "HEAD", URL: "http://api.example/text"}); len(p.Body) != 0 || p.Header.Get("x-asked").String() != "" {
		t.Errorf("got %q %q", p.Body, p.Header)
	}
	p = good(t, c, abi.HTTPRequest{URL: "http://api.example/other"})
	if string(p.Body) != "as it is" || p.Header.Get("content-encoding").String() != "br" {
		t.Errorf("got %q %q", p.Body, p.Header)
	}
}

func TestTimeouts(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{HeaderTimeout: 50 * time.Millisecond})
	release := make(chan struct{})
	defer close(release)
	s := r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/body" {
			w.Write([]byte("begin"))
			w.(http.Flusher).Flush()
		}
		select {
		case <-release:
		case <-q.Context().Done():
		}
	})
	g := plain("api.example")
	c := r.client(g, httpcall.Limits{})
	bad(t, c, abi.HTTPRequest{URL: "http://api.example/header"}, abi.CodeTimeout, true, "timeout awaiting response headers")
	// Which step the time runs out in depends on the machine; the code does not.
	slow := newRig(t, httpcall.PoolOptions{})
	slow.site("api.example", "80", s.Listener.Addr())
	c = slow.client(g, httpcall.Limits{})
	short := slow.client(g, httpcall.Limits{Total: 50 * time.Millisecond})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for name, x := range map[string]struct {
		ctx context.Context
		c   *httpcall.Client
		ms  int
	}{
		"the request's":  {t.Context(), c, 50},
		"the operator's": {t.Context(), short, 60_000},
		"the task's":     {ctx, c, 0},
	} {
		for _, path := range []string{"/header", "/body"} {
			_, f := fetchIn(t, x.ctx, x.c, abi.HTTPRequest{URL: "http://api.example" + path, TimeoutMS: x.ms})
			if f == nil || f.Code != abi.CodeTimeout {
				t.Errorf("%s limit, %s: %+v", name, path, f)
			}
		}
	}
	done, stop := context.WithCancel(t.Context())
	stop()
	if _, f := fetchIn(t, done, c, abi.HTTPRequest{URL: "http://api.example/body"}); f == nil || f.Code != abi.CodeTimeout || f.Sent {
		t.Errorf("a cancelled task: %+v", f)
	}
}

func TestInFlightBound(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	entered, release := make(chan struct{}, 10), make(chan struct{})
	r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) {
		entered <- struct{}{}
		<-release
	})
	c := r.client(plain("api.example"), httpcall.Limits{InFlight: 2})
	q := abi.HTTPRequest{URL: "http://api.example/"}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			if _, f := fetch(t, c, q); f != nil {
				t.Errorf("fetch: %+v", f)
			}
		})
		<-entered
	}
	if got := c.InFlight(); got != 2 {
		t.Errorf("%d in flight, want 2", got)
	}
	f := bad(t, c, abi.HTTPRequest{URL: q.URL, TimeoutMS: 20}, abi.CodeTimeout, false, "2 exchanges were in flight")
	if f.Message != "demo" {
		t.Errorf("got %+v", f)
	}
	wg.Go(func() { // waits, then gets its turn
		if _, f := fetch(t, c, q); f != nil {
			t.Errorf("the one that waited: %+v", f)
		}
	})
	close(release)
	wg.Wait()
	if got := c.InFlight(); got != 0 {
		t.Errorf("%d in flight at the end", got)
	}
}

func TestClosedPoolRefuses(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.serve("api.example", "80", func(http.ResponseWriter, *http.Request) {})
	c := r.client(plain("api.example"), httpcall.Limits{})
	good(t, c, abi.HTTPRequest{URL: "http://api.example/"})
	r.pool.Close()
	f := bad(t, c, abi.HTTPRequest{URL: "http://api.example/"}, abi.CodeUnavailable, false, "shutting down")
	if f.Source != abi.SourceHost {
		t.Errorf("got %+v", f)
	}
}

func TestProxyOfTheEnvironmentIsIgnored(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	r := newRig(t, httpcall.PoolOptions{})
	r.serve("api.example", "80", func(w http.ResponseWriter, q *http.Request) { io.WriteString(w, "direct") })
	if p := good(t, r.client(plain("api.example"), httpcall.Limits{}), abi.HTTPRequest{URL: "http://api.example/"}); string(p.Body) != "direct" {
		t.Errorf("got %q", p.Body)
	}
}

// TestTLS: HTTP/1.1 is spoken with servers that would speak HTTP/2 as well.
func TestTLS(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprintf("http2=%v", http2), func(t *testing.T) {
			handler := func(w http.ResponseWriter, q *http.Request) {
				body, _ := io.ReadAll(q.Body)
				fmt.Fprintf(w, "%s %s %s", q.Proto, q.Method, body)
			}
			const proto = "HTTP/1.1"
			r := newRig(t, httpcall.PoolOptions{CAFile: caFile(t)})
			r.serveTLS("example.com", "443", http2, handler)
			r.serveTLS("wrong.name", "443", http2, handler)
			c := r.client(httpcall.Grant{Hosts: []string{"example.com", "wrong.name"}}, httpcall.Limits{})
			for range 3 {
				if p := good(t, c, abi.HTTPRequest{URL: "https://example.com/"}); string(p.Body) != proto+" GET " {
					t.Errorf("got %q", p.Body)
				}
			}
			if p := good(t, c, abi.HTTPRequest{Method: "PUT", URL: "https://example.com/", Body: []byte("b")}); string(p.Body) != proto+" PUT b" {
				t.Errorf("got %q", p.Body)
			}
			bad(t, c, abi.HTTPRequest{Method: "POST", URL: "https://wrong.name/", Body: []byte("b")}, abi.CodeUnavailable, false, "certificate")

			stranger := newRig(t, httpcall.PoolOptions{})
			stranger.serveTLS("example.com", "443", http2, handler)
			c = stranger.client(httpcall.Grant{Hosts: []string{"example.com"}}, httpcall.Limits{})
			bad(t, c, abi.HTTPRequest{Method: "POST", URL: "https://example.com/", Body: []byte("b")}, abi.CodeUnavailable, false, "CA file")
		})
	}
}
