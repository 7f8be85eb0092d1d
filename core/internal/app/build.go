package app

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/logging"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// drain is how long requests in flight may run on after their instance was
// superseded, at least: see [App.drainTime].
const drain = time.Minute

// linger is how long a superseded instance still takes requests: those that found
// their route in the old table and have not come to the instance yet.
const linger = 2 * time.Second

// boot builds the first table and starts the instances in the background, the
// ones of modules first: each serves as soon as it is warm, until then its
// requests get 503.
func (a *App) boot(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	units := a.wishes(a.states.Get())
	for _, u := range units {
		if err := a.attach(u, nil); err != nil {
			u.fault = err.Error()
		}
	}
	table, err := a.table(units)
	if err != nil {
		return err
	}
	a.units.Store(&units)
	a.registry.Swap(table)
	for _, u := range units {
		if u.fault != "" {
			a.log.Error("a configured plugin cannot run", "name", u.name, "reason", u.fault)
		}
		if u.waiting != "" {
			a.log.Warn("a configured plugin waits for consent", "name", u.name, "reason", u.waiting)
		}
	}
	a.background.Go(func() { a.startAll(ctx, units) })
	return nil
}

// startAll starts instances two at a time: compiling uses all processors anyway.
func (a *App) startAll(ctx context.Context, units []*unit) {
	began := time.Now()
	slots := make(chan struct{}, 2)
	var wg sync.WaitGroup
	for _, u := range units {
		if u.instance == nil || !u.on {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			a.keepFiles(u.pkg) // its file may be replaced at any time
			if err := u.instance.Start(ctx); err != nil {
				logging.WithPlugin(a.log, u.name).Error("a plugin does not start", "id", u.pkg.Manifest.ID, "error", err)
				return
			}
			logging.WithPlugin(a.log, u.name).Info("plugin is warm", "id", u.pkg.Manifest.ID, "version", u.pkg.Manifest.Version, "after", time.Since(began).Round(time.Millisecond))
		})
	}
	wg.Wait()
	// Compiling leaves garbage that is many times what a gateway needs from now on.
	debug.FreeOSMemory()
	forgetStartPages()
}

// apply brings a new state into force: instances whose plugin, settings and
// grants did not change go on, the others are started beside the old ones before
// anything is switched over. On an error nothing has changed.
func (a *App) apply(ctx context.Context, state registry.State) error {
	units := a.wishes(state)
	defer a.desk.progress.end()
	var started []*unit
	undo := func(cause error) error {
		for _, u := range started {
			cause = errors.Join(cause, u.instance.Supersede(ctx))
		}
		return cause
	}
	for _, u := range units {
		old := a.find(u.name, u.kind)
		if u.fault != "" {
			if old != nil && old.fault == u.fault {
				continue // was broken before: not this change's doing
			}
			return undo(fmt.Errorf("%s: %s", u.name, u.fault))
		}
		if u.waiting != "" {
			continue
		}
		if err := a.attach(u, old); err != nil {
			return undo(fmt.Errorf("%s: %w", u.name, err))
		}
		kept := old != nil && old.instance == u.instance
		if !kept {
			started = append(started, u)
		}
		if u.on && (!kept || u.instance.Status().State == plugin.StateVerified) {
			a.desk.progress.begin(u)
			a.keepFiles(u.pkg)
			if err := u.instance.Start(ctx); err != nil && !kept {
				return undo(fmt.Errorf("%s: %w", u.name, err))
			}
			if err := a.healthy(ctx, u, old); err != nil {
				return undo(fmt.Errorf("%s: %w", u.name, err))
			}
		}
	}
	table, err := a.table(units)
	if err != nil {
		return undo(err)
	}
	rules, err := a.guardRules(state)
	if err != nil {
		return undo(err)
	}
	if err := a.setNodes(state); err != nil {
		return undo(err)
	}
	a.adoptGuards(rules)
	previous, patience := a.configured(), a.drainTime()
	a.units.Store(&units)
	a.registry.Swap(table)
	for _, old := range previous {
		if old.instance == nil || slices.ContainsFunc(units, func(u *unit) bool { return u.instance == old.instance }) {
			continue
		}
		a.background.Go(func() {
			select {
			case <-time.After(linger):
			case <-a.stopping:
			}
			ctx, stop := context.WithTimeout(context.Background(), patience)
			defer stop()
			if err := old.instance.Supersede(ctx); err != nil {
				a.log.Warn("a superseded plugin instance did not drain", "name", old.name, "error", err)
			}
		})
	}
	return nil
}

