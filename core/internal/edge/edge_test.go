package edge_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
	"github.com/patchbay-gw/patchbay/core/internal/edge"
)

// open listens on loopback and serves as fasthttp does: one goroutine reads, serves
// and writes, so nothing is read while a request is served.
func open(t *testing.T, o edge.Options, serve func(path string)) *edge.Listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := edge.Listen(inner, o)
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer func() { _ = c.Close() }()
				for r := bufio.NewReader(c); ; {
					q, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, q.Body)
					serve(q.URL.Path)
					if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nserved"); err != nil {
						return
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		l.CutAll()
		conns.Wait()
	})
	return l
}

func ok(string) {}

func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return c
}

// ask sends a text and returns everything that comes until the connection ends.
func ask(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer, _ := io.ReadAll(c) // a reset is an end, too
	return string(answer)
}

const request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not happen: ", what)
		}
	}
}

func TestNothingBehindAFaultIsServed(t *testing.T) {
	var mu sync.Mutex
	var paths []string
	l := open(t, edge.Options{}, func(path string) {
		mu.Lock()
		defer mu.Unlock()
		paths = append(paths, path)
	})
	// The classic: one parser sees an empty body and a second request in it.
	ask(t, dial(t, l), "GET /good HTTP/1.1\r\nHost: x\r\n\r\n"+
		"POST /bad HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
	mu.Lock()
	defer mu.Unlock()
	if len(paths) != 1 || paths[0] != "/good" {
		t.Errorf("served: %q", paths)
	}
	if n := l.Stats().Refused[edge.ReasonTwoFramings]; n != 1 {
		t.Errorf("%d refusals were counted", n)
	}
}

func TestSlowHeads(t *testing.T) {
	l := open(t, edge.Options{HeadTime: 50 * time.Millisecond}, ok)
	for name, text := range map[string]string{"no byte": "", "one byte": "G", "half a head": "GET / HTTP/1.1\r\nHost: x\r\n"} {
		c := dial(t, l)
		answer := ask(t, c, text) // returns when the other side gives up
		if strings.Contains(answer, "served") {
			t.Errorf("%s: %q", name, answer)
		}
	}
	c := dial(t, l)
	for _, b := range []byte("GET / HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("y", 200)) {
		if _, err := c.Write([]byte{b}); err != nil {
			break // it gave up although something comes all the time
		}
		time.Sleep(time.Millisecond)
	}
	await(t, "the connections end", func() bool { return l.Stats().Open == 0 })
}

// accepted returns both ends of a connection that nobody serves.
func accepted(t *testing.T, o edge.Options) (l *edge.Listener, client, c net.Conn) {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l = edge.Listen(inner, o)
	t.Cleanup(func() { _ = l.Close() })
	client = dial(t, l)
	if c, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return l, client, c
}

// TestSlowEmptyLine: the empty line that is allowed in front of a request begins it, so
// that nobody holds a connection with it for longer than with a head.
func TestSlowEmptyLine(t *testing.T) {
	_, client, c := accepted(t, edge.Options{HeadTime: 50 * time.Millisecond})
	if _, err := io.WriteString(client, request+"\r\n"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		text, err := io.ReadAll(c) // the server itself would wait for ever
		if string(text) != request+"\r\n" {
			err = fmt.Errorf("%q %w", text, err)
		}
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the empty line counts as waiting for a request")
	}
}

// TestAnswerArrivesThoughTheBodyIsUnread: a server that refuses a body by its length
// closes the connection without reading it, and a connection that is closed with bytes
// unread is reset.
func TestAnswerArrivesThoughTheBodyIsUnread(t *testing.T) {
	_, client, c := accepted(t, edge.Options{})
	const head, answer = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n", "HTTP/1.1 413 Too Large\r\n\r\n"
	if _, err := io.WriteString(client, head+strings.Repeat("x", 20_000)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len(head))); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, answer); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(client); err != nil || string(text) != answer {
		t.Errorf("%q %v", text, err)
	}
}

