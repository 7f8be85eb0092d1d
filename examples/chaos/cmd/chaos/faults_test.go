package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestFront asks through a front in every mode: what reaches the server and what
// comes back.
func TestFront(t *testing.T) {
	var done atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		done.Add(1)
		body, _ := io.ReadAll(r.Body) // an error shows in the answer
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"got":"` + string(body) + `"}`))
	}))
	t.Cleanup(server.Close)
	f, err := newFront(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.close(); err != nil {
			t.Error(err)
		}
	})
	f.delay.Store(int64(time.Millisecond))
	client := newClient()
	client.Timeout = 500 * time.Millisecond
	t.Cleanup(client.CloseIdleConnections)
	const whole = `{"got":"text"}`
	for _, tt := range []struct {
		name   string
		mode   frontMode
		done   int64
		status int // 0: no whole answer
		body   string
	}{
		{"pass", frontPass, 1, 200, whole}, {"refuse", frontRefuse, 0, 0, ""}, {"silent", frontSilent, 0, 0, ""}, {"slow", frontSlow, 1, 200, whole},
		{"late", frontLate, 1, 0, ""}, {"cut", frontCut, 1, 0, ""}, {"trickle", frontTrickle, 1, 0, ""}, {"truncate", frontTruncate, 1, 0, ""},
		{"garbage", frontGarbage, 1, 0, ""}, {"endless", frontEndless, 1, 0, ""}, {"fail", frontFail, 0, 500, ""}, {"fail, done", frontFailDone, 1, 500, ""},
		{"redirect", frontRedirect, 0, 307, ""}, {"double", frontDouble, 1, 200, whole}, {"pass again", frontPass, 1, 200, whole},
	} {
		if err := f.set(tt.mode); err != nil {
			t.Fatal(err)
		}
		before := done.Load()
		a, err := do(t.Context(), client, "POST", "http://"+f.address+"/x?y=1", "text")
		switch {
		case done.Load()-before != tt.done:
			t.Errorf("%s: done %d times", tt.name, done.Load()-before)
		case tt.status == 0 && err == nil:
			t.Errorf("%s: answered %d %.100s", tt.name, a.status, a.body)
		case tt.status != 0 && (err != nil || a.status != tt.status || tt.body != "" && a.body != tt.body):
			t.Errorf("%s: %d %.100s %v", tt.name, a.status, a.body, err)
		}
	}
	if a, err := do(t.Context(), client, "POST", "http://"+f.address+moved+"/x", "text"); err != nil || a.body != whole || f.followed.Load() != 1 {
		t.Errorf("the address of the redirect: %s %v, %d followed", a.body, err, f.followed.Load())
	}
}

// echo answers each line with itself.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	return l.Addr().String()
}

func TestLane(t *testing.T) {
	l, err := newLane(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	// say sends a line on a connection and returns what comes within a moment.
	say := func(c net.Conn, line string) string {
		t.Helper()
		if err := c.SetDeadline(time.Now().Add(patienceOfTest)); err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, line) // an error shows in what comes back
		got, _ := bufio.NewReader(c).ReadString('\n')
		return got
	}
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", l.address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	const command = "bgapi originate {origination_uuid='u1',origination_caller_id_number=84991234567}user/1001 9003\n"
	open := dial()
	if got := say(open, command); got != command {
		t.Errorf("passed: %q", got)
	}
	if got := l.calls()["1234567"]; len(got) != 1 || got[0].UUID != "u1" {
		t.Errorf("witnessed %+v", got)
	}
	for _, tt := range []struct {
		name string
		mode laneMode
		want func(got string) bool
	}{
		{"slow", laneSlow, func(got string) bool { return got == "x\n" }},
		{"swallow", laneSwallow, func(got string) bool { return got == "" }},
		{"rude", laneRude, func(got string) bool { return got == "Content-Type: text/rude-rejection\n" }},
		{"garbage", laneGarbage, func(got string) bool { return got != "" && got != "x\n" }},
		{"torn", laneTorn, func(got string) bool { return got == "x" }},
	} {
		if err := l.set(tt.mode); err != nil {
			t.Fatal(err)
		}
		if got := say(dial(), "x\n"); !tt.want(got) {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
	if err := l.set(laneRefuse); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", l.address); err == nil {
		_ = c.Close()
		t.Error("refused and connected")
	}
	if got := say(open, "x\n"); got != "" {
		t.Errorf("an open connection of a lane that refuses: %q", got)
	}
	if err := l.set(lanePass); err != nil {
		t.Fatal(err)
	}
	if got := say(dial(), "x\n"); got != "x\n" {
		t.Errorf("passed again: %q", got)
	}
	if err := l.close(); err != nil { // waits for every goroutine
		t.Error(err)
	}
}

// patienceOfTest is long enough for laneSlow, and what a silent lane costs.
const patienceOfTest = 4 * slowness