// drainTime is how long the slowest request of the table in force may take.
func (a *App) drainTime() time.Duration {
	longest := max(drain, a.config().Gateway.RequestTimeout)
	for _, m := range a.registry.Table().Modules {
		for _, r := range m.Routes {
			longest = max(longest, r.Timeout)
		}
	}
	return longest
}

// healthTime bounds one question after the health of an instance.
const healthTime = 10 * time.Second

// healthy asks a new version how it is before it gets requests. What the old one
// complains about, too, is not the new one's doing.
func (a *App) healthy(ctx context.Context, u, old *unit) error {
	if old == nil || old.pkg == nil || old.pkg.SHA256 == u.pkg.SHA256 {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, 2*healthTime)
	defer stop()
	own, end := context.WithTimeout(ctx, healthTime)
	err := u.instance.Health(own)
	end()
	if err == nil {
		return nil
	}
	if old.instance != nil && old.pkg.Manifest.Health {
		if before := old.instance.Health(ctx); before != nil {
			a.log.Warn("a new version is not healthy, and neither is the old one", "name", u.name, "reason", err, "before", before)
			return nil
		}
	}
	return err
}

func (a *App) find(name string, kind manifest.Kind) *unit {
	for _, u := range a.configured() {
		if u.name == name && u.kind == kind {
			return u
		}
	}
	return nil
}

// attach gives a unit its instance: the old one when nothing that a guest
// depends on has changed.
func (a *App) attach(u, old *unit) error {
	if u.fault != "" || u.waiting != "" {
		return nil
	}
	if old != nil && old.instance != nil && old.print == u.print {
		u.instance = old.instance
		return nil
	}
	log := logging.WithPlugin(a.log, u.name)
	granted, err := a.operations(u, log)
	if err != nil {
		return err
	}
	u.instance = a.host.NewInstance(plugin.Spec{
		Name: u.name, Package: u.pkg, Settings: u.settings, Granted: granted, Limits: limits(u.pkg.Manifest), Log: log, Trace: a.tracer(),
	})
	return nil
}

// table builds the routes. A provider instance whose name is also an action of
// the module that lists it is an error of the configuration.
func (a *App) table(units []*unit) (*registry.Table, error) {
	var providers []*registry.Provider
	for _, u := range units {
		if u.kind == manifest.KindProvider && u.instance != nil {
			instance := u.instance
			providers = append(providers, &registry.Provider{
				Name: u.name, Manifest: u.pkg.Manifest, On: u.on, Runner: instance,
				Ready: func() bool { return instance.Status().State == plugin.StateWarm },
			})
		}
	}
	var modules []*registry.Module
	for _, u := range units {
		if u.kind != manifest.KindModule || u.instance == nil {
			continue
		}
		m := &registry.Module{ID: u.name, Manifest: u.pkg.Manifest, On: u.on, Runner: u.instance}
		for i := range u.pkg.Manifest.Actions {
			routes, err := a.routes(u, &u.pkg.Manifest.Actions[i], providers)
			if err != nil {
				return nil, err
			}
			m.Routes = append(m.Routes, routes...)
		}
		modules = append(modules, m)
	}
	return registry.NewTable(modules, providers), nil
}

