package app

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// The form of a node is flat and knows less than a block freeswitch of gateway.hcl.

// blockKeys are the settings of the form that the block has in a block of its own.
var blockKeys = map[string][2]string{"cdr_token": {"cdr", "token"}, "recordings_url": {"recordings", "url"}}

const onlyInFile = "only gateway.hcl can say this"

// nodeFromBlock reads a block into the form. What the form does not know is a
// violation, with its place in the block.
func nodeFromBlock(d map[string]any) (values map[string]any, found []admin.Violation) {
	values = map[string]any{}
	foreign := func(pointer string) {
		found = append(found, admin.Violation{Pointer: pointer, Message: onlyInFile, Code: "file.only"})
	}
	for _, key := range slices.Sorted(maps.Keys(d)) {
		block, isBlock := d[key].(map[string]any)
		switch {
		case isBlock && (key == "cdr" || key == "recordings"):
			for _, inner := range slices.Sorted(maps.Keys(block)) {
				if key == "recordings" && inner == "source" && block[inner] == "http" {
					continue // that there is an address says it
				}
				name := key + "_" + inner
				if _, known := blockKeys[name]; !known {
					foreign("/" + key + "/" + inner)
					continue
				}
				values[name] = block[inner]
			}
		case key == "originate_timeout":
			text, _ := d[key].(string)
			wait, err := time.ParseDuration(text)
			if err != nil || wait%time.Second != 0 {
				found = append(found, admin.Violation{Pointer: "/" + key, Message: "must be whole seconds"})
				continue
			}
			values[key] = int64(wait / time.Second)
		case nodeForm().Property(key) == nil:
			foreign("/" + key)
		default:
			values[key] = d[key]
		}
	}
	return values, found
}

// blockPointer turns the pointer to a setting of the form into the one of the block.
func blockPointer(pointer string) string {
	if at, ok := blockKeys[strings.TrimPrefix(pointer, "/")]; ok {
		return "/" + at[0] + "/" + at[1]
	}
	return pointer
}

// nodeBlock writes the settings of a node of the panel as a block, secrets hidden.
func nodeBlock(values map[string]any) config.DocumentNode {
	out := config.DocumentNode{"account_pattern": nodeForm().Property("account_pattern").Default.String()}
	for name, v := range hideNode(values) {
		switch at, inner := blockKeys[name]; {
		case name == "recordings_url":
			out[at[0]] = map[string]any{"source": "http", at[1]: v}
		case inner:
			out[at[0]] = map[string]any{at[1]: v}
		case name == "originate_timeout":
			wait, _ := time.ParseDuration(fmt.Sprint(v) + "s") // the form has checked it
			out[name] = config.DurationText(wait)
		default:
			out[name] = v
		}
	}
	return out
}

// fileBlock is what gateway.hcl says about a node, secrets hidden. Its address and
// password stand there even when they are the usual ones.
func fileBlock(c *config.Config, n config.FreeSWITCH) config.DocumentNode {
	out := c.DocumentNode(n)
	out["address"], out["password"] = n.Address, settings.Hidden()
	if cdr, ok := out["cdr"].(map[string]any); ok {
		for _, secret := range []string{"token", "password"} {
			if _, there := cdr[secret]; there {
				cdr[secret] = settings.Hidden()
			}
		}
	}
	return out
}

// fileNode shows a node of the file in the words of the form: what the file sets, and
// nothing for what it leaves to the defaults.
func fileNode(c *config.Config, n config.FreeSWITCH) map[string]any {
	values, _ := nodeFromBlock(fileBlock(c, n)) // the form has no place for the rest
	if len(n.Accounts) > 0 {
		accounts := make([]string, len(n.Accounts))
		for i, account := range n.Accounts {
			accounts[i] = regexp.QuoteMeta(account)
		}
		values["account_pattern"] = strings.Join(accounts, "|")
	}
	return values
}

