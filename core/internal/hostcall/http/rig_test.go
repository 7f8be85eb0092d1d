package httpcall_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// publicIP stands for the internet: the rig leads it to a server of the test.
const publicIP = "93.184.216.34"

// answers is a resolver; each look-up of a name takes its next answer, and the
// last one stays.
type answers struct {
	mu    sync.Mutex
	names map[string][]string
	asked []string
}

func (a *answers) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, host)
	list := a.names[host]
	if len(list) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	if len(list) > 1 {
		a.names[host] = list[1:]
	}
	var out []netip.Addr
	for s := range strings.FieldsSeq(list[0]) {
		out = append(out, netip.MustParseAddr(s))
	}
	return out, nil
}

func (a *answers) lookups() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.asked...)
}

// rig is a pool whose network ends in servers of the test.
type rig struct {
	t     testing.TB
	dns   *answers
	pool  *httpcall.Pool
	mu    sync.Mutex
	leads map[string]string // "ip:port" that is dialed → where it really goes
	dials []string
	tight bool // sockets take little that the other side does not read
}

var errNoRoute = errors.New("no route in this test")

func newRig(t testing.TB, o httpcall.PoolOptions) *rig {
	t.Helper()
	r := &rig{t: t, dns: &answers{names: map[string][]string{}}, leads: map[string]string{}}
	o.Resolver, o.Connect = r.dns, r.connect
	pool, err := httpcall.NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	r.pool = pool
	return r
}

func (r *rig) connect(ctx context.Context, network, address string) (net.Conn, error) {
	r.mu.Lock()
	r.dials = append(r.dials, address)
	to, ok := r.leads[address]
	r.mu.Unlock()
	if !ok {
		return nil, fmt.Errorf("connect to %s: %w", address, errNoRoute)
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, to)
	if tcp, ok := conn.(*net.TCPConn); ok && r.tight {
		if err := tcp.SetWriteBuffer(64 << 10); err != nil {
			return nil, err
		}
	}
	return conn, err
}

func (r *rig) dialed() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.dials...)
}

// site makes host:port of the test's internet lead to a server.
func (r *rig) site(host, port string, address net.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	// Every host has an address of its own.
	ip := netip.MustParseAddr(publicIP)
	for range len(r.leads) {
		ip = ip.Next()
	}
	r.dns.mu.Lock()
	if list := r.dns.names[host]; len(list) > 0 {
		ip = netip.MustParseAddr(list[0])
	}
	r.dns.names[host] = []string{ip.String()}
	r.dns.mu.Unlock()
	r.leads[net.JoinHostPort(ip.String(), port)] = address.String()
}

// serve starts a plain server as host:port.
func (r *rig) serve(host, port string, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Start()
	r.t.Cleanup(s.Close)
	r.site(host, port, s.Listener.Addr())
	return s
}

// serveTLS starts servers whose certificates the pool of certified trusts.
func (r *rig) serveTLS(host, port string, http2 bool, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = http2
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	r.t.Cleanup(s.Close)
	r.site(host, port, s.Listener.Addr())
	return s
}

// caFile holds the authority of httptest's servers, which are example.com.
func caFile(t testing.TB) string {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (r *rig) client(g httpcall.Grant, l httpcall.Limits) *httpcall.Client {
	r.t.Helper()
	c, err := httpcall.New(httpcall.Options{
		Name: "demo", Grant: g, Limits: l, Pool: r.pool, Parsers: fakeParsers{}, Logger: hclog.NewNullLogger(),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// plain grants plaintext to the hosts.
func plain(hosts ...string) httpcall.Grant { return httpcall.Grant{Hosts: hosts, Plaintext: true} }

// fakeParsers accept what begins with their own letter.
type fakeParsers struct{}

func fakeParse(kind byte, dst, src []byte) ([]byte, error) {
	if src[0] != kind {
		return dst, fmt.Errorf("not %c", kind)
	}
	return abi.AppendString(dst, "parsed "+string(src)), nil
}

func (fakeParsers) JSON(dst, src []byte) ([]byte, error) { return fakeParse('j', dst, src) }
func (fakeParsers) XML(dst, src []byte) ([]byte, error)  { return fakeParse('x', dst, src) }
func (fakeParsers) Form(dst, src []byte) ([]byte, error) { return fakeParse('f', dst, src) }

func fetch(t testing.TB, c *httpcall.Client, q abi.HTTPRequest) (*abi.HTTPResponse, *abi.Error) {
	t.Helper()
	return fetchIn(t, t.Context(), c, q)
}

func fetchIn(t testing.TB, ctx context.Context, c *httpcall.Client, q abi.HTTPRequest) (*abi.HTTPResponse, *abi.Error) {
	t.Helper()
	request := q.Append(nil)
	answer := c.Fetch(ctx, request, nil)
	clear(request) // it was borrowed during the call only
	return decode(t, answer)
}

func decode(t testing.TB, answer []byte) (*abi.HTTPResponse, *abi.Error) {
	t.Helper()
	if err := abi.Check(answer); err != nil {
		t.Fatalf("the answer is malformed: %v", err)
	}
	body, failure, err := abi.DecodeAnswer(answer)
	if err != nil {
		t.Fatalf("the answer: %v", err)
	}
	if failure != nil {
		return nil, failure
	}
	p := new(abi.HTTPResponse)
	if err := p.Decode(body); err != nil {
		t.Fatalf("the response: %v", err)
	}
	return p, nil
}

// good fails the test unless the exchange succeeded.
func good(t testing.TB, c *httpcall.Client, q abi.HTTPRequest) *abi.HTTPResponse {
	t.Helper()
	p, f := fetch(t, c, q)
	if f != nil {
		t.Fatalf("fetch: %+v", f)
	}
	return p
}

// bad fails the test unless the exchange failed as said.
func bad(t testing.TB, c *httpcall.Client, q abi.HTTPRequest, code abi.Code, sent bool, detail string) *abi.Error {
	t.Helper()
	p, f := fetch(t, c, q)
	switch {
	case f == nil:
		t.Fatalf("fetch succeeded with %d, want %s", p.Status, code)
	case f.Code != code || f.Sent != sent || !strings.Contains(f.Detail, detail):
		t.Fatalf("got %s, sent %v, %q; want %s, %v, %q", f.Code, f.Sent, f.Detail, code, sent, detail)
	}
	return f
}

func headers(pairs ...string) abi.Value {
	var o abi.Object
	for i := 0; i < len(pairs); i += 2 {
		o.Str(pairs[i], pairs[i+1])
	}
	return o.Value()
}

const patience = 10 * time.Second
