package rehearsal

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
)

// network is the internet of a rehearsal: every name has an address, every
// connection ends in a server on this machine, and every certificate is good. The
// gateway's client works on it as it is, so grants, header rules, redirects, TLS,
// inflating and parsing are those of production.
type network struct {
	listener  net.Listener
	authority *authority
	folder    string // of the authority's certificate
	pool      *httpcall.Pool
	script    atomic.Pointer[script] // of the case that is being played
	conns     sync.WaitGroup

	mu    sync.Mutex
	names map[string]netip.Addr
	open  map[net.Conn]struct{} // nil when closed
}

// firstAddress stands for the internet; nothing is ever sent there.
var firstAddress = netip.MustParseAddr("93.184.216.34")

const (
	maxBody     = 16 << 20
	idleTimeout = time.Minute // bounds a connection that nobody uses any more
)

func newNetwork() (_ *network, err error) {
	n := &network{names: map[string]netip.Addr{}, open: map[net.Conn]struct{}{}}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if n.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	if n.folder, err = os.MkdirTemp("", "patchbay-rehearsal-"); err != nil {
		return nil, err
	}
	file := filepath.Join(n.folder, "authority.pem")
	if err = os.WriteFile(file, n.authority.pem, 0o600); err != nil {
		return nil, err
	}
	if n.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("the canned upstream: %w", err)
	}
	if n.pool, err = httpcall.NewPool(httpcall.PoolOptions{Resolver: n, Connect: n.connect, CAFile: file}); err != nil {
		return nil, err
	}
	n.conns.Go(n.accept)
	return n, nil
}

// close ends the server and waits for its goroutines.
func (n *network) close() {
	if n.pool != nil {
		n.pool.Close()
	}
	if n.listener != nil {
		_ = n.listener.Close() // nobody is left to be told
	}
	n.mu.Lock()
	for conn := range n.open {
		_ = conn.Close()
	}
	n.open = nil
	n.mu.Unlock()
	n.conns.Wait()
	if n.folder != "" {
		_ = os.RemoveAll(n.folder)
	}
}

// client returns the HTTP capability of an instance on this network.
func (n *network) client(instance string, hosts []string, log hclog.Logger) (*httpcall.Client, error) {
	return httpcall.New(httpcall.Options{
		Name: instance, Pool: n.pool, Parsers: parsers{}, Logger: log,
		// What a host is narrowed to is the case's business; where names lead is not.
		Grant: httpcall.Grant{Hosts: hosts, Private: true, Plaintext: true},
	})
}

// parsers are the host's parsers for answers of upstreams.
type parsers struct{}

func (parsers) JSON(dst, src []byte) ([]byte, error) {
	return transcode.FromJSON(dst, src, transcode.Options{AllowDuplicates: true})
}
func (parsers) XML(dst, src []byte) ([]byte, error)  { return transcode.FromXML(dst, src) }
func (parsers) Form(dst, src []byte) ([]byte, error) { return transcode.FromForm(dst, src) }

// LookupNetIP implements [httpcall.Resolver]: every name has an address of its
// own, unless the case wants the look-up to fail.
func (n *network) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if s := n.script.Load(); s != nil && s.failsBefore(FailDNS) {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	addr, ok := n.names[host]
	if !ok {
		addr = firstAddress
		for range len(n.names) {
			addr = addr.Next()
		}
		n.names[host] = addr
	}
	return []netip.Addr{addr}, nil
}

// connect implements [httpcall.Connect]: wherever a plugin is led, it meets the
// canned answers.
func (n *network) connect(ctx context.Context, network, address string) (net.Conn, error) {
	s := n.script.Load()
	if s == nil || s.failsBefore(FailRefused) || s.failsBefore(FailDNS) || s.exhausted() {
		return nil, fmt.Errorf("connect to %s: %w", address, syscall.ECONNREFUSED)
	}
	var d net.Dialer
	return d.DialContext(ctx, network, n.listener.Addr().String())
}

func (n *network) accept() {
	for {
		conn, err := n.listener.Accept()
		if err != nil {
			return // closed
		}
		n.mu.Lock()
		if n.open == nil {
			_ = conn.Close()
		} else {
			n.open[conn] = struct{}{}
			n.conns.Go(func() { n.serve(conn) })
		}
		n.mu.Unlock()
	}
}

// serve answers one request: no connection is used twice, so that each answer is
// exactly the header and the body of the case, ended by the end of the connection.
func (n *network) serve(raw net.Conn) {
	defer func() {
		_ = raw.Close()
		n.mu.Lock()
		delete(n.open, raw)
		n.mu.Unlock()
	}()
	if err := raw.SetDeadline(time.Now().Add(idleTimeout)); err != nil {
		return
	}
	conn, scheme, err := n.secure(raw)
	if err != nil {
		return // the client went away, and says why
	}
	x, err := readExchange(conn, scheme)
	s := n.script.Load()
	if err != nil || s == nil {
		return
	}
	answer := s.arrived(x)
	switch answer.Fail {
	case FailTimeout:
		s.expire()
		_, _ = io.Copy(io.Discard, conn) // until the client gives up
		return
	case FailReset, FailRefused, FailDNS:
		if tcp, ok := raw.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // answers with a reset
		}
		return
	}
	if _, err := conn.Write(answer.bytes(x.method)); err == nil {
		_ = conn.Close() // with TLS this says that the answer is complete
	}
}

// secure speaks TLS when the client does.
func (n *network) secure(raw net.Conn) (net.Conn, string, error) {
	b := bufio.NewReader(raw)
	first, err := b.Peek(1)
	if err != nil {
		return nil, "", err
	}
	conn := &peeked{Conn: raw, r: b}
	const handshake = 0x16
	if first[0] != handshake {
		return conn, "http", nil
	}
	secured := tls.Server(conn, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		var hosts []string
		if s := n.script.Load(); s != nil && hello.ServerName == "" {
			hosts = s.addresses() // clients do not name addresses
		}
		return n.authority.certificate(append(hosts, hello.ServerName)...)
	}})
	return secured, "https", secured.Handshake()
}

// peeked is a connection of which some bytes were read already.
type peeked struct {
	net.Conn
	r io.Reader
}

func (p *peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

func readExchange(conn net.Conn, scheme string) (*exchange, error) {
	q, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(q.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = errors.New("the body is too large")
	}
	return &exchange{q.Method, scheme + "://" + q.Host + q.RequestURI, q.Header, body}, err
}

// bytes writes the answer: nothing but what the case says, its length included.
func (a *HTTPAnswer) bytes(method string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", a.Status, strings.TrimSpace(http.StatusText(a.Status)))
	for _, f := range a.Header {
		for _, v := range f.values {
			fmt.Fprintf(&b, "%s: %s\r\n", f.name, v)
		}
	}
	b.WriteString("\r\n")
	if method != http.MethodHead && a.Status != http.StatusNoContent && a.Status != http.StatusNotModified {
		b.Write(a.Body)
	}
	return b.Bytes()
}
