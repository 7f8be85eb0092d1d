package problem

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxRefusal bounds the text of a refusal in bytes: it comes from another system.
const maxRefusal = 200

// AppendJSON appends the body of the answer to dst and returns the extended slice:
//
//	{"error":"Access denied!"}
//	{"error":"FreeSWITCH is unavailable!","id":"8c2f01a9d4"}
//
// The result is valid JSON and valid UTF-8 whatever Text holds. p is not kept.
func (p *Problem) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"error":`...)
	dst = appendString(dst, p.Text)
	if p.ID != "" {
		dst = append(dst, `,"id":`...)
		dst = appendString(dst, p.ID)
	}
	return append(dst, '}')
}

// MarshalJSON gives the same body as AppendJSON, so that encoding/json cannot leak Reason or Err.
func (p *Problem) MarshalJSON() ([]byte, error) { return p.AppendJSON(nil), nil }

// appendString appends s as a JSON string. '<', '>' and '&' are escaped as encoding/json does:
// some integrators paste the text into a page.
func appendString(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // an invalid byte arrives as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r < 0x20 || r == 0x7f || r == '<' || r == '>' || r == '&':
			dst = append(dst, '\\', 'u', '0', '0', digits[r>>4], digits[r&15])
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, '\\', 'u', '2', '0', '2', digits[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// oneLine makes text of another system fit for an answer: its first line that is not empty, control characters and
// invalid UTF-8 dropped, at most maxRefusal bytes cut on a character border. Empty text becomes "Refused!".
func oneLine(text string) string {
	// A hostile system may send megabytes; look only at the beginning.
	text = strings.TrimSpace(text[:min(len(text), 4*maxRefusal)])
	text, _, _ = strings.Cut(text, "\n")
	text = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
	if len(text) > maxRefusal {
		cut := maxRefusal
		for !utf8.RuneStart(text[cut]) {
			cut--
		}
		text = text[:cut]
	}
	if text = strings.TrimSpace(text); text == "" {
		return "Refused!"
	}
	return text
}
