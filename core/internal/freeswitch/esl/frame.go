// Package esl speaks the FreeSWITCH event socket: it splits the byte stream into frames, reads
// events, and runs one command at a time over one authenticated connection.
//
// The command texts come from github.com/percipia/eslgo/command. The connection is our own: eslgo's
// hands a late answer to the next command, cannot be stopped once an ACL refused it, and ends the
// process when a peer sends a negative length (TestCompareEslgo repeats the measurement).
package esl

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Content types that FreeSWITCH puts on a frame.
const (
	TypeAuthRequest   = "auth/request"
	TypeReply         = "command/reply"
	TypeAPI           = "api/response"
	TypeEventPlain    = "text/event-plain"
	TypeEventJSON     = "text/event-json"
	TypeDisconnect    = "text/disconnect-notice"
	TypeRudeRejection = "text/rude-rejection"
)

// Bounds on what a peer may make us hold. FreeSWITCH caps a body at 16 MiB itself; a header block
// carries at most the variables of one channel.
const (
	MaxBody        = 16 << 20
	maxHeaderLine  = 256 << 10
	maxHeaderBytes = 1 << 20
	smallBody      = 16 << 10 // what a peer may announce without sending it
)

// Field is one "Name: value" line.
type Field struct{ Name, Value string }

// Header is a header block in the order received; names may repeat.
type Header []Field

// Get returns the first value of name, compared without regard to ASCII case, or "".
func (h Header) Get(name string) string {
	v, _ := h.Lookup(name)
	return v
}

// Lookup is Get that tells an empty value from a missing one.
func (h Header) Lookup(name string) (string, bool) {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value, true
		}
	}
	return "", false
}

// Frame is one message of the socket. Header values are exactly as sent; Body belongs to the receiver.
type Frame struct {
	Header Header
	Body   []byte
}

// Type returns the content type of the frame, "" if it has none.
func (f Frame) Type() string { return f.Header.Get("Content-Type") }

// Reader splits a stream into frames. It is not safe for concurrent use.
type Reader struct{ r *bufio.Reader }

// NewReader returns a Reader on r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, 16<<10)} }

// Buffered returns how many bytes were received but not yet handed out as a frame.
func (r *Reader) Buffered() int { return r.r.Buffered() }

// Read returns the next frame.
//
// # Errors
//
// io.EOF only between frames; io.ErrUnexpectedEOF inside one; an error that wraps ErrProtocol when the
// bytes are not a frame or exceed the bounds. After an error the stream is out of step: drop it.
func (r *Reader) Read() (Frame, error) {
	header, err := readHeader(r.r)
	if err != nil {
		return Frame{}, err
	}
	n, err := contentLength(header)
	if err != nil {
		return Frame{}, err
	}
	f := Frame{Header: header}
	if n == 0 {
		return f, nil
	}
	if n <= smallBody {
		f.Body = make([]byte, n)
		if _, err := io.ReadFull(r.r, f.Body); err != nil {
			return Frame{}, inFrame(err)
		}
		return f, nil
	}
	// Grow with what arrives, not with what the peer announces.
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r.r, n); err != nil {
		return Frame{}, inFrame(err)
	}
	f.Body = body.Bytes()
	return f, nil
}

// readHeader reads lines up to an empty line. Blank lines before the first one are skipped.
func readHeader(r *bufio.Reader) (Header, error) {
	var h Header
	total := 0
	for {
		line, err := readLine(r)
		if err != nil {
			if len(h) == 0 && total == 0 && err == io.EOF {
				return nil, io.EOF
			}
			return nil, inFrame(err)
		}
		if line == "" {
			if len(h) > 0 {
				return h, nil
			}
			continue
		}
		total += len(line)
		if total > maxHeaderBytes {
			return nil, fmt.Errorf("%w: header block over %d bytes", ErrProtocol, maxHeaderBytes)
		}
		f, err := parseField(line)
		if err != nil {
			return nil, err
		}
		h = append(h, f)
	}
}

// parseField reads one "Name: value" line.
func parseField(line string) (Field, error) {
	name, value, ok := strings.Cut(line, ":")
	if !ok || name == "" || strings.ContainsAny(name, " \t") {
		return Field{}, fmt.Errorf("%w: header line %.40q", ErrProtocol, line)
	}
	return Field{Name: name, Value: strings.TrimPrefix(value, " ")}, nil
}

// readLine returns one line without its end. io.EOF means that not one byte was left.
func readLine(r *bufio.Reader) (string, error) {
	part, err := r.ReadSlice('\n')
	if err == nil { // the whole line lies in the buffer, as nearly all do
		return lineText(part), nil
	}
	line := slices.Clone(part)
	for errors.Is(err, bufio.ErrBufferFull) {
		if len(line) > maxHeaderLine {
			return "", fmt.Errorf("%w: header line over %d bytes", ErrProtocol, maxHeaderLine)
		}
		part, err = r.ReadSlice('\n')
		line = append(line, part...)
	}
	switch {
	case err == nil && len(line) > maxHeaderLine:
		return "", fmt.Errorf("%w: header line over %d bytes", ErrProtocol, maxHeaderLine)
	case err == nil:
		return lineText(line), nil
	case err == io.EOF && len(line) > 0:
		return "", io.ErrUnexpectedEOF
	}
	return "", err
}

func lineText(line []byte) string {
	return string(bytes.TrimSuffix(line[:len(line)-1], []byte("\r")))
}

func contentLength(h Header) (int64, error) {
	n, seen := int64(0), false
	for _, f := range h {
		if !strings.EqualFold(f.Name, "Content-Length") {
			continue
		}
		v, err := strconv.ParseInt(f.Value, 10, 64)
		if err != nil || v < 0 || v > MaxBody || f.Value[0] == '+' {
			return 0, fmt.Errorf("%w: Content-Length %.40q", ErrProtocol, f.Value)
		}
		if seen && v != n {
			return 0, fmt.Errorf("%w: two different Content-Length headers", ErrProtocol)
		}
		n, seen = v, true
	}
	return n, nil
}

func inFrame(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
