package cdr

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Attr is one attribute of an element.
type Attr struct{ Name, Value string }

// Node is one element in document order. Text is decoded; it is "" when there is none or only white space.
type Node struct {
	Name     string
	Attrs    []Attr
	Children []*Node
	Text     string
}

// Attr returns the value of an attribute, "" if it is missing. A nil node has none.
func (n *Node) Attr(name string) string {
	if n != nil {
		for _, a := range n.Attrs {
			if a.Name == name {
				return a.Value
			}
		}
	}
	return ""
}

// Child returns the first child of that name, or nil. A nil node has none.
func (n *Node) Child(name string) *Node {
	if n != nil {
		for _, c := range n.Children {
			if c.Name == name {
				return c
			}
		}
	}
	return nil
}

func (n *Node) text() string {
	if n == nil {
		return ""
	}
	return n.Text
}

// appendJSON writes the node as the manual shows it: attributes under "@attributes", children by name with repeated ones as an
// array where the first stood, an empty element as []. Text beside attributes or children, which FreeSWITCH does not
// write, goes under "@text".
func (n *Node) appendJSON(b []byte) []byte {
	if len(n.Attrs) == 0 && len(n.Children) == 0 {
		if n.Text == "" {
			return append(b, "[]"...)
		}
		return appendValue(b, n.Text)
	}
	b = append(b, '{')
	first := true
	key := func(name string) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, name), ':')
	}
	if len(n.Attrs) > 0 {
		key("@attributes")
		b = append(b, '{')
		for i, a := range n.Attrs {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendString(b, a.Name), ':')
			b = appendValue(b, a.Value)
		}
		b = append(b, '}')
	}
	groups := make(map[string][]*Node, len(n.Children))
	for _, c := range n.Children {
		groups[c.Name] = append(groups[c.Name], c)
	}
	for _, c := range n.Children {
		same := groups[c.Name]
		switch {
		case same[0] != c: // written with the first one
		case len(same) == 1:
			key(c.Name)
			b = c.appendJSON(b)
		default:
			key(c.Name)
			b = append(b, '[')
			for i, s := range same {
				if i > 0 {
					b = append(b, ',')
				}
				b = s.appendJSON(b)
			}
			b = append(b, ']')
		}
	}
	if n.Text != "" {
		key("@text")
		b = appendValue(b, n.Text)
	}
	return append(b, '}')
}

func appendValue(b []byte, s string) []byte {
	if num, ok := plainNumber(s); ok {
		return append(b, num...)
	}
	return appendString(b, s)
}

func appendString(b []byte, s string) []byte {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string: cannot fail
	return append(b, strings.TrimSuffix(out.String(), "\n")...)
}

// plainNumber decides which values become JSON numbers: digits without a leading zero or plus, with an optional minus and
// fraction, that a double holds without loss. Zeros at the end of a fraction are dropped as in the manual (4.50 is 4.5 there).
func plainNumber(s string) (string, bool) {
	if s == "" || len(s) > 24 {
		return "", false
	}
	digits := strings.TrimPrefix(s, "-")
	whole, frac, point := strings.Cut(digits, ".")
	if !isDigits(whole) || whole[0] == '0' && len(whole) > 1 || point && !isDigits(frac) {
		return "", false
	}
	if frac = strings.TrimRight(frac, "0"); frac == "" {
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || n > 1<<53 || n == 0 && s[0] == '-' {
			return "", false
		}
		return s[:len(s)-len(digits)] + whole, true
	}
	num := s[:len(s)-len(digits)] + whole + "." + frac
	f, err := strconv.ParseFloat(num, 64)
	if err != nil || strconv.FormatFloat(f, 'f', -1, 64) != num {
		return "", false
	}
	return num, true
}

func isDigits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return s != ""
}
