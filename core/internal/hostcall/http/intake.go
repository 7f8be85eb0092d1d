package httpcall

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"sync"
)

const (
	maxResponseHeader = 64 << 10
	intakeBuffer      = 4 << 10
)

var (
	errLongHeader = fmt.Errorf("the header of the answer has more than %d bytes", maxResponseHeader)
	errCutHeader  = fmt.Errorf("%w in the header of the answer", io.ErrUnexpectedEOF)
)

// intake buffers what is read of one answer, the header under its limit. There
// is one from the answer's first byte to its last; exchanges that wait have none.
type intake struct {
	buffer *bufio.Reader // over the intake
	from   io.Reader
	ahead  []byte // was read before
	left   int    // of the header; negative: it is over
	failed error  // of the last read past the buffer
}

// Read reads past the buffer.
func (in *intake) Read(b []byte) (n int, err error) {
	if in.left > 0 {
		b = b[:min(len(b), in.left)]
	}
	switch {
	case in.left == 0:
		err = errLongHeader
	case len(in.ahead) > 0:
		n = copy(b, in.ahead)
		in.ahead = in.ahead[n:]
	default:
		n, err = in.from.Read(b)
	}
	if in.left > 0 {
		in.left -= n
	}
	in.failed = err
	return n, err
}

type intakes struct{ pool sync.Pool }

func (p *intakes) get(from io.Reader) *intake {
	in, ok := p.pool.Get().(*intake)
	if !ok {
		in = &intake{buffer: bufio.NewReaderSize(nil, intakeBuffer)}
	}
	in.from, in.left = from, maxResponseHeader
	in.buffer.Reset(in)
	return in
}

func (p *intakes) put(in *intake) {
	*in = intake{buffer: in.buffer}
	in.buffer.Reset(nil)
	p.pool.Put(in)
}

// awaitByte is await for connections that are more than a socket: it waits with
// one byte instead of a buffer.
func (c *conn) awaitByte(buffers *intakes) (*intake, error) {
	if _, err := io.ReadFull(c.Conn, c.first[:]); err != nil {
		return nil, err
	}
	in := buffers.get(c.Conn)
	in.ahead = c.first[:]
	return in, nil
}

var headRequest = &http.Request{Method: http.MethodHead}

// response reads the header of the final answer; those of interim answers (100,
// 103) count against the same limit.
func (in *intake) response(method string) (*http.Response, error) {
	var request *http.Request // nil: the answer may have a body
	if method == http.MethodHead {
		request = headRequest
	}
	for {
		resp, err := http.ReadResponse(in.buffer, request)
		if err != nil {
			// The parser may have taken what was read before a failure for a line.
			switch in.failed {
			case nil:
				return nil, err
			case io.EOF:
				return nil, errCutHeader
			}
			return nil, in.failed
		}
		if resp.StatusCode < 100 || resp.StatusCode > 199 || resp.StatusCode == http.StatusSwitchingProtocols {
			in.left = -1
			return resp, nil
		}
	}
}
