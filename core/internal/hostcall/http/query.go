package httpcall

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const (
	maxFields     = 100
	maxFieldBytes = 32 << 10
)

var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// ownFields are the header fields that the host alone decides, because they
// frame messages, steer connections or would let a guest speak to another
// virtual host than the grant named.
var ownFields = []string{
	"Connection", "Content-Length", "Expect", "Host", "Http2-Settings", "Keep-Alive", "Proxy-Authenticate",
	"Proxy-Authorization", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// harmless are the fields that follow a redirect to another origin. All others
// may be credentials: interfaces carry keys in fields of any name.
var harmless = []string{"Accept", "Accept-Encoding", "Accept-Language", "Content-Type", "User-Agent"}

// query is a request that was checked; redirects change it. It borrows nothing.
type query struct {
	method     string
	url        *url.URL
	to         target
	header     http.Header
	body       []byte
	parse      abi.Parse
	maxBytes   int
	timeout    time.Duration
	noRedirect bool
}

func (c *Client) decode(request []byte) (*query, error) {
	if len(request) > abi.MaxMessage {
		return nil, &tooLarge{text: fmt.Sprintf("the request has %d bytes, the limit is %d", len(request), abi.MaxMessage), ours: true}
	}
	if err := abi.Check(request); err != nil {
		return nil, &badRequest{"request", err.Error()}
	}
	var m abi.HTTPRequest
	if err := m.Decode(request); err != nil {
		return nil, &badRequest{"request", err.Error()}
	}
	q := &query{method: m.Method, parse: m.Parse, noRedirect: m.NoRedirect, maxBytes: c.limits.Answer, timeout: c.limits.Total}
	if q.method == "" {
		q.method = http.MethodGet
	}
	if !slices.Contains(methods, q.method) {
		return nil, &badRequest{"method", fmt.Sprintf("%.20q is not one of %s", q.method, strings.Join(methods, ", "))}
	}
	if m.TimeoutMS < 0 || m.MaxBytes < 0 {
		return nil, &badRequest{"limit", "the timeout and the answer's size must not be negative"}
	}
	if m.TimeoutMS > 0 {
		q.timeout = min(q.timeout, time.Duration(m.TimeoutMS)*time.Millisecond)
	}
	if m.MaxBytes > 0 {
		q.maxBytes = min(q.maxBytes, m.MaxBytes)
	}
	var err error
	if q.url, q.to, err = parseURL(nil, m.URL); err != nil {
		return nil, &badRequest{"url", err.Error()}
	}
	if q.header, err = fields(m.Header); err != nil {
		return nil, &badRequest{"header", err.Error()}
	}
	if len(m.Body) > c.limits.Request {
		return nil, &tooLarge{text: fmt.Sprintf("the request's body has %d bytes, the limit is %d", len(m.Body), c.limits.Request), ours: true}
	}
	// A copy, because net/http may read the body after it returned the answer.
	q.body = bytes.Clone(m.Body)
	return q, nil
}

// fields checks the header of a request.
func fields(v abi.Value) (http.Header, error) {
	h := make(http.Header, 4)
	if k := v.Kind(); k != abi.Map && k != abi.Missing && k != abi.Nil {
		return nil, fmt.Errorf("it is not a map of strings")
	}
	size := 0
	for name, value := range v.Entries() {
		if size += len(name) + value.Len(); size > maxFieldBytes || len(h) >= maxFields {
			return nil, fmt.Errorf("more than %d fields or %d bytes", maxFields, maxFieldBytes)
		}
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, fmt.Errorf("%.40q is not a field name", name)
		}
		name = http.CanonicalHeaderKey(name)
		text := string(value.Bytes())
		if value.Kind() != abi.String || !httpguts.ValidHeaderFieldValue(text) {
			return nil, fmt.Errorf("the value of %s is not text on one line", name)
		}
		if slices.Contains(ownFields, name) {
			return nil, fmt.Errorf("%s is set by the host", name)
		}
		if _, twice := h[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		if scheme, _, _ := strings.Cut(strings.TrimSpace(text), " "); name == "Authorization" && bindsConnection(scheme) {
			return nil, fmt.Errorf("authorization by %s belongs to a connection, and connections are shared", scheme)
		}
		h[name] = []string{text}
	}
	return h, nil
}

func bindsConnection(scheme string) bool {
	return strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate")
}

// request returns the request of the next hop.
func (q *query) request() *http.Request {
	h := q.header
	if _, set := h["User-Agent"]; !set {
		h["User-Agent"] = []string{"Patchbay"}
	}
	if _, set := h["Accept-Encoding"]; !set && q.method != http.MethodHead && h["Range"] == nil {
		h["Accept-Encoding"] = []string{"gzip"}
	}
	r := &http.Request{
		Method: q.method, URL: q.url, Host: q.url.Host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(q.body) > 0 {
		r.ContentLength = int64(len(q.body))
		r.GetBody = q.reader
		r.Body, _ = q.reader()
	}
	return r
}

// repeatable reports whether the request may be sent again after it may have
// arrived. GET is not: see the package comment.
func (q *query) repeatable() bool {
	return q.method == http.MethodHead || q.method == http.MethodOptions ||
		q.header["Idempotency-Key"] != nil || q.header["X-Idempotency-Key"] != nil
}

func isHarmless(name string) bool { return slices.Contains(harmless, name) }

func describesBody(name string) bool { return strings.HasPrefix(name, "Content-") }
