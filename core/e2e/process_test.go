package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait of the tests. It is never reached by a test that
// passes; it only keeps one that fails from hanging.
const patience = 60 * time.Second

// eventually waits until a condition holds and fails the test when it never does.
// The pauses only save processor time: no result depends on them.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", patience, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// process is a program that a test started. Its output is kept.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of Wait; read after done

	mu      sync.Mutex
	changed *sync.Cond
	lines   []string // both outputs, the newest maxLines
	ended   bool
}

const maxLines = 5000

// start runs a program. Its environment is the test's and env.
func start(name, binary string, env []string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.Command(binary, args...), done: make(chan struct{})}
	p.changed = sync.NewCond(&p.mu)
	p.cmd.Env = append(os.Environ(), env...)
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // make's and the shell's children end with it
	err = p.cmd.Start()
	_ = writer.Close() // the child has its own
	if err != nil {
		_ = reader.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go p.collect(reader)
	return p, nil
}

// collect ends when the process and everything that inherited its output ended.
func (p *process) collect(reader io.ReadCloser) {
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		p.mu.Lock()
		if len(p.lines) == maxLines {
			p.lines = p.lines[1:]
		}
		p.lines = append(p.lines, scanner.Text())
		p.changed.Broadcast()
		p.mu.Unlock()
	}
	_ = reader.Close() // only read
	p.err = p.cmd.Wait()
	p.mu.Lock()
	p.ended = true
	p.changed.Broadcast()
	p.mu.Unlock()
	close(p.done)
}

// after returns what follows prefix on the first line that begins with it.
func (p *process) after(prefix string) (string, error) {
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.changed.Broadcast()
	})
	defer timer.Stop()
	deadline := time.Now().Add(patience)
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		for _, line := range p.lines {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				return rest, nil
			}
		}
		if p.ended || time.Now().After(deadline) {
			return "", fmt.Errorf("%s did not print %q:\n%s", p.name, prefix, strings.Join(p.lines, "\n"))
		}
		p.changed.Wait()
	}
}

// output returns everything that was printed so far.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// kill ends the process and its children at once, as a crash would.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended already
	<-p.done
}

// stop asks the process to end, as systemd would, and returns how it did.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); errors.Is(err, os.ErrProcessDone) {
		<-p.done
		return p.err
	}
	select {
	case <-p.done:
		return p.err
	case <-time.After(patience):
		p.kill()
		return fmt.Errorf("%s did not end on SIGTERM", p.name)
	}
}

// attach ends the process with the test and shows its output when the test failed.
func (p *process) attach(t testing.TB, end func() error) {
	t.Cleanup(func() {
		if err := end(); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		out := p.output()
		if strings.Contains(out, "panic:") || strings.Contains(out, "DATA RACE") || strings.Contains(out, "goroutine 1 [") {
			t.Errorf("%s panicked", p.name)
		}
		if t.Failed() {
			const shown = 20_000
			t.Logf("output of %s:\n%s", p.name, out[max(0, len(out)-shown):])
		}
	})
}

// nextPort counts through ports below those that the system gives to outgoing
// connections, so that none is handed out twice or taken in between.
var nextPort atomic.Uint32

const (
	firstPort = 20_000
	portRange = 12_000
)

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t testing.TB) string {
	t.Helper()
	for range portRange {
		port := firstPort + (nextPort.Add(1)+uint32(os.Getpid())*101)%portRange
		address := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue // somebody else's
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return address
	}
	t.Fatal("no port is free")
	return ""
}
