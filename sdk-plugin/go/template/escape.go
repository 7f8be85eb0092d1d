package template

import (
	"errors"
	"strconv"
	"unicode/utf8"
)

// appendEscaped appends a value for its place.
func appendEscaped(b []byte, s string, p place) ([]byte, error) {
	switch p {
	case inPath:
		// A server takes an empty or dotted segment for another path.
		if s == "" || s == "." || s == ".." {
			return nil, errors.New("is empty or dots and stands in the path of an address")
		}
		return AppendQuery(b, s), nil
	case inQuery:
		return AppendQuery(b, s), nil
	case inString:
		return appendJSON(b, s), nil
	case bareValue:
		if !isNumber(s) {
			return nil, errors.New("stands outside quotes and its value is not a number")
		}
		return append(b, s...), nil
	case inMarkup:
		return appendXML(b, s), nil
	case inHeader:
		for i := range len(s) {
			if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
				return nil, errors.New("has a control character and stands in a header")
			}
		}
	}
	return append(b, s...), nil
}

const hex = "0123456789ABCDEF"

// AppendQuery appends s percent-encoded: everything but the unreserved
// characters of RFC 3986, so that it is safe in a path segment, in a query and in
// a form.
func AppendQuery(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
			b = append(b, c)
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return b
}

// appendJSON appends s as the inside of a JSON string (RFC 8259); bytes that are
// not UTF-8 become U+FFFD.
func appendJSON(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		case r == '\u2028':
			b = append(b, `\u2028`...)
		case r == '\u2029':
			b = append(b, `\u2029`...)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// appendXML appends s as XML character data, safe in quoted attributes too.
// Characters that XML 1.0 cannot hold become U+FFFD.
func appendXML(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\'':
			b = append(b, "&apos;"...)
		case r == '\t' || r == '\n' || r == '\r':
			// As references they survive in attributes as well.
			b = append(strconv.AppendInt(append(b, "&#"...), int64(r), 10), ';')
		case r < ' ' || r == 0xfffe || r == 0xffff:
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}

// isNumber reports whether s is exactly one JSON number.
func isNumber(s string) bool {
	n := scanNumber([]byte(s), 0)
	return n == len(s) && n > 0
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// appendBase64 appends s in base64 with padding (RFC 4648). The package of std
// drags reflect into every plugin.
func appendBase64(b []byte, s string) []byte {
	for len(s) > 0 {
		var group uint32
		n := min(3, len(s))
		for i := range 3 {
			group <<= 8
			if i < n {
				group |= uint32(s[i])
			}
		}
		for i := range 4 {
			if i > n {
				b = append(b, '=')
				continue
			}
			b = append(b, base64Digits[group>>(18-6*i)&63])
		}
		s = s[n:]
	}
	return b
}
