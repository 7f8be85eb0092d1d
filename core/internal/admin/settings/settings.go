// Package settings handles the settings of plugins as the administration API
// shows and takes them: secrets go in and never come out, and a mistake is
// reported with every other one.
//
// Values are Go values as [transcode.FromAny] takes them.
package settings

import (
	"bytes"
	"maps"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Hidden returns what stands for a secret that has a value: {"set": true}.
func Hidden() map[string]any { return map[string]any{"set": true} }

// Hide returns a copy of values in which {"set": true} stands for every secret.
// Without a schema nothing is known about the values, so all of them are hidden.
func Hide(s *schema.Schema, values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	b := branch(s, values)
	for name, v := range values {
		p := property(b, name)
		if b == nil {
			out[name] = Hidden()
			continue
		}
		out[name] = hide(p, v)
	}
	return out
}

func hide(s *schema.Schema, v any) any {
	switch {
	case s == nil:
		return v // an open object: nothing says that it is a secret
	case s.Secret:
		if v == nil || v == "" {
			return nil
		}
		return Hidden()
	}
	switch t := v.(type) {
	case map[string]any:
		return Hide(s, t)
	case []any:
		out := make([]any, len(t))
		for i, e := range t {
			out[i] = hide(s.Items, e)
		}
		return out
	}
	return v
}

// branch returns the schema of an object: of a oneOf the branch that the values
// name, nil when they name none.
func branch(s *schema.Schema, values map[string]any) *schema.Schema {
	if s == nil || s.OneOf == nil {
		return s
	}
	for _, b := range s.OneOf {
		if text, ok := values[s.Discriminator].(string); ok && b.Property(s.Discriminator).Const.String() == text {
			return b
		}
	}
	return nil
}

func property(s *schema.Schema, name string) *schema.Schema {
	if s == nil {
		return nil
	}
	if p := s.Property(name); p != nil {
		return p
	}
	return s.Additional
}

// Merge returns the values that replace old: given, with the secrets that given
// leaves out, or shows as {"set": true}, taken from old. A secret given as null or
// "" is removed. Neither argument is changed.
//
// In a list a secret is kept when the element has a counterpart in old: the one
// with the same "name" or "id", or one that is the same but for its secrets.
// Otherwise a changed order would hand one element's secret to another.
func Merge(s *schema.Schema, old, given map[string]any) map[string]any {
	out := make(map[string]any, len(given))
	now, before := branch(s, given), branch(s, old)
	if now != before {
		old = nil
	}
	for name, v := range given {
		p := property(now, name)
		kept, had := old[name]
		switch {
		case v == nil:
		case p != nil && p.Secret:
			if placeholder(v) {
				v = kept
				if !had {
					continue
				}
			}
			if v != "" {
				out[name] = v
			}
		default:
			out[name] = merge(p, kept, v)
		}
	}
	for name, v := range old {
		p := property(now, name)
		if _, mentioned := given[name]; !mentioned && p != nil && p.Secret {
			out[name] = v
		}
	}
	return out
}

func merge(s *schema.Schema, old, given any) any {
	if s == nil {
		return given
	}
	switch t := given.(type) {
	case map[string]any:
		before, _ := old.(map[string]any)
		return Merge(s, before, t)
	case []any:
		before, _ := old.([]any)
		out := make([]any, len(t))
		for i, e := range t {
			out[i] = merge(s.Items, counterpart(s.Items, before, e), e)
		}
		return out
	}
	return given
}

func placeholder(v any) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 1 && m["set"] == true
}

func counterpart(s *schema.Schema, old []any, given any) any {
	g, ok := given.(map[string]any)
	if !ok {
		return nil
	}
	for _, key := range []string{"name", "id"} {
		if s.Property(key) == nil || g[key] == nil {
			continue
		}
		for _, e := range old {
			if m, ok := e.(map[string]any); ok && Equal(m[key], g[key]) {
				return m
			}
		}
		return nil
	}
	for _, e := range old {
		if m, ok := e.(map[string]any); ok && Equal(open(s, m), open(s, g)) {
			return m
		}
	}
	return nil
}

// open returns the values without secrets.
func open(s *schema.Schema, values map[string]any) map[string]any {
	b := branch(s, values)
	out := maps.Clone(values)
	maps.DeleteFunc(out, func(name string, _ any) bool {
		p := property(b, name)
		return p != nil && p.Secret
	})
	return out
}

// Equal compares two values, numbers by value.
func Equal(a, b any) bool {
	x, errX := transcode.FromAny(nil, a)
	y, errY := transcode.FromAny(nil, b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// Replaced names the outermost settings that differ between two sets of values
// although their hidden forms are the same: those whose secrets were replaced.
func Replaced(s *schema.Schema, before, after map[string]any) []string {
	hiddenBefore, hiddenAfter := Hide(s, before), Hide(s, after)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(after)) {
		if !Equal(before[name], after[name]) && Equal(hiddenBefore[name], hiddenAfter[name]) {
			out = append(out, name)
		}
	}
	return out
}
