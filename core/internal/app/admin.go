package app

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// panel is the gateway as the administration API sees it.
type panel struct{ app *App }

var _ admin.Gateway = panel{}

// newAdmin builds the administration API; with offline it serves the users of a
// gateway that does not run.
func (a *App) newAdmin(offline bool) *admin.API {
	o := admin.Options{Users: a.auth, Journal: a.journal, Zone: a.config().Gateway.TimeZone, Log: a.log.Named("admin")}
	o.Local.RotateKey = a.rotateKey
	o.Erase = a.Erase
	o.Local.Backup = a.Backup
	if !offline {
		o.Local.Reload = a.localReload
		o.Gateway, o.Closing, o.Exports = panel{a}, a.desk.closing, a.desk.exports
	}
	return admin.New(o)
}

// change brings an edited state into force and stores it. edit runs with a.mu
// held.
func (p panel) change(ctx context.Context, version uint64, edit func(*registry.State) error) error {
	a := p.app
	a.mu.Lock()
	defer a.mu.Unlock()
	before, after, err := a.states.Update(version, time.Now(), edit, func(s *registry.State) error {
		if err := a.apply(ctx, *s); err != nil {
			return admin.CannotApply(err)
		}
		return nil
	})
	if err == nil {
		a.desk.undo.note(ctx, before, after)
	}
	return err
}

// locked refuses what the configuration file sets.
func (p panel) locked(pointer string, path ...string) error {
	at := config.JoinPath(path...)
	if !p.app.config().IsSet(at) {
		return nil
	}
	r, _ := p.app.config().Locate(at)
	return admin.Locked(admin.Violation{Pointer: pointer, Message: inFileMessage, Code: "locked", At: r.String()})
}

const inFileMessage = "is set in the configuration file"

// lock lists which of the named fields below a path the file sets, and where.
func (p panel) lock(names []string, path ...string) admin.Lock {
	l := admin.Lock{Locked: []string{}, LockedAt: map[string]string{}}
	for _, name := range names {
		at := config.JoinPath(append(slices.Clone(path), name)...)
		if p.app.config().IsSet(at) {
			r, _ := p.app.config().Locate(at)
			l.Locked = append(l.Locked, name)
			l.LockedAt[name] = r.String()
		}
	}
	return l
}

// enabled is the audit's picture of a toggle.
type enabled struct {
	Enabled bool `json:"enabled"`
}

func (p panel) SetEnabled(ctx context.Context, t admin.Target, version uint64, on bool) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editEnabled(s, t, on)
		return err
	})
	return c, err
}

// editEnabled is the change of a state that [panel.SetEnabled] makes.
func (p panel) editEnabled(s *registry.State, t admin.Target, on bool) (c admin.Change, err error) {
	u := p.find(t, *s)
	if u == nil {
		return c, missing(t)
	}
	if err := p.locked("/enabled", string(t.Kind), t.Name, "enabled"); err != nil {
		return c, err
	}
	c = admin.Change{Before: enabled{u.on}, After: enabled{on}}
	if t.Kind == manifest.KindModule {
		m := s.Modules[t.Name]
		m.Enabled = &on
		s.Modules[t.Name] = m
		return c, nil
	}
	v := s.Providers[t.Name]
	v.Enabled = &on
	s.Providers[t.Name] = v
	return c, nil
}

func missing(t admin.Target) error { return problem.NotFound("No such " + string(t.Kind) + "!") }

// find returns the unit of a target as a state wants it: a configured one, or
// one for a module that is only in the catalogue. It is nil when there is none.
func (p panel) find(t admin.Target, s registry.State) *unit {
	a := p.app
	for _, u := range a.wishes(s) {
		if u.name == t.Name && u.kind == t.Kind {
			return u
		}
	}
	if t.Kind == manifest.KindModule && a.module(t.Name, s) != nil {
		return a.moduleUnit(dormant(t.Name), s)
	}
	return nil
}

// dormant is the block of a module that is in the catalogue and not configured.
func dormant(id string) config.ModuleBlock {
	return config.ModuleBlock{Plugin: config.Plugin{Name: id, Plugin: id}}
}

func (p panel) SetAction(ctx context.Context, module, action string, version uint64, wish admin.ActionWish) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editAction(s, module, action, wish)
		return err
	})
	return c, err
}

// editAction is the change of a state that [panel.SetAction] makes.
func (p panel) editAction(s *registry.State, module, action string, wish admin.ActionWish) (c admin.Change, err error) {
	t := admin.Target{Kind: manifest.KindModule, Name: module}
	u := p.find(t, *s)
	if u == nil {
		return c, missing(t)
	}
	if !slices.ContainsFunc(p.actions(u), func(x admin.ActionView) bool { return x.Name == action }) {
		return c, problem.NotFound("No such action!")
	}
	m := s.Modules[module]
	before := m.Actions[action]
	after := before
	if wish.On != nil {
		if err := p.locked("/enabled", "module", module, "action", action, "enabled"); err != nil {
			return c, err
		}
		after.Enabled = wish.On
	}
	if wish.Limit != nil {
		if err := p.locked("/limit", "module", module, "action", action, "limit"); err != nil {
			return c, err
		}
		after.Limit = *wish.Limit
	}
	actions := maps.Clone(m.Actions)
	if actions == nil {
		actions = map[string]registry.ActionState{}
	}
	actions[action] = after
	m.Actions = actions
	s.Modules[module] = m
	c = admin.Change{Before: before, After: after}
	return c, nil
}

