package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	hookSecret = "https://alarms.example/hook/8e21-secret"
	// nobody listens there.
	deaf = "127.0.0.1:1"
)

// revealed puts values where a document only says that there is a secret, but for what
// the file of both gateways holds.
func revealed(hcl string) string {
	secret := regexp.MustCompile(`(\w+)(\s*)= \{\s*set = true\s*\}`)
	inFile := regexp.MustCompile(`(?ms)^provider "fixed" \{.*?^\}$`)
	kept := inFile.FindString(hcl)
	out := secret.ReplaceAllStringFunc(hcl, func(found string) string {
		name := secret.FindStringSubmatch(found)[1]
		if name == "webhook" {
			return name + ` = "` + hookSecret + `"`
		}
		return name + ` = "` + panelSecret + `"`
	})
	return strings.Replace(out, inFile.FindString(out), kept, 1)
}

// decide makes decisions about everything that travels.
func decide(t *testing.T, r *rig) {
	t.Helper()
	put := func(path string, values map[string]any) {
		t.Helper()
		r.want(200, "administrator", "PUT", path, body(t, "values", values), "If-Match", "*")
	}
	r.want(201, "manager", "POST", "/nodes", body(t, "name", "pbx", "settings", map[string]any{
		"address": deaf, "password": panelSecret, "weight": 1, "originate_timeout": 90, "domain": "pbx.example",
		"cdr_token": panelSecret, "recordings_url": "https://pbx.example/{uuid}.wav",
	}))
	r.want(201, "manager", "POST", "/nodes", body(t, "name", "spare", "settings", map[string]any{"address": deaf, "password": panelSecret, "account_pattern": "1[0-9]{2}", "weight": 0}))
	put("/guards/call/settings", map[string]any{
		"mode": "watch", "allow": []string{"+375"}, "deny": []string{}, "tariff": "+7 1.20\n+375 4", "user_spend": 50.5, "webhook": hookSecret,
		"users": []any{map[string]any{"user": "crm", "per_day": 10, "allow": []string{"+44"}}},
	})
	put("/guards/message/settings", map[string]any{"number_per_day": 3})
	put("/modules/echo/settings", map[string]any{"region": "ru", "retries": 2, "password": panelSecret})
}

