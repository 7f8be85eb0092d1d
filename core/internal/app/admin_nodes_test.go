package app_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// nodesScenario: a FreeSWITCH is tried, added, changed, taken away and brought back
// while the gateway runs.
func nodesScenario(t *testing.T, r *rig) {
	peer := esltest.New(t, &esltest.Peer{Exec: func(verb, _ string) string {
		if verb == "version" {
			return "FreeSWITCH Version 1.10.12\n"
		}
		return "+OK\n"
	}})
	form := r.want(200, "auditor", "GET", "/nodes", "")
	if fmt.Sprint(form.at("nodes")) != "[]" || form.at("form", "properties", "password", "x-secret") != true {
		t.Fatalf("%s", form.text)
	}

	// A test says what was found, and of what was wrong the name.
	tested := r.want(200, "manager", "POST", "/nodes/test", body(t, "address", peer.Addr(), "password", esltest.Password))
	if tested.at("ok") != true || tested.at("answer", "version") != "FreeSWITCH Version 1.10.12" || tested.at("answer", "core_uuid") != esltest.CoreUUID {
		t.Errorf("%s", tested.text)
	}
	refuse := func(raw string) string {
		return esltest.New(t, &esltest.Peer{Greet: func(nc net.Conn) {
			_, _ = io.WriteString(nc, raw)
			_, _ = io.Copy(io.Discard, nc)
		}}).Addr()
	}
	closed := esltest.New(t, &esltest.Peer{})
	closed.Close()
	for code, pair := range map[string][2]string{
		"password": {peer.Addr(), "nope"},
		"acl":      {refuse("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n"), "x"},
		"stranger": {refuse("SSH-2.0-OpenSSH_9.2\r\n"), "x"},
		"refused":  {closed.Addr(), "x"},
	} {
		a := r.want(200, "manager", "POST", "/nodes/test", body(t, "address", pair[0], "password", pair[1]))
		if a.at("ok") != false || a.at("code") != code || a.at("error") == "" || strings.Contains(a.text, "nope") {
			t.Errorf("%s: %s", code, a.text)
		}
	}

	settings := map[string]any{"address": peer.Addr(), "password": esltest.Password, "account_pattern": "100[0-9]", "cdr_token": panelSecret}
	r.want(403, "auditor", "POST", "/nodes", body(t, "name", "pbx", "settings", settings))
	for text, at := range map[string]string{
		body(t, "name", "1 2", "settings", settings):                                                                                  "/name",
		body(t, "name", "pbx", "settings", map[string]any{"address": "nowhere", "password": "x"}):                                     "/settings/address",
		body(t, "name", "pbx", "settings", map[string]any{"address": "h:1"}):                                                          "/settings/password",
		body(t, "name", "pbx", "settings", map[string]any{"address": "h:1", "password": "a\nb"}):                                      "/settings/password",
		body(t, "name", "pbx", "settings", map[string]any{"address": "h:1", "password": "x", "account_pattern": "("}):                 "/settings/account_pattern",
		body(t, "name", "pbx", "settings", map[string]any{"address": "h:1", "password": "x", "dial": "system"}):                       "/settings/dial",
		body(t, "name", "pbx", "settings", map[string]any{"address": "h:1", "password": "x", "recordings_url": "file:///etc/{uuid}"}): "/settings/recordings_url",
	} {
		if a := r.want(422, "manager", "POST", "/nodes", text); !strings.Contains(a.text, `"`+at+`"`) {
			t.Errorf("%s: %s", text, a.text)
		}
	}
	made := r.want(201, "manager", "POST", "/nodes", body(t, "name", "pbx", "settings", settings))
	r.audited("node.create", "pbx", "manager", made)
	r.want(409, "manager", "POST", "/nodes", body(t, "name", "pbx", "settings", settings))
	up := func(state string) answer {
		t.Helper()
		for end := time.Now().Add(settle); ; time.Sleep(10 * time.Millisecond) {
			a := r.want(200, "auditor", "GET", "/nodes", "")
			if a.at("nodes", 0, "state") == state || time.Now().After(end) {
				return a
			}
		}
	}
	if a := up("up"); a.at("nodes", 0, "state") != "up" || a.at("nodes", 0, "in_file") != false {
		t.Errorf("%s", a.text)
	}

	// Call records with the token of the panel.
	if a := r.send("", "POST", "/cdr/pbx?token=wrong", ""); a.status != 403 && a.status != 401 {
		t.Errorf("a wrong token: %d %s", a.status, a.text)
	}
	// Its settings, without secrets; they stay when they are left out.
	shown := r.want(200, "auditor", "GET", "/nodes/pbx/settings", "")
	if shown.at("values", "password", "set") != true || strings.Contains(shown.text, panelSecret) || strings.Contains(shown.text, esltest.Password) {
		t.Errorf("%s", shown.text)
	}
	r.want(428, "manager", "PUT", "/nodes/pbx/settings", body(t, "values", map[string]any{"address": peer.Addr()}))
	changed := r.want(200, "manager", "PUT", "/nodes/pbx/settings", body(t, "values", map[string]any{"address": peer.Addr(), "weight": 3}), "If-Match", shown.header.Get("ETag"))
	r.audited("node.settings", "pbx", "manager", changed)
	r.want(412, "manager", "PUT", "/nodes/pbx/settings", body(t, "values", map[string]any{"address": peer.Addr()}), "If-Match", shown.header.Get("ETag"))
	if a := up("up"); a.at("nodes", 0, "state") != "up" {
		t.Errorf("the password is lost: %s", a.text)
	}
	// A password goes only where it belongs.
	if a := r.want(422, "manager", "PUT", "/nodes/pbx/settings", body(t, "values", map[string]any{"address": "127.0.0.1:1"}), "If-Match", "*"); !strings.Contains(a.text, "/values/password") {
		t.Errorf("%s", a.text)
	}

	// Taken away, and brought back with its secrets.
	gone := r.want(204, "manager", "DELETE", "/nodes/pbx", "")
	r.audited("node.delete", "pbx", "manager", gone)
	r.want(404, "manager", "DELETE", "/nodes/pbx", "")
	row := answer{json: r.want(200, "auditor", "GET", "/changes?limit=1", "").at("rows", 0)}
	if row.at("undoable") != true {
		t.Fatalf("%v", row.json)
	}
	back := r.want(200, "manager", "POST", "/changes/"+row.at("id").(string)+"/restore", body(t, "time", row.at("time")))
	if strings.Contains(back.text, panelSecret) || strings.Contains(back.text, esltest.Password) {
		t.Errorf("%s", back.text)
	}
	if a := up("up"); a.at("nodes", 0, "state") != "up" {
		t.Errorf("%s", a.text)
	}
	// It is there again after a restart.
	r.stop()
	r.start()
	r.warm()
	if a := up("up"); a.at("nodes", 0, "name") != "pbx" || a.at("nodes", 0, "state") != "up" {
		t.Errorf("after a restart: %s", a.text)
	}
	r.want(204, "manager", "DELETE", "/nodes/pbx", "")
	r.want(200, "auditor", "GET", "/overview", "")
}

