// Package template fills values into the URLs, headers and bodies that an
// operator wrote into a plugin's settings.
//
// A placeholder is {name}: a letter, then letters, digits, "_" and ".". Every
// other brace is text, so a template may be JSON. Names come from two places:
// {settings.key} is a scalar setting, known when the template is compiled; all
// other names are values of one request.
//
// The context of a template decides how values are escaped, so that no value,
// however hostile, can leave its place: not the query parameter, not the JSON
// string, not the XML element, not the header line. Values are filled in once
// and never looked at again: "{settings.password}" inside a message stays text.
//
// Compile in OnConfigure: a fault is then the visible reason why the instance
// does not start. A compiled template is immutable.
package template

import (
	"errors"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Context says where a template's text goes.
type Context uint8

// Contexts.
const (
	// Text has no structure: values go in as they are.
	Text Context = iota
	// URL percent-encodes values. They may stand in the path, the query and the
	// fragment, not in the scheme or the host.
	URL
	// JSON escapes values inside strings. Outside strings only values that are
	// JSON numbers are accepted.
	JSON
	// XML escapes values; they may stand between tags and inside quoted
	// attributes.
	XML
	// Header refuses values with control characters.
	Header
)

// settingsPrefix begins the names of placeholders that are settings.
const settingsPrefix = "settings."

// Scope is what the placeholders of a template may name.
type Scope struct {
	// Settings holds the plugin's settings; {settings.a.b} is the scalar at the
	// path a.b.
	Settings abi.Value
	// Names are the values of a request.
	Names []string
}

// Values are the values of one request by name.
type Values map[string]string

// Template is a compiled template. The zero Template renders as nothing.
type Template struct {
	setting string // for error texts
	parts   []part
}

// part is literal text followed by a placeholder, the last one by none.
type part struct {
	literal string
	name    string
	place   place
}

// place is what the text around a placeholder asks of its value.
type place uint8

const (
	plain     place = iota // anything
	inPath                 // escaped; not empty, "." or ".."
	inQuery                // escaped
	inString               // escaped as part of a JSON string
	bareValue              // a JSON number
	inMarkup               // escaped as XML character data
	inHeader               // no control characters
)

// Compile reads a template. setting names it in errors.
//
// # Errors
//
// Unknown names, settings that are missing or no scalars, placeholders where no
// value is safe (a URL's host, an XML tag's name), and JSON bodies that are not
// well-formed.
func (s Scope) Compile(setting, text string, c Context) (*Template, error) {
	t := &Template{setting: setting}
	track := tracker{context: c}
	var literal strings.Builder
	for text != "" {
		before, name, after, found := nextPlaceholder(text)
		if found && strings.HasSuffix(before, "{") && strings.HasPrefix(after, "}") {
			return nil, errors.New(setting + ": write {" + name + "} with single braces")
		}
		literal.WriteString(before)
		track.literal(before)
		text = after
		if !found {
			break
		}
		where, err := track.placeholder()
		if err != nil {
			return nil, errors.New(setting + ": {" + name + "} " + err.Error())
		}
		fixed, isSetting, err := s.lookup(name)
		if err != nil {
			return nil, errors.New(setting + ": " + err.Error())
		}
		if !isSetting {
			t.parts = append(t.parts, part{literal.String(), name, where})
			literal.Reset()
			continue
		}
		b, err := appendEscaped(nil, fixed, where)
		if err != nil {
			return nil, errors.New(setting + ": {" + name + "} " + err.Error())
		}
		literal.Write(b)
	}
	t.parts = append(t.parts, part{literal: literal.String()})
	if err := track.end(); err != nil {
		return nil, errors.New(setting + ": " + err.Error())
	}
	return t, t.checkWhole(c)
}

// checkWhole looks at the whole text with harmless values in it.
func (t *Template) checkWhole(c Context) error {
	if c != JSON {
		return nil
	}
	sample := Values{}
	for _, p := range t.parts {
		sample[p.name] = "0"
	}
	b, err := t.Append(nil, sample)
	if err != nil {
		return err
	}
	if at := scanJSON(b); at >= 0 {
		near := string(b[max(0, at-20):min(len(b), at+1)])
		return errors.New(t.setting + ": not well-formed JSON after " + strings.ToValidUTF8(near, "?"))
	}
	return nil
}

// lookup finds a name. isSetting tells that text is already its value.
func (s Scope) lookup(name string) (text string, isSetting bool, err error) {
	path, isSetting := strings.CutPrefix(name, settingsPrefix)
	if !isSetting {
		for _, known := range s.Names {
			if known == name {
				return "", false, nil
			}
		}
		return "", false, errors.New("unknown placeholder {" + name + "}; known are {" +
			strings.Join(s.Names, "}, {") + "} and {settings.…}")
	}
	v := s.Settings.Path(path)
	switch v.Kind() {
	case abi.String, abi.Int, abi.Float, abi.Bool:
		return v.String(), true, nil
	case abi.Missing, abi.Nil:
		return "", true, errors.New("{" + name + "} names a setting that has no value")
	}
	return "", true, errors.New("{" + name + "} names a setting that is not a single value")
}

// Uses reports whether the template has a placeholder of that name.
func (t *Template) Uses(name string) bool {
	for _, p := range t.parts {
		if p.name == name {
			return true
		}
	}
	return false
}

// Append appends the text with its values; a missing value is empty.
//
// # Errors
//
// A value that cannot be made safe for its place. Nothing was sent then: treat
// it as an unacceptable parameter.
func (t *Template) Append(b []byte, values Values) ([]byte, error) {
	var err error
	for _, p := range t.parts {
		b = append(b, p.literal...)
		if p.name == "" {
			continue
		}
		if b, err = appendEscaped(b, values[p.name], p.place); err != nil {
			return nil, errors.New(t.setting + ": {" + p.name + "} " + err.Error())
		}
	}
	return b, nil
}

// Render is [Template.Append] as a string.
func (t *Template) Render(values Values) (string, error) {
	b, err := t.Append(nil, values)
	return string(b), err
}

// nextPlaceholder cuts text around its first placeholder.
func nextPlaceholder(text string) (before, name, after string, found bool) {
	for from := 0; ; {
		open := strings.IndexByte(text[from:], '{')
		if open < 0 {
			return text, "", "", false
		}
		open += from
		n := nameLength(text[open+1:])
		if end := open + 1 + n; n > 0 && end < len(text) && text[end] == '}' {
			return text[:open], text[open+1 : end], text[end+1:], true
		}
		from = open + 1
	}
}

func nameLength(s string) int {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (i == 0 || !('0' <= c && c <= '9') && c != '_' && c != '.') {
			return i
		}
	}
	return len(s)
}
