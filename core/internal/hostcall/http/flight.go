package httpcall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
)

// flight is one request on one connection, until its answer was read or given
// up. It is the Body of the answer.
type flight struct {
	ctx      context.Context
	deadline time.Time
	carrier  *carrier
	buffers  *intakes
	conn     *conn
	stop     func() bool // of the watch over ctx
	upload   *upload     // nil when the request was written before the answer was awaited
	in       *intake     // nil before the answer's first byte
	body     io.Reader   // of the answer
	hurried  bool        // the connection's read deadline is that of the header
	keep     bool        // the answer allows another exchange on the connection
	over     error       // what Read returns after the end; nil before
}

// brokeOff is the end of a connection before the first byte of an answer.
type brokeOff struct{ err error }

func (e *brokeOff) Error() string {
	return "the connection ended before the answer began: " + e.err.Error()
}
func (e *brokeOff) Unwrap() error { return e.err }

var errHeaderTimeout = fmt.Errorf("timeout awaiting response headers: %w", os.ErrDeadlineExceeded)

// launch sends q on c and returns the answer, whose Body is still to be read and
// must be closed; c belongs to it. sent reports whether a byte of the request may
// have left. When err is not nil the connection is closed.
func (x *exchange) launch(ctx context.Context, c *conn) (resp *http.Response, sent bool, err error) {
	k := x.client.carrier
	f := &flight{ctx: ctx, deadline: x.deadline, carrier: k, buffers: &x.client.pool.intakes, conn: c}
	c.wire.wrote = 0
	f.stop = lifetime.OnCancel(ctx, c.abort)
	if err = c.SetDeadline(f.deadline); err != nil {
		err = f.explain(err) // ctx has ended since, and the connection with it
	} else if err = f.send(x.query, x.client.pool); err == nil {
		resp, err = f.answer(x.query.method)
	}
	if err != nil {
		f.finish(err)
		if _, lost := errors.AsType[*brokeOff](err); lost && f.upload != nil && f.upload.failed != nil {
			err = f.explain(&brokeOff{f.upload.failed}) // it came first
		}
	}
	// Without an error the request arrived at least in part; the writer may still
	// be counting.
	return resp, err == nil || c.wire.wrote > 0, err
}

// send writes the request, large ones in the background.
func (f *flight) send(q *query, pool *Pool) error {
	b := pool.buffer()
	*b = q.appendHead((*b)[:0])
	if len(q.body) > inlineBody {
		f.upload = &upload{done: make(chan struct{})}
		go f.upload.run(f, pool, b, q.body)
		return nil
	}
	*b = append(*b, q.body...)
	_, err := f.conn.Write(*b)
	pool.recycle(b)
	switch {
	case err == nil:
		f.awaitFrom(time.Now())
		return nil
	case f.conn.wire.wrote > 0 && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)):
		// It may have answered before it hung up. Nothing blocks on the dead
		// connection.
		return nil
	}
	return f.explain(&brokeOff{err})
}

// awaitFrom sets the deadline of the answer's header, counted from the request's
// end.
func (f *flight) awaitFrom(end time.Time) {
	if limit := end.Add(f.carrier.headerTimeout); limit.Before(f.deadline) {
		f.hurried = true
		_ = f.conn.SetReadDeadline(limit) // what fails here fails the next read
	}
}

// answer waits for the answer and reads its header.
func (f *flight) answer(method string) (*http.Response, error) {
	in, err := f.conn.await(f.buffers)
	if err != nil {
		return nil, f.explain(&brokeOff{err})
	}
	f.in = in
	resp, err := in.response(method)
	if err != nil {
		return nil, f.explain(err)
	}
	if f.upload != nil {
		f.upload.answered()
	}
	if f.hurried {
		_ = f.conn.SetReadDeadline(f.deadline)
	}
	f.keep = !resp.Close && resp.ProtoMajor == 1 && resp.StatusCode != http.StatusSwitchingProtocols
	f.body = resp.Body
	none := resp.Body == http.NoBody
	resp.Body = f
	if none {
		f.finish(io.EOF)
	}
	return resp, nil
}

// Read reads the body.
func (f *flight) Read(b []byte) (int, error) {
	if f.over != nil {
		return 0, f.over
	}
	n, err := f.body.Read(b)
	if err != nil {
		if err != io.EOF {
			err = f.explain(err)
		}
		f.finish(err)
	}
	return n, err
}

var errBodyClosed = errors.New("the answer was closed")

// Close gives the connection up unless the body was read to its end. It never
// fails.
func (f *flight) Close() error {
	f.finish(errBodyClosed)
	return nil
}

// finish ends the flight, with io.EOF after a whole answer. Only the first call
// counts.
func (f *flight) finish(err error) {
	if f.over != nil {
		return
	}
	f.over = err
	// What follows the answer was not asked for.
	again := err == io.EOF && f.keep && f.in.buffer.Buffered() == 0
	if f.upload != nil && !f.upload.end(f.conn, again) {
		again = false
	}
	if !f.stop() {
		again = false // ctx has ended and closes the connection
	}
	if f.in != nil {
		f.buffers.put(f.in)
		f.in = nil
	}
	if again {
		f.carrier.idle.put(f.conn)
	} else {
		f.conn.abort()
	}
}

// explain tells why an operation on the connection failed.
func (f *flight) explain(err error) error {
	switch cause := f.ctx.Err(); {
	case cause != nil:
		return cause
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case f.body == nil && time.Now().Before(f.deadline):
		return errHeaderTimeout
	}
	return context.DeadlineExceeded
}
