package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// listen serves on a real socket until the test ends and returns the base URL.
func (r *rig) listen() string {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.s.Serve(l) }()
	r.t.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 5*time.Second)
		defer stop()
		if err := r.s.Shutdown(ctx); err != nil {
			r.t.Errorf("shutdown: %v", err)
		}
		if err := <-ended; err != nil {
			r.t.Errorf("serve: %v", err)
		}
	})
	return "http://" + l.Addr().String()
}

// post sends over a real connection.
func (r *rig) post(url, body string, header http.Header) answer {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), "POST", url, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header = header
	p, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Body.Close()
	text, err := io.ReadAll(p.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{p.StatusCode, p.Header, string(text)}
}

func TestLogin(t *testing.T) {
	rows := []struct {
		name, body, header string
		status             int
		want, user         string
	}{
		{"right", `{"login":"crm","password":"` + password + `","x":1}`, "", 200, "", "crm"},
		{"wrong password", `{"login":"crm","password":"x"}`, "", 401, "Wrong login or password!", "crm"},
		{"nobody", `{"login":"no\u0000body","password":"x"}`, "", 401, "Wrong login or password!", "nobody"},
		{"no login", `{"password":"x"}`, "", 419, "Empty login!", ""},
		{"empty login", `{"login":"","password":"x"}`, "", 419, "Empty login!", ""},
		{"no password", `{"login":"crm"}`, "", 419, "Empty password!", ""},
		{"password null", `{"login":"crm","password":null}`, "", 419, "Empty password!", ""},
		{"login is a list", `{"login":["crm"],"password":"x"}`, "", 422, "Invalid login!", ""},
		{"password is a number", `{"login":"crm","password":1}`, "", 422, "Invalid password!", ""},
		{"no body", ``, "", 419, "Empty login!", ""},
		{"no JSON", `login=crm`, "", 420, "Invalid JSON!", ""},
		{"an array", `["crm"]`, "", 420, "Invalid JSON!", ""},
		{"twice", `{"login":"crm","login":"x","password":"x"}`, "", 420, "Invalid JSON!", ""},
		{"compressed", `x`, "gzip", 415, "Unsupported content type!", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t).start()
			got := r.do("POST", "/auth/login", row.body, "Content-Encoding", row.header)
			rec := r.last(1)
			if row.status == 200 {
				token, _ := strings.CutPrefix(strings.TrimSuffix(got.body, `"}`), `{"access_token":"`)
				if _, err := r.auth.Authenticate(token, netip.Addr{}); err != nil || len(token) != 32 {
					t.Errorf("%s: %v", got.body, err)
				}
				if strings.Contains(fmt.Sprintf("%+v", rec), token) || got.header.Get("Cache-Control") != "no-store" {
					t.Errorf("the token is kept: %+v %v", rec, got.header)
				}
			} else if got.body != `{"error":"`+row.want+`"}` {
				t.Errorf("%s", got.body)
			}
			if got.status != row.status || rec.Status != row.status || rec.Error != row.want || rec.User != row.user || rec.Module != "auth" || rec.Action != "login" || rec.Body != "" {
				t.Errorf("%d, record %+v", got.status, rec)
			}
			if rec.RequestID == "" || rec.RequestID != got.header.Get("X-Request-Id") {
				t.Errorf("request id %q", rec.RequestID)
			}
		})
	}
}

func TestLoginThrottled(t *testing.T) {
	r := newRig(t).start()
	var got answer
	for range 4 {
		got = r.do("POST", "/auth/login", `{"login":"crm","password":"x"}`)
	}
	if got.status != 429 || got.header.Get("Retry-After") == "" || r.last(4).Status != 429 {
		t.Errorf("%d %s %v", got.status, got.body, got.header)
	}
}

// stubIdentity fails every login in its own way.
type stubIdentity struct{ err error }

func (s stubIdentity) Authenticate(string, netip.Addr) (*auth.Principal, error) { return nil, s.err }

func (s stubIdentity) Login(context.Context, string, string, netip.Addr) (auth.Issued, error) {
	return auth.Issued{}, s.err
}

