package freeswitch

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

// frame is one message of the event socket as it was sent.
type frame struct{ head, body string }

func (f frame) String() string { return f.head + "\n" + f.body }

func (f frame) header(name string) string {
	for line := range strings.SplitSeq(f.head, "\n") {
		if key, value, found := strings.Cut(line, ": "); found && strings.EqualFold(key, name) {
			return value
		}
	}
	return ""
}

func (f frame) isEvent() bool { return strings.HasPrefix(f.header("Content-Type"), "text/event-") }

// readFrame reads one frame; at the end of the stream it returns io.EOF.
func readFrame(r *bufio.Reader) (frame, error) {
	var f frame
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return f, err
		}
		if line == "\n" {
			break
		}
		f.head += line
	}
	if length := f.header("Content-Length"); length != "" {
		n, err := strconv.Atoi(length)
		if err != nil {
			return f, fmt.Errorf("length %q: %w", length, err)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return f, err
		}
		f.body = string(body)
	}
	return f, nil
}

type client struct {
	t      *testing.T
	socket net.Conn
	reader *bufio.Reader
}

func connect(t *testing.T, s *Switch) *client {
	t.Helper()
	socket, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	_ = socket.SetDeadline(time.Now().Add(20 * time.Second)) // only against a hanging test
	return &client{t, socket, bufio.NewReader(socket)}
}

// login connects with the password.
func login(t *testing.T, s *Switch) *client {
	t.Helper()
	c := connect(t, s)
	c.next()
	if f := c.do("auth ClueCon\n\n"); f.header("Reply-Text") != "+OK accepted" {
		t.Fatalf("auth: %s", f)
	}
	return c
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.socket, text); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) next() frame {
	c.t.Helper()
	f, err := readFrame(c.reader)
	if err != nil {
		c.t.Fatalf("read a frame: %v", err)
	}
	return f
}

func (c *client) do(text string) frame {
	c.t.Helper()
	c.send(text)
	return c.next()
}

// api runs a command and returns its output.
func (c *client) api(command string) string {
	c.t.Helper()
	return c.do("api " + command + "\n\n").body
}

// until reads events until one has the name, and returns it.
func (c *client) until(name string) frame {
	c.t.Helper()
	for {
		if f := c.next(); eventName(f) == name {
			return f
		}
	}
}

func eventName(f frame) string { return field(f, "Event-Name") }

// field returns a header of a plain event, still encoded.
func field(f frame, name string) string {
	for line := range strings.SplitSeq(f.body, "\n") {
		if value, found := strings.CutPrefix(line, name+": "); found {
			return value
		}
	}
	return ""
}

func startSwitch(t *testing.T, o Options) *Switch {
	t.Helper()
	if o.RecordingsDir == "" {
		o.RecordingsDir = t.TempDir()
	}
	if o.Speed == 0 {
		o.Speed = 50
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
	}
}
