package server_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// adminRig has one route of the administration API and a panel.
func adminRig(t *testing.T, changes *int) *rig {
	r := newRig(t)
	r.opt.Admin = func(g fiber.Router) {
		g.Add("POST", "/change", func(c *fiber.Ctx) error { *changes++; return c.SendString("changed") })
		g.Add("POST", "/break", func(*fiber.Ctx) error { panic("a fault") })
		g.Add("GET", "/look", func(c *fiber.Ctx) error { return c.SendString("seen") })
	}
	r.opt.Panel = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", "panel's own")
	})
	r.route("send", replies(abi.Reply{}))
	return r
}

// TestCrossOrigin: a page of another origin changes nothing, whichever of the two
// headers the browser sends; scripts, which send neither, are not hindered.
func TestCrossOrigin(t *testing.T) {
	const api = "/admin/api/v1"
	for name, row := range map[string]struct {
		headers []string
		status  int
	}{
		"script":                        {nil, 200},
		"own page":                      {[]string{"Origin", "http://example.com", "Sec-Fetch-Site", "same-origin"}, 200},
		"own page, plain HTTP":          {[]string{"Origin", "http://example.com"}, 200},
		"own page, capitals":            {[]string{"Origin", "http://EXAMPLE.com"}, 200},
		"public address":                {[]string{"Origin", "https://public.example"}, 200},
		"behind a rewriting proxy":      {[]string{"Origin", "https://outside.example", "Sec-Fetch-Site", "same-origin"}, 200},
		"another site":                  {[]string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, 403},
		"another site, no origin":       {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"sister site":                   {[]string{"Origin", "https://evil.example.com", "Sec-Fetch-Site", "same-site"}, 403},
		"another site, plain HTTP":      {[]string{"Origin", "http://evil.example"}, 403},
		"another port":                  {[]string{"Origin", "http://example.com:81"}, 403},
		"a longer name":                 {[]string{"Origin", "http://example.com.evil.example"}, 403},
		"sandboxed frame":               {[]string{"Origin", "null"}, 403},
		"nonsense":                      {[]string{"Origin", "://"}, 403},
		"a host that anybody may claim": {[]string{"Origin", "http://evil.example", "X-Forwarded-Host", "evil.example"}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			changes := 0
			r := adminRig(t, &changes)
			r.opt.PublicHost = "public.example"
			r.start()
			want := 0
			if row.status == 200 {
				want = 1
			}
			if got := r.do("POST", api+"/change", "{}", row.headers...); got.status != row.status || changes != want {
				t.Errorf("%d %s, %d changes", got.status, got.body, changes)
			}
			if got := r.do("GET", api+"/look", "", row.headers...); got.status != 200 {
				t.Errorf("reading: %d %s", got.status, got.body)
			}
			// Integrators' pages are the business of CORS.
			if got := r.send("/sms/send", phone, row.headers...); got.status != 200 {
				t.Errorf("an integrator's request: %d %s", got.status, got.body)
			}
		})
	}
	t.Run("a host that a trusted proxy names", func(t *testing.T) {
		changes := 0
		r := adminRig(t, &changes)
		r.opt.TrustedProxies = []netip.Prefix{mustAddr(t, "0.0.0.0/8")} // where the test's connections come from
		r.start()
		if got := r.do("POST", api+"/change", "{}", "Origin", "https://outside.example", "X-Forwarded-Host", "outside.example"); got.status != 200 {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}

// TestPanelIsNotShared: the origins that may call actions may not call the panel's API.
func TestPanelIsNotShared(t *testing.T) {
	changes := 0
	r := adminRig(t, &changes)
	r.opt.CORSOrigins = []string{"https://crm.example"}
	r.start()
	got := r.do("OPTIONS", "/admin/api/v1/change", "", "Origin", "https://crm.example", "Access-Control-Request-Method", "POST")
	if got.header.Get("Access-Control-Allow-Origin") != "" || got.status == 204 {
		t.Errorf("preflight: %d %v", got.status, got.header)
	}
	if got := r.do("GET", "/admin/api/v1/look", "", "Origin", "https://crm.example"); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%v", got.header)
	}
	if got := r.do("OPTIONS", "/sms/send", "", "Origin", "https://crm.example", "Access-Control-Request-Method", "POST"); got.header.Get("Access-Control-Allow-Origin") == "" {
		t.Errorf("actions: %d %v", got.status, got.header)
	}
}

// TestPanelHeaders: every answer below /admin, also a refusal, says what a browser
// must not do with it.
func TestPanelHeaders(t *testing.T) {
	changes := 0
	r := adminRig(t, &changes).start()
	for path, policy := range map[string]string{
		"/admin/": "panel's own", "/admin/users": "panel's own", "/admin/api/v1/look": "default-src 'none'",
	} {
		got := r.do("GET", path, "")
		if got.header.Get("X-Content-Type-Options") != "nosniff" || got.header.Get("X-Frame-Options") != "DENY" || got.header.Get("Referrer-Policy") != "no-referrer" ||
			!strings.Contains(got.header.Get("Content-Security-Policy"), policy) {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
	got := r.do("POST", "/admin/api/v1/change", "", "Origin", "https://evil.example")
	if got.status != 403 || got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
		t.Errorf("a refusal: %d %v", got.status, got.header)
	}
	// What Fiber answers by itself, and what breaks.
	base := r.listen()
	for path, want := range map[string]int{"/admin/api/v1/change": 413, "/admin/api/v1/break": 500} {
		body := ""
		if want == 413 {
			body = strings.Repeat("x", 5000)
		}
		got := r.post(base+path, body, http.Header{})
		if got.status != want || got.header.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(got.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
	}
}

// TestAdopt: a policy is in force from the next request on.
func TestAdopt(t *testing.T) {
	r := newRig(t)
	r.route("send", replies(abi.Reply{}))
	base := r.start().listen()
	send := func(body string, headers ...string) answer {
		header := http.Header{"Authorization": {"Bearer " + r.token}, "Content-Type": {"application/json"}}
		for i := 0; i < len(headers); i += 2 {
			header.Set(headers[i], headers[i+1])
		}
		return r.post(base+"/sms/send", body, header)
	}
	if got := send(phone); got.status != 200 || got.header.Get("Strict-Transport-Security") != "" {
		t.Errorf("before: %d %v", got.status, got.header)
	}
	r.s.Adopt(server.Policy{
		RequestTimeout: time.Second, BodyLimit: 10, HSTS: 24 * time.Hour, CORSOrigins: []string{"https://crm.example"},
		TrustedProxies: []netip.Prefix{mustAddr(t, "127.0.0.0/8")},
	})
	got := send(phone, "Origin", "https://crm.example", "X-Forwarded-For", "1.2.3.4")
	if got.status != 413 || got.header.Get("Strict-Transport-Security") != "max-age=86400" {
		t.Errorf("after: %d %v", got.status, got.header)
	}
	got = send(`{}`, "Origin", "https://crm.example", "X-Forwarded-For", "1.2.3.4:5678")
	if got.header.Get("Access-Control-Allow-Origin") != "https://crm.example" {
		t.Errorf("CORS: %v", got.header)
	}
	all := r.records.all()
	if last := all[len(all)-1]; last.IP != "1.2.3.4" || last.Body != "" {
		t.Errorf("record: %+v", last)
	}
}
