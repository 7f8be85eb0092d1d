package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestExportAndApply(t *testing.T) {
	s := newShell(t, shortFolder(t))
	call := func(code int, says, input string, args ...string) string {
		t.Helper()
		var out, errs bytes.Buffer
		got := run(append(args[:1:1], append([]string{"--config", s.config}, args[1:]...)...), strings.NewReader(input), &out, &errs)
		if got != code || !strings.Contains(out.String()+errs.String(), says) {
			t.Errorf("%v: %d %s%s, want %d and %q", args, got, out.String(), errs.String(), code, says)
		}
		return out.String()
	}
	call(exitFault, "no gateway answers", "", "export")
	_, stop := s.serve(nil)
	defer stop()
	if out := call(exitOK, "{", "", "export", "--json"); strings.TrimSpace(out) != `{"guard":{"call":{"mode":"enforce"},"message":{"mode":"enforce"}}}` {
		t.Errorf("an empty gateway: %s", out)
	}
	call(exitOK, "guard \"call\" {", "", "export")
	// Users go along when they are asked for, and may come back.
	users := call(exitOK, "user \"admin\" {", "", "export", "--users")
	call(exitOK, "Nothing differs.", users, "apply", "-")
	call(exitOK, "/user/crm", users+"\nuser \"crm\" {\n  rights = [\"sms.*\"]\n}\n", "apply", "-")
	call(exitOK, "user \"crm\" {", "", "export", "--users")
	file := filepath.Join(t.TempDir(), "a.hcl")
	if err := os.WriteFile(file, []byte("module \"sms\" {\n enabled = true\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	call(exitFault, "! "+file+":1:1: /module/sms No such module!", "", "apply", "--dry-run", file)
	call(exitFault, file+":1:1: module/sms No such module", "", "apply", file)
	call(exitFault, "document:1:", "module {", "apply", "-")
	call(exitFault, file+":1:", "", "apply", "--dry-run", file)
	call(exitFault, "it is empty", " ", "apply", "-")
	call(exitFault, "no such file", "", "apply", file+"x")
	call(exitUsage, "FILE", "", "apply")
	call(exitOK, "Nothing differs.", `{"module":{}}`, "apply", "-")
	call(exitFault, "colour", `{"colour":{}}`, "apply", "-")
	call(exitFault, "200 KiB", strings.Repeat("#", maxDocument+1), "apply", "-")
}

// TestNodesAndGuardsTravel: what `patchbay export` prints, `patchbay apply` takes on a
// fresh gateway, which then prints the same.
func TestNodesAndGuardsTravel(t *testing.T) {
	start := func() func(code int, input string, args ...string) string {
		s := newShell(t, shortFolder(t))
		_, stop := s.serve(nil)
		t.Cleanup(func() { stop() })
		return func(code int, input string, args ...string) string {
			t.Helper()
			var out, errs bytes.Buffer
			if got := run(append(args[:1:1], append([]string{"--config", s.config}, args[1:]...)...), strings.NewReader(input), &out, &errs); got != code {
				t.Fatalf("%v: %d %s%s, want %d", args, got, out.String(), errs.String(), code)
			}
			return out.String() + errs.String()
		}
	}
	from, to := start(), start()
	const node = `freeswitch "pbx" {
  account_pattern = "[0-9]{4}"
  address         = "127.0.0.1:1"
  password        = "esl-secret"
  weight          = 1
  cdr {
    token = "cdr-token-secret"
  }
}
`
	const guard = "guard \"call\" {\n  allow   = [\"+375\"]\n  mode    = \"watch\"\n  webhook = \"https://alarms.example/hook-secret\"\n}\n"
	if out := from(exitOK, node+guard, "apply", "--dry-run", "-"); !strings.Contains(out, "/freeswitch/pbx: — → {") || !strings.Contains(out, `/guard/call/mode: "enforce" → "watch"`) || strings.Contains(out, "secret") {
		t.Errorf("the preview: %s", out)
	}
	if out := from(exitOK, "", "export"); strings.Contains(out, "pbx") {
		t.Errorf("a preview changed something: %s", out)
	}
	from(exitOK, node+guard, "apply", "-")
	exported := from(exitOK, "", "export")
	if strings.Contains(exported, "secret") {
		t.Errorf("a secret is exported: %s", exported)
	}
	file := filepath.Join(t.TempDir(), "whole.hcl")
	if err := os.WriteFile(file, []byte(exported), 0o600); err != nil {
		t.Fatal(err)
	}
	out := to(exitFault, "", "apply", file)
	for _, line := range []string{":4:3: freeswitch/pbx/password the value of this secret is not here", ":9:5: freeswitch/pbx/cdr/token the value", ":18:3: guard/call/webhook the value"} {
		if !strings.Contains(out, file+line) {
			t.Errorf("nothing says %s: %s", line, out)
		}
	}
	whole := exported
	for hidden, value := range map[string]string{
		"password = {\n    set = true\n  }": `password = "esl-secret"`, "token = {\n      set = true\n    }": `token = "cdr-token-secret"`,
		"webhook = {\n    set = true\n  }": `webhook = "https://alarms.example/hook-secret"`,
	} {
		whole = strings.Replace(whole, hidden, value, 1)
	}
	to(exitOK, whole, "apply", "-")
	if again := to(exitOK, "", "export"); again != exported {
		t.Errorf("it arrived as\n%s\nwant\n%s", again, exported)
	}
	if out := to(exitOK, exported, "apply", "-"); !strings.Contains(out, "Nothing differs.") {
		t.Errorf("the same again: %s", out)
	}
	if out := to(exitOK, to(exitOK, "", "export", "--json"), "apply", "-"); !strings.Contains(out, "Nothing differs.") {
		t.Errorf("the same as JSON: %s", out)
	}
	if out := to(exitOK, `{"guard":{}}`, "apply", "--prune", "-"); !strings.Contains(out, "/freeswitch/pbx: {") {
		t.Errorf("pruned: %s", out)
	}
	out = to(exitFault, "freeswitch \"a\" {\n  weigth = 1\n}\nfreeswitch \"a\" {\n  weight = \"1\"\n}\n", "apply", "-")
	for _, mistake := range []string{"document:2:3: ", `did you mean "weight"`, "document:4:12: ", "is there twice", "document:5:12: ", "must be a number"} {
		if !strings.Contains(out, mistake) {
			t.Errorf("nothing says %s: %s", mistake, out)
		}
	}
}
