package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestMakeRun does what `make run` does, with the repository's gateway.hcl, on
// ports of its own, and then follows the manual with the user that it prints.
func TestMakeRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	listen, esl, http := freeAddress(t), freeAddress(t), freeAddress(t)
	p, err := start("make run", filepath.Join(root, ".ci", "run-sandbox"), []string{
		"PATCHBAY_LISTEN=" + listen, "PATCHBAY_ESL=" + esl, "PATCHBAY_SANDBOX=" + http, "PATCHBAY_DATA=" + filepath.Join(dir, "data"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p.attach(t, p.stop)
	credentials, err := p.after("  Integrator  ")
	if err != nil {
		t.Fatal(err)
	}
	login, password, _ := strings.Cut(credentials, " / ")
	if login != integrator {
		t.Errorf("the integrator is %q, the manual's %q", login, integrator)
	}
	w := &world{
		t: t, client: newClient(t), gateway: &gateway{process: p, url: "http://" + listen, listen: listen, dir: dir}, password: password,
		sandbox: &sandboxWorld{process: p, esl: esl, http: http, recordings: filepath.Join(dir, "data", "recordings")},
	}
	w.token = w.login(t, login, password)
	replayManual(t, w)
	if got := w.sandbox.history(t, "incidents"); len(got) > 0 {
		t.Errorf("incidents: %v", got)
	}
	for _, path := range []string{"/", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"} {
		if a := w.do(t, "GET", path, ""); a.status >= 500 || path != "/" && a.status != 200 {
			t.Errorf("%s: %d %s", path, a.status, short(a.body))
		}
	}
}
