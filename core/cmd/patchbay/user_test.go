package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/app"
	"github.com/patchbay-gw/patchbay/core/internal/config"
)

// shell runs commands on one configuration.
type shell struct {
	t      *testing.T
	config string
	data   string
}

func newShell(t *testing.T, data string) *shell {
	t.Helper()
	text := "gateway {\n  listen  = \"127.0.0.1:0\"\n  data    = \"" + data + "\"\n  plugins = []\n  trusted_proxies = [\"127.0.0.0/8\"]\n}\nauth {\n  argon2 {\n    memory = \"7MiB\"\n    time   = 1\n  }\n}\n"
	path := filepath.Join(t.TempDir(), "gateway.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return &shell{t, path, data}
}

// shortFolder is a data folder whose control socket fits.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "pb")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return filepath.Join(folder, "data")
}

// user runs `patchbay user …` and returns what it printed.
func (s *shell) user(input string, args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(append(append([]string{"user"}, args...), "--config", s.config), strings.NewReader(input), &out, &errs)
	return code, out.String(), errs.String()
}

// good is user for commands that have to succeed.
func (s *shell) good(input string, args ...string) string {
	s.t.Helper()
	code, out, errs := s.user(input, args...)
	if code != exitOK {
		s.t.Fatalf("user %v: %d %s%s", args, code, out, errs)
	}
	return out
}

// bad is user for commands that have to fail and to say why.
func (s *shell) bad(code int, says string, args ...string) {
	s.t.Helper()
	got, out, errs := s.user("", args...)
	if got != code || !strings.Contains(errs, says) {
		s.t.Errorf("user %v: %d %s%s\nwant %d with %q", args, got, out, errs, code, says)
	}
}

// serve runs a gateway and returns its address and what stops it. log may be nil.
func (s *shell) serve(log hclog.Logger) (base string, stop func()) {
	s.t.Helper()
	cfg, diagnostics := config.Load(s.config)
	if err := diagnostics.Err(); err != nil {
		s.t.Fatal(err)
	}
	if log == nil {
		log = hclog.NewNullLogger()
	}
	ctx, cancel := context.WithCancel(context.Background())
	a, err := app.New(ctx, cfg, log)
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	a.ReloadFrom(loader(s.config, config.Override{}))
	bound, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() { ended <- a.Run(ctx, func(at net.Addr) { bound <- at }) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the gateway ended with: %v", err)
		}
	})
	s.t.Cleanup(stop)
	base = "http://" + (<-bound).String()
	// The socket comes right after the address.
	await(s.t, func() bool { return socketAnswers(s.data) || len(app.ControlSocket(s.data)) > 103 })
	return base, stop
}

