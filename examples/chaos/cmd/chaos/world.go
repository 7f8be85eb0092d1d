package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// world is a gateway in front of a sandbox. Its methods are for one goroutine,
// except url, send and admin while the gateway stays up.
type world struct {
	chaos    *chaos
	binary   string // of the gateway
	dir      string // of gateway.hcl and data
	data     string
	env      []string
	listen   string
	gateway  *program.Program
	sandbox  *sandbox
	client   *http.Client
	text     string            // gateway.hcl with placeholders
	values   map[string]string // of the placeholders
	password string            // of the administrator
	token    string            // of the integrator

	adminToken string
}

const (
	integrator         = "chaos"
	integratorPassword = "chaos-of-the-integrator"
)

// newWorld prepares a sandbox and a gateway that is not running yet. Values
// override placeholders of the text.
func (c *chaos) newWorld(ctx context.Context, name, text string, values map[string]string) (*world, error) {
	dir, err := c.folder(name)
	if err != nil {
		return nil, err
	}
	w := &world{chaos: c, binary: c.built("patchbay"), dir: dir, data: filepath.Join(dir, "data"), client: newClient(), text: base + text, password: "chaos-of-the-root"}
	if w.listen, err = program.FreeAddress(); err != nil {
		return nil, err
	}
	if w.sandbox, err = c.newSandbox(ctx, dir, "--gateway", "http://"+w.listen, "--cdr-url", "/cdr/main?token=sandbox", "--speed", "20"); err != nil {
		return nil, err
	}
	w.values = map[string]string{
		"plugins": c.built("plugins"), "esl": w.sandbox.esl, "recordings": w.sandbox.recordings,
		"sms": w.sandbox.http, "stats": w.sandbox.http, "crm": w.sandbox.http, "request_timeout": "10s", "breaker": "5",
		"sms_timeout": "1000", "originator": "FRONTLINE", "gateway": "", "contact": "", "guards": "off",
	}
	for k, v := range values {
		w.values[k] = v
	}
	return w, nil
}

// boot starts the gateway for the first time and makes the users.
func (w *world) boot(ctx context.Context) error {
	if err := w.start(ctx); err != nil {
		return err
	}
	first, err := w.gateway.After(ctx, "First start: user admin with password ")
	if err != nil {
		return err
	}
	first, _, _ = strings.Cut(first, " ")
	if err := w.session(ctx, "/login", object("login", "admin", "password", first)); err != nil {
		return err
	}
	if err := w.session(ctx, "/me/password", object("old", first, "new", w.password)); err != nil {
		return err
	}
	user, err := json.Marshal(map[string]any{"login": integrator, "password": integratorPassword, "rights": []string{"*"}})
	if err != nil {
		return err
	}
	if err := w.admin(ctx, "POST", "/users", string(user), nil); err != nil {
		return err
	}
	w.token, err = w.login(ctx)
	return err
}

func (w *world) session(ctx context.Context, path, body string) error {
	var out struct {
		Token string `json:"access_token"`
	}
	if err := w.admin(ctx, "POST", path, body, &out); err != nil {
		return err
	}
	w.adminToken = out.Token
	return nil
}

// login returns a new token of the integrator.
func (w *world) login(ctx context.Context) (string, error) {
	a, err := do(ctx, w.client, "POST", w.url()+"/auth/login", object("login", integrator, "password", integratorPassword))
	if err != nil {
		return "", err
	}
	if err := a.want(http.StatusOK); err != nil {
		return "", fmt.Errorf("login: %w", err)
	}
	var out struct {
		Token string `json:"access_token"`
	}
	return out.Token, json.Unmarshal([]byte(a.body), &out)
}

func (w *world) url() string { return "http://" + w.listen }

func (w *world) configPath() string { return filepath.Join(w.dir, "gateway.hcl") }

// configure writes gateway.hcl.
func (w *world) configure() error {
	return os.WriteFile(w.configPath(), []byte(expand(w.text, w.values)), 0o600)
}

// launch runs the binary on the data that is there and does not wait.
func (w *world) launch(ctx context.Context) error {
	if err := w.configure(); err != nil {
		return err
	}
	var err error
	w.gateway, err = program.Gateway{Binary: w.binary, Config: w.configPath(), Data: w.data, Listen: w.listen, Cache: w.chaos.cache, Env: w.env}.Start(ctx)
	return err
}

// start launches the gateway and waits until everything that is on can serve.
func (w *world) start(ctx context.Context) error {
	if err := w.launch(ctx); err != nil {
		return err
	}
	return w.ready(ctx)
}

const readiness = 60 * time.Second

func (w *world) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readiness)
	defer cancel()
	return program.Ready(ctx, w.gateway)
}

// end stops everything of this world, by force.
func (w *world) end() {
	w.gateway.Kill()
	w.sandbox.process.Kill()
	w.client.CloseIdleConnections()
}

// warm compiles the plugins into the shared cache.
func (c *chaos) warm(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	w, err := c.newWorld(ctx, "warm", node+aggregator+statistics+queues+crm, nil)
	if err != nil {
		return err
	}
	defer w.end()
	return w.start(ctx)
}
