package schema

import (
	"cmp"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// whole checks what depends on several keywords, once each of them is sound.
func (c *compiler) whole(s *Schema, n *jsontree.Node) {
	before := len(c.issues)
	order(c, n, "minimum", "maximum", s.Minimum, s.Maximum)
	order(c, n, "minLength", "maxLength", s.MinLength, s.MaxLength)
	order(c, n, "minItems", "maxItems", s.MinItems, s.MaxItems)
	c.required(s, n)
	c.oneOf(s, n)
	c.depends(s, n)
	if s.Secret && n.Get("default") != nil {
		c.fault(n.Get("default"), "secrets come from the operator", "a secret cannot have a default")
	}
	if len(c.issues) > before {
		return
	}
	c.satisfies(s, n.Get("default"), s.Default)
	for i, e := range s.Examples {
		c.satisfies(s, n.Get("examples").Elements[i], e)
	}
	for i, e := range s.Enum {
		c.satisfies(s, n.Get("enum").Elements[i], e)
	}
}

func order[T cmp.Ordered](c *compiler, n *jsontree.Node, low, high string, a, b *T) {
	if a != nil && b != nil && *a > *b {
		c.fault(n.Get(low), "", "%q is above %q", low, high)
	}
}

func (c *compiler) satisfies(s *Schema, n *jsontree.Node, v abi.Value) {
	if n == nil {
		return
	}
	if bad := s.check(v); bad != nil {
		c.fault(n, "change the value or the schema", "the value does not satisfy its own schema: %v", bad)
	}
}

func (c *compiler) required(s *Schema, n *jsontree.Node) {
	for i, name := range s.Required {
		at := n.Get("required").Elements[i]
		j, ok := s.index[name]
		switch {
		case !ok:
			c.fault(at, `add it to "properties"`, "%q is required but not a property", name)
		case s.properties[j].Required:
			c.fault(at, "remove one of them", "%q is required twice", name)
		default:
			s.properties[j].Required = true
		}
	}
}

// oneOf finds the discriminator: the one property that has a const in every
// branch.
func (c *compiler) oneOf(s *Schema, n *jsontree.Node) {
	if len(s.OneOf) == 0 {
		return
	}
	at := n.Get("oneOf")
	for _, key := range []string{"properties", "required", "additionalProperties"} {
		if n.Get(key) != nil {
			c.fault(n.Get(key), "move it into the branches", `%q cannot stand beside "oneOf"`, key)
			return
		}
	}
	const hint = `every branch is an object with one required string property that has a "const", the same property in all of them`
	for _, p := range s.OneOf[0].properties {
		if discriminates(s.OneOf, p.Name) {
			if s.Discriminator != "" {
				c.fault(at, hint, "both %q and %q could tell the branches apart", s.Discriminator, p.Name)
			}
			s.Discriminator = p.Name
		}
	}
	if s.Discriminator == "" {
		c.fault(at, hint, "no property tells the branches apart")
		return
	}
	seen := map[string]bool{}
	for i, b := range s.OneOf {
		value := b.Property(s.Discriminator).Const.String()
		if seen[value] {
			c.fault(at.Elements[i], "give each branch its own", "the %s %q is there twice", s.Discriminator, value)
		}
		seen[value] = true
	}
}

func discriminates(branches []*Schema, name string) bool {
	for _, b := range branches {
		p := b.Property(name)
		if p == nil || p.Type != String || len(p.Const) == 0 || !slices.Contains(b.Required, name) {
			return false
		}
	}
	return true
}

func (c *compiler) depends(s *Schema, n *jsontree.Node) {
	for i := range s.properties {
		p := &s.properties[i]
		name, _ := p.Schema.DependsOn()
		if name == "" {
			continue
		}
		at := n.Get("properties").Get(p.Name).Get("x-depends")
		switch {
		case name == p.Name:
			c.fault(at, "", "a property cannot depend on itself")
		case s.Property(name) == nil:
			c.fault(at, `"property" or "property=value|value"`, "%q is not a property beside it", name)
		case p.Required:
			c.fault(at, `take it out of "required"`, "a property that depends on another cannot be required")
		}
	}
}

// DependsOn splits the x-depends annotation into the sibling's name and the
// values that it must have; no values mean that it must be set. The name is ""
// when there is no such annotation.
func (s *Schema) DependsOn() (name string, values []string) {
	name, list, ok := strings.Cut(s.Depends, "=")
	if ok {
		values = strings.Split(list, "|")
	}
	return name, values
}