// newProvider is the audit's picture of a provider instance.
type newProvider struct {
	Plugin   string         `json:"plugin"`
	Settings map[string]any `json:"settings"`
	Hosts    []string       `json:"hosts"`
	Private  bool           `json:"private"`
	Granted  []string       `json:"granted"`
}

func (p panel) picture(s registry.ProviderState) newProvider {
	out := newProvider{Plugin: s.Plugin, Hosts: s.Hosts, Private: s.Private, Granted: s.Granted}
	if pkg, reason := p.app.inForce(s.Plugin, p.app.states.Get()); reason == "" {
		out.Settings = settings.Hide(pkg.Manifest.Settings, s.Settings)
	}
	return out
}

var providerName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_-]{0,63}$`)

func (p panel) CreateProvider(ctx context.Context, version uint64, n admin.NewProvider) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editCreate(s, n)
		return err
	})
	return c, err
}

// editCreate is the change of a state that [panel.CreateProvider] makes.
func (p panel) editCreate(s *registry.State, n admin.NewProvider) (c admin.Change, err error) {
	state, err := p.checkProvider(n, *s)
	if err != nil {
		return c, err
	}
	s.Providers[n.Name] = state
	c = admin.Change{After: p.picture(state)}
	return c, nil
}

func (p panel) checkProvider(n admin.NewProvider, s registry.State) (state registry.ProviderState, err error) {
	a := p.app
	if !providerName.MatchString(n.Name) {
		return state, admin.Reject("name", admin.Violation{Pointer: "/name", Message: "a letter, then up to 63 letters, digits, _ or -", Code: "name"})
	}
	// Views of the store, names in the log and rights share one name space.
	taken := a.module(n.Name, s) != nil
	for _, u := range a.wishes(s) {
		taken = taken || u.name == n.Name
	}
	if taken {
		return state, problem.Conflict("The name is taken!")
	}
	pkg, reason := a.inForce(n.Plugin, s)
	if reason == "" && pkg.Manifest.Kind != manifest.KindProvider {
		reason = "it is no provider plugin"
	}
	if reason != "" {
		return state, admin.Reject("plugin", admin.Violation{Pointer: "/plugin", Message: reason})
	}
	found := consentFaults(pkg.Manifest, pkg.Imports, n.Granted)
	values := settings.Merge(pkg.Manifest.Settings, nil, n.Settings)
	for _, v := range settings.CheckMerged(pkg.Manifest.Settings, nil, n.Settings, values) {
		v.Pointer = "/settings" + v.Pointer
		found = append(found, v)
	}
	if len(found) > 0 {
		return state, admin.Reject("provider", found...)
	}
	hosts := n.Hosts
	if hosts == nil {
		hosts = plugin.Hosts(pkg.Manifest)
	}
	return registry.ProviderState{Plugin: n.Plugin, Settings: values, Consent: consentTo(pkg, n.Granted, hosts, n.Private)}, nil
}

// consentFaults checks what the operator grants: nothing that the plugin does not ask
// for, and everything that its code cannot start without.
func consentFaults(m *manifest.Manifest, imports, granted []string) (found []admin.Violation) {
	for i, name := range granted {
		if !slices.ContainsFunc(m.Capabilities, func(c manifest.Capability) bool { return c.Name == name }) {
			found = append(found, admin.Violation{Pointer: fmt.Sprintf("/granted/%d", i), Message: "the plugin does not ask for it", Code: "capability.unasked"})
		}
	}
	for _, operation := range imports {
		if name := abi.Capability(operation); !slices.Contains(granted, name) {
			found = append(found, admin.Violation{Pointer: "/granted", Message: fmt.Sprintf("the plugin needs %q for %s", name, operation), Code: "capability.needed", Want: name})
		}
	}
	return found
}

func (p panel) DeleteProvider(ctx context.Context, name string, version uint64) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editDelete(s, name)
		return err
	})
	return c, err
}

// editDelete is the change of a state that [panel.DeleteProvider] makes.
func (p panel) editDelete(s *registry.State, name string) (c admin.Change, err error) {
	if err := p.locked("", "provider", name); err != nil {
		return c, err
	}
	state, ok := s.Providers[name]
	if !ok || state.Plugin == "" {
		return c, missing(admin.Target{Kind: manifest.KindProvider, Name: name})
	}
	c = admin.Change{Before: p.picture(state)}
	delete(s.Providers, name)
	return c, nil
}
