package jsontree

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Issue is one fault of a document: where, what, and what to do about it.
type Issue struct {
	// Pointer is the JSON pointer (RFC 6901) of the value at fault.
	Pointer string `json:"pointer"`
	// Line and Column count from 1, columns in characters; 0 when unknown.
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
	// Message says what is wrong.
	Message string `json:"message"`
	// Hint says what to do. May be empty.
	Hint string `json:"hint,omitempty"`

	offset int
}

var _ error = Issue{}

// Error returns "line 3:14: /actions/0/name: message (hint)".
func (i Issue) Error() string {
	s := i.Message
	if i.Pointer != "" {
		s = i.Pointer + ": " + s
	}
	if i.Line > 0 {
		s = fmt.Sprintf("line %d:%d: %s", i.Line, i.Column, s)
	}
	if i.Hint != "" {
		s += " (" + i.Hint + ")"
	}
	return s
}

// At returns an issue of a node. Line and Column are filled in by [Locate].
func At(n *Node, message, hint string) Issue {
	return Issue{Pointer: n.Pointer, Message: message, Hint: hint, offset: n.Offset}
}

// Locate fills in Line and Column from the document that the issue is about.
func Locate(src []byte, i Issue) Issue {
	before := src[:min(max(i.offset, 0), len(src))]
	start := bytes.LastIndexByte(before, '\n') + 1
	i.Line = bytes.Count(before, []byte("\n")) + 1
	i.Column = utf8.RuneCount(before[start:]) + 1
	return i
}
