package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// rewrite changes gateway.hcl; pairs are old and new texts.
func (r *rig) rewrite(pairs ...string) {
	r.t.Helper()
	path := filepath.Join(r.folder, "gateway.hcl")
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			r.t.Fatalf("gateway.hcl has no %q", pairs[i])
		}
	}
	if err := os.WriteFile(path, []byte(strings.NewReplacer(pairs...).Replace(string(text))), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// reload expects that exactly these keys and blocks change.
func (r *rig) reload(want ...string) {
	r.t.Helper()
	changed, err := r.app.Reload(r.t.Context())
	if err != nil || !slices.Equal(changed, want) {
		r.t.Fatalf("changed %q, %v, want %q", changed, err, want)
	}
}

// refuse expects a refusal with these texts, one for each mistake.
func (r *rig) refuse(want ...string) {
	r.t.Helper()
	_, err := r.app.Reload(r.t.Context())
	refused, ok := errors.AsType[*app.ReloadError](err)
	if !ok || len(refused.Mistakes) != len(want) {
		r.t.Fatalf("got %v, want %d mistakes", err, len(want))
	}
	for i, text := range want {
		if !strings.Contains(refused.Mistakes[i], text) {
			r.t.Errorf("mistake %q, want %q in it", refused.Mistakes[i], text)
		}
	}
}

func TestReload(t *testing.T) {
	r := newRig(t)
	r.users()
	r.warm()
	r.reload()

	sub := func(name string, f func(t *testing.T)) {
		t.Run(name, func(t *testing.T) {
			parent := r.t
			r.t = t
			defer func() { r.t = parent }()
			f(t)
		})
	}
	echo := func() int { return r.send("integrator", "POST", "/echo/echo", `{"text":"hi"}`).status }
	module := func() answer { return r.want(200, "auditor", "GET", "/modules/echo", "") }
	fixed := func() answer {
		return answer{json: r.want(200, "auditor", "GET", "/providers", "").json}
	}

	sub("what can change does", func(t *testing.T) {
		r.rewrite(`limit = "5/m burst 9"`, `limit = "6/m burst 8"`, `region = "ru"`, `region = "kz"`, "enabled = false", "enabled = true",
			`["127.0.0.1/32"]`, `["10.0.0.0/8"]`, "trust {", "limits {\n  user = \"1/h burst 2\"\n}\ntrust {")
		r.reload("gateway.trusted_proxies", "limits.user", "module", "provider")
		a := r.want(200, "auditor", "GET", "/modules/echo/settings", "")
		if a.at("values", "region") != "kz" {
			t.Errorf("settings: %s", a.text)
		}
		if a := module(); !strings.Contains(a.text, `"6/m burst 8"`) {
			t.Errorf("module: %s", a.text)
		}
		if a := fixed(); a.at("providers", 0, "on") != true && a.at("items", 0, "on") != true {
			t.Errorf("provider: %v", a.json)
		}
		// The user's limit, and nobody is believed whom he forwards for.
		if got := [3]int{echo(), echo(), echo()}; got != [3]int{200, 200, 429} {
			t.Error("the limit of the user is not in force")
		}
		r.send("integrator", "POST", "/echo/echo", `{}`, "X-Forwarded-For", "6.6.6.6")
		if row := r.want(200, "auditor", "GET", "/journal/requests?limit=1", ""); row.at("rows", 0, "ip") != "127.0.0.1" {
			t.Errorf("address: %s", row.text)
		}
	})

	sub("what cannot is named", func(t *testing.T) {
		r.rewrite(`listen    = "127.0.0.1:0"`, `listen    = "127.0.0.1:1"`, `data      = "data"`, `data      = "other"`, `user = "1/h burst 2"`, `user = "off"`)
		r.refuse("gateway.hcl:4:3: gateway.data cannot change while the gateway runs", "gateway.hcl:3:3: gateway.listen cannot change")
		if echo() != 429 {
			t.Error("a part of a refused configuration is in force")
		}
		r.rewrite(`listen    = "127.0.0.1:1"`, `listen    = "127.0.0.1:0"`, `data      = "other"`, `data      = "data"`)
		r.reload("limits.user")
		if echo() != 200 {
			t.Error("the limit of the user is still in force")
		}
	})

	sub("mistakes are all told", func(t *testing.T) {
		r.rewrite(`region = "kz"`, `region = "de"`)
		r.refuse("echo: settings: ")
		r.rewrite(`region = "de"`, `region = "kz"`, `user = "off"`, "user = \"often\"\n action = 5")
		r.refuse(`limits.user: "often" is not a rate`, "limits.action must be a string")
		r.rewrite("user = \"often\"\n action = 5", `user = "off"`, "upgrade {", "upgrade")
		r.refuse("gateway.hcl:")
		r.rewrite("upgrade\n", "upgrade {\n")
		r.reload()
		if echo() != 200 || module().at("on") != true {
			t.Error("the gateway does not go on as before")
		}
	})

	sub("what comes and goes", func(t *testing.T) {
		r.rewrite("trust {", "guard \"call\" {\n mode = \"watch\"\n}\ntrust {")
		r.reload("guard")
		r.rewrite("guard \"call\" {\n mode = \"watch\"\n}\n", "")
		r.reload("guard")
		r.rewrite("trust {", "module \"spare\" {\n settings = { address = \"http://spare.example\" }\n}\nfreeswitch \"one\" {\n address = \"127.0.0.1:1\"\n account_pattern = \"^[0-9]+$\"\n}\ntrust {")
		r.reload("freeswitch", "module")
		if a := r.want(200, "auditor", "GET", "/nodes", ""); !strings.Contains(a.text, `"one"`) {
			t.Errorf("nodes: %s", a.text)
		}
		if a := r.want(200, "auditor", "GET", "/modules/spare", ""); a.at("on") != true {
			t.Errorf("module: %s", a.text)
		}
		r.rewrite("module \"spare\" {\n settings = { address = \"http://spare.example\" }\n}\n", "", "freeswitch \"one\" {\n address = \"127.0.0.1:1\"\n account_pattern = \"^[0-9]+$\"\n}\n", "")
		r.reload("freeswitch", "module")
		if a := r.want(200, "auditor", "GET", "/nodes", ""); strings.Contains(a.text, `"one"`) {
			t.Errorf("nodes: %s", a.text)
		}
	})
}

// TestReloadUnderLoad: no request fails while instances are replaced.
func TestReloadUnderLoad(t *testing.T) {
	r := newRig(t)
	r.users()
	r.warm()
	r.rewrite("trust {", "limits {\n  user = \"off\"\n  action = \"off\"\n}\ntrust {")
	r.reload("limits.action", "limits.user")
	ctx, stop := context.WithCancel(t.Context())
	var served atomic.Int64
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for ctx.Err() == nil {
				q, err := http.NewRequestWithContext(t.Context(), "POST", r.base+"/echo/echo", strings.NewReader(`{"text":"x"}`))
				if err != nil {
					t.Error(err)
					return
				}
				q.Header.Set("Authorization", "Bearer "+r.tokens["integrator"])
				q.Header.Set("Content-Type", "application/json")
				p, err := http.DefaultClient.Do(q)
				if err != nil {
					t.Error(err)
					return
				}
				text, _ := io.ReadAll(p.Body)
				_ = p.Body.Close()
				if p.StatusCode != 200 {
					t.Errorf("%d %s", p.StatusCode, text)
					return
				}
				served.Add(1)
			}
		})
	}
	regions := []string{`region = "ru"`, `region = "kz"`}
	for i := range 6 {
		before := served.Load()
		r.rewrite(regions[i%2], regions[1-i%2])
		r.reload("module")
		r.rewrite("trust {", "nonsense {")
		r.refuse(`unknown block "nonsense"`)
		r.rewrite("nonsense {", "trust {")
		for served.Load() == before && !t.Failed() {
			r.send("", "GET", "/healthz", "")
		}
	}
	stop()
	callers.Wait()
	if served.Load() < 6 {
		t.Errorf("only %d requests were served", served.Load())
	}
}