func TestLoginFaults(t *testing.T) {
	for err, status := range map[error]int{errDisk: 500, context.DeadlineExceeded: 429} {
		r := newRig(t)
		r.opt.Identity = stubIdentity{err: err}
		r.start()
		got := r.do("POST", "/auth/login", `{"login":"crm","password":"x"}`)
		if rec := r.last(1); got.status != status || rec.Status != status || rec.ErrorID != got.id() || strings.Contains(got.body, "disk") {
			t.Errorf("%v: %d %s, record %+v", err, got.status, got.body, rec)
		}
	}
	r := newRig(t)
	r.records.fail = errDisk
	r.start()
	if got := r.do("POST", "/auth/login", `{"login":"crm","password":"`+password+`"}`); got.status != 500 || strings.Contains(got.body, "access_token") {
		t.Errorf("a login without a record: %d %s", got.status, got.body)
	}
}

// TestClientIP: whose address a request has behind proxies.
func TestClientIP(t *testing.T) {
	local := []string{"127.0.0.0/8", "10.0.0.0/8"}
	rows := []struct {
		name    string
		trusted []string
		lines   []string
		want    string
	}{
		{"nobody is trusted", nil, []string{"1.2.3.4"}, "127.0.0.1"},
		{"another proxy is trusted", []string{"10.0.0.0/8"}, []string{"1.2.3.4"}, "127.0.0.1"},
		{"no header", local, nil, "127.0.0.1"},
		{"one", local, []string{"1.2.3.4"}, "1.2.3.4"},
		{"forged in front", local, []string{"6.6.6.6, 1.2.3.4"}, "1.2.3.4"},
		{"forged in a line of its own", local, []string{"6.6.6.6", "1.2.3.4"}, "1.2.3.4"},
		{"a chain of proxies", local, []string{"6.6.6.6, 1.2.3.4 ,10.1.1.1", "10.1.1.2"}, "1.2.3.4"},
		{"only proxies", local, []string{"10.1.1.1"}, "10.1.1.1"},
		{"nonsense", local, []string{"6.6.6.6, unknown"}, "127.0.0.1"},
		{"empty", local, []string{""}, "127.0.0.1"},
		{"IPv6", local, []string{"2001:db8::1"}, "2001:db8::1"},
		{"IPv4 in IPv6", local, []string{"::ffff:1.2.3.4"}, "1.2.3.4"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			for _, p := range row.trusted {
				r.opt.TrustedProxies = append(r.opt.TrustedProxies, mustAddr(t, p))
			}
			var seen string
			r.opt.Admin = func(g fiber.Router) {
				g.Post("/ip", func(c *fiber.Ctx) error { seen = c.IP(); return nil })
			}
			base := r.start().listen()
			header := http.Header{"X-Forwarded-For": row.lines}
			r.post(base+"/a/b", "", header)
			if rec := r.last(1); rec.IP != row.want {
				t.Errorf("recorded %s, want %s", rec.IP, row.want)
			}
			if r.post(base+"/admin/api/v1/ip", "", header); seen != row.want {
				t.Errorf("the administration API sees %s, want %s", seen, row.want)
			}
		})
	}
}

// TestTooLarge: the body limit is a refusal with a record, over a real connection.
func TestTooLarge(t *testing.T) {
	r := newRig(t)
	r.opt.BasePath = "/gw"
	r.route("send", replies(abi.Reply{}))
	base := r.start().listen()
	got := r.post(base+"/gw/sms/send", strings.Repeat("x", 5000), http.Header{"Authorization": {"Bearer " + r.token}})
	rec := r.last(1)
	if got.status != 413 || got.body != `{"error":"Request is too large!"}` || rec.Status != 413 || rec.Module != "sms" || rec.Action != "send" ||
		rec.RequestID != got.header.Get("X-Request-Id") || rec.RequestID == "" {
		t.Errorf("%d %s, record %+v", got.status, got.body, rec)
	}
	if got := r.post(base+"/gw/a/b/c/d", strings.Repeat("x", 5000), nil); got.status != 413 {
		t.Errorf("%d %s", got.status, got.body)
	}
	r.last(1) // no module, no record
}

