package app_test

import (
	"strings"
	"testing"
)

func settingsScenario(t *testing.T, r *rig) {
	const path = "/modules/echo/settings"
	shown := r.want(200, "auditor", "GET", path, "")
	etag := shown.header.Get("ETag")
	if shown.at("schema", "properties", "password", "x-secret") != true || shown.at("values", "region") != "ru" || shown.at("locked", 0) != "region" ||
		!strings.Contains(shown.at("locked_at", "region").(string), "gateway.hcl:20:") || `"`+strings.TrimSuffix(strings.TrimPrefix(etag, `"`), `"`)+`"` != etag {
		t.Fatalf("settings: %s", shown.text)
	}
	before := r.auditID()
	r.want(428, "manager", "PUT", path, `{"values":{}}`)
	r.want(412, "manager", "PUT", path, `{"values":{}}`, "If-Match", `"1000"`)
	a := r.want(422, "manager", "PUT", path, `{"values":{"retries":9,"address":"no address","colour":"red"}}`, "If-Match", etag)
	for i, pointer := range []string{"/values/retries", "/values/address", "/values/colour"} {
		if a.at("violations", i, "pointer") != pointer {
			t.Errorf("violations: %s", a.text)
		}
	}
	a = r.want(409, "manager", "PUT", path, `{"values":{"region":"kz"}}`, "If-Match", etag)
	if a.at("violations", 0, "pointer") != "/values/region" || !strings.Contains(a.at("violations", 0, "at").(string), "gateway.hcl:20:") {
		t.Errorf("locked: %s", a.text)
	}
	if r.auditID() != before {
		t.Error("a refused change was recorded")
	}

	// The locked value may come back as it was shown.
	set := r.want(200, "manager", "PUT", path, `{"values":{"region":"ru","retries":2,"password":"`+panelSecret+`"}}`, "If-Match", etag)
	if set.at("values", "retries") != 2.0 || set.at("values", "password", "set") != true || set.header.Get("ETag") == etag {
		t.Errorf("set: %s", set.text)
	}
	r.audited("module.settings", "echo", "manager", set)
	r.want(412, "manager", "PUT", path, `{"values":{}}`, "If-Match", etag)
	if a := r.send("integrator", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 200 {
		t.Errorf("with new settings: %d %s", a.status, a.text)
	}

	// A secret left out, or sent as it is shown, stays; its change is recorded,
	// its value is not.
	set = r.want(200, "manager", "PUT", path, `{"values":{"retries":3}}`, "If-Match", set.header.Get("ETag"))
	if set.at("values", "password", "set") != true || set.at("values", "retries") != 3.0 {
		t.Errorf("left out: %s", set.text)
	}
	set = r.want(200, "manager", "PUT", path, `{"values":{"password":{"set":true}}}`, "If-Match", set.header.Get("ETag"))
	if set.at("values", "password", "set") != true || set.at("values", "retries") != nil {
		t.Errorf("as shown: %s", set.text)
	}
	if row := r.audited("module.settings", "echo", "manager", set); row.at("after", "replaced_secrets") != nil {
		t.Errorf("audit: %v", row.json)
	}
	set = r.want(200, "manager", "PUT", path, `{"values":{"password":"`+newSecret+`"}}`, "If-Match", set.header.Get("ETag"))
	if row := r.audited("module.settings", "echo", "manager", set); row.at("after", "replaced_secrets", 0) != "password" {
		t.Errorf("audit: %v", row.json)
	}
	set = r.want(200, "manager", "PUT", path, `{"values":{"password":null}}`, "If-Match", set.header.Get("ETag"))
	if set.at("values", "password") != nil {
		t.Errorf("removed: %s", set.text)
	}

	// The file keeps the address among its secrets, so it is one.
	fixed := r.want(200, "auditor", "GET", "/providers/fixed/settings", "")
	if fixed.at("values", "password", "set") != true || fixed.at("values", "url", "set") != true || fixed.at("locked", 0) != "password" || fixed.at("locked", 1) != "url" {
		t.Errorf("fixed: %s", fixed.text)
	}
	r.want(409, "manager", "PUT", "/providers/fixed/settings", `{"values":{"password":"`+newSecret+`"}}`, "If-Match", fixed.header.Get("ETag"))
	r.want(200, "manager", "PUT", "/providers/fixed/settings", `{"values":{"password":{"set":true},"url":{"set":true}}}`, "If-Match", fixed.header.Get("ETag"))
}

func providersScenario(t *testing.T, r *rig) {
	before := r.auditID()
	for _, c := range []struct {
		status     int
		body, says string
	}{
		{422, `{"name":"2nd","plugin":"relay"}`, "/name"},
		{422, `{"name":"second","plugin":"none"}`, "/plugin"},
		{422, `{"name":"second","plugin":"echo"}`, "/plugin"},
		{422, `{"name":"second","plugin":"relay","settings":{}}`, "/settings/password"},
		{422, `{"name":"second","plugin":"relay","granted":["freeswitch"],"settings":{"url":"http://a.example","password":"x"}}`, "/granted/0"},
		{422, `{"name":"second","plugin":"relay","settings":{"url":"http://a.example","password":"x"}}`, `needs \"http\"`},
		{422, `{"name":"second","plugin":"relay","granted":["http"],"hosts":["no host!"],"settings":{"url":"http://a.example","password":"x"}}`, "host"},
		{422, `{"name":"fetch","plugin":"relay","granted":["http"],"settings":{"url":"http://a.example","password":"x"}}`, "choose another name"},
		{409, `{"name":"fixed","plugin":"relay"}`, "taken"},
		{409, `{"name":"echo","plugin":"relay"}`, "taken"},
		{409, `{"name":"spare","plugin":"relay"}`, "taken"},
	} {
		if a := r.call("manager", "POST", "/providers", c.body); a.status != c.status || !strings.Contains(a.text, c.says) {
			t.Errorf("%s: %d %s, want %d with %s", c.body, a.status, a.text, c.status, c.says)
		}
	}
	if r.auditID() != before {
		t.Error("a refused change was recorded")
	}
	made := r.want(201, "manager", "POST", "/providers",
		`{"name":"second","plugin":"relay","granted":["http"],"hosts":["a.example"],"private":true,"settings":{"url":"http://a.example","password":"`+panelSecret+`"}}`)
	if made.at("state", "name") != "warm" || made.at("on") != true || made.at("hosts", 0) != "a.example" || made.at("private") != true || made.at("in_file") != false {
		t.Errorf("made: %s", made.text)
	}
	if row := r.audited("provider.create", "second", "manager", made); row.at("after", "settings", "password", "set") != true || row.at("before") != nil {
		t.Errorf("audit: %v", row.json)
	}
	// The module has an action of that name now.
	if a := r.want(200, "auditor", "GET", "/rights", ""); !strings.Contains(a.text, `"echo.second"`) {
		t.Errorf("rights: %s", a.text)
	}
	off := r.want(200, "manager", "PUT", "/providers/second/enabled", `{"enabled":false}`)
	if off.at("on") != false {
		t.Errorf("off: %s", off.text)
	}
	r.audited("provider.disable", "second", "manager", off)
	set := r.want(200, "manager", "PUT", "/providers/second/settings", `{"values":{"url":"http://a.example/new"}}`,
		"If-Match", r.want(200, "manager", "GET", "/providers/second/settings", "").header.Get("ETag"))
	if set.at("values", "password", "set") != true || set.at("values", "url") != "http://a.example/new" {
		t.Errorf("settings: %s", set.text)
	}
	r.audited("provider.settings", "second", "manager", set)

	if a := r.want(409, "manager", "DELETE", "/providers/fixed", ""); !strings.Contains(a.at("violations", 0, "at").(string), "gateway.hcl:23:") {
		t.Errorf("delete fixed: %s", a.text)
	}
	r.want(404, "manager", "DELETE", "/providers/none", "")
	r.audited("provider.delete", "second", "manager", r.want(204, "manager", "DELETE", "/providers/second", ""))
	r.want(404, "auditor", "GET", "/providers/second", "")
}

func badInput(t *testing.T, r *rig) {
	before := r.auditID()
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"PUT", "/modules/echo/enabled", `{"enabled":"yes"}`, 422, "/enabled"},
		{"PUT", "/modules/echo/enabled", `{"enabled":null}`, 422, "is required"},
		{"PUT", "/modules/echo/enabled", `{"enabled":true,"force":true}`, 422, "/force"},
		{"PUT", "/modules/echo/enabled", `{"enabled":true,"enabled":false}`, 400, "twice"},
		{"PUT", "/modules/echo/enabled", `{"Enabled":false}`, 422, "/Enabled"},
		{"PUT", "/modules/echo/enabled", `{"enabled":true} x`, 400, "Invalid JSON!"},
		{"PUT", "/modules/echo/enabled", "\xff", 400, "Invalid JSON!"},
		{"PUT", "/modules/echo/enabled", strings.Repeat("[", 100_000), 400, "Invalid JSON!"},
		{"PUT", "/modules/echo/enabled", `{"x":"` + strings.Repeat("x", 300<<10) + `"}`, 413, "too large"},
		{"PATCH", "/users/manager", `{"rights":["echo.*",7],"allowed_ips":["nowhere"],"limits":{"all":5},"must_change":1}`, 422, "/rights/1"},
		{"PATCH", "/users/manager", `{"rights":["echo.*",7],"allowed_ips":["nowhere"],"limits":{"all":5},"must_change":1}`, 422, "/limits/all"},
		{"PATCH", "/users/manager", `{"password_hash":"x"}`, 422, "/password_hash"},
		{"PATCH", "/users/manager", `{"role":"root"}`, 422, "/role"},
		{"POST", "/users/manager/tokens", `{"lifetime_seconds":1.5}`, 422, "/lifetime_seconds"},
		{"POST", "/users/manager/tokens", `{"lifetime_seconds":-1}`, 422, "/lifetime_seconds"},
		{"POST", "/users/manager/tokens", `{"label":"a\u0000b"}`, 422, "/label"},
		{"PUT", "/modules/echo/settings", `{"values":[]}`, 422, "/values"},
		{"GET", "/journal/requests?limit=0", ``, 422, "/limit"},
		{"GET", "/journal/requests?from=yesterday&order=up&colour=red", ``, 422, "/colour"},
		{"GET", "/journal/requests?cursor=abc", ``, 422, "/cursor"},
		{"GET", "/journal/sms?module=sms", ``, 422, "/module"},
		{"GET", "/journal/audit?user=a&user=b", ``, 422, "/user"},
		{"GET", "/journal/audit?from=2026-02-02&to=2026-01-01", ``, 422, "after"},
	} {
		a := r.call("administrator", c.method, c.path, c.body, "If-Match", "*")
		if a.status != c.status || !strings.Contains(a.text, c.says) {
			t.Errorf("%s %s %.80s: %d %s, want %d with %s", c.method, c.path, c.body, a.status, a.text, c.status, c.says)
		}
	}
	if a := r.call("administrator", "PUT", "/modules/echo/enabled", `{"enabled":true}`, "Content-Type", "text/plain"); a.status != 415 {
		t.Errorf("text/plain: %d %s", a.status, a.text)
	}
	if a := r.call("administrator", "PUT", "/modules/echo/enabled", "\x1f\x8b\x08", "Content-Encoding", "gzip"); a.status != 400 {
		t.Errorf("gzip: %d %s", a.status, a.text)
	}
	if r.auditID() != before {
		t.Error("a refused change was recorded")
	}
}

