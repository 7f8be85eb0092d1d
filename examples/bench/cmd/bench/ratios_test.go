package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ran is a bench with the figures of a run of one part.
func ran(throughput, memory float64) *bench {
	b := &bench{part: "peers"}
	b.atLeast("throughput", throughput, 0.85, "×", "a")
	b.atMost("memory", memory, 1.15, "×", "b")
	b.atMost("restless", 9, 2, "×", "c")
	b.figures[len(b.figures)-1].noisy = true
	b.atMost("count", 40, 20, "", "f")
	b.figures[len(b.figures)-1].counted = true
	b.atMost("absolute", 30, 20, "ms", "d")
	b.unmeasured("gone", "no reason")
	b.note("told", "e")
	return b
}

var peersRan = []part{{name: "peers"}}

// TestRatios: what one run records, another is compared with.
func TestRatios(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ratios.json")
	if _, err := readRatios(path); err == nil {
		t.Error("a file that is not there is read")
	}
	if err := os.WriteFile(path, []byte(`{"ratios":{"other":{"part":"crowd","value":1.5,"better":"lower"},"old":{"part":"peers","value":2,"better":"lower"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := recordRatios(path, 0.42, ran(0.80, 1.10).figures, peersRan); err != nil {
		t.Fatal(err)
	}
	recorded, err := readRatios(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(recorded.Ratios) != 4 || recorded.Machine == "" || recorded.Busy != 0.42 || recorded.Ratios["other"].Value != 1.5 ||
		recorded.Ratios["throughput"] != (ratio{"peers", 0.8, "higher"}) || recorded.Ratios["count"].Value != 40 || recorded.Ratios["memory"] != (ratio{"peers", 1.1, "lower"}) {
		t.Fatalf("%+v", recorded)
	}
	for _, c := range []struct {
		name               string
		throughput, memory float64
		bad                int
	}{
		{"the same", 0.80, 1.10, 0},
		{"better", 2, 0.5, 0},
		{"worse, within a fifth", 0.67, 1.31, 0},
		{"throughput worse", 0.66, 1.10, 1},
		{"memory worse", 0.80, 1.33, 1},
		{"both", 0.1, 11, 2},
	} {
		text, bad := checkRatios(recorded, ran(c.throughput, c.memory).figures, peersRan)
		if bad != c.bad || strings.Count(text, "REGRESSION") != c.bad {
			t.Errorf("%s: %d regressions, want %d\n%s", c.name, bad, c.bad, text)
		}
		if !strings.Contains(text, "42 % of the machine") {
			t.Errorf("%s: nobody is told what the recorded ratios are worth\n%s", c.name, text)
		}
		if strings.Contains(text, "other") || strings.Contains(text, "restless") {
			t.Errorf("%s: compares what did not run\n%s", c.name, text)
		}
	}
	text, bad := checkRatios(recorded, nil, peersRan)
	if bad != 3 || !strings.Contains(text, "not measured") {
		t.Errorf("a run without its figures passes:\n%s", text)
	}
}

func FuzzReadRatios(f *testing.F) {
	f.Add(`{"ratios":{"a":{"part":"peers","value":1,"better":"lower"}}}`)
	f.Add(`{"ratios":{"a":{"part":"peers","value":0,"better":"lower"}}}`)
	f.Add(`{"ratios":{"a":{"value":1,"better":"sideways"}}}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "ratios.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		list, err := readRatios(path)
		if err != nil {
			return
		}
		for name, r := range list.Ratios {
			if r.Value <= 0 || r.Better != "higher" && r.Better != "lower" {
				t.Errorf("%q: %q is accepted: %+v", text, name, r)
			}
		}
		checkRatios(list, ran(1, 1).figures, peersRan)
	})
}

func TestVerdict(t *testing.T) {
	b := &bench{}
	b.note("told", "a")
	b.atMost("good", 1, 2, "×", "b")
	if err := b.verdict(); err != nil {
		t.Error(err)
	}
	b.unmeasured("gone", "not installed")
	if err := b.verdict(); err == nil || !strings.Contains(err.Error(), "1 goals") {
		t.Errorf("a goal that was not measured passes: %v", err)
	}
	if text := table(b.figures); !strings.Contains(text, "not measured: not installed") || strings.Count(text, "ok") != 1 {
		t.Errorf("the table hides it:\n%s", text)
	}
}

func TestDocument(t *testing.T) {
	const text = "# Title\n\n<!-- measured: peers -->\nold\n<!-- end of peers -->\n\nrest\n"
	got, err := document(text, "peers", "new\nfigures\n")
	want := "# Title\n\n<!-- measured: peers -->\n```figures\nnew\nfigures\n```\n<!-- end of peers -->\n\nrest\n"
	if err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if again, err := document(got, "peers", "new\nfigures\n"); err != nil || again != got {
		t.Errorf("written twice: %q, %v", again, err)
	}
	if same, err := document(text, "crowd", "new"); err != nil || same != text {
		t.Errorf("a part without a place: %q, %v", same, err)
	}
	if _, err := document("<!-- measured: peers -->", "peers", ""); err == nil {
		t.Error("a place without an end is accepted")
	}
}

// TestConditions: a busy machine shows in what is printed and documented.
func TestConditions(t *testing.T) {
	if text := (&bench{rounds: 3, busy: 0.42}).conditions(); !strings.Contains(text, "BUSY: 42 %") {
		t.Error(text)
	}
	if text := (&bench{rounds: 3, busy: 0.04}).conditions(); strings.Contains(text, "BUSY") {
		t.Error(text)
	}
	if share, err := busyShare(t.Context()); err != nil || share < 0 || share > 1 {
		t.Errorf("%v, %v", share, err)
	}
}

func FuzzParseProcessors(f *testing.F) {
	f.Add("cpu  100 0 50 700 50 0 0 100 7 0\ncpu0 1 2 3\n")
	f.Add("cpu0 1 2 3 4 5 6 7 8")
	f.Add("cpu 1 2 3")
	f.Add("cpu 1 2 3 x 5 6 7 8")
	f.Fuzz(func(t *testing.T, text string) {
		idle, all, err := parseProcessors(text)
		if text == "cpu  100 0 50 700 50 0 0 100 7 0\ncpu0 1 2 3\n" && (err != nil || idle != 750 || all != 1000) {
			t.Errorf("%d of %d, %v; want 750 of 1000", idle, all, err)
		}
		if err == nil && !strings.HasPrefix(strings.TrimSpace(text), "cpu") {
			t.Errorf("%q is accepted", text)
		}
	})
}

// TestDocumentOfTheProject: the parts that are to be documented have their place.
func TestDocumentOfTheProject(t *testing.T) {
	path := filepath.Join(t.TempDir(), "performance.md")
	raw, err := os.ReadFile(filepath.Join("../../../..", documentPath))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	b := &bench{rounds: 3}
	for _, name := range []string{"peers", "flight", "throughput", "crowd", "journal", "start", "toggle", "allocations", "languages", "install", "upgrades", "neighbour", partMetering} {
		b.part = name
		b.note("figure of "+name, "measured")
		if err := b.writeDocument(path, []part{{name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range b.figures {
		if !strings.Contains(string(written), f.name) {
			t.Errorf("%s has no place for the part of %q: %s", documentPath, f.name, "<!-- measured: … -->")
		}
	}
}
