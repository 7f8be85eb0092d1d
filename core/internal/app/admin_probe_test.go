package app_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// aggregator is an SMS aggregator that knows one key.
func aggregator(t *testing.T, key string) (address string, sent *[]string) {
	t.Helper()
	sent = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("key") != key {
			http.Error(w, "wrong key", http.StatusForbidden)
			return
		}
		if r.URL.Path == "/send" {
			*sent = append(*sent, r.URL.Query().Get("to"))
			_, _ = io.WriteString(w, "id-7 "+key)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL, sent
}

func probesScenario(t *testing.T, r *rig) {
	url, sent := aggregator(t, panelSecret)
	host := strings.TrimPrefix(url, "http://")
	test := func(status int, pairs ...any) answer {
		t.Helper()
		return r.want(status, "manager", "POST", "/providers/test", body(t, pairs...))
	}
	settings := map[string]any{"url": url, "password": panelSecret}

	// Before anything is saved.
	a := test(200, "plugin", "sender", "settings", settings, "hosts", []string{host}, "private", true)
	if a.at("ok") != true || a.at("checked") != "health" || !strings.Contains(fmt.Sprint(a.at("steps")), "GET http://"+host) {
		t.Errorf("a good one: %s", a.text)
	}
	if row := r.audited("provider.test", "", "manager", a); row.at("after", "ok") != true || row.at("after", "hosts", 0) != host {
		t.Errorf("audit: %s", row.text)
	}
	a = test(200, "plugin", "sender", "settings", map[string]any{"url": url, "password": "wrong-password"}, "hosts", []string{host}, "private", true)
	if a.at("ok") != false || a.at("error") == "" || strings.Contains(a.text, "wrong-password") || !strings.Contains(a.text, "403") {
		t.Errorf("a wrong password: %s", a.text)
	}
	// What was not granted is not reached, in a test either.
	for _, pairs := range [][]any{{"hosts", []string{host}}, {"hosts", []string{"other.example"}, "private", true}, {}} {
		if a := test(200, append([]any{"plugin", "sender", "settings", settings}, pairs...)...); a.at("ok") != false {
			t.Errorf("%v: %s", pairs, a.text)
		}
	}
	test(422, "plugin", "none", "settings", settings)
	test(422, "plugin", "echo", "settings", settings)
	if a := test(422, "plugin", "sender", "settings", map[string]any{"url": 1}); !strings.Contains(a.text, "/settings/url") || !strings.Contains(a.text, "/settings/password") {
		t.Errorf("settings: %s", a.text)
	}
	// A plugin that says nothing about its health is started.
	if a := test(200, "plugin", "relay", "settings", map[string]any{"url": url, "password": panelSecret}); a.at("ok") != true || a.at("checked") != "start" {
		t.Errorf("relay: %s", a.text)
	}

	// A saved one, without its secret and with another address.
	create := body(t, "name", "courier", "plugin", "sender", "settings", settings, "hosts", []string{host}, "private", true, "granted", []string{"http"})
	r.want(201, "manager", "POST", "/providers", create)
	if a := test(200, "name", "courier", "plugin", "sender", "settings", map[string]any{"url": url}); a.at("ok") != true {
		t.Errorf("the stored secret was not used: %s", a.text)
	}

	// One real message.
	send := func(status int, who, name, text string) answer {
		t.Helper()
		return r.want(status, who, "POST", "/providers/"+name+"/send-test", text)
	}
	a = send(200, "manager", "courier", `{"phone":"8 (919) 000-00-00","message":"hello","originator":"Shop"}`)
	if a.at("ok") != true || len(*sent) != 1 || (*sent)[0] != "+79190000000" && (*sent)[0] != " 79190000000" || !strings.Contains(a.text, "id-7") || strings.Contains(a.text, panelSecret) {
		t.Errorf("sent %q: %s", *sent, a.text)
	}
	if row := r.audited("provider.send_test", "courier", "manager", a); strings.Contains(row.text, "9190000000") {
		t.Errorf("audit: %s", row.text)
	}
	if a := r.want(200, "auditor", "GET", "/journal/sms?limit=1", ""); a.at("rows", 0, "provider") != "courier" || a.at("rows", 0, "result") != "OK" || a.at("rows", 0, "user") != "manager" {
		t.Errorf("journal: %s", a.text)
	}
	send(422, "manager", "courier", `{"phone":"12","message":"hello"}`)
	send(422, "manager", "courier", `{"phone":"+79190000000;rm","message":"hello"}`)
	send(409, "manager", "fixed", `{"phone":"+79190000000","message":"hello"}`) // off
	send(404, "manager", "none", `{"phone":"+79190000000","message":"hello"}`)
	send(429, "manager", "courier", `{"phone":"+79190000000","message":"hello"}`) // the sixth within a minute
	if len(*sent) != 1 {
		t.Errorf("%d messages were sent", len(*sent))
	}

	// FreeSWITCH: nobody there, and somebody who speaks something else.
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = gone.Close()
	for _, address := range []string{gone.Addr().String(), host} {
		if a := r.want(200, "manager", "POST", "/nodes/test", body(t, "address", address, "password", panelSecret)); a.at("ok") != false || a.at("error") == "" {
			t.Errorf("%s: %s", address, a.text)
		}
	}
	r.want(422, "manager", "POST", "/nodes/test", `{"address":"nowhere","password":"x"}`)
	r.want(404, "manager", "POST", "/nodes/test", `{"name":"none"}`)
}

func curlScenario(t *testing.T, r *rig) {
	a := r.want(200, "manager", "POST", "/tools/curl", body(t, "text", "curl 'https://sms.example/send?to=79190000000&text=hi&api_id=K'"))
	if a.at("plugin") != "sms-http" || a.at("settings", "api_key") != "K" || a.at("hosts", 0) != "sms.example" || len(a.at("notes").([]any)) != 0 {
		t.Errorf("%s", a.text)
	}
	if a := r.want(422, "manager", "POST", "/tools/curl", `{"text":"curl -d @/etc/passwd http://a.example"}`); a.at("violations", 0, "pointer") != "/text" {
		t.Errorf("%s", a.text)
	}
}

func tracesScenario(t *testing.T, r *rig) {
	fine := r.send("integrator", "POST", "/echo/echo", `{"text":"hi"}`)
	a := r.want(200, "auditor", "GET", "/traces/"+fine.header.Get("X-Request-Id"), "")
	if a.at("module") != "echo" || a.at("action") != "echo" || a.at("user") != "integrator" || a.at("status") != 200.0 ||
		a.at("steps", 0, "name") != "echo" || a.at("steps", 0, "kind") != "task" || strings.Contains(a.text, "hi") {
		t.Errorf("trace: %s", a.text)
	}
	refused := r.send("integrator", "POST", "/echo/fetch", `{"url":"http://other.example/secret-path"}`)
	a = r.want(200, "auditor", "GET", "/traces/"+refused.header.Get("X-Request-Id"), "")
	if a.at("status") != float64(refused.status) || a.at("steps", 1, "name") != "http_fetch" || a.at("steps", 1, "error") == "" || strings.Contains(a.text, "secret-path") {
		t.Errorf("trace of %d: %s", refused.status, a.text)
	}
	r.want(200, "auditor", "GET", "/traces", "")
	r.want(404, "auditor", "GET", "/traces/none", "")
}

// guardedTestScenario: a test message costs money, so the guard is asked: it refuses in
// words, its limits count, and what it refuses neither leaves nor is in the journal.
func guardedTestScenario(t *testing.T, r *rig) {
	url, sent := aggregator(t, panelSecret)
	host := strings.TrimPrefix(url, "http://")
	rules := func(values map[string]any) {
		t.Helper()
		r.want(200, "administrator", "PUT", "/guards/message/settings", body(t, "values", values), "If-Match", "*")
	}
	send := func(status int, phone string) answer {
		t.Helper()
		return r.want(status, "painter", "POST", "/providers/send-test", body(t,
			"plugin", "sender", "settings", map[string]any{"url": url, "password": panelSecret}, "hosts", []string{host}, "private", true, "phone", phone, "message", "hello"))
	}
	r.want(201, "administrator", "POST", "/users", `{"login":"painter","role":"manager","password":"painter-pass","rights":[]}`)
	in := r.send("", "POST", "/auth/login", `{"login":"painter","password":"painter-pass"}`)
	r.tokens["painter"], _ = in.at("access_token").(string)
	last := r.want(200, "auditor", "GET", "/journal/sms?limit=1", "").at("rows", 0, "id")

	if a := send(403, "+442079460000"); a.at("error") != "Destination refused: the country is not allowed!" || a.at("violations", 0, "pointer") != "/phone" || a.at("violations", 0, "code") != "guard.country" {
		t.Errorf("abroad: %s", a.text)
	}
	if len(*sent) != 0 || r.want(200, "auditor", "GET", "/journal/sms?limit=1", "").at("rows", 0, "id") != last {
		t.Errorf("what was refused is sent %q or recorded", *sent)
	}
	rules(map[string]any{"user_per_day": 1})
	send(200, "+79190000077")
	if a := send(429, "+79190000078"); a.at("error") != "Limit reached: messages of this user per day!" || a.at("violations", 0, "code") != "guard.user_per_day" || a.header.Get("Retry-After") == "" {
		t.Errorf("the second of the day: %s", a.text)
	}
	usage := fmt.Sprint(r.want(200, "auditor", "GET", "/guards", "").at("guards", 1, "top"))
	if !strings.Contains(usage, "name:painter") || len(*sent) != 1 {
		t.Errorf("%q were sent, counted: %s", *sent, usage)
	}
	// Who only watches lets it through.
	rules(map[string]any{"mode": "watch", "user_per_day": 1})
	send(200, "+79190000078")
	if len(*sent) != 2 {
		t.Errorf("sent: %q", *sent)
	}
	rules(map[string]any{})
}
