package app_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// body writes a request as JSON.
func body(t *testing.T, pairs ...any) string {
	t.Helper()
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func documentsScenario(t *testing.T, r *rig) {
	d := r.want(200, "auditor", "GET", "/modules/echo/document", "")
	hcl, _ := d.at("hcl").(string)
	if !strings.Contains(hcl, `module "echo" {`) || !strings.Contains(hcl, `region = "ru"`) || !strings.Contains(hcl, `limit   = "5/m burst 9"`) ||
		d.at("json", "module", "echo", "enabled") != true {
		t.Fatalf("document: %s", d.text)
	}
	r.want(404, "auditor", "GET", "/modules/none/document", "")

	// What was shown may be sent back: it changes nothing, in either form.
	etag := d.header.Get("ETag")
	r.want(428, "manager", "PUT", "/modules/echo/document", body(t, "hcl", hcl))
	for _, same := range []string{body(t, "hcl", hcl), body(t, "json", d.at("json"))} {
		if a := r.want(200, "manager", "PUT", "/modules/echo/document", same, "If-Match", etag); len(a.at("differences").([]any)) != 0 || len(a.at("violations").([]any)) != 0 {
			t.Errorf("the same document: %s", a.text)
		}
	}

	// Mistakes, each with its place.
	for text, want := range map[string]string{
		body(t, "hcl", hcl, "json", d.at("json")): "either",
		`{}`:                                "either",
		body(t, "hcl", `module "echo" {`):   "document:1:",
		body(t, "hcl", `module "spare" {}`): "nothing else",
		body(t, "hcl", hcl+"\nprovider \"p\" {\n}\n"):                                                          "nothing else",
		body(t, "hcl", "gateway {\n listen = \"0.0.0.0:1\"\n}\n"):                                              "does not belong",
		body(t, "hcl", "module \"echo\" {\n settings = { address = env(\"HOME\") }\n}\n"):                      "HOME",
		body(t, "json", map[string]any{"module": map[string]any{"echo": map[string]any{"colour": "red"}}}):     "colour",
		body(t, "json", map[string]any{"module": map[string]any{"echo": map[string]any{"enabled": "please"}}}): "enabled",
	} {
		if a := r.call("manager", "POST", "/modules/echo/document/plan", text); a.status != 422 || !strings.Contains(a.text, want) {
			t.Errorf("%s: %d %s, want %s", text, a.status, a.text, want)
		}
	}
	bad := "module \"echo\" {\n enabled = false\n settings = {\n region = \"kz\"\n retries = 9\n}\n action \"none\" {\n enabled = false\n}\n action \"fetch\" {\n limit = \"1/s\"\n}\n}\n"
	plan := r.want(200, "manager", "POST", "/modules/echo/document/plan", body(t, "hcl", bad))
	for _, at := range []string{"/module/echo/settings/region", "/module/echo/action/none", "/module/echo/action/fetch/limit", "gateway.hcl:"} {
		if !strings.Contains(fmt.Sprint(plan.at("violations")), at) {
			t.Errorf("the plan lacks %s: %s", at, plan.text)
		}
	}
	r.want(422, "manager", "PUT", "/modules/echo/document", body(t, "hcl", bad), "If-Match", etag)
	if a := r.want(200, "auditor", "GET", "/modules/echo", ""); a.at("on") != true {
		t.Errorf("a refused document switched the module off: %s", a.text)
	}

	// A good one: planned, applied, audited, and a second writer is late.
	good := "module \"echo\" {\n settings = {\n retries = 4\n password = \"" + panelSecret + "\"\n}\n action \"echo\" {\n limit = \"100/s\"\n}\n}\n"
	plan = r.want(200, "auditor", "POST", "/modules/echo/document/plan", body(t, "hcl", good))
	if len(plan.at("violations").([]any)) != 0 || !strings.Contains(fmt.Sprint(plan.at("differences")), "/module/echo/settings/retries") {
		t.Errorf("plan: %s", plan.text)
	}
	r.seen.Reset() // a plan answers with the document that was sent
	done := r.call("manager", "PUT", "/modules/echo/document", body(t, "hcl", good), "If-Match", etag)
	r.seen.Reset()
	if done.status != 200 {
		t.Fatalf("%d %s", done.status, done.text)
	}
	if row := r.audited("module.document", "echo", "manager", done); strings.Contains(row.text, panelSecret) || !strings.Contains(fmt.Sprint(row.at("after")), "retries:4") {
		t.Errorf("audit: %s", row.text)
	}
	r.want(412, "manager", "PUT", "/modules/echo/document", body(t, "hcl", hcl), "If-Match", etag)
	now := r.want(200, "auditor", "GET", "/modules/echo/document", "")
	if text, _ := now.at("hcl").(string); strings.Contains(text, panelSecret) || !strings.Contains(text, "set = true") || !strings.Contains(text, "100/s") {
		t.Errorf("afterwards: %s", now.text)
	}
	// The secret stays when its placeholder comes back, and a new one is a difference.
	again := strings.Replace(now.at("hcl").(string), "retries = 4", "retries = 3", 1)
	a := r.want(200, "manager", "PUT", "/modules/echo/document", body(t, "hcl", again), "If-Match", now.header.Get("ETag"))
	if len(a.at("differences").([]any)) != 1 || a.at("differences", 0, "path") != "/module/echo/settings/retries" {
		t.Errorf("differences: %s", a.text)
	}
	swap := "module \"echo\" {\n settings = {\n retries = 3\n password = \"" + newSecret + "\"\n}\n}\n"
	a = r.call("manager", "POST", "/modules/echo/document/plan", body(t, "hcl", swap))
	r.seen.Reset()
	if a.at("differences", 0, "path") != "/module/echo/settings/password" || a.at("differences", 0, "after", "replaced") != true {
		t.Errorf("a new secret: %s", a.text)
	}

	// Everything at once: a provider is made, another one goes with prune.
	whole := "provider \"imported\" {\n plugin = \"relay\"\n enabled = false\n settings = {\n url = \"http://relay.example/\"\n password = \"x-secret-x\"\n}\n grant {\n capabilities = [\"http\"]\n}\n}\n"
	if a := r.want(200, "manager", "POST", "/import/plan", body(t, "hcl", whole)); !strings.Contains(fmt.Sprint(a.at("differences")), "/provider/imported") {
		t.Errorf("plan: %s", a.text)
	}
	a = r.want(200, "administrator", "POST", "/import", body(t, "hcl", whole), "If-Match", "*")
	r.audited("gateway.import", "gateway", "admin", a)
	if a := r.want(200, "auditor", "GET", "/providers/imported/document", ""); a.at("json", "provider", "imported", "plugin") != "relay" ||
		a.at("json", "provider", "imported", "enabled") != false || a.at("json", "provider", "imported", "grant", "http", "hosts", 0) != "relay.example" {
		t.Errorf("imported: %s", a.text)
	}
	export := r.want(200, "auditor", "GET", "/export", "")
	if a := r.want(200, "administrator", "POST", "/import", body(t, "json", export.at("json"), "prune", true), "If-Match", "*"); len(a.at("differences").([]any)) != 0 {
		t.Errorf("an export imported again: %s", a.text)
	}
	if a := r.want(200, "administrator", "POST", "/import", body(t, "hcl", hcl, "prune", true), "If-Match", "*"); !strings.Contains(fmt.Sprint(a.at("differences")), "/provider/imported") {
		t.Errorf("pruned: %s", a.text)
	}
	r.want(404, "auditor", "GET", "/providers/imported", "")
	// Without consent nothing runs.
	if a := r.call("administrator", "POST", "/import", body(t, "hcl", "provider \"x\" {\n plugin = \"relay\"\n}\n"), "If-Match", "*"); a.status != 422 || !strings.Contains(a.text, "/provider/x") {
		t.Errorf("without a grant: %d %s", a.status, a.text)
	}
}

// undoScenario takes single changes back.
func undoScenario(t *testing.T, r *rig) {
	newest := func() answer {
		a := r.want(200, "auditor", "GET", "/changes?limit=1", "")
		return answer{json: a.at("rows", 0), text: a.text}
	}
	restore := func(status int, user string, row answer) answer {
		return r.want(status, user, "POST", "/changes/"+row.at("id").(string)+"/restore", body(t, "time", row.at("time")))
	}
	etag := r.want(200, "auditor", "GET", "/modules/echo/settings", "").header.Get("ETag")
	r.want(200, "manager", "PUT", "/modules/echo/settings", `{"values":{"region":"ru","retries":1,"password":"`+newSecret+`"}}`, "If-Match", etag)
	settings := newest()
	if settings.at("action") != "module.settings" || settings.at("undoable") != true {
		t.Fatalf("%s", settings.text)
	}
	r.want(200, "manager", "PUT", "/modules/echo/enabled", `{"enabled":false}`)
	off := newest()
	// The module was changed again: the older change cannot go alone.
	if a := restore(409, "manager", settings); !strings.Contains(a.text, "changed again") {
		t.Errorf("%s", a.text)
	}
	done := restore(200, "manager", off)
	if row := r.audited("change.restore", "echo", "manager", done); row.at("after", "action") != "module.disable" {
		t.Errorf("audit: %s", row.text)
	}
	if a := r.want(200, "auditor", "GET", "/modules/echo", ""); a.at("on") != true {
		t.Errorf("not on again: %s", a.text)
	}
	// Taking a change back is a change that can be taken back.
	if again := newest(); again.at("action") != "change.restore" || again.at("undoable") != true {
		t.Errorf("%s", again.text)
	}
	if a := restore(200, "manager", settings); strings.Contains(a.text, newSecret) {
		t.Errorf("a secret is answered: %s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/modules/echo/settings", ""); a.at("values", "retries") == 1.0 {
		t.Errorf("settings: %s", a.text)
	}

	// A provider that was removed comes back with its secrets.
	r.want(201, "manager", "POST", "/providers", `{"name":"gone","plugin":"relay","settings":{"url":"http://relay.example/","password":"`+panelSecret+`"},"granted":["http"]}`)
	r.want(204, "manager", "DELETE", "/providers/gone", "")
	restore(200, "manager", newest())
	if a := r.want(200, "auditor", "GET", "/providers/gone/settings", ""); a.at("values", "password", "set") != true {
		t.Errorf("the removed provider: %s", a.text)
	}

	// Users are administrators' business.
	r.want(201, "administrator", "POST", "/users", `{"login":"worker","rights":["echo.echo"],"password":"worker-pass"}`)
	if row := newest(); row.at("undoable") != true {
		t.Errorf("%s", row.text)
	}
	r.want(200, "administrator", "PATCH", "/users/worker", `{"rights":["*"],"note":"too much"}`, "If-Match", `"1"`)
	change := newest()
	restore(403, "manager", change)
	restore(200, "administrator", change)
	if a := r.want(200, "auditor", "GET", "/users/worker", ""); a.at("rights", 0) != "echo.echo" || a.at("note") != "" {
		t.Errorf("user: %s", a.text)
	}
	restore(409, "administrator", change)
	r.want(404, "administrator", "POST", "/changes/999999/restore", body(t, "time", change.at("time")))
	r.want(422, "administrator", "POST", "/changes/1/restore", `{"time":"yesterday"}`)
	r.want(404, "administrator", "POST", "/changes/x/restore", body(t, "time", change.at("time")))
}
