package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestChaos runs the part of `make chaos` that no other test here has: an
// aggregator, a statistics server and a CRM that fail in every way. The crash of
// the gateway is TestKill, FreeSWITCH that comes and goes has its own tests.
func TestChaos(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "chaos")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./examples/chaos/cmd/chaos")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	run := exec.CommandContext(t.Context(), program, "--build", filepath.Join(root, "build"), "--only", "upstream")
	out, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), " held "); n < 15 {
		t.Errorf("%d lines of the table held, want every aggregator fault, the statistics server and the CRM:\n%s", n, out)
	}
}