func TestBasePath(t *testing.T) {
	r := newRig(t)
	r.opt.BasePath = "/gw"
	r.route("send", replies(abi.Reply{}))
	r.start()
	if got := r.send("/gw/sms/send", phone); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := r.do("GET", "/gw/healthz", ""); got.status != 200 || got.body != `{"status":"ok"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
	if got := r.do("GET", "/", ""); got.status != 404 || got.body != `{"error":"Not found!"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestReady(t *testing.T) {
	r := newRig(t)
	waiting := []string{"sms: compiling"}
	r.opt.Ready = func() []string { return waiting }
	r.start()
	if got := r.do("GET", "/readyz", ""); got.status != 503 || got.body != `{"status":"not ready","waiting":["sms: compiling"]}` || got.header.Get("Retry-After") != "2" {
		t.Errorf("%d %s", got.status, got.body)
	}
	waiting = nil
	if got := r.do("GET", "/readyz", ""); got.status != 200 || got.body != `{"status":"ready"}` {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func TestCORS(t *testing.T) {
	preflight := []string{"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization", "Origin"}
	r := newRig(t)
	r.route("send", replies(abi.Reply{Next: "n"}))
	r.start()
	if got := r.do("OPTIONS", "/sms/send", "", append(preflight, "https://crm.example")...); got.header.Get("Access-Control-Allow-Origin") != "" || got.status != 401 {
		t.Errorf("without origins: %d %v", got.status, got.header)
	}

	r.opt.CORSOrigins, r.opt.CORSMaxAge = []string{"https://crm.example", "https://other.example"}, time.Hour
	r.start()
	got := r.do("OPTIONS", "/sms/send", "", append(preflight, "https://crm.example")...)
	if got.status != 204 || got.header.Get("Access-Control-Allow-Origin") != "https://crm.example" || got.header.Get("Access-Control-Max-Age") != "3600" ||
		!strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", got.status, got.header)
	}
	r.last(1) // a preflight is no request of an integrator
	got = r.send("/sms/send", phone, "Origin", "https://other.example")
	if got.status != 200 || got.header.Get("Access-Control-Allow-Origin") != "https://other.example" || !strings.Contains(got.header.Get("Access-Control-Expose-Headers"), "X-Next-Cursor") {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := r.send("/sms/send", phone, "Origin", "https://evil.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("a foreign origin: %v", got.header)
	}
}

// TestDocuments: rendered once for each table and language.
func TestDocuments(t *testing.T) {
	r := newRig(t)
	var mu sync.Mutex
	renders := map[string]int{}
	var broken error
	render := func(what string) func(*registry.Table, string) ([]byte, error) {
		return func(table *registry.Table, language string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			renders[what+language]++
			return []byte(fmt.Sprintf("%s %s %d", what, language, len(table.Modules))), broken
		}
	}
	r.opt.OpenAPI, r.opt.Docs = render("openapi"), render("docs")
	r.start()
	for range 3 {
		for path, want := range map[string]string{
			"/openapi.json": "openapi en 1", "/openapi.json?lang=ru": "openapi ru 1", "/docs": "docs en 1", "/docs?lang=ru": "docs ru 1", "/docs?lang=xx": "docs en 1",
		} {
			if got := r.do("GET", path, ""); got.status != 200 || got.body != want || got.header.Get("Vary") != "Accept-Language" {
				t.Errorf("%s: %d %s", path, got.status, got.body)
			}
		}
		if got := r.do("GET", "/docs", "", "Accept-Language", "ru-RU,ru;q=0.9,en;q=0.5"); got.body != "docs ru 1" || !strings.Contains(got.header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s %v", got.body, got.header)
		}
	}
	for what, n := range renders {
		if n != 1 {
			t.Errorf("%s was rendered %d times", what, n)
		}
	}
	r.registry.Swap(registry.NewTable(nil, nil))
	if got := r.do("GET", "/docs", ""); got.body != "docs en 0" {
		t.Errorf("after a change: %s", got.body)
	}
	r.registry.Swap(registry.NewTable(nil, nil))
	broken = errors.New("template: secret detail")
	for _, path := range []string{"/docs", "/openapi.json"} {
		got := r.do("GET", path, "")
		if got.status != 500 || strings.Contains(got.body, "secret") || !r.logged(got.id()) {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	broken = nil
	if got := r.do("GET", "/docs", ""); got.status != 200 {
		t.Errorf("a failure was kept: %d %s", got.status, got.body)
	}
}

func TestCDR(t *testing.T) {
	var got server.CDRPost
	var body string
	var fail error
	r := newRig(t)
	r.opt.CDR = func(ctx context.Context, p server.CDRPost) error {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("no deadline")
		}
		got, body = p, string(p.Body)
		return fail
	}
	r.start()
	a := r.do("POST", "/cdr/pbx1?token=t%201&uuid=x", "<cdr/>", "Authorization", "basic dXNlcjpwYTpzcw==", "Content-Type", "application/x-www-form-plaintext")
	if a.status != 200 || got.Node != "pbx1" || got.Token != "t 1" || got.User != "user" || got.Password != "pa:ss" || body != "<cdr/>" ||
		got.ContentType != "application/x-www-form-plaintext" {
		t.Errorf("%d %+v %q", a.status, got, body)
	}
	for _, h := range []string{"", "Basic", "Basic !!!", "Bearer dXNlcjpwYXNz", "Basic dXNlcg=="} {
		r.do("POST", "/cdr/pbx1", "x", "Authorization", h)
		if got.Password != "" || got.User != "" && h != "Basic dXNlcg==" {
			t.Errorf("%q: %+v", h, got)
		}
	}
	for err, status := range map[error]int{
		fmt.Errorf("x: %w", server.ErrCDRDenied): 401, fmt.Errorf("x: %w", server.ErrCDREmpty): 400, errors.New("secret detail"): 500,
	} {
		fail = err
		if a := r.do("POST", "/cdr/pbx1", "x"); a.status != status || strings.Contains(a.body, "secret") || (status == 500) != r.logged(a.id()) {
			t.Errorf("%v: %d %s", err, a.status, a.body)
		}
	}
	if n := len(r.records.all()); n != 0 {
		t.Errorf("%d records of the journal", n)
	}
}

// TestMetrics: labels are bounded by the routes there are, whatever is asked for.
func TestMetrics(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{}))
	r.start()
	r.send("/sms/send", phone)
	r.send("/sms/send", `{}`)
	for i := range 50 {
		r.send(fmt.Sprintf("/sms/x%d", i), phone)
		r.do("POST", fmt.Sprintf("/y%d/send", i), phone)
	}
	text := r.do("GET", "/metrics", "").body
	series := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "patchbay_requests_total{") {
			series++
		}
	}
	for _, want := range []string{
		`patchbay_requests_total{action="send",module="sms",status="200"} 1`,
		`patchbay_requests_total{action="send",module="sms",status="419"} 1`,
		`patchbay_requests_total{action="none",module="none",status="405"} 50`,
		`patchbay_requests_total{action="none",module="none",status="401"} 50`,
		`patchbay_request_seconds_count{action="send",module="sms"} 2`,
		"go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if series != 4 {
		t.Errorf("%d series", series)
	}
}

// TestPanicElsewhere: a panic outside an action is a 500 with an id too.
func TestPanicElsewhere(t *testing.T) {
	r := newRig(t)
	r.opt.Ready = func() []string { panic("secret detail") }
	r.start()
	got := r.do("GET", "/readyz", "")
	if got.status != 500 || got.body != `{"error":"Internal error!","id":"`+got.id()+`"}` || !r.logged(got.id()) {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestRequestIDs: every answer has one, and no two are the same.
func TestRequestIDs(t *testing.T) {
	r := newRig(t).start()
	seen := map[string]bool{}
	for _, path := range []string{"/", "/healthz", "/a/b", "/auth/login", "/cdr/x", "/a/b/c/d", "/metrics"} {
		id := r.do("POST", path, "").header.Get("X-Request-Id")
		if len(id) != 16 || seen[id] {
			t.Errorf("%s: id %q", path, id)
		}
		seen[id] = true
	}
}
