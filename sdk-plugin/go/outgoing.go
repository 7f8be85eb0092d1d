package patchbay

import (
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// Outgoing is an HTTP request in the making, for [Task.Do]:
//
//	answer, err := t.Do(patchbay.Post(url).Bearer(token).JSON(body).Timeout(10_000))
//
// What it is given is escaped where it goes. Redirects are not followed: an
// address that moved is for the operator to correct, and a repeated POST could be
// a second SMS.
type Outgoing struct {
	request Request
	header  Object
	form    bool // the body is a form that grows
}

// Get begins a GET request.
func Get(url string) *Outgoing { return NewRequest("GET", url) }

// Post begins a POST request.
func Post(url string) *Outgoing { return NewRequest("POST", url) }

// NewRequest begins a request with any method.
func NewRequest(method, url string) *Outgoing {
	return &Outgoing{request: Request{Method: method, URL: url, Parse: abi.ParseAuto, NoRedirect: true}}
}

// Query adds a parameter to the address.
func (o *Outgoing) Query(name, value string) *Outgoing {
	separator := byte('?')
	for i := range len(o.request.URL) {
		if o.request.URL[i] == '?' {
			separator = '&'
		}
	}
	o.request.URL = string(appendPair(append([]byte(o.request.URL), separator), name, value))
	return o
}

// Header adds a field. A field that is set twice is refused by the host.
func (o *Outgoing) Header(name, value string) *Outgoing {
	o.header.Str(name, value)
	return o
}

// Bearer adds the header authorization: Bearer <token>.
func (o *Outgoing) Bearer(token string) *Outgoing { return o.Header("authorization", "Bearer "+token) }

// JSON makes a value the body.
func (o *Outgoing) JSON(v Value) *Outgoing {
	o.request.Body = template.AppendJSON(nil, v)
	return o.Header("content-type", "application/json")
}

// Form adds a field to a form that is the body.
func (o *Outgoing) Form(name, value string) *Outgoing {
	if o.form {
		o.request.Body = append(o.request.Body, '&')
	} else {
		o.form = true
		o.Header("content-type", "application/x-www-form-urlencoded")
	}
	o.request.Body = appendPair(o.request.Body, name, value)
	return o
}

// Body makes bytes the body.
func (o *Outgoing) Body(contentType string, body []byte) *Outgoing {
	o.request.Body = body
	return o.Header("content-type", contentType)
}

// Parse says what the host makes of the answer's body. Without it the answer's
// Content-Type decides; [abi.ParseJSON] is for servers that name a wrong one.
func (o *Outgoing) Parse(p abi.Parse) *Outgoing {
	o.request.Parse = p
	return o
}

// Timeout bounds the exchange, in milliseconds.
func (o *Outgoing) Timeout(ms int) *Outgoing {
	o.request.TimeoutMS = ms
	return o
}

// Redirects lets the host follow redirects, inside the grant.
func (o *Outgoing) Redirects() *Outgoing {
	o.request.NoRedirect = false
	return o
}

func appendPair(b []byte, name, value string) []byte {
	return template.AppendQuery(append(template.AppendQuery(b, name), '='), value)
}

// Do sends a request: see [Task.Fetch].
func (t *Task) Do(o *Outgoing) (Response, error) {
	if o.header.Len() > 0 {
		o.request.Header = o.header.Value()
		o.header = Object{}
	}
	return t.Fetch(o.request)
}
