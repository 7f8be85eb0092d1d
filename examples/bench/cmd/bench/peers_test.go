package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseWrk(t *testing.T) {
	const out = "Running 2s test @ http://127.0.0.1:1\n  2 threads and 64 connections\n" +
		`RESULT {"requests":1000,"took_us":2000000,"p99_us":4500,"failed":3}` + "\n"
	r, err := parseWrk([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	r.cpu = 20 * time.Millisecond
	if r.perSecond() != 500 || p99(r) != 4.5 || r.Failed != 3 || r.each() != 20 {
		t.Errorf("%+v: %v/s, p99 %v ms, %v µs", r, r.perSecond(), p99(r), r.each())
	}
}

func FuzzParseWrk(f *testing.F) {
	f.Add([]byte(`RESULT {"requests":1,"took_us":1,"p99_us":1,"failed":0}`))
	f.Add([]byte(`RESULT {"requests":0,"took_us":1,"p99_us":1,"failed":64}`))
	f.Add([]byte("RESULT {\nRESULT"))
	f.Add([]byte("Usage: wrk <options> <url>"))
	f.Fuzz(func(t *testing.T, out []byte) {
		if r, err := parseWrk(out); err == nil && (r.Requests <= 0 || r.TookUS <= 0 || r.Failed < 0) {
			t.Errorf("%q: %+v", out, r)
		}
	})
}

// TestNginxConfig: no word in capitals is left over.
func TestNginxConfig(t *testing.T) {
	text, err := os.ReadFile("../../peers/nginx/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	got, err := nginxConfig(string(text), "/peer", "/folder", "/users", "127.0.0.1:2", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got) {
		if line, _, _ := strings.Cut(line, "#"); strings.ContainsAny(strings.ReplaceAll(line, "X-Phone", ""), "ABDEFGHIJKLMNOQRSUVWXYZ") && !strings.Contains(line, "Con") && !strings.Contains(line, "POST") {
			t.Errorf("not filled in: %s", line)
		}
	}
	for _, want := range []string{"listen 127.0.0.1:1 ", "server 127.0.0.1:2;", `load_users("/users")`, `open_record("/folder/journal")`, "load_module " + nginxModules} {
		if !strings.Contains(got, want) {
			t.Errorf("there is no %q", want)
		}
	}
}

// rounded is a peer with the same figures in every round.
func rounded(id string, perSecond int, cpu time.Duration, p99 float64, failed int) *peer {
	p := &peer{id: id, title: "the peer " + id}
	for i := range works {
		for range 3 {
			p.rounds[i] = append(p.rounds[i], &round{Requests: perSecond, TookUS: 1e6, P99US: p99 * 1000, Failed: failed, cpu: cpu * time.Duration(perSecond)})
			p.resident[i] = append(p.resident[i], 50)
		}
	}
	return p
}

// TestJudgePeers: goals that are met, missed, and impossible to judge.
func TestJudgePeers(t *testing.T) {
	b := &bench{}
	peers := []*peer{
		rounded(native, 10_000, 20*time.Microsecond, 2, 0), rounded(gateway, 9_000, 30*time.Microsecond, 5, 0), rounded(nginxID, 20_000, 29*time.Microsecond, 1, 0),
		rounded(rustID, 8_000, 40*time.Microsecond, 3, 0), rounded(traefik, 2_900, 90*time.Microsecond, 9, 0),
		{id: extismID, title: "Extism", missing: "it was not built"},
	}
	b.judgePeers(peers)
	verdicts := map[string]string{}
	for line := range strings.Lines(table(b.figures)) {
		for _, verdict := range []string{"NOT MEASURED", "MISS", "ok"} {
			if strings.HasSuffix(strings.TrimSpace(line), verdict) {
				name, _, _ := strings.Cut(line, "  ")
				verdicts[name] = verdict
				break
			}
		}
	}
	for name, want := range map[string]string{
		"work A against the throughput of native Go": "ok", "work B against the throughput of native Go": "ok",
		"work A against the CPU of nginx + Lua":    "ok",
		"work A against the throughput of Traefik": "ok", "work B against the throughput of Traefik": "ok",
		"work A against the throughput of Extism": "NOT MEASURED", "work B against the throughput of Extism": "NOT MEASURED",
		"work A against the p99 of native Go": "MISS", "work B against the p99 of native Go": "MISS",
		"failed requests of Patchbay": "ok", "failed requests of Patchbay in Rust": "ok",
		"work A in Rust against the throughput of native Go": "MISS", "work A in Rust against the CPU of nginx + Lua": "MISS",
		"work B in Rust against the p99 of native Go": "ok", "work A in Rust against the throughput of Extism": "",
	} {
		if verdicts[name] != want {
			t.Errorf("%s: %q, want %q", name, verdicts[name], want)
		}
	}
	text := peerTable(peers)
	if !strings.Contains(text, "Extism: not measured, it was not built") || !strings.Contains(text, "9000") {
		t.Errorf("table:\n%s", text)
	}
	b = &bench{}
	peers[3] = rounded(rustID, 9_000, 30*time.Microsecond, 1, 1)
	b.judgePeers(peers)
	if last := b.figures[len(b.figures)-1]; last.name != "failed requests of Patchbay in Rust" || last.ok() || last.judged != 6 {
		t.Errorf("failed requests pass: %+v", last)
	}
}

// TestFail: one peer less is no end, without the two sides there is nothing to judge.
func TestFail(t *testing.T) {
	broken := errors.New("it broke\nand said much")
	p := rounded(extismID, 1, time.Microsecond, 1, 0)
	if err := p.fail(broken); err != nil || p.missing != "it broke" || len(p.rounds[0]) > 0 {
		t.Errorf("%v, %+v", err, p)
	}
	for _, c := range []struct {
		id  string
		err error
	}{{native, broken}, {gateway, broken}, {nginxID, fmt.Errorf("x: %w", errDiffers)}} {
		p := rounded(c.id, 1, time.Microsecond, 1, 0)
		if err := p.fail(c.err); !errors.Is(err, c.err) || p.missing != "" {
			t.Errorf("%s with %v goes on: %v", c.id, c.err, err)
		}
	}
}

// TestSameAnswers: peers that differ are found out, in the status or in the body.
func TestSameAnswers(t *testing.T) {
	users := filepath.Join(t.TempDir(), "users")
	if err := os.WriteFile(users, []byte("may\ta\t10\tr\nother\tb\t10\tr\nblocked\tc\t9\tr\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The last example comes without a token.
	last := int64(len(examples(callerTokens{})))
	server := func(status int, body string) *process {
		return answering(t, func(_ string, n int64) (int, string) {
			if n == last {
				return 401, ""
			}
			return status, body
		})
	}
	want, err := sameAnswers(server(200, "{}"), users, nil)
	if err != nil || int64(len(want)) != last {
		t.Fatalf("%d answers, %v", len(want), err)
	}
	if _, err := sameAnswers(server(200, "{}"), users, want); err != nil {
		t.Errorf("the same: %v", err)
	}
	for _, other := range []*process{server(201, "{}"), server(200, "{ }")} {
		if _, err := sameAnswers(other, users, want); err == nil || !strings.Contains(err.Error(), "must do the same") {
			t.Errorf("another answer: %v", err)
		}
	}
	if _, err := sameAnswers(server(500, ""), users, nil); err == nil {
		t.Error("a first peer that serves nothing sets the example")
	}
	if _, err := readTokens(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there is read")
	}
}

func TestPlateau(t *testing.T) {
	begin := time.Now()
	var list []level
	for i, n := range []int64{0, 400, 900, 1000, 1000, 995, 899, 0} {
		list = append(list, level{begin.Add(time.Duration(i) * time.Second), n})
	}
	from, to := plateau(list)
	if from.Sub(begin) != 2*time.Second || to.Sub(begin) != 5*time.Second {
		t.Errorf("from %s to %s", from.Sub(begin), to.Sub(begin))
	}
	if from, to := plateau(list[:1]); !from.IsZero() || !to.IsZero() {
		t.Error("nobody waits, and there is a plateau")
	}
}

// TestBesideCrowd: the other module's calls are told apart by whether the crowd waits.
func TestBesideCrowd(t *testing.T) {
	u := &upstream{delay: 400 * time.Millisecond}
	up := here(t, u)
	server := answering(t, func(string, int64) (int, string) { return 200, "[]" })
	var o others
	crowd := func() error { return storm(up, request("POST", up.address, "/", "", "hello"), 20) }
	if err := besideCrowd(t.Context(), server, "token", up, crowd, &o); err != nil {
		t.Fatal(err)
	}
	if len(o.idle) != 1 || len(o.waiting) != 1 || len(o.whole) != 1 || o.waiting[0] <= 0 {
		t.Errorf("%+v", o)
	}
	broken := answering(t, func(string, int64) (int, string) { return 503, "" })
	if err := besideCrowd(t.Context(), broken, "token", up, crowd, &o); err == nil {
		t.Error("another module that fails passes")
	}
}

// TestFamily: what children use counts, too.
func TestFamily(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no /bin/sh")
	}
	p, err := launch(t.Context(), nil, "/bin/sh", "-c", `sleep 60 & trap 'kill $!; exit 0' TERM; echo "it listens on x"; wait`)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := p.family("stat", func(string) error { n++; return nil }); err != nil || n != 2 {
		t.Errorf("%d processes, %v", n, err)
	}
	if _, err := p.cpu(); err != nil {
		t.Error(err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}

// TestReachable: a program that ends, and a context that does.
func TestReachable(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no /bin/sh")
	}
	p, err := launch(t.Context(), nil, "/bin/sh", "-c", `echo "it listens on x"; echo cannot do that >&2; exit 3`)
	if err != nil {
		t.Fatal(err)
	}
	if p.address, err = freeAddress(); err != nil {
		t.Fatal(err)
	}
	if err := p.reachable(t.Context()); err == nil || !strings.Contains(err.Error(), "cannot do that") {
		t.Errorf("ended: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p, err = launch(t.Context(), nil, "/bin/sh", "-c", `trap 'exit 0' TERM; echo "it listens on x"; while :; do sleep 0.05; done`)
	if err != nil {
		t.Fatal(err)
	}
	if p.address, err = freeAddress(); err != nil {
		t.Fatal(err)
	}
	if err := p.reachable(ctx); err == nil {
		t.Error("nobody listens, and it is reachable")
	}
}