// TestReloadThroughTheControlSocket also proves that nobody else can.
func TestReloadThroughTheControlSocket(t *testing.T) {
	r := newRig(t)
	r.users()
	for _, path := range []string{"/reload", "/secrets/rotate"} {
		r.want(404, "administrator", "POST", path, "")
	}
	local := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", app.ControlSocket(filepath.Join(r.folder, "data")))
	}}}
	post := func(path string) (int, string) {
		t.Helper()
		p, err := local.Post("http://local"+admin.Prefix+path, "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Body.Close()
		text, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		return p.StatusCode, string(text)
	}
	r.rewrite("5/m burst 9", "7/m")
	if status, text := post("/reload"); status != 200 || text != `{"changed":["module"]}` {
		t.Errorf("%d %s", status, text)
	}
	r.rewrite(`listen    = "127.0.0.1:0"`, `listen = "127.0.0.1:9"`, "watch = ", "wach = ")
	status, text := post("/reload")
	var answer struct{ Violations []admin.Violation }
	if err := json.Unmarshal([]byte(text), &answer); err != nil || status != 422 || len(answer.Violations) != 1 ||
		!strings.Contains(answer.Violations[0].Message, `unknown key "wach"`) {
		t.Errorf("%d %s", status, text)
	}
	audits := r.want(200, "auditor", "GET", "/journal/audit?limit=2", "")
	if audits.at("rows", 0, "action") != "config.refuse" || audits.at("rows", 1, "action") != "config.reload" || audits.at("rows", 1, "user") != admin.LocalLogin {
		t.Errorf("audit: %s", audits.text)
	}
	if status, text := post("/secrets/rotate"); status != 200 || !strings.HasPrefix(text, `{"sealed":`) || text == `{"sealed":0}` {
		t.Errorf("%d %s", status, text)
	}
	if a := r.want(200, "auditor", "GET", "/journal/audit?limit=1", ""); a.at("rows", 0, "action") != "secrets.rotate" {
		t.Errorf("audit: %s", a.text)
	}
	// The gateway goes on with the new key, now and after a restart.
	r.want(200, "manager", "PUT", "/modules/echo/enabled", `{"enabled":false}`)
	r.rewrite(`listen = "127.0.0.1:9"`, `listen = "127.0.0.1:0"`, "wach = ", "watch = ")
	r.stop()
	r.start()
	if a := r.want(200, "auditor", "GET", "/modules/echo", ""); a.at("on") != false {
		t.Errorf("after the restart: %s", a.text)
	}
}

