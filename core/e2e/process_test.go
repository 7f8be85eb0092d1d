package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// patience bounds every wait of the tests. It is never reached by a test that
// passes; it only keeps one that fails from hanging.
const patience = 60 * time.Second

func patiently() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), patience) // also during cleanup, when the test's own has ended
}

// eventually waits until a condition holds and fails the test when it never does.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	if _, err := program.Eventually(context.Background(), patience, what, condition); err != nil {
		t.Fatal(err)
	}
}

// process is a program that a test started, with the patience of the tests.
type process struct{ *program.Program }

// start runs a program. Its environment is the test's and env.
func start(name, binary string, env []string, args ...string) (*process, error) {
	p, err := program.Start(context.Background(), name, binary, env, args...) // attach ends it
	if err != nil {
		return nil, err
	}
	return &process{p}, nil
}

// after returns what follows prefix on the first line that begins with it.
func (p *process) after(prefix string) (string, error) {
	ctx, cancel := patiently()
	defer cancel()
	return p.After(ctx, prefix)
}

// stop asks the process to end, as systemd would, and returns how it did.
func (p *process) stop() error {
	ctx, cancel := patiently()
	defer cancel()
	return p.Stop(ctx)
}

// attach ends the process with the test and shows its output when the test failed.
func (p *process) attach(t testing.TB, end func() error) {
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if p.Broken() != "" {
			t.Errorf("%s panicked", p.Name)
		}
		if t.Failed() {
			const shown = 20_000
			out := p.Output()
			t.Logf("output of %s:\n%s", p.Name, out[max(0, len(out)-shown):])
		}
	})
}

func freeAddress(t testing.TB) string {
	t.Helper()
	address, err := program.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return address
}
