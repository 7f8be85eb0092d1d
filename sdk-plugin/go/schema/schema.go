// Package schema is the one schema dialect of Patchbay: what a plugin says about
// its parameters, results and settings. It is a subset of JSON Schema 2020-12
// without $ref, plus `x-` annotations for forms, and every consumer (parameter
// checks, settings form, OpenAPI, documentation) reads the same [Schema].
//
// A schema is compiled once by [Parse] and is immutable and safe for concurrent
// use afterwards. [Schema.Validate] walks a MessagePack value without decoding
// it and allocates nothing when the value is valid and its formats are the plain
// ones.
//
// Two rules go beyond JSON Schema, because callers and forms need them: null
// counts as not given, and a required string may not be blank.
package schema

import (
	"regexp"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Type is the `type` keyword.
type Type string

// Types of the dialect. Every schema has exactly one.
const (
	String  Type = "string"
	Integer Type = "integer"
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	Object  Type = "object"
)

// Format is the `format` keyword; for strings only.
type Format string

// Formats of the dialect.
const (
	// UUID is 8-4-4-4-12 hexadecimal digits.
	UUID Format = "uuid"
	// Phone is a telephone number as people write it: digits, spaces, ()-+. with
	// 3 to 20 digits. What it means is up to package params.
	Phone Format = "phone"
	// Dial is what a telephone can dial: 1 to 32 of 0-9 + * # besides separators.
	Dial Format = "dial"
	// DateOrTime is YYYY-MM-DD or YYYY-MM-DD HH:MM:SS and exists in the calendar.
	DateOrTime Format = "date-or-time"
	// TimeZone has the shape of an IANA time zone name: Europe/Moscow.
	TimeZone Format = "time-zone"
	// URI is an absolute http or https address without user and password.
	URI Format = "uri"
	// Host is a host name or address with an optional port.
	Host Format = "host"
	// Duration is a Go duration that is not negative: 1m30s.
	Duration Format = "duration"
	// Template is text with {name} placeholders that a plugin fills in; other
	// braces are text.
	Template Format = "template"
)

// Issue is one fault of a schema, with its JSON pointer and what to do.
type Issue = jsontree.Issue

// Personal is the `x-personal` annotation: how the journal masks a value.
type Personal string

// Masking classes.
const (
	PersonalPhone Personal = "phone"
	PersonalText  Personal = "text"
)

// Schema is a compiled schema. Treat it as immutable.
type Schema struct {
	Type   Type
	Format Format
	// Title and Description are English, the others Russian.
	Title, Description     string
	TitleRU, DescriptionRU string

	// Enum holds the allowed scalars, nil for all.
	Enum []abi.Value
	// Const is the only allowed scalar, missing for all.
	Const abi.Value
	// Default is used by [Schema.WithDefaults], missing when there is none.
	Default abi.Value
	// Examples satisfy the schema.
	Examples []abi.Value

	// Minimum and Maximum bound numbers, both ends included.
	Minimum, Maximum *float64
	// MinLength and MaxLength bound strings, in characters.
	MinLength, MaxLength *int
	// MinItems and MaxItems bound arrays.
	MinItems, MaxItems *int
	// Pattern is an RE2 expression, unanchored as in JSON Schema.
	Pattern string

	// Items is the schema of the elements of an array, nil for any.
	Items *Schema
	// Required lists property names in the order of the document.
	Required []string
	// Closed is `additionalProperties: false`.
	Closed bool
	// Additional is the schema of properties that are not listed, nil for any.
	Additional *Schema
	// OneOf lists the branches; Discriminator is the property that tells them
	// apart. An object has either branches or properties of its own.
	OneOf         []*Schema
	Discriminator string

	// Deprecated and the `x-` annotations.
	Deprecated  bool
	Secret      bool     // x-secret: never shown and never in the journal
	Multiline   bool     // x-multiline: line breaks are welcome
	Advanced    bool     // x-advanced: folded away in forms
	Personal    Personal // x-personal
	Unit        string   // x-unit: "s", "MiB"
	Group       string   // x-group: heading in forms
	Order       int      // x-order: position in forms, by document order when equal
	Since       string   // x-since: version that brought it
	Placeholder string   // x-placeholder: grey text in an empty field
	// Depends is x-depends: "property" or "property=value|value"; the field is
	// shown only when that sibling is set, or has one of the values.
	Depends string
	// Choices is x-choices: where a form finds the values to offer, "provider:" and an
	// extension point for the names of its configured instances. Nothing checks them.
	Choices string

	properties []Property
	index      map[string]int // position in properties by name
	pattern    *regexp.Regexp
}

// Property is one named property of an object schema.
type Property struct {
	Name     string
	Required bool
	Schema   *Schema
}

// Properties returns the properties in the order of the document. The slice
// belongs to the schema; do not change it.
func (s *Schema) Properties() []Property {
	if s == nil {
		return nil
	}
	return s.properties
}

// Property returns the schema of a property, nil when it is not listed.
func (s *Schema) Property(name string) *Schema {
	if s == nil {
		return nil
	}
	if i, ok := s.index[name]; ok {
		return s.properties[i].Schema
	}
	return nil
}