// TestHangUpIsAudited: what the signal changed, or did not, stands in the audit as what
// comes through the control socket does.
func TestHangUpIsAudited(t *testing.T) {
	r := newRig(t)
	r.users()
	r.rewrite("5/m burst 9", "7/m")
	r.app.HangUp(t.Context())
	r.rewrite("watch = ", "wach = ")
	r.app.HangUp(t.Context())
	audits := r.want(200, "auditor", "GET", "/journal/audit?limit=2", "")
	for i, want := range [][2]string{{"config.refuse", ""}, {"config.reload", `{"changed":["module"]}`}} {
		row := answer{json: audits.at("rows", i)}
		after, _ := json.Marshal(row.at("after"))
		if row.at("action") != want[0] || row.at("user") != "SIGHUP" || row.at("object") != "gateway.hcl" || want[1] != "" && string(after) != want[1] {
			t.Errorf("record %d: %v, want %s", i, row.json, want)
		}
	}
}

// TestReloadsDoNotOvertake: the file is read by one reload at a time, so that an older
// text cannot come into force behind a newer one; and a gateway that stops reads nothing.
func TestReloadsDoNotOvertake(t *testing.T) {
	r := newRig(t)
	var reading atomic.Int64
	path := filepath.Join(r.folder, "gateway.hcl")
	r.app.ReloadFrom(func() (*config.Config, config.Diagnostics) {
		if reading.Add(1) > 1 {
			t.Error("two reloads read at a time")
		}
		defer reading.Add(-1)
		time.Sleep(5 * time.Millisecond) // room for the others
		return config.Load(path)
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := r.app.Reload(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	r.stop()
	r.refuse("the gateway is stopping")
}
