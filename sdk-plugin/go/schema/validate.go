package schema

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// ViolationKind classifies a [Violation].
type ViolationKind string

// Kinds of violations.
const (
	KindMissing   ViolationKind = "missing"   // a required property is absent or null
	KindEmpty     ViolationKind = "empty"     // a required string is blank
	KindType      ViolationKind = "type"      // another type than declared
	KindEnum      ViolationKind = "enum"      // not one of the allowed values, or not the const
	KindRange     ViolationKind = "range"     // outside minimum and maximum
	KindLength    ViolationKind = "length"    // outside the bounds of length or number of items
	KindPattern   ViolationKind = "pattern"   // does not match the expression
	KindFormat    ViolationKind = "format"    // does not have the format
	KindUnknown   ViolationKind = "unknown"   // a property that a closed object does not list
	KindDuplicate ViolationKind = "duplicate" // a key is there twice
)

// Violation says where and why a value does not satisfy a schema. It never
// quotes the value, which may be a secret.
type Violation struct {
	// Path is the JSON pointer of the value at fault, "" for the root. For
	// KindMissing and KindUnknown it names the property.
	Path    string
	Kind    ViolationKind
	Message string
	// Rule is the keyword of the schema that is not met, such as minLength, and Want
	// its value as text: for whoever says it in another language. Rule is "" for a
	// key that is there twice.
	Rule, Want string
}

var _ error = (*Violation)(nil)

// Error returns "/phone: message".
func (v *Violation) Error() string {
	if v.Path == "" {
		return v.Message
	}
	return v.Path + ": " + v.Message
}

var unescaper = strings.NewReplacer("~1", "/", "~0", "~")

// Field is the name of the outermost property at fault, "" for the root.
func (v *Violation) Field() string {
	first, _, _ := strings.Cut(strings.TrimPrefix(v.Path, "/"), "/")
	return unescaper.Replace(first)
}

func (v *Violation) under(name string) *Violation {
	v.Path = "/" + jsontree.Escape(name) + v.Path
	return v
}

// bad makes a violation of a rule. want is what the format shows.
func bad(kind ViolationKind, rule, format string, want ...any) *Violation {
	return &Violation{Kind: kind, Rule: rule, Want: fmt.Sprint(want...), Message: fmt.Sprintf(format, want...)}
}

// Validate checks a well-formed value (see [abi.Check]). Missing required
// properties are found before anything else, in the order of `required`.
//
// # Errors
//
// The error is nil or a *[Violation], the first one in that order and then in
// the order of the value.
func (s *Schema) Validate(v abi.Value) error {
	if bad := s.check(v); bad != nil {
		return bad
	}
	return nil
}

func kindFits(t Type, v abi.Value) bool {
	k := v.Kind()
	switch t {
	case String:
		return k == abi.String
	case Integer:
		if k == abi.Float { // 5.0 is an integer for JSON Schema
			_, whole := v.Int()
			return whole
		}
		return k == abi.Int
	case Number:
		return k == abi.Int || k == abi.Float
	case Boolean:
		return k == abi.Bool
	case Array:
		return k == abi.Array
	case Object:
		return k == abi.Map
	}
	return false
}

func (s *Schema) check(v abi.Value) *Violation {
	if !kindFits(s.Type, v) {
		return bad(KindType, "type", "must be of type %s", s.Type)
	}
	switch s.Type {
	case String:
		if v := s.checkString(v.Bytes()); v != nil {
			return v
		}
	case Integer, Number:
		if v := s.checkNumber(v); v != nil {
			return v
		}
	case Array:
		return s.checkArray(v)
	case Object:
		if s.OneOf != nil {
			return s.checkOneOf(v)
		}
		return s.checkObject(v)
	}
	if len(s.Const) > 0 && !equal(s.Const, v) {
		return bad(KindEnum, "const", "must be %s", s.Const)
	}
	if s.Enum != nil && !contains(s.Enum, v) {
		return bad(KindEnum, "enum", "must be one of %s", list(s.Enum))
	}
	return nil
}

// characters is utf8.RuneCount for checked text; that one copies it.
func characters(text []byte) int {
	n := 0
	for _, b := range text {
		if utf8.RuneStart(b) {
			n++
		}
	}
	return n
}

func (s *Schema) checkString(text []byte) *Violation {
	if s.MinLength != nil || s.MaxLength != nil {
		n := characters(text)
		if s.MinLength != nil && n < *s.MinLength {
			return bad(KindLength, "minLength", "must have at least %d characters", *s.MinLength)
		}
		if s.MaxLength != nil && n > *s.MaxLength {
			return bad(KindLength, "maxLength", "must have at most %d characters", *s.MaxLength)
		}
	}
	if s.Format != "" && !formats[s.Format](text) {
		return bad(KindFormat, "format", "must have the format %s", s.Format)
	}
	if s.pattern != nil && !s.pattern.Match(text) {
		return bad(KindPattern, "pattern", "must match %s", s.Pattern)
	}
	return nil
}

