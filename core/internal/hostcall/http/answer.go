package httpcall

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// answer reads the body of resp and appends the whole answer to dst.
func (x *exchange) answer(resp *http.Response, dst []byte) ([]byte, error) {
	defer resp.Body.Close()
	if resp.StatusCode < 200 {
		return nil, fmt.Errorf("unexpected status %d", resp.StatusCode)
	}
	pool := x.client.pool
	raw := pool.buffer()
	defer pool.recycle(raw)
	c := collector{buf: (*raw)[:0], limit: x.query.maxBytes, budget: &pool.buffered}
	defer c.release()
	err := x.read(resp, &c)
	*raw = c.buf
	if err != nil {
		return nil, err
	}
	m := abi.HTTPResponse{Status: resp.StatusCode, Body: c.buf}

	data := pool.buffer()
	defer pool.recycle(data)
	if parse := x.parser(resp.Header.Get("Content-Type")); parse != nil && len(c.buf) > 0 {
		out, err := parse((*data)[:0], c.buf)
		if err == nil {
			*data = out
			m.Data, m.Body = out, nil
		} else {
			x.client.log.Debug("http answer not parsed", "instance", x.client.name, "host", x.query.to.host, "error", err)
		}
	}
	m.Header = header(resp.Header)

	frame := pool.buffer()
	defer pool.recycle(frame)
	*frame = m.Append((*frame)[:0])
	if len(*frame) > abi.MaxMessage-64 {
		return nil, &tooLarge{text: fmt.Sprintf("the answer takes %d bytes for the guest, the limit is %d", len(*frame), abi.MaxMessage)}
	}
	return abi.AppendAnswer(dst, nil, *frame), nil
}

// parser returns the parser for the answer, nil for none.
func (x *exchange) parser(contentType string) func(dst, src []byte) ([]byte, error) {
	p := x.client.parsers
	switch x.query.parse {
	case abi.ParseJSON:
		return p.JSON
	case abi.ParseXML:
		return p.XML
	case abi.ParseForm:
		return p.Form
	case abi.ParseAuto:
	default:
		return nil
	}
	kind, _, _ := mime.ParseMediaType(contentType)
	switch {
	case kind == "application/json", kind == "text/json", strings.HasSuffix(kind, "+json"):
		return p.JSON
	case kind == "application/xml", kind == "text/xml", strings.HasSuffix(kind, "+xml"):
		return p.XML
	case kind == "application/x-www-form-urlencoded":
		return p.Form
	}
	return nil
}

// header returns the fields in alphabetical order, names in lower case. Values
// of one name are joined by ", ", those of set-cookie by "\n". Bytes that are
// not UTF-8 are replaced.
func header(h http.Header) abi.Value {
	var room [16]string
	names := room[:0]
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	var o abi.Object
	for _, name := range names {
		joint := ", "
		if name == "Set-Cookie" {
			joint = "\n"
		}
		o.Str(lower(name), strings.ToValidUTF8(strings.Join(h[name], joint), "\uFFFD"))
	}
	return o.Value()
}

// lower is strings.ToLower without a copy of the usual names.
func lower(name string) string {
	switch name {
	case "Content-Type":
		return "content-type"
	case "Content-Length":
		return "content-length"
	case "Date":
		return "date"
	case "Server":
		return "server"
	case "Connection":
		return "connection"
	}
	return strings.ToLower(name)
}

// read collects the body, inflated when the server compressed it.
func (x *exchange) read(resp *http.Response, c *collector) error {
	if resp.ContentLength > int64(c.limit) && x.query.method != http.MethodHead {
		return c.overflow()
	}
	encoding := resp.Header.Get("Content-Encoding")
	if x.query.method == http.MethodHead || !strings.EqualFold(encoding, "gzip") && !strings.EqualFold(encoding, "x-gzip") {
		return c.collect(resp.Body)
	}
	packed := bufio.NewReaderSize(&packedBody{resp.Body, c.limit + c.limit/512 + 64<<10, c}, 4<<10)
	if _, err := packed.Peek(1); err == io.EOF {
		return nil // an empty body, as with 204 and 304
	}
	z, ok := x.client.pool.inflaters.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	defer x.client.pool.inflaters.Put(z)
	if err := z.Reset(packed); err != nil {
		return fmt.Errorf("inflate the answer: %w", err)
	}
	if err := c.collect(z); err != nil {
		return fmt.Errorf("inflate the answer: %w", err)
	}
	for _, name := range []string{"Content-Encoding", "Content-Length"} {
		delete(resp.Header, name)
	}
	return nil
}

// packedBody bounds a compressed body. What it inflates to is bounded by the
// collector; this is for what inflates to nothing.
type packedBody struct {
	r    io.Reader
	left int
	c    *collector
}

func (p *packedBody) Read(b []byte) (int, error) {
	if p.left <= 0 {
		return 0, p.c.overflow()
	}
	n, err := p.r.Read(b[:min(len(b), p.left)])
	p.left -= n
	return n, err
}

// collector gathers a body under its own limit and the budget of the pool.
type collector struct {
	buf    []byte
	limit  int
	budget *budget
	taken  int
}

func (c *collector) overflow() error {
	return &tooLarge{text: fmt.Sprintf("the answer's body has more than %d bytes", c.limit)}
}

func (c *collector) collect(r io.Reader) error {
	for {
		if len(c.buf) == cap(c.buf) || c.taken == 0 {
			if err := c.grow(); err != nil {
				return err
			}
		}
		n, err := r.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		if len(c.buf) > c.limit {
			return c.overflow()
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the answer broke off: %w", err)
		}
	}
}

// grow makes room for at least one byte and accounts for the whole buffer.
func (c *collector) grow() error {
	size := max(cap(c.buf), 4<<10)
	if len(c.buf) == cap(c.buf) && len(c.buf) > 0 {
		size = min(2*cap(c.buf), max(c.limit+1, cap(c.buf)+1))
	}
	if !c.budget.take(size - c.taken) {
		return &crowded{"the answers being read fill the memory set aside for them"}
	}
	c.taken = size
	if size > cap(c.buf) {
		grown := make([]byte, len(c.buf), size)
		copy(grown, c.buf)
		c.buf = grown
	}
	return nil
}

func (c *collector) release() { c.budget.give(c.taken) }
