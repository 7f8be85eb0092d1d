package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// TestHostilePlugins: whatever a plugin does, the gateway lives, another plugin's
// caller gets every answer right meanwhile, and the administrator reads why.
func TestHostilePlugins(t *testing.T) {
	t.Parallel()
	w := newHostileWorld(t, "127.0.0.1:1", false)
	victim := newVictim(t, w)
	const budget, contract = "the task used up its CPU budget of 5000 million units", "contract violation: "
	for _, c := range []struct{ id, reason string }{
		{"evil-start-bomb", "_initialize: the plugin crashed: the task used up its CPU budget of 500 million units"},
		{"evil-start-loop", "_initialize: the plugin crashed: " + budget},
		{"evil-version", "the plugin speaks contract version 7, this gateway speaks 1"},
	} {
		before := victim.served.Load()
		a := w.do(t, "PUT", adminAPI+"/modules/"+c.id+"/enabled", `{"enabled":true}`, "Authorization", "Bearer "+w.adminToken, "Content-Type", "application/json")
		if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, c.reason) {
			t.Errorf("switching %s on: %d %s, want the reason %q", c.id, a.status, a.body, c.reason)
		}
		eventually(t, "the victim to be served", func() bool { return victim.served.Load() > before+2 })
	}
	for _, c := range []struct{ id, reason string }{
		{"evil-loop", budget},
		{"evil-recursion", "stack overflow: more than 4 MiB"},
		{"evil-bomb", "the task used up its CPU budget of 500 million units"},
		{"evil-table", "the task used up its CPU budget of 500 million units"},
		{"evil-twice", contract + "a second reply to one task"},
		{"evil-silent", contract + "the task ended without a reply"},
		{"evil-sleeper", contract + "the task is suspended without an operation"},
		{"evil-id", contract + "reply for a task that is not running"},
		{"evil-state", contract + "unknown state 77"},
		{"evil-size", contract + "message over the limit of 16 MiB"},
		{"evil-memory", contract + "message outside the guest's memory"},
		{"evil-flood", budget},
		{"evil-operations", contract + "http_fetch while http_fetch is not answered yet"},
		{"evil-reply-wait", contract + "reply while http_fetch is not answered yet"},
		{"evil-take", contract + "take without an answer"},
	} {
		before := victim.served.Load()
		w.switchOn(t, c.id)
		eventually(t, c.id+" to start", func() bool { name, _ := w.condition(t, c.id); return name == "warm" })
		if a := w.post(t, "/"+c.id+"/attack", ""); a.status != http.StatusBadGateway || !strings.Contains(a.body, c.id+" is unavailable!") {
			t.Errorf("%s: %d %s", c.id, a.status, a.body)
		}
		if _, reason := w.condition(t, c.id); !strings.Contains(reason, c.reason) {
			t.Errorf("%s: the administrator reads %q, want %q", c.id, reason, c.reason)
		}
		eventually(t, "the victim to be served", func() bool { return victim.served.Load() > before+2 })
	}
	// Not everything that looks hostile is: these serve on.
	w.switchOn(t, "evil-text")
	eventually(t, "evil-text to start", func() bool { name, _ := w.condition(t, "evil-text"); return name == "warm" })
	for range 3 {
		if a := w.post(t, "/evil-text/attack", ""); a.status != http.StatusBadGateway {
			t.Errorf("invalid UTF-8: %d %s", a.status, a.body)
		}
		if a := w.post(t, "/evil-exclusive/attack", ""); a.status != http.StatusOK {
			t.Errorf("an exclusive plugin that suspends: %d %s", a.status, a.body)
		}
	}
	log := w.process.Output()
	for _, want := range []string{"the plugin's reply is malformed", "the task writes too many log lines; the rest is dropped"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log does not say %q", want)
		}
	}
	if n := strings.Count(log, "evil-flood"); n > 1500 {
		t.Errorf("the flood left %d lines", n)
	}
}

