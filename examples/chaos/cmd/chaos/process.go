package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a program that this run started, in a process group of its own.
type process struct {
	name  string
	cmd   *exec.Cmd
	began time.Time
	done  chan struct{} // closed when it has ended
	err   error         // of Wait; read after done

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each new line
	lines   []string      // both outputs, the newest maxLines
}

const maxLines = 2000

// start runs a program; it ends with ctx at the latest.
func start(ctx context.Context, name, binary string, env []string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.CommandContext(ctx, binary, args...), done: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	p.began = time.Now()
	err = p.cmd.Start()
	_ = writer.Close() // the child has its own
	if err != nil {
		_ = reader.Close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go p.collect(reader)
	return p, nil
}

// collect ends when the process and what inherited its output ended.
func (p *process) collect(reader io.ReadCloser) {
	scanner := bufio.NewScanner(reader)
	scanner.Buffer(nil, 4<<20)
	for scanner.Scan() {
		p.mu.Lock()
		if len(p.lines) == maxLines {
			p.lines = append(p.lines[:0], p.lines[maxLines/2:]...)
		}
		p.lines = append(p.lines, scanner.Text())
		close(p.changed)
		p.changed = make(chan struct{})
		p.mu.Unlock()
	}
	_ = reader.Close() // only read
	p.err = p.cmd.Wait()
	close(p.done)
}

// after waits for a line that begins with prefix and returns the rest of it.
func (p *process) after(ctx context.Context, prefix string) (string, error) {
	for {
		p.mu.Lock()
		changed := p.changed
		for _, line := range p.lines {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				p.mu.Unlock()
				return rest, nil
			}
		}
		p.mu.Unlock()
		select {
		case <-changed:
		case <-p.done:
			return "", fmt.Errorf("%s ended at once: %v\n%s", p.name, p.err, p.tail())
		case <-ctx.Done():
			return "", fmt.Errorf("%s did not print %q: %w\n%s", p.name, prefix, ctx.Err(), p.tail())
		}
	}
}

// says reports whether a line of the output contains text.
func (p *process) says(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// tail is the end of the output, for messages.
func (p *process) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines[max(0, len(p.lines)-8):], " / ")
}

func (p *process) signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill ends the process as a crash would, and returns when it is gone.
func (p *process) kill() {
	if p == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended already
	<-p.done
}

// stop asks the process to end, as systemd would.
func (p *process) stop(ctx context.Context) error {
	if err := p.signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s ended with %w: %s", p.name, p.err, p.tail())
		}
		return nil
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("%s did not end after SIGTERM: %w", p.name, ctx.Err())
	}
}

// panicked returns the words of a process that ended in a way that no program may,
// "" for one that did not.
func (p *process) panicked() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, line := range p.lines {
		if strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") || strings.Contains(line, "SIGBUS") {
			return strings.Join(p.lines[i:min(len(p.lines), i+12)], " / ")
		}
	}
	return ""
}

// cpu is the processor time that the process has used, 0 where nobody says.
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// Fields 14 and 15 (proc(5)), counted from behind the name, which may hold anything.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond // USER_HZ is 100 on every Linux of today
}

// lastPort counts through ports below those that the system gives to outgoing
// connections: a program that is killed finds its port free when it comes back.
var lastPort atomic.Uint32

const (
	firstPort = 10_000
	portRange = 9_000
)

// freeAddress returns a loopback address that nobody listens on.
func freeAddress() (string, error) {
	for range portRange {
		port := firstPort + (lastPort.Add(1)+uint32(os.Getpid())*101)%portRange
		address := fmt.Sprintf("127.0.0.1:%d", port)
		l, err := net.Listen("tcp", address)
		if err != nil {
			continue // somebody else's
		}
		return address, l.Close()
	}
	return "", errors.New("no port is free")
}

// eventually waits until condition holds. The pauses only save processor time.
func eventually(ctx context.Context, within time.Duration, what string, condition func() bool) (time.Duration, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for !condition() {
		if !pause(ctx, 10*time.Millisecond) {
			return 0, fmt.Errorf("waited %s for %s", time.Since(began).Round(time.Millisecond), what)
		}
	}
	return time.Since(began), nil
}

// pause returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
