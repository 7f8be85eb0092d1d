package httpcall_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// redirector answers /<status>?<location> with that redirect and everything else
// with what it got.
func redirector(w http.ResponseWriter, q *http.Request) {
	if status, err := strconv.Atoi(strings.TrimPrefix(q.URL.Path, "/")); err == nil {
		if q.URL.RawQuery != "" {
			w.Header().Set("Location", q.URL.RawQuery)
		}
		w.WriteHeader(status)
		return
	}
	body, _ := io.ReadAll(q.Body)
	fmt.Fprintf(w, "%s %s%s [%s]", q.Method, q.Host, q.URL.Path, body)
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "Accept", "Content-Type", "User-Agent"} {
		if v := q.Header.Get(name); v != "" {
			fmt.Fprintf(w, " %s=%s", name, v)
		}
	}
}

func TestRedirects(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	r.serve("a.example", "80", redirector)
	r.serve("b.example", "80", redirector)
	r.serve("a.example", "81", redirector)
	r.serve("evil.example", "80", func(w http.ResponseWriter, q *http.Request) { t.Errorf("evil.example was reached by %s", q.Method) })
	c := r.client(plain("a.example", "a.example:81", "b.example"), httpcall.Limits{})
	const (
		all      = " Authorization=Bearer t Cookie=c=1 X-Api-Key=k Accept=a/b Content-Type=text/x User-Agent=ua"
		noType   = " Authorization=Bearer t Cookie=c=1 X-Api-Key=k Accept=a/b User-Agent=ua"
		harmless = " Accept=a/b Content-Type=text/x User-Agent=ua"
		bare     = " Accept=a/b User-Agent=ua"
	)
	for _, x := range []struct{ method, path, want string }{
		{"GET", "/301?/x", "GET a.example/x [body]"},
		{"POST", "/301?/x", "GET a.example/x []" + noType},
		{"POST", "/302?x", "GET a.example/x []" + noType},
		{"POST", "/303?/x", "GET a.example/x []" + noType},
		{"PUT", "/303?/x", "GET a.example/x []" + noType},
		{"POST", "/307?/x", "POST a.example/x [body]" + all},
		{"PUT", "/308?http://a.example/x", "PUT a.example/x [body]" + all},
		{"POST", "/307?http://b.example/x", "POST b.example/x [body]" + harmless},
		{"POST", "/307?//b.example/x", "POST b.example/x [body]" + harmless},
		{"POST", "/302?http://b.example/x", "GET b.example/x []" + bare},
		{"POST", "/307?http://a.example:81/x", "POST a.example:81/x [body]" + harmless},
		{"POST", "/307?HTTP://A.EXAMPLE.:80/x", "POST a.example/x [body]" + all},
		// There and back again: what was dropped does not come back.
		{"POST", "/307?http://b.example/307?http://a.example/x", "POST a.example/x [body]" + harmless},
		{"POST", "/307?/307?/307?/307?/307?/x", "POST a.example/x [body]" + all},
	} {
		if x.method == "GET" {
			x.want = "GET a.example/x []" + noType
		}
		p, f := fetch(t, c, abi.HTTPRequest{
			Method: x.method, URL: "http://a.example" + x.path, Body: []byte("body"),
			Header: headers("authorization", "Bearer t", "cookie", "c=1", "x-api-key", "k", "accept", "a/b", "content-type", "text/x", "user-agent", "ua"),
		})
		if f != nil || string(p.Body) != x.want {
			t.Errorf("%s %s: got %q %+v, want %q", x.method, x.path, bodyOf(p), f, x.want)
		}
	}
	post := func(path string) abi.HTTPRequest {
		return abi.HTTPRequest{Method: "POST", URL: "http://a.example" + path, Body: []byte("body")}
	}
	for path, x := range map[string]struct {
		code   abi.Code
		detail string
	}{
		"/307?http://evil.example/":           {abi.CodeDenied, `add "evil.example:80"`},
		"/302?http://evil.example/":           {abi.CodeDenied, `add "evil.example:80"`},
		"/302?http://127.0.0.1/":              {abi.CodeDenied, `add "127.0.0.1:80"`},
		"/302?http://a.example@evil.example/": {abi.CodeUnavailable, "bad URL"},
		"/302?http://2130706433/":             {abi.CodeUnavailable, "bad URL"},
		"/302?file:///etc/passwd":             {abi.CodeUnavailable, "bad URL"},
		"/302?http://%zz/":                    {abi.CodeUnavailable, "bad URL"},
		"/302?http://a.example:82/":           {abi.CodeDenied, `add "a.example:82"`},
		"/307?/307?/307?/307?/307?/307?/x":    {abi.CodeUnavailable, "more than 5"},
	} {
		if f := bad(t, c, post(path), x.code, true, x.detail); x.code == abi.CodeDenied && f.Source != abi.SourceUpstream {
			t.Errorf("%s: the plugin is blamed: %+v", path, f)
		}
	}
	for _, path := range []string{"/302", "/300?/x", "/304", "/305?/x"} {
		if p := good(t, c, post(path)); strconv.Itoa(p.Status) != path[1:4] {
			t.Errorf("%s: got %d", path, p.Status)
		}
	}
	q := post("/302?http://evil.example/")
	q.NoRedirect = true
	if p := good(t, c, q); p.Status != 302 || p.Header.Get("location").String() != "http://evil.example/" {
		t.Errorf("got %d %q", p.Status, p.Header)
	}
}

func bodyOf(p *abi.HTTPResponse) string {
	if p == nil {
		return ""
	}
	return string(p.Body)
}

func TestRedirectBetweenSchemes(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{CAFile: caFile(t)})
	r.serveTLS("example.com", "443", false, redirector)
	r.serve("example.com", "80", redirector)
	c := r.client(plain("example.com"), httpcall.Limits{})
	bad(t, c, abi.HTTPRequest{URL: "https://example.com/302?http://example.com/x"}, abi.CodeDenied, true, "from https to http")
	p := good(t, c, abi.HTTPRequest{URL: "http://example.com/302?https://example.com/x", Header: headers("x-api-key", "k")})
	if got := string(p.Body); got != "GET example.com/x [] X-Api-Key=k User-Agent=Patchbay" {
		t.Errorf("got %q", got)
	}
}

// TestRebinding: a name that resolves to a public address first and to the
// machine itself afterwards leads nowhere.
func TestRebinding(t *testing.T) {
	r := newRig(t, httpcall.PoolOptions{})
	s := r.serve("rebind.example", "80", func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Connection", "close") // the next request looks the name up again
		io.WriteString(w, "public")
	})
	r.mu.Lock()
	r.leads["127.0.0.1:80"] = s.Listener.Addr().String()
	r.mu.Unlock()
	r.dns.names["rebind.example"] = []string{publicIP, "127.0.0.1", publicIP}
	c := r.client(plain("rebind.example"), httpcall.Limits{})
	q := abi.HTTPRequest{URL: "http://rebind.example/"}
	good(t, c, q)
	bad(t, c, q, abi.CodeDenied, false, "127.0.0.1, which is this machine")
	good(t, c, q)
	// One look-up for each connection: there is no second one to lie to.
	if looked, dialed := len(r.dns.lookups()), r.dialed(); looked != 3 || len(dialed) != 2 {
		t.Errorf("%d look-ups, dialed %v", looked, dialed)
	}
}
