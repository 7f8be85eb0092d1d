//go:build unix

package edge

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// earlyBytes holds the whole of most requests.
const earlyBytes = 4 << 10

var earlyBuffers = sync.Pool{New: func() any { return new([earlyBytes]byte) }}

// early reads what has arrived for a server that asks for one byte: fasthttp does so
// between two requests, to have no buffer for a connection that waits. Neither has
// early, which takes one when something is there; so a request costs one call of the
// system less, and an idle connection no more.
type early struct {
	raw    syscall.RawConn
	try    func(fd uintptr) bool
	buffer *[earlyBytes]byte // taken, until what was read is handed on
	n      int
	err    error
}

// newEarly returns nil for connections that are no descriptors of the system.
func newEarly(c net.Conn) *early {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	e := &early{raw: raw}
	e.try = e.attempt
	return e
}

// read waits for bytes and returns them. They are the caller's until release.
//
// # Errors
//
// Those of the connection, [io.EOF] at its end.
func (e *early) read() ([]byte, error) {
	if err := e.raw.Read(e.try); err != nil {
		return nil, err
	}
	if e.err != nil {
		return nil, e.err
	}
	return e.buffer[:e.n], nil
}

// attempt reads once; false when nothing is there yet.
func (e *early) attempt(fd uintptr) bool {
	if e.buffer == nil {
		e.buffer = earlyBuffers.Get().(*[earlyBytes]byte)
	}
	for {
		e.n, e.err = syscall.Read(int(fd), e.buffer[:])
		if !errors.Is(e.err, syscall.EINTR) {
			break
		}
	}
	if e.n > 0 && e.err == nil {
		return true
	}
	e.release()
	if errors.Is(e.err, syscall.EAGAIN) {
		return false
	}
	if e.err = os.NewSyscallError("read", e.err); e.err == nil {
		e.err = io.EOF
	}
	return true
}

// release gives the buffer back. On nil it does nothing.
func (e *early) release() {
	if e == nil || e.buffer == nil {
		return
	}
	earlyBuffers.Put(e.buffer)
	e.buffer = nil
}
