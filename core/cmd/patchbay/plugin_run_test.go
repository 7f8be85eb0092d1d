package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// output collects what a process prints and lets a test wait for a line.
type output struct {
	mu   sync.Mutex
	all  []string
	more chan struct{} // closed and replaced with each line
}

func collect(r io.Reader) *output {
	l := &output{more: make(chan struct{})}
	go func() { // ends with the process
		s := bufio.NewScanner(r)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			l.mu.Lock()
			l.all = append(l.all, s.Text())
			close(l.more)
			l.more = make(chan struct{})
			l.mu.Unlock()
		}
	}()
	return l
}

// wait returns the first line, from the given one on, that matches, and the number of the next.
func (l *output) wait(t *testing.T, from int, pattern string) (string, int) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	limit := time.After(2 * time.Minute)
	for {
		l.mu.Lock()
		all, more := l.all, l.more
		l.mu.Unlock()
		for i := from; i < len(all); i++ {
			if re.MatchString(all[i]) {
				return all[i], i + 1
			}
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("no line matches %q in\n%s", pattern, strings.Join(all, "\n"))
		}
	}
}

// smsModule builds and packs the module that declares sms.provider.
func smsModule(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	code, file := filepath.Join(dir, "code.wasm"), filepath.Join(dir, "sms.wasm")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-o", code, ".")
	cmd.Dir = "../../../plugins/sms"
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if exit, _, stderr := patchbay(t, "plugin", "pack", "--manifest", "../../../plugins/sms/plugin.json", "--output", file, code); exit != exitOK {
		t.Fatal(stderr)
	}
	return file
}

// TestRunServesReloadsAndTraces runs the real program: a project, a request
// through the gateway, a change, a mistake, an interrupt.
func TestRunServesReloadsAndTraces(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("builds guests and compiles them")
	}
	bodies := make(chan string, 10)
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		bodies <- string(b)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id": "m-1"}`)
	}))
	t.Cleanup(upstream.Close)
	folder, _ := project(t, "sms-acme", "go", "sms.provider")
	settings := filepath.Join(folder, "settings.json")
	if err := os.WriteFile(settings, fmt.Appendf(nil, `{"url": %q, "token": "geheim-${x}"}`, upstream.URL), 0o600); err != nil {
		t.Fatal(err)
	}
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	temporary := t.TempDir()
	cmd := exec.CommandContext(t.Context(), own, "plugin", "run", "--listen", "127.0.0.1:0", "--with", smsModule(t), folder)
	cmd.Env = append(os.Environ(), "PATCHBAY_TEST_IS_PATCHBAY=1", "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off", "TMPDIR="+temporary)
	stdout, err1 := cmd.StdoutPipe()
	stderr, err2 := cmd.StderrPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said, traced := collect(stdout), collect(stderr)

	example, _ := said.wait(t, 0, `curl .*/sms/send`)
	_, next := said.wait(t, 0, `^sms-acme: warm`)
	said.wait(t, 0, `^sms: warm`)
	parts := regexp.MustCompile(`Bearer (\S+)' .* (http://\S+)$`).FindStringSubmatch(example)
	if parts == nil {
		t.Fatalf("no token and address in %q", example)
	}
	send := func() string {
		q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, parts[2], strings.NewReader(`{"phone": "89190000000", "message": "Код 1"}`))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Authorization", "Bearer "+parts[1])
		answer, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Fatalf("%d %s %v", answer.StatusCode, b, err)
		}
		return <-bodies
	}
	if got := send(); !strings.Contains(got, `"text":"Код 1"`) {
		t.Errorf("the upstream got %s", got)
	}
	traced.wait(t, 0, `sms-acme#\d+ → sms.provider/send .*\+79190000000`)
	traced.wait(t, 0, `sms-acme#\d+   http_fetch POST `+regexp.QuoteMeta(upstream.URL)+`.* → 200 `)
	traced.wait(t, 0, `sms-acme#\d+ ← reply .*"m-1".* in the guest, [\d,]+ CPU units`)

	main := filepath.Join(folder, "main.go")
	src, err := os.ReadFile(main)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(main, append(src, "\nvar x int = nothing\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	_, next = said.wait(t, next, `^the change is not taken: make`)
	if got := send(); !strings.Contains(got, `"text":`) {
		t.Errorf("with a change that does not compile the upstream got %s", got)
	}
	if err := os.WriteFile(main, bytes.Replace(src, []byte(`Str("text"`), []byte(`Str("body"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	_, next = said.wait(t, next, `^reloaded$`)
	said.wait(t, next, `^sms-acme: warm`)
	said.wait(t, next, `^sms: warm`)
	if got := send(); !strings.Contains(got, `"body":"Код 1"`) {
		t.Errorf("after the change the upstream got %s", got)
	}

	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	traced.mu.Lock()
	defer traced.mu.Unlock()
	if text := strings.Join(traced.all, "\n"); strings.Contains(text, "geheim") {
		t.Errorf("a secret is in the trace:\n%s", text)
	}
}

func TestRunTellsWhatIsMissing(t *testing.T) {
	folder := t.TempDir()
	src, err := os.ReadFile("../../../plugins/sms-kannel/plugin.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "plugin.json"), src, 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := patchbay(t, "plugin", "run", folder); code != exitFault || !strings.Contains(stderr, "make: ") {
		t.Errorf("without a Makefile: %d %s", code, stderr)
	}
	if code, _, stderr := patchbay(t, "plugin", "run", filepath.Join(folder, "plugin.json")); code != exitFault || stderr == "" {
		t.Errorf("a file that is no plugin: %d %s", code, stderr)
	}
}
