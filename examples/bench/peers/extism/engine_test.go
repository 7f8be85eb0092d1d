package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/examples/bench/peers/pipeline"
)

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{nil, {"--dance"}, {"--data", "x", "--users", "y", "--upstream", "z", "--guest", "g", "--timeout", "-1s"}} {
		var words bytes.Buffer
		if code := run(args, io.Discard, &words); code != 2 || words.Len() == 0 {
			t.Errorf("%q: exit code %d, says %q", args, code, words.String())
		}
	}
}

// TestEngine runs the real guest with its time-out on, in both forms of the input.
func TestEngine(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("X-Phone") != "+79190000000" {
			t.Errorf("upstream got %s %v", r.Method, r.Header)
		}
		_, _ = io.WriteString(w, "accepted")
	}))
	t.Cleanup(upstream.Close)
	guest := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.CommandContext(t.Context(), "go", "build", "-buildmode=c-shared", "-o", guest, "./guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("guest: %v\n%s", err, out)
	}
	for _, text := range []bool{false, true} {
		e, err := newEngine(t.Context(), settings{guest: guest, upstream: upstream.Listener.Addr().String(), timeout: time.Minute, text: text})
		if err != nil {
			t.Fatal(err)
		}
		q := pipeline.SMS{Phone: "89190000000", Message: "x", Body: []byte(`{"phone":"89190000000","message":"x"}`)}
		bad := pipeline.SMS{Phone: "84957777777", Message: "x", Body: []byte(`{"phone":"84957777777","message":"x"}`)}
		const estimated = `{"phone":"+79190000000","country":"7","encoding":"gsm7","segments":1`
		for range 2 { // the second time in the instance of the first
			if got, err := e.Estimate(q); err != nil || string(got) != estimated+"}" {
				t.Errorf("text %t, estimate: %s, %v", text, got, err)
			}
			if got, err := e.Submit(q); err != nil || string(got) != estimated+`,"answer":"accepted"}` {
				t.Errorf("text %t, submit: %s, %v", text, got, err)
			}
			if _, err := e.Estimate(bad); !errors.Is(err, pipeline.ErrPhone) {
				t.Errorf("text %t, a landline: %v", text, err)
			}
		}
		if n := len(e.idle); n != 1 {
			t.Errorf("%d instances for one caller", n)
		}
		if err := e.close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if _, err := newEngine(t.Context(), settings{guest: "/does/not/exist", upstream: "127.0.0.1:9"}); err == nil || !strings.Contains(err.Error(), "guest") {
		t.Errorf("no guest: %v", err)
	}
	if _, err := newEngine(t.Context(), settings{guest: guest, upstream: "nowhere"}); err == nil {
		t.Error("an upstream without a port is accepted")
	}
}
