package rehearsal

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// exchange is one HTTP request as it left the gateway, or would have left it.
type exchange struct {
	method string
	url    string
	header http.Header
	body   []byte
}

// String writes the request for people.
func (x *exchange) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", x.method, x.url)
	for _, name := range slices.Sorted(maps.Keys(x.header)) {
		fmt.Fprintf(&b, "%s: %s\n", strings.ToLower(name), strings.Join(x.header[name], ", "))
	}
	if len(x.body) > 0 {
		fmt.Fprintf(&b, "\n%s\n", shorten(strings.ToValidUTF8(string(x.body), "\uFFFD"), 1000))
	}
	return b.String()
}

// compare returns in what a request differs from the expected one.
func (q *HTTPRequest) compare(place string, got *exchange) []string {
	var c comparison
	if q.Method != "" && !strings.EqualFold(q.Method, got.method) {
		c.say(place+"/method", "want %s, got %s", q.Method, got.method)
	}
	q.compareURL(&c, place, got)
	for _, f := range q.Header {
		compareField(&c, place+"/header/"+f.name, f.values, got.header.Values(f.name))
	}
	switch {
	case q.Body != nil:
		if string(got.body) != *q.Body {
			c.text(place+"/body", *q.Body, string(got.body))
		}
	case len(q.JSON) > 0:
		v, err := transcode.FromJSON(nil, got.body, transcode.Options{})
		if err != nil {
			c.say(place+"/json", "the body is no JSON (%v): %s", err, excerpt(got.body))
			break
		}
		c.found = append(c.found, differs(place+"/json", q.JSON, v)...)
	case q.Form != nil:
		v, err := transcode.FromForm(nil, got.body)
		if err != nil {
			c.say(place+"/form", "the body is no form (%v): %s", err, excerpt(got.body))
			break
		}
		compareForm(&c, place+"/form", q.Form, v, q.Exact)
	}
	return c.found
}

func excerpt(b []byte) string { return fmt.Sprintf("%q", shorten(string(b), maxShown)) }

func (q *HTTPRequest) compareURL(c *comparison, place string, got *exchange) {
	if q.URL == nil && q.Query == nil {
		return
	}
	u, err := url.Parse(got.url)
	if err != nil {
		c.say(place+"/url", "got %s, which is no URL", got.url)
		return
	}
	if q.Query != nil {
		v, err := transcode.FromForm(nil, []byte(u.RawQuery))
		if err != nil {
			c.say(place+"/query", "%v: %s", err, u.RawQuery)
		} else {
			compareForm(c, place+"/query", q.Query, v, q.Exact)
		}
		u.RawQuery = ""
	}
	if q.URL == nil {
		return
	}
	if want, have := canonical(q.URL), canonical(u); want != have {
		c.text(place+"/url", want, have)
	}
}

// canonical spells a URL in one way, so that only real differences count.
func canonical(u *url.URL) string {
	host, port := strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" && !(u.Scheme == "https" && port == "443") && !(u.Scheme == "http" && port == "80") {
		host += ":" + port
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	s := u.Scheme + "://" + host + path
	if u.RawQuery != "" || u.ForceQuery {
		s += "?" + u.RawQuery
	}
	return s
}

func compareField(c *comparison, place string, want, got []string) {
	if w, g := strings.Join(want, ", "), strings.Join(got, ", "); w != g {
		if len(got) == 0 {
			c.say(place, "want %q, but it is not there", w)
		} else {
			c.text(place, w, g)
		}
	}
}

// compareForm compares a map of texts, or arrays of texts, as the parser of forms
// makes it.
func compareForm(c *comparison, place string, want fields, got abi.Value, exact bool) {
	for _, f := range want {
		v := got.Get(f.name)
		var values []string
		switch v.Kind() {
		case abi.String:
			values = []string{v.String()}
		case abi.Array:
			for e := range v.Elements() {
				values = append(values, e.String())
			}
		}
		if !slices.Equal(f.values, values) {
			if values == nil {
				c.say(place+"/"+f.name, "want %q, but it is not there", strings.Join(f.values, ", "))
			} else {
				c.text(place+"/"+f.name, strings.Join(f.values, ", "), strings.Join(values, ", "))
			}
		}
	}
	if !exact {
		return
	}
	for name, v := range got.Entries() {
		if !slices.ContainsFunc(want, func(f field) bool { return f.name == name }) {
			c.say(place+"/"+name, "not expected: %s", show(v))
		}
	}
}
