package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// faults collects what is wrong with a document, each with its place in it.
func faults(at string, err error) []admin.Violation {
	var r *admin.Rejection
	if errors.As(err, &r) && len(r.Violations) > 0 {
		out := slices.Clone(r.Violations)
		for i := range out {
			out[i].Pointer = at + out[i].Pointer
		}
		return out
	}
	message := err.Error()
	var p *problem.Problem
	if errors.As(err, &p) {
		message = p.Text
	}
	return []admin.Violation{{Pointer: at, Message: message}}
}

// editUnit brings one unit of a state to what a document says. What is the same
// already is not touched, so that values of gateway.hcl may stand in a document.
func (p panel) editUnit(s *registry.State, t admin.Target, d config.DocumentUnit, plan *admin.Plan) {
	at := "/" + string(t.Kind) + "/" + jsontree.Escape(t.Name)
	add := func(where string, err error) {
		if err != nil {
			plan.Violations = append(plan.Violations, faults(at+where, err)...)
		}
	}
	u := p.find(t, *s)
	if u == nil {
		if t.Kind == manifest.KindModule {
			add("", missing(t))
			return
		}
		if d.Plugin == "" {
			d.Plugin = t.Name
		}
		n := admin.NewProvider{Name: t.Name, Plugin: d.Plugin, Settings: d.Settings}
		if d.Grant != nil {
			g := p.wanted(nil, *d.Grant)
			n.Granted, n.Hosts, n.Private = g.Granted, g.Hosts, g.Private
		}
		if _, err := p.editCreate(s, n); err != nil {
			add("", err)
			return
		}
		if d.Enabled != nil && !*d.Enabled {
			_, err := p.editEnabled(s, t, false)
			add("", err)
		}
		return
	}
	if now := p.pluginOf(t, *s); d.Plugin != "" && d.Plugin != now {
		add("/plugin", fmt.Errorf("the plugin of an instance cannot be changed; it is %q", now))
		return
	}
	if d.Settings != nil && !settings.Equal(d.Settings, p.unitDocument(u, *s).Settings) {
		c, err := p.editSettings(s, t, d.Settings)
		add("/settings", trimValues(err))
		if picture, ok := c.After.(settingsPicture); ok {
			for _, name := range picture.Replaced {
				plan.Differences = append(plan.Differences, replacedSecret(at+"/settings/"+jsontree.Escape(name)))
			}
		}
	}
	if d.Grant != nil {
		p.editUnitGrant(s, u, *d.Grant, add)
	}
	if d.Enabled != nil && *d.Enabled != u.on {
		_, err := p.editEnabled(s, t, *d.Enabled)
		add("", err)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Actions)) {
		p.editUnitAction(s, u, name, d.Actions[name], add)
	}
}

// trimValues takes the place of settings in a request off its violations.
func trimValues(err error) error {
	var r *admin.Rejection
	if !errors.As(err, &r) {
		return err
	}
	out := *r
	out.Violations = slices.Clone(r.Violations)
	for i := range out.Violations {
		if len(out.Violations[i].Pointer) >= len("/values") {
			out.Violations[i].Pointer = out.Violations[i].Pointer[len("/values"):]
		}
	}
	return &out
}

// wanted completes the grant of a document with what it leaves out.
func (p panel) wanted(u *unit, d config.DocumentGrant) admin.Grant {
	g := admin.Grant{Granted: nonNil(d.Capabilities)}
	switch {
	case d.HTTP != nil:
		g.Hosts, g.Private = nonNil(d.HTTP.Hosts), d.HTTP.Private
	case u != nil:
		g.Hosts, g.Private = nonNil(u.grant.hosts), u.grant.private
	}
	return g
}

func (p panel) editUnitGrant(s *registry.State, u *unit, d config.DocumentGrant, add func(string, error)) {
	g := p.wanted(u, d)
	same := func(x, y []string) bool {
		x, y = slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))
		return slices.Equal(x, y)
	}
	if u.grant.capabilities != nil && same(g.Granted, u.grant.capabilities) && same(g.Hosts, u.grant.hosts) && g.Private == u.grant.private {
		return
	}
	if u.pkg == nil {
		add("/grant", problem.Conflict("The plugin file is missing!"))
		return
	}
	if d.HTTP == nil && len(g.Hosts) == 0 {
		g.Hosts = plugin.Hosts(u.pkg.Manifest)
	}
	_, err := p.editGrant(s, admin.Target{Kind: u.kind, Name: u.name}, g)
	add("/grant", err)
}

func (p panel) editUnitAction(s *registry.State, u *unit, name string, d config.DocumentAction, add func(string, error)) {
	now, decided := u.actions[name]
	if !decided {
		now.on = true
	}
	var wish admin.ActionWish
	if d.Enabled != nil && *d.Enabled != now.on {
		wish.On = d.Enabled
	}
	if d.Limit != nil && (now.rate == nil || now.rate.String() != *d.Limit) {
		wish.Limit = d.Limit
		if _, err := config.ParseRate(*d.Limit); err != nil && *d.Limit != "" {
			add("/action/"+jsontree.Escape(name)+"/limit", err)
			return
		}
	}
	if wish == (admin.ActionWish{}) {
		return
	}
	_, err := p.editAction(s, u.name, name, wish)
	add("/action/"+jsontree.Escape(name), err)
}

// compare lists the values that differ between two documents, in the order of
// their places.
func compare(before, after *config.Document) ([]admin.DocumentDifference, error) {
	x, err := tree(before)
	if err != nil {
		return nil, err
	}
	y, err := tree(after)
	if err != nil {
		return nil, err
	}
	// A gateway without any node differs from one with some in those nodes.
	for kind := range over(x, y) {
		for _, d := range []map[string]any{x, y} {
			if d[kind] == nil {
				d[kind] = map[string]any{}
			}
		}
	}
	var out []admin.DocumentDifference
	walk("", x, y, &out)
	return out, nil
}

func tree(d *config.Document) (map[string]any, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, fmt.Errorf("document: %w", err)
	}
	return out, nil
}

func walk(at string, before, after any, out *[]admin.DocumentDifference) {
	x, isObject := before.(map[string]any)
	y, too := after.(map[string]any)
	if !isObject || !too {
		if !settings.Equal(before, after) {
			*out = append(*out, admin.DocumentDifference{Path: at, Before: before, After: after})
		}
		return
	}
	keys := slices.Sorted(maps.Keys(x))
	for key := range y {
		if _, there := x[key]; !there {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	for _, key := range keys {
		walk(at+"/"+jsontree.Escape(key), x[key], y[key], out)
	}
}
