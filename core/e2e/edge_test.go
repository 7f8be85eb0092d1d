package e2e

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stuck is an SMS aggregator that answers when it is let.
type stuck struct {
	address string
	asked   chan struct{} // one for each request that came
	answer  chan struct{} // closed to answer all
}

func newStuck(t *testing.T) *stuck {
	s := &stuck{asked: make(chan struct{}, 100), answer: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.asked <- struct{}{}
		select {
		case <-s.answer:
		case <-q.Context().Done():
		}
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "0: Accepted for delivery")
	}))
	t.Cleanup(server.Close)
	s.address = strings.TrimPrefix(server.URL, "http://")
	return s
}

func (s *stuck) config(gateway string) string {
	text := strings.NewReplacer("{gateway}", gateway).Replace(base) + `
module "sms" {
  settings = { originator = "FRONTLINE" }
}
` + strings.ReplaceAll(kannel, "timeout_ms = 1000", "timeout_ms = 25000")
	return strings.ReplaceAll(text, "{sandbox}", s.address)
}

// send starts an SMS and returns its answer when it is there; the error is the
// connection's.
func (w *world) sendInBackground() <-chan string {
	out := make(chan string, 1)
	go func() {
		q, err := http.NewRequest("POST", w.url+"/sms/send", strings.NewReader(`{"phone":"89190000000","message":"x"}`))
		if err != nil {
			out <- err.Error()
			return
		}
		q.Header.Set("Authorization", "Bearer "+w.token)
		q.Header.Set("Content-Type", "application/json")
		p, err := (&http.Client{Transport: &http.Transport{}}).Do(q)
		if err != nil {
			out <- "error: " + err.Error()
			return
		}
		text, _ := io.ReadAll(p.Body)
		_ = p.Body.Close()
		out <- p.Status + " " + string(text)
	}()
	return out
}

func (w *world) signal(s syscall.Signal) {
	w.t.Helper()
	if err := w.process.Signal(s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) ended() error {
	w.t.Helper()
	select {
	case <-w.process.Done():
		return w.process.Err()
	case <-time.After(patience):
		w.t.Fatal("the gateway does not end")
		return nil
	}
}

// TestDrain: on SIGTERM the gateway first says that it is not ready, then takes
// nothing more, and ends when the request in flight has its answer.
func TestDrain(t *testing.T) {
	slow := newStuck(t)
	w := newWorld(t, slow.config("drain = \"20s\"\n drain_notice = \"3s\""))
	answer := w.sendInBackground()
	<-slow.asked
	w.signal(syscall.SIGTERM)
	notice := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	eventually(t, "not ready", func() bool {
		p, err := notice.Get(w.url + "/readyz")
		if err != nil {
			t.Fatalf("the listener is closed before /readyz said so: %v", err)
		}
		_ = p.Body.Close()
		return p.StatusCode == http.StatusServiceUnavailable
	})
	eventually(t, "the listener is closed", func() bool {
		c, err := net.Dial("tcp", w.listen)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	select {
	case <-w.process.Done():
		t.Fatal("it ended with a request in flight")
	default:
	}
	close(slow.answer)
	if got := <-answer; got != `200 OK {"result":"OK"}` {
		t.Errorf("the request in flight: %s", got)
	}
	if err := w.ended(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if out := w.process.Output(); strings.Contains(out, "was cut") {
		t.Error("the log says that a request was cut")
	}
}

// TestDrainForced: what does not end in time is cut, with a line in the log.
func TestDrainForced(t *testing.T) {
	slow := newStuck(t)
	w := newWorld(t, slow.config(`drain = "500ms"`))
	answer := w.sendInBackground()
	<-slow.asked
	w.signal(syscall.SIGTERM)
	if err := w.ended(); err != nil {
		t.Logf("it ended with %v", err)
	}
	if got := <-answer; !strings.HasPrefix(got, "error: ") {
		t.Errorf("the request: %s", got)
	}
	out := w.process.Output()
	if !strings.Contains(out, "a request was cut") || !strings.Contains(out, `request_line="POST /sms/send"`) {
		t.Error("the log does not name the request")
	}
}

// TestSecondSignalEndsAtOnce: the first one would wait for minutes.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	slow := newStuck(t)
	w := newWorld(t, slow.config("drain = \"1h\"\n request_timeout = \"30m\""))
	answer := w.sendInBackground()
	<-slow.asked
	w.signal(syscall.SIGTERM)
	eventually(t, "it drains", func() bool { return strings.Contains(w.process.Output(), "shutting down") })
	w.signal(syscall.SIGTERM)
	_ = w.ended()
	if got := <-answer; !strings.HasPrefix(got, "error: ") {
		t.Errorf("the request: %s", got)
	}
}

// TestHangUp: SIGHUP under load. Nothing fails; a bad file is refused with all its
// mistakes in the log, and what cannot change is named.
func TestHangUp(t *testing.T) {
	w := newWorld(t, base+"module \"report\" {}\n")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var served atomic.Int64
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for ctx.Err() == nil {
				q, err := http.NewRequest("POST", w.url+"/report/users", nil)
				if err != nil {
					t.Error(err)
					return
				}
				q.Header.Set("Authorization", "Bearer "+w.token)
				p, err := w.client.Do(q)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, p.Body)
				_ = p.Body.Close()
				if p.StatusCode != http.StatusOK {
					t.Errorf("status %d", p.StatusCode)
					return
				}
				served.Add(1)
			}
		})
	}
	path := filepath.Join(w.dir, "gateway.hcl")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The binary is given its address and its data on the command line.
	hangUp := func(text, logged string, times int) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w.signal(syscall.SIGHUP)
		eventually(t, logged, func() bool { return strings.Count(w.process.Output(), logged) >= times })
	}
	more := func() {
		t.Helper()
		from := served.Load()
		eventually(t, "requests", func() bool { return served.Load() > from+20 || t.Failed() })
	}
	more()
	hangUp(string(good)+"provider \"queues\" {\n plugin = \"onlinestat-callcenter\"\n settings = { projects = { \"1\" = [\"a@b\"] } }\n}\nmodule \"onlinestat\" {}\n", "changed=", 1)
	more()
	hangUp(strings.Replace(string(good), "limits {", "limits {\n nonsense = 1", 1)+"\nmodule \"sms\" {\n limit = 5\n}\n", `unknown key \"nonsense\" in limits`, 1)
	if out := w.process.Output(); !strings.Contains(out, `unknown key \"limit\" in module.sms`) {
		t.Error("the second mistake is not in the log")
	}
	more()
	hangUp(strings.Replace(string(good), "gateway {", "gateway {\n base_path = \"/other\"", 1), "gateway.base_path cannot change while the gateway runs", 1)
	more()
	hangUp(string(good), "the configuration was read again", 2)
	more()
	stop()
	callers.Wait()
}

