package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// conn is one keep-alive connection of a caller. It does as little as it can, so
// that on a small machine the load generator does not measure itself.
type conn struct {
	net.Conn
	in *bufio.Reader
}

func dial(address string) (*conn, error) {
	c, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{c, bufio.NewReaderSize(c, 2<<10)}, nil
}

// request renders a request once; it is sent many times.
func request(method, address, path, token, body string) []byte {
	return requestOf("application/json", method, address, path, token, []byte(body))
}

// requestOf is request with a body of another type.
func requestOf(contentType, method, address, path, token string, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, address)
	if token != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", token)
	}
	fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n\r\n%s", contentType, len(body), body)
	return b.Bytes()
}

// answer is what came back. Body is nil unless it was asked for.
type answer struct {
	status int
	size   int
	body   []byte
}

// patience bounds one exchange.
const patience = 60 * time.Second

// do sends a request and reads the answer; keep says whether the body is wanted.
func (c *conn) do(raw []byte, keep bool) (answer, error) {
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return answer{}, err
	}
	if _, err := c.Write(raw); err != nil {
		return answer{}, err
	}
	return c.read(keep)
}

var (
	lengthField = []byte("content-length:")
	errLength   = errors.New("the answer has no Content-Length")
)

// read reads one answer. The gateway always sends Content-Length, except with 204.
func (c *conn) read(keep bool) (answer, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return answer{}, err
	}
	if len(line) < len("HTTP/1.1 200") {
		return answer{}, fmt.Errorf("status line %q", line)
	}
	a := answer{size: -1}
	if a.status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return a, fmt.Errorf("status line %q", line)
	}
	if a.status == 204 { // the one answer without a body, RFC 9110 section 6.4.1
		a.size = 0
	}
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return a, err
		}
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			break
		}
		if len(line) > len(lengthField) && bytes.EqualFold(line[:len(lengthField)], lengthField) {
			if a.size, err = strconv.Atoi(string(bytes.TrimSpace(line[len(lengthField):]))); err != nil || a.size < 0 {
				return a, errLength
			}
		}
	}
	switch {
	case a.size < 0:
		return a, errLength
	case keep:
		a.body = make([]byte, a.size)
		_, err = io.ReadFull(c.in, a.body)
	default:
		_, err = c.in.Discard(a.size)
	}
	return a, err
}
