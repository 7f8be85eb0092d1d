package httpcall

import (
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
)

// wire is the transport connection below an exchange. It counts what the
// operating system took, so that an exchange knows whether a byte of its request
// may have left.
type wire struct {
	net.Conn
	raw   syscall.RawConn // of a socket of the operating system; nil otherwise
	fd    int             // while a callback of raw runs
	wrote uint64          // since the exchange began

	files *descriptors.Budget // has its descriptor back when it is closed
	shut  sync.Once
}

func newWire(conn net.Conn, files *descriptors.Budget) *wire {
	w := &wire{Conn: conn, files: files}
	// Exactly these types: what embeds one of them may read in its own way.
	switch socket := conn.(type) {
	case *net.TCPConn:
		w.raw, _ = socket.SyscallConn()
	case *net.UnixConn:
		w.raw, _ = socket.SyscallConn()
	}
	return w
}

// Close closes the connection, once.
func (w *wire) Close() (err error) {
	w.shut.Do(func() {
		err = w.Conn.Close()
		w.files.Give()
	})
	return err
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	if err != nil && w.raw == nil {
		n = len(b) // only a socket's count is exact
	}
	w.wrote += uint64(n)
	return min(n, len(b)), err
}

// conn is a connection to one origin. One exchange at a time uses it.
type conn struct {
	net.Conn // the wire, or TLS over it
	wire     *wire
	to       target
	kept     bool // an exchange used it before
	first    [1]byte

	// While it waits for an answer, see await:
	buffers *intakes
	in      *intake
	failed  error
	peek    func(fd uintptr) bool

	// On a shelf:
	since      time.Time
	prev, next *conn
}

// quiet reports whether a kept connection may be used again: it is open, and
// nothing came after the last answer. It does not wait.
func (c *conn) quiet() bool {
	if !c.wire.silent() {
		return false
	}
	t, ok := c.Conn.(*tls.Conn)
	if !ok {
		return true
	}
	// TLS may have taken more from the socket than it gave. With a deadline in
	// the past it returns what it has and asks the socket for nothing.
	if t.SetReadDeadline(time.Unix(1, 0)) != nil {
		return false
	}
	n, err := t.Read(c.first[:])
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded)
}

// abort closes the connection without a word to the other side. Unlike the other
// methods it may be called while an exchange uses the connection.
func (c *conn) abort() { _ = c.wire.Close() }
