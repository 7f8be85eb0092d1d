package template

import (
	"errors"
	"strings"
)

// tracker follows the literal text of a template to know where a placeholder
// stands.
type tracker struct {
	context Context
	// seen is the literal text of a URL so far, with a letter for placeholders.
	seen strings.Builder
	// quote is the quote that is open, 0 for none; in JSON and XML tags.
	quote byte
	// escaped: the byte before was a backslash inside a JSON string.
	escaped bool
	// tag: between < and > of XML.
	tag bool
}

func (k *tracker) literal(text string) {
	switch k.context {
	case URL:
		k.seen.WriteString(text)
	case JSON:
		for i := range len(text) {
			k.json(text[i])
		}
	case XML:
		for i := range len(text) {
			k.xml(text[i])
		}
	}
}

func (k *tracker) json(c byte) {
	switch {
	case k.escaped:
		k.escaped = false
	case k.quote != 0 && c == '\\':
		k.escaped = true
	case c == '"':
		k.quote ^= '"'
	}
}

func (k *tracker) xml(c byte) {
	switch {
	case k.quote != 0:
		if c == k.quote {
			k.quote = 0
		}
	case !k.tag:
		k.tag = c == '<'
	case c == '>':
		k.tag = false
	case c == '"' || c == '\'':
		k.quote = c
	}
}

// placeholder returns the place of the placeholder that stands here.
func (k *tracker) placeholder() (place, error) {
	switch k.context {
	case URL:
		url := k.seen.String()
		k.seen.WriteByte('x')
		if strings.ContainsAny(url, "?#") {
			return inQuery, nil
		}
		if !pathBegun(url) {
			return 0, errors.New("may not stand in the scheme or the host of an address")
		}
		return inPath, nil
	case JSON:
		switch {
		case k.escaped:
			return 0, errors.New("stands behind a backslash")
		case k.quote != 0:
			return inString, nil
		}
		return bareValue, nil
	case XML:
		if k.tag && k.quote == 0 {
			return 0, errors.New("may stand between tags or in a quoted attribute, not in a tag")
		}
		return inMarkup, nil
	case Header:
		return inHeader, nil
	}
	return plain, nil
}

func pathBegun(url string) bool {
	_, rest, ok := strings.Cut(url, "://")
	return ok && strings.Contains(rest, "/")
}

// end checks what must be true after the last byte.
func (k *tracker) end() error {
	if k.context != URL {
		return nil
	}
	url := k.seen.String()
	for i := range len(url) {
		if url[i] <= ' ' || url[i] == 0x7f {
			return errors.New("an address has no spaces and control characters; write %20 for a space")
		}
	}
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok || scheme != "http" && scheme != "https" || rest == "" || strings.ContainsRune("/?#", rune(rest[0])) {
		return errors.New("an address begins with http:// or https:// and a host")
	}
	authority := rest[:min(len(rest), len(rest)-len(strings.TrimLeft(rest, authorityBytes)))]
	if end := len(authority); end < len(rest) && !strings.ContainsRune("/?#", rune(rest[end])) {
		return errors.New("the host holds an unusable character; user and password have settings of their own")
	}
	return nil
}

const authorityBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]"
