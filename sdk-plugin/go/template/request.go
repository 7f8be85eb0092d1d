package template

import (
	"errors"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Field is a named template: a header, a form field.
type Field struct {
	Name  string
	Value *Template
}

// Fields compiles the values of a map setting, in its order.
func (s Scope) Fields(setting string, v abi.Value, c Context) ([]Field, error) {
	var all []Field
	for name, e := range v.Entries() {
		t, err := s.Compile(setting+"."+name, e.String(), c)
		if err != nil {
			return nil, err
		}
		all = append(all, Field{name, t})
	}
	return all, nil
}

// Headers compiles a map setting of HTTP headers.
func (s Scope) Headers(setting string, v abi.Value) ([]Field, error) {
	all, err := s.Fields(setting, v, Header)
	for _, h := range all {
		if !isToken(h.Name) {
			return nil, errors.New(setting + ": " + h.Name + " is not the name of a header")
		}
	}
	return all, err
}

// Get compiles a GET request from its address alone; setting names it in errors.
func (s Scope) Get(setting, url string, headers []Field) (*Request, error) {
	t, err := s.Compile(setting, url, URL)
	return &Request{Method: "GET", URL: t, Headers: headers, kind: BodyNone}, err
}

// Kinds of bodies, as the setting body_kind names them.
const (
	BodyNone = "none"
	BodyJSON = "json"
	BodyForm = "form"
	BodyText = "text"
	BodyXML  = "xml"
)

// Request is a compiled HTTP request.
type Request struct {
	Method  string
	URL     *Template
	Headers []Field
	kind    string
	body    *Template
	form    []Field
}

// Request compiles the settings <prefix>method, url, headers, body_kind, body
// and fields. An empty method is GET without a body and POST with one.
//
// Headers of the operator come before [Authorization] and the body's
// Content-Type, which are added only when they are not among them.
func (s Scope) Request(prefix string) (*Request, error) {
	get := func(name string) abi.Value { return s.Settings.Get(prefix + name) }
	q := &Request{Method: get("method").String(), kind: get("body_kind").String()}
	var err error
	if q.URL, err = s.Compile(prefix+"url", get("url").String(), URL); err != nil {
		return nil, err
	}
	if q.Headers, err = s.Headers(prefix+"headers", get("headers")); err != nil {
		return nil, err
	}
	if err := q.compileBody(s, prefix, get("body").String(), get("fields")); err != nil {
		return nil, err
	}
	if q.Method == "" {
		q.Method = "GET"
		if q.kind != BodyNone {
			q.Method = "POST"
		}
	}
	if q.kind != BodyNone && q.Method == "GET" {
		return nil, errors.New(prefix + "body_kind: a GET request has no body; choose another method or " + BodyNone)
	}
	return q, nil
}

func (q *Request) compileBody(s Scope, prefix, body string, fields abi.Value) (err error) {
	contexts := map[string]Context{BodyJSON: JSON, BodyText: Text, BodyXML: XML}
	switch q.kind {
	case "":
		q.kind = BodyNone
	case BodyNone:
	case BodyForm:
		q.form, err = s.Fields(prefix+"fields", fields, Text)
		return err
	default:
		c, ok := contexts[q.kind]
		if !ok {
			return errors.New(prefix + "body_kind: " + q.kind + " is none of none, json, form, text, xml")
		}
		if body == "" {
			return errors.New(prefix + "body: is empty, but " + prefix + "body_kind is " + q.kind)
		}
		q.body, err = s.Compile(prefix+"body", body, c)
		return err
	}
	if body != "" {
		return errors.New(prefix + "body: is set, but " + prefix + "body_kind is " + BodyNone)
	}
	return nil
}

// isToken reports whether s is a token of RFC 9110.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, c) >= 0 {
			return false
		}
	}
	return s != ""
}

// Uses reports whether any part of the request has a placeholder of that name.
func (q *Request) Uses(name string) bool {
	if q.URL.Uses(name) || q.body != nil && q.body.Uses(name) {
		return true
	}
	for _, f := range append(q.Headers[:len(q.Headers):len(q.Headers)], q.form...) {
		if f.Value.Uses(name) {
			return true
		}
	}
	return false
}

// Build fills in the values. more are headers that are added unless the
// operator set them.
//
// # Errors
//
// As [Template.Append]: nothing was sent.
func (q *Request) Build(values Values, more ...[2]string) (abi.HTTPRequest, error) {
	r := abi.HTTPRequest{Method: q.Method}
	var err error
	if r.URL, err = q.URL.Render(values); err != nil {
		return r, err
	}
	if r.Body, err = q.appendBody(values); err != nil {
		return r, err
	}
	var headers abi.Object
	for _, h := range q.Headers {
		text, err := h.Value.Render(values)
		if err != nil {
			return r, err
		}
		headers.Str(h.Name, text)
	}
	if t, ok := contentTypes[q.kind]; ok {
		more = append(more[:len(more):len(more)], [2]string{"Content-Type", t})
	}
	for _, h := range more {
		if h[0] != "" && !hasHeader(q.Headers, h[0]) {
			headers.Str(h[0], h[1])
		}
	}
	r.Header = headers.Value()
	return r, nil
}

func hasHeader(all []Field, name string) bool {
	for _, h := range all {
		if equalFold(h.Name, name) {
			return true
		}
	}
	return false
}

// equalFold compares names of headers, which are ASCII; strings.EqualFold brings
// the tables of Unicode with it.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x != y && (x|0x20 != y|0x20 || x|0x20 < 'a' || x|0x20 > 'z') {
			return false
		}
	}
	return true
}

var contentTypes = map[string]string{
	BodyJSON: "application/json; charset=utf-8",
	BodyForm: "application/x-www-form-urlencoded; charset=utf-8",
	BodyText: "text/plain; charset=utf-8",
	BodyXML:  "application/xml; charset=utf-8",
}

func (q *Request) appendBody(values Values) ([]byte, error) {
	if q.body != nil {
		return q.body.Append(nil, values)
	}
	var b []byte
	for i, f := range q.form {
		text, err := f.Value.Render(values)
		if err != nil {
			return nil, err
		}
		if i > 0 {
			b = append(b, '&')
		}
		b = AppendQuery(append(AppendQuery(b, f.Name), '='), text)
	}
	return b, nil
}

// Kinds of authorization, as the setting auth names them.
const (
	AuthNone   = "none"
	AuthBasic  = "basic"
	AuthBearer = "bearer"
)

// Authorization returns the header of the settings auth, login, password and
// api_key, an empty one for auth "none".
func Authorization(settings abi.Value) (header [2]string, err error) {
	get := func(name string) string { return settings.Get(name).String() }
	switch auth := get("auth"); auth {
	case "", AuthNone:
		return header, nil
	case AuthBasic:
		if get("login") == "" || strings.Contains(get("login"), ":") {
			return header, errors.New("login: basic authorization needs one, without a colon")
		}
		return [2]string{"Authorization", "Basic " + string(appendBase64(nil, get("login")+":"+get("password")))}, nil
	case AuthBearer:
		key := get("api_key")
		if _, err := appendEscaped(nil, key, inHeader); key == "" || err != nil {
			return header, errors.New("api_key: bearer authorization needs one, without line breaks")
		}
		return [2]string{"Authorization", "Bearer " + key}, nil
	default:
		return header, errors.New("auth: " + auth + " is none of none, basic, bearer")
	}
}
