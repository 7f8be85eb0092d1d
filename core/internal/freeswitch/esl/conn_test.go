package esl

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

func dial(t *testing.T, addr string, o Options) *Conn {
	t.Helper()
	o.Address = addr
	if o.Password == "" {
		o.Password = esltest.Password
	}
	c, err := Dial(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func replay(t *testing.T, name string, chunk int, hangup bool) *esltest.Peer {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".s2c.raw")
	if err != nil {
		t.Fatal(err)
	}
	return esltest.New(t, &esltest.Peer{Greet: esltest.Replay(t, raw, chunk, hangup)})
}

func do(t *testing.T, c *Conn, cmd Command) Reply {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := c.Do(ctx, cmd)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func waitDone(t *testing.T, c *Conn) error {
	t.Helper()
	select {
	case <-c.Done():
		return c.Err()
	case <-time.After(10 * time.Second):
		t.Fatal("connection did not end")
		return nil
	}
}

func TestReplayLogin(t *testing.T) {
	for _, tc := range []struct {
		name string
		want error
	}{
		{"auth-02-wrong-password", ErrAuth},
		{"auth-07-userauth-wrong", ErrAuth},
		{"auth-05-rude-rejection", ErrRejected},
	} {
		for _, chunk := range []int{0, 1, 7} {
			p := replay(t, tc.name, chunk, true)
			_, err := Dial(t.Context(), Options{Address: p.Addr(), Password: "wrong", Timeout: 5 * time.Second})
			if !errors.Is(err, tc.want) {
				t.Errorf("%s in pieces of %d: %v, want %v", tc.name, chunk, err, tc.want)
			}
		}
	}
}

func TestReplayOKThenExit(t *testing.T) {
	p := replay(t, "auth-01-ok-then-exit", 1, true)
	c := dial(t, p.Addr(), Options{})
	if r := do(t, c, Exit()); r.Text != "+OK bye" || r.Type != TypeReply {
		t.Fatalf("exit: %+v", r)
	}
	if err := waitDone(t, c); !errors.Is(err, ErrDisconnected) {
		t.Fatalf("after exit: %v", err)
	}
}

// A denied "api" is answered with command/reply: a client that waits for api/response would hang.
func TestReplayRestrictedUser(t *testing.T) {
	p := replay(t, "auth-06-userauth-ok-restricted", 3, false)
	c := dial(t, p.Addr(), Options{User: "esluser@127.0.0.1", Password: "eslpass"})
	if r := do(t, c, API("status", "")); r.Type != TypeAPI || !strings.HasPrefix(string(r.Body), "UP ") {
		t.Fatalf("status: %+v", r)
	}
	if r := do(t, c, API("originate", "loopback/9001 &park")); r.Type != TypeReply || r.Text != "-ERR permission denied" {
		t.Fatalf("originate: %+v", r)
	}
	if r := do(t, c, BgAPI("status", "", "x")); !strings.HasPrefix(r.Text, "+OK Job-UUID: ") {
		t.Fatalf("bgapi: %+v", r)
	}
	if r := do(t, c, Subscribe("CHANNEL_CREATE")); !strings.HasPrefix(r.Text, "+OK event") {
		t.Fatalf("event: %+v", r)
	}
	if r := do(t, c, Subscribe("HEARTBEAT")); r.Text != "-ERR permission denied" {
		t.Fatalf("event: %+v", r)
	}
}

// Results of background jobs come out of order, between answers.
func TestReplayParallelJobs(t *testing.T) {
	for _, chunk := range []int{0, 1} {
		p := replay(t, "proto-bgapi-parallel", chunk, false)
		var mu sync.Mutex
		var jobs []string
		all := make(chan struct{})
		c := dial(t, p.Addr(), Options{OnEvent: func(e Event) {
			mu.Lock()
			defer mu.Unlock()
			if jobs = append(jobs, e.Header.Get("Job-Command-Arg")); len(jobs) == 3 {
				close(all)
			}
		}})
		do(t, c, Subscribe("BACKGROUND_JOB"))
		for _, ms := range []string{"2000", "1000", "500"} {
			do(t, c, BgAPI("msleep", ms, "x"))
		}
		if r := do(t, c, API("version", "short")); string(r.Body) != "1.10.12-release\n" {
			t.Fatalf("version: %+v", r)
		}
		select {
		case <-all:
		case <-time.After(10 * time.Second):
			t.Fatal("events missing")
		}
		mu.Lock()
		if got := strings.Join(jobs, " "); got != "500 1000 2000" {
			t.Errorf("order of results: %s", got)
		}
		mu.Unlock()
	}
}

func TestReplayOddAnswers(t *testing.T) {
	c := dial(t, replay(t, "cmd-unknown", 0, false).Addr(), Options{})
	if r := do(t, c, Command{Line: Raw("frobnicate")}); r.Text != "-ERR command not found" {
		t.Errorf("unknown verb: %+v", r)
	}
	c = dial(t, replay(t, "api-empty-output-noreply", 0, false).Addr(), Options{})
	if r := do(t, c, API("global_getvar", "nosuchvar")); string(r.Body) != "-ERR no reply\n" {
		t.Errorf("empty output: %+v", r)
	}
	// log/data frames between the answers are skipped.
	c = dial(t, replay(t, "log-stream", 5, false).Addr(), Options{})
	for range 2 {
		if r := do(t, c, API("version", "")); r.Text == "" && len(r.Body) == 0 {
			t.Errorf("log stream: %+v", r)
		}
	}
}

func TestReplayEnd(t *testing.T) {
	c := dial(t, replay(t, "shutdown-restart-watcher", 0, true).Addr(), Options{})
	do(t, c, Subscribe("SHUTDOWN"))
	do(t, c, API("fsctl", "shutdown restart"))
	if err := waitDone(t, c); !errors.Is(err, ErrShutdown) || !errors.Is(err, ErrDisconnected) {
		t.Errorf("restart: %v", err)
	}
	c = dial(t, replay(t, "shutdown-sigkill-watcher", 0, true).Addr(), Options{})
	do(t, c, Subscribe("ALL"))
	if err := waitDone(t, c); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("crash: %v", err)
	}
}

func TestDialIsBounded(t *testing.T) {
	greet := func(first string) func(net.Conn) {
		return func(nc net.Conn) {
			_, _ = io.WriteString(nc, first)
			_, _ = io.Copy(io.Discard, nc) // until the client gives up
		}
	}
	for name, first := range map[string]string{
		"says nothing":           "",
		"half a greeting":        "Content-Type: auth/req",
		"never answers the auth": "Content-Type: auth/request\n\n",
	} {
		p := esltest.New(t, &esltest.Peer{Greet: greet(first)})
		if _, err := Dial(t.Context(), Options{Address: p.Addr(), Password: "x", Timeout: 50 * time.Millisecond}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := esltest.New(t, &esltest.Peer{Greet: greet("HTTP/1.1 400 Bad Request\r\n\r\n")})
	if _, err := Dial(t.Context(), Options{Address: p.Addr(), Password: "x"}); !errors.Is(err, ErrProtocol) {
		t.Errorf("not FreeSWITCH: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Dial(ctx, Options{Address: p.Addr(), Password: "x"}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestUnsafeCommandsNeverReachTheSocket(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK\n" }})
	c := dial(t, p.Addr(), Options{})
	before := p.Received()
	for _, evil := range []string{"a\nb", "a\rb", "a\r\nb", "a\x00b", "x\n\napi system id", "x\nconsole_execute: true"} {
		for _, cmd := range []Command{API("status", evil), API(evil, ""), BgAPI("status", "", evil), Subscribe(evil), {Line: Raw(evil)},
			{Line: Raw("x"), Header: []Field{{evil, "v"}}}} {
			_, err := c.Do(t.Context(), cmd)
			var se *SendError
			if !errors.Is(err, ErrUnsafeCommand) || !errors.As(err, &se) || se.Sent {
				t.Errorf("%q: %v", evil, err)
			}
		}
	}
	if _, err := c.Do(t.Context(), Command{Line: Raw("  ")}); !errors.Is(err, ErrUnsafeCommand) {
		t.Errorf("blank: %v", err)
	}
	if r := do(t, c, API("status", "")); string(r.Body) != "+OK\n" {
		t.Fatalf("connection is not usable: %+v", r)
	}
	if got := strings.TrimPrefix(p.Received(), before); got != "api status\n\n" {
		t.Errorf("on the wire: %q", got)
	}
	if _, err := Dial(t.Context(), Options{Address: p.Addr(), Password: "a\n\napi system id"}); !errors.Is(err, ErrUnsafeCommand) {
		t.Errorf("password: %v", err)
	}
}

// No answer in time, an answer too many, a cut frame: each ends the connection, and the error says whether the command went out.
func TestSurpriseEndsConnection(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		switch _, mode := r.Verb(); mode {
		case "silent":
		case "twice":
			r.S.Send(esltest.APIFrame("one") + esltest.APIFrame("two"))
		case "cut":
			r.S.Send("Content-Type: api/response\nContent-Length: 10\n\nabc")
			r.S.Drop()
		case "garbage":
			r.S.Send("hello\n\n")
		}
	}})
	for mode, want := range map[string]error{"silent": context.DeadlineExceeded, "cut": io.ErrUnexpectedEOF, "garbage": ErrProtocol} {
		c := dial(t, p.Addr(), Options{})
		patience := 10 * time.Second
		if mode == "silent" {
			patience = 50 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := c.Do(ctx, API("x", mode))
		cancel()
		var se *SendError
		if !errors.Is(err, want) || !errors.As(err, &se) || !se.Sent {
			t.Errorf("%s: %v", mode, err)
		}
		if waitDone(t, c); c.Err() == nil {
			t.Errorf("%s: connection is still open", mode)
		}
		if _, err := c.Do(t.Context(), API("x", "y")); !errors.As(err, &se) || se.Sent {
			t.Errorf("%s: command on a closed connection: %v", mode, err)
		}
	}
	c := dial(t, p.Addr(), Options{})
	if r := do(t, c, API("x", "twice")); string(r.Body) != "one" {
		t.Errorf("twice: %+v", r)
	}
	if err := waitDone(t, c); !errors.Is(err, ErrOutOfStep) {
		t.Errorf("twice: %v", err)
	}
}

func TestCommandsRunOneAtATime(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: func(_, args string) string { return "echo " + args }})
	c := dial(t, p.Addr(), Options{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				token := strings.Repeat("x", n) + string(rune('a'+i))
				r, err := c.Do(t.Context(), API("echo", token))
				if err != nil || string(r.Body) != "echo "+token {
					t.Errorf("%q %v", r.Body, err)
				}
			}
		})
	}
	wg.Wait()
}