func journalScenario(t *testing.T, r *rig) {
	r.send("integrator", "POST", "/echo/echo", `{"text":"journal"}`)
	a := r.want(200, "manager", "GET", "/journal/requests?user=integrator&module=echo&action=echo&limit=1&text=journal", "")
	if a.at("rows", 0, "user") != "integrator" || a.at("rows", 0, "status") != 200.0 || a.at("rows", 0, "body", "text") != "journal" || a.at("rows", 0, "id") == "" {
		t.Errorf("requests: %s", a.text)
	}
	a = r.want(200, "manager", "GET", "/journal/requests?bad=true&from=2020-01-01&to=2099-12-31", "")
	rows, _ := a.at("rows").([]any)
	for _, row := range rows {
		if status := row.(map[string]any)["status"].(float64); status < 400 {
			t.Errorf("a good request among the bad ones: %v", row)
		}
	}
	if len(rows) == 0 {
		t.Error("no bad requests")
	}
	// Walk through the audit, oldest first, by pages of 3.
	var ids []string
	for cursor := ""; ; {
		a := r.want(200, "auditor", "GET", "/journal/audit?order=oldest&limit=3&cursor="+cursor, "")
		page, _ := a.at("rows").([]any)
		for _, row := range page {
			ids = append(ids, row.(map[string]any)["id"].(string))
		}
		if cursor, _ = a.at("next").(string); cursor == "" {
			break
		}
	}
	if len(ids) < 20 || ids[0] != "1" || ids[len(ids)-1] != r.auditID() {
		t.Errorf("audit ids: %v", ids)
	}
	for _, path := range []string{"/journal/sms", "/journal/calls"} {
		if a := r.want(200, "auditor", "GET", path, ""); len(a.at("rows").([]any)) != 0 {
			t.Errorf("%s: %s", path, a.text)
		}
	}
}

// restartScenario proves that what was decided survives.
func restartScenario(t *testing.T, r *rig) {
	r.want(200, "manager", "PUT", "/modules/echo/actions/echo", `{"enabled":false}`)
	etag := r.want(200, "manager", "GET", "/modules/echo/settings", "").header.Get("ETag")
	r.want(200, "manager", "PUT", "/modules/echo/settings", `{"values":{"retries":4,"password":"`+newSecret+`"}}`, "If-Match", etag)
	before := r.want(200, "auditor", "GET", "/modules/echo/settings", "")
	r.stop()
	r.start()
	r.warm()
	if after := r.want(200, "auditor", "GET", "/modules/echo/settings", ""); after.text != before.text || after.header.Get("ETag") != before.header.Get("ETag") {
		t.Errorf("settings: %s\nwere: %s", after.text, before.text)
	}
	if a := r.send("integrator", "POST", "/echo/echo", `{}`); a.status != 405 {
		t.Errorf("switched off before the restart: %d", a.status)
	}
}
