package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDoctor damages the data of a real gateway and asks the doctor.
func TestDoctor(t *testing.T) {
	whole := newShell(t, shortFolder(t))
	base, stop := whole.serve(nil)
	for n := range 30 {
		knock(base, n)
	}
	if code, _, errs := whole.command("doctor"); code != exitFault || !strings.Contains(errs, "a gateway runs on") {
		t.Errorf("while it runs: %d %s", code, errs)
	}
	stop()
	code, out, errs := whole.command("doctor")
	if code != exitOK || !strings.Contains(out, "is in order") || !strings.Contains(out, "journal/request: 30 records") || !strings.Contains(out, "secret.key: opens all") {
		t.Fatalf("a whole folder: %d %s%s", code, out, errs)
	}
	first := func(data, suffix string) string {
		list, _ := filepath.Glob(filepath.Join(data, "store", "*"+suffix))
		if len(list) == 0 {
			t.Fatalf("no file %s", suffix)
		}
		return list[0]
	}
	flip := func(path string, at int64) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if at < 0 {
			at += int64(len(b))
		}
		b[at] ^= 0x55
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		spoil func(data string)
		code  int
		says  []string
	}{
		"table":     {func(d string) { flip(first(d, ".sst"), 40) }, exitFault, []string{"DAMAGE", "a table is damaged", "patchbay restore"}},
		"table end": {func(d string) { flip(first(d, ".sst"), -2) }, exitFault, []string{"DAMAGE", "a table is damaged"}},
		"table gone": {func(d string) {
			if err := os.Remove(first(d, ".sst")); err != nil {
				t.Fatal(err)
			}
		}, exitFault, []string{"DAMAGE", "a table is missing"}},
		"manifest": {func(d string) { flip(filepath.Join(d, "store", "MANIFEST"), 20) }, exitFault, []string{"store/MANIFEST: is damaged"}},
		"key": {func(d string) {
			if err := os.WriteFile(filepath.Join(d, "secret.key"), []byte(strings.Repeat("ab", 32)+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, exitFault, []string{"secret.key: "}},
		"store gone": {func(d string) {
			if err := os.RemoveAll(filepath.Join(d, "store")); err != nil {
				t.Fatal(err)
			}
		}, exitFault, []string{"holds no data of a gateway"}},
		"key open to others": {func(d string) {
			if err := os.Chmod(filepath.Join(d, "secret.key"), 0o644); err != nil {
				t.Fatal(err)
			}
		}, exitFault, []string{"can be read by others"}},
		"open to others": {func(d string) {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}, exitOK, []string{"warning", "chmod go-rwx", "is in order"}},
		"left over": {func(d string) {
			if err := os.WriteFile(filepath.Join(d, "store", "009999.sst"), []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, exitOK, []string{"warning", "--repair"}},
	} {
		s := newShell(t, shortFolder(t))
		if err := os.MkdirAll(s.data, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(s.data, os.DirFS(whole.data)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(s.data, "secret.key"), 0o600); err != nil {
			t.Fatal(err)
		}
		c.spoil(s.data)
		code, out, errs := s.command("doctor")
		for _, says := range c.says {
			if code != c.code || !strings.Contains(out, says) {
				t.Errorf("%s: %d %s%s\nwant %d with %q", name, code, out, errs, c.code, says)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(s.data, ".doctor-*")); len(left) > 0 {
			t.Errorf("%s: left behind %v", name, left)
		}
		if name != "left over" {
			continue
		}
		if code, out, _ := s.command("doctor", "--repair"); code != exitOK || !strings.Contains(out, "repair: done for 009999.sst") {
			t.Errorf("repair: %d %s", code, out)
		}
		if kept, _ := filepath.Glob(filepath.Join(s.data, "repair-*", "009999.sst")); len(kept) != 1 {
			t.Errorf("no copy was kept: %v", kept)
		}
		if code, out, _ := s.command("doctor", "--repair"); code != exitOK || !strings.Contains(out, "nothing that can be repaired") {
			t.Errorf("repair again: %d %s", code, out)
		}
	}
	if code, _, errs := whole.command("doctor", "--data", filepath.Join(t.TempDir(), "nowhere")); code != exitFault || !strings.Contains(errs, "there is no data folder") {
		t.Errorf("nowhere: %d %s", code, errs)
	}
}
