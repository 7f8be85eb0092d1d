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
	if out := call(exitOK, "{", "", "export", "--json"); strings.TrimSpace(out) != "{}" {
		t.Errorf("an empty gateway: %s", out)
	}
	call(exitOK, "", "", "export")
	// Users go along when they are asked for, and may come back.
	users := call(exitOK, "user \"admin\" {", "", "export", "--users")
	call(exitOK, "Nothing differs.", users, "apply", "-")
	call(exitOK, "/user/crm", users+"\nuser \"crm\" {\n  rights = [\"sms.*\"]\n}\n", "apply", "-")
	call(exitOK, "user \"crm\" {", "", "export", "--users")
	file := filepath.Join(t.TempDir(), "a.hcl")
	if err := os.WriteFile(file, []byte("module \"sms\" {\n enabled = true\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	call(exitFault, "! /module/sms No such module!", "", "apply", "--dry-run", file)
	call(exitFault, "module/sms No such module", "", "apply", file)
	call(exitFault, "document:1:", "module {", "apply", "-")
	call(exitFault, "it is empty", " ", "apply", "-")
	call(exitFault, "no such file", "", "apply", file+"x")
	call(exitUsage, "FILE", "", "apply")
	call(exitOK, "Nothing differs.", `{"module":{}}`, "apply", "-")
	call(exitFault, "colour", `{"colour":{}}`, "apply", "-")
	call(exitFault, "200 KiB", strings.Repeat("#", maxDocument+1), "apply", "-")
}
