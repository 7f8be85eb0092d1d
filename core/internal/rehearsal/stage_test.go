package rehearsal_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/rehearsal"
	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

// open returns a stage for the test's plugin.
func open(t *testing.T) *rehearsal.Stage {
	t.Helper()
	manifest, err := os.ReadFile("testdata/guest/plugin.json")
	if err != nil {
		t.Fatal(err)
	}
	p, err := plugin.Pack(guest.Build(t, "testdata/guest"), manifest)
	if err != nil {
		t.Fatal(err)
	}
	o := rehearsal.Options{Package: p, Cache: guest.Cache()}
	if guest.Race {
		o.Cache, o.Engine = "", []wasm.Option{wasm.WithInterpreter()}
	}
	s, err := rehearsal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestCases plays testdata/cases.txt: a case, a line "----------", and the
// problems that must come out, one on a line, each a part of the real text; none
// for a case that passes.
func TestCases(t *testing.T) {
	s := open(t)
	text, err := os.ReadFile("testdata/cases.txt")
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for block := range strings.SplitSeq(string(text), "\n==========\n") {
		source, want, ok := strings.Cut(block, "\n----------")
		if !ok {
			t.Fatalf("no separator in %q", block)
		}
		cases, err := rehearsal.Parse("c.json", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(cases[0].Title, func(t *testing.T) {
			out, err := s.Play(t.Context(), cases[0])
			if err != nil {
				t.Fatal(err)
			}
			problems := slices.Clone(out.Problems)
			for line := range strings.Lines(want) {
				line = strings.TrimSpace(line)
				if line == "" {
					continue
				}
				i := slices.IndexFunc(problems, func(p string) bool { return strings.Contains(p, line) })
				if i < 0 {
					t.Errorf("want the problem %q, got %q", line, out.Problems)
					continue
				}
				problems = slices.Delete(problems, i, i+1)
			}
			if len(problems) > 0 {
				t.Errorf("problems that are not expected: %q\ntrace:\n%s", problems, strings.Join(out.Trace, "\n"))
			}
		})
		played++
	}
	if played < 20 {
		t.Errorf("only %d cases", played)
	}
}

func TestTraceTellsTheStoryWithoutSecrets(t *testing.T) {
	s := open(t)
	cases, err := rehearsal.Parse("c.json", []byte(`{"title": "t", "settings": {"token": "s3cret/+"},
		"request": {"action": "fetch", "params": {"requests": [{"url": "https://a.example/?t=s3cret%2F%2B"}]}},
		"upstream": [{"answer": {"json": {"echo": "s3cret/+"}}}], "hosts": ["a.example"], "reply": {}}`))
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Play(t.Context(), cases[0])
	if err != nil || len(out.Problems) > 0 {
		t.Fatal(err, out.Problems)
	}
	if len(out.Trace) != 5 || out.Units <= 0 || out.Took <= 0 {
		t.Errorf("%d units in %s, trace %q", out.Units, out.Took, out.Trace)
	}
	all := strings.Join(out.Trace, "\n")
	for _, want := range []string{
		"→ configure with token", "→ action fetch", "  http_fetch GET https://a.example/?t=••• → 200 {\"echo\":\"•••\"}", "← reply {\"answers\"", "CPU units",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Contains(all, "s3cret") {
		t.Errorf("the secret is in the trace:\n%s", all)
	}
	if !slices.Contains(out.Log, "info fetched") {
		t.Errorf("log %q", out.Log)
	}
}
