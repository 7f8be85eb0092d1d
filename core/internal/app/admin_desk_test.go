package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// TestDesk runs what the panel shows beyond the configuration, on one gateway.
func TestDesk(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles plugins")
	}
	r := newRig(t)
	r.users()
	r.warm()
	for _, s := range []struct {
		name string
		run  func(*testing.T, *rig)
	}{
		{"panel", panelScenario},
		{"figures", figuresScenario},
		{"bodies", bodiesScenario},
		{"live", liveScenario},
		{"log", logScenario},
		{"probes", probesScenario},
		{"traces", tracesScenario},
		{"curl", curlScenario},
		{"abilities", abilitiesScenario},
		{"reveal", revealScenario},
		{"exports", exportsScenario},
		{"second factor", secondFactorScenario},
		{"documents", documentsScenario},
		{"undo", undoScenario},
		{"undo of users", undoUsersScenario},
		{"users in documents", documentUsersScenario},
		{"test before saving", unsavedScenario},
		{"test of the guard", guardedTestScenario},
		{"violations", violationsScenario},
		{"nodes", nodesScenario}, // last: it starts the gateway again
	} {
		if !t.Run(s.name, func(t *testing.T) {
			r.t = t
			s.run(t, r)
		}) {
			break
		}
	}
	r.t = t
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range []string{fileSecret, panelSecret, newSecret} {
		if strings.Contains(r.seen.String(), secret) {
			t.Errorf("the secret %s was answered", secret)
		}
	}
}

// page gets something that is not JSON.
func (r *rig) page(path string) (*http.Response, string) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	p, err := http.DefaultTransport.RoundTrip(q) // no redirects are followed
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(p.Body).WriteTo(&text); err != nil {
		r.t.Fatal(err)
	}
	return p, text.String()
}

// panelScenario: the panel's page is there for everybody, whether it was built or
// not, and nothing else below /admin/api is.
func panelScenario(t *testing.T, r *rig) {
	if p, _ := r.page("/admin"); p.StatusCode != 302 || p.Header.Get("Location") != "admin/" {
		t.Errorf("/admin: %d %q", p.StatusCode, p.Header.Get("Location"))
	}
	p, text := r.page("/admin/modules/sms?tab=raw")
	if p.StatusCode != 200 || !strings.Contains(text, `<base href="../"`) || p.Header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(p.Header.Get("Content-Security-Policy"), "default-src 'none'") || p.Header.Get("X-Request-Id") == "" {
		t.Errorf("a page of the panel: %d %v\n%s", p.StatusCode, p.Header, text)
	}
	if p, _ := r.page("/admin/assets/none.js"); p.StatusCode != 404 {
		t.Errorf("a file that is not there: %d", p.StatusCode)
	}
	if a := r.call("", "GET", "/users", ""); a.status != 401 {
		t.Errorf("the API without a session: %d", a.status)
	}
	if a := r.call("auditor", "GET", "/no/such/route", ""); a.status != 404 || a.at("error") != "Not found!" {
		t.Errorf("an unknown route: %d %s", a.status, a.text)
	}
}

