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
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/edge"
)

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
	commit, err := c.Stage(files, tls.VersionTLS13)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := serial(t, l, &tls.Config{MaxVersion: tls.VersionTLS12}); err != nil {
		t.Errorf("TLS 1.2 is refused before the change is in force: %v", err)
	}
	commit()
	if _, _, err := serial(t, l, &tls.Config{MaxVersion: tls.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is taken after the lowest version was raised")
	}
	if _, _, err := serial(t, l, &tls.Config{}); err != nil {
		t.Errorf("TLS 1.3: %v", err)
	}
	if _, err := c.Stage(edge.Files{Certificate: files.Key, Key: files.Key}, 0); err == nil {
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
