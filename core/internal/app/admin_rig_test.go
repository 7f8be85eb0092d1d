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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
)

const (
	fileSecret  = "fileSecret-9f3b"
	panelSecret = "panelSecret-77aa"
	newSecret   = "newSecret-c0de"
)

// rig is a running gateway with plugins.
type rig struct {
	t      *testing.T
	folder string
	base   string // http://host:port
	stop   func() // ends the gateway and waits for it
	app    *app.App
	first  string // the first administrator's password
	tokens map[string]string

	mu   sync.Mutex
	seen strings.Builder // everything that was answered, to look for secrets in
}

// settle is how long a test waits for something that has to happen.
const settle = time.Minute

// newRig starts a gateway; more are blocks of its gateway.hcl.
func newRig(t *testing.T, more ...string) *rig {
	t.Helper()
	code := guest.Build(t, "testdata/admin/guest")
	// A short path: the control socket must fit.
	folder, err := os.MkdirTemp("", "pb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	if err := os.Mkdir(filepath.Join(folder, "plugins"), 0o700); err != nil {
		t.Fatal(err)
	}
	shareMachineCode(t, filepath.Join(folder, "data"))
	for _, name := range []string{"echo", "relay", "spare", "sender"} {
		text, err := os.ReadFile("testdata/admin/" + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		p, err := plugin.Pack(code, text)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, "plugins", name+".wasm"), p.Code, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "plugins", "broken.wasm"), []byte("no plugin"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `
gateway {
  listen    = "127.0.0.1:0"
  data      = "data"
  plugins   = ["plugins"]
  time_zone = "Europe/Moscow"
  trusted_proxies = ["127.0.0.1/32"]
}
auth {
  argon2 {
    memory = "7MiB"
    time   = 1
  }
}
module "echo" {
  action "fetch" {
    limit = "5/m burst 9"
  }
  settings = {
    region = "ru"
  }
}
provider "fixed" {
  plugin  = "relay"
  enabled = false
  grant {
    capabilities = ["http"]
    http {
      hosts = ["relay.example"]
    }
  }
  secrets = {
    password = "` + fileSecret + `"
    url      = "http://relay.example/` + fileSecret + `"
  }
}
trust {
  unsigned = "allow"
}
upgrade {
  watch = "100ms"
}
`
	text += strings.Join(more, "\n")
	if err := os.WriteFile(filepath.Join(folder, "gateway.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, folder: folder, tokens: map[string]string{}}
	r.start()
	return r
}

// shareMachineCode lets a gateway find what was compiled for others: a Go plugin takes
// seconds to compile, with the race detector a minute.
func shareMachineCode(t *testing.T, data string) {
	t.Helper()
	if guest.Cache() == "" {
		return
	}
	if err := errors.Join(os.MkdirAll(guest.Cache(), 0o700), os.MkdirAll(filepath.Join(data, "cache"), 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(guest.Cache(), filepath.Join(data, "cache", "wasm")); err != nil {
		t.Fatal(err)
	}
}

// start runs the gateway until stop, or the end of the test.
func (r *rig) start() {
	r.t.Helper()
	cfg, diagnostics := config.Load(filepath.Join(r.folder, "gateway.hcl"))
	if err := diagnostics.Err(); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	tail := logging.NewTail(100, 10)
	log, err := logging.New(logging.Options{Sink: tail})
	if err != nil {
		cancel()
		r.t.Fatal(err)
	}
	a, err := app.New(ctx, cfg, log)
	if err != nil {
		cancel()
		r.t.Fatal(err)
	}
	a.ShowLog(tail)
	a.ReloadFrom(func() (*config.Config, config.Diagnostics) {
		return config.Load(filepath.Join(r.folder, "gateway.hcl"))
	})
	r.app = a
	r.first = a.FirstPassword()
	bound, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(at net.Addr) { bound <- at }) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("the gateway ended with: %v", err)
		}
	})
	r.t.Cleanup(r.stop)
	select {
	case at := <-bound:
		r.base = "http://" + at.String()
	case err := <-ended:
		ended <- err
		r.t.Fatalf("the gateway does not start: %v", err)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	text   string
	json   any
}

// at walks down: at("actions", 0, "name").
func (a answer) at(path ...any) any {
	v := a.json
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

// call sends a request below the administration API as a user, "" for nobody.
// headers are pairs.
func (r *rig) call(user, method, path, body string, headers ...string) answer {
	r.t.Helper()
	return r.send(user, method, admin.Prefix+path, body, headers...)
}

func (r *rig) send(user, method, path, body string, headers ...string) answer {
	r.t.Helper()
	q, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body != "" {
		q.Header.Set("Content-Type", "application/json")
	}
	if user != "" {
		q.Header.Set("Authorization", "Bearer "+r.tokens[user])
	}
	for i := 0; i+1 < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	return r.do(http.DefaultClient, q)
}

func (r *rig) do(client *http.Client, q *http.Request) answer {
	r.t.Helper()
	p, err := client.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer p.Body.Close()
	text, err := io.ReadAll(p.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := answer{status: p.StatusCode, header: p.Header, text: string(text)}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &a.json); err != nil {
			r.t.Fatalf("%s %s: not JSON: %s", q.Method, q.URL.Path, text)
		}
	}
	if below, ok := strings.CutPrefix(q.URL.EscapedPath(), admin.Prefix); ok && a.status < 300 {
		if err := checkAnswer(q.Method, below, a.json); err != nil {
			r.t.Errorf("%s %s does not answer as documented: %v\n%s", q.Method, below, err, a.text)
		}
	}
	r.mu.Lock()
	r.seen.Write(text)
	r.mu.Unlock()
	return a
}

// want is call with a check of the status.
func (r *rig) want(status int, user, method, path, body string, headers ...string) answer {
	r.t.Helper()
	a := r.call(user, method, path, body, headers...)
	if a.status != status {
		r.t.Fatalf("%s %s as %q: %d %s, want %d", method, path, user, a.status, a.text, status)
	}
	return a
}

// users logs the first administrator in, with a new password, and makes one user
// of each role, all named after it.
func (r *rig) users() {
	r.t.Helper()
	login := r.want(200, "", "POST", "/login", `{"login":"admin","password":"`+r.first+`"}`)
	r.tokens["administrator"], _ = login.at("access_token").(string)
	changed := r.want(200, "administrator", "POST", "/me/password", `{"old":"`+r.first+`","new":"administrator-1"}`)
	r.tokens["administrator"], _ = changed.at("access_token").(string)
	for _, role := range []string{"manager", "auditor", "integrator"} {
		r.want(201, "administrator", "POST", "/users", `{"login":"`+role+`","role":"`+role+`","password":"`+role+`-pass","rights":["echo.*"]}`)
		a := r.send("", "POST", "/auth/login", `{"login":"`+role+`","password":"`+role+`-pass"}`)
		if r.tokens[role], _ = a.at("access_token").(string); r.tokens[role] == "" {
			r.t.Fatalf("login of %s: %d %s", role, a.status, a.text)
		}
	}
}

// warm waits until the gateway serves.
func (r *rig) warm() {
	r.t.Helper()
	for end := time.Now().Add(settle); ; time.Sleep(20 * time.Millisecond) {
		a := r.send("", "GET", "/readyz", "")
		if a.status == 200 {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("not ready: %s", a.text)
		}
	}
}

// audited returns the newest audit record and checks who left it.
func (r *rig) audited(action, object, user string, change answer) answer {
	r.t.Helper()
	a := r.want(200, "auditor", "GET", "/journal/audit?limit=1", "")
	row := answer{json: a.at("rows", 0)}
	if row.at("action") != action || row.at("object") != object || row.at("user") != user || row.at("ip") != "127.0.0.1" ||
		row.at("request_id") != change.header.Get("X-Request-Id") {
		r.t.Fatalf("audit record %s\nwant %s of %s by %s in %s", a.text, action, object, user, change.header.Get("X-Request-Id"))
	}
	return row
}

// auditID is the id of the newest audit record.
func (r *rig) auditID() any {
	r.t.Helper()
	return r.want(200, "auditor", "GET", "/journal/audit?limit=1", "").at("rows", 0, "id")
}
