package app_test

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// access is who may call what: the lowest of auditor, manager, administrator;
// "" for everybody. The bodies do nothing wherever they are let through.
var access = []struct{ method, path, body, lowest string }{
	{"POST", "/login", `{}`, ""},
	{"GET", "/me", ``, "auditor"},
	{"POST", "/me/password", `{}`, "auditor"},
	{"POST", "/me/tokens", `{}`, "auditor"},
	{"DELETE", "/me/tokens/:id", ``, "auditor"},
	{"GET", "/users", ``, "auditor"},
	{"POST", "/users", `{}`, "administrator"},
	{"GET", "/users/:login", ``, "auditor"},
	{"PATCH", "/users/:login", `{}`, "administrator"},
	{"DELETE", "/users/:login", ``, "administrator"},
	{"POST", "/users/:login/password", `{"password":""}`, "administrator"},
	{"GET", "/users/:login/tokens", ``, "auditor"},
	{"POST", "/users/:login/tokens", `{}`, "administrator"},
	{"DELETE", "/users/:login/tokens", ``, "administrator"},
	{"DELETE", "/users/:login/tokens/:id", ``, "administrator"},
	{"GET", "/rights", ``, "auditor"},
	{"GET", "/modules", ``, "auditor"},
	{"GET", "/modules/:name", ``, "auditor"},
	{"PUT", "/modules/:name/enabled", `{}`, "manager"},
	{"PUT", "/modules/:name/actions/:action", `{}`, "manager"},
	{"GET", "/modules/:name/settings", ``, "auditor"},
	{"PUT", "/modules/:name/settings", `{}`, "manager"},
	{"GET", "/providers", ``, "auditor"},
	{"POST", "/providers", `{}`, "manager"},
	{"GET", "/providers/:name", ``, "auditor"},
	{"DELETE", "/providers/:name", ``, "manager"},
	{"PUT", "/providers/:name/enabled", `{}`, "manager"},
	{"GET", "/providers/:name/settings", ``, "auditor"},
	{"PUT", "/providers/:name/settings", `{}`, "manager"},
	{"PUT", "/modules/:name/grant", `{}`, "manager"},
	{"PUT", "/providers/:name/grant", `{}`, "manager"},
	{"GET", "/providers/:name/hook", ``, "administrator"},
	{"POST", "/providers/:name/hook", `{}`, "administrator"},
	{"GET", "/plugins", ``, "auditor"},
	{"POST", "/plugins", `{}`, "administrator"},
	{"GET", "/plugins/:id", ``, "auditor"},
	{"GET", "/plugins/:id/difference", ``, "auditor"},
	{"POST", "/plugins/:id/upgrade", `{}`, "manager"},
	{"POST", "/plugins/:id/consent", `{}`, "administrator"},
	{"POST", "/plugins/:id/rollback", `{}`, "manager"},
	{"DELETE", "/plugins/:id/versions/:sha256", ``, "administrator"},
	{"GET", "/nodes", ``, "auditor"},
	{"GET", "/guards", ``, "auditor"},
	{"GET", "/guards/:kind/settings", ``, "auditor"},
	{"PUT", "/guards/:kind/settings", `{}`, "administrator"},
	{"GET", "/journal/requests", ``, "auditor"},
	{"GET", "/journal/sms", ``, "auditor"},
	{"GET", "/journal/calls", ``, "auditor"},
	{"GET", "/journal/audit", ``, "auditor"},
	{"POST", "/journal/erase", `{}`, "administrator"},
	{"POST", "/me/second-factor", `{}`, "auditor"},
	{"POST", "/me/second-factor/confirm", `{}`, "auditor"},
	{"POST", "/me/second-factor/recovery", `{}`, "auditor"},
	{"POST", "/me/second-factor/disable", `{}`, "auditor"},
	{"DELETE", "/users/:login/second-factor", ``, "administrator"},
	{"GET", "/overview", ``, "auditor"},
	{"GET", "/history", ``, "auditor"},
	{"GET", "/live", ``, "auditor"},
	{"GET", "/modules/:name/callers", ``, "auditor"},
	{"GET", "/modules/:name/document", ``, "auditor"},
	{"POST", "/modules/:name/document/plan", `{}`, "auditor"},
	{"PUT", "/modules/:name/document", `{}`, "manager"},
	{"GET", "/providers/:name/document", ``, "auditor"},
	{"POST", "/providers/:name/document/plan", `{}`, "auditor"},
	{"PUT", "/providers/:name/document", `{}`, "manager"},
	{"GET", "/export", ``, "auditor"},
	{"POST", "/import/plan", `{}`, "manager"},
	{"POST", "/import", `{}`, "administrator"},
	{"POST", "/providers/test", `{}`, "manager"},
	{"POST", "/providers/:name/send-test", `{}`, "manager"},
	{"POST", "/nodes/test", `{"name":"none"}`, "manager"},
	{"POST", "/providers/send-test", `{}`, "manager"},
	{"POST", "/nodes", `{}`, "manager"},
	{"GET", "/nodes/:name/settings", ``, "auditor"},
	{"PUT", "/nodes/:name/settings", `{}`, "manager"},
	{"DELETE", "/nodes/:name", ``, "manager"},
	{"POST", "/tools/curl", `{}`, "manager"},
	{"GET", "/traces", ``, "auditor"},
	{"GET", "/traces/:id", ``, "auditor"},
	{"GET", "/log", ``, "auditor"},
	{"GET", "/log/live", ``, "auditor"},
	{"GET", "/changes", ``, "auditor"},
	{"POST", "/changes/:id/restore", `{}`, "manager"},
	{"GET", "/openapi.json", ``, ""},
	{"GET", "/users/:login/actions", ``, "auditor"},
	{"GET", "/rights/presets", ``, "auditor"},
	{"POST", "/exports", `{}`, "auditor"},
	{"GET", "/exports", ``, "auditor"},
	{"GET", "/exports/:id", ``, "auditor"},
	{"GET", "/exports/:id/file", ``, "auditor"},
	{"DELETE", "/exports/:id", ``, "auditor"},
	{"POST", "/journal/:kind/:id/reveal", `{}`, "manager"},
	{"POST", "/logout", ``, "auditor"}, // last: it ends the session
}

