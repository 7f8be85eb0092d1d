package app

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// snapshot returns the units in force with the state that they come from.
func (p panel) snapshot() ([]*unit, registry.State) {
	// In this order: a change in between gives the older version, which a caller
	// can only fail to write with.
	state := p.app.states.Get()
	return p.app.configured(), state
}

// moduleUnits returns the configured modules and, behind them, dormant units of
// those that are only in the catalogue.
func (p panel) moduleUnits() ([]*unit, registry.State) {
	units, state := p.snapshot()
	modules := slices.DeleteFunc(slices.Clone(units), func(u *unit) bool { return u.kind != manifest.KindModule })
	for _, pkg := range p.app.plugins(state) {
		id := pkg.Manifest.ID
		if pkg.Manifest.Kind == manifest.KindModule && !slices.ContainsFunc(modules, func(u *unit) bool { return u.name == id }) {
			u := p.app.moduleUnit(dormant(id), state)
			u.fault = "" // it is off; what is missing matters once it is switched on
			modules = append(modules, u)
		}
	}
	return modules, state
}

func (p panel) Modules() admin.List[admin.ModuleView] {
	units, state := p.moduleUnits()
	out := admin.List[admin.ModuleView]{Items: make([]admin.ModuleView, 0, len(units)), Version: state.Version}
	for _, u := range units {
		out.Items = append(out.Items, admin.ModuleView{ID: u.name, Instance: p.instance(u), Actions: p.actions(u)})
	}
	return out
}

func (p panel) Providers() admin.List[admin.ProviderView] {
	units, state := p.snapshot()
	out := admin.List[admin.ProviderView]{Items: []admin.ProviderView{}, Version: state.Version}
	for _, u := range units {
		if u.kind != manifest.KindProvider {
			continue
		}
		_, inFile := p.app.config().FindProvider(u.name)
		v := admin.ProviderView{
			Name: u.name, Instance: p.instance(u), Points: []string{}, Hosts: nonNil(u.grant.hosts), Private: u.grant.private,
			Granted: nonNil(u.grant.capabilities), InFile: inFile,
		}
		if u.pkg != nil {
			for _, e := range u.pkg.Manifest.Extends {
				v.Points = append(v.Points, e.Point)
			}
			if u.grant.capabilities == nil { // the file's way to grant what is asked for
				for _, c := range u.pkg.Manifest.Capabilities {
					v.Granted = append(v.Granted, c.Name)
				}
			}
		}
		if v.Plugin == "" {
			v.Plugin = state.Providers[u.name].Plugin
		}
		out.Items = append(out.Items, v)
	}
	return out
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return slices.Clone(list)
}

func (p panel) instance(u *unit) admin.Instance {
	v := admin.Instance{On: u.on, Progress: p.app.desk.progress.of(u), Lock: p.lock([]string{"enabled", "plugin", "grant"}, string(u.kind), u.name)}
	if u.pkg != nil {
		m := u.pkg.Manifest
		v.Plugin, v.Title, v.Description, v.Vendor, v.PluginVersion, v.SHA256 = m.ID, m.Title, m.Description, m.Vendor, m.Version, u.pkg.SHA256
		v.HasSettings = m.Settings != nil
	}
	switch {
	case u.fault != "":
		v.State = admin.State{Name: string(plugin.StateFailed), Reason: u.fault}
	case u.waiting != "":
		v.State = admin.State{Name: string(plugin.StateWaiting), Reason: u.waiting}
	case u.instance == nil:
		v.State = admin.State{Name: string(plugin.StateVerified)}
	default:
		s := u.instance.Status()
		v.State = admin.State{Name: string(s.State), Reason: s.Reason, Since: s.Since.UTC()}
		if !s.Until.IsZero() {
			v.State.Until = s.Until.UTC()
		}
		v.Stats = admin.Stats{
			Tasks: s.Stats.Tasks, Failures: s.Stats.Failures, Crashes: s.Stats.Crashes, InFlight: s.Stats.InFlight, Guests: s.Stats.Guests,
			MemoryBytes: s.Stats.MemoryBytes, BusyMS: s.Stats.Busy.Milliseconds(),
		}
	}
	return v
}

// actions lists the actions of a module: those of the table in force, where an
// action that exists once per provider instance has its real names.
func (p panel) actions(u *unit) []admin.ActionView {
	out := []admin.ActionView{}
	if u.pkg == nil {
		return out
	}
	if m := p.app.registry.Table().Module(u.name); m != nil {
		for _, r := range m.Routes {
			out = append(out, p.action(u, r.Name, r.Instance, r.Action))
		}
		return out
	}
	for i := range u.pkg.Manifest.Actions {
		if a := &u.pkg.Manifest.Actions[i]; a.PerInstance == "" {
			out = append(out, p.action(u, a.Name, "", a))
		}
	}
	return out
}

func (p panel) action(u *unit, name, instance string, a *manifest.Action) admin.ActionView {
	wish, decided := u.actions[name]
	v := admin.ActionView{
		Name: name, Title: a.Title, Summary: a.Summary, Methods: slices.Clone(a.Methods), Provider: instance, On: !decided || wish.on,
		DefaultLimit: a.Rate, Lock: p.lock([]string{"enabled", "limit"}, "module", u.name, "action", name),
	}
	if v.DefaultLimit == "" {
		v.DefaultLimit = rateText(p.app.config().Limits.Action)
	}
	if wish.rate != nil {
		v.Limit = rateText(*wish.rate)
	}
	return v
}

// rateText writes a rate as the configuration file has it.
func rateText(r config.Rate) string {
	if r.IsZero() {
		return "off"
	}
	text := strconv.Itoa(r.Count) + "/" + map[time.Duration]string{time.Second: "s", time.Minute: "m", time.Hour: "h"}[r.Per]
	if r.Burst != r.Count {
		text += " burst " + strconv.Itoa(r.Burst)
	}
	return text
}

func (p panel) Nodes() []admin.Node {
	out := []admin.Node{}
	if p.app.link == nil {
		return out
	}
	for _, h := range p.app.link.Health() {
		n := admin.Node{
			Name: h.Name, Address: h.Address, State: string(h.State), Since: h.Since.UTC(), CoreUUID: h.CoreUUID, Sessions: h.Sessions, Waiting: h.Waiting, InFile: p.nodeInFile(h.Name),
		}
		if h.Reason != nil {
			n.Reason, n.Code = h.Reason.Error(), nodeCode(h.Reason)
		}
		if !h.LastHeartbeat.IsZero() {
			n.LastHeartbeat = h.LastHeartbeat.UTC()
		}
		out = append(out, n)
	}
	return out
}

func (p panel) Rights() []admin.ModuleRights {
	units, _ := p.moduleUnits()
	slices.SortStableFunc(units, func(x, y *unit) int { return strings.Compare(x.name, y.name) })
	out := []admin.ModuleRights{}
	for _, u := range units {
		if u.pkg == nil {
			continue
		}
		m := admin.ModuleRights{Module: u.name, Title: u.pkg.Manifest.Title, Right: u.name + ".*", Actions: []admin.Right{}}
		for _, x := range p.actions(u) {
			m.Actions = append(m.Actions, admin.Right{Right: u.name + "." + x.Name, Name: x.Name, Title: x.Title})
		}
		out = append(out, m)
	}
	return out
}
