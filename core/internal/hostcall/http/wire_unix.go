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
	var in *intake
	var failed error
	err := c.wire.raw.Read(func(fd uintptr) bool {
		c.wire.fd = int(fd)
		in = buffers.get((*socket)(c.wire))
		if _, failed = in.buffer.Peek(1); failed == errNothingYet {
			buffers.put(in)
			in = nil
			return false
		}
		return true
	})
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