// TestTheWholeConfigurationTravels: what one gateway exports, a fresh one takes and
// exports again, byte for byte. Secrets stay behind, and that is said.
func TestTheWholeConfigurationTravels(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles plugins")
	}
	from, to := newRig(t), newRig(t)
	for _, r := range []*rig{from, to} {
		r.users()
		r.warm()
	}
	decide(t, from)
	export := func(r *rig) string {
		t.Helper()
		text, _ := r.want(200, "auditor", "GET", "/export", "").at("hcl").(string)
		return text
	}
	hcl, fresh := export(from), export(to)
	for _, want := range []string{`freeswitch "pbx" {`, `originate_timeout = "90s"`, `source = "http"`, `freeswitch "spare" {`, `account_pattern   = "[0-9]{3,6}"`,
		`guard "call" {`, `deny       = []`, `guard "message" {`, "mode           = \"enforce\"\n  number_per_day = 3"} {
		if !strings.Contains(hcl, want) {
			t.Errorf("the export lacks %s", want)
		}
	}
	if t.Failed() {
		t.Fatal(hcl)
	}
	if a := from.want(200, "manager", "POST", "/import/plan", body(t, "hcl", hcl, "prune", true)); fmt.Sprint(a.at("differences"), a.at("violations")) != "[] []" {
		t.Errorf("an export differs from what it shows: %s", a.text)
	}

	// The secrets are not in it: each is named with its place, and nothing happens.
	plan := to.want(200, "manager", "POST", "/import/plan", body(t, "hcl", hcl))
	var lost []string
	for _, v := range plan.at("violations").([]any) {
		one := answer{json: v}
		line := 0
		if n, _ := fmt.Sscanf(fmt.Sprint(one.at("place")), "document:%d:", &line); n != 1 || !strings.Contains(strings.Split(hcl, "\n")[line-1], "= {") {
			t.Errorf("the place of a secret: %v", v)
		}
		lost = append(lost, fmt.Sprint(one.at("code"), " ", one.at("pointer")))
	}
	if want := []string{
		"secret.lost /module/echo/settings/password", "secret.lost /freeswitch/pbx/password", "secret.lost /freeswitch/pbx/cdr/token",
		"secret.lost /freeswitch/spare/password", "secret.lost /guard/call/webhook",
	}; !slices.Equal(lost, want) {
		t.Errorf("lost secrets: %q, want %q", lost, want)
	}
	to.want(422, "administrator", "POST", "/import", body(t, "hcl", hcl), "If-Match", "*")
	if now := export(to); now != fresh {
		t.Errorf("a refused document changed something:\n%s", now)
	}

	// With them it is taken, previewed as it then happens, as one change.
	whole := revealed(hcl)
	preview := to.call("manager", "POST", "/import/plan", body(t, "hcl", whole))
	done := to.call("administrator", "POST", "/import", body(t, "hcl", whole), "If-Match", "*")
	to.seen.Reset() // both answer with the document that was sent
	if preview.status != 200 || done.status != 200 || fmt.Sprint(preview.at("differences")) != fmt.Sprint(done.at("differences")) {
		t.Fatalf("%d %s\n%d %s", preview.status, preview.text, done.status, done.text)
	}
	for _, path := range []string{"/freeswitch/pbx", "/freeswitch/spare", "/guard/call/mode", "/guard/call/webhook", "/guard/message/number_per_day"} {
		if !strings.Contains(fmt.Sprint(done.at("differences")), "path:"+path) {
			t.Errorf("the preview lacks %s", path)
		}
	}
	to.audited("gateway.import", "gateway", "admin", done)
	if now := export(to); now != hcl {
		t.Errorf("it arrived as\n%s\nwant\n%s", now, hcl)
	}
	if a := to.want(200, "auditor", "GET", "/guards", ""); a.at("guards", 0, "mode") != "watch" {
		t.Errorf("the rules are not in force: %s", a.text)
	}
	if a := to.want(200, "auditor", "GET", "/nodes", ""); a.at("nodes", 0, "name") != "pbx" || a.at("nodes", 0, "address") != deaf {
		t.Errorf("the nodes are not in force: %s", a.text)
	}
	json := from.want(200, "auditor", "GET", "/export", "").at("json")
	if a := to.want(200, "manager", "POST", "/import/plan", body(t, "json", json)); fmt.Sprint(a.at("differences"), a.at("violations")) != "[] []" {
		t.Errorf("the same as JSON: %s", a.text)
	}

	// A new secret is a difference although it looks like the old one.
	other := strings.Replace(hcl, "webhook = {\n    set = true\n  }", `webhook = "https://alarms.example/other"`, 1)
	a := to.call("manager", "POST", "/import/plan", body(t, "hcl", other))
	if a.at("differences", 0, "path") != "/guard/call/webhook" || a.at("differences", 0, "after", "replaced") != true {
		t.Errorf("a new secret: %s", a.text)
	}
	// A password goes only where it belongs.
	moved := strings.Replace(hcl, deaf, "127.0.0.1:2", 1)
	if a := to.want(200, "manager", "POST", "/import/plan", body(t, "hcl", moved)); a.at("violations", 0, "code") != "secret.lost" || a.at("violations", 0, "pointer") != "/freeswitch/pbx/password" {
		t.Errorf("another address: %s", a.text)
	}
	// What is left out stays, unless it is asked for.
	part := "freeswitch \"pbx\" {\n  address = \"" + deaf + "\"\n  account_pattern = \"2\"\n}\n"
	if a := to.want(200, "manager", "POST", "/import/plan", body(t, "hcl", part)); strings.Contains(a.text, "spare") || strings.Contains(a.text, "/guard") ||
		!strings.Contains(fmt.Sprint(a.at("differences")), "path:/freeswitch/pbx/account_pattern") {
		t.Errorf("a part: %s", a.text)
	}
	if a := to.want(200, "manager", "POST", "/import/plan", body(t, "hcl", part, "prune", true)); !strings.Contains(fmt.Sprint(a.at("differences")), "path:/freeswitch/spare") {
		t.Errorf("pruned: %s", a.text)
	}

	// The import is taken back as one change, and the removal of secrets with it.
	row := answer{json: to.want(200, "auditor", "GET", "/changes?limit=1", "").at("rows", 0)}
	to.want(200, "manager", "POST", "/changes/"+row.at("id").(string)+"/restore", body(t, "time", row.at("time")))
	if now := export(to); now != fresh {
		t.Errorf("taken back:\n%s\nwant\n%s", now, fresh)
	}
	for _, r := range []*rig{from, to} {
		for _, secret := range []string{fileSecret, panelSecret, hookSecret, "8e21-secret"} {
			if strings.Contains(r.seen.String(), secret) {
				t.Errorf("the secret %s was answered", secret)
			}
		}
	}
}

