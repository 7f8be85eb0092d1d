package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/bench/probe"
	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// process is a program that listens somewhere and is measured from outside.
type process struct {
	name    string
	cmd     *exec.Cmd
	stdin   io.Writer
	said    chan string // what its probe says
	address string
	began   time.Time
	ended   chan error
	words   *tail
}

// listening is how long a program may take until it says where it listens.
const listening = 30 * time.Second

// launch starts a program and waits for its line "… listens on ADDRESS".
func launch(ctx context.Context, env []string, path string, args ...string) (*process, error) {
	p := &process{name: filepath.Base(path), cmd: exec.CommandContext(ctx, path, args...), ended: make(chan error, 1), said: make(chan string, 1), words: &tail{}}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.words
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	p.began = time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	found := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if _, address, ok := strings.Cut(lines.Text(), "listens on "); ok {
				select {
				case found <- strings.TrimSpace(address):
				default:
				}
			}
			if answer, ok := strings.CutPrefix(lines.Text(), probe.Prefix); ok {
				p.said <- answer // somebody asked and waits
			}
		}
		p.ended <- p.cmd.Wait()
	}()
	timer := time.NewTimer(listening)
	defer timer.Stop()
	select {
	case p.address = <-found:
		return p, nil
	case err := <-p.ended:
		return nil, fmt.Errorf("%s ended at once: %w\n%s", p.name, err, p.words)
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		return nil, fmt.Errorf("%s does not listen after %s\n%s", p.name, listening, p.words)
	}
}

// stop ends the program, by force when it does not go.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(20 * time.Second)
	defer timer.Stop()
	select {
	case err := <-p.ended:
		if err != nil {
			return fmt.Errorf("%s: %w\n%s", p.name, err, p.words)
		}
		return nil
	case <-timer.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s did not end within 20 s of SIGTERM\n%s", p.name, p.words)
	}
}

// cpu is the processor time that the program and its children have used so far, in
// steps of 10 ms.
func (p *process) cpu() (sum time.Duration, err error) {
	err = p.family("stat", func(text string) error {
		used, err := program.ParseCPU(text)
		sum += used
		return err
	})
	return sum, err
}

// family reads a file of /proc for the program and for the processes that it
// started: nginx works in several. A child that has just ended is left out.
func (p *process) family(name string, read func(text string) error) error {
	own := strconv.Itoa(p.cmd.Process.Pid)
	children, err := os.ReadFile(filepath.Join("/proc", own, "task", own, "children"))
	if err != nil {
		return err
	}
	for i, pid := range append([]string{own}, strings.Fields(string(children))...) {
		text, err := os.ReadFile(filepath.Join("/proc", pid, name))
		if err != nil && i > 0 {
			continue
		}
		if err != nil {
			return err
		}
		if err := read(string(text)); err != nil {
			return err
		}
	}
	return nil
}

// memory returns VmHWM (peak) and VmRSS (now) in bytes, children included; pages
// that the processes share count once for each.
func (p *process) memory() (peak, now int64, err error) {
	err = p.family("status", func(text string) error {
		high, err := program.ParseStatus(text, "VmHWM")
		if err != nil {
			return err
		}
		here, err := program.ParseStatus(text, "VmRSS")
		peak, now = peak+high, now+here
		return err
	})
	return peak, now, err
}

// tail keeps the last words of a program for the error message.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const tailBytes = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	if over := len(t.text) - tailBytes; over > 0 {
		t.text = append(t.text[:0], t.text[over:]...)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}
