package schema

import (
	"math"
	"strconv"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Output says how [Schema.AppendJSON] writes a schema.
type Output struct {
	// Lang chooses title and description, "en" or "ru", for readers of one
	// language. Empty keeps both, as the document had them.
	Lang string
	// Plain leaves the `x-` annotations out.
	Plain bool
}

// MarshalJSON implements json.Marshaler. It keeps every keyword; [Parse] of the
// result gives an equal schema.
func (s *Schema) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil, Output{}), nil }

// AppendJSON appends the schema as JSON, keywords in a fixed order and
// properties in the order of the document.
func (s *Schema) AppendJSON(dst []byte, o Output) []byte {
	w := writer{b: append(dst, '{'), first: true}
	if s.OneOf == nil {
		w.text("type", string(s.Type))
	}
	title, description := s.Title, s.Description
	if o.Lang == "ru" {
		title, description = or(s.TitleRU, title), or(s.DescriptionRU, description)
	}
	w.text("title", title)
	w.text("description", description)
	if o.Lang == "" && !o.Plain {
		w.text("x-title-ru", s.TitleRU)
		w.text("x-description-ru", s.DescriptionRU)
	}
	w.text("format", string(s.Format))
	w.text("pattern", s.Pattern)
	w.bound("minimum", s.Minimum)
	w.bound("maximum", s.Maximum)
	w.count("minLength", s.MinLength)
	w.count("maxLength", s.MaxLength)
	w.count("minItems", s.MinItems)
	w.count("maxItems", s.MaxItems)
	w.values("enum", s.Enum)
	w.value("const", s.Const)
	w.value("default", s.Default)
	w.values("examples", s.Examples)
	w.flag("deprecated", s.Deprecated)
	if !o.Plain {
		s.annotations(&w)
	}
	s.structure(&w, o)
	return append(w.b, '}')
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func (s *Schema) annotations(w *writer) {
	w.flag("x-secret", s.Secret)
	w.flag("x-multiline", s.Multiline)
	w.flag("x-advanced", s.Advanced)
	w.text("x-personal", string(s.Personal))
	w.text("x-unit", s.Unit)
	w.text("x-group", s.Group)
	if s.Order != 0 {
		w.count("x-order", &s.Order)
	}
	w.text("x-depends", s.Depends)
	w.text("x-choices", s.Choices)
	w.text("x-since", s.Since)
	w.text("x-placeholder", s.Placeholder)
}

func (s *Schema) structure(w *writer, o Output) {
	if s.Items != nil {
		w.key("items")
		w.b = s.Items.AppendJSON(w.b, o)
	}
	if s.index != nil {
		w.key("properties")
		w.b = append(w.b, '{')
		for i, p := range s.properties {
			if i > 0 {
				w.b = append(w.b, ',')
			}
			w.b = append(jsontree.AppendString(w.b, p.Name), ':')
			w.b = p.Schema.AppendJSON(w.b, o)
		}
		w.b = append(w.b, '}')
	}
	if len(s.Required) > 0 {
		w.key("required")
		for i, name := range s.Required {
			w.b = append(w.b, "[,"[min(i, 1)])
			w.b = jsontree.AppendString(w.b, name)
		}
		w.b = append(w.b, ']')
	}
	if s.Closed {
		w.key("additionalProperties")
		w.b = append(w.b, "false"...)
	} else if s.Additional != nil {
		w.key("additionalProperties")
		w.b = s.Additional.AppendJSON(w.b, o)
	}
	if s.OneOf != nil {
		w.key("oneOf")
		for i, branch := range s.OneOf {
			w.b = append(w.b, "[,"[min(i, 1)])
			w.b = branch.AppendJSON(w.b, o)
		}
		w.b = append(w.b, ']')
	}
}

type writer struct {
	b     []byte
	first bool
}

func (w *writer) key(key string) {
	if !w.first {
		w.b = append(w.b, ',')
	}
	w.first = false
	w.b = append(jsontree.AppendString(w.b, key), ':')
}

func (w *writer) text(key, text string) {
	if text != "" {
		w.key(key)
		w.b = jsontree.AppendString(w.b, text)
	}
}

func (w *writer) flag(key string, set bool) {
	if set {
		w.key(key)
		w.b = append(w.b, "true"...)
	}
}

func (w *writer) bound(key string, f *float64) {
	if f == nil {
		return
	}
	w.key(key)
	if math.Abs(*f) < 1e15 {
		w.b = strconv.AppendFloat(w.b, *f, 'f', -1, 64)
	} else {
		w.b = strconv.AppendFloat(w.b, *f, 'g', -1, 64)
	}
}

func (w *writer) count(key string, n *int) {
	if n != nil {
		w.key(key)
		w.b = strconv.AppendInt(w.b, int64(*n), 10)
	}
}

func (w *writer) value(key string, v abi.Value) {
	if len(v) > 0 {
		w.key(key)
		w.b = jsontree.AppendValue(w.b, v)
	}
}

func (w *writer) values(key string, all []abi.Value) {
	if len(all) == 0 {
		return
	}
	w.key(key)
	for i, v := range all {
		w.b = append(w.b, "[,"[min(i, 1)])
		w.b = jsontree.AppendValue(w.b, v)
	}
	w.b = append(w.b, ']')
}
