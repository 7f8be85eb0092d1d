package mask

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Policy says what RedactJSON removes. Names are names of object members, at
// any depth and in any case of letters. When a name is in several lists,
// Secrets wins over Phones and Phones over Texts.
type Policy struct {
	Secrets []string // the whole value goes
	Phones  []string // every string and number below is masked as a phone number
	Texts   []string // every string and number below is treated as a message text
	Text    TextMode
	HashKey []byte // for TextHash
	// MaxBytes bounds the result; 0 means 4096.
	MaxBytes int
}

const (
	defaultMaxBytes = 4096
	maxDepth        = 64
	maxInner        = 2 // JSON in a string in JSON
)

type class int

const (
	plain class = iota
	text
	phone
	secret
)

// RedactJSON returns a request body in a form that may be kept: compact JSON
// with the members in their order, secrets replaced by "***", phone numbers
// and message texts masked, cut to the size limit on a character boundary (the
// result is then no JSON any more). A string that itself holds a JSON object
// or array is redacted inside.
//
// What is not a JSON object or array gives a summary such as
// "(17 bytes, not JSON)" and none of its bytes: a secret in it could not be
// found. An empty body gives "".
func RedactJSON(body []byte, p Policy) string {
	limit := p.MaxBytes
	if limit <= 0 {
		limit = defaultMaxBytes
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return ""
	}
	r := redactor{policy: &p, classes: p.classes()}
	out, err := r.document(body, 0)
	switch {
	case errors.Is(err, errDepth):
		return Truncate(fmt.Sprintf("(%d bytes, nested too deeply)", len(body)), limit)
	case err != nil:
		return Truncate(fmt.Sprintf("(%d bytes, not JSON)", len(body)), limit)
	}
	return Truncate(string(out), limit)
}

func (p *Policy) classes() map[string]class {
	m := make(map[string]class, len(p.Secrets)+len(p.Phones)+len(p.Texts))
	for c, names := range map[class][]string{secret: p.Secrets, phone: p.Phones, text: p.Texts} {
		for _, n := range names {
			n = fold(n)
			m[n] = max(m[n], c)
		}
	}
	return m
}

// fold makes "accessToken", "access_token" and "ACCESS-TOKEN" one name.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

var (
	errDepth  = errors.New("nested too deeply")
	errNoJSON = errors.New("not a JSON object or array")
)

type redactor struct {
	policy  *Policy
	classes map[string]class
}

// document redacts one whole JSON document; inner counts the strings around it.
func (r *redactor) document(body []byte, inner int) ([]byte, error) {
	if !json.Valid(body) || !utf8.Valid(body) {
		return nil, errNoJSON
	}
	w := walk{redactor: r, inner: inner, dec: json.NewDecoder(bytes.NewReader(body))}
	w.dec.UseNumber()
	tok, err := w.dec.Token()
	if err != nil {
		return nil, err
	}
	if _, ok := tok.(json.Delim); !ok {
		return nil, errNoJSON
	}
	if err := w.value(tok, plain, 0); err != nil {
		return nil, err
	}
	if _, err := w.dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errNoJSON
	}
	return w.out, nil
}

type walk struct {
	*redactor
	inner int
	dec   *json.Decoder
	out   []byte
}

func (w *walk) value(tok json.Token, c class, depth int) error {
	if depth > maxDepth {
		return errDepth
	}
	if d, ok := tok.(json.Delim); ok {
		if d == '{' {
			return w.object(c, depth)
		}
		return w.array(c, depth)
	}
	return w.scalar(tok, c)
}

func (w *walk) object(c class, depth int) error {
	w.out = append(w.out, '{')
	for first := true; w.dec.More(); first = false {
		if !first {
			w.out = append(w.out, ',')
		}
		tok, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, ok := tok.(string)
		if !ok {
			return errNoJSON
		}
		w.string(name)
		w.out = append(w.out, ':')
		below := max(c, w.classes[fold(name)])
		if below == secret {
			var skipped json.RawMessage
			if err := w.dec.Decode(&skipped); err != nil {
				return err
			}
			w.string(Hidden)
			continue
		}
		if tok, err = w.dec.Token(); err != nil {
			return err
		}
		if err := w.value(tok, below, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, '}')
	_, err := w.dec.Token()
	return err
}

func (w *walk) array(c class, depth int) error {
	w.out = append(w.out, '[')
	for first := true; w.dec.More(); first = false {
		if !first {
			w.out = append(w.out, ',')
		}
		tok, err := w.dec.Token()
		if err != nil {
			return err
		}
		if err := w.value(tok, c, depth+1); err != nil {
			return err
		}
	}
	w.out = append(w.out, ']')
	_, err := w.dec.Token()
	return err
}

func (w *walk) scalar(tok json.Token, c class) error {
	switch v := tok.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = fmt.Append(w.out, v)
	case json.Number:
		if c == plain {
			w.out = append(w.out, v...)
			return nil
		}
		w.string(w.masked(v.String(), c))
	case string:
		if c != plain {
			w.string(w.masked(v, c))
			return nil
		}
		return w.plainString(v)
	default:
		return errNoJSON
	}
	return nil
}

func (w *walk) masked(s string, c class) string {
	if c == phone {
		return MaskPhone(s)
	}
	return Text(s, w.policy.Text, w.policy.HashKey)
}

// plainString looks into strings that hold JSON themselves. Beyond maxInner
// they are hidden: what cannot be searched is not kept.
func (w *walk) plainString(s string) error {
	trimmed := strings.TrimSpace(s)
	if strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if w.inner == maxInner {
			w.string(Hidden)
			return nil
		}
		out, err := w.document([]byte(s), w.inner+1)
		if err == nil {
			w.string(string(out))
			return nil
		}
		if errors.Is(err, errDepth) {
			return err
		}
	}
	if w.givesAway(s) {
		s = Hidden
	}
	w.string(s)
	return nil
}

// givesAway tells whether s looks like name=value or "name": value of a secret.
func (r *redactor) givesAway(s string) bool {
	if !strings.ContainsAny(s, "=:") {
		return false
	}
	s = strings.ToLower(s)
	for _, name := range r.policy.Secrets {
		for rest, found := cutAfter(s, strings.ToLower(name)); found; rest, found = cutAfter(rest, strings.ToLower(name)) {
			value := strings.TrimLeft(rest, " \t\r\n\"'\\]")
			if strings.HasPrefix(value, "=") || strings.HasPrefix(value, ":") {
				return true
			}
		}
	}
	return false
}

func cutAfter(s, sep string) (string, bool) {
	if sep == "" {
		return "", false
	}
	_, after, found := strings.Cut(s, sep)
	return after, found
}

// string appends s as a JSON string, leaving <, > and & readable.
func (w *walk) string(s string) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil { // strings always encode
		w.out = append(w.out, `"***"`...)
		return
	}
	w.out = append(w.out, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
