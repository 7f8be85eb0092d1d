package app

import (
	"path/filepath"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

var errNoPlugin = problem.NotFound("No such plugin!")

func (p panel) Plugins() admin.Plugins {
	units, state := p.snapshot()
	out := admin.Plugins{Plugins: []admin.Plugin{}, Faults: []string{}, Version: state.Version}
	for _, fault := range p.app.library.Catalogue().Faults {
		out.Faults = append(out.Faults, fault.Error())
	}
	for _, id := range p.app.pluginIDs() {
		if v, ok := p.plugin(id, units, state); ok {
			out.Plugins = append(out.Plugins, v)
		}
	}
	return out
}

// plugin shows one plugin by its version in force, or by the newest one.
func (p panel) plugin(id string, units []*unit, state registry.State) (admin.Plugin, bool) {
	versions := p.versions(id)
	if len(versions) == 0 {
		return admin.Plugin{}, false
	}
	pkg, refused := p.app.inForce(id, state)
	if pkg == nil {
		pkg = versions[0]
	}
	m, st := pkg.Manifest, state.Plugins[id]
	v := admin.Plugin{
		ID: m.ID, Kind: m.Kind, Version: m.Version, Vendor: m.Vendor, License: m.License, Homepage: m.Homepage, Title: m.Title,
		Description: m.Description, Notes: m.Notes, SHA256: pkg.SHA256, File: filepath.Base(pkg.Path), Bytes: pkg.Size, Imports: nonNil(pkg.Imports),
		Capabilities: append([]manifest.Capability{}, m.Capabilities...), Extends: m.Extends, Settings: m.Settings, UsedBy: []string{},
		Trust: trustView(pkg), Refused: refused, Versions: len(versions), Follow: st.SHA256 == "" || st.Follow,
	}
	for _, point := range m.Provides {
		v.Points = append(v.Points, point.Name)
	}
	for _, u := range units {
		if u.pkg != nil && u.pkg.Manifest.ID == id {
			v.UsedBy = append(v.UsedBy, u.name)
		}
	}
	if w := st.Waiting; w != nil {
		v.Waiting = &admin.Waiting{SHA256: w.SHA256, Since: w.Since, By: w.By, Lacks: []string{}}
		if next := p.app.file(p.app.library.Catalogue(), id, w.SHA256); next != nil {
			v.Waiting.Version, v.Waiting.Lacks = next.Manifest.Version, append(v.Waiting.Lacks, lacking(units, next)...)
		}
	}
	if t := st.Trial; t != nil {
		crashes, _ := p.app.crashes.since(id, st.SHA256, t.Since)
		v.Trial = &admin.Trial{
			SHA256: st.SHA256, Previous: t.Previous, Since: t.Since, Until: t.Until, By: t.By, Crashes: crashes, Limit: p.app.config().Upgrade.Crashes,
		}
	}
	return v, true
}

// versions returns the files of a plugin, newest first, also one that was removed
// while it is in use.
func (p panel) versions(id string) []*plugin.Package {
	out := p.app.library.Catalogue().Versions(id)
	for _, u := range p.app.configured() {
		if u.instance != nil && u.pkg.Manifest.ID == id && !slices.ContainsFunc(out, func(v *plugin.Package) bool { return v.SHA256 == u.pkg.SHA256 }) {
			gone := u.pkg.Removed()
			out = append(out, &gone)
		}
	}
	return out
}

func trustView(p *plugin.Package) admin.Trust {
	return admin.Trust{State: p.Trust.State, KeyID: p.Trust.KeyID, Comment: p.Trust.Comment, Reason: p.Trust.Reason}
}

func (p panel) Plugin(id string) (admin.PluginDetail, error) {
	units, state := p.snapshot()
	v, ok := p.plugin(id, units, state)
	if !ok {
		return admin.PluginDetail{}, errNoPlugin
	}
	out := admin.PluginDetail{Plugin: v, Files: []admin.Version{}, Crashes: []admin.Crash{}, State: state.Version}
	for _, pkg := range p.versions(id) {
		out.Files = append(out.Files, p.version(pkg, v, state))
	}
	for _, c := range p.app.crashes.of(id) {
		out.Crashes = append(out.Crashes, admin.Crash(c))
	}
	return out, nil
}

// version shows one file.
func (p panel) version(pkg *plugin.Package, of admin.Plugin, state registry.State) admin.Version {
	st := state.Plugins[pkg.Manifest.ID]
	v := admin.Version{
		Version: pkg.Manifest.Version, SHA256: pkg.SHA256, Bytes: pkg.Size, File: filepath.Base(pkg.Path), Added: pkg.Added.UTC(), By: pkg.By,
		Origin: pkg.Origin, InFolder: pkg.InFolder(), Kept: pkg.Kept(), Trust: trustView(pkg), Asks: pkg.Asks(),
		UsedBy: p.app.usersOf(pkg.Manifest.ID, pkg.SHA256), State: admin.VersionAvailable,
	}
	rejection, rejected := st.Rejected[pkg.SHA256]
	present, _ := p.app.inForce(pkg.Manifest.ID, state)
	switch {
	case pkg.Refused != "":
		v.State, v.Reason = admin.VersionRefused, pkg.Refused
	case present != nil && present.SHA256 == pkg.SHA256 && st.Trial != nil:
		v.State = admin.VersionOnTrial
	case present != nil && present.SHA256 == pkg.SHA256:
		v.State = admin.VersionInForce
	case of.Waiting != nil && of.Waiting.SHA256 == pkg.SHA256:
		v.State = admin.VersionWaiting
	case rejected:
		v.State, v.Reason = admin.VersionRejected, rejection.Reason
	case len(v.UsedBy) > 0:
		v.State = admin.VersionPinned
	}
	return v
}

func (p panel) Difference(id, from, to string) (admin.Difference, error) {
	units, state := p.snapshot()
	if len(p.versions(id)) == 0 {
		return admin.Difference{}, errNoPlugin
	}
	next, err := p.named(id, to, "to")
	if err != nil {
		return admin.Difference{}, err
	}
	before, _ := p.app.inForce(id, state)
	if from != "" {
		if before, err = p.named(id, from, "from"); err != nil {
			return admin.Difference{}, err
		}
	}
	out := admin.Difference{To: next.SHA256, Asks: []plugin.Ask{}, Lacks: append([]string{}, lacking(units, next)...)}
	empty := &manifest.Manifest{}
	old := empty
	if before != nil {
		old, out.From = before.Manifest, before.SHA256
	}
	d := plugin.Compare(old, next.Manifest)
	out.Capabilities, out.Operations, out.Hosts, out.Settings = d.Capabilities, d.Operations, d.Hosts, d.Settings
	out.Required, out.Actions, out.Points = d.Required, d.Actions, d.Points
	for _, ask := range next.Asks() {
		ask.Operations = slices.DeleteFunc(ask.Operations, func(o plugin.AskOperation) bool { return !slices.Contains(d.Operations.Added, o.Name) })
		ask.Hosts = slices.DeleteFunc(ask.Hosts, func(h string) bool { return !slices.Contains(d.Hosts.Added, h) })
		if len(ask.Operations)+len(ask.Hosts) > 0 {
			out.Asks = append(out.Asks, ask)
		}
	}
	return out, nil
}

// named returns the version of a request; field is where the request names it.
func (p panel) named(id, sum, field string) (*plugin.Package, error) {
	if pkg := p.app.file(p.app.library.Catalogue(), id, sum); pkg != nil {
		return pkg, nil
	}
	return nil, admin.Reject(field, admin.Violation{Pointer: "/" + field, Message: "there is no such version"})
}
