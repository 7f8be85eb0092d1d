package schema

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Bounds of a schema document itself: it comes with a plugin, from a stranger.
const (
	maxPattern    = 1000
	maxEnum       = 1000
	maxProperties = 200
)

// Parse compiles a schema strictly and returns all faults at once, in the order
// of the document. The schema is nil if there is any.
func Parse(src []byte) (*Schema, []Issue) {
	root, err := jsontree.Parse(src)
	if err != nil {
		return nil, []Issue{err.(Issue)}
	}
	s, issues := Compile(root)
	for i := range issues {
		issues[i] = jsontree.Locate(src, issues[i])
	}
	return s, issues
}

// Compile compiles a schema that is part of a larger document; the caller
// locates the issues with [jsontree.Locate]. The schema is nil if there is any.
func Compile(root *jsontree.Node) (*Schema, []Issue) {
	var c compiler
	s := c.schema(root)
	if len(c.issues) > 0 {
		return nil, c.issues
	}
	return s, nil
}

type compiler struct{ issues []Issue }

func (c *compiler) fault(n *jsontree.Node, hint, format string, args ...any) {
	c.issues = append(c.issues, jsontree.At(n, fmt.Sprintf(format, args...), hint))
}

// only lists the keywords that make sense for some types only.
var only = map[string][]Type{
	"properties": {Object}, "required": {Object}, "additionalProperties": {Object}, "oneOf": {Object},
	"items": {Array}, "minItems": {Array}, "maxItems": {Array},
	"minLength": {String}, "maxLength": {String}, "pattern": {String}, "format": {String},
	"x-multiline": {String}, "x-secret": {String}, "x-personal": {String},
	"minimum": {Integer, Number}, "maximum": {Integer, Number},
	"enum": {String, Integer, Number, Boolean}, "const": {String, Integer, Number, Boolean},
}

func (c *compiler) schema(n *jsontree.Node) *Schema {
	s := &Schema{}
	if n.Kind != jsontree.Object {
		c.fault(n, `write {"type": "string"} or the like`, "a schema must be an object, not %s", n.Kind)
		return s
	}
	before := len(c.issues)
	c.typ(s, n)
	for _, m := range n.Members {
		if types, ok := only[m.Key]; ok && s.Type != "" && !slices.Contains(types, s.Type) {
			c.fault(m.Value, "remove it or change the type", "%q has no meaning for type %q", m.Key, s.Type)
			continue
		}
		if !c.keyword(s, m.Key, m.Value) && !c.annotation(s, m.Key, m.Value) {
			c.fault(m.Value, "see the dialect in ABI.md; $ref, allOf, anyOf and lists of types are not part of it",
				"%q is not a keyword of the schema dialect", m.Key)
		}
	}
	if len(c.issues) == before { // the rest assumes sound parts
		c.whole(s, n)
	}
	return s
}

func (c *compiler) typ(s *Schema, n *jsontree.Node) {
	t := n.Get("type")
	switch {
	case t == nil && n.Get("oneOf") != nil:
		s.Type = Object
	case t == nil:
		c.fault(n, `add "type": "string", "integer", "number", "boolean", "array" or "object"`, `"type" is missing`)
	case t.Kind != jsontree.String:
		c.fault(t, "one type as a string", `"type" must be a string, not %s`, t.Kind)
	default:
		s.Type = Type(t.Text)
		switch s.Type {
		case String, Integer, Number, Boolean, Array, Object:
		default:
			c.fault(t, "one of string, integer, number, boolean, array, object", "unknown type %q", t.Text)
			s.Type = ""
		}
	}
}

// keyword handles the JSON Schema keywords of the dialect.
func (c *compiler) keyword(s *Schema, key string, n *jsontree.Node) bool {
	switch key {
	case "type": // typ did it
	case "title":
		s.Title = c.text(n)
	case "description":
		s.Description = c.text(n)
	case "deprecated":
		s.Deprecated = c.boolean(n)
	case "default":
		s.Default = n.Value()
	case "examples":
		for _, e := range c.elements(n) {
			s.Examples = append(s.Examples, e.Value())
		}
	case "enum":
		c.enum(s, n)
	case "const":
		if c.scalar(s, n) {
			s.Const = n.Value()
		}
	case "minimum":
		s.Minimum = c.number(n)
	case "maximum":
		s.Maximum = c.number(n)
	case "minLength":
		s.MinLength = c.count(n)
	case "maxLength":
		s.MaxLength = c.count(n)
	case "minItems":
		s.MinItems = c.count(n)
	case "maxItems":
		s.MaxItems = c.count(n)
	case "pattern":
		c.pattern(s, n)
	case "format":
		s.Format = Format(c.text(n))
		if _, ok := formats[s.Format]; !ok {
			c.fault(n, "one of "+formatNames, "unknown format %q", s.Format)
		}
	case "items":
		s.Items = c.schema(n)
	case "properties":
		c.properties(s, n)
	case "required":
		for _, e := range c.elements(n) {
			s.Required = append(s.Required, c.text(e))
		}
	case "additionalProperties":
		if n.Kind == jsontree.Bool {
			s.Closed = !n.Bool
		} else {
			s.Additional = c.schema(n)
		}
	case "oneOf":
		for _, e := range c.elements(n) {
			s.OneOf = append(s.OneOf, c.schema(e))
		}
	default:
		return false
	}
	return true
}

