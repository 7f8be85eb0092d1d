package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	parts := new(bench).parts()
	got, err := choose(parts, "")
	if err != nil || len(got) != len(parts)-1 || contains(got, "profile") {
		t.Errorf("everything that need not be asked for: %d of %d, %v", len(got), len(parts), err)
	}
	if got, err := choose(parts, "upgrades,crowd"); err != nil || names(got) != "upgrades, crowd" {
		t.Errorf("two: %q, %v", names(got), err)
	}
	if _, err := choose(parts, "crowds"); err == nil || !strings.Contains(err.Error(), "neighbour") {
		t.Errorf("an unknown one: %v", err)
	}
}

const guestsOutput = `[
 {"language": "Go", "conformance": {"bytes": 2000}, "provider": {"bytes": 2000000, "compile_ms": 900, "resident_bytes": 2048},
  "calls": {"echo": {"cpu_us": 5, "units": 29000}, "fetch": {"cpu_us": 16, "units": 99000}, "send": {"cpu_us": 31, "units": 237000}}},
 {"language": "C", "conformance": {"bytes": 1000}, "provider": {"bytes": 50000, "compile_ms": 45, "resident_bytes": 1024}, "blocking": true,
  "calls": {"echo": {"cpu_us": 20, "units": 22000}, "fetch": {"cpu_us": 8, "units": 48000}, "send": {"cpu_us": 9, "units": 67000}}}
]`

func TestReadGuests(t *testing.T) {
	b := &bench{}
	if err := b.readGuests([]byte(guestsOutput)); err != nil {
		t.Fatal(err)
	}
	out := table(b.figures)
	for _, want := range []string{
		"Go 2000 KB, C 50 KB (0.03×)", "Go 900 ms, C 45 ms (0.05×)", "Go 2 KiB, C 1 KiB (0.50×)",
		"Go 5 µs, C 20 µs (4.00×)", "Go 31 µs, C 9 µs (0.29×)", "Go 237 thousand, C 67 thousand (0.28×)", "MISS", "C; in the others",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in\n%s", want, out)
		}
	}
	for _, bad := range []string{"", "{}", "[]", `[{"language":"Go","calls":{"echo":{}}}]`} {
		if err := new(bench).readGuests([]byte(bad)); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestBuilt(t *testing.T) {
	b := &bench{build: t.TempDir()}
	if _, _, err := b.built(); err == nil {
		t.Error("nothing is built, and that is fine")
	}
	if err := os.MkdirAll(b.program("bench/languages"), 0o700); err != nil {
		t.Fatal(err)
	}
	rust := known[slices.IndexFunc(known, func(l language) bool { return l.id == "rust" })]
	for _, file := range []string{rust.kit(), rust.provider(), rust.next(), known[0].kit()} {
		if err := os.WriteFile(filepath.Join(b.build, file), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	there, missing, err := b.built()
	if err != nil || !slices.Equal(there, []language{rust}) || !slices.Equal(missing, []string{"Go", "C", "AssemblyScript"}) {
		t.Errorf("%v, %v, %v", there, missing, err)
	}
}

func TestParseMetric(t *testing.T) {
	const text = "# TYPE a_bytes gauge\na_bytes_total 7\na_bytes{x=\"1\"} 8\na_bytes 1.5e+06\n"
	if v, err := parseMetric(text, "a_bytes"); err != nil || v != 1.5e6 {
		t.Errorf("%v, %v", v, err)
	}
	for _, bad := range []string{"", "a_bytes much\n", "b_bytes 1\n"} {
		if _, err := parseMetric(bad, "a_bytes"); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
}

func TestAnswerWithoutBody(t *testing.T) {
	c := &conn{in: bufio.NewReader(strings.NewReader("HTTP/1.1 204 No Content\r\nServer: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"))}
	if a, err := c.read(true); err != nil || a.status != 204 || len(a.body) != 0 {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := c.read(true); err == nil {
		t.Errorf("200 without a length: %+v", a)
	}
}

func TestUpstreamTakesSMS(t *testing.T) {
	p := here(t, &upstream{})
	c, err := dial(p.address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for path, want := range map[string]string{"/sms": `{"id":"m-1"}`, "/": "accepted", "/smss": "accepted"} {
		if a, err := c.do(request("POST", p.address, path, "", "text"), true); err != nil || string(a.body) != want {
			t.Errorf("%s: %q, %v", path, a.body, err)
		}
	}
}

func operatorOf(t *testing.T, p *process) *operator {
	t.Helper()
	o, err := newOperator(side{p, "token"}, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.close)
	return o
}

func TestSwitchVersions(t *testing.T) {
	sums := [2]string{"old", "new"}
	// A gateway that does what it is told: new, old, new, old.
	inTurns := func(_ string, n int64) (int, string) { return 200, fmt.Sprintf(`{"sha256":%q}`, sums[n%2]) }
	if took, err := operatorOf(t, answering(t, inTurns)).switchVersions(t.Context(), sums, 4); err != nil || len(took) != 4 {
		t.Errorf("%v, %v", took, err)
	}
	for name, answer := range map[string]func(string, int64) (int, string){
		"it stays":              func(string, int64) (int, string) { return 200, `{"sha256":"new"}` },
		"it waits":              func(string, int64) (int, string) { return 202, `{"sha256":"new","lacks":["http"]}` },
		"it is refused":         func(string, int64) (int, string) { return 409, `{"error":"no"}` },
		"it says nothing known": func(string, int64) (int, string) { return 200, `[]` },
	} {
		if _, err := operatorOf(t, answering(t, answer)).switchVersions(t.Context(), sums, 2); err == nil {
			t.Errorf("%s, and that is an upgrade", name)
		}
	}
}

// eventually waits for what the background does.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never happened: %s", what)
		}
	}
}

func TestTrickleCountsFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(string, int64) (int, string)
		fails  bool
	}{
		{"good", func(string, int64) (int, string) { return 200, `{"result":"OK"}` }, false},
		{"one error", func(_ string, n int64) (int, string) {
			if n == 7 {
				return 200, `{"result":"error"}`
			}
			return 200, `{"result":"OK"}`
		}, true},
		{"one refusal", func(_ string, n int64) (int, string) {
			if n == 7 {
				return 502, `{"error":"x"}`
			}
			return 200, `{"result":"OK"}`
		}, true},
	} {
		p := answering(t, c.answer)
		tr, err := newTrickle(p, request("POST", p.address, pathSMS, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "twenty SMS", func() bool { return tr.served.Load() >= 20 })
		served, err := tr.stop()
		if (err != nil) != c.fails || served < 20 || c.fails && tr.wrong.Load() != 1 {
			t.Errorf("%s: %d served, %d wrong, %v", c.name, served, tr.wrong.Load(), err)
		}
	}
}