// unsavedScenario: a message goes out with settings that nobody has saved, and only its
// record stays.
func unsavedScenario(t *testing.T, r *rig) {
	url, sent := aggregator(t, newSecret)
	host := strings.TrimPrefix(url, "http://")
	send := func(status int, user string, more ...any) answer {
		t.Helper()
		return r.want(status, user, "POST", "/providers/send-test", body(t, append([]any{
			"plugin", "sender", "settings", map[string]any{"url": url, "password": newSecret}, "hosts", []string{host}, "private", true,
			"phone", "89190000001", "message", "before saving",
		}, more...)...))
	}
	a := send(200, "administrator")
	if a.at("ok") != true || a.at("checked") != "send" || len(*sent) != 1 || strings.Contains(a.text, newSecret) {
		t.Fatalf("sent %q: %s", *sent, a.text)
	}
	if row := r.audited("provider.send_test", "", "admin", a); strings.Contains(row.text, "9190000001") || row.at("after", "hosts", 0) != host {
		t.Errorf("%s", row.text)
	}
	if a := r.want(200, "auditor", "GET", "/journal/sms?limit=1", ""); a.at("rows", 0, "provider") != "(not saved)" || a.at("rows", 0, "result") != "OK" {
		t.Errorf("%s", a.text)
	}
	if a := r.want(200, "auditor", "GET", "/providers", ""); strings.Contains(a.text, "test_") || strings.Contains(a.text, `"sender"`) && strings.Contains(a.text, "not saved") {
		t.Errorf("something is left: %s", a.text)
	}
	// A wrong password reaches the aggregator and comes back with what it said.
	if a := send(200, "administrator", "settings", map[string]any{"url": url, "password": "wrong-password"}); !strings.Contains(a.text, "wrong key") || !strings.Contains(a.text, "403") || strings.Contains(a.text, "wrong-password") {
		t.Errorf("%s", a.text)
	}
	send(422, "administrator", "settings", map[string]any{"url": 1})
	send(422, "administrator", "phone", "12")
	send(409, "administrator", "plugin", "relay", "settings", map[string]any{"url": url, "password": newSecret})
	send(403, "auditor")
	send(429, "administrator") // the sixth within a minute
	if len(*sent) != 1 {
		t.Errorf("%d messages were sent", len(*sent))
	}
}
