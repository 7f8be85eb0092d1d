package rehearsal

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

type node = jsontree.Node

// decoder collects the faults of a document.
type decoder struct{ issues []jsontree.Issue }

func (d *decoder) fault(n *node, hint, format string, args ...any) {
	d.issues = append(d.issues, jsontree.At(n, fmt.Sprintf(format, args...), hint))
}

func (d *decoder) is(n *node, kind jsontree.Kind) bool {
	if n.Kind != kind {
		d.fault(n, "", "must be %s, not %s", kind, n.Kind)
	}
	return n.Kind == kind
}

// object hands members to the functions of their keys; other keys are faults.
func (d *decoder) object(n *node, known map[string]func(*node)) bool {
	if !d.is(n, jsontree.Object) {
		return false
	}
	for _, m := range n.Members {
		if set, ok := known[m.Key]; ok {
			set(m.Value)
			continue
		}
		d.fault(m.Value, "known keys: "+strings.Join(slices.Sorted(maps.Keys(known)), ", "), "unknown key %q", m.Key)
	}
	return true
}

// one reports a fault unless exactly one of the keys is there (or none, when
// optional).
func (d *decoder) one(n *node, optional bool, keys ...string) {
	count := 0
	for _, key := range keys {
		if n.Get(key) != nil {
			count++
		}
	}
	if count > 1 || count == 0 && !optional {
		d.fault(n, "", "needs exactly one of %s", strings.Join(keys, ", "))
	}
}

func (d *decoder) str(to *string, allowed ...string) func(*node) {
	return func(n *node) {
		if !d.is(n, jsontree.String) {
			return
		}
		if *to = n.Text; len(allowed) > 0 && !slices.Contains(allowed, n.Text) {
			d.fault(n, "known values: "+strings.Join(allowed, ", "), "unknown value %q", n.Text)
		}
	}
}

func (d *decoder) optional(to **string, allowed ...string) func(*node) {
	return func(n *node) {
		*to = new(string)
		d.str(*to, allowed...)(n)
	}
}

func (d *decoder) boolean(to *bool) func(*node) {
	return func(n *node) {
		if d.is(n, jsontree.Bool) {
			*to = n.Bool
		}
	}
}

// yes is for keys whose only sensible value is true.
func (d *decoder) yes(then func()) func(*node) {
	return func(n *node) {
		if d.is(n, jsontree.Bool); !n.Bool {
			d.fault(n, "leave the key out instead", "must be true")
			return
		}
		then()
	}
}

func (d *decoder) integer(to *int, low, high int) func(*node) {
	return func(n *node) {
		i, ok := n.Int()
		if !ok || i < low || i > high {
			d.fault(n, "", "must be a whole number from %d to %d", low, high)
			return
		}
		*to = i
	}
}

func (d *decoder) each(f func(*node)) func(*node) {
	return func(n *node) {
		if !d.is(n, jsontree.Array) {
			return
		}
		for _, e := range n.Elements {
			f(e)
		}
	}
}

func (d *decoder) pattern(to **regexp.Regexp) func(*node) {
	return func(n *node) {
		if !d.is(n, jsontree.String) {
			return
		}
		re, err := regexp.Compile(n.Text)
		if err != nil {
			d.fault(n, "RE2 syntax, as in Go", "is no regular expression: %v", err)
			return
		}
		*to = re
	}
}

// value takes any JSON value; object one that is a map.
func (d *decoder) value(to *abi.Value) func(*node) { return func(n *node) { *to = n.Value() } }

func (d *decoder) mapValue(to *abi.Value) func(*node) {
	return func(n *node) {
		if d.is(n, jsontree.Object) {
			*to = n.Value()
		}
	}
}

// fields reads an object of texts, numbers and booleans, or arrays of those.
func (d *decoder) fields(to *fields) func(*node) {
	return func(n *node) {
		if !d.is(n, jsontree.Object) {
			return
		}
		*to = fields{} // an empty object differs from none
		for _, m := range n.Members {
			f := field{name: m.Key}
			scalars := []*node{m.Value}
			if m.Value.Kind == jsontree.Array {
				scalars = m.Value.Elements
			}
			for _, s := range scalars {
				text, ok := scalar(s)
				if !ok {
					d.fault(s, "", "must be a string, a number or a boolean")
				}
				f.values = append(f.values, text)
			}
			*to = append(*to, f)
		}
	}
}

func scalar(n *node) (string, bool) {
	switch n.Kind {
	case jsontree.String, jsontree.Number:
		return n.Text, true
	case jsontree.Bool:
		return fmt.Sprint(n.Bool), true
	}
	return "", false
}
