package server

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const typeJSON = "application/json; charset=utf-8"

// File is a held attachment that is sent as it is, in ranges if asked for.
type File interface {
	wasm.Held
	io.ReadSeeker
	Size() int64
	ModTime() time.Time
	ContentType() string
}

// Page is a held attachment of text rows.
type Page interface {
	wasm.Held
	Names() []string
	Len() int
	Cell(row, column int) string
}

var buffers = sync.Pool{New: func() any { return new([]byte) }}

const keepBuffer = 1 << 20

func writeProblem(c *fiber.Ctx, p *problem.Problem) {
	if after := p.RetryAfterSeconds(); after > 0 {
		c.Set(fiber.HeaderRetryAfter, strconv.FormatInt(after, 10))
	}
	if p.Status == fiber.StatusUnauthorized {
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="patchbay"`)
	}
	c.Set(fiber.HeaderContentType, typeJSON)
	c.Status(p.Status)
	c.Response().SetBodyRaw(p.AppendJSON(nil))
}

// retract takes back what send wrote, a file included. The request's id stays,
// and Content-Range, which an unsatisfiable range is answered with.
func retract(c *fiber.Ctx) {
	c.Response().ResetBody()
	for _, name := range []string{
		fiber.HeaderAcceptRanges, fiber.HeaderContentDisposition, fiber.HeaderLastModified, fiber.HeaderXContentTypeOptions,
		fiber.HeaderContentSecurityPolicy, "Warning", "X-Next-Cursor",
	} {
		c.Response().Header.Del(name)
	}
}

// send writes a result into the response and releases it. A problem means that
// there is no such answer: the result is closed, and what was written is to be
// retracted.
func (s *Server) send(c *fiber.Ctx, r *wasm.Result) *problem.Problem {
	defer r.Release()
	p := &r.Reply
	if p.Status != 0 {
		c.Status(p.Status)
	}
	for _, w := range r.Warnings {
		c.Response().Header.Add("Warning", `199 patchbay "`+strings.ReplaceAll(plain(w), `"`, `'`)+`"`)
	}
	if p.Next != "" {
		c.Set("X-Next-Cursor", plain(p.Next))
	}
	switch p.Form {
	case abi.FormBytes:
		foreign(c, p.ContentType)
		c.Response().SetBody(p.Body.Bytes())
		return nil
	case abi.FormAttachment:
		return s.sendAttachment(c, r)
	case abi.FormRows:
		rows, err := valueRows(p.Body)
		if err != nil {
			return problem.Internal(err)
		}
		return s.sendRows(c, rows, p)
	}
	return s.sendJSON(c, func(b []byte) ([]byte, error) {
		if len(p.Body) == 0 {
			return append(b, "null"...), nil
		}
		return transcode.AppendJSON(b, p.Body)
	})
}

// mediaType accepts what a plugin says only when it is a media type that a
// browser will not run as a page of ours.
func mediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil || !strings.Contains(t, "/") || t == "text/html" || strings.HasSuffix(t, "+xml") {
		return fiber.MIMEOctetStream
	}
	return s
}

// foreign announces a body that is not the gateway's own: browsers must neither
// guess another media type nor run anything in it.
func foreign(c *fiber.Ctx, contentType string) {
	c.Set(fiber.HeaderContentType, mediaType(contentType))
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "sandbox")
}

func (s *Server) sendJSON(c *fiber.Ctx, write func([]byte) ([]byte, error)) *problem.Problem {
	buffer := buffers.Get().(*[]byte)
	out, err := write((*buffer)[:0])
	if err != nil {
		buffers.Put(buffer)
		return problem.Internal(fmt.Errorf("write the reply as JSON: %w", err))
	}
	c.Set(fiber.HeaderContentType, typeJSON)
	if cap(out) > keepBuffer {
		c.Response().SetBodyRaw(out) // too large to keep, so the response may have it
		return nil
	}
	c.Response().SetBody(out)
	*buffer = out[:0]
	buffers.Put(buffer)
	return nil
}

func (s *Server) sendAttachment(c *fiber.Ctx, r *wasm.Result) *problem.Problem {
	switch a := r.Attachment.(type) {
	case Page:
		defer func() { _ = a.Close() }() // memory only
		return s.sendRows(c, a, &r.Reply)
	case File:
		return s.sendFile(c, a, &r.Reply)
	}
	_ = r.Attachment.Close()
	return problem.Internal(fmt.Errorf("attachment of unknown kind %T", r.Attachment))
}

// sendFile sends a file, or the range that the caller asks for (RFC 9110 section
// 14). The response body owns the file from here on.
func (s *Server) sendFile(c *fiber.Ctx, f File, p *abi.Reply) *problem.Problem {
	size := f.Size()
	foreign(c, f.ContentType())
	c.Set(fiber.HeaderAcceptRanges, "bytes")
	if !f.ModTime().IsZero() {
		c.Set(fiber.HeaderLastModified, lastModified(f))
	}
	if p.Filename != "" {
		c.Set(fiber.HeaderContentDisposition, disposition(p.Filename))
	}
	first, last := int64(0), size-1
	if h := c.Request().Header.Peek(fiber.HeaderRange); len(h) > 0 && size > 0 && sameFile(c, f) {
		a, b, err := fasthttp.ParseByteRange(h, int(size))
		switch {
		case err == nil && a <= b: // "-0" is parsed as a range that begins behind the end
			first, last = int64(a), int64(b)
			c.Status(fiber.StatusPartialContent)
			c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes %d-%d/%d", first, last, size))
		case unsatisfiable(string(h)):
			_ = f.Close()
			c.Set(fiber.HeaderContentRange, fmt.Sprintf("bytes */%d", size))
			return &problem.Problem{Status: fiber.StatusRequestedRangeNotSatisfiable, Text: "Range not satisfiable!"}
		}
		// Any other form, several ranges for example, may be ignored.
	}
	if _, err := f.Seek(first, io.SeekStart); err != nil {
		_ = f.Close()
		return problem.Internal(fmt.Errorf("attachment: %w", err))
	}
	n := last - first + 1
	c.Response().SetBodyStream(&section{io.LimitReader(f, n), f}, int(n))
	return nil
}

// sameFile reports whether the file is still the one that the caller has a part
// of, as it says in If-Range (RFC 9110 section 13.1.5).
func sameFile(c *fiber.Ctx, f File) bool {
	h := c.Get(fiber.HeaderIfRange)
	return h == "" || !f.ModTime().IsZero() && h == lastModified(f)
}

func lastModified(f File) string { return f.ModTime().UTC().Format(http.TimeFormat) }

// unsatisfiable reports whether a Range header is a single well-formed range;
// then the only thing wrong with it is the size of the file.
func unsatisfiable(h string) bool {
	spec, ok := strings.CutPrefix(h, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return false
	}
	from, to, ok := strings.Cut(spec, "-")
	number := func(s string) bool { _, err := strconv.ParseUint(s, 10, 63); return s == "" || err == nil }
	return ok && from+to != "" && number(from) && number(to)
}

// section is a part of a file as a response body; fasthttp closes it.
type section struct {
	io.Reader
	io.Closer
}

func disposition(name string) string {
	return mime.FormatMediaType("attachment", map[string]string{"filename": name})
}
