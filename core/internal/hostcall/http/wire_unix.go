//go:build unix

package httpcall

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// errNothingYet is what reading a socket returns when it would block.
var errNothingYet = errors.New("nothing to read yet")

// silent reports whether the socket is open and holds nothing to read.
func (w *wire) silent() bool {
	if w.raw == nil {
		return false
	}
	empty := false
	err := w.raw.Control(func(fd uintptr) {
		var b [1]byte
		for {
			_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK)
			if err == syscall.EINTR {
				continue
			}
			empty = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
			return
		}
	})
	return err == nil && empty
}

// await returns an intake that holds the first bytes of the answer. While it
// waits there is no buffer: the poller asks for one each time that the socket
// may have something.
func (c *conn) await(buffers *intakes) (*intake, error) {
	if c.wire.raw == nil || c.Conn != c.wire {
		return c.awaitByte(buffers)
	}
	if c.peek == nil {
		c.peek = c.look // once for each connection, not for each wait
	}
	c.buffers = buffers
	err := c.wire.raw.Read(c.peek)
	in, failed := c.in, c.failed
	c.in, c.failed = nil, nil
	if err == nil {
		err = failed
	}
	if err != nil {
		if in != nil {
			buffers.put(in)
		}
		return nil, err
	}
	in.from = c.Conn
	return in, nil
}

// look tries to read the first bytes of an answer; false asks the poller to wait.
func (c *conn) look(fd uintptr) bool {
	c.wire.fd = int(fd)
	c.in = c.buffers.get((*socket)(c.wire))
	if _, c.failed = c.in.buffer.Peek(1); c.failed == errNothingYet {
		c.buffers.put(c.in)
		c.in = nil
		return false
	}
	return true
}

// socket reads the descriptor of a wire, which does not block, inside a callback
// of its raw connection.
type socket wire

func (s *socket) Read(b []byte) (int, error) {
	for {
		switch n, err := syscall.Read(s.fd, b); {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN, err == syscall.EWOULDBLOCK:
			return 0, errNothingYet
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0 && len(b) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}