// everyEndpoint tries each route as each role and as nobody.
func everyEndpoint(t *testing.T, r *rig) {
	roles := []string{"integrator", "auditor", "manager", "administrator"}
	rank := map[string]int{"": -1, "integrator": 0, "auditor": 1, "manager": 2, "administrator": 3}
	served := map[string]bool{}
	for _, row := range admin.Table() {
		served[row.Method+" "+row.Path] = true
	}
	own := r.want(201, "administrator", "POST", "/me/tokens", `{"label":"login"}`)
	r.tokens["own token"], _ = own.at("token").(string)
	before := r.auditID()
	for _, row := range access[:len(access)-1] {
		key := row.method + " " + row.path
		if !served[key] {
			t.Errorf("%s is not served", key)
		}
		delete(served, key)
		path := strings.NewReplacer(":login", "nobody", ":id", "none", ":name", "none", ":sha256", "none", ":action", "none", ":kind", "sms", "/live", "/live?no=1").Replace(row.path)
		if a := r.call("", row.method, path, row.body); row.lowest != "" && (a.status != 401 || a.at("error") != "Unauthorized!" || a.header.Get("WWW-Authenticate") == "") {
			t.Errorf("%s without a token: %d %s", key, a.status, a.text)
		}
		if a := r.call("", row.method, path, row.body, "Authorization", "Bearer 00000000000000000000000000000000"); row.lowest != "" && a.status != 401 {
			t.Errorf("%s with an unknown token: %d %s", key, a.status, a.text)
		}
		if a := r.call("own token", row.method, path, row.body); row.lowest != "" && (a.status != 403 || a.at("error") != notForThePanel) {
			t.Errorf("%s with a token of POST /me/tokens: %d %s", key, a.status, a.text)
		}
		for _, role := range roles {
			a := r.call(role, row.method, path, row.body)
			switch may := rank[role] >= rank[row.lowest]; {
			case row.lowest == "":
			case !may && (a.status != 403 || a.at("error") != "Access denied!"):
				t.Errorf("%s as %s: %d %s, want 403", key, role, a.status, a.text)
			case may && (a.status == 401 || a.status == 403 || a.status >= 500):
				t.Errorf("%s as %s: %d %s, want it let through", key, role, a.status, a.text)
			}
		}
	}
	delete(served, "POST /logout")
	r.want(403, "own token", "POST", "/logout", "")
	for key := range served {
		t.Errorf("%s is served but not in this table", key)
	}
	if after := r.auditID(); after != before {
		t.Errorf("refused and empty requests left an audit record: %v, %v", before, after)
	}
}

