// Package program runs the real binaries for tests and for the programs in examples:
// it starts them, reads what they print, and ends them.
package program

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is a process in a process group of its own. Its methods are safe for
// concurrent use.
type Program struct {
	Name  string
	Began time.Time // just before exec

	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of Wait; read after done

	mu      sync.Mutex
	changed chan struct{} // closed and replaced at each new line
	lines   []string      // both outputs, the newest maxLines
}

const maxLines = 5000

// Start runs a binary with the environment of this process and env. It ends with
// ctx at the latest; whoever started it ends it with Kill or Stop.
func Start(ctx context.Context, name, binary string, env []string, args ...string) (*Program, error) {
	p := &Program{Name: name, cmd: exec.CommandContext(ctx, binary, args...), done: make(chan struct{}), changed: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // make's and the shell's children end with it
	p.cmd.Cancel = func() error { return syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.cmd.Stdout, p.cmd.Stderr = writer, writer
	p.Began = time.Now()
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
func (p *Program) collect(reader io.ReadCloser) {
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

// After waits for a line that begins with prefix and returns the rest of it.
func (p *Program) After(ctx context.Context, prefix string) (string, error) {
	for ended := false; ; {
		p.mu.Lock()
		changed := p.changed
		for _, line := range p.lines {
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				p.mu.Unlock()
				return rest, nil
			}
		}
		p.mu.Unlock()
		if ended {
			return "", fmt.Errorf("%s ended (%v) and did not print %q\n%s", p.Name, p.err, prefix, p.Output())
		}
		select {
		case <-changed:
		case <-p.done:
			ended = true // its last lines have come meanwhile
		case <-ctx.Done():
			return "", fmt.Errorf("%s did not print %q: %w\n%s", p.Name, prefix, ctx.Err(), p.Output())
		}
	}
}

// Says reports whether a line of the output contains text.
func (p *Program) Says(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, line := range p.lines {
		if strings.Contains(line, text) {
			return true
		}
	}
	return false
}

// Output is what was printed so far, the newest thousands of lines.
func (p *Program) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n")
}

// Tail is the end of the output on one line, for messages.
func (p *Program) Tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines[max(0, len(p.lines)-8):], " / ")
}

// Broken returns the words of a program that ended as none may, "" for one that did
// not.
func (p *Program) Broken() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, line := range p.lines {
		// At the beginning of a line: the words of a plugin that dies stand behind a time.
		for _, sign := range [...]string{"panic:", "fatal error:", "[signal SIGBUS", "WARNING: DATA RACE", "goroutine 1 ["} {
			if strings.HasPrefix(line, sign) {
				return strings.Join(p.lines[i:min(len(p.lines), i+12)], " / ")
			}
		}
	}
	return ""
}

// PID is the process id, also of a process that has ended.
func (p *Program) PID() int { return p.cmd.Process.Pid }

// Signal sends a signal to the process alone, not to its group.
func (p *Program) Signal(s syscall.Signal) error { return p.cmd.Process.Signal(s) }

// Done is closed when the process has ended.
func (p *Program) Done() <-chan struct{} { return p.done }

// Ended reports whether the process has ended.
func (p *Program) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Err says how the process ended, nil for exit code 0. It waits for the end.
func (p *Program) Err() error {
	<-p.done
	return p.err
}

// Kill ends the process and its children as a crash would, and returns when they
// are gone. On nil it does nothing.
func (p *Program) Kill() {
	if p == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended already
	<-p.done
}

// Stop asks the process to end, as systemd would, and returns how it did. When ctx
// ends first, it is killed.
func (p *Program) Stop(ctx context.Context) error {
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s: %w: %s", p.Name, p.err, p.Tail())
		}
		return nil
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s did not end on SIGTERM: %w", p.Name, ctx.Err())
	}
}
