package app_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestAdmin runs the scenarios one after the other on one gateway: bringing
// plugins to life takes seconds.
func TestAdmin(t *testing.T) {
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
		{"every endpoint as every role", everyEndpoint},
		{"session", session},
		{"users", usersScenario},
		{"views", viewsScenario},
		{"toggles", togglesScenario},
		{"settings", settingsScenario},
		{"providers", providersScenario},
		{"bad input", badInput},
		{"journal", journalScenario},
		{"behind a proxy", proxyScenario},
		{"crowd", crowdScenario},
		{"restart", restartScenario},
	} {
		if !t.Run(s.name, func(t *testing.T) {
			r.t = t
			s.run(t, r)
		}) {
			break // the later ones build on it
		}
	}
	r.t = t
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen.String()
	if len(seen) < 10_000 {
		t.Errorf("only %d bytes were answered", len(seen))
	}
	for _, secret := range []string{fileSecret, panelSecret, newSecret} {
		if strings.Contains(seen, secret) {
			t.Errorf("the secret %s was answered", secret)
		}
	}
}

func usersScenario(t *testing.T, r *rig) {
	a := r.want(201, "administrator", "POST", "/users", `{"login":"crm@shop","rights":["echo.echo","echo.echo"],"allowed_ips":["127.0.0.1","10.1.2.3/8"],"note":"CRM"}`)
	password, _ := a.at("password").(string)
	if len(password) < 20 || a.at("user", "version") != 1.0 || a.at("user", "allowed_ips", 0) != "10.0.0.0/8" || a.at("user", "last_login") != nil ||
		a.at("user", "role") != "integrator" {
		t.Errorf("created: %s", a.text)
	}
	if row := r.audited("user.create", "crm@shop", "admin", a); row.at("after", "note") != "CRM" || row.at("before") != nil || strings.Contains(row.text, password) {
		t.Errorf("audit: %s", row.text)
	}
	r.want(409, "administrator", "POST", "/users", `{"login":"CRM@shop"}`)
	in := r.send("", "POST", "/auth/login", `{"login":"crm@shop","password":"`+password+`"}`)
	r.tokens["crm"], _ = in.at("access_token").(string)
	if a := r.send("crm", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 200 {
		t.Errorf("the new user: %d %s", a.status, a.text)
	}

	// Lost updates.
	shown := r.want(200, "auditor", "GET", "/users/crm%40shop", "")
	etag := shown.header.Get("ETag")
	r.want(428, "administrator", "PATCH", "/users/crm@shop", `{"note":"x"}`)
	r.want(412, "administrator", "PATCH", "/users/crm@shop", `{"note":"x"}`, "If-Match", `"99"`)
	r.want(412, "administrator", "PATCH", "/users/crm@shop", `{"note":"x"}`, "If-Match", `"0"`)
	r.want(412, "administrator", "PATCH", "/users/crm@shop", `{"note":"x"}`, "If-Match", `"yes"`)
	a = r.want(200, "administrator", "PATCH", "/users/crm@shop", `{"rights":["echo.fetch"],"limits":{"all":{"per_second":5,"burst":2}}}`, "If-Match", etag)
	if a.at("rights", 0) != "echo.fetch" || a.at("note") != "CRM" || a.header.Get("ETag") != `"2"` {
		t.Errorf("changed: %s", a.text)
	}
	if row := r.audited("user.update", "crm@shop", "admin", a); row.at("before", "rights", 0) != "echo.echo" || row.at("after", "rights", 0) != "echo.fetch" {
		t.Errorf("audit: %v", row.json)
	}
	r.want(412, "administrator", "PATCH", "/users/crm@shop", `{"note":"late"}`, "If-Match", etag)
	if a := r.send("crm", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 405 {
		t.Errorf("the right was taken, yet: %d %s", a.status, a.text)
	}

	// Tokens.
	issued := r.want(201, "administrator", "POST", "/users/crm@shop/tokens", `{"label":"nightly","lifetime_seconds":3600,"idle_seconds":-1}`)
	token, _ := issued.at("token").(string)
	id, _ := issued.at("id").(string)
	if row := r.audited("token.create", "crm@shop", "admin", issued); row.at("after", "label") != "nightly" || row.at("after", "token") != nil {
		t.Errorf("audit: %v", row.json)
	}
	list := r.want(200, "auditor", "GET", "/users/crm@shop/tokens", "")
	if len(token) != 32 || list.at("tokens", 0, "id") != id || strings.Contains(list.text, token) {
		t.Errorf("tokens: %s", list.text)
	}
	r.want(404, "administrator", "DELETE", "/users/crm@shop/tokens/unknown", "")
	r.audited("token.revoke", "crm@shop", "admin", r.want(204, "administrator", "DELETE", "/users/crm@shop/tokens/"+id, ""))
	ended := r.want(200, "administrator", "DELETE", "/users/crm@shop/tokens", "")
	if ended.at("revoked") != 1.0 {
		t.Errorf("revoked: %s", ended.text)
	}
	r.audited("token.revoke", "crm@shop", "admin", ended)

	made := r.want(200, "administrator", "POST", "/users/crm@shop/password", `{"must_change":false}`)
	if p, _ := made.at("password").(string); len(p) < 20 {
		t.Errorf("password: %s", made.text)
	}
	r.audited("user.password", "crm@shop", "admin", made)
	if a := r.want(200, "administrator", "POST", "/users/crm@shop/password", `{"password":"chosen-password"}`); a.at("password") != nil {
		t.Errorf("a chosen password was answered: %s", a.text)
	}
	gone := r.want(200, "administrator", "DELETE", "/users/crm@shop", "")
	if gone.at("status") != 0.0 {
		t.Errorf("deleted: %s", gone.text)
	}
	r.audited("user.delete", "crm@shop", "admin", gone)

	// What is refused leaves no record.
	before := r.auditID()
	r.want(409, "administrator", "PATCH", "/users/crm@shop", `{"note":"x"}`, "If-Match", "*")
	r.want(409, "administrator", "DELETE", "/users/admin", "")
	r.want(409, "administrator", "PATCH", "/users/admin", `{"role":"auditor"}`, "If-Match", "*")
	r.want(422, "administrator", "POST", "/users", `{"login":"-x"}`)
	r.want(422, "administrator", "POST", "/users", `{"login":"ok","rights":["no right"]}`)
	r.want(422, "administrator", "POST", "/users", `{"login":"ok","password":"short"}`)
	r.want(422, "administrator", "PATCH", "/users/manager", `{"status":0}`, "If-Match", "*")
	r.want(404, "administrator", "GET", "/users/%25zz", "")
	if after := r.auditID(); after != before {
		t.Error("a refused change was recorded")
	}
}

func viewsScenario(t *testing.T, r *rig) {
	m := r.want(200, "auditor", "GET", "/modules/echo", "")
	if m.at("version") != "1.2.3" || m.at("title", "ru") != "Эхо" || m.at("on") != true || m.at("state", "name") != "warm" || len(m.at("sha256").(string)) != 64 ||
		m.at("actions", 1, "name") != "fetch" || m.at("actions", 1, "limit") != "5/m burst 9" || m.at("actions", 1, "default_limit") != "7/s" ||
		m.at("actions", 1, "locked", 0) != "limit" || !strings.Contains(m.at("actions", 1, "locked_at", "limit").(string), "gateway.hcl:17:") ||
		m.at("actions", 2, "name") != "fixed" || m.at("actions", 2, "provider") != "fixed" {
		t.Errorf("module: %s", m.text)
	}
	if a := r.want(200, "auditor", "GET", "/modules", ""); a.at("modules", 1, "id") != "spare" || a.at("modules", 1, "on") != false ||
		a.at("modules", 1, "state", "name") != "verified" || a.header.Get("ETag") != `"0"` {
		t.Errorf("modules: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/plugins", ""); a.at("plugins", 0, "id") != "echo" || a.at("plugins", 0, "used_by", 0) != "echo" ||
		a.at("plugins", 1, "imports", 0) != "http_fetch" || !strings.Contains(a.at("faults", 0).(string), "broken.wasm") {
		t.Errorf("plugins: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/rights", ""); a.at("modules", 0, "right") != "echo.*" || a.at("modules", 0, "actions", 0, "right") != "echo.echo" ||
		a.at("modules", 0, "actions", 2, "right") != "echo.fixed" || a.at("modules", 1, "module") != "spare" {
		t.Errorf("rights: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/nodes", ""); len(a.at("nodes").([]any)) != 0 {
		t.Errorf("nodes: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/providers/fixed", ""); a.at("in_file") != true || a.at("locked", 0) != "enabled" || a.at("granted", 0) != "http" || a.at("on") != false {
		t.Errorf("provider: %s", a.text)
	}
	r.want(404, "auditor", "GET", "/modules/none", "")
	r.want(404, "auditor", "GET", "/none/at/all", "")
}

func togglesScenario(t *testing.T, r *rig) {
	echo := func() int { return r.send("integrator", "POST", "/echo/echo", `{"text":"hi"}`).status }
	if got := echo(); got != 200 {
		t.Fatalf("echo: %d", got)
	}
	off := r.want(200, "manager", "PUT", "/modules/echo/actions/echo", `{"enabled":false}`)
	if off.at("actions", 0, "on") != false || echo() != 405 {
		t.Errorf("action off: %s", off.text)
	}
	r.audited("action.disable", "echo.echo", "manager", off)
	on := r.want(200, "manager", "PUT", "/modules/echo/actions/echo", `{"enabled":true,"limit":"3/h"}`)
	if on.at("actions", 0, "limit") != "3/h" {
		t.Errorf("action on: %s", on.text)
	}
	if row := r.audited("action.update", "echo.echo", "manager", on); row.at("before", "enabled") != false || row.at("after", "limit") != "3/h" {
		t.Errorf("audit: %v", row.json)
	}
	var got []int
	for range 4 {
		got = append(got, r.send("auditor", "POST", "/echo/echo", `{"text":"hi"}`).status) // the limit is per user
	}
	if got[0] != 200 || got[3] != 429 {
		t.Errorf("with a limit of 3: %v", got)
	}
	r.want(200, "manager", "PUT", "/modules/echo/actions/echo", `{"limit":""}`)

	off = r.want(200, "manager", "PUT", "/modules/echo/enabled", `{"enabled":false}`)
	if off.at("on") != false || echo() != 405 {
		t.Errorf("module off: %s", off.text)
	}
	if row := r.audited("module.disable", "echo", "manager", off); row.at("before", "enabled") != true || row.at("after", "enabled") != false {
		t.Errorf("audit: %v", row.json)
	}
	version := r.want(200, "auditor", "GET", "/modules", "").header.Get("ETag")
	r.audited("module.enable", "echo", "manager", r.want(200, "manager", "PUT", "/modules/echo/enabled", `{"enabled":true}`, "If-Match", version))
	if got := echo(); got != 200 {
		t.Errorf("module on again: %d", got)
	}

	before := r.auditID()
	r.want(412, "manager", "PUT", "/modules/echo/enabled", `{"enabled":false}`, "If-Match", version)
	r.want(404, "manager", "PUT", "/modules/none/enabled", `{"enabled":true}`)
	r.want(404, "manager", "PUT", "/modules/echo/actions/none", `{"enabled":true}`)
	r.want(422, "manager", "PUT", "/modules/echo/actions/echo", `{"limit":"often"}`)
	if a := r.want(409, "manager", "PUT", "/modules/echo/actions/fetch", `{"limit":"1/s"}`); !strings.Contains(a.at("violations", 0, "at").(string), "gateway.hcl:17:") {
		t.Errorf("locked: %s", a.text)
	}
	r.want(409, "manager", "PUT", "/providers/fixed/enabled", `{"enabled":true}`)
	// It cannot run without its settings, so it stays what it was.
	if a := r.want(422, "manager", "PUT", "/modules/spare/enabled", `{"enabled":true}`); !strings.Contains(a.text, "address") {
		t.Errorf("spare: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/modules/spare", ""); a.at("on") != false {
		t.Errorf("spare: %s", a.text)
	}
	if after := r.auditID(); after != before || echo() != 200 {
		t.Error("a refused change did something")
	}
}

// proxyScenario: the audit has the caller's address, and the next caller on the
// proxy's connection has its own.
func proxyScenario(t *testing.T, r *rig) {
	for _, ip := range []string{"203.0.113.7", "198.51.100.9", "127.0.0.1"} {
		var headers []string
		if ip != "127.0.0.1" {
			headers = []string{"X-Forwarded-For", "192.0.2.1, " + ip}
		}
		r.want(200, "manager", "PUT", "/modules/echo/actions/echo", `{"enabled":true}`, headers...)
		if a := r.want(200, "auditor", "GET", "/journal/audit?limit=1", ""); a.at("rows", 0, "ip") != ip {
			t.Errorf("from %s: %s", ip, a.text)
		}
	}
}

// crowdScenario: changes from many sides lose nothing and disturb no request.
func crowdScenario(t *testing.T, r *rig) {
	const people, changes = 4, 10
	version := func() int {
		n, err := strconv.Atoi(strings.Trim(r.want(200, "auditor", "GET", "/modules", "").header.Get("ETag"), `"`))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := version()
	var wg sync.WaitGroup
	for i := range people {
		wg.Go(func() {
			for n := range changes {
				if a := r.call("manager", "PUT", "/modules/echo/actions/fetch", fmt.Sprintf(`{"enabled":%t}`, (i+n)%2 == 0)); a.status != 200 {
					t.Errorf("toggle: %d %s", a.status, a.text)
				}
				if a := r.send("auditor", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 200 && a.status != 429 {
					t.Errorf("echo: %d %s", a.status, a.text)
				}
				if a := r.call("auditor", "GET", "/modules", ""); a.status != 200 {
					t.Errorf("modules: %d %s", a.status, a.text)
				}
			}
		})
	}
	wg.Wait()
	if after := version(); after != before+people*changes {
		t.Errorf("version %d after %d changes on %d", after, people*changes, before)
	}
	r.want(200, "manager", "PUT", "/modules/echo/actions/fetch", `{"enabled":true}`)
}
