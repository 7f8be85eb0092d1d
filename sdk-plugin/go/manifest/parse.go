package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Parse reads and lints plugin.json: strictly (unknown and duplicate keys are
// faults) and completely (all faults at once, each with its place). Defaults are
// filled in. The manifest is nil if there is any issue.
func Parse(src []byte) (*Manifest, []Issue) {
	if len(src) > MaxSize {
		return nil, []Issue{{Message: fmt.Sprintf("the manifest is larger than %d bytes", MaxSize)}}
	}
	root, err := jsontree.Parse(src)
	if err != nil {
		return nil, []Issue{err.(Issue)}
	}
	m := &Manifest{}
	d := decoder{m: m}
	d.manifest(root)
	if len(d.issues) == 0 {
		return m, nil
	}
	for i := range d.issues {
		d.issues[i] = jsontree.Locate(src, d.issues[i])
	}
	return nil, d.issues
}

type node = jsontree.Node

// decoder fills a manifest and collects issues.
type decoder struct {
	m      *Manifest
	issues []Issue
}

func (d *decoder) fault(n *node, hint, format string, args ...any) {
	d.issues = append(d.issues, jsontree.At(n, fmt.Sprintf(format, args...), hint))
}

// fields says what to do with each key of an object.
type fields map[string]func(*node)

// object hands the members to their fields; unknown keys and missing required
// ones are faults.
func (d *decoder) object(n *node, f fields, required ...string) bool {
	if n.Kind != jsontree.Object {
		d.fault(n, "", "must be an object, not %s", n.Kind)
		return false
	}
	for _, m := range n.Members {
		if set, ok := f[m.Key]; ok {
			set(m.Value)
			continue
		}
		known := make([]string, 0, len(f))
		for k := range f {
			known = append(known, k)
		}
		slices.Sort(known)
		d.fault(m.Value, "known keys: "+strings.Join(known, ", "), "unknown key %q", m.Key)
	}
	for _, key := range required {
		if n.Get(key) == nil {
			d.fault(n, "", "%q is missing", key)
		}
	}
	return true
}

// each calls f for the elements of an array.
func (d *decoder) each(f func(*node)) func(*node) {
	return func(n *node) {
		if n.Kind != jsontree.Array {
			d.fault(n, "", "must be an array, not %s", n.Kind)
			return
		}
		for _, e := range n.Elements {
			f(e)
		}
	}
}

func (d *decoder) str(to *string, checks ...func(*node)) func(*node) {
	return func(n *node) {
		if n.Kind != jsontree.String || strings.TrimSpace(n.Text) == "" {
			d.fault(n, "", "must be a string that is not empty")
			return
		}
		*to = n.Text
		for _, check := range checks {
			check(n)
		}
	}
}

func (d *decoder) strs(to *[]string, checks ...func(*node)) func(*node) {
	return d.each(func(n *node) {
		var s string
		before := len(d.issues)
		d.str(&s, checks...)(n)
		if slices.Contains(*to, s) {
			d.fault(n, "remove one of them", "%q is there twice", s)
		}
		if len(d.issues) == before {
			*to = append(*to, s)
		}
	})
}

func (d *decoder) boolean(to *bool) func(*node) {
	return func(n *node) {
		if n.Kind != jsontree.Bool {
			d.fault(n, "", "must be true or false, not %s", n.Kind)
		}
		*to = n.Bool
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

func (d *decoder) text(to *Text) func(*node) {
	return func(n *node) {
		d.object(n, fields{"en": d.str(&to.EN), "ru": d.str(&to.RU)}, "en", "ru")
	}
}

// schema reads a schema and runs further checks on it when it is sound.
func (d *decoder) schema(to **schema.Schema, checks ...func(*node, *schema.Schema)) func(*node) {
	return func(n *node) {
		s, issues := schema.Compile(n)
		d.issues = append(d.issues, issues...)
		if s == nil {
			return
		}
		*to = s
		for _, check := range checks {
			check(n, s)
		}
	}
}

func (d *decoder) manifest(n *node) {
	m := d.m
	m.Concurrency = ConcurrencyTasks
	var ignored, kind string
	ok := d.object(n, fields{
		"$schema":      d.str(&ignored),
		"id":           d.str(&m.ID, d.shape(idShape, "a lower-case letter, then letters, digits and -; at most 64")),
		"kind":         d.str(&kind, d.oneOf(string(KindModule), string(KindProvider))),
		"abi":          d.integer(&m.ABI, 1, 1<<20),
		"version":      d.str(&m.Version, d.shape(semver, "a semantic version without a leading v: 1.2.3, 1.2.3-rc.1")),
		"vendor":       d.str(&m.Vendor, d.atMost(200)),
		"license":      d.str(&m.License, d.atMost(200)),
		"homepage":     d.str(&m.Homepage, d.format(schema.URI)),
		"title":        d.text(&m.Title),
		"description":  d.text(&m.Description),
		"provides":     d.each(d.point),
		"extends":      d.each(d.extension),
		"capabilities": d.each(d.capability),
		"settings":     d.schema(&m.Settings, d.isObject, d.titles),
		"health":       d.boolean(&m.Health),
		"concurrency":  d.str(&m.Concurrency, d.oneOf(ConcurrencyTasks, ConcurrencyExclusive)),
		"limits":       d.limits,
		"notes":        d.each(d.note),
		"actions":      d.each(d.action),
	}, "id", "kind", "abi", "version", "vendor", "title", "description")
	m.Kind = Kind(kind)
	if ok {
		d.whole(n)
	}
}

func (d *decoder) note(n *node) {
	var t Text
	d.text(&t)(n)
	d.m.Notes = append(d.m.Notes, t)
}

func (d *decoder) limits(n *node) {
	l := &d.m.Limits
	d.object(n, fields{
		"memory_mb":  d.integer(&l.MemoryMB, 1, MaxMemoryMB),
		"cpu":        d.integer(&l.CPU, 1, MaxCPU),
		"timeout_ms": d.integer(&l.TimeoutMS, 1, MaxTimeoutMS),
		"max_tasks":  d.integer(&l.MaxTasks, 1, MaxTasks),
		"guests":     d.integer(&l.Guests, 1, MaxGuests),
	})
}

func (d *decoder) point(n *node) {
	var p Point
	d.object(n, fields{
		"name":       d.str(&p.Name, d.shape(pointShape, "<module>.<name> in lower case: sms.provider")),
		"title":      d.text(&p.Title),
		"operations": d.each(func(n *node) { d.operation(n, &p) }),
	}, "name", "title", "operations")
	if ops := n.Get("operations"); ops != nil && len(p.Operations) == 0 {
		d.fault(ops, "", "an extension point needs an operation")
	}
	if p.Name != "" && d.m.Point(p.Name) != nil {
		d.fault(n, "", "the extension point %q is there twice", p.Name)
	}
	d.m.Provides = append(d.m.Provides, p)
}

func (d *decoder) operation(n *node, p *Point) {
	var o Operation
	d.object(n, fields{
		"name":     d.str(&o.Name, d.shape(operationShape, operationHint)),
		"summary":  d.text(&o.Summary),
		"params":   d.schema(&o.Params, d.isObject),
		"result":   d.schema(&o.Result),
		"safe":     d.boolean(&o.Safe),
		"optional": d.boolean(&o.Optional),
	}, "name", "summary")
	if o.Name != "" && p.Operation(o.Name) != nil {
		d.fault(n, "", "the operation %q is there twice", o.Name)
	}
	p.Operations = append(p.Operations, o)
}

func (d *decoder) extension(n *node) {
	var e Extension
	d.object(n, fields{
		"point":      d.str(&e.Point, d.shape(pointShape, "<module>.<name> in lower case: sms.provider")),
		"operations": d.strs(&e.Operations, d.shape(operationShape, operationHint)),
	}, "point", "operations")
	if ops := n.Get("operations"); ops != nil && len(e.Operations) == 0 {
		d.fault(ops, "", "name the operations that the plugin serves")
	}
	for _, other := range d.m.Extends {
		if other.Point == e.Point && e.Point != "" {
			d.fault(n, "", "the extension point %q is there twice", e.Point)
		}
	}
	d.m.Extends = append(d.m.Extends, e)
}

func (d *decoder) capability(n *node) {
	var c Capability
	d.object(n, fields{
		"name":       d.str(&c.Name),
		"operations": d.strs(&c.Operations),
		"reason":     d.text(&c.Reason),
		"hosts":      d.strs(&c.Hosts, d.host),
	}, "name", "operations", "reason")
	if at := n.Get("name"); c.Name != "" {
		d.capabilityName(at, c.Name)
	}
	if ops := n.Get("operations"); ops != nil {
		d.capabilityOperations(ops, &c)
	}
	if at := n.Get("hosts"); at != nil && c.Name != "http" {
		d.fault(at, "", `only the capability "http" has hosts`)
	}
	d.m.Capabilities = append(d.m.Capabilities, c)
}

func (d *decoder) capabilityName(at *node, name string) {
	if capabilityOperations(name) == nil {
		d.fault(at, "one of "+strings.Join(capabilityNames(), ", "), "unknown capability %q", name)
	}
	for _, other := range d.m.Capabilities {
		if other.Name == name {
			d.fault(at, "put all operations into one", "the capability %q is there twice", name)
		}
	}
}

func (d *decoder) capabilityOperations(at *node, c *Capability) {
	known := capabilityOperations(c.Name)
	if at.Kind == jsontree.Array && len(at.Elements) == 0 {
		d.fault(at, "one of "+strings.Join(known, ", "), "name the operations that the plugin uses")
	}
	for i, op := range c.Operations {
		if known != nil && !slices.Contains(known, op) {
			d.fault(at.Elements[min(i, len(at.Elements)-1)], "one of "+strings.Join(known, ", "),
				"%q is not an operation of the capability %q in ABI version %d", op, c.Name, abi.Version)
		}
	}
}
