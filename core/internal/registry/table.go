// Package registry knows what is on, for whom and with which limits: the table
// of routes that requests are dispatched by, and the settings and flags that it
// is built from.
//
// A table never changes. A toggle, a setting or a new plugin version builds a
// new one and swaps one pointer; requests in flight finish on the table that
// they started with.
package registry

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Runner serves tasks: an instance of a plugin.
type Runner interface {
	Do(ctx context.Context, q *abi.Request, depth int) (*wasm.Result, error)
}

// Route is one action of one module as it stands in a table.
type Route struct {
	Module string
	// Name is the action in the path, in rights and in the journal.
	Name   string
	Action *manifest.Action
	// Instance is the provider instance of an action that exists once per
	// instance, "" otherwise.
	Instance string
	Checker  *params.Checker
	// Rate limits one user on this action.
	Rate    auth.Rate
	Timeout time.Duration
	Runner  Runner
	// Off is why the action answers nobody: "" means that it is on.
	Off string
	// Key is "module.action", the name of the right and of the limit.
	Key string
	// Personal classes the parameters that the journal does not keep as they are.
	Personal map[string]Personal
}

// Personal is the class of a parameter that concerns a person or a secret.
type Personal string

// Classes of parameters, as the manifest's x-personal and x-secret name them.
const (
	PersonalPhone  Personal = "phone"
	PersonalText   Personal = "text"
	PersonalSecret Personal = "secret"
)

// Module is a module as it stands in a table.
type Module struct {
	ID       string
	Manifest *manifest.Manifest
	On       bool
	Runner   Runner
	// Routes are sorted as in the manifest.
	Routes []*Route
}

// Provider is a provider instance as it stands in a table.
type Provider struct {
	Name     string
	Manifest *manifest.Manifest
	On       bool
	Runner   Runner
	// Ready reports whether it serves now.
	Ready func() bool
}

// Serves reports whether the provider implements an operation of a point; with
// an empty operation, whether it extends the point.
func (p *Provider) Serves(point, operation string) bool {
	for _, e := range p.Manifest.Extends {
		if e.Point == point {
			return operation == "" || slices.Contains(e.Operations, operation)
		}
	}
	return false
}

// Table is one immutable state of the gateway's routes.
type Table struct {
	Modules   []*Module
	Providers []*Provider

	routes    map[string]*Route // "module/action"
	modules   map[string]*Module
	providers map[string]*Provider
}

// NewTable indexes modules and providers. The caller must not change them
// afterwards.
func NewTable(modules []*Module, providers []*Provider) *Table {
	t := &Table{
		Modules: modules, Providers: providers,
		routes: map[string]*Route{}, modules: map[string]*Module{}, providers: map[string]*Provider{},
	}
	for _, m := range modules {
		t.modules[m.ID] = m
		for _, r := range m.Routes {
			t.routes[m.ID+"/"+r.Name] = r
		}
	}
	for _, p := range providers {
		t.providers[p.Name] = p
	}
	return t
}

// Route returns the route of a path "module/action", nil when there is none.
func (t *Table) Route(path string) *Route { return t.routes[path] }

// Module returns a module, nil when there is none.
func (t *Table) Module(id string) *Module { return t.modules[id] }

// Provider returns a provider instance, nil when there is none.
func (t *Table) Provider(name string) *Provider { return t.providers[name] }

// Extending returns the providers of an extension point that are on, in the
// order of the configuration.
func (t *Table) Extending(point string) []*Provider {
	var out []*Provider
	for _, p := range t.Providers {
		if p.On && p.Serves(point, "") {
			out = append(out, p)
		}
	}
	return out
}

// Registry holds the table in force.
type Registry struct{ table atomic.Pointer[Table] }

// New returns a registry with an empty table.
func New() *Registry {
	r := &Registry{}
	r.table.Store(NewTable(nil, nil))
	return r
}

// Table returns the table in force. Use one table for a whole request.
func (r *Registry) Table() *Table { return r.table.Load() }

// Swap puts a table into force.
func (r *Registry) Swap(t *Table) { r.table.Store(t) }