// routes returns the routes of one action: one, or one for each provider
// instance.
func (a *App) routes(u *unit, action *manifest.Action, providers []*registry.Provider) ([]*registry.Route, error) {
	checker, err := params.Compile(action, params.Options{Region: a.target().Gateway.Region})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u.name, err)
	}
	route := func(name, instance string) *registry.Route {
		r := &registry.Route{
			Module: u.name, Name: name, Key: u.name + "." + name, Action: action, Instance: instance, Checker: checker,
			Personal: personal(action), Timeout: time.Duration(action.TimeoutMS) * time.Millisecond, Runner: u.instance,
			Rate: a.rate(u, name, action),
		}
		if wish, decided := u.actions[name]; !u.on {
			r.Off = "module is switched off"
		} else if decided && !wish.on {
			r.Off = "action is switched off"
		}
		return r
	}
	if action.PerInstance == "" {
		return []*registry.Route{route(action.Name, "")}, nil
	}
	var routes []*registry.Route
	for _, p := range providers {
		if !p.Serves(action.PerInstance, "") {
			continue
		}
		if u.pkg.Manifest.Action(p.Name) != nil {
			return nil, fmt.Errorf("provider %q has the name of an action of module %q; choose another name", p.Name, u.name)
		}
		r := route(p.Name, p.Name)
		if !p.On && r.Off == "" {
			r.Off = "provider is switched off"
		}
		routes = append(routes, r)
	}
	return routes, nil
}

// rate of an action for one user: the operator's, the manifest's, the gateway's.
func (a *App) rate(u *unit, name string, action *manifest.Action) auth.Rate {
	if wish, ok := u.actions[name]; ok && wish.rate != nil {
		return authRate(*wish.rate)
	}
	if count, per, err := manifest.ParseRate(action.Rate); action.Rate != "" && err == nil {
		return authRate(config.Rate{Count: count, Per: per, Burst: count})
	}
	return authRate(a.target().Limits.Action)
}

func authRate(r config.Rate) auth.Rate {
	if r.IsZero() {
		return auth.Rate{}
	}
	return auth.Rate{PerSecond: float64(r.Count) / r.Per.Seconds(), Burst: r.Burst}
}

// personal lists the parameters that the journal does not keep as they are.
func personal(action *manifest.Action) map[string]registry.Personal {
	if action.Params == nil {
		return nil
	}
	out := map[string]registry.Personal{}
	for _, p := range action.Params.Properties() {
		switch {
		case p.Schema.Secret:
			out[p.Name] = registry.PersonalSecret
		case p.Schema.Personal == schema.PersonalPhone:
			out[p.Name] = registry.PersonalPhone
		case p.Schema.Personal == schema.PersonalText:
			out[p.Name] = registry.PersonalText
		case holdsPersonal(p.Schema):
			// A list or an object is left out as a whole: nothing masks parts of it.
			out[p.Name] = registry.PersonalSecret
		}
	}
	return out
}

// holdsPersonal reports whether something inside s concerns a person or a secret.
func holdsPersonal(s *schema.Schema) bool {
	if s == nil {
		return false
	}
	inside := append([]*schema.Schema{s.Items, s.Additional}, s.OneOf...)
	for _, p := range s.Properties() {
		inside = append(inside, p.Schema)
	}
	return slices.ContainsFunc(inside, func(i *schema.Schema) bool {
		return i != nil && (i.Secret || i.Personal != "" || holdsPersonal(i))
	})
}

// waiting names the units that are on and cannot serve, for /readyz.
func (a *App) waiting() []string {
	var out []string
	if err := a.store.Full(); err != nil {
		out = append(out, err.Error())
	}
	for _, u := range a.configured() {
		switch {
		case !u.on, u.waiting != "": // somebody has to decide, nothing is broken
		case u.fault != "":
			out = append(out, u.name+": "+u.fault)
		default:
			if s := u.instance.Status(); s.State != plugin.StateWarm {
				out = append(out, fmt.Sprintf("%s: %s", u.name, s.State))
			}
		}
	}
	return out
}
