package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func (p panel) Document(t *admin.Target) (*config.Document, uint64, error) {
	state := p.app.states.Get()
	d := p.document(state)
	if t == nil {
		return d, state.Version, nil
	}
	u := p.find(*t, state)
	if u == nil {
		return nil, 0, missing(*t)
	}
	one := &config.Document{}
	if t.Kind == manifest.KindModule {
		one.Modules = map[string]config.DocumentUnit{t.Name: p.unitDocument(u, state)}
	} else {
		one.Providers = map[string]config.DocumentUnit{t.Name: p.unitDocument(u, state)}
	}
	return one, state.Version, nil
}

// document is what a state and the file together put into force.
func (p panel) document(state registry.State) *config.Document {
	d := &config.Document{
		Modules: map[string]config.DocumentUnit{}, Providers: map[string]config.DocumentUnit{},
		Nodes: p.documentNodes(state), Guards: p.documentGuards(state),
	}
	for _, u := range p.app.wishes(state) {
		if u.kind == manifest.KindModule {
			d.Modules[u.name] = p.unitDocument(u, state)
		} else {
			d.Providers[u.name] = p.unitDocument(u, state)
		}
	}
	return d
}

func (p panel) unitDocument(u *unit, state registry.State) config.DocumentUnit {
	t := admin.Target{Kind: u.kind, Name: u.name}
	out := config.DocumentUnit{Enabled: &u.on, Plugin: p.pluginOf(t, state), Settings: p.hide(t, u.schema(), over(stored(t, state), p.fromFile(t)))}
	if u.kind == manifest.KindModule && out.Plugin == u.name {
		out.Plugin = ""
	}
	if len(out.Settings) == 0 {
		out.Settings = nil
	}
	if u.grant.capabilities != nil {
		out.Grant = &config.DocumentGrant{Capabilities: u.grant.capabilities}
		if len(u.grant.hosts) > 0 || u.grant.private {
			out.Grant.HTTP = &config.DocumentHTTP{Hosts: nonNil(u.grant.hosts), Private: u.grant.private}
		}
	}
	for name, wish := range u.actions {
		a := config.DocumentAction{Enabled: &wish.on}
		if wish.rate != nil {
			text := wish.rate.String()
			a.Limit = &text
		}
		if out.Actions == nil {
			out.Actions = map[string]config.DocumentAction{}
		}
		out.Actions[name] = a
	}
	return out
}

func (p panel) pluginOf(t admin.Target, state registry.State) string {
	if id := p.block(t).Plugin; id != "" {
		return id
	}
	if t.Kind == manifest.KindModule {
		return t.Name
	}
	return state.Providers[t.Name].Plugin
}

// errPlanned ends an edit that must not take effect.
var errPlanned = errors.New("only planned")

func (p panel) Plan(t *admin.Target, d *config.Document, o admin.ApplyOptions) (admin.Plan, error) {
	p.app.mu.Lock()
	defer p.app.mu.Unlock()
	var plan admin.Plan
	_, _, err := p.app.states.Update(registry.AnyVersion, time.Now(), func(s *registry.State) error {
		var err error
		if plan, err = p.edit(s, t, d, o); err != nil {
			return err
		}
		return errPlanned
	}, nil)
	if errors.Is(err, errPlanned) {
		err = nil
	}
	return plan, err
}

func (p panel) Apply(ctx context.Context, t *admin.Target, version uint64, d *config.Document, o admin.ApplyOptions) (plan admin.Plan, c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		if plan, err = p.edit(s, t, d, o); err != nil {
			return err
		}
		if err := plan.Refused(); err != nil {
			return err
		}
		if len(plan.Differences) == 0 {
			return errPlanned
		}
		before, after := map[string]any{}, map[string]any{}
		for _, x := range plan.Differences {
			before[x.Path], after[x.Path] = x.Before, x.After
		}
		c = admin.Change{Before: before, After: after}
		return nil
	})
	if errors.Is(err, errPlanned) {
		err = nil
	}
	return plan, c, err
}

// edit brings a state to what a document says and tells what that changed. What is
// wrong with the document is collected; the state is only good without violations.
func (p panel) edit(s *registry.State, t *admin.Target, d *config.Document, o admin.ApplyOptions) (admin.Plan, error) {
	if t != nil && p.find(*t, *s) == nil {
		return admin.Plan{}, missing(*t)
	}
	before := p.document(*s)
	if t != nil {
		// A module that is only in the catalogue is not in the whole document.
		before, _, _ = p.Document(t)
	}
	plan := admin.Plan{Differences: []admin.DocumentDifference{}, Violations: []admin.Violation{}}
	// Providers first: the names of their instances are actions of modules.
	for _, name := range slices.Sorted(maps.Keys(d.Providers)) {
		p.editUnit(s, admin.Target{Kind: manifest.KindProvider, Name: name}, d.Providers[name], &plan)
	}
	if o.Prune {
		for _, name := range slices.Sorted(maps.Keys(s.Providers)) {
			if _, keep := d.Providers[name]; !keep && s.Providers[name].Plugin != "" {
				if _, err := p.editDelete(s, name); err != nil {
					plan.Violations = append(plan.Violations, faults("/provider/"+name, err)...)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(d.Modules)) {
		p.editUnit(s, admin.Target{Kind: manifest.KindModule, Name: name}, d.Modules[name], &plan)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Nodes)) {
		p.editNode(s, name, d.Nodes[name], &plan)
	}
	if o.Prune {
		maps.DeleteFunc(s.Nodes, func(name string, _ registry.NodeState) bool { _, keep := d.Nodes[name]; return !keep })
	}
	for _, kind := range slices.Sorted(maps.Keys(d.Guards)) {
		p.editGuardBlock(s, kind, d.Guards[kind], &plan)
	}
	after := p.document(*s)
	if t != nil {
		after = &config.Document{Modules: pick(after.Modules, d.Modules), Providers: pick(after.Providers, d.Providers)}
	}
	differences, err := compare(before, after)
	plan.Differences = append(plan.Differences, differences...)
	return plan, err
}

func pick(all, names map[string]config.DocumentUnit) map[string]config.DocumentUnit {
	out := map[string]config.DocumentUnit{}
	for name := range names {
		if u, ok := all[name]; ok {
			out[name] = u
		}
	}
	return out
}
