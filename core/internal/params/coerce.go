package params

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

var (
	errControl = errors.New("holds a control character")
	errType    = errors.New("has the wrong type")
)

// appendParam appends v as the schema wants it. What it cannot coerce it appends
// unchanged for the schema to refuse.
func (c *Checker) appendParam(dst []byte, s *schema.Schema, v abi.Value) ([]byte, number, error) {
	kind := v.Kind()
	if kind == abi.Array && s.Type != schema.Array {
		return dst, number{}, errTwice
	}
	switch s.Type {
	case schema.String:
		return c.appendString(dst, s, v)
	case schema.Integer:
		if i, ok := v.Int(); ok && kind != abi.Bool {
			return abi.AppendInt(dst, i), number{}, nil
		}
	case schema.Number:
		if kind == abi.String {
			f, err := parseNumber(v.String())
			if err != nil {
				return dst, number{}, err
			}
			return abi.AppendFloat(dst, f), number{}, nil
		}
	case schema.Boolean:
		switch text := v.String(); {
		case kind != abi.String && kind != abi.Int && kind != abi.Bool:
		case text == "true" || text == "1":
			return abi.AppendBool(dst, true), number{}, nil
		case text == "false" || text == "0":
			return abi.AppendBool(dst, false), number{}, nil
		}
	default:
		if err := checkText(v, s.Multiline); err != nil {
			return dst, number{}, err
		}
	}
	return append(dst, v...), number{}, nil
}

// appendString accepts strings and whole numbers, whose decimal text they stand
// for: {"project_id": 1111}.
func (c *Checker) appendString(dst []byte, s *schema.Schema, v abi.Value) ([]byte, number, error) {
	if v.Kind() == abi.Int {
		v = abi.StringValue(v.String())
	}
	if v.Kind() != abi.String {
		return dst, number{}, errType
	}
	if err := checkText(v, s.Multiline); err != nil {
		return dst, number{}, err
	}
	switch s.Format {
	case schema.Phone:
		text, err := phoneText(v.Bytes())
		if err != nil {
			return dst, number{}, err
		}
		n, err := c.parsePhone(text)
		if err != nil {
			return dst, number{}, err
		}
		return abi.AppendString(dst, text), n, nil
	case schema.Dial:
		text, err := dialText(v.Bytes())
		if err != nil {
			return dst, number{}, err
		}
		return abi.AppendString(dst, text), number{}, nil
	}
	return append(dst, v...), number{}, nil
}

// parseNumber reads what JSON would accept as a number: no hexadecimal, no
// infinities, no underscores.
func parseNumber(s string) (float64, error) {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E' {
			return 0, errType
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, errType
	}
	return f, nil
}

// checkText refuses control characters in every string inside v. Line breaks and
// tabs are welcome in multiline text; NUL and the rest are not.
func checkText(v abi.Value, multiline bool) error {
	switch v.Kind() {
	case abi.String:
		return checkString(v.Bytes(), multiline)
	case abi.Array:
		for e := range v.Elements() {
			if err := checkText(e, multiline); err != nil {
				return err
			}
		}
	case abi.Map:
		for k, e := range v.Pairs() {
			if err := checkString(k, false); err != nil {
				return err
			}
			if err := checkText(e, multiline); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkString(b []byte, multiline bool) error {
	for i, c := range b {
		switch {
		case c >= ' ' && c < 0x7f:
		case multiline && (c == '\n' || c == '\r' || c == '\t'):
		case c < ' ', c == 0x7f, c == 0xc2 && i+1 < len(b) && b[i+1] < 0xa0: // C1 controls are C2 80 … C2 9F
			return fmt.Errorf("%w at byte %d", errControl, i)
		}
	}
	return nil
}

func isControl(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }
