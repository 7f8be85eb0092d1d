package server_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/server"
)

const hookPath = "/hooks/kannel/s3cret"

// hooked is a rig with a webhook that keeps its calls.
func hooked(t *testing.T, answer server.HookAnswer, err error) (*rig, *[]server.HookCall) {
	t.Helper()
	var calls []server.HookCall
	r := newRig(t)
	r.opt.BodyLimit = 1 << 20
	r.opt.Hook = func(_ context.Context, c server.HookCall) (server.HookAnswer, error) {
		calls = append(calls, c)
		return answer, err
	}
	return r.start(), &calls
}

func TestHookCall(t *testing.T) {
	r, calls := hooked(t, server.HookAnswer{Status: 201, ContentType: "application/json\r\nX-Evil: 1", Body: `{"ok":true}`}, nil)
	a := r.do("POST", hookPath+"?a=1&b=%20", "body \xff", "Content-Type", "text/xml; charset=utf-8", "X-Sign", "abc", "Cookie", "private", "x-sign", "second")
	if a.status != 201 || a.body != `{"ok":true}` || a.header.Get("X-Evil") != "" || a.header.Get("X-Request-Id") == "" ||
		a.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
	c := (*calls)[0]
	if c.Instance != "kannel" || c.Secret != "s3cret" || c.Method != "POST" || c.Query != "a=1&b=%20" || string(c.Body) != "body \xff" ||
		c.ContentType != "text/xml; charset=utf-8" || c.Header["x-sign"] != "abc" || c.Header["cookie"] != "" || c.RequestID != a.header.Get("X-Request-Id") {
		t.Errorf("%+v", c)
	}
	if a := r.do("GET", hookPath, ""); a.status != 201 {
		t.Errorf("GET: %d", a.status)
	}
	if len(r.records.all()) != 0 {
		t.Error("a webhook is in the journal of requests")
	}
}

// TestHookAnswerIsNoPage: an answer of a plugin comes from the origin of the panel, and
// browsers must not run anything in it.
func TestHookAnswerIsNoPage(t *testing.T) {
	for contentType, want := range map[string]string{
		"text/plain; charset=utf-8": "text/plain; charset=utf-8", "application/json": "application/json", "application/xml": "application/xml",
		"text/html": "application/octet-stream", "TEXT/HTML; charset=utf-8": "application/octet-stream", "image/svg+xml": "application/octet-stream",
		"application/xhtml+xml": "application/octet-stream", "html": "application/octet-stream",
	} {
		r, _ := hooked(t, server.HookAnswer{ContentType: contentType, Body: "<script>alert(1)</script>"}, nil)
		a := r.do("GET", hookPath, "")
		if a.header.Get("Content-Type") != want || a.header.Get("Content-Security-Policy") != "sandbox" || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", contentType, a.header)
		}
	}
}

func TestHookDefaults(t *testing.T) {
	r, _ := hooked(t, server.HookAnswer{}, nil)
	if a := r.do("GET", hookPath, ""); a.status != 200 || a.body != "" || !strings.HasPrefix(a.header.Get("Content-Type"), "text/plain") {
		t.Errorf("%d %q %v", a.status, a.body, a.header)
	}
}

func TestHookRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		err        error
		status     int
		text       string
		retryAfter string
	}{
		"none":      {server.ErrNoHook, 404, "Not found!", ""},
		"not ready": {problem.NotReady(10*time.Second, "the provider is switched off"), 503, "", "10"},
		"invalid":   {&problem.Problem{Status: 400, Text: "Invalid receipt!"}, 400, "Invalid receipt!", ""},
		"a fault":   {errors.New("disk"), 500, "", ""},
	} {
		r, _ := hooked(t, server.HookAnswer{}, c.err)
		a := r.do("POST", hookPath, "{}")
		if a.status != c.status || !strings.Contains(a.body, c.text) || a.header.Get("Retry-After") != c.retryAfter {
			t.Errorf("%s: %d %s %v", name, a.status, a.body, a.header)
		}
		if strings.Contains(r.log.String()+a.body, "s3cret") {
			t.Errorf("%s: the secret is in the log or the answer", name)
		}
	}
	r, calls := hooked(t, server.HookAnswer{}, nil)
	for name, c := range map[string]struct {
		method, path, body string
		status             int
		header             []string
	}{
		"too large":      {"POST", hookPath, strings.Repeat("x", 64<<10+1), 413, nil},
		"compressed":     {"POST", hookPath, "x", 415, []string{"Content-Encoding", "gzip"}},
		"another method": {"PUT", hookPath, "", 404, nil},
		"deeper":         {"POST", hookPath + "/x", "", 404, nil},
	} {
		if a := r.do(c.method, c.path, c.body, c.header...); a.status != c.status {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if len(*calls) != 0 {
		t.Errorf("%d calls came through", len(*calls))
	}
	if a := r.do("POST", hookPath, strings.Repeat("x", 64<<10)); a.status != 200 {
		t.Errorf("the largest body: %d", a.status)
	}
}

// TestHookRate: one address cannot ask without end; others are not in its way.
func TestHookRate(t *testing.T) {
	r := newRig(t)
	now := time.Now()
	r.opt.Limiter = auth.NewLimiter(func() time.Time { return now })
	r.opt.TrustedProxies = []netip.Prefix{mustAddr(t, "0.0.0.0/8")} // where the test's connections come from
	r.opt.Hook = func(context.Context, server.HookCall) (server.HookAnswer, error) {
		return server.HookAnswer{}, server.ErrNoHook
	}
	r.start()
	limited := 0
	for range 1001 {
		if a := r.do("GET", hookPath, "", "X-Forwarded-For", "198.51.100.7"); a.status == 429 {
			limited++
			if a.header.Get("Retry-After") == "" {
				t.Fatal("429 without Retry-After")
			}
			break
		}
	}
	if limited == 0 {
		t.Error("1,001 wrong secrets in the same moment were all looked at")
	}
	if a := r.do("GET", hookPath, "", "X-Forwarded-For", "198.51.100.8"); a.status != 404 {
		t.Errorf("another address: %d", a.status)
	}
}