// documentNodes are the nodes in force.
func (p panel) documentNodes(s registry.State) map[string]config.DocumentNode {
	out := map[string]config.DocumentNode{}
	for name, n := range s.Nodes {
		out[name] = nodeBlock(n.Settings)
	}
	c := p.app.config()
	for _, n := range c.FreeSWITCH {
		out[n.Name] = fileBlock(c, n)
	}
	return out
}

// documentGuards are the rules in force, without those that nobody has decided.
func (p panel) documentGuards(s registry.State) map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, k := range guard.Kinds() {
		form, err := guard.Schema(k)
		if err != nil {
			continue // a test reads it
		}
		_, values := guardValues(p.app.config(), k, s)
		out[string(k)] = settings.Hide(form, values)
		if _, decided := values["mode"]; !decided {
			out[string(k)]["mode"] = form.Property("mode").Default.String()
		}
	}
	return out
}

// editNode brings one node of a state to what a document says.
func (p panel) editNode(s *registry.State, name string, d config.DocumentNode, plan *admin.Plan) {
	at := "/freeswitch/" + jsontree.Escape(name)
	add := func(found ...admin.Violation) {
		for _, v := range found {
			v.Pointer = at + v.Pointer
			plan.Violations = append(plan.Violations, v)
		}
	}
	now, there := p.documentNodes(*s)[name]
	switch {
	case there && settings.Equal(map[string]any(now), map[string]any(d)):
		return
	case p.nodeInFile(name):
		add(p.differsFromFile("", now, d, "freeswitch", name)...)
		return
	}
	given, found := nodeFromBlock(d)
	add(found...)
	before := s.Nodes[name].Settings
	after, err := nodeToBe(name, before, given, "")
	if err != nil {
		found := faults("", err)
		for i := range found {
			found[i].Pointer = blockPointer(found[i].Pointer)
		}
		add(found...)
		return
	}
	s.Nodes[name] = registry.NodeState{Settings: after}
	for _, secret := range settings.Replaced(nodeForm(), before, after) {
		plan.Differences = append(plan.Differences, replacedSecret(at+blockPointer("/"+secret)))
	}
}

// differsFromFile lists what a document says otherwise than a block of gateway.hcl
// does. now is the block, secrets hidden; path is its place in the file.
func (p panel) differsFromFile(at string, now, d map[string]any, path ...string) (found []admin.Violation) {
	for _, key := range slices.Sorted(maps.Keys(d)) {
		here, v := at+"/"+jsontree.Escape(key), d[key]
		inner, isBlock := v.(map[string]any)
		before, wasBlock := now[key].(map[string]any)
		switch {
		case settings.Equal(v, now[key]):
		case isBlock && wasBlock:
			found = append(found, p.differsFromFile(here, before, inner, append(slices.Clone(path), key)...)...)
		default:
			r, _ := p.app.config().Locate(config.JoinPath(append(slices.Clone(path), key)...))
			found = append(found, admin.Violation{Pointer: here, Message: inFileMessage, Code: "locked", At: r.String()})
		}
	}
	return found
}

// editGuardBlock brings the rules of one kind to what a document says.
func (p panel) editGuardBlock(s *registry.State, kind string, d map[string]any, plan *admin.Plan) {
	if settings.Equal(d, p.documentGuards(*s)[kind]) {
		return
	}
	at := "/guard/" + jsontree.Escape(kind)
	k, err := guardKind(kind)
	if err != nil {
		plan.Violations = append(plan.Violations, faults(at, err)...)
		return
	}
	c, err := p.editGuard(s, k, d)
	if err != nil {
		plan.Violations = append(plan.Violations, faults(at, trimValues(err))...)
		return
	}
	if picture, ok := c.After.(settingsPicture); ok {
		for _, secret := range picture.Replaced {
			plan.Differences = append(plan.Differences, replacedSecret(at+"/"+secret))
		}
	}
}

// replacedSecret is the difference of a new secret: it looks like the old one.
func replacedSecret(at string) admin.DocumentDifference {
	return admin.DocumentDifference{Path: at, Before: settings.Hidden(), After: map[string]bool{"set": true, "replaced": true}}
}