func (s *Schema) checkNumber(v abi.Value) *Violation {
	f, _ := v.Float()
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return bad(KindType, "type", "must be a finite number")
	case s.Minimum != nil && f < *s.Minimum:
		return bad(KindRange, "minimum", "must be at least %s", decimal(*s.Minimum))
	case s.Maximum != nil && f > *s.Maximum:
		return bad(KindRange, "maximum", "must be at most %s", decimal(*s.Maximum))
	}
	return nil
}

func decimal(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

func (s *Schema) checkArray(v abi.Value) *Violation {
	if n := v.Len(); s.MinItems != nil && n < *s.MinItems {
		return bad(KindLength, "minItems", "must have at least %d items", *s.MinItems)
	} else if s.MaxItems != nil && n > *s.MaxItems {
		return bad(KindLength, "maxItems", "must have at most %d items", *s.MaxItems)
	}
	if s.Items == nil {
		return nil
	}
	i := 0
	for e := range v.Elements() {
		if bad := s.Items.check(e); bad != nil {
			return bad.under(strconv.Itoa(i))
		}
		i++
	}
	return nil
}

func (s *Schema) checkOneOf(v abi.Value) *Violation {
	d := v.Get(s.Discriminator)
	if !d.Exists() {
		return bad(KindMissing, "required", "is required").under(s.Discriminator)
	}
	if b := s.Branch(v); b != nil {
		return b.checkObject(v)
	}
	consts := make([]abi.Value, len(s.OneOf))
	for i, b := range s.OneOf {
		consts[i] = b.Property(s.Discriminator).Const
	}
	return bad(KindEnum, "enum", "must be one of %s", list(consts)).under(s.Discriminator)
}

// Branch returns the branch of a oneOf that the discriminator of v names, nil
// when it names none. A schema without branches is its own branch.
func (s *Schema) Branch(v abi.Value) *Schema {
	if s.OneOf == nil {
		return s
	}
	d := v.Get(s.Discriminator)
	for _, b := range s.OneOf {
		if equal(b.Property(s.Discriminator).Const, d) {
			return b
		}
	}
	return nil
}

func (s *Schema) checkObject(v abi.Value) *Violation {
	var room [24]abi.Value // keeps the usual object off the heap
	found := room[:]
	if len(s.properties) > len(room) {
		found = make([]abi.Value, len(s.properties))
	}
	extra := false
	for key, e := range v.Pairs() {
		i, ok := s.index[string(key)]
		switch {
		case !ok:
			extra = true
		case found[i] != nil:
			// Readers take the first, a check of the last would be a hole.
			return bad(KindDuplicate, "", "the key is there twice").under(string(key))
		default:
			found[i] = e
		}
	}
	for _, name := range s.Required {
		switch e := found[s.index[name]]; {
		case !e.Exists():
			return bad(KindMissing, "required", "is required").under(name)
		case e.Kind() == abi.String && len(bytes.TrimSpace(e.Bytes())) == 0:
			return bad(KindEmpty, "required", "must not be blank").under(name)
		}
	}
	for i := range s.properties {
		if !found[i].Exists() {
			continue
		}
		if bad := s.properties[i].Schema.check(found[i]); bad != nil {
			return bad.under(s.properties[i].Name)
		}
	}
	if extra && (s.Closed || s.Additional != nil) {
		return s.checkExtra(v)
	}
	return nil
}

func (s *Schema) checkExtra(v abi.Value) *Violation {
	for key, e := range v.Pairs() {
		if _, ok := s.index[string(key)]; ok {
			continue
		}
		if s.Closed {
			return bad(KindUnknown, "additionalProperties", "there is no such property").under(string(key))
		}
		if e.Exists() {
			if bad := s.Additional.check(e); bad != nil {
				return bad.under(string(key))
			}
		}
	}
	return nil
}

// equal compares scalars; numbers by value.
func equal(a, b abi.Value) bool {
	ka, kb := a.Kind(), b.Kind()
	number := func(k abi.Kind) bool { return k == abi.Int || k == abi.Float }
	switch {
	case ka == abi.String && kb == abi.String:
		return bytes.Equal(a.Bytes(), b.Bytes())
	case ka == abi.Bool && kb == abi.Bool:
		return a.Bool() == b.Bool()
	case ka == abi.Int && kb == abi.Int:
		x, okx := a.Int()
		y, oky := b.Int()
		return x == y && okx == oky
	case number(ka) && number(kb):
		x, _ := a.Float()
		y, _ := b.Float()
		return x == y
	}
	return false
}

func contains(all []abi.Value, v abi.Value) bool {
	for _, e := range all {
		if equal(e, v) {
			return true
		}
	}
	return false
}

func list(all []abi.Value) string {
	const most = 12
	parts := make([]string, 0, most+1)
	for i, v := range all {
		if i == most {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, v.String())
	}
	return strings.Join(parts, ", ")
}
