package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// cli runs `patchbay …` and returns what it printed.
func (s *shell) cli(args ...string) (code int, stdout, stderr string) {
	s.t.Helper()
	var out, errs bytes.Buffer
	code = run(args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

// replace changes the configuration file.
func (s *shell) replace(old, next string) {
	s.t.Helper()
	text, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		s.t.Fatalf("%q is not in the file", old)
	}
	if err := os.WriteFile(s.config, []byte(strings.Replace(string(text), old, next, 1)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestReloadCommand(t *testing.T) {
	s := newShell(t, shortFolder(t))
	if code, _, errs := s.cli("reload", "--config", s.config); code != exitFault || !strings.Contains(errs, "no gateway answers") {
		t.Errorf("without a gateway: %d %s", code, errs)
	}
	s.serve(nil)
	expect := func(code int, want string, args ...string) {
		t.Helper()
		got, out, errs := s.cli(append([]string{"reload"}, args...)...)
		if got != code || !strings.Contains(out+errs, want) {
			t.Errorf("reload %v: %d %s%s, want %d with %q", args, got, out, errs, code, want)
		}
	}
	expect(exitOK, "Nothing has changed.\n", "--config", s.config)
	s.replace("auth {", "limits {\n  user = \"5/s\"\n}\nauth {")
	expect(exitOK, "In force: limits.user\n", "--config", s.config)

	s.replace("time   = 1", "time   = 2")
	s.replace("plugins = []", "plugins = [\"other\"]")
	expect(exitFault, "auth.argon2.time cannot change while the gateway runs; restart it, or take the change back\n", "--config", s.config)
	expect(exitFault, "gateway.plugins cannot change while the gateway runs", "--config", s.config)
	expect(exitFault, "refused (2 mistakes)", "--config", s.config)
	s.replace("time   = 2", "time   = 1")
	s.replace("plugins = [\"other\"]", "plugins = []")

	// A broken file: with --data the gateway itself is asked, and names every mistake.
	s.replace("\"5/s\"", "\"often\"\n  action = 7")
	for _, want := range []string{`limits.user: "often" is not a rate`, "limits.action must be a string", "refused (2 mistakes), the old one stays in force"} {
		expect(exitFault, want, "--data", s.data)
	}
	expect(exitFault, `limits.user: "often" is not a rate`, "--config", s.config)
	s.replace("\"often\"\n  action = 7", "\"5/s\"")
	expect(exitOK, "Nothing has changed.\n", "--data", s.data)
	expect(exitUsage, "usage", "surplus")
}

func TestSecretsCommand(t *testing.T) {
	for _, running := range []bool{false, true} {
		s := newShell(t, shortFolder(t))
		if code, _, errs := s.cli("secrets", "rotate", "--config", s.config); code != exitFault || !strings.Contains(errs, "there is no data folder") {
			t.Errorf("without data: %d %s", code, errs)
		}
		stop := func() {}
		if running {
			_, stop = s.serve(nil)
		} else {
			s.good("", "add", "crm")
		}
		key := func() string {
			text, err := os.ReadFile(filepath.Join(s.data, "secret.key"))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		before := key()
		if code, out, errs := s.cli("secrets", "rotate", "--config", s.config); code != exitOK || !strings.Contains(out, "secrets are sealed with a new key") {
			t.Errorf("running %t: %d %s%s", running, code, out, errs)
		}
		if key() == before {
			t.Errorf("running %t: the key is the same", running)
		}
		s.good("", "list")
		stop()
		s.good("", "list") // opens what was sealed anew
	}
	s := newShell(t, shortFolder(t))
	if code, _, errs := s.cli("secrets"); code != exitUsage || !strings.Contains(errs, "rotate") {
		t.Errorf("without a verb: %d %s", code, errs)
	}
}