// TestHostileFiles: a gateway with hundreds of damaged and lying files in its
// plugin folder starts, says what is wrong with each, and serves the others.
func TestHostileFiles(t *testing.T) {
	t.Parallel()
	w := newHostileWorld(t, "127.0.0.1:1", true)
	newVictim(t, w)
	found := decode[struct {
		Plugins []struct{ ID string }
		Faults  []string
	}](t, w.admin(t, "GET", "/plugins", ""))
	for file, want := range map[string]string{
		"undeclared.wasm": "the code imports http_fetch, which the manifest does not ask for",
		"blocking.wasm":   `the code imports blocking operations (patchbay_blocking), so the manifest must say "concurrency": "exclusive"`,
		"both.wasm":       `operations are imported in both forms, from "patchbay" (http_fetch) and from "patchbay_blocking"; a file uses one of them`,
		"folder.wasm":     "/id",
		"nothing.wasm":    "id",
		"operation.wasm":  "import http_everything is no operation of contract version 1",
		"cut-0000.wasm":   "",
		"cut-0504.wasm":   "",
	} {
		said := ""
		for _, f := range found.Faults {
			if strings.Contains(f, "/"+file) {
				said = f
			}
		}
		if said == "" || !strings.Contains(said, want) {
			t.Errorf("%s: the administrator reads %q, want %q", file, said, want)
		}
	}
	for _, p := range found.Plugins {
		if strings.HasPrefix(p.ID, "lie-") {
			t.Errorf("%s is in the catalogue", p.ID)
		}
	}
	if len(found.Faults) < 100 {
		t.Errorf("%d faults only", len(found.Faults))
	}
}

// TestThief: capabilities end where the grant ends.
func TestThief(t *testing.T) {
	t.Parallel()
	var stolen atomic.Int64
	treasury := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { stolen.Add(1) }))
	defer treasury.Close()
	upstream := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(rw, r, treasury.URL+"/gold", http.StatusFound)
		}
	}))
	defer upstream.Close()
	w := newHostileWorld(t, strings.TrimPrefix(upstream.URL, "http://"), false)
	victim := newVictim(t, w)

	fetch := func(module, url string) answer { return w.post(t, "/"+module+"/fetch", object("url", url)) }
	expect(t, "inside the grant", fetch("thief", upstream.URL+"/"), 200, `{"status": 200, "body": ""}`)
	port := treasury.URL[strings.LastIndex(treasury.URL, ":"):]
	for module, urls := range map[string][]string{
		"thief": {
			treasury.URL + "/gold", upstream.URL + "/away", "http://localhost" + port + "/", "http://2130706433" + port + "/",
			"http://[::ffff:127.0.0.1]" + port + "/", "file:///etc/passwd", "gopher://127.0.0.1" + port + "/", strings.Replace(upstream.URL, "//", "//"+treasury.Listener.Addr().String()+"@", 1) + "@" + treasury.Listener.Addr().String() + "/",
		},
		// The name is granted, the address behind it is not: names may point anywhere.
		"keeper": {"http://localhost" + port + "/"},
	} {
		for _, url := range urls {
			if a := fetch(module, url); a.status < 400 {
				t.Errorf("%s: %d %s", url, a.status, a.body)
			}
		}
	}
	if n := stolen.Load(); n != 0 {
		t.Errorf("the treasury was asked %d times", n)
	}

	put := func(module, key, value string) answer {
		return w.post(t, "/"+module+"/put", object("key", key, "value", value))
	}
	list := func(module, prefix string) string {
		return w.post(t, "/"+module+"/list", object("prefix", prefix)).body
	}
	if a := put("keeper", "token", "gold"); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	keys := []string{"token", "../keeper/token", "keeper/token", "kv/keeper/token", "\x00keeper\x00token", "/token", ".."}
	for _, key := range keys {
		put("thief", key, "lead")
	}
	if got := list("keeper", ""); got != `{"token":"gold"}` {
		t.Errorf("the keeper has %s", got)
	}
	for _, prefix := range append(keys, "", "k", ".", "\xff") {
		if got := list("thief", prefix); strings.Contains(got, "gold") {
			t.Errorf("below %q the thief sees %s", prefix, got)
		}
	}

	for action, reason := range map[string]string{"hoard": "out of memory", "dive": "stack overflow: more than 4 MiB"} {
		before := victim.served.Load()
		eventually(t, "thief to be back", func() bool { name, _ := w.condition(t, "thief"); return name == "warm" })
		if a := w.post(t, "/thief/"+action, ""); a.status != http.StatusBadGateway {
			t.Errorf("%s: %d %s", action, a.status, a.body)
		}
		if _, said := w.condition(t, "thief"); !strings.Contains(said, reason) {
			t.Errorf("%s: the administrator reads %q, want %q", action, said, reason)
		}
		eventually(t, "the victim to be served", func() bool { return victim.served.Load() > before+2 })
	}
}
