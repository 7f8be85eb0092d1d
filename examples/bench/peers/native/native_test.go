package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/examples/bench/peers/pipeline"
)

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{nil, {"--dance"}, {"--data", "x"}, {"--data", "x", "--users", "y"}, {"--data", "x", "--users", "y", "--upstream", "z", "more"}} {
		var words bytes.Buffer
		if code := run(args, io.Discard, &words); code != 2 || words.Len() == 0 {
			t.Errorf("%q: exit code %d, says %q", args, code, words.String())
		}
	}
	var words bytes.Buffer
	if code := run([]string{"--data", t.TempDir(), "--users", "/does/not/exist", "--upstream", "127.0.0.1:9"}, io.Discard, &words); code != 1 || !strings.Contains(words.String(), "users") {
		t.Errorf("no users: exit code %d, says %q", code, words.String())
	}
}

func TestEngine(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("X-Phone") != "+79190000000" || r.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("upstream got %s %v %q, %v", r.Method, r.Header, text, err)
		}
		if string(text) == "refuse" {
			w.WriteHeader(http.StatusForbidden)
		}
		_, _ = io.WriteString(w, "accepted")
	}))
	t.Cleanup(upstream.Close)
	e := newEngine(upstream.Listener.Addr().String())
	t.Cleanup(e.client.CloseIdleConnections)
	const estimated = `{"phone":"+79190000000","country":"7","encoding":"gsm7","segments":1`
	got, err := e.Estimate(pipeline.SMS{Phone: "89190000000", Message: "x"})
	if err != nil || string(got) != estimated+"}" {
		t.Errorf("estimate: %s, %v", got, err)
	}
	got, err = e.Submit(pipeline.SMS{Phone: "89190000000", Message: "x"})
	if err != nil || string(got) != estimated+`,"answer":"accepted"}` {
		t.Errorf("submit: %s, %v", got, err)
	}
	if _, err := e.Submit(pipeline.SMS{Phone: "89190000000", Message: "refuse"}); !errors.Is(err, pipeline.ErrUpstream) {
		t.Errorf("refused: %v", err)
	}
	for _, run := range []func(pipeline.SMS) ([]byte, error){e.Estimate, e.Submit} {
		if _, err := run(pipeline.SMS{Phone: "84957777777", Message: "x"}); !errors.Is(err, pipeline.ErrPhone) {
			t.Errorf("a landline: %v", err)
		}
	}
	upstream.Close()
	if _, err := e.Submit(pipeline.SMS{Phone: "89190000000", Message: "x"}); !errors.Is(err, pipeline.ErrUpstream) {
		t.Errorf("nobody there: %v", err)
	}
}