// pemPair writes a certificate for 127.0.0.1 and returns it.
func pemPair(t *testing.T, dir string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(10 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"gw.crt": {Type: "CERTIFICATE", Bytes: der}, "gw.key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTLS: the real binary with a certificate, and with another one after SIGHUP.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	roots := x509.NewCertPool()
	roots.AddCert(pemPair(t, dir, 1))
	text := expand(base, map[string]string{"plugins": plugins, "gateway": "tls {\n certificate = \"gw.crt\"\n key = \"gw.key\"\n }"})
	g, err := launchGateway(dir, text, freeAddress(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	g.process.attach(t, g.end)
	dial := func() *tls.Conn {
		t.Helper()
		c, err := tls.Dial("tcp", g.listen, &tls.Config{RootCAs: roots})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ask := func(c *tls.Conn, path string) *http.Response {
		t.Helper()
		if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: gw\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		p, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(p.Body)
		if err != nil {
			t.Fatal(err)
		}
		p.Body = io.NopCloser(strings.NewReader(string(body)))
		return p
	}
	old := dial()
	if p := ask(old, "/healthz"); p.StatusCode != 200 || p.Header.Get("Strict-Transport-Security") != "max-age=31536000" {
		t.Errorf("%d %v", p.StatusCode, p.Header)
	}
	eventually(t, "the warning", func() bool { return strings.Contains(g.process.Output(), "the certificate expires soon") })
	if metrics, _ := io.ReadAll(ask(old, "/metrics").Body); !strings.Contains(string(metrics), "patchbay_certificate_expires_seconds ") {
		t.Error("the expiry is not in /metrics")
	}
	if raw, err := net.Dial("tcp", g.listen); err != nil {
		t.Error(err)
	} else {
		_, _ = io.WriteString(raw, "GET /healthz HTTP/1.1\r\nHost: gw\r\n\r\n")
		if answer, _ := io.ReadAll(raw); strings.Contains(string(answer), "200 OK") {
			t.Errorf("plain HTTP is answered: %q", answer)
		}
		_ = raw.Close()
	}

	roots.AddCert(pemPair(t, dir, 2))
	if err := g.process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the new certificate", func() bool { return dial().ConnectionState().PeerCertificates[0].SerialNumber.Int64() == 2 })
	if p := ask(old, "/healthz"); p.StatusCode != 200 {
		t.Errorf("the connection from before: %d", p.StatusCode)
	}
}
