package abi

import (
	"bytes"
	"testing"
)

func TestPlainAnswer(t *testing.T) {
	body := new(Object).Str("a", "b").Value()
	for _, c := range []struct {
		name   string
		answer []byte
		body   Value
		ok     bool
	}{
		{"body", AppendAnswer(nil, nil, body), body, true},
		{"no body", AppendAnswer(nil, nil, nil), nil, true},
		{"error", AppendAnswer(nil, &Error{Code: CodeDenied}, nil), nil, false},
		{"empty", nil, nil, false},
		{"cut", AppendAnswer(nil, nil, body)[:2], nil, false},
		{"no array", []byte{tagNil, tagNil, tagNil}, nil, false},
		{"bytes behind nothing", append(AppendAnswer(nil, nil, nil), 1), nil, false},
	} {
		got, ok := PlainAnswer(c.answer)
		if ok != c.ok || !bytes.Equal(got, c.body) {
			t.Errorf("%s: %x, %t", c.name, []byte(got), ok)
		}
		if want, failure, err := DecodeAnswer(c.answer); ok && (err != nil || failure != nil || !bytes.Equal(got, want)) {
			t.Errorf("%s: DecodeAnswer says %x, %v, %v", c.name, []byte(want), failure, err)
		}
	}
}