func socketAnswers(data string) bool {
	c, err := net.Dial("unix", app.ControlSocket(data))
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// TestUser goes through the life of a user, in the data of a stopped gateway and
// through the control socket of a running one.
func TestUser(t *testing.T) {
	for _, running := range []bool{false, true} {
		name := map[bool]string{false: "stopped", true: "running"}[running]
		t.Run(name, func(t *testing.T) {
			s := newShell(t, shortFolder(t))
			base := ""
			if running {
				base, _ = s.serve(nil)
			}
			s.life()
			if running {
				s.usesToken(base)
			}
			s.audited()
		})
	}
}

func (s *shell) life() {
	t := s.t
	code, out, errs := s.user("correct horse\n", "add", "crm", "--rights", "sms.send,contact.*", "--ip", "10.0.0.0/8", "--note", "CRM", "--password-stdin")
	if code != exitOK || out != "User crm is added.\n" {
		t.Fatalf("add: %d %s%s", code, out, errs)
	}
	if strings.Contains(out+errs, "correct horse") {
		t.Error("the chosen password was printed")
	}
	s.bad(exitFault, "Login is taken", "add", "crm")
	if out := s.good("", "add", "crm", "--if-missing", "--rights", "*"); !strings.Contains(out, "is there already") {
		t.Errorf("add --if-missing: %s", out)
	}
	if out := s.good("", "add", "--if-missing", "robot"); !strings.HasPrefix(out, "User robot is added: ") || !strings.HasSuffix(out, " (shown once)\n") || len(out) < 40 {
		t.Errorf("a made password: %s", out)
	}
	list := s.good("", "list")
	for _, want := range []string{"LOGIN", "crm    active  integrator     contact.*,sms.send  10.0.0.0/8", "admin  active  administrator  *"} {
		if !strings.Contains(list, want) {
			t.Errorf("list has no %q:\n%s", want, list)
		}
	}
	s.good("", "set", "crm", "--rights", "", "--role", "auditor", "--ip", "")
	s.good("", "block", "crm")
	if status := s.row("crm")["status"]; status != 9.0 {
		t.Errorf("blocked: %v", status)
	}
	s.bad(exitFault, "User is not active", "token", "crm")
	s.good("", "unblock", "crm")
	row := s.row("crm")
	if row["status"] != 10.0 || row["role"] != "auditor" || len(row["rights"].([]any)) != 0 || len(row["allowed_ips"].([]any)) != 0 || row["note"] != "CRM" {
		t.Errorf("set: %v", row)
	}
	if out := s.good("", "password", "crm", "--password", "chosen-password", "--must-change"); out != "User crm has a new password.\n" {
		t.Errorf("password: %s", out)
	}
	if out := s.good("", "password", "crm", "--json"); !strings.Contains(out, `"password":"`) || !json.Valid([]byte(out)) {
		t.Errorf("password --json: %s", out)
	}

	var token struct{ ID, Token string }
	s.decode(s.good("", "token", "crm", "--label", "nightly", "--lifetime", "90d", "--idle", "never", "--json"), &token)
	if list := s.good("", "tokens", "crm"); len(token.Token) != 32 || !strings.Contains(list, token.ID) || !strings.Contains(list, "nightly") || strings.Contains(list, token.Token) {
		t.Errorf("token %v, tokens:\n%s", token, list)
	}
	s.good("", "revoke", "crm", token.ID)
	s.bad(exitFault, "No such token", "revoke", "crm", token.ID)
	s.good("", "token", "crm")
	if out := s.good("", "revoke", "crm", "--all"); out != "1 tokens of crm have ended.\n" {
		t.Errorf("revoke --all: %s", out)
	}
	s.good("", "remove", "robot")
	if list := s.good("", "list"); strings.Contains(list, "robot") {
		t.Errorf("a deleted user is listed:\n%s", list)
	}
	if list := s.good("", "list", "--deleted"); !strings.Contains(list, "robot  deleted") {
		t.Errorf("list --deleted:\n%s", list)
	}
	s.bad(exitFault, "belongs to a deleted user", "add", "--if-missing", "robot")

	s.bad(exitUsage, "usage: patchbay user", "dance")
	s.bad(exitUsage, "usage: patchbay user add", "add")
	s.bad(exitUsage, "usage: patchbay user list", "list", "crm")
	s.bad(exitUsage, "usage: patchbay user revoke", "revoke", "crm")
	s.bad(exitUsage, "flag provided but not defined", "list", "--rights", "x")
	s.bad(exitFault, "login 1 to 64 characters", "add", "no login!")
	s.bad(exitFault, "is not a right", "add", "other", "--rights", "sms")
	s.bad(exitFault, "allowed_ips/0 must be an address", "add", "other", "--ip", "here")
	s.bad(exitFault, "shorter than 8", "add", "other", "--password", "short")
	s.bad(exitFault, "either --password or", "add", "other", "--password", "x", "--password-stdin")
	s.bad(exitFault, "no password in the input", "password", "crm", "--password-stdin")
	s.bad(exitFault, "--lifetime", "token", "crm", "--lifetime", "soon")
	s.bad(exitFault, "nothing to set", "set", "crm")
	s.bad(exitFault, "No such user", "block", "nobody")
	s.bad(exitFault, "last active administrator", "remove", "admin")
}

func (s *shell) decode(text string, to any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(text), to); err != nil {
		s.t.Fatalf("%v: %s", err, text)
	}
}

func (s *shell) row(login string) map[string]any {
	s.t.Helper()
	var list struct{ Users []map[string]any }
	s.decode(s.good("", "list", "--json"), &list)
	for _, u := range list.Users {
		if u["login"] == login {
			return u
		}
	}
	s.t.Fatalf("no user %s", login)
	return nil
}

// usesToken proves that the running gateway knows at once what the command did.
func (s *shell) usesToken(base string) {
	var token struct{ Token string }
	s.good("", "add", "watcher", "--role", "auditor")
	s.decode(s.good("", "token", "watcher", "--json"), &token)
	me := func() int {
		q, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, base+"/admin/api/v1/me", nil)
		if err != nil {
			s.t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token.Token)
		p, err := http.DefaultClient.Do(q)
		if err != nil {
			s.t.Fatal(err)
		}
		_ = p.Body.Close()
		return p.StatusCode
	}
	if got := me(); got != http.StatusOK {
		s.t.Errorf("with the new token: %d", got)
	}
	s.good("", "block", "watcher")
	if got := me(); got != http.StatusUnauthorized {
		s.t.Errorf("after the block: %d", got)
	}
}

// audited proves that the commands leave the same records as the panel.
func (s *shell) audited() {
	s.t.Helper()
	env := &environment{strings.NewReader(""), new(bytes.Buffer), new(bytes.Buffer)}
	client, err := openUsers(s.t.Context(), env, &userFlags{config: s.config}, false)
	if err != nil {
		s.t.Fatal(err)
	}
	var page struct {
		Rows []struct{ User, IP, Action, Object, RequestID string }
	}
	text, err := client.do(http.MethodGet, "/journal/audit?order=oldest", nil, &page)
	if err := client.close(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	if err != nil || len(page.Rows) < 10 {
		s.t.Fatalf("audit: %v %s", err, text)
	}
	if first := page.Rows[0]; first.User != "local" || first.IP != "" || first.Action != "user.create" || first.Object != "crm" {
		s.t.Errorf("audit: %+v", first)
	}
	for _, secret := range []string{"correct horse", "chosen-password", "password_hash"} {
		if strings.Contains(string(text), secret) {
			s.t.Errorf("%q is in the audit", secret)
		}
	}
}
