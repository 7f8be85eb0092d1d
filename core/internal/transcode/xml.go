package transcode

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Keys that FromXML uses; no element can have such a name.
const (
	attributesKey = "@attributes"
	textKey       = "#text"
)

// MaxElements bounds the elements of an XML document: each costs far more memory
// than its four bytes of text.
const MaxElements = 250_000

// ErrXML: not an acceptable XML document.
var ErrXML = errors.New("not an acceptable XML document")

// element is an XML element while its content is being read.
type element struct {
	name     string
	attrs    []xml.Attr
	names    []string // of children, in the order of their first appearance
	children map[string][]*element
	text     strings.Builder
}

// FromXML appends the content of the root element of an XML document:
//
//   - an element with neither attributes nor children is its text, "" when empty;
//   - any other is a map: its attributes as a map under "@attributes", its text
//     under "#text" when there is any, then the children by name in the order of
//     their first appearance, repeated ones as an array.
//
// Text that stands between children is joined and trimmed. Namespace prefixes
// are dropped unless two attributes would get the same name.
//
// # Errors
//
// [ErrXML] for malformed documents, document types, entities other than the five
// of XML, encodings other than UTF-8, two attributes of one name, and more
// than [MaxElements] elements; [ErrDepth].
func FromXML(dst, src []byte) ([]byte, error) {
	if !utf8.Valid(src) {
		return nil, fmt.Errorf("%w: not valid UTF-8", ErrXML)
	}
	dec := xml.NewDecoder(bytes.NewReader(src))
	root, err := readDocument(dec)
	if err != nil {
		return nil, fmt.Errorf("XML at byte %d: %w", dec.InputOffset(), err)
	}
	if dst, err = root.append(dst); err != nil {
		return nil, err
	}
	return dst, nil
}

func readDocument(dec *xml.Decoder) (root *element, err error) {
	var open []*element
	elements := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrXML, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{name: t.Name.Local, attrs: t.Attr}
			elements++
			switch {
			case elements > MaxElements:
				return nil, fmt.Errorf("%w: more than %d elements", ErrXML, MaxElements)
			case len(open) > 0:
				open[len(open)-1].add(e)
			case root != nil:
				return nil, fmt.Errorf("%w: a second root element", ErrXML)
			default:
				root = e
			}
			open = append(open, e)
			// An element may add two levels: its own map and its array.
			if 2*len(open) > abi.MaxDepth-2 {
				return nil, ErrDepth
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				open[len(open)-1].text.Write(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("%w: text outside the root element", ErrXML)
			}
		case xml.Directive:
			return nil, fmt.Errorf("%w: a document type is not allowed", ErrXML)
		}
	}
	if root == nil {
		return nil, fmt.Errorf("%w: no root element", ErrXML)
	}
	return root, nil
}

func (e *element) add(child *element) {
	if e.children == nil {
		e.children = map[string][]*element{}
	}
	if _, ok := e.children[child.name]; !ok {
		e.names = append(e.names, child.name)
	}
	e.children[child.name] = append(e.children[child.name], child)
}

func (e *element) append(dst []byte) ([]byte, error) {
	attrs := e.attributes()
	if len(attrs) == 0 && len(e.names) == 0 {
		return abi.AppendString(dst, e.text.String()), nil
	}
	text := strings.TrimSpace(e.text.String())
	n := len(e.names)
	if len(attrs) > 0 {
		n++
	}
	if text != "" {
		n++
	}
	dst = abi.AppendMap(dst, n)
	if len(attrs) > 0 {
		var err error
		if dst, err = appendAttributes(abi.AppendString(dst, attributesKey), attrs); err != nil {
			return nil, err
		}
	}
	if text != "" {
		dst = abi.AppendString(abi.AppendString(dst, textKey), text)
	}
	for _, name := range e.names {
		dst = abi.AppendString(dst, name)
		same := e.children[name]
		if len(same) > 1 {
			dst = abi.AppendArray(dst, len(same))
		}
		for _, child := range same {
			var err error
			if dst, err = child.append(dst); err != nil {
				return nil, err
			}
		}
	}
	return dst, nil
}

// attributes returns those that are not namespace declarations.
func (e *element) attributes() []xml.Attr {
	var all []xml.Attr
	for _, a := range e.attrs {
		if a.Name.Space != "xmlns" && (a.Name.Space != "" || a.Name.Local != "xmlns") {
			all = append(all, a)
		}
	}
	return all
}

func appendAttributes(dst []byte, attrs []xml.Attr) ([]byte, error) {
	dst = abi.AppendMap(dst, len(attrs))
	seen := make(map[string]bool, len(attrs))
	for _, a := range attrs {
		key := a.Name.Local
		if seen[key] && a.Name.Space != "" {
			key = a.Name.Space + ":" + a.Name.Local
		}
		if seen[key] {
			return nil, fmt.Errorf("%w: the attribute %q is there twice", ErrXML, a.Name.Local)
		}
		seen[key] = true
		dst = abi.AppendString(abi.AppendString(dst, key), a.Value)
	}
	return dst, nil
}
