package program

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// script is a program of a few lines.
func script(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGateway(t *testing.T) {
	var looks atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || looks.Add(1) < 3 {
			http.Error(w, "still compiling", http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	g := Gateway{
		Binary: script(t, `echo "$@"; echo "patchbay listens on $WHERE"; exec sleep 60`),
		Config: "gateway.hcl", Data: filepath.Join(t.TempDir(), "new", "data"), Listen: "127.0.0.1:1", Cache: t.TempDir(),
		Env: []string{"WHERE=" + strings.TrimPrefix(server.URL, "http://")},
	}
	for range 2 { // the second time on the data that is there
		p, err := g.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		if err := Ready(t.Context(), p); err != nil || looks.Load() < 3 {
			t.Errorf("ready after %d looks: %v", looks.Load(), err)
		}
		if want := "serve --config gateway.hcl --data " + g.Data + " --listen 127.0.0.1:1"; !p.Says(want) {
			t.Errorf("%s, want %s", p.Output(), want)
		}
		if to, err := os.Readlink(filepath.Join(g.Data, "cache")); err != nil || to != g.Cache {
			t.Error(to, err)
		}
	}
	server.Close()
	for name, text := range map[string]string{"ended": "echo cannot do that; exit 3", "ended later": "echo patchbay listens on 127.0.0.1:1; echo cannot do that; exit 3"} {
		g.Binary = script(t, text)
		p, err := g.Start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		if err := Ready(t.Context(), p); err == nil || !strings.Contains(err.Error(), "cannot do that") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSandbox(t *testing.T) {
	s := Sandbox{Binary: script(t, `echo "recordings $6"; echo "$@"; exec sleep 60`), ESL: "a:1", HTTP: "b:2", Recordings: "/r", Args: []string{"--speed", "20"}}
	p, err := s.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	if rest, err := p.After(t.Context(), "--esl a:1 --http b:2 --recordings /r --speed 20"); err != nil || rest != "" {
		t.Errorf("%q %v", rest, err)
	}
	s.Binary = script(t, "echo the address is in use; exit 1")
	if _, err := s.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Error(err)
	}
}
