package transcode

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// AppendJSON appends a value as JSON: keys in their order, < > & as they are,
// byte strings as base64. A missing value is written as null. Duplicate keys are
// written as they are: they are a fault of the plugin that set them twice.
//
// # Errors
//
// [ErrValue] when v is not exactly one well-formed value, or holds NaN or an
// infinity.
func AppendJSON(dst []byte, v abi.Value) ([]byte, error) {
	if len(v) == 0 {
		return append(dst, "null"...), nil
	}
	if err := abi.Check(v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrValue, err)
	}
	return appendJSON(dst, v)
}

// appendJSON trusts that v was checked.
func appendJSON(dst []byte, v abi.Value) ([]byte, error) {
	switch v.Kind() {
	case abi.Nil:
		return append(dst, "null"...), nil
	case abi.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case abi.Int:
		if i, ok := v.Int(); ok {
			return strconv.AppendInt(dst, i, 10), nil
		}
		return append(dst, v.String()...), nil // above int64
	case abi.Float:
		f, _ := v.Float()
		return appendFloat(dst, f)
	case abi.String:
		return appendText(dst, v.Bytes()), nil
	case abi.Bytes:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
		return append(dst, '"'), nil
	case abi.Array:
		return appendArray(dst, v)
	case abi.Map:
		return appendObject(dst, v)
	}
	return nil, ErrValue
}

func appendArray(dst []byte, v abi.Value) (_ []byte, err error) {
	dst = append(dst, '[')
	first := true
	for e := range v.Elements() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if dst, err = appendJSON(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendObject(dst []byte, v abi.Value) (_ []byte, err error) {
	dst = append(dst, '{')
	first := true
	for k, e := range v.Pairs() {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendText(dst, k), ':')
		if dst, err = appendJSON(dst, e); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

// appendFloat writes a number as ECMAScript does.
func appendFloat(dst []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("%w: %v is not a JSON number", ErrValue, f)
	}
	format := byte('f')
	if f == 0 {
		f = 0 // minus zero: many readers choke on it
	}
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, 64), nil
}

// appendText writes valid UTF-8 as a JSON string.
func appendText[T string | []byte](dst []byte, s T) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"')
}

// AppendQuoted appends s as a JSON string; invalid UTF-8 becomes U+FFFD.
func AppendQuoted[T string | []byte](dst []byte, s T) []byte {
	if !utf8.ValidString(string(s)) {
		return appendText(dst, string([]rune(string(s))))
	}
	return appendText(dst, s)
}
