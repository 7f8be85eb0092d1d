package edge_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

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

// certificate writes a pair for localhost.
func certificate(t *testing.T, files edge.Files, serial int64, until time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		files.Certificate: {Type: "CERTIFICATE", Bytes: der}, files.Key: {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func pair(t *testing.T) edge.Files {
	dir := t.TempDir()
	return edge.Files{Certificate: filepath.Join(dir, "gateway.crt"), Key: filepath.Join(dir, "gateway.key")}
}

// serial connects and returns the serial number of the certificate that is shown.
func serial(t *testing.T, l net.Listener, config *tls.Config) (*tls.Conn, int64, error) {
	t.Helper()
	config.InsecureSkipVerify = true // the certificate is nobody's
	c, err := tls.Dial("tcp", l.Addr().String(), config)
	if err != nil {
		return nil, 0, err
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, c.ConnectionState().PeerCertificates[0].SerialNumber.Int64(), nil
}

func TestCertificatesChangeUnderConnections(t *testing.T) {
	files := pair(t)
	certificate(t, files, 1, time.Now().Add(time.Hour))
	c, err := edge.LoadCertificates(files, 0)
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, edge.Options{TLS: c.Config()}, ok)
	old, n, err := serial(t, l, &tls.Config{})
	if err != nil || n != 1 {
		t.Fatalf("certificate %d, %v", n, err)
	}

	log := &strings.Builder{}
	var mu sync.Mutex
	logger := hclog.New(&hclog.LoggerOptions{Output: writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	})})
	logged := func(text string) bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(log.String(), text)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Watch(ctx, 5*time.Millisecond, logger)
	}()
	t.Cleanup(func() { stop(); <-ended })
	await(t, "the warning", func() bool { return logged("expires soon") })

	// Half of a change: the new key is there, the new certificate is not.
	other := pair(t)
	certificate(t, other, 2, time.Now().Add(90*24*time.Hour))
	move(t, other.Key, files.Key)
	await(t, "the fault", func() bool { return logged("the old one stays in force") })
	if _, n, err := serial(t, l, &tls.Config{}); err != nil || n != 1 {
		t.Errorf("between the halves: certificate %d, %v", n, err)
	}
	move(t, other.Certificate, files.Certificate)
	await(t, "the new certificate", func() bool { _, n, err := serial(t, l, &tls.Config{}); return err == nil && n == 2 })
	if !c.Expires().After(time.Now().Add(80 * 24 * time.Hour)) {
		t.Errorf("expires %s", c.Expires())
	}

	// The connection from before goes on.
	if _, err := io.WriteString(old, request); err != nil {
		t.Fatal(err)
	}
	if r, err := http.ReadResponse(bufio.NewReader(old), nil); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("the old connection: %v %v", r, err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func move(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestVersionsAndSuites(t *testing.T) {
	files := pair(t)
	certificate(t, files, 1, time.Now().Add(time.Hour))
	c, err := edge.LoadCertificates(files, tls.VersionTLS10) // lower than what is taken
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, edge.Options{TLS: c.Config()}, ok)
	if _, _, err := serial(t, l, &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is taken")
	}
	weak := &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}}
	if _, _, err := serial(t, l, weak); err == nil {
		t.Error("CBC is taken")
	}
	secured, _, err := serial(t, l, &tls.Config{MaxVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil || secured.ConnectionState().NegotiatedProtocol != "http/1.1" {
		t.Fatalf("TLS 1.2: %v", err)
	}
	if err := c.Replace(files, tls.VersionTLS13); err != nil {
		t.Fatal(err)
	}
	if _, _, err := serial(t, l, &tls.Config{MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is taken after the lowest version was raised")
	}
	if _, _, err := serial(t, l, &tls.Config{}); err != nil {
		t.Errorf("TLS 1.3: %v", err)
	}
	if err := c.Replace(edge.Files{Certificate: files.Key, Key: files.Key}, 0); err == nil {
		t.Error("a key is taken for a certificate")
	}
	if _, _, err := serial(t, l, &tls.Config{}); err != nil {
		t.Errorf("after a fault: %v", err)
	}
}

func TestHandshakeIsBounded(t *testing.T) {
	files := pair(t)
	certificate(t, files, 1, time.Now().Add(time.Hour))
	c, err := edge.LoadCertificates(files, 0)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := edge.Listen(inner, edge.Options{TLS: c.Config(), HeadTime: 50 * time.Millisecond})
	t.Cleanup(func() { _ = l.Close() })
	dial(t, l) // and sends nothing
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	handshake, isTLS := accepted.(interface{ Handshake() error })
	if !isTLS {
		t.Fatal("servers cannot see that it is TLS")
	}
	if err := handshake.Handshake(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("handshake with nobody: %v", err)
	}
}
