package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestArguments(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":             {[]string{"--help"}, exitHeld, "-rounds"},
		"unknown flag":     {[]string{"--nosuch"}, exitUsage, "nosuch"},
		"unknown scenario": {[]string{"--only", "kill,earthquake"}, exitUsage, "there are kill, disk"},
		"argument":         {[]string{"kill"}, exitUsage, "unexpected argument"},
		"no rounds":        {[]string{"--rounds", "0"}, exitUsage, "--rounds is"},
		"soak":             {[]string{"--soak", "1ms"}, exitUsage, "--soak 1s"},
		"nothing built":    {[]string{"--build", t.TempDir(), "--only", "kill"}, exitMissed, "compile the plugins"},
		"overlay":          {[]string{"overlay"}, exitUsage, "--goroot"},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(tt.args, &stdout, &stderr); code != tt.code || !strings.Contains(stderr.String(), tt.says) {
			t.Errorf("%s: %d %s", name, code, stderr.String())
		}
	}
}

func TestChoose(t *testing.T) {
	got, err := choose(scenarios(), "drain,kill")
	if err != nil || names(got) != "drain, kill" {
		t.Errorf("%s %v", names(got), err)
	}
	if all, err := choose(scenarios(), ""); err != nil || len(all) != len(scenarios()) {
		t.Errorf("%d scenarios, %v", len(all), err)
	}
}

func trials() []*trial {
	c := &chaos{}
	good := c.trial("kill", "%d rounds", 3)
	good.claim("%d answers", 7)
	bad := c.trial("disk", "full | empty")
	bad.figure("seen")
	defer bad.claim("not any more")
	for range maxFaults + 2 {
		bad.miss("two\nlines")
	}
	c.trial("clock", "jumps").skip("no binary")
	return c.trials
}

func TestTable(t *testing.T) {
	all := trials()
	text := table(all)
	for _, want := range []string{"held     7 answers", "MISSED   seen; FAULT: two lines; ", "and 2 more faults", "skipped  no binary"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if unfinished := (&trial{}); unfinished.verdict() != missed || unfinished.seen() != "not finished" {
		t.Error("a scenario that broke off looks well")
	}
	if strings.Contains(text, "not any more") {
		t.Error("a claim was made although something was missed")
	}
	skippedToo := &trial{}
	skippedToo.skip("not here")
	skippedToo.miss("but this is wrong")
	if skippedToo.verdict() != missed {
		t.Error("a skipped trial hides a fault")
	}
}

func TestRewrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(path, []byte("before\n"+blockBegin+"\nold\n"+blockEnd+"\nafter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time replaces the first
		if err := rewrite(path, "a machine", trials()); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if !strings.HasPrefix(text, "before\n"+blockBegin) || !strings.HasSuffix(text, blockEnd+"\nafter\n") || strings.Contains(text, "old") ||
		!strings.Contains(text, `| disk | full \| empty | MISSED |`) || strings.Count(text, "| kill |") != 1 {
		t.Error(text)
	}
	if err := os.WriteFile(path, []byte("no block"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := rewrite(path, "", nil); err == nil {
		t.Error("a document without a block was rewritten")
	}
}

// TestOverlay holds the line that is changed against the toolchain of this test.
func TestOverlay(t *testing.T) {
	out := t.TempDir()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if err := overlay([]string{"--goroot", strings.TrimSpace(string(root)), "--root", "../../../..", "--out", out}, &stderr); err != nil {
		t.Fatal(err, stderr.String())
	}
	raw, err := os.ReadFile(filepath.Join(out, "overlay.json"))
	if err != nil {
		t.Fatal(err)
	}
	var o struct{ Replace map[string]string }
	if err := json.Unmarshal(raw, &o); err != nil || len(o.Replace) != 3 {
		t.Fatalf("%s %v", raw, err)
	}
	changed, err := os.ReadFile(filepath.Join(out, "time.go"))
	if err != nil || bytes.Count(changed, []byte(clockLine+"\tsec += chaosOffset.Load()\n")) != 1 {
		t.Errorf("time.Now is not changed once: %v", err)
	}
	if err := overlay([]string{"--goroot", t.TempDir(), "--out", out}, &stderr); err == nil {
		t.Error("an overlay without a toolchain")
	}
}

func TestTagOfCall(t *testing.T) {
	a := newCall("1001", "9003")
	for _, command := range []string{
		"{origination_caller_id_number=8499" + a.tag + ",x=1}user/1001 9003", "{x=1,origination_caller_id_number='+7499" + a.tag + "'}user/1001 9003",
		"{origination_caller_id_number=" + a.tag + "}user/1001",
	} {
		if got := tagOfCall(call{Command: command}); got != a.tag {
			t.Errorf("%s: %q", command, got)
		}
	}
	if got := tagOfCall(call{Command: "user/1001"}); got != "" {
		t.Error(got)
	}
}
