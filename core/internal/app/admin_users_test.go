package app_test

import (
	"fmt"
	"strings"
	"testing"
)

// undoUsersScenario: what was made can be taken away again, what is gone for good says so.
func undoUsersScenario(t *testing.T, r *rig) {
	newest := func() answer {
		a := r.want(200, "auditor", "GET", "/changes?limit=1", "")
		return answer{json: a.at("rows", 0), text: a.text}
	}
	restore := func(status int, user string, row answer) answer {
		t.Helper()
		return r.want(status, user, "POST", "/changes/"+row.at("id").(string)+"/restore", body(t, "time", row.at("time")))
	}
	r.want(201, "administrator", "POST", "/users", `{"login":"brief","rights":["echo.*"]}`)
	created := newest()
	if created.at("undoable") != true {
		t.Fatalf("%s", created.text)
	}
	issued := r.want(201, "administrator", "POST", "/users/brief/tokens", `{"label":"x"}`)
	token := newest()
	r.tokens["brief"], _ = issued.at("token").(string)
	if a := r.send("brief", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	restore(403, "manager", token)
	restore(200, "administrator", token)
	if a := r.send("brief", "POST", "/echo/echo", `{"text":"hi"}`); a.status != 401 {
		t.Errorf("the token lives on: %d", a.status)
	}
	restore(404, "administrator", token) // there is none any more
	r.want(200, "administrator", "POST", "/users/brief/password", `{}`)
	if row := newest(); row.at("undoable") != false || row.at("lasting") != "secret" {
		t.Errorf("%s", row.text)
	}
	restore(409, "administrator", newest())
	restore(200, "administrator", created)
	if a := r.want(200, "auditor", "GET", "/users/brief", ""); a.at("status") != 0.0 {
		t.Errorf("%s", a.text)
	}
	if row := newest(); row.at("action") != "change.restore" || row.at("undoable") != false {
		t.Errorf("%s", row.text)
	}
	// Once it is gone, nothing about it can be taken back.
	for _, row := range r.want(200, "auditor", "GET", "/changes?text=brief&limit=10", "").at("rows").([]any) {
		if row.(map[string]any)["undoable"] == true {
			t.Errorf("%v", row)
		}
	}
}

// documentUsersScenario: users go from one gateway to another without what they sign in with.
func documentUsersScenario(t *testing.T, r *rig) {
	r.want(201, "administrator", "POST", "/users", `{"login":"mover@shop","rights":["echo.*"],"note":"moves","limits":{"all":{"per_second":5,"burst":9}},"allowed_ips":["10.0.0.0/8"]}`)
	plain := r.want(200, "auditor", "GET", "/export", "")
	if strings.Contains(plain.text, "mover@shop") {
		t.Error("users are exported without being asked for")
	}
	whole := r.want(200, "auditor", "GET", "/export?users=true", "")
	hcl, _ := whole.at("hcl").(string)
	for _, want := range []string{`user "mover@shop" {`, `rights      = ["echo.*"]`, `"10.0.0.0/8"`, "burst      = 9", `note        = "moves"`} {
		if !strings.Contains(hcl, want) {
			t.Errorf("no %s in\n%s", want, hcl)
		}
	}
	if strings.Contains(hcl, "brief") || strings.Contains(hcl, "password_hash") || strings.Contains(hcl, "argon2") {
		t.Errorf("too much is exported:\n%s", hcl)
	}
	r.want(422, "auditor", "GET", "/export?users=maybe", "")
	same := r.want(200, "administrator", "POST", "/import/plan", body(t, "hcl", hcl))
	if fmt.Sprint(same.at("differences")) != "[]" || fmt.Sprint(same.at("violations")) != "[]" {
		t.Errorf("the same document: %s", same.text)
	}

	// A changed one and a new one, looked at first.
	text := "user \"mover@shop\" {\n rights = [\"echo.echo\"]\n}\nuser \"fresh\" {\n role = \"manager\"\n note = \"new\"\n}\n"
	r.want(403, "manager", "POST", "/import/plan", body(t, "hcl", text))
	plan := r.want(200, "administrator", "POST", "/import/plan", body(t, "hcl", text))
	if len(plan.at("differences").([]any)) != 2 || !strings.Contains(plan.text, "/user/mover@shop/rights") || !strings.Contains(plan.text, `"/user/fresh"`) {
		t.Fatalf("%s", plan.text)
	}
	r.want(404, "auditor", "GET", "/users/fresh", "")
	r.want(200, "administrator", "POST", "/import", body(t, "hcl", text), "If-Match", whole.header.Get("ETag"))
	if a := r.want(200, "auditor", "GET", "/users/mover@shop", ""); a.at("rights", 0) != "echo.echo" || a.at("note") != "moves" || a.at("limits", "all", "burst") != 9.0 {
		t.Errorf("%s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/users/fresh", ""); a.at("role") != "manager" || a.at("status") != 10.0 {
		t.Errorf("%s", a.text)
	}
	row := answer{json: r.want(200, "auditor", "GET", "/changes?limit=1", "").at("rows", 0)}
	if row.at("action") != "user.update" || row.at("object") != "mover@shop" || row.at("undoable") != true {
		t.Errorf("%v", row.json)
	}

	// What cannot be is said with its place, and nothing of the document is applied.
	for text, want := range map[string]string{
		`user "mover@shop" { rights = ["a b"] }`:       "/user/mover@shop/rights",
		`user "mover@shop" { allowed_ips = ["here"] }`: "/user/mover@shop/allowed_ips/0",
		`user "x y" {}`:                       "/user/x y/login",
		`user "other" { role = "king" }`:      "/user/other/role",
		`user "brief" {}`:                     "deleted",
		`user "admin" { status = "blocked" }`: "user.self",
		"module \"echo\" {\n enabled = false\n}\nuser \"a b\" {}\n":    "/user/a b/login",
		`user "mover@shop" { limits = { all = { per_second = -1 } } }`: "/user/mover@shop/limits",
	} {
		if a := r.want(422, "administrator", "POST", "/import", body(t, "hcl", text), "If-Match", "*"); !strings.Contains(a.text, want) {
			t.Errorf("%s: %s", text, a.text)
		}
	}
	if a := r.want(200, "auditor", "GET", "/modules/echo", ""); a.at("on") != true {
		t.Error("a refused document switched a module off")
	}
	r.want(422, "administrator", "PUT", "/modules/echo/document", body(t, "hcl", "module \"echo\" {}\nuser \"u\" {}\n"), "If-Match", "*")
}

// violationsScenario: what is wrong comes with a code and a value, for other languages.
func violationsScenario(t *testing.T, r *rig) {
	etag := r.want(200, "auditor", "GET", "/modules/echo/settings", "").header.Get("ETag")
	for text, want := range map[string][3]string{
		`{"values":{"retries":9}}`:                {"/values/retries", "maximum", "5"},
		`{"values":{"retries":"many"}}`:           {"/values/retries", "type", "integer"},
		`{"values":{"none":1}}`:                   {"/values/none", "additionalProperties", ""},
		`{"values":{"region":"kz","password":1}}`: {"/values/region", "locked", ""},
		`{"value":{}}`:                            {"/value", "additionalProperties", ""},
		`{}`:                                      {"/values", "required", ""},
	} {
		a := r.call("manager", "PUT", "/modules/echo/settings", text, "If-Match", etag)
		found := false
		for _, v := range a.at("violations").([]any) {
			one := answer{json: v}
			code, _ := one.at("code").(string)
			value, _ := one.at("want").(string)
			found = found || one.at("pointer") == want[0] && code == want[1] && value == want[2]
		}
		if a.status < 409 || !found {
			t.Errorf("%s: %d %s, want %q", text, a.status, a.text, want)
		}
	}
	// A burst is the panel's to decide, too.
	limit := func(status int, text string) answer {
		t.Helper()
		return r.want(status, "manager", "PUT", "/modules/echo/actions/echo", body(t, "limit", text))
	}
	for _, text := range []string{"10/m burst 40", "off", "3/s", ""} {
		if a := limit(200, text); !strings.Contains(a.text, `"limit":"`+text+`"`) {
			t.Errorf("%q: %s", text, a.text)
		}
	}
	for _, text := range []string{"10/m burst", "0/s", "5/d", "burst 3"} {
		if a := limit(422, text); a.at("violations", 0, "code") != "rate" {
			t.Errorf("%q: %s", text, a.text)
		}
	}
}
