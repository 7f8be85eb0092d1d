package app

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// block returns what the configuration file says about a target; it is empty
// when the file says nothing.
func (p panel) block(t admin.Target) config.Plugin {
	if t.Kind == manifest.KindModule {
		m, _ := p.app.config().FindModule(t.Name)
		return m.Plugin
	}
	v, _ := p.app.config().FindProvider(t.Name)
	return v.Plugin
}

// hide hides what the schema calls a secret, and what the file does.
func (p panel) hide(t admin.Target, form *schema.Schema, values map[string]any) map[string]any {
	out := settings.Hide(form, values)
	for name := range p.block(t).Secrets {
		if _, ok := out[name]; ok {
			out[name] = settings.Hidden()
		}
	}
	return out
}

// fromFile returns the settings that the configuration file gives a target,
// secrets among them.
func (p panel) fromFile(t admin.Target) map[string]any {
	block := p.block(t)
	out := make(map[string]any, len(block.Settings)+len(block.Secrets))
	maps.Copy(out, block.Settings)
	for name, secret := range block.Secrets {
		out[name] = secret.Reveal()
	}
	return out
}

// stored returns what the panel decided.
func stored(t admin.Target, s registry.State) map[string]any {
	if t.Kind == manifest.KindModule {
		return s.Modules[t.Name].Settings
	}
	return s.Providers[t.Name].Settings
}

func setStored(t admin.Target, s *registry.State, values map[string]any) {
	if t.Kind == manifest.KindModule {
		m := s.Modules[t.Name]
		m.Settings = values
		s.Modules[t.Name] = m
		return
	}
	v := s.Providers[t.Name]
	v.Settings = values
	s.Providers[t.Name] = v
}

// over returns the values with those of the file over them.
func over(values, file map[string]any) map[string]any {
	out := make(map[string]any, len(values)+len(file))
	maps.Copy(out, values)
	maps.Copy(out, file)
	return out
}

func (u *unit) schema() *schema.Schema {
	if u.pkg == nil {
		return nil
	}
	return u.pkg.Manifest.Settings
}

func (p panel) Settings(t admin.Target) (admin.Settings, error) {
	state := p.app.states.Get()
	u := p.find(t, state)
	if u == nil {
		return admin.Settings{}, missing(t)
	}
	file := p.fromFile(t)
	out := admin.Settings{
		Schema: u.schema(), Version: state.Version,
		Values: p.hide(t, u.schema(), over(stored(t, state), file)),
		Lock:   admin.Lock{Locked: []string{}, LockedAt: map[string]string{}},
	}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		out.Locked = append(out.Locked, name)
		out.LockedAt[name] = p.settingAt(t, name)
	}
	return out, nil
}

// settingAt is where the file sets a setting.
func (p panel) settingAt(t admin.Target, name string) string {
	for _, block := range []string{"settings", "secrets"} {
		if path := config.JoinPath(string(t.Kind), t.Name, block, name); p.app.config().IsSet(path) {
			r, _ := p.app.config().Locate(path)
			return r.String()
		}
	}
	r, _ := p.app.config().Locate(config.JoinPath(string(t.Kind), t.Name))
	return r.String()
}

// settingsPicture is the audit's picture of settings.
type settingsPicture struct {
	Values map[string]any `json:"values"`
	// Replaced names the settings whose secrets have a new value.
	Replaced []string `json:"replaced_secrets,omitempty"`
}

func (p panel) SetSettings(ctx context.Context, t admin.Target, version uint64, given map[string]any) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editSettings(s, t, given)
		return err
	})
	return c, err
}

// editSettings is the change of a state that [panel.SetSettings] makes.
func (p panel) editSettings(s *registry.State, t admin.Target, given map[string]any) (c admin.Change, err error) {
	u := p.find(t, *s)
	switch {
	case u == nil:
		return c, missing(t)
	case u.pkg == nil:
		return c, problem.Conflict("The plugin file is missing!")
	}
	file, form := p.fromFile(t), u.schema()
	before := over(stored(t, *s), file)
	if err := p.untouched(t, form, file, given); err != nil {
		return c, err
	}
	after := settings.Merge(form, before, over(given, file))
	maps.Copy(after, file)
	if found := p.check(t, settings.CheckMerged(form, before, over(given, file), after)); len(found) > 0 {
		return c, admin.Reject("settings", found...)
	}
	own := maps.Clone(after)
	maps.DeleteFunc(own, func(name string, _ any) bool { _, locked := file[name]; return locked })
	setStored(t, s, own)
	c = admin.Change{
		Before: settingsPicture{Values: p.hide(t, form, before)},
		After:  settingsPicture{Values: p.hide(t, form, after), Replaced: settings.Replaced(form, before, after)},
	}
	return c, nil
}

// untouched refuses other values for what the file sets. The same value, or the
// picture of a secret, may come back: a form sends everything that it was shown.
func (p panel) untouched(t admin.Target, form *schema.Schema, file, given map[string]any) error {
	shown := p.hide(t, form, file)
	var found []admin.Violation
	for _, name := range slices.Sorted(maps.Keys(file)) {
		v, sent := given[name]
		if sent && !settings.Equal(v, file[name]) && !settings.Equal(v, shown[name]) {
			found = append(found, admin.Violation{
				Pointer: "/values/" + name, Message: inFileMessage, Code: "locked", At: p.settingAt(t, name),
			})
		}
	}
	if len(found) > 0 {
		return admin.Locked(found...)
	}
	return nil
}

// check puts mistakes where they belong: those in what the file sets are located there.
func (p panel) check(t admin.Target, found []admin.Violation) []admin.Violation {
	file := p.fromFile(t)
	for i := range found {
		name, _, _ := strings.Cut(strings.TrimPrefix(found[i].Pointer, "/"), "/")
		if _, ok := file[name]; ok {
			found[i].At = p.settingAt(t, name)
		}
		found[i].Pointer = "/values" + found[i].Pointer
	}
	return found
}
