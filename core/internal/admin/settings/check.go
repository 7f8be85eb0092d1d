package settings

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Violation is one mistake in settings. Message never quotes the value, which
// may be a secret.
type Violation struct {
	// Pointer is the JSON pointer of the value at fault, "" for all of them.
	Pointer string `json:"pointer"`
	Message string `json:"message"`
	// Code and Want say the same for whoever tells it in another language: the keyword
	// of the schema that is not met, or a word of [Violation]'s maker, and its value.
	Code string `json:"code,omitempty"`
	Want string `json:"want,omitempty"`
	// At is the place in the configuration file that the value comes from.
	At string `json:"at,omitempty"`
	// Place is where the mistake stands in the document that was sent: document:3:5.
	Place string `json:"place,omitempty"`
}

// CodeLost is the code of a secret that is given as [Hidden] and not there.
const CodeLost = "secret.lost"

// CheckMerged is [Check] of what [Merge] made of old and given. A secret that given
// shows as [Hidden] and old does not have is a mistake of its own: it would be gone
// without a word.
func CheckMerged(s *schema.Schema, old, given, merged map[string]any) []Violation {
	found := lost(s, old, given, "")
	said := map[string]bool{}
	for _, v := range found {
		said[v.Pointer] = true
	}
	for _, v := range Check(s, merged) {
		if !said[v.Pointer] {
			found = append(found, v)
		}
	}
	return found
}

func lost(s *schema.Schema, old, given map[string]any, at string) (out []Violation) {
	now := branch(s, given)
	if now != branch(s, old) {
		old = nil
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p, here := property(now, name), at+"/"+jsontree.Escape(name)
		if p == nil {
			continue
		}
		switch v := given[name].(type) {
		case map[string]any:
			before, _ := old[name].(map[string]any)
			switch {
			case !p.Secret:
				out = append(out, lost(p, before, v, here)...)
			case placeholder(v) && old[name] == nil:
				out = append(out, Violation{Pointer: here, Message: "the value of this secret is not here: write it, or remove the line", Code: CodeLost})
			}
		case []any:
			before, _ := old[name].([]any)
			for i, e := range v {
				if m, ok := e.(map[string]any); ok && p.Items != nil {
					one, _ := counterpart(p.Items, before, e).(map[string]any)
					out = append(out, lost(p.Items, one, m, here+"/"+strconv.Itoa(i))...)
				}
			}
		}
	}
	return out
}

// Check returns every violation of the schema, in the schema's order; nil when
// the values are good. Without a schema there may be no values.
func Check(s *schema.Schema, values map[string]any) []Violation {
	raw, err := transcode.FromAny(nil, values)
	if err != nil {
		return []Violation{{Message: err.Error()}}
	}
	if s == nil {
		if len(values) > 0 {
			return []Violation{{Message: "this plugin has no settings", Code: "additionalProperties"}}
		}
		return nil
	}
	return check(s, s.WithDefaults(raw), "")
}

// check asks the schema itself whether a value is good, and only looks for the
// single mistakes when it is not.
func check(s *schema.Schema, v abi.Value, at string) []Violation {
	err := s.Validate(v)
	if err == nil {
		return nil
	}
	var found []Violation
	switch v.Kind() {
	case abi.Map:
		if b := s.Branch(v); b != nil && b.Type == schema.Object {
			found = checkObject(b, v, at)
		}
	case abi.Array:
		if s.Type == schema.Array && s.Items != nil {
			i := 0
			for e := range v.Elements() {
				found = append(found, check(s.Items, e, at+"/"+strconv.Itoa(i))...)
				i++
			}
		}
	}
	if len(found) > 0 {
		return found
	}
	var one *schema.Violation
	if errors.As(err, &one) {
		return []Violation{{Pointer: at + one.Path, Message: one.Message, Code: one.Rule, Want: one.Want}}
	}
	return []Violation{{Pointer: at, Message: err.Error()}}
}

func checkObject(s *schema.Schema, v abi.Value, at string) []Violation {
	var found []Violation
	for _, p := range s.Properties() {
		e := v.Get(p.Name)
		here := at + "/" + jsontree.Escape(p.Name)
		switch {
		case !e.Exists():
			if p.Required {
				found = append(found, Violation{Pointer: here, Message: "is required", Code: "required"})
			}
		case p.Required && e.Kind() == abi.String && len(bytes.TrimSpace(e.Bytes())) == 0:
			found = append(found, Violation{Pointer: here, Message: "must not be blank", Code: "required"})
		default:
			found = append(found, check(p.Schema, e, here)...)
		}
	}
	for name, e := range v.Entries() {
		here := at + "/" + jsontree.Escape(name)
		switch {
		case s.Property(name) != nil:
		case s.Closed:
			found = append(found, Violation{Pointer: here, Message: "there is no such setting", Code: "additionalProperties"})
		case s.Additional != nil && e.Exists():
			found = append(found, check(s.Additional, e, here)...)
		}
	}
	return found
}
