package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

func guardKind(name string) (guard.Kind, error) {
	k := guard.Kind(name)
	if !k.Valid() {
		return k, problem.NotFound("No such guard!")
	}
	return k, nil
}

func (p panel) GuardSettings(kind string) (admin.Settings, error) {
	k, err := guardKind(kind)
	if err != nil {
		return admin.Settings{}, err
	}
	form, err := guard.Schema(k)
	if err != nil {
		return admin.Settings{}, err
	}
	state := p.app.states.Get()
	_, values := guardValues(p.app.config(), k, state)
	for name, list := range listDefaults(form) {
		if _, decided := values[name]; !decided {
			values[name] = list
		}
	}
	values = settings.Hide(form, values)
	return admin.Settings{Schema: form, Values: values, Version: state.Version, Lock: p.lock(guardKeys(k), "guard", kind)}, nil
}

func (p panel) SetGuardSettings(ctx context.Context, kind string, version uint64, given map[string]any) (c admin.Change, err error) {
	k, err := guardKind(kind)
	if err != nil {
		return c, err
	}
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editGuard(s, k, given)
		return err
	})
	return c, err
}

// editGuard is the change of a state that [panel.SetGuardSettings] makes. A form
// sends everything that it was shown, so what the file sets may come back unchanged.
func (p panel) editGuard(s *registry.State, k guard.Kind, given map[string]any) (c admin.Change, err error) {
	form, err := guard.Schema(k)
	if err != nil {
		return c, err
	}
	file, before := guardValues(p.app.config(), k, *s)
	hidden := settings.Hide(form, file)
	var found []admin.Violation
	for _, name := range slices.Sorted(maps.Keys(file)) {
		if v, sent := given[name]; sent && !settings.Equal(v, file[name]) && !settings.Equal(v, hidden[name]) {
			at, _ := p.app.config().Locate(config.JoinPath("guard", string(k), name))
			found = append(found, admin.Violation{Pointer: "/values/" + name, Message: inFileMessage, Code: "locked", At: at.String()})
		}
	}
	if len(found) > 0 {
		return c, admin.Locked(found...)
	}
	own, shown := settings.Merge(form, before, over(given, file)), listDefaults(form)
	for _, v := range settings.CheckMerged(form, before, over(given, file), own) {
		if v.Code == settings.CodeLost {
			v.Pointer = "/values" + v.Pointer
			found = append(found, v)
		}
	}
	maps.DeleteFunc(own, func(name string, v any) bool {
		_, locked := file[name]
		list, usual := shown[name]
		return locked || usual && settings.Equal(v, list)
	})
	after := over(own, file)
	_, faults, err := compileGuard(p.app.config(), k, after)
	if err != nil {
		return c, err
	}
	for _, f := range faults {
		found = append(found, admin.Violation{Pointer: "/values" + f.pointer, Message: f.message, Code: f.code, Want: f.want, At: f.at})
	}
	if len(found) > 0 {
		return c, admin.Reject("settings", found...)
	}
	s.Guards[string(k)] = registry.GuardState{Settings: own}
	return admin.Change{
		Before: settingsPicture{Values: settings.Hide(form, before)},
		After:  settingsPicture{Values: settings.Hide(form, after), Replaced: settings.Replaced(form, before, after)},
	}, nil
}

// listDefaults are the lists that hold something although nobody has decided. A form
// shows the default of a list nowhere else, and an empty list of what is denied would
// be a lie.
func listDefaults(form *schema.Schema) map[string]any {
	out := map[string]any{}
	for _, p := range form.Properties() {
		if p.Schema.Type != schema.Array || abi.Value(p.Schema.Default).Len() == 0 {
			continue
		}
		list := []any{}
		for e := range abi.Value(p.Schema.Default).Elements() {
			list = append(list, e.String())
		}
		out[p.Name] = list
	}
	return out
}

// topUsage is how many accounts of each scope the panel shows.
const topUsage = 10

func (p panel) GuardFigures() admin.GuardFigures {
	g := p.app.guard
	out := admin.GuardFigures{Guards: []admin.GuardView{}, Alarms: []admin.GuardAlarm{}}
	refusals := g.Refusals()
	for _, k := range guard.Kinds() {
		v := admin.GuardView{Kind: string(k), Refusals: []admin.GuardRefusals{}, Top: []admin.GuardUsage{}}
		if r := g.Rules(k); r != nil {
			v.Mode, v.Currency = string(r.Mode()), r.Currency()
		}
		if k == guard.Call {
			v.Live = g.Live()
		}
		for _, r := range refusals {
			if r.Kind == k {
				v.Refusals = append(v.Refusals, admin.GuardRefusals{Rule: r.Rule, Count: r.Count})
			}
		}
		top, _ := g.Top(k, topUsage)
		for _, u := range top {
			v.Top = append(v.Top, admin.GuardUsage{
				Scope: u.Scope.String(), Name: u.Name, Minute: u.Minute, Hour: u.Hour, Day: u.Day, AtOnce: u.AtOnce, Spent: u.Spent.String(), Share: u.Share,
			})
		}
		out.Guards = append(out.Guards, v)
	}
	for _, a := range g.Alarms() {
		value, limit := a.Texts()
		out.Alarms = append(out.Alarms, admin.GuardAlarm{
			Time: a.At.UTC(), Kind: string(a.Kind), Level: string(a.Level), Scope: a.Scope.String(), Name: a.Name, Rule: a.Rule, Value: value, Limit: limit,
		})
	}
	return out
}

// alarmShown is how long the first page shows an alarm.
const alarmShown = 24 * time.Hour

// guardAttention is what the guards add to the first page: the newest alarm of each
// kind and level, so that many do not hide the rest.
func (p panel) guardAttention() []admin.Attention {
	type group struct {
		kind  guard.Kind
		level guard.Level
	}
	seen := map[group]bool{}
	var out []admin.Attention
	for _, a := range p.app.guard.Alarms() {
		at := group{a.Kind, a.Level}
		if seen[at] || time.Since(a.At) > alarmShown {
			continue
		}
		seen[at] = true
		level := "warning"
		if a.Level == guard.Level100 {
			level = "error"
		}
		value, limit := a.Texts()
		out = append(out, admin.Attention{Level: level, Kind: "guard", Name: string(a.Kind), Reason: string(a.Level) + ": " + a.Rule + " " + a.Name + " " + value + "/" + limit})
	}
	return out
}