// TestWhatTheFileSetsIsLockedInDocuments: shown as it is, refused when it differs.
func TestWhatTheFileSetsIsLockedInDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles plugins")
	}
	r := newRig(t, `
freeswitch "edge" {
  address  = "`+deaf+`"
  password = "`+fileSecret+`"
  weight   = 1
  accounts = ["1001", "10.2"]
  dial     = "user/{account} {called} XML inner"
  cdr {
    token = "`+fileSecret+`"
    allow = ["10.0.0.0/8"]
  }
}
guard "call" {
  mode    = "watch"
  webhook = "https://alarms.example/`+fileSecret+`"
}
`)
	r.users()
	r.warm()
	hcl, _ := r.want(200, "auditor", "GET", "/export", "").at("hcl").(string)
	for _, want := range []string{`accounts = ["1001", "10.2"]`, `dial     = "user/{account} {called} XML inner"`, "weight = 1", `allow = ["10.0.0.0/8"]`} {
		if !strings.Contains(hcl, want) {
			t.Errorf("the export lacks %s:\n%s", want, hcl)
		}
	}
	if a := r.want(200, "administrator", "POST", "/import", body(t, "hcl", hcl), "If-Match", "*"); fmt.Sprint(a.at("differences"), a.at("violations")) != "[] []" {
		t.Errorf("the same: %s", a.text)
	}
	bad := `freeswitch "edge" {
  accounts = ["1001"]
  weight   = 2
  cdr {
    token = "another-one"
  }
}
guard "call" {
  mode         = "off"
  user_per_day = 7
}
guard "message" {
  refuse = ["mobile"]
  users  = [{ colour = "red" }]
}
freeswitch "new" {
  address         = "h:1"
  dial            = "system {account} {called}"
  account_pattern = "1"
  recordings {
    source = "file"
    path   = "/etc/{uuid}"
  }
}
`
	plan := r.call("manager", "POST", "/import/plan", body(t, "hcl", bad))
	var got []string
	for _, v := range plan.at("violations").([]any) {
		one := answer{json: v}
		at, _ := one.at("at").(string)
		got = append(got, fmt.Sprint(one.at("place"), " ", one.at("pointer"), " ", one.at("code"), " ", at != "" && strings.Contains(at, "gateway.hcl:")))
	}
	want := []string{
		"document:2:3 /freeswitch/edge/accounts locked true",
		"document:3:3 /freeswitch/edge/weight locked true",
		"document:5:5 /freeswitch/edge/cdr/token locked true",
		"document:9:3 /guard/call/mode locked true",
		"document:14:13 /guard/message/users/0/user required false",
		"document:14:15 /guard/message/users/0/colour additionalProperties false",
		"document:16:1 /freeswitch/new/password required false",
		"document:18:3 /freeswitch/new/dial file.only false",
		"document:21:5 /freeswitch/new/recordings/source file.only false",
		"document:22:5 /freeswitch/new/recordings/path file.only false",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s\nwant\n%s\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), plan.text)
	}
	r.want(422, "administrator", "POST", "/import", body(t, "hcl", bad), "If-Match", "*")
	if now, _ := r.want(200, "auditor", "GET", "/export", "").at("hcl").(string); now != hcl {
		t.Errorf("a refused document changed something:\n%s", now)
	}
	// A file's node is in nobody's way.
	if a := r.want(200, "administrator", "POST", "/import", body(t, "hcl", "guard \"call\" {\n  user_per_day = 7\n}\n", "prune", true), "If-Match", "*"); a.at("differences", 0, "path") != "/guard/call/user_per_day" || a.at("differences", 1) != nil {
		t.Errorf("a part: %s", a.text)
	}

	// The page of a file's node shows what the file sets, and where; no defaults.
	page := r.want(200, "auditor", "GET", "/nodes/edge/settings", "")
	if page.at("values", "weight") != 1.0 || page.at("values", "connections") != nil || page.at("values", "account_pattern") != `1001|10\.2` ||
		page.at("values", "cdr_token", "set") != true || len(page.at("locked").([]any)) != 10 {
		t.Errorf("%s", page.text)
	}
	lines := map[string]string{}
	for _, name := range []string{"weight", "connections", "cdr_token"} {
		place, _ := page.at("locked_at", name).(string)
		lines[name] = place[strings.Index(place, "gateway.hcl"):]
	}
	if lines["weight"] == lines["connections"] || lines["cdr_token"] == lines["connections"] {
		t.Errorf("places: %v", lines)
	}
	if strings.Contains(r.seen.String(), fileSecret) {
		t.Error("a secret of the file was answered")
	}
}

