package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// Upper ends of the limits that a manifest may ask for.
const (
	MaxMemoryMB  = 1024
	MaxCPU       = 1_000_000 // million instructions
	MaxTimeoutMS = 600_000
	MaxTasks     = 100_000
	MaxGuests    = 256
)

// Shapes of names. plugin.schema.json repeats them; a test compares the two.
var (
	idShape        = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}$`)
	actionShape    = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9]{0,63}$`)
	pointShape     = regexp.MustCompile(`^[a-z][a-z0-9-]{0,63}\.[a-z][a-z0-9-]{0,63}$`)
	operationShape = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	paramShape     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,63}$`)
	// semver is the expression that semver.org suggests.
	semver = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)` +
		`(-((0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?` +
		`(\+([0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*))?$`)
)

const operationHint = "a lower-case letter, then letters, digits and _; at most 64"

// operations lists what the host offers in this version of the contract.
var operations = abi.Operations()

// capabilityOperations returns the operations of a capability, nil when there is
// no such capability.
func capabilityOperations(name string) []string {
	var all []string
	for _, op := range operations {
		if abi.Capability(op) == name {
			all = append(all, op)
		}
	}
	return all
}

func capabilityNames() []string {
	var all []string
	for _, op := range operations {
		if name := abi.Capability(op); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Operation returns the operation of that name, nil when there is none.
func (p *Point) Operation(name string) *Operation {
	for i := range p.Operations {
		if p.Operations[i].Name == name {
			return &p.Operations[i]
		}
	}
	return nil
}

// Satisfies reports whether a provider's extension fits the extension point that
// the module declares: it serves nothing else and everything that is not
// optional.
func (e *Extension) Satisfies(p *Point) error {
	if e.Point != p.Name {
		return fmt.Errorf("the extension is for %s, not for %s", e.Point, p.Name)
	}
	for _, name := range e.Operations {
		if p.Operation(name) == nil {
			return fmt.Errorf("%s has no operation %q", p.Name, name)
		}
	}
	for _, o := range p.Operations {
		if !o.Optional && !slices.Contains(e.Operations, o.Name) {
			return fmt.Errorf("%s needs the operation %q, which the provider does not serve", p.Name, o.Name)
		}
	}
	return nil
}

// ParseRate reads "10/s", "100/m" or "1000/h": n requests in each period.
func ParseRate(rate string) (n int, per time.Duration, err error) {
	count, unit, _ := strings.Cut(rate, "/")
	n, err = strconv.Atoi(count)
	per, ok := ratePer[unit]
	if err != nil || !ok || n < 1 || n > 1_000_000 || count[0] == '+' {
		return 0, 0, fmt.Errorf("%q is not a rate such as 10/s", rate)
	}
	return n, per, nil
}

func (d *decoder) shape(re *regexp.Regexp, hint string) func(*node) {
	return func(n *node) {
		if !re.MatchString(n.Text) {
			d.fault(n, hint, "%q is not acceptable here", n.Text)
		}
	}
}

func (d *decoder) oneOf(values ...string) func(*node) {
	return func(n *node) {
		if !slices.Contains(values, n.Text) {
			d.fault(n, "one of "+strings.Join(values, ", "), "%q is not acceptable here", n.Text)
		}
	}
}

func (d *decoder) atMost(characters int) func(*node) {
	return func(n *node) {
		if len([]rune(n.Text)) > characters {
			d.fault(n, "", "longer than %d characters", characters)
		}
	}
}

func (d *decoder) format(f schema.Format) func(*node) {
	return func(n *node) {
		if !f.Match([]byte(n.Text)) {
			d.fault(n, "", "%q does not have the format %s", n.Text, f)
		}
	}
}

func (d *decoder) host(n *node) {
	if !schema.Host.Match([]byte(strings.TrimPrefix(n.Text, "*."))) {
		d.fault(n, "host, host:port, *.domain, [v6]:port", "%q is not a host", n.Text)
	}
}

func (d *decoder) isObject(n *node, s *schema.Schema) {
	if s.Type != schema.Object {
		d.fault(n, `"type": "object"`, "must be an object schema")
	}
}

// isFlat checks what package params relies on: named parameters, and nothing
// said about unknown ones, which are always ignored.
func (d *decoder) isFlat(n *node, s *schema.Schema) {
	if s.OneOf != nil {
		d.fault(n, "make two actions of it", "parameters cannot have branches")
	}
	if s.Closed || s.Additional != nil {
		d.fault(n, "remove additionalProperties", "unknown parameters are always ignored")
	}
	for _, p := range s.Properties() {
		if !paramShape.MatchString(p.Name) {
			d.fault(n.Get("properties").Get(p.Name), "a letter, then letters, digits and _; at most 64",
				"%q cannot be the name of a parameter", p.Name)
		}
	}
}

// titles checks that every field of the settings form has a label in both
// languages.
func (d *decoder) titles(n *node, s *schema.Schema) {
	for _, p := range s.Properties() {
		at := n.Get("properties").Get(p.Name)
		if len(p.Schema.Const) == 0 && (p.Schema.Title == "" || p.Schema.TitleRU == "") {
			d.fault(at, `add "title" and "x-title-ru"`, "the setting %q needs a title in both languages", p.Name)
		}
		d.bothDescribed(at, p.Name, p.Schema)
		d.titles(at, p.Schema)
		if items := at.Get("items"); items != nil {
			d.titles(items, p.Schema.Items)
		}
	}
	for i, b := range s.OneOf {
		d.titles(n.Get("oneOf").Elements[i], b)
	}
}

// descriptions checks that every parameter is explained in both languages.
func (d *decoder) descriptions(n *node, s *schema.Schema) {
	for _, p := range s.Properties() {
		at := n.Get("properties").Get(p.Name)
		if p.Schema.Description == "" || p.Schema.DescriptionRU == "" {
			d.fault(at, `add "description" and "x-description-ru"`, "the parameter %q needs a description in both languages", p.Name)
		}
	}
}

func (d *decoder) bothDescribed(at *node, name string, s *schema.Schema) {
	if (s.Description == "") != (s.DescriptionRU == "") {
		d.fault(at, `"description" and "x-description-ru"`, "%q is described in one language only", name)
	}
}

// whole checks what depends on several parts of the manifest.
func (d *decoder) whole(n *node) {
	m := d.m
	if at := n.Get("abi"); at != nil && m.ABI != 0 && m.ABI != abi.Version {
		d.fault(at, "", "the contract version is %d, this gateway speaks %d", m.ABI, abi.Version)
	}
	switch m.Kind {
	case KindModule:
		if len(m.Actions) == 0 {
			d.fault(n, `add "actions"`, "a module needs an action")
		}
		if at := n.Get("extends"); at != nil {
			d.fault(at, `make it "kind": "provider"`, "a module does not serve extension points")
		}
		d.points(n)
	case KindProvider:
		if len(m.Extends) == 0 {
			d.fault(n, `add "extends"`, "a provider serves an extension point")
		}
		for _, key := range []string{"actions", "provides"} {
			if at := n.Get(key); at != nil {
				d.fault(at, `make it "kind": "module"`, "a provider has no %s", key)
			}
		}
	}
	if m.Concurrency == ConcurrencyExclusive && m.Limits.MaxTasks > 1 {
		d.fault(n.Get("limits").Get("max_tasks"), "remove it", "an exclusive guest serves one task")
	}
}

func (d *decoder) points(n *node) {
	for i, p := range d.m.Provides {
		if owner, _, ok := strings.Cut(p.Name, "."); ok && d.m.ID != "" && owner != d.m.ID {
			d.fault(n.Get("provides").Elements[i].Get("name"), d.m.ID+".…",
				"an extension point begins with the id of its module")
		}
	}
	actions := n.Get("actions")
	for i := range d.m.Actions {
		a := &d.m.Actions[i]
		if a.PerInstance != "" && d.m.Point(a.PerInstance) == nil {
			at := actions // the action itself may have been refused before
			if len(actions.Elements) == len(d.m.Actions) {
				at = actions.Elements[i].Get("per_instance")
			}
			d.fault(at, `name one of "provides"`, "the module has no extension point %q", a.PerInstance)
		}
	}
}
