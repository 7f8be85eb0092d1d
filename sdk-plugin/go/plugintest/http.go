package plugintest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Answer is an HTTP answer.
func Answer(status int, contentType, body string) abi.HTTPResponse {
	var header abi.Object
	header.Str("content-type", contentType)
	return abi.HTTPResponse{Status: status, Header: header.Value(), Body: []byte(body)}
}

// Header returns a header of a request, "" when it is not there.
func Header(q abi.HTTPRequest, name string) string {
	for key, v := range q.Header.Entries() {
		if strings.EqualFold(key, name) {
			return v.String()
		}
	}
	return ""
}

func (h *Host) fetch(request []byte) (abi.Value, *abi.Error) {
	var q abi.HTTPRequest
	if err := q.Decode(request); err != nil {
		return nil, broken(abi.OpHTTPFetch, err)
	}
	if u, err := url.Parse(q.URL); err != nil || u.Host == "" {
		h.t.Errorf("plugintest: the request's address %q is not absolute", q.URL)
	}
	for name, v := range q.Header.Entries() {
		if strings.ContainsAny(name+v.String(), "\r\n\x00") {
			h.t.Errorf("plugintest: the header %q would break out of its line", name)
		}
	}
	if h.http == nil {
		return nil, denied(abi.OpHTTPFetch)
	}
	p, failure := h.http(q)
	if failure != nil {
		return nil, failure
	}
	p.Data = parse(q.Parse, p)
	return p.Append(nil), nil
}

// parse does what the host does; a body that cannot be parsed gives nothing.
func parse(mode abi.Parse, p abi.HTTPResponse) abi.Value {
	if mode == abi.ParseAuto {
		mode = byContentType(p.Header.Get("content-type").String())
	}
	switch mode {
	case abi.ParseJSON:
		if n, err := jsontree.Parse(p.Body); err == nil {
			return n.Value()
		}
	case abi.ParseXML:
		if v, err := parseXML(p.Body); err == nil {
			return v
		}
	case abi.ParseForm:
		if form, err := url.ParseQuery(string(p.Body)); err == nil {
			return formValue(form)
		}
	}
	return nil
}

func byContentType(t string) abi.Parse {
	t, _, _ = strings.Cut(t, ";")
	switch t = strings.TrimSpace(t); {
	case strings.HasSuffix(t, "json"):
		return abi.ParseJSON
	case strings.HasSuffix(t, "xml"):
		return abi.ParseXML
	case t == "application/x-www-form-urlencoded":
		return abi.ParseForm
	}
	return abi.ParseNone
}

func formValue(form url.Values) abi.Value {
	keys := make([]string, 0, len(form))
	for k := range form {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var o abi.Object
	for _, k := range keys {
		o.Str(k, form.Get(k))
	}
	return o.Value()
}

// node is an element of an XML document: attributes under "@attributes", text
// under "#text" beside them or children, repeated elements as an array.
type node struct {
	attributes []xml.Attr
	text       string
	names      []string
	children   map[string][]*node
}

func parseXML(src []byte) (abi.Value, error) {
	dec := xml.NewDecoder(bytes.NewReader(src))
	root := &node{}
	open := []*node{root}
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		top := open[len(open)-1]
		switch t := token.(type) {
		case xml.StartElement:
			child := &node{attributes: t.Attr}
			top.add(t.Name.Local, child)
			open = append(open, child)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if len(root.names) != 1 {
		return nil, errors.New("no root element")
	}
	return root.children[root.names[0]][0].value(), nil
}

func (n *node) add(name string, child *node) {
	if n.children == nil {
		n.children = map[string][]*node{}
	}
	if n.children[name] == nil {
		n.names = append(n.names, name)
	}
	n.children[name] = append(n.children[name], child)
}

func (n *node) value() abi.Value {
	if len(n.attributes) == 0 && len(n.names) == 0 {
		return abi.StringValue(n.text)
	}
	var o abi.Object
	if len(n.attributes) > 0 {
		var a abi.Object
		for _, attr := range n.attributes {
			a.Str(attr.Name.Local, attr.Value)
		}
		o.Set("@attributes", a.Value())
	}
	if text := strings.TrimSpace(n.text); text != "" {
		o.Str("#text", text)
	}
	for _, name := range n.names {
		same := n.children[name]
		if len(same) == 1 {
			o.Set(name, same[0].value())
			continue
		}
		var all abi.List
		for _, child := range same {
			all.Add(child.value())
		}
		o.Set(name, all.Value())
	}
	return o.Value()
}