// annotation handles the `x-` keywords.
func (c *compiler) annotation(s *Schema, key string, n *jsontree.Node) bool {
	switch key {
	case "x-title-ru":
		s.TitleRU = c.text(n)
	case "x-description-ru":
		s.DescriptionRU = c.text(n)
	case "x-secret":
		s.Secret = c.boolean(n)
	case "x-multiline":
		s.Multiline = c.boolean(n)
	case "x-advanced":
		s.Advanced = c.boolean(n)
	case "x-unit":
		s.Unit = c.text(n)
	case "x-group":
		s.Group = c.text(n)
	case "x-since":
		s.Since = c.text(n)
	case "x-placeholder":
		s.Placeholder = c.text(n)
	case "x-depends":
		s.Depends = c.text(n)
	case "x-choices":
		s.Choices = c.text(n)
		if point, ok := strings.CutPrefix(s.Choices, "provider:"); !ok || point == "" {
			c.fault(n, `"provider:" and an extension point, such as "provider:sms.provider"`, "%q names no choices", s.Choices)
		}
	case "x-order":
		i, ok := n.Int()
		if !ok || i < math.MinInt32 || i > math.MaxInt32 {
			c.fault(n, "", "%q must be a whole number", key)
		}
		s.Order = i
	case "x-personal":
		s.Personal = Personal(c.text(n))
		if s.Personal != PersonalPhone && s.Personal != PersonalText {
			c.fault(n, `"phone" or "text"`, "unknown masking class %q", s.Personal)
		}
	default:
		return false
	}
	return true
}

func (c *compiler) text(n *jsontree.Node) string {
	if n.Kind != jsontree.String || strings.TrimSpace(n.Text) == "" {
		c.fault(n, "", "must be a string that is not empty")
	}
	return n.Text
}

func (c *compiler) boolean(n *jsontree.Node) bool {
	if n.Kind != jsontree.Bool {
		c.fault(n, "", "must be true or false, not %s", n.Kind)
	}
	return n.Bool
}

func (c *compiler) number(n *jsontree.Node) *float64 {
	f, ok := n.Float()
	if !ok {
		c.fault(n, "", "must be a number, not %s", n.Kind)
	}
	return &f
}

func (c *compiler) count(n *jsontree.Node) *int {
	i, ok := n.Int()
	if !ok || i < 0 || i > math.MaxInt32 {
		c.fault(n, "", "must be a whole number of 0 or more")
	}
	return &i
}

func (c *compiler) elements(n *jsontree.Node) []*jsontree.Node {
	if n.Kind != jsontree.Array || len(n.Elements) == 0 {
		c.fault(n, "", "must be an array that is not empty")
	}
	return n.Elements
}

func (c *compiler) scalar(s *Schema, n *jsontree.Node) bool {
	if n.Kind == jsontree.Null || n.Kind == jsontree.Array || n.Kind == jsontree.Object {
		c.fault(n, "", "must be a string, a number or a boolean, not %s", n.Kind)
		return false
	}
	if s.Type != "" && !kindFits(s.Type, n.Value()) {
		c.fault(n, "change the value or the type", "%s is not of type %q", n.Kind, s.Type)
		return false
	}
	return true
}

func (c *compiler) enum(s *Schema, n *jsontree.Node) {
	elements := c.elements(n)
	if len(elements) > maxEnum {
		c.fault(n, "", "more than %d values", maxEnum)
		return
	}
	for _, e := range elements {
		if !c.scalar(s, e) {
			continue
		}
		v := e.Value()
		if contains(s.Enum, v) {
			c.fault(e, "remove one of them", "the value is there twice")
		}
		s.Enum = append(s.Enum, v)
	}
}

func (c *compiler) pattern(s *Schema, n *jsontree.Node) {
	s.Pattern = c.text(n)
	if len(s.Pattern) > maxPattern {
		c.fault(n, "", "the expression is longer than %d bytes", maxPattern)
		return
	}
	re, err := regexp.Compile(s.Pattern)
	if err != nil {
		c.fault(n, "RE2 syntax: no look-around, no back-references", "%v", err)
	}
	s.pattern = re
}

func (c *compiler) properties(s *Schema, n *jsontree.Node) {
	if n.Kind != jsontree.Object {
		c.fault(n, "", "must be an object, not %s", n.Kind)
		return
	}
	if len(n.Members) > maxProperties {
		c.fault(n, "", "more than %d properties", maxProperties)
		return
	}
	s.index = make(map[string]int, len(n.Members))
	for i, m := range n.Members {
		if m.Key == "" {
			c.fault(m.Value, "", "a property needs a name")
		}
		s.index[m.Key] = i
		s.properties = append(s.properties, Property{Name: m.Key, Schema: c.schema(m.Value)})
	}
}
