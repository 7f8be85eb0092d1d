package cdr

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/percent"
)

// parseXML reads a well-formed document. Raw tokens keep a colon in a name ("sip_h_X-Foo:Bar"), which FreeSWITCH does not
// mean as a namespace. Entities other than the five of XML and character references are refused, and so is a DTD.
func parseXML(raw []byte) (*Node, error) {
	d := xml.NewDecoder(bytes.NewReader(raw))
	b := builder{}
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			return b.finish()
		}
		if err != nil {
			return nil, fmt.Errorf("not well-formed: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			attrs := make([]Attr, len(t.Attr))
			for i, a := range t.Attr {
				attrs[i] = Attr{fullName(a.Name), a.Value}
			}
			err = b.open(fullName(t.Name), attrs)
		case xml.EndElement:
			err = b.close(fullName(t.Name))
		case xml.CharData:
			err = b.text(string(t))
		case xml.Directive:
			err = errors.New("a document type declaration is not accepted")
		}
		if err != nil {
			return nil, err
		}
	}
}

func fullName(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

// builder checks nesting and bounds, which raw tokens leave to us.
type builder struct {
	root  *Node
	stack []openElement
	nodes int
}

type openElement struct {
	*Node
	chars []byte
}

func (b *builder) open(name string, attrs []Attr) error {
	n := &Node{Name: name}
	if len(attrs) > 0 {
		n.Attrs = attrs
	}
	if len(attrs) > maxAttrs {
		return fmt.Errorf("element with over %d attributes", maxAttrs)
	}
	for i, a := range attrs {
		if slices.ContainsFunc(attrs[:i], func(b Attr) bool { return b.Name == a.Name }) {
			return fmt.Errorf("attribute %.40q twice", a.Name)
		}
	}
	if b.nodes += 1 + len(attrs); b.nodes > maxNodes || len(b.stack) >= maxDepth {
		return fmt.Errorf("over %d elements, or deeper than %d", maxNodes, maxDepth)
	}
	switch {
	case len(b.stack) > 0:
		top := b.stack[len(b.stack)-1].Node
		top.Children = append(top.Children, n)
	case b.root != nil:
		return errors.New("two root elements")
	case name != "cdr":
		return fmt.Errorf("root element is %.40q, not cdr", name)
	default:
		b.root = n
	}
	b.stack = append(b.stack, openElement{Node: n})
	return nil
}

func (b *builder) text(s string) error {
	if len(b.stack) == 0 {
		if strings.TrimSpace(s) != "" {
			return errors.New("text outside the root element")
		}
		return nil
	}
	top := &b.stack[len(b.stack)-1]
	top.chars = append(top.chars, s...)
	return nil
}

func (b *builder) close(name string) error {
	if len(b.stack) == 0 {
		return fmt.Errorf("</%.40s> without a start", name)
	}
	n := b.stack[len(b.stack)-1]
	b.stack = b.stack[:len(b.stack)-1]
	if n.Name != name {
		return fmt.Errorf("<%.40s> ends with </%.40s>", n.Name, name)
	}
	if len(bytes.TrimSpace(n.chars)) > 0 {
		n.Text = string(n.chars)
	}
	// Only variables are percent-encoded; the rest has entities, which are already resolved.
	if len(b.stack) == 2 && b.stack[1].Name == "variables" {
		n.Text = percent.Decode(n.Text)
	}
	return nil
}

func (b *builder) finish() (*Node, error) {
	if b.root == nil || len(b.stack) > 0 {
		return nil, errors.New("document is cut off")
	}
	return b.root, nil
}

var variableLine = regexp.MustCompile(`(?m)^\s*<([^<>\n]{1,256})>([^<>\n]*)</([^<>\n]{1,256})>\s*$`)

// repairXML reads a document whose only fault is in its variables: FreeSWITCH writes their names unchecked as element names,
// one variable on a line. Lines that are not one variable are left out.
func repairXML(raw []byte) (*Node, error) {
	const start, end = "<variables>", "</variables>"
	from := bytes.Index(raw, []byte(start))
	to := bytes.LastIndex(raw, []byte(end))
	if from < 0 || to < from {
		return nil, ErrNoDocument
	}
	from += len(start)
	doc, err := parseXML(append(bytes.Clone(raw[:from]), raw[to:]...))
	if err != nil {
		return nil, err
	}
	vars := doc.Child("variables")
	if vars == nil {
		return nil, ErrNoDocument
	}
	for _, m := range variableLine.FindAllSubmatch(raw[from:to], maxNodes) {
		if bytes.Equal(m[1], m[3]) {
			vars.Children = append(vars.Children, &Node{Name: strings.ToValidUTF8(string(m[1]), "\uFFFD"), Text: percent.Decode(string(m[2]))})
		}
	}
	return doc, nil
}