func TestLimits(t *testing.T) {
	t.Run("per address", func(t *testing.T) {
		l := open(t, edge.Options{Limits: edge.Limits{PerAddress: 2}}, ok)
		first, second := dial(t, l), dial(t, l)
		await(t, "two are open", func() bool { return l.Stats().Open == 2 })
		if answer := ask(t, dial(t, l), ""); !strings.HasPrefix(answer, "HTTP/1.1 429 ") {
			t.Errorf("the third got %q", answer)
		}
		if _, err := io.WriteString(second, request); err != nil {
			t.Fatal(err)
		}
		if r, err := http.ReadResponse(bufio.NewReader(second), nil); err != nil || r.StatusCode != http.StatusOK {
			t.Errorf("the second: %v %v", r, err)
		}
		_ = first.Close()
		await(t, "one is open", func() bool { return l.Stats().Open == 1 })
		dial(t, l)
		await(t, "two are open again", func() bool { return l.Stats().Open == 2 })
		l.SetLimits(edge.Limits{PerAddress: 2, Exempt: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		dial(t, l)
		await(t, "an exempt address has three", func() bool { return l.Stats().Open == 3 })
		if n := l.Stats().Refused[edge.ReasonAddress]; n != 1 {
			t.Errorf("%d refusals", n)
		}
	})
	t.Run("total", func(t *testing.T) {
		l := open(t, edge.Options{Limits: edge.Limits{Total: 1, Exempt: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}, ok)
		dial(t, l)
		await(t, "one is open", func() bool { return l.Stats().Open == 1 })
		if answer := ask(t, dial(t, l), ""); !strings.HasPrefix(answer, "HTTP/1.1 503 ") {
			t.Errorf("the second got %q", answer)
		}
	})
	t.Run("descriptors", func(t *testing.T) {
		files := descriptors.New(2)
		l := open(t, edge.Options{Descriptors: files}, ok)
		first := dial(t, l)
		dial(t, l)
		await(t, "two are open", func() bool { return l.Stats().Open == 2 })
		if answer := ask(t, dial(t, l), ""); !strings.HasPrefix(answer, "HTTP/1.1 503 ") {
			t.Errorf("the third got %q", answer)
		}
		_ = first.Close()
		await(t, "one came back", func() bool {
			if !files.Take() {
				return false
			}
			files.Give()
			return true
		})
		dial(t, l)
		await(t, "two are open again", func() bool { return l.Stats().Open == 2 })
	})
}

// starved fails a few times as a process without descriptors does.
type starved struct {
	net.Listener
	mu    sync.Mutex
	fails []error
}

func (s *starved) Accept() (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.fails) > 0 {
		err := s.fails[0]
		s.fails = s.fails[1:]
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", err)}
	}
	return s.Listener.Accept()
}

func TestAcceptSurvivesExhaustion(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := edge.Listen(&starved{Listener: inner, fails: []error{syscall.EMFILE, syscall.ENFILE, syscall.ECONNABORTED}}, edge.Options{})
	got := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = c.Close()
		}
		got <- err
	}()
	dial(t, l)
	if err := <-got; err != nil {
		t.Errorf("Accept: %v", err)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Errorf("Close twice: %v", err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept of a closed listener: %v", err)
	}
}

func TestDrain(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	l := open(t, edge.Options{}, func(path string) {
		if path == "/slow/call/secret" {
			close(begun)
			<-release
		}
	})
	idle, busy := dial(t, l), dial(t, l)
	if _, err := io.WriteString(idle, request); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(idle)
	if r, err := http.ReadResponse(reader, nil); err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", r, err)
	} else if _, err := io.Copy(io.Discard, r.Body); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(busy, "GET /slow/call/secret?token=secret HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-begun
	if err := l.Drain(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("a draining listener takes connections")
	}
	if _, err := reader.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("the idle connection: %v", err)
	}
	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()
	if err := l.Wait(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Wait with a request in flight: %v", err)
	}
	waited := make(chan error, 1)
	go func() { waited <- l.Wait(t.Context()) }()
	close(release)
	if r, err := http.ReadResponse(bufio.NewReader(busy), nil); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("the request in flight: %v %v", r, err)
	}
	if err := <-waited; err != nil {
		t.Errorf("Wait: %v", err)
	}
}

func TestCutAllNamesWhatItCuts(t *testing.T) {
	begun, release := make(chan struct{}), make(chan struct{})
	l := open(t, edge.Options{}, func(string) {
		close(begun)
		<-release
	})
	t.Cleanup(func() { close(release) })
	dial(t, l) // has asked nothing
	busy := dial(t, l)
	if _, err := io.WriteString(busy, "GET /hooks/kannel/secret?token=secret HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-begun
	await(t, "both are open", func() bool { return l.Stats().Open == 2 })
	cut := l.CutAll()
	if len(cut) != 1 || cut[0].Request != "GET /hooks/kannel" || !cut[0].Address.IsLoopback() {
		t.Errorf("cut: %+v", cut)
	}
	if l.Stats().Open != 0 {
		t.Errorf("open: %+v", l.Stats())
	}
	if _, err := busy.Read(make([]byte, 1)); err == nil {
		t.Error("the connection goes on")
	}
}

// TestCutHalfAHead: what is not complete yet has no name.
func TestCutHalfAHead(t *testing.T) {
	l, client, c := accepted(t, edge.Options{})
	const half = "GET /sms/se"
	if _, err := io.WriteString(client, half); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, len(half))); err != nil {
		t.Fatal(err)
	}
	if cut := l.CutAll(); len(cut) != 1 || cut[0].Request != "" {
		t.Errorf("cut: %+v", cut)
	}
}
