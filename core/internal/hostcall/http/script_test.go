package httpcall_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"

	httpcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/http"
)

// script is a server that does what HTTP servers should not: answer gets each
// request's header and writes bytes of its choice. It returns false to close the
// connection.
type script struct {
	net.Listener
	answer func(conn net.Conn, in *bufio.Reader, q *http.Request) bool

	mu       sync.Mutex
	open     []net.Conn
	begun    int
	requests []string
	gone     chan struct{} // one for each connection that ended
	wg       sync.WaitGroup
}

func newScript(t testing.TB, secure *tls.Config, answer func(net.Conn, *bufio.Reader, *http.Request) bool) *script {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &script{Listener: l, answer: answer, gone: make(chan struct{}, 1000)}
	s.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if secure != nil {
				conn = tls.Server(conn, secure)
			}
			s.mu.Lock()
			s.begun++
			s.open = append(s.open, conn)
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); s.hangUp(false); s.wg.Wait() })
	return s
}

func (s *script) serve(conn net.Conn) {
	defer func() { conn.Close(); s.gone <- struct{}{} }()
	in := bufio.NewReader(conn)
	for {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.requests = append(s.requests, q.Method+" "+q.RequestURI)
		s.mu.Unlock()
		if !s.answer(conn, in, q) {
			return
		}
		_, _ = io.Copy(io.Discard, q.Body)
	}
}

// hangUp closes all connections, with a reset or properly.
func (s *script) hangUp(reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, conn := range s.open {
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		conn.Close()
	}
	s.open = nil
}

// counts returns the connections and the requests so far.
func (s *script) counts() (conns, requests int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begun, len(s.requests)
}

// sockets are the client's ends of the connections that a rig made.
type sockets struct {
	mu   sync.Mutex
	list []*net.TCPConn
}

// watch makes the rig's pool remember its sockets.
func watch(t testing.TB, r *rig, o httpcall.PoolOptions) *sockets {
	t.Helper()
	s := new(sockets)
	o.Resolver = r.dns
	o.Connect = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := r.connect(ctx, network, address)
		if tcp, ok := conn.(*net.TCPConn); ok {
			s.mu.Lock()
			s.list = append(s.list, tcp)
			s.mu.Unlock()
		}
		return conn, err
	}
	pool, err := httpcall.NewPool(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	r.pool = pool
	return s
}
