package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

func (p panel) NodeForm() *schema.Schema { return nodeForm() }

func noNode() error { return problem.NotFound("No such node!") }

func (p panel) NodeSettings(name string) (admin.Settings, error) {
	state := p.app.states.Get()
	out := admin.Settings{Schema: nodeForm(), Version: state.Version, Lock: admin.Lock{Locked: []string{}, LockedAt: map[string]string{}}}
	c := p.app.config()
	if i := slices.IndexFunc(c.FreeSWITCH, func(n config.FreeSWITCH) bool { return n.Name == name }); i >= 0 {
		out.Values = fileNode(c, c.FreeSWITCH[i])
		for _, property := range nodeForm().Properties() {
			key := strings.Split(strings.TrimPrefix(blockPointer("/"+property.Name), "/"), "/")
			r, _ := c.Locate(config.JoinPath(append([]string{"freeswitch", name}, key...)...))
			out.Locked = append(out.Locked, property.Name)
			out.LockedAt[property.Name] = r.String()
		}
		return out, nil
	}
	n, ok := state.Nodes[name]
	if !ok {
		return out, noNode()
	}
	out.Values = hideNode(n.Settings)
	return out, nil
}

func (p panel) CreateNode(ctx context.Context, name string, version uint64, given map[string]any) (c admin.Change, err error) {
	if !providerName.MatchString(name) {
		return c, admin.Reject("name", admin.Violation{Pointer: "/name", Message: "a letter, then up to 63 letters, digits, _ or -", Code: "name"})
	}
	err = p.change(ctx, version, func(s *registry.State) error {
		_, there := s.Nodes[name]
		if there || p.nodeInFile(name) {
			return problem.Conflict("The name is taken!")
		}
		values, err := nodeToBe(name, nil, given, "/settings")
		if err != nil {
			return err
		}
		s.Nodes[name] = registry.NodeState{Settings: values}
		c = admin.Change{After: settingsPicture{Values: hideNode(values)}}
		return nil
	})
	return c, err
}

func (p panel) SetNode(ctx context.Context, name string, version uint64, given map[string]any) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		before, err := p.editableNode(s, name)
		if err != nil {
			return err
		}
		values, err := nodeToBe(name, before, given, "/values")
		if err != nil {
			return err
		}
		s.Nodes[name] = registry.NodeState{Settings: values}
		c = admin.Change{
			Before: settingsPicture{Values: hideNode(before)},
			After:  settingsPicture{Values: hideNode(values), Replaced: settings.Replaced(nodeForm(), before, values)},
		}
		return nil
	})
	return c, err
}

func (p panel) DeleteNode(ctx context.Context, name string, version uint64) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		before, err := p.editableNode(s, name)
		if err != nil {
			return err
		}
		delete(s.Nodes, name)
		c = admin.Change{Before: settingsPicture{Values: hideNode(before)}}
		return nil
	})
	return c, err
}

func (p panel) nodeInFile(name string) bool {
	return slices.ContainsFunc(p.app.config().FreeSWITCH, func(n config.FreeSWITCH) bool { return n.Name == name })
}

// editableNode returns what is kept of a node that the panel may change.
func (p panel) editableNode(s *registry.State, name string) (map[string]any, error) {
	if err := p.locked("", "freeswitch", name); err != nil {
		return nil, err
	}
	n, ok := s.Nodes[name]
	if !ok || p.nodeInFile(name) {
		return nil, noNode()
	}
	return maps.Clone(n.Settings), nil
}

// nodeToBe merges and checks what was given for a node. A secret that is left out
// stays, but not for another address: a password goes only where it belongs.
func nodeToBe(name string, before, given map[string]any, at string) (map[string]any, error) {
	if !settings.Equal(before["address"], given["address"]) {
		kept := maps.Clone(before)
		delete(kept, "password")
		before = kept
	}
	values := settings.Merge(nodeForm(), before, given)
	found := settings.CheckMerged(nodeForm(), before, given, values)
	if len(found) == 0 {
		_, err := panelNode(name, values)
		var bad *nodeFault
		switch {
		case errors.As(err, &bad):
			found = append(found, admin.Violation{Pointer: "/" + bad.field, Message: bad.err.Error(), Code: "node." + bad.field})
		case err != nil:
			found = append(found, admin.Violation{Message: err.Error()})
		}
	}
	if len(found) > 0 {
		for i := range found {
			found[i].Pointer = at + found[i].Pointer
		}
		return nil, admin.Reject("settings", found...)
	}
	return values, nil
}