func figuresScenario(t *testing.T, r *rig) {
	for range 3 {
		if a := r.send("integrator", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 200 {
			t.Fatalf("%d %s", a.status, a.text)
		}
	}
	r.send("integrator", "POST", "/none/none", `{}`)
	a := r.want(200, "auditor", "GET", "/modules/echo/callers", "")
	if a.at("callers", 0, "user") != "integrator" || a.at("callers", 0, "action") != "echo" || a.at("callers", 0, "calls") != 3.0 || a.at("complete") != true {
		t.Errorf("callers: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/modules/echo/callers?action=fetch", ""); len(a.at("callers").([]any)) != 0 {
		t.Errorf("callers of another action: %s", a.text)
	}
	r.want(404, "auditor", "GET", "/modules/none/callers", "")

	o := r.want(200, "auditor", "GET", "/overview", "")
	if o.at("modules", 0, "id") != "echo" || o.at("modules", 0, "state", "name") != "warm" || o.at("started") == nil ||
		o.at("providers", 0, "name") != "fixed" || !strings.Contains(o.text, "broken.wasm") {
		t.Errorf("overview: %s", o.text)
	}

	for _, q := range []string{"step=1s", "from=yesterday", "to=2026-13-01", "colour=red", "step=5m&step=5m", "%zz"} {
		if a := r.call("auditor", "GET", "/history?"+q, ""); a.status != 422 {
			t.Errorf("%s: %d %s", q, a.status, a.text)
		}
	}
	if a := r.want(200, "auditor", "GET", "/history?step=5m&module=echo&from=2026-01-01", ""); a.at("step_seconds") != 300.0 || a.at("points") == nil {
		t.Errorf("history: %s", a.text)
	}
}

// event is one server-sent event.
type event struct {
	name string
	answer
}

// events opens a stream; the channel is closed at its end.
func (r *rig) events(ctx context.Context, user, path string) (*http.Response, <-chan event) {
	r.t.Helper()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+admin.Prefix+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+r.tokens[user])
	p, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	out := make(chan event, 100)
	go func() {
		defer close(out)
		defer p.Body.Close()
		var e event
		for lines := bufio.NewScanner(p.Body); lines.Scan(); {
			switch key, value, _ := strings.Cut(lines.Text(), ": "); key {
			case "event":
				e.name = value
			case "data":
				_ = json.Unmarshal([]byte(value), &e.json)
				e.text = value
			case "":
				if e.name != "" {
					out <- e
				}
				e = event{}
			}
		}
	}()
	return p, out
}

// next waits for an event.
func (r *rig) next(events <-chan event, name string) event {
	r.t.Helper()
	end := time.After(settle)
	for {
		select {
		case e, ok := <-events:
			if !ok {
				r.t.Fatalf("the stream ended without %s", name)
			}
			if e.name == name {
				return e
			}
		case <-end:
			r.t.Fatalf("no %s came", name)
		}
	}
}

func liveScenario(t *testing.T, r *rig) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p, events := r.events(ctx, "auditor", "/live")
	if p.StatusCode != 200 || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/event-stream") || p.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", p.StatusCode, p.Header)
	}
	if e := r.next(events, "pulse"); e.at("requests_per_second") != 0.0 {
		t.Errorf("the first pulse: %s", e.text)
	}
	if e := r.next(events, "states"); e.at("modules", 0, "name") != "echo" || e.at("modules", 0, "on") != true {
		t.Errorf("states: %s", e.text)
	}
	r.send("integrator", "POST", "/echo/echo", `{"text":"hi"}`)
	for e := r.next(events, "pulse"); e.at("modules", "echo") == nil; e = r.next(events, "pulse") {
	}
	r.want(200, "manager", "PUT", "/modules/echo/enabled", `{"enabled":false}`)
	if e := r.next(events, "states"); e.at("modules", 0, "on") != false {
		t.Errorf("after the toggle: %s", e.text)
	}
	r.want(200, "manager", "PUT", "/modules/echo/enabled", `{"enabled":true}`)

	// A stream ends with its session.
	in := r.want(200, "", "POST", "/login", `{"login":"auditor","password":"auditor-pass"}`)
	r.tokens["short"], _ = in.at("access_token").(string)
	_, short := r.events(ctx, "short", "/live")
	r.next(short, "pulse")
	r.want(204, "short", "POST", "/logout", "")
	for range short {
	}

	// Nobody takes them all.
	refused := 0
	for range 12 {
		p, _ := r.events(ctx, "manager", "/live")
		if p.StatusCode == 429 {
			refused++
		}
	}
	if refused != 4 {
		t.Errorf("%d of 12 streams of one user were refused, want 4", refused)
	}
}

func logScenario(t *testing.T, r *rig) {
	a := r.want(200, "auditor", "GET", "/log", "")
	if !strings.Contains(a.text, "broken.wasm") {
		t.Errorf("the gateway's log: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/log?instance=echo", ""); !strings.Contains(a.text, "plugin is warm") {
		t.Errorf("the log of a module: %s", a.text)
	}
	after, _ := a.at("after").(float64)
	if after == 0 {
		t.Fatalf("no number to go on from: %s", a.text)
	}
	r.want(200, "auditor", "GET", "/log?instance=none", "")
	r.want(422, "auditor", "GET", "/log?after=-1", "")
	r.want(422, "auditor", "GET", "/log/live?after=x", "")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, events := r.events(ctx, "auditor", "/log/live?after="+strconv.FormatFloat(after, 'f', 0, 64))
	r.want(401, "", "POST", "/login", `{"login":"nobody","password":"wrong-password"}`)
	for e := r.next(events, "log"); !strings.Contains(e.text, "login refused"); e = r.next(events, "log") {
	}
}
