package esl

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/percipia/eslgo"
	"github.com/percipia/eslgo/command"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// TestCompareEslgo measures what core/RATIONALE.md says about eslgo's connection: the same load against the same peer, on
// eslgo fenced as well as it can be from outside and on Conn. It is a measurement, not a check, so it runs on demand only:
//
//	PATCHBAY_COMPARE_ESLGO=1 go test -run TestCompareEslgo -v ./core/internal/freeswitch/esl
func TestCompareEslgo(t *testing.T) {
	switch os.Getenv("PATCHBAY_COMPARE_ESLGO") {
	case "":
		t.Skip("a measurement; set PATCHBAY_COMPARE_ESLGO=1")
	case "negative-length":
		compareNegativeLength(t)
		return
	}
	for _, mode := range []string{"in order", "late", "twice", "not at all", "drop"} {
		p := esltest.New(t, &esltest.Peer{Handle: faulty(mode)})
		t.Logf("%-10s  eslgo: %v", mode, measure(t, func() (caller, error) {
			o := eslgo.DefaultInboundOptions
			o.Logger, o.Password, o.ExitTimeout = nil, esltest.Password, 10*time.Millisecond
			c, err := o.Dial(p.Addr())
			return eslgoCaller{c}, err
		}))
		t.Logf("%-10s  own:   %v", mode, measure(t, func() (caller, error) {
			c, err := Dial(t.Context(), Options{Address: p.Addr(), Password: esltest.Password})
			return ownCaller{c}, err
		}))
	}

	p := esltest.New(t, &esltest.Peer{Greet: func(nc net.Conn) {
		_, _ = io.WriteString(nc, "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
		_, _ = io.Copy(io.Discard, nc)
	}})
	refused := make(chan error, 1)
	go func() { _, err := eslgo.Dial(p.Addr(), "x", nil); refused <- err }()
	select {
	case err := <-refused:
		t.Logf("refused ACL: eslgo returned %v", err)
	case <-time.After(15 * time.Second):
		t.Log("refused ACL: eslgo's Dial still blocks after 15 s; nothing outside can end it")
	}

	cmd := exec.Command(os.Args[0], "-test.run=^TestCompareEslgo$", "-test.timeout=20s")
	cmd.Env = append(os.Environ(), "PATCHBAY_COMPARE_ESLGO=negative-length")
	out, err := cmd.CombinedOutput()
	t.Logf("negative Content-Length: process with eslgo ended with %v: %.60s", err, strings.ReplaceAll(string(out), "\n", " "))
}

func compareNegativeLength(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) { r.S.Send("Content-Type: api/response\nContent-Length: -1\n\n") }})
	c, err := eslgo.Dial(p.Addr(), esltest.Password, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.SendCommand(t.Context(), command.API{Command: "x"})
	t.Logf("survived: %v", err)
}

// faulty answers one command in 20 in the given way and the others at once.
func faulty(mode string) func(esltest.Request) {
	var n atomic.Int64
	return func(r esltest.Request) {
		_, token := r.Verb()
		if n.Add(1)%20 != 0 {
			r.S.API(token)
			return
		}
		switch mode {
		case "in order":
			r.S.API(token)
		case "late":
			time.Sleep(120 * time.Millisecond)
			r.S.API(token)
		case "twice":
			r.S.API(token)
			r.S.API(token)
		case "drop":
			r.S.Send("Content-Type: api/response\nContent-Length: 1000\n\n" + token)
			r.S.Drop()
		}
	}
}

type caller interface {
	call(ctx context.Context, token string) (string, error)
	close()
}

type eslgoCaller struct{ c *eslgo.Conn }

func (e eslgoCaller) call(ctx context.Context, token string) (string, error) {
	r, err := e.c.SendCommand(ctx, command.API{Command: "echo", Arguments: token})
	if err != nil {
		return "", err
	}
	return string(r.Body), nil
}
func (e eslgoCaller) close() { e.c.Close() }

type ownCaller struct{ c *Conn }

func (o ownCaller) call(ctx context.Context, token string) (string, error) {
	r, err := o.c.Do(ctx, API("echo", token))
	return string(r.Body), err
}
func (o ownCaller) close() { _ = o.c.Close() }

type tally struct{ right, wrong, failed, hung atomic.Int64 }

func (t *tally) String() string {
	return fmt.Sprintf("%d right, %d WRONG, %d failed, %d calls over 1 s", t.right.Load(), t.wrong.Load(), t.failed.Load(), t.hung.Load())
}

// measure runs 16 callers of 500 commands over 4 connections: one command at a time each, 60 ms deadline, dropped after an error.
func measure(t *testing.T, dial func() (caller, error)) *tally {
	t.Helper()
	pool := make(chan caller, 4)
	for range cap(pool) {
		pool <- nil
	}
	var sum tally
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for n := range 500 {
				c := <-pool
				if c == nil {
					var err error
					if c, err = dial(); err != nil {
						sum.failed.Add(1)
						pool <- nil
						continue
					}
				}
				token := fmt.Sprintf("t-%d-%d", i, n)
				ctx, cancel := context.WithTimeout(t.Context(), 60*time.Millisecond)
				start := time.Now()
				got, err := c.call(ctx, token)
				cancel()
				if time.Since(start) > time.Second {
					sum.hung.Add(1)
				}
				switch {
				case err != nil:
					sum.failed.Add(1)
					c.close()
					c = nil
				case got != token:
					sum.wrong.Add(1)
				default:
					sum.right.Add(1)
				}
				pool <- c
			}
		})
	}
	wg.Wait()
	for range cap(pool) {
		if c := <-pool; c != nil {
			c.close()
		}
	}
	return &sum
}