// TestNodeAndGuardChangesAreTakenBack: one at a time, secrets included, and never
// against gateway.hcl.
func TestNodeAndGuardChangesAreTakenBack(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles plugins")
	}
	r := newRig(t)
	r.users()
	r.warm()
	newest := func() answer {
		t.Helper()
		return answer{json: r.want(200, "auditor", "GET", "/changes?limit=1", "").at("rows", 0)}
	}
	restore := func(status int, change answer) answer {
		t.Helper()
		return r.want(status, "manager", "POST", "/changes/"+change.at("id").(string)+"/restore", body(t, "time", change.at("time")))
	}
	export := func() string {
		t.Helper()
		text, _ := r.want(200, "auditor", "GET", "/export", "").at("hcl").(string)
		return text
	}
	put := func(path string, values map[string]any) answer {
		t.Helper()
		r.want(200, "administrator", "PUT", path, body(t, "values", values), "If-Match", "*")
		return newest()
	}
	fresh := export()
	first := put("/guards/call/settings", map[string]any{"mode": "watch", "webhook": hookSecret})
	decided := export()
	second := put("/guards/call/settings", map[string]any{"mode": "off", "webhook": nil})
	if first.at("undoable") != true || second.at("undoable") != true || second.at("action") != "guard.settings" {
		t.Errorf("%v\n%v", first.json, second.json)
	}
	restore(409, first)
	if a := restore(200, second); a.at("after", "guard call", "webhook", "set") != true || a.at("after", "guard call", "mode") != "watch" {
		t.Errorf("%s", a.text)
	}
	if now := export(); now != decided {
		t.Errorf("taken back:\n%s\nwant\n%s", now, decided)
	}
	if a := r.want(200, "auditor", "GET", "/guards", ""); a.at("guards", 0, "mode") != "watch" {
		t.Errorf("not in force: %s", a.text)
	}
	restore(200, first)
	if now := export(); now != fresh {
		t.Errorf("taken back:\n%s\nwant\n%s", now, fresh)
	}

	node := map[string]any{"address": deaf, "password": panelSecret, "weight": 2}
	r.want(201, "manager", "POST", "/nodes", body(t, "name", "pbx", "settings", node))
	made, before := newest(), export()
	changed := put("/nodes/pbx/settings", map[string]any{"address": "127.0.0.1:2", "password": newSecret, "weight": 3})
	if a := restore(200, changed); a.at("after", "node pbx", "weight") != 2.0 || a.at("before", "node pbx", "password", "set") != true {
		t.Errorf("%s", a.text)
	}
	if now := export(); now != before {
		t.Errorf("taken back:\n%s\nwant\n%s", now, before)
	}
	restore(200, made)
	gone := newest()
	rules := put("/guards/call/settings", map[string]any{"mode": "watch"})

	// What gateway.hcl has taken over since comes back to nobody's surprise: not at all.
	put("/guards/call/settings", map[string]any{"mode": "enforce"})
	taken := newest()
	file := filepath.Join(r.folder, "gateway.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, "freeswitch \"pbx\" {\n  address = \""+deaf+"\"\n  accounts = [\"1\"]\n}\nguard \"call\" {\n  mode = \"enforce\"\n}\n"...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, change := range []answer{gone, taken} {
		if a := restore(409, change); !strings.Contains(a.text, "gateway.hcl:") {
			t.Errorf("%s", a.text)
		}
	}
	restore(409, rules)
	for _, secret := range []string{panelSecret, newSecret, hookSecret} {
		if strings.Contains(r.seen.String(), secret) {
			t.Errorf("the secret %s was answered", secret)
		}
	}
}
