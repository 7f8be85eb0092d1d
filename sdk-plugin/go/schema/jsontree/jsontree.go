// Package jsontree reads a JSON document strictly and remembers where everything
// stood, so that the linters of schemas and manifests can point to a fault.
//
// Strict means: valid UTF-8, no duplicate keys, no text after the value, nesting
// of at most [MaxDepth]. Key order is kept.
package jsontree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// MaxDepth bounds the nesting of a document.
const MaxDepth = 48

// Kind is the type of a [Node].
type Kind uint8

// Kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	String
	Array
	Object
)

// String returns the kind as a person would say it: "an object".
func (k Kind) String() string {
	return [...]string{"null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// Node is one JSON value with its place in the document.
type Node struct {
	Kind Kind
	// Pointer is the JSON pointer (RFC 6901) from the root, "" for the root.
	Pointer string
	// Offset is the byte offset just behind the first token of the value.
	Offset int
	// Text is the content of a String, the literal of a Number.
	Text string
	// Bool is the content of a Bool.
	Bool bool
	// Elements of an Array.
	Elements []*Node
	// Members of an Object in the order of the document.
	Members []Member
}

// Member is one key of an object and its value.
type Member struct {
	Key   string
	Value *Node
}

// Get returns the value of a key of an object, nil when it is not there.
func (n *Node) Get(key string) *Node {
	if n == nil {
		return nil
	}
	for i := range n.Members {
		if n.Members[i].Key == key {
			return n.Members[i].Value
		}
	}
	return nil
}

// Append writes the value as MessagePack. Whole numbers that fit 64 bits stay
// exact; other numbers become float64. Numbers were checked by [Parse].
func (n *Node) Append(b []byte) []byte {
	switch n.Kind {
	case Bool:
		return abi.AppendBool(b, n.Bool)
	case String:
		return abi.AppendString(b, n.Text)
	case Number:
		if i, err := strconv.ParseInt(n.Text, 10, 64); err == nil {
			return abi.AppendInt(b, i)
		}
		if u, err := strconv.ParseUint(n.Text, 10, 64); err == nil {
			return abi.AppendUint(b, u)
		}
		return abi.AppendFloat(b, n.float())
	case Array:
		b = abi.AppendArray(b, len(n.Elements))
		for _, e := range n.Elements {
			b = e.Append(b)
		}
		return b
	case Object:
		b = abi.AppendMap(b, len(n.Members))
		for _, m := range n.Members {
			b = m.Value.Append(abi.AppendString(b, m.Key))
		}
		return b
	}
	return abi.AppendNil(b)
}

// Value returns the node as a value of its own.
func (n *Node) Value() abi.Value { return n.Append(nil) }

// float returns the number; Parse vouches that it is finite.
func (n *Node) float() float64 {
	f, _ := strconv.ParseFloat(n.Text, 64)
	return f
}

// Float returns a Number as float64; ok is false for other kinds.
func (n *Node) Float() (f float64, ok bool) {
	if n.Kind != Number {
		return 0, false
	}
	return n.float(), true
}

// Int returns a Number that is a whole number within ±2⁵³; ok is false
// otherwise.
func (n *Node) Int() (i int, ok bool) {
	f, ok := n.Float()
	if !ok || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, false
	}
	return int(f), true
}

// Parse reads exactly one JSON value.
//
// # Errors
//
// The error is an [Issue] that tells the line and column of the first fault.
func Parse(src []byte) (*Node, error) {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(src) {
		return nil, Locate(src, Issue{Message: "the document is not valid UTF-8", offset: firstInvalid(src)})
	}
	p := parser{src: src, dec: json.NewDecoder(bytes.NewReader(src))}
	p.dec.UseNumber()
	root, err := p.value("", 0)
	if err != nil {
		return nil, p.fault("", err)
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, p.fault("", errors.New("text follows the JSON value"))
	}
	return root, nil
}

func firstInvalid(src []byte) int {
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(src)
}

type parser struct {
	src []byte
	dec *json.Decoder
}

func (p *parser) fault(pointer string, err error) error {
	if issue, ok := errors.AsType[Issue](err); ok {
		return issue
	}
	message := err.Error()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the JSON ends too early"
	}
	return Locate(p.src, Issue{Pointer: pointer, Message: message, offset: int(p.dec.InputOffset())})
}

func (p *parser) value(pointer string, depth int) (*Node, error) {
	if depth > MaxDepth {
		return nil, p.fault(pointer, fmt.Errorf("nested deeper than %d levels", MaxDepth))
	}
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	n := &Node{Pointer: pointer, Offset: int(p.dec.InputOffset())}
	switch t := token.(type) {
	case nil:
	case bool:
		n.Kind, n.Bool = Bool, t
	case string:
		n.Kind, n.Text = String, t
	case json.Number:
		n.Kind, n.Text = Number, t.String()
		if f, err := t.Float64(); err != nil || math.IsInf(f, 0) {
			return nil, p.fault(pointer, fmt.Errorf("the number %.40s is out of range", n.Text))
		}
	case json.Delim:
		if t == '[' {
			err = p.array(n, depth)
		} else {
			err = p.object(n, depth)
		}
	}
	return n, err
}

func (p *parser) array(n *Node, depth int) error {
	n.Kind = Array
	for p.dec.More() {
		e, err := p.value(n.Pointer+"/"+strconv.Itoa(len(n.Elements)), depth+1)
		if err != nil {
			return err
		}
		n.Elements = append(n.Elements, e)
	}
	_, err := p.dec.Token()
	return err
}

func (p *parser) object(n *Node, depth int) error {
	n.Kind = Object
	seen := map[string]bool{}
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return errors.New("a key must be a string")
		}
		at := n.Pointer + "/" + Escape(key)
		if seen[key] {
			return p.fault(at, fmt.Errorf("the key %q is there twice", key))
		}
		seen[key] = true
		v, err := p.value(at, depth+1)
		if err != nil {
			return err
		}
		n.Members = append(n.Members, Member{Key: key, Value: v})
	}
	_, err := p.dec.Token()
	return err
}

var escaper = strings.NewReplacer("~", "~0", "/", "~1")

// Escape writes a key as one part of a JSON pointer.
func Escape(key string) string { return escaper.Replace(key) }
