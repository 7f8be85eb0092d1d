package freeswitch

import (
	"fmt"
	"strings"
)

// DefaultDialTemplate rings the SIP account and, once it has answered, sends it to the called number in the dialplan.
const DefaultDialTemplate = "user/{account} {called} XML {context}"

// DialTemplate is the operator's originate command without its variables:
//
//	user/{account} {called} XML {context}                    the dialplan routes the number (default)
//	user/{account} {exten} XML {context}                     a fixed extension reads ${patchbay_called}
//	user/{account} &bridge(sofia/gateway/{gateway}/{called})  straight to a gateway
//
// The text is the operator's; the values are validated. {gateway}, {context}, {exten} and {domain} come from the node's settings,
// {account}, {called} and {caller} from the request. The zero value is DefaultDialTemplate.
type DialTemplate struct{ parts []templatePart }

// templatePart is a literal, or a placeholder when name is set.
type templatePart struct{ literal, name string }

// ParseDialTemplate checks a template.
//
// # Errors
//
// A *ValueError that names what is wrong: an unknown placeholder, no {account} to ring, no target, or bytes that do not
// belong in a dial string.
func ParseDialTemplate(text string) (DialTemplate, error) {
	bad := func(format string, a ...any) (DialTemplate, error) {
		return DialTemplate{}, &ValueError{"dial", fmt.Sprintf(format, a...)}
	}
	var t DialTemplate
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' || strings.IndexByte("$\\'\"<>[]", text[i]) >= 0 {
			return bad("byte %q at %d is not allowed in a template", text[i], i)
		}
	}
	endpoint, target, ok := strings.Cut(text, " ")
	if !ok || endpoint == "" || strings.TrimSpace(target) == "" || text != strings.Join(strings.Fields(text), " ") {
		return bad("want %q: an endpoint, one blank, a target", DefaultDialTemplate)
	}
	if !strings.Contains(endpoint, "{account}") {
		return bad("the endpoint has no {account}")
	}
	if n := strings.Count(target, " "); n > 2 || n > 0 && strings.HasPrefix(target, "&") {
		return bad("the target is &application(…), or extension, dialplan and context")
	}
	for rest := text; rest != ""; {
		literal, after, open := strings.Cut(rest, "{")
		if strings.Contains(literal, "}") {
			return bad("} without {")
		}
		if literal != "" {
			t.parts = append(t.parts, templatePart{literal: literal})
		}
		if !open {
			break
		}
		name, more, closed := strings.Cut(after, "}")
		switch name {
		case "account", "called", "caller", "gateway", "context", "exten", "domain":
		default:
			closed = false
		}
		if !closed {
			return bad("unknown placeholder {%.20s}; known: account called caller gateway context exten domain", name)
		}
		t.parts = append(t.parts, templatePart{name: name})
		rest = more
	}
	return t, nil
}

// uses reports whether the template has the placeholder.
func (t DialTemplate) uses(name string) bool {
	for _, p := range t.parts {
		if p.name == name {
			return true
		}
	}
	return false
}

// fill puts the values in; every value has been validated by the constructor of its type.
func (t DialTemplate) fill(value func(name string) string) string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.name == "" {
			b.WriteString(p.literal)
		} else {
			b.WriteString(value(p.name))
		}
	}
	return b.String()
}
