package httpcall

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"hash/maphash"
	"net"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
)

// carrier opens and keeps the connections on one side of the line between public
// and private addresses.
type carrier struct {
	dialer        *dialer
	roots         *x509.CertPool // nil: the system's
	tlsTimeout    time.Duration
	headerTimeout time.Duration
	idle          shelf
	gates         gates
	files         *descriptors.Budget
	spare         func() // closes an unused connection of the pool, if there is one
}

// gates bound the dials to one origin that are under way: a crowd would open
// thousands of connections in the same moment, each with the stack of a dial, and
// fill the other side's queue. Origins that share a gate wait for each other.
type gates [64]chan struct{}

// dialsAtOnce is a guess on the safe side: a crowd of 9,850 needs no more.
const dialsAtOnce = 256

var gateSeed = maphash.MakeSeed()

func newGates() (g gates) {
	for i := range g {
		g[i] = make(chan struct{}, dialsAtOnce)
	}
	return g
}

func (g *gates) of(to target) chan struct{} {
	return g[maphash.Comparable(gateSeed, to)%uint64(len(g))]
}

// protocols leaves HTTP/2 out: its streams share a connection, so nobody could
// tell whether the bytes of one request left.
var protocols = []string{"http/1.1"}

// connection returns a connection to the origin: a kept one that is quiet, or a
// new one.
func (k *carrier) connection(ctx context.Context, deadline time.Time, to target, fresh bool) (*conn, error) {
	for !fresh {
		c := k.idle.take(to)
		if c == nil {
			break
		}
		if time.Since(c.since) < k.idle.timeout && c.quiet() {
			return c, nil
		}
		c.abort()
	}
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	type opened struct {
		conn *conn
		err  error
	}
	if err := k.descriptor(ctx); err != nil {
		return nil, err
	}
	// Look-ups, dials and handshakes need several times the stack of what follows,
	// and the caller's would stay that large while it waits for the answer. This
	// goroutine ends with its dial, which ends with ctx.
	gate := k.gates.of(to)
	select {
	case gate <- struct{}{}:
	case <-ctx.Done():
		k.files.Give()
		return nil, context.Cause(ctx)
	}
	result := make(chan opened, 1)
	go func() {
		c, err := k.open(ctx, to)
		<-gate
		result <- opened{c, err}
	}()
	r := <-result
	return r.conn, r.err
}

// descriptor takes one for a new connection. When all are in use it has an unused
// connection closed, or waits.
func (k *carrier) descriptor(ctx context.Context) error {
	if err := k.files.Wait(ctx, k.spare); err != nil {
		return fmt.Errorf("%w: %w", errDescriptors, err)
	}
	return nil
}

// open returns a new connection to the origin, to which the caller's descriptor
// goes.
func (k *carrier) open(ctx context.Context, to target) (*conn, error) {
	plain, err := k.dialer.dial(ctx, "tcp", to.String())
	if err != nil {
		k.files.Give()
		return nil, err
	}
	c := &conn{wire: newWire(plain, k.files), to: to}
	if c.Conn = c.wire; to.scheme == "https" {
		if err := k.secure(ctx, c); err != nil {
			c.abort()
			return nil, err
		}
	}
	return c, nil
}

// secure begins TLS on a new connection.
func (k *carrier) secure(ctx context.Context, c *conn) error {
	ctx, cancel := context.WithTimeoutCause(ctx, k.tlsTimeout, &handshakeTimeout{k.tlsTimeout})
	defer cancel()
	t := tls.Client(c.wire, &tls.Config{
		RootCAs: k.roots, ServerName: c.to.host, MinVersion: tls.VersionTLS12, NextProtos: protocols,
	})
	if err := t.HandshakeContext(ctx); err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return fmt.Errorf("TLS with %s: %w", c.to, err)
	}
	c.Conn = t
	return nil
}

// handshakeTimeout is a net.Error like [connectTimeout].
type handshakeTimeout struct{ after time.Duration }

func (e *handshakeTimeout) Error() string   { return fmt.Sprintf("no handshake within %s", e.after) }
func (e *handshakeTimeout) Timeout() bool   { return true }
func (e *handshakeTimeout) Temporary() bool { return true }

var _ net.Error = (*handshakeTimeout)(nil)