// session covers what concerns the caller alone.
func session(t *testing.T, r *rig) {
	for _, body := range []string{``, `[]`, `{`, `{"login":"admin"}`, `{"login":"admin","password":1}`, `{"login":"admin","password":"x","otp":"1"}`} {
		if a := r.call("", "POST", "/login", body); a.status != 400 && a.status != 422 {
			t.Errorf("login with %s: %d %s", body, a.status, a.text)
		}
	}
	wrong := r.want(401, "", "POST", "/login", `{"login":"admin","password":"wrong-password"}`)
	unknown := r.want(401, "", "POST", "/login", `{"login":"nobody","password":"wrong-password"}`)
	if wrong.text != unknown.text || wrong.at("error") != "Wrong login or password!" {
		t.Errorf("answers differ: %s, %s", wrong.text, unknown.text)
	}
	if a := r.want(403, "", "POST", "/login", `{"login":"integrator","password":"integrator-pass"}`); a.at("access_token") != nil {
		t.Error("an integrator got a session")
	}
	if a := r.want(200, "administrator", "GET", "/users/integrator/tokens", ""); len(a.at("tokens").([]any)) != 1 {
		t.Errorf("the refused login left a token: %s", a.text)
	}

	in := r.want(200, "", "POST", "/login", `{"login":"auditor","password":"auditor-pass"}`)
	if in.at("role") != "auditor" || in.at("login") != "auditor" || in.at("must_change") != false || in.at("expires") == nil {
		t.Errorf("login: %s", in.text)
	}
	r.audited("session.login", "auditor", "auditor", in)
	r.tokens["second"], _ = in.at("access_token").(string)
	if a := r.want(200, "second", "GET", "/me", ""); a.at("login") != "auditor" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("me: %s", a.text)
	}
	r.audited("session.logout", "auditor", "auditor", r.want(204, "second", "POST", "/logout", ""))
	r.want(401, "second", "GET", "/me", "")

	ownTokens(t, r)

	// A password that must be changed closes everything else.
	r.want(201, "administrator", "POST", "/users", `{"login":"fresh","role":"manager","password":"fresh-pass","must_change":true}`)
	in = r.want(200, "", "POST", "/login", `{"login":"fresh","password":"fresh-pass"}`)
	r.tokens["fresh"], _ = in.at("access_token").(string)
	if a := r.want(403, "fresh", "GET", "/modules", ""); in.at("must_change") != true || a.at("error") != "Change the password first!" {
		t.Errorf("%s, %s", in.text, a.text)
	}
	r.want(422, "fresh", "POST", "/me/password", `{"old":"wrong","new":"fresh-pass-2"}`)
	r.want(422, "fresh", "POST", "/me/password", `{"old":"fresh-pass","new":"short"}`)
	changed := r.want(200, "fresh", "POST", "/me/password", `{"old":"fresh-pass","new":"fresh-pass-2"}`)
	r.audited("user.password", "fresh", "fresh", changed)
	r.want(401, "fresh", "GET", "/me", "")
	r.tokens["fresh"], _ = changed.at("access_token").(string)
	r.want(200, "fresh", "GET", "/modules", "")
}
