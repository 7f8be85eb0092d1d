package app_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

func abilitiesScenario(t *testing.T, r *rig) {
	r.want(201, "administrator", "POST", "/users", `{"login":"narrow","rights":["echo.fetch"],"password":"narrow-pass"}`)
	a := r.want(200, "auditor", "GET", "/users/narrow/actions", "")
	got := map[string]answer{}
	for _, x := range a.at("actions").([]any) {
		row := answer{json: x}
		got[row.at("right").(string)] = row
	}
	if echo := got["echo.echo"]; echo.at("allowed") != false || echo.at("safe") != true {
		t.Errorf("%s", a.text)
	}
	if fetch := got["echo.fetch"]; fetch.at("allowed") != true || fetch.at("works") != true || !strings.Contains(fmt.Sprint(fetch.at("curl")), "/echo/fetch") ||
		!strings.Contains(fmt.Sprint(fetch.at("curl")), "$TOKEN") {
		t.Errorf("%s", a.text)
	}
	r.want(200, "manager", "PUT", "/modules/echo/actions/fetch", `{"enabled":false}`)
	if a := r.want(200, "auditor", "GET", "/users/narrow/actions", ""); !strings.Contains(a.text, "action is switched off") {
		t.Errorf("%s", a.text)
	}
	r.want(200, "manager", "PUT", "/modules/echo/actions/fetch", `{"enabled":true}`)
	r.want(404, "auditor", "GET", "/users/nobody/actions", "")
	p := r.want(200, "auditor", "GET", "/rights/presets", "")
	if p.at("presets", 0, "rights", 0) != "*" || p.at("presets", 1, "id") != "read" || !strings.Contains(p.text, `"module.echo"`) {
		t.Errorf("presets: %s", p.text)
	}
}

// revealScenario runs on a journal that keeps shortened numbers; what it would show
// of whole ones is tested in package admin.
func revealScenario(t *testing.T, r *rig) {
	list := r.want(200, "auditor", "GET", "/journal/sms?limit=1", "")
	row := answer{json: list.at("rows", 0)}
	path := "/journal/sms/" + row.at("id").(string) + "/reveal"
	a := r.want(200, "manager", "POST", path, body(t, "time", row.at("time")))
	if a.at("kind") != "sms" || a.at("row", "id") != row.at("id") {
		t.Errorf("%s", a.text)
	}
	r.audited("journal.reveal", "sms "+row.at("id").(string), "manager", a)
	r.want(404, "manager", "POST", "/journal/calls/"+row.at("id").(string)+"/reveal", body(t, "time", row.at("time")))
	r.want(404, "manager", "POST", "/journal/none/1/reveal", body(t, "time", row.at("time")))
	r.want(404, "manager", "POST", path, body(t, "time", "2026-01-01T00:00:00Z"))
	r.want(403, "auditor", "POST", path, body(t, "time", row.at("time")))
}

func exportsScenario(t *testing.T, r *rig) {
	for _, bad := range []string{`{"kind":"none","format":"csv"}`, `{"kind":"sms","format":"pdf"}`, `{"kind":"sms","format":"csv","from":"yesterday"}`,
		`{"kind":"sms","format":"csv","tz":"Moon"}`, `{"kind":"sms","format":"csv","module":"sms"}`} {
		r.want(422, "auditor", "POST", "/exports", bad)
	}
	for _, format := range []string{"csv", "xlsx"} {
		begun := r.want(202, "auditor", "POST", "/exports", body(t, "kind", "requests", "format", format, "tz", "Asia/Almaty"))
		r.audited("journal.export", "requests", "auditor", begun)
		id := begun.at("id").(string)
		var now answer
		for end := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
			if now = r.want(200, "auditor", "GET", "/exports/"+id, ""); now.at("state") != "running" {
				break
			}
			if time.Now().After(end) {
				t.Fatalf("%s", now.text)
			}
		}
		if now.at("state") != "done" || now.at("progress") != 1.0 || now.at("rows") == 0.0 {
			t.Fatalf("%s", now.text)
		}
		q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.base+admin.Prefix+"/exports/"+id+"/file", nil)
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+r.tokens["auditor"])
		p, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(p.Body)
		_ = p.Body.Close()
		if err != nil || p.StatusCode != 200 || float64(len(text)) != now.at("bytes") || !strings.Contains(p.Header.Get("Content-Disposition"), "."+format) {
			t.Errorf("%d, %d bytes, %v, %v", p.StatusCode, len(text), p.Header, err)
		}
		if format == "csv" && (strings.Count(string(text), "\n") != int(now.at("rows").(float64))+1 || !strings.Contains(string(text), "echo,fetch")) {
			t.Errorf("%.500s", text)
		}
		if format == "xlsx" && !strings.HasPrefix(string(text), "PK") {
			t.Errorf("%.20q", text)
		}
		// Nobody reaches the exports of others but administrators.
		r.want(404, "manager", "GET", "/exports/"+id, "")
		r.want(200, "administrator", "GET", "/exports/"+id, "")
		r.want(204, "auditor", "DELETE", "/exports/"+id, "")
		r.want(404, "auditor", "GET", "/exports/"+id+"/file", "")
	}
	if a := r.want(200, "auditor", "GET", "/exports", ""); len(a.at("exports").([]any)) != 0 {
		t.Errorf("%s", a.text)
	}
}
