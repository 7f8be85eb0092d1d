package httpcall

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
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

// field is one field of a header, its name in canonical spelling.
type field struct{ name, value string }

// query is a request that was checked; redirects change it. It borrows its body
// from the guest's message.
type query struct {
	method     string
	url        *url.URL // read only
	to         target
	header     []field
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
	at, err := c.urls.parse(m.URL)
	if err != nil {
		return nil, &badRequest{"url", err.Error()}
	}
	q.url, q.to = at.url, at.to
	if q.header, err = fields(m.Header); err != nil {
		return nil, &badRequest{"header", err.Error()}
	}
	if len(m.Body) > c.limits.Request {
		return nil, &tooLarge{text: fmt.Sprintf("the request's body has %d bytes, the limit is %d", len(m.Body), c.limits.Request), ours: true}
	}
	q.body = m.Body
	return q, nil
}

// fields checks the header of a request.
func fields(v abi.Value) ([]field, error) {
	h := make([]field, 0, min(v.Len(), maxFields))
	if k := v.Kind(); k != abi.Map && k != abi.Missing && k != abi.Nil {
		return nil, fmt.Errorf("it is not a map of strings")
	}
	size := 0
	for key, value := range v.Pairs() {
		if size += len(key) + value.Len(); size > maxFieldBytes || len(h) >= maxFields {
			return nil, fmt.Errorf("more than %d fields or %d bytes", maxFields, maxFieldBytes)
		}
		name := canonical(key)
		if name == "" {
			return nil, fmt.Errorf("%.40q is not a field name", key)
		}
		text := string(value.Bytes())
		if value.Kind() != abi.String || !httpguts.ValidHeaderFieldValue(text) {
			return nil, fmt.Errorf("the value of %s is not text on one line", name)
		}
		if slices.Contains(ownFields, name) {
			return nil, fmt.Errorf("%s is set by the host", name)
		}
		if has(h, name) {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		if scheme, _, _ := strings.Cut(strings.TrimSpace(text), " "); name == "Authorization" && bindsConnection(scheme) {
			return nil, fmt.Errorf("authorization by %s belongs to a connection, and connections are shared", scheme)
		}
		h = append(h, field{name, text})
	}
	return h, nil
}

// usual are the fields that plugins send, as they spell them.
var usual = func() map[string]string {
	names := map[string]string{}
	for _, name := range []string{"Accept", "Authorization", "Content-Type", "User-Agent"} {
		names[name], names[strings.ToLower(name)] = name, name
	}
	return names
}()

// canonical returns the name of a field in its canonical spelling, "" for what is none.
func canonical(key []byte) string {
	if name, ok := usual[string(key)]; ok {
		return name
	}
	name := string(key)
	if !httpguts.ValidHeaderFieldName(name) {
		return ""
	}
	return http.CanonicalHeaderKey(name)
}

func bindsConnection(scheme string) bool {
	return strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate")
}

func has(h []field, name string) bool {
	return slices.ContainsFunc(h, func(f field) bool { return f.name == name })
}

// appendHead appends the request up to its body. All texts were checked before:
// a field by [fields], the URL by [parseURL], which leaves no byte in it that
// would end a line or an element of the line.
func (q *query) appendHead(b []byte) []byte {
	b = append(b, q.method...)
	b = append(b, ' ')
	b = append(b, q.url.RequestURI()...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendField(b, "Host", q.url.Host)
	if !has(q.header, "User-Agent") {
		b = appendField(b, "User-Agent", "Patchbay")
	}
	if n := len(q.body); n > 0 || q.method == http.MethodPost || q.method == http.MethodPut || q.method == http.MethodPatch {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(b, "\r\n"...)
	}
	if !has(q.header, "Accept-Encoding") && q.method != http.MethodHead && !has(q.header, "Range") {
		b = appendField(b, "Accept-Encoding", "gzip")
	}
	for _, f := range q.header {
		if f.name != "User-Agent" || f.value != "" { // an empty one asks for none
			b = appendField(b, f.name, f.value)
		}
	}
	return append(b, "\r\n"...)
}

func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, strings.Trim(value, " \t")...)
	return append(b, "\r\n"...)
}

// repeatable reports whether the request may be sent again after it may have
// arrived. GET is not: see the package comment.
func (q *query) repeatable() bool {
	return q.method == http.MethodHead || q.method == http.MethodOptions ||
		has(q.header, "Idempotency-Key") || has(q.header, "X-Idempotency-Key")
}

func isHarmless(name string) bool { return slices.Contains(harmless, name) }

func describesBody(name string) bool { return strings.HasPrefix(name, "Content-") }
