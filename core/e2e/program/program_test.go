package program

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(t *testing.T, script string, env ...string) *Program {
	t.Helper()
	p, err := Start(t.Context(), "shell", "/bin/sh", env, "-c", script)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestStartOfNothing(t *testing.T) {
	if _, err := Start(t.Context(), "ghost", "/nonexistent/ghost", nil); err == nil || !strings.Contains(err.Error(), "ghost") {
		t.Error(err)
	}
	var none *Program
	none.Kill() // what was never started is gone already
}

// TestKill ends a program whose child holds the output too.
func TestKill(t *testing.T) {
	p := shell(t, "echo the door is $WORD; sleep 60 & exec sleep 60", "WORD=open")
	if rest, err := p.After(t.Context(), "the door is "); err != nil || rest != "open" {
		t.Errorf("%q %v", rest, err)
	}
	if _, err := p.CPU(); err != nil {
		t.Error(err)
	}
	if size, err := p.Status("RssAnon"); err != nil || size <= 0 {
		t.Error(size, err)
	}
	p.Kill()
	if !p.Ended() || p.Err() == nil {
		t.Error("not ended by force")
	}
	if _, err := p.After(t.Context(), "another line"); err == nil || !strings.Contains(err.Error(), "the door is open") {
		t.Errorf("a line after the end, or an error that does not show the output: %v", err)
	}
}

func TestStop(t *testing.T) {
	polite := shell(t, "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done")
	rude := shell(t, "trap '' TERM; echo ready; while :; do sleep 0.01; done")
	failing := shell(t, "trap 'exit 3' TERM; echo ready; while :; do sleep 0.01; done")
	for _, p := range []*Program{polite, rude, failing} {
		if _, err := p.After(t.Context(), "ready"); err != nil {
			t.Fatal(err)
		}
	}
	if err := polite.Stop(t.Context()); err != nil || !polite.Says("bye") {
		t.Error(err, polite.Output())
	}
	if err := polite.Stop(t.Context()); err != nil {
		t.Error("stopped twice:", err)
	}
	if err := failing.Stop(t.Context()); err == nil || !strings.Contains(err.Error(), "exit status 3") {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := rude.Stop(gone); err == nil || !rude.Ended() {
		t.Error("one that does not listen to SIGTERM lives on:", err)
	}
	if err := rude.Signal(syscall.SIGHUP); err == nil {
		t.Error("a signal to nobody")
	}
}

// TestOutput: the last line counts, also that of a program which ends with it; the
// first ones make room.
func TestOutput(t *testing.T) {
	p := shell(t, `i=0; while [ $i -lt 6000 ]; do echo line $i; i=$((i+1)); done; echo "panic: no"; echo tail`)
	if _, err := p.After(t.Context(), "tail"); err != nil {
		t.Fatal(err)
	}
	<-p.Done()
	if p.Says("line 17 ") || strings.HasPrefix(p.Output(), "line 0\n") || !p.Says("line 5999") || !strings.HasSuffix(p.Tail(), " / panic: no / tail") {
		t.Error(p.Tail())
	}
	if p.Broken() != "panic: no / tail" {
		t.Error(p.Broken())
	}
	if healthy := shell(t, "echo fine"); healthy.Err() != nil || healthy.Broken() != "" {
		t.Error(healthy.Broken())
	}
}

func TestFreeAddress(t *testing.T) {
	seen := map[string]bool{}
	for range block + 50 { // more than one block
		a, err := FreeAddress()
		if err != nil || seen[a] {
			t.Fatal(a, err)
		}
		seen[a] = true
	}
	ports.Lock()
	defer ports.Unlock()
	if len(ports.held) < 2 || seen[ports.held[0].Addr().String()] {
		t.Errorf("%d blocks are held, or their marks were handed out", len(ports.held))
	}
}

func TestWaits(t *testing.T) {
	if _, err := Eventually(t.Context(), time.Millisecond, "nothing", func() bool { return false }); err == nil || !strings.Contains(err.Error(), "nothing") {
		t.Error(err)
	}
	n := 0
	if _, err := Eventually(t.Context(), time.Minute, "the third look", func() bool { n++; return n == 3 }); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if Pause(ctx, time.Hour) {
		t.Error("a pause outlived its context")
	}
}

func TestProc(t *testing.T) {
	stat := "1234 (patch) bay) S 1 1 1 0 -1 4194560 1 0 0 0 150 18 3 4 20 0 1 0 1 1 1"
	if d, err := ParseCPU(stat); err != nil || d != 1680*time.Millisecond {
		t.Error(d, err)
	}
	for _, bad := range []string{"", "1 (x) S", "1 (x) S 1 1 1 0 -1 4194560 1 0 0 0 many 18"} {
		if _, err := ParseCPU(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if n, err := ParseStatus("VmPeak:\t 9 kB\nRssAnon:\t    2048 kB\n", "RssAnon"); err != nil || n != 2<<20 {
		t.Error(n, err)
	}
	for _, bad := range []string{"", "RssAnon: some\n"} {
		if _, err := ParseStatus(bad, "RssAnon"); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
