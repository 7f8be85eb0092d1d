package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestTogglingUnderLoad switches modules, actions, providers and settings while
// requests are coming in. Nobody may see anything but 200 and, for what is off,
// 405; and no connection may break.
func TestTogglingUnderLoad(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules+kannel+statistics)
	toggled := []struct {
		path, body string
		off        string // the route of the administration API, "" for what stays on
	}{
		{"/contact/tiers", ``, "/modules/contact/actions/tiers"},
		{"/onlinestat/all", ``, "/modules/onlinestat/enabled"},
		{"/contact/queues", ``, ""},
		{"/sms/send", `{"phone":"89190000000","message":"под нагрузкой"}`, ""},
	}
	type count struct{ good, denied atomic.Int64 }
	counts := make([]count, len(toggled))
	stop := make(chan struct{})
	var running sync.WaitGroup
	for i, target := range toggled {
		for range 2 {
			running.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					switch a, err := w.send("POST", target.path, target.body, "Authorization", "Bearer "+w.token); {
					case err != nil:
						t.Errorf("%s: the connection broke: %v", target.path, err)
						return
					case a.status == 200:
						counts[i].good.Add(1)
					case a.status == 405 && target.off != "" && a.body == `{"error":"Access denied!"}`:
						counts[i].denied.Add(1)
					default:
						t.Errorf("%s: %d %s", target.path, a.status, a.body)
						return
					}
				}
			})
		}
	}
	for round := range 10 {
		for i, target := range toggled {
			if target.off == "" {
				continue
			}
			for _, state := range []string{"false", "true"} {
				w.admin(t, "PUT", target.off, `{"enabled":`+state+`}`)
				// The change is in force when the answer is there.
				want := map[string]int{"false": 405, "true": 200}[state]
				if a := w.post(t, target.path, target.body); a.status != want {
					t.Errorf("round %d, %s after %s: %d %s", round, target.path, state, a.status, a.body)
				}
				before := counts[i].good.Load() + counts[i].denied.Load()
				eventually(t, "the load to see the change", func() bool { return counts[i].good.Load()+counts[i].denied.Load() > before+2 })
			}
		}
		// New settings mean a new instance; the old one ends when its requests have.
		change(t, w, "/modules/sms", "project_id", strings.Repeat("x", round+1))
		change(t, w, "/providers/kannel", "originator", fmt.Sprintf("A%d", round))
	}
	close(stop)
	running.Wait()
	for i, target := range toggled {
		if counts[i].good.Load() == 0 || target.off != "" && counts[i].denied.Load() == 0 {
			t.Errorf("%s: %d good and %d denied", target.path, counts[i].good.Load(), counts[i].denied.Load())
		}
	}
	projects := map[string]bool{}
	for _, r := range decode[report](t, w.post(t, "/report/sms", period(t))).Data {
		projects[r["project_id"]] = true
		if r["result"] != "OK" {
			t.Errorf("an SMS under load: %v", r)
		}
	}
	if len(projects) < 2 {
		t.Errorf("the new settings were never in force: %v", projects)
	}
}

// change sets one setting of a module or a provider; what the file sets stays.
func change(t *testing.T, w *world, object, name string, value any) {
	t.Helper()
	settings := w.admin(t, "GET", object+"/settings", "")
	now := decode[struct {
		Values map[string]any
		Locked []string
	}](t, settings)
	for _, locked := range now.Locked {
		delete(now.Values, strings.TrimPrefix(locked, "settings."))
	}
	now.Values[name] = value
	raw, err := json.Marshal(map[string]any{"values": now.Values})
	if err != nil {
		t.Fatal(err)
	}
	w.admin(t, "PUT", object+"/settings", string(raw), "If-Match", settings.header.Get("ETag"))
}

// TestNewProviderAtRunTime adds a report source, and with it an action.
func TestNewProviderAtRunTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+modules+crm)
	request := `{"start_date":"2022-11-10","stop_date":"2022-11-11"}`
	expect(t, "before", w.post(t, "/report/second", request), 405, `{"error":"Access denied!"}`)
	provider := func(name string) string {
		raw, err := json.Marshal(map[string]any{
			"name": name, "plugin": "report-http", "hosts": []string{w.sandbox.http}, "private": true, "granted": []string{"http"},
			"settings": map[string]any{
				"url":  "http://" + w.sandbox.http + "/crm/reports/demo?from={start_day}&to={stop_day}",
				"auth": "login", "login": "crm", "password": "crm-secret", "login_url": "http://" + w.sandbox.http + "/crm/login",
				"login_body_kind": "json", "login_body": `{"login":"{settings.login}","password":"{settings.password}"}`,
				"rows_path": "rows", "columns": []map[string]string{{"from": "date", "to": "День"}, {"from": "calls_total", "to": "Вызовы"}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	if a := w.admin(t, "POST", "/providers", provider("second")); a.status != 201 || strings.Contains(a.body, "crm-secret") {
		t.Errorf("create: %d %s", a.status, a.body)
	}
	const rows = `[{"День":"2022-11-10","Вызовы":"1"},{"День":"2022-11-10","Вызовы":"10"},{"День":"2022-11-10","Вызовы":"11"},{"День":"ИТОГ","Вызовы":"11"}]`
	expect(t, "the new report", w.post(t, "/report/second", request), 200, rows)
	expect(t, "the old report", w.post(t, "/report/demoReport", request), 200, golden(t, "demoReport"))
	csv := w.post(t, "/report/second", `{"start_date":"2022-11-10","stop_date":"2022-11-11","format":"csv"}`)
	if csv.status != 200 || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") || !strings.Contains(csv.body, "Вызовы") {
		t.Errorf("CSV: %d %s %s", csv.status, csv.header.Get("Content-Type"), csv.body)
	}
	if a := w.do(t, "GET", "/openapi.json", ""); !strings.Contains(a.body, "/report/second") {
		t.Error("the new report is not in /openapi.json")
	}
	for _, name := range []string{"second", "sms", "users", "../x", ""} {
		a := w.do(t, "POST", adminAPI+"/providers", provider(name), "Authorization", "Bearer "+w.adminToken, "Content-Type", "application/json")
		if a.status < 400 || a.status >= 500 {
			t.Errorf("a provider with the name %q: %d %s", name, a.status, a.body)
		}
	}
	expect(t, "after the refused ones", w.post(t, "/report/second", request), 200, rows)

	// It is there after a restart, and gone when it is deleted.
	if err := w.process.stop(); err != nil {
		t.Fatal(err)
	}
	w.startGateway(w.dir, w.listen)
	expect(t, "after a restart", w.post(t, "/report/second", request), 200, rows)
	w.admin(t, "DELETE", "/providers/second", "")
	expect(t, "deleted", w.post(t, "/report/second", request), 405, `{"error":"Access denied!"}`)
	expect(t, "the other one", w.post(t, "/report/demoReport", request), 200, golden(t, "demoReport"))
}
