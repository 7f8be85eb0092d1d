package app

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// unit is one configured plugin instance, a module or a provider: what the file
// and the panel together want, and the instance that runs it.
type unit struct {
	name    string
	kind    manifest.Kind
	pkg     *plugin.Package // nil when fault says why
	on      bool
	actions map[string]actionWish

	settings abi.Value
	grant    grant
	print    string // fingerprint of everything that a guest depends on

	consent registry.Consent // what was decided in the panel
	pinned  string           // where gateway.hcl names the version, "" when it does not

	fault    string // why it cannot run: no such plugin, settings that do not fit
	waiting  string // what somebody must consent to before it runs
	instance *plugin.Instance
}

// actionWish is what was decided about an action.
type actionWish struct {
	on   bool
	rate *config.Rate // nil: the manifest's, or the gateway's
}

// wishes merges gateway.hcl and the stored state into the units that should
// exist, in the order of the file. What the file sets wins.
func (a *App) wishes(state registry.State) []*unit {
	var units []*unit
	for _, m := range a.target().Modules {
		units = append(units, a.moduleUnit(m, state))
	}
	for _, name := range slices.Sorted(maps.Keys(state.Modules)) {
		s := state.Modules[name]
		if _, inFile := a.target().FindModule(name); !inFile && s.Enabled != nil {
			units = append(units, a.moduleUnit(config.ModuleBlock{Plugin: config.Plugin{Name: name, Plugin: name, Enabled: *s.Enabled}}, state))
		}
	}
	for _, p := range a.target().Providers {
		units = append(units, a.providerUnit(p, state))
	}
	for _, name := range slices.Sorted(maps.Keys(state.Providers)) {
		s := state.Providers[name]
		if _, inFile := a.target().FindProvider(name); !inFile && s.Plugin != "" {
			units = append(units, a.providerUnit(config.ProviderBlock{Plugin: config.Plugin{Name: name, Plugin: s.Plugin, Enabled: true}}, state))
		}
	}
	distinguish(units)
	return units
}

// distinguish faults a provider with the name of a module: views of the store and
// names in the log share one name space, so it would read the module's data.
func distinguish(units []*unit) {
	modules := map[string]bool{}
	for _, u := range units {
		if u.kind == manifest.KindModule {
			modules[u.name] = true
		} else if modules[u.name] {
			u.fault = fmt.Sprintf("a module is called %q too; choose another name", u.name)
		}
	}
}

func (a *App) moduleUnit(block config.ModuleBlock, all registry.State) *unit {
	state := all.Modules[block.Name]
	u := a.newUnit(block.Plugin, manifest.KindModule, all, state.Enabled, state.Settings)
	u.decide(block.Grant, state.Consent, false)
	u.actions = map[string]actionWish{}
	for name, s := range state.Actions {
		w := actionWish{on: s.Enabled == nil || *s.Enabled}
		if rate, err := config.ParseRate(s.Limit); err == nil {
			w.rate = &rate
		}
		u.actions[name] = w
	}
	for _, action := range block.Actions {
		w, decided := u.actions[action.Name]
		if !decided {
			w.on = true
		}
		if a.target().IsSet(config.JoinPath("module", block.Name, "action", action.Name, "enabled")) {
			w.on = action.Enabled
		}
		if action.Limit != nil {
			w.rate = action.Limit
		}
		u.actions[action.Name] = w
	}
	u.finish()
	return u
}

func (a *App) providerUnit(block config.ProviderBlock, all registry.State) *unit {
	state := all.Providers[block.Name]
	u := a.newUnit(block.Plugin, manifest.KindProvider, all, state.Enabled, state.Settings)
	u.decide(block.Grant, state.Consent, state.Plugin != "")
	u.finish()
	return u
}

// newUnit decides on/off and the settings, which both kinds have in common.
func (a *App) newUnit(block config.Plugin, kind manifest.Kind, state registry.State, enabled *bool, settings map[string]any) *unit {
	word := string(kind)
	u := &unit{name: block.Name, kind: kind, on: block.Enabled}
	if enabled != nil && !a.target().IsSet(config.JoinPath(word, block.Name, "enabled")) {
		u.on = *enabled
	}
	if block.SHA256 != "" {
		r, _ := a.target().Locate(config.JoinPath(word, block.Name, "sha256"))
		u.pinned = r.String()
	}
	if u.pkg, u.fault = a.version(block, state); u.fault != "" {
		return u
	}
	switch {
	case u.pkg.Manifest.Kind != kind:
		u.fault = fmt.Sprintf("plugin %q is a %s, not a %s", block.Plugin, u.pkg.Manifest.Kind, kind)
		return u
	}
	merged := maps.Clone(settings)
	if merged == nil {
		merged = map[string]any{}
	}
	maps.Copy(merged, block.Settings)
	for name, secret := range block.Secrets {
		merged[name] = secret.Reveal()
	}
	value, err := settingsValue(u.pkg.Manifest.Settings, merged)
	if err != nil {
		u.fault = "settings: " + err.Error() + a.place(word, block.Name, err)
		return u
	}
	u.settings = value
	return u
}

// place says where in gateway.hcl a setting at fault stands.
func (a *App) place(word, name string, err error) string {
	elements := []string{word, name, "settings"}
	var v *schema.Violation
	if errors.As(err, &v) && v.Field() != "" {
		elements = append(elements, v.Field())
	}
	if r, ok := a.target().Locate(config.JoinPath(elements...)); ok {
		return " (" + r.String() + ")"
	}
	return ""
}

// settingsValue checks settings against the plugin's schema and fills in the
// defaults.
func settingsValue(s *schema.Schema, settings map[string]any) (abi.Value, error) {
	raw, err := transcode.FromAny(nil, settings)
	if err != nil {
		return nil, err
	}
	if s == nil {
		if len(settings) > 0 {
			return nil, errors.New("this plugin has no settings")
		}
		return raw, nil
	}
	value := s.WithDefaults(raw)
	if err := s.Validate(value); err != nil {
		return nil, err
	}
	return value, nil
}

// finish computes the fingerprint.
func (u *unit) finish() {
	if u.pkg == nil {
		return
	}
	h := sha256.New()
	for _, part := range []string{u.pkg.SHA256, string(u.settings), u.grant.print()} {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	u.print = hex.EncodeToString(h.Sum(nil))
}

// limits of an instance: what the manifest asks for, with the engine's defaults.
func limits(m *manifest.Manifest) wasm.Limits {
	l := m.Limits
	if m.Concurrency == manifest.ConcurrencyExclusive {
		l.MaxTasks = 1
	}
	return wasm.Limits{
		CPU: l.CPU, Timeout: time.Duration(l.TimeoutMS) * time.Millisecond, MaxTasks: l.MaxTasks, Guests: l.Guests,
	}
}
