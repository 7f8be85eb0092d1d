package edge

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// conn is a connection whose incoming bytes are checked. One goroutine reads it, as
// HTTP servers do; any may close it.
type conn struct {
	net.Conn
	raw   net.Conn // below TLS, or the same
	l     *Listener
	key   netip.Prefix
	began time.Time
	once  sync.Once
	owing atomic.Bool // a request was not read to its end

	scan   framing
	failed *FramingError
	early  *early    // reads into no buffer of its owner's; nil with TLS, which has its own
	ahead  []byte    // read already, and not handed on
	from   time.Time // first byte of the request that is being read

	mu      sync.Mutex
	outer   time.Time // read deadline that the server set
	applied time.Time // read deadline in force
	written time.Time // write deadline in force
	waiting bool      // for the first byte of a request
	line    [maxLine]byte
	lineLen int
	since   time.Time
}

// Read returns bytes that are well framed so far, of one request at a time: a server
// that finds the next request in its buffer is free to be wrong about it. Everything
// from a fault on is kept back, so that no handler sees the request that has it, and
// nothing behind it.
//
// # Errors
//
// [*FramingError], and those of the connection.
func (c *conn) Read(p []byte) (int, error) {
	if c.failed != nil {
		return 0, c.failed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if len(c.ahead) == 0 {
		if err := c.arm(); err != nil {
			return 0, err
		}
		if c.early == nil || len(p) >= enough {
			return c.readInto(p)
		}
		var err error
		if c.ahead, err = c.early.read(); err != nil {
			return 0, err
		}
	}
	n := c.check(p[:copy(p, c.ahead)])
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		c.ahead = nil // few clients pipeline: nothing is kept for them
		c.early.release()
	} else if c.scan.between() && len(c.ahead) <= shortRest {
		// It stays for as long as the request is served.
		c.ahead = bytes.Clone(c.ahead)
		c.early.release()
	}
	return c.result(n, nil)
}

const (
	// enough is the length of a buffer that is read into directly.
	enough = 512
	// shortRest is what is not worth a buffer of its own, in bytes.
	shortRest = 256
)

func (c *conn) readInto(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 {
		good := c.check(p[:n])
		if c.failed == nil && good < n {
			c.ahead = bytes.Clone(p[good:n])
		}
		n = good
	}
	return c.result(n, err)
}

func (c *conn) result(n int, err error) (int, error) {
	if n == 0 && c.failed != nil {
		return 0, c.failed
	}
	return n, err
}

// check feeds what was read to the scanner and returns how much of it may go on.
func (c *conn) check(p []byte) int {
	fresh, heads := c.scan.between(), c.scan.heads
	good := c.scan.feed(p)
	if c.scan.fault != "" {
		c.failed = &FramingError{c.scan.fault}
		c.l.refuse(c, c.scan.fault)
		if c.scan.fault == ReasonTrailer {
			// fasthttp takes any error right behind the last chunk for the end of the
			// message. A byte that begins a field makes it wait for more.
			p[good] = 'x'
			good++
		}
	}
	c.owing.Store(!c.scan.between())
	if headed := c.scan.heads != heads; fresh || headed {
		if fresh {
			c.from = time.Now()
		}
		c.mu.Lock()
		c.waiting, c.since, c.lineLen = false, c.from, 0
		if headed {
			c.lineLen = copy(c.line[:], c.scan.line[:c.scan.lineLen])
		}
		c.mu.Unlock()
	}
	return good
}

// arm puts the read deadline into force: the server's, or an earlier one.
func (c *conn) arm() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	want, near := c.outer, true
	earlier := func(t time.Time) {
		if want.IsZero() || t.Before(want) {
			want, near = t, false
		}
	}
	c.waiting = c.scan.between()
	switch {
	case c.waiting && c.l.draining.Load():
		earlier(time.Now().Add(Linger))
	case c.waiting && c.scan.heads == 0:
		earlier(c.began.Add(c.l.opt.HeadTime))
	case c.scan.inHead():
		earlier(c.from.Add(c.l.opt.HeadTime))
	case !c.waiting:
		earlier(c.from.Add(c.l.opt.ReadTime))
	}
	if near && serves(c.applied, want) {
		return nil
	}
	return c.apply(want)
}

// serves reports whether a deadline that is in force will do for one that is wanted: it
// is no later, and earlier by a sixteenth of the time at most. The server moves its
// deadlines with each request, and setting one costs more than this.
func serves(inForce, wanted time.Time) bool {
	if inForce.IsZero() || wanted.IsZero() {
		return false
	}
	earlier := wanted.Sub(inForce)
	return earlier >= 0 && earlier <= time.Until(wanted)/16
}

// apply sets a read deadline unless it is in force; c.mu is held.
func (c *conn) apply(t time.Time) error {
	if t.Equal(c.applied) {
		return nil
	}
	c.applied = t
	return c.Conn.SetReadDeadline(t)
}

// linger ends the wait for the next request soon.
func (c *conn) linger() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting {
		_ = c.apply(time.Now().Add(Linger)) // a closed connection waits for nothing
	}
}

// serving returns the request that is being read or served.
func (c *conn) serving() (Cut, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting || c.since.IsZero() {
		return Cut{}, false
	}
	return Cut{Address: addressOf(c.RemoteAddr()), Request: string(c.line[:c.lineLen]), Since: time.Since(c.since)}, true
}

// SetReadDeadline is in force from the next Read on.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outer = t
	return nil
}

// SetDeadline sets both deadlines, that of reading from the next Read on.
func (c *conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetWriteDeadline does not fail: fasthttp takes an error for a bug and panics, and a
// connection may be cut while its request is served. The next Write says so.
func (c *conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if serves(c.written, t) {
		return nil
	}
	c.written = t
	_ = c.Conn.SetWriteDeadline(t)
	return nil
}

// ReadFrom lets the kernel send files where it can.
func (c *conn) ReadFrom(r io.Reader) (int64, error) {
	if direct, ok := c.Conn.(io.ReaderFrom); ok {
		return direct.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// Close ends the connection and its count.
func (c *conn) Close() error {
	c.once.Do(func() {
		if c.owing.Load() {
			c.finish()
		}
		c.l.forget(c)
	})
	return c.Conn.Close()
}

// Bounds of what is read from a connection that ends in the middle of a request.
const (
	finishTime  = 200 * time.Millisecond
	finishBytes = 64 << 10
)

// finish lets the answer arrive: closing a connection with unread bytes resets it,
// and the peer may lose what was sent.
func (c *conn) finish() {
	if t, ok := c.raw.(*net.TCPConn); ok && t.CloseWrite() == nil && t.SetReadDeadline(time.Now().Add(finishTime)) == nil {
		_, _ = io.CopyN(io.Discard, t, finishBytes) // whatever it was
	}
}

// cut ends the connection at once, without a farewell.
func (c *conn) cut() {
	c.once.Do(func() { c.l.forget(c) })
	_ = c.raw.Close() // it is given up
}

// secureConn is a conn with TLS; HTTP servers know it by its methods.
type secureConn struct {
	*conn
	tls *tls.Conn
}

// Handshake has to be done within the time of a head.
func (c *secureConn) Handshake() error {
	ctx, stop := context.WithTimeout(context.Background(), c.l.opt.HeadTime)
	defer stop()
	return c.tls.HandshakeContext(ctx)
}

// ConnectionState describes the connection.
func (c *secureConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
