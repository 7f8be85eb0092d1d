package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
)

// manifestFile is that of the plugin whose twin this is.
const manifestFile = "../../../examples/bench/plugin/plugin.json"

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{
		nil, {"dance"}, {"fill"}, {"fill", "--data", "x", "--rows", "-1"}, {"fill", "--data", "x", "--bad", "0"},
		{"count"}, {"count", "--data", "x", "y"},
		{"serve"}, {"serve", "--data", "x"}, {"serve", "--data", "x", "--manifest", "y"},
	} {
		var out, words bytes.Buffer
		if code := run(args, &out, &words); code != 2 || !strings.Contains(words.String(), "usage: twin") || out.Len() > 0 {
			t.Errorf("%q: exit code %d, says %q, prints %q", args, code, words.String(), out.String())
		}
	}
	var words bytes.Buffer
	code := run([]string{"serve", "--data", t.TempDir(), "--manifest", "/does/not/exist", "--upstream", "http://127.0.0.1:9/"}, io.Discard, &words)
	if code != 1 || !strings.Contains(words.String(), "manifest") {
		t.Errorf("no manifest: exit code %d, says %q", code, words.String())
	}
}

func TestFill(t *testing.T) {
	dir := t.TempDir()
	token, err := fill(t.Context(), dir, 1000, 20)
	if err != nil || len(token) != 32 {
		t.Fatalf("token %q, %v", token, err)
	}
	d, err := openData(t.Context(), dir, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}()
	all, bad := 0, 0
	days := map[string]int{}
	for r, err := range d.journal.AllRequests(t.Context(), journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		all++
		if r.Status >= 400 {
			bad++
		}
		days[r.Time.Format("2006-01-02")]++
	}
	if all != 1000 || bad != 50 || len(days) != filledDays {
		t.Errorf("%d records, %d bad, over %d days; want 1000, 50, %d", all, bad, len(days), filledDays)
	}
}

// TestCount: the command counts what another one wrote.
func TestCount(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"fill", "--data", dir, "--rows", "123"}, {"count", "--data", dir}} {
		var out, words bytes.Buffer
		if code := run(args, &out, &words); code != 0 {
			t.Fatalf("%q: exit code %d, says %q", args, code, words.String())
		}
		if args[0] == "count" && out.String() != "123\n" {
			t.Errorf("%q, want 123", out.String())
		}
	}
}

// TestAnswers: the twin says what the plugin says; the plugin's own test has the
// same texts, and the benchmark compares both again before it measures.
func TestAnswers(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("X-Phone") != "+79190000000" {
			t.Errorf("upstream got %s %q %q, %v", r.Method, r.Header.Get("X-Phone"), text, err)
		}
		if string(text) == "refuse" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, "accepted")
	}))
	defer upstream.Close()
	call := start(t, upstream.URL+"/")
	for _, c := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"echo", `{"phone":"89190000000","message":"Проверка"}`, 200, `{"phone":"89190000000","message":"Проверка"}`},
		{"check", `{"phone":"89190000000","message":"Проверка"}`, 200, `{"phone":"+79190000000","region":"RU","type":"mobile","encoding":"ucs2","segments":1}`},
		{"check", `{"phone":"89190000000","message":"` + strings.Repeat("x", 161) + `"}`, 200, `{"phone":"+79190000000","region":"RU","type":"mobile","encoding":"gsm7","segments":2}`},
		{"check", `{"phone":"84957777777","message":"x"}`, 422, `{"error":"Invalid phone!"}`},
		{"check", `{"phone":"89190000000"}`, 419, `{"error":"Empty message!"}`},
		{"forward", `{"phone":"89190000000","message":"x"}`, 200, `{"phone":"+79190000000","region":"RU","type":"mobile","encoding":"gsm7","segments":1,"answer":"accepted"}`},
		{"forward", `{"phone":"89190000000","message":"refuse"}`, 502, `"error":"Upstream refused!"`},
		{"nothing", `{}`, 405, `{"error":"Access denied!"}`},
	} {
		status, body := call(c.path, c.body)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: %d %s, want %d %s", c.path, c.body, status, body, c.status, c.want)
		}
	}
}

// start runs the twin until the test ends and returns a caller.
func start(t *testing.T, upstream string) func(action, body string) (int, string) {
	t.Helper()
	dir := t.TempDir()
	token, err := fill(t.Context(), dir, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx, options{data: dir, manifest: manifestFile, upstream: upstream, listen: "127.0.0.1:0"}, in, io.Discard)
		_ = in.CloseWithError(io.EOF)
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(strings.TrimPrefix(line, "twin listens on "))
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return func(action, body string) (int, string) {
		t.Helper()
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/bench/"+action, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+token)
		p, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = p.Body.Close() }()
		answer, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		return p.StatusCode, string(answer)
	}
}

// TestFillUsers: the file and the store agree on who may call.
func TestFillUsers(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "users")
	var out, words bytes.Buffer
	if code := run([]string{"fill", "--data", dir, "--users", file}, &out, &words); code != 0 {
		t.Fatalf("exit code %d, says %q", code, words.String())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d, err := openData(t.Context(), dir, nil, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.close() })
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if len(lines) != peerUsers+2 {
		t.Fatalf("%d lines, want %d", len(lines), peerUsers+2)
	}
	for i, line := range lines {
		fields := strings.Split(line, "\t")
		if len(fields) != 4 {
			t.Fatalf("line %d: %q", i+1, line)
		}
		u, err := d.auth.Authenticate(fields[0], netip.MustParseAddr("127.0.0.1"))
		switch {
		case i == peerUsers+1:
			if err == nil || fields[2] != "9" {
				t.Errorf("the blocked user %q may call", line)
			}
		case err != nil || u.Login != fields[1] || fields[2] != "10":
			t.Errorf("%q: %+v, %v", line, u, err)
		case u.Rights.Allows("bench", "estimate") != (i < peerUsers) || strings.Contains(fields[3], "bench.estimate") != (i < peerUsers):
			t.Errorf("%q: rights %v", line, u.Rights)
		}
	}
}
