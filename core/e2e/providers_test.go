package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// caseFile is what this test looks at in a case; the rest is for the rehearsal.
type caseFile []struct {
	Title, Source string
	Upstream      []struct{ Answer struct{ Fail string } }
}

// TestProviderCases plays the cases of every plugin that has some, on the packed
// file that `make build` made.
func TestProviderCases(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join(root, "plugins", "*", "cases"))
	if err != nil {
		t.Fatal(err)
	}
	played := map[string]bool{}
	for _, folder := range folders {
		id := filepath.Base(filepath.Dir(folder))
		played[id] = true
		t.Run(id, func(t *testing.T) {
			want, failures := readCases(t, folder)
			if strings.HasPrefix(id, "sms-") {
				for _, fail := range []string{"refused", "dns", "timeout", "reset"} {
					if !failures[fail] {
						t.Errorf("no case rehearses the failure %s", fail)
					}
				}
			}
			cmd := exec.CommandContext(t.Context(), patchbay, "plugin", "test", "--cases", folder, filepath.Join(plugins, id+".wasm"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, short(withoutPassed(string(out))))
			}
			if !strings.Contains(string(out), fmt.Sprintf("%d cases passed", want)) {
				t.Errorf("want %d cases, got: %s", want, short(withoutPassed(string(out))))
			}
		})
	}
	for _, id := range []string{"sms-smsc", "sms-smsru", "sms-exolve", "sms-aero", "sms-twilio"} {
		if !played[id] {
			t.Errorf("%s has no cases; found %v", id, slices.Sorted(maps.Keys(played)))
		}
	}
}

// readCases counts the cases of a folder and collects how their exchanges fail.
// Every case has a title of its own in its file and says what it rests on.
func readCases(t *testing.T, folder string) (count int, failures map[string]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	failures = map[string]bool{}
	for _, file := range files {
		if filepath.Base(file) == "case.schema.json" {
			continue
		}
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if raw = []byte(strings.TrimSpace(string(raw))); len(raw) > 0 && raw[0] == '{' {
			raw = slices.Concat([]byte("["), raw, []byte("]"))
		}
		var cases caseFile
		if err := json.Unmarshal(raw, &cases); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		titles := map[string]bool{}
		for _, c := range cases {
			if titles[c.Title] {
				t.Errorf("%s: two cases have the title %q", file, c.Title)
			}
			if titles[c.Title] = true; c.Source == "" {
				t.Errorf("%s: %q does not say what it rests on", file, c.Title)
			}
			for _, u := range c.Upstream {
				failures[u.Answer.Fail] = true
			}
		}
		count += len(cases)
	}
	return count, failures
}

// withoutPassed leaves out the lines of cases that passed.
func withoutPassed(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "ok ") {
			b.WriteString(line)
		}
	}
	return b.String()
}
