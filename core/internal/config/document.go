package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Document is what the panel decides about modules and provider instances, for people and for other gateways: blocks
// module and provider as gateway.hcl has them. In JSON the block types are keys, their labels too.
//
// A secret that is kept but not shown is the object {"set": true}. What a document leaves out it says nothing about.
type Document struct {
	Modules   map[string]DocumentUnit `json:"module,omitempty"`
	Providers map[string]DocumentUnit `json:"provider,omitempty"`
	Users     map[string]DocumentUser `json:"user,omitempty"`
}

// DocumentUnit is one module or provider instance.
type DocumentUnit struct {
	Plugin  string `json:"plugin,omitempty"`
	Enabled *bool  `json:"enabled,omitempty"`
	// Settings replaces all settings when it is not nil. Values are those of encoding/json, numbers as json.Number,
	// or int64 and float64.
	Settings map[string]any            `json:"settings,omitempty"`
	Grant    *DocumentGrant            `json:"grant,omitempty"`
	Actions  map[string]DocumentAction `json:"action,omitempty"`
}

// DocumentGrant is the operator's consent.
type DocumentGrant struct {
	Capabilities []string      `json:"capabilities"`
	HTTP         *DocumentHTTP `json:"http,omitempty"`
}

// DocumentHTTP narrows the capability http.
type DocumentHTTP struct {
	Hosts   []string `json:"hosts"`
	Private bool     `json:"private,omitempty"`
}

// DocumentAction is one action of a module.
type DocumentAction struct {
	Enabled *bool   `json:"enabled,omitempty"`
	Limit   *string `json:"limit,omitempty"`
}

// ParseDocument reads a document as HCL. It is text from outside: it sees neither the environment nor files.
// On errors the Document is nil.
func ParseDocument(name string, src []byte) (*Document, Diagnostics) {
	var users map[string]DocumentUser
	c, diags := parse(name, src, Env{}, func(d *decoder, body *hclsyntax.Body) { users = d.takeUsers(body) })
	if c == nil {
		return nil, diags
	}
	for _, path := range slices.Sorted(maps.Keys(c.set)) {
		block, rest, _ := strings.Cut(path, ".")
		foreign := block != "module" && block != "provider" && block != "user"
		hint := "only blocks module, provider and user may stand here"
		if leaf := rest[strings.LastIndexByte(rest, '.')+1:]; !foreign && strings.Count(path, ".") == 2 && leaf == "sha256" {
			foreign, hint = true, "which version runs is decided on the page of the plugin, or in gateway.hcl"
		}
		if !foreign && strings.Contains(rest, ".grant.freeswitch") {
			foreign, hint = true, "only gateway.hcl narrows the capability freeswitch"
		}
		if foreign {
			diags = append(diags, Diagnostic{SeverityError, c.set[path], fmt.Sprintf("%s does not belong into this document", path), hint})
		}
	}
	if diags.HasErrors() {
		return nil, diags.sorted()
	}
	d := &Document{Modules: map[string]DocumentUnit{}, Providers: map[string]DocumentUnit{}}
	if len(users) > 0 {
		d.Users = users
	}
	for _, m := range c.Modules {
		u := c.documentUnit("module", m.Plugin)
		for _, a := range m.Actions {
			var action DocumentAction
			if c.IsSet(JoinPath("module", m.Name, "action", a.Name, "enabled")) {
				action.Enabled = &a.Enabled
			}
			if a.Limit != nil {
				text := a.Limit.String()
				action.Limit = &text
			}
			if u.Actions == nil {
				u.Actions = map[string]DocumentAction{}
			}
			u.Actions[a.Name] = action
		}
		d.Modules[m.Name] = u
	}
	for _, p := range c.Providers {
		d.Providers[p.Name] = c.documentUnit("provider", p.Plugin)
	}
	return d, diags
}

func (c *Config) documentUnit(kind string, p Plugin) DocumentUnit {
	u := DocumentUnit{Settings: p.Settings}
	if p.Plugin != p.Name || kind == "provider" {
		u.Plugin = p.Plugin
	}
	if c.IsSet(JoinPath(kind, p.Name, "enabled")) {
		u.Enabled = &p.Enabled
	}
	if len(p.Secrets) > 0 {
		u.Settings = maps.Clone(p.Settings)
		if u.Settings == nil {
			u.Settings = map[string]any{}
		}
		for name, secret := range p.Secrets {
			u.Settings[name] = secret.Reveal()
		}
	}
	if p.Grant != nil {
		u.Grant = &DocumentGrant{Capabilities: p.Grant.Capabilities}
		if h := p.Grant.HTTP; h != nil {
			u.Grant.HTTP = &DocumentHTTP{Hosts: h.Hosts, Private: h.Private}
		}
	}
	return u
}

// String writes the rate as the file has it.
func (r Rate) String() string {
	if r.IsZero() {
		return "off"
	}
	unit := map[int64]string{1: "s", 60: "m", 3600: "h"}[int64(r.Per.Seconds())]
	text := fmt.Sprintf("%d/%s", r.Count, unit)
	if r.Burst != r.Count {
		text += fmt.Sprintf(" burst %d", r.Burst)
	}
	return text
}

// HCL writes the document in the form that ParseDocument reads, blocks and keys sorted.
func (d *Document) HCL() []byte {
	file := hclwrite.NewEmptyFile()
	for _, kind := range []struct {
		name  string
		units map[string]DocumentUnit
	}{{"module", d.Modules}, {"provider", d.Providers}} {
		for _, name := range slices.Sorted(maps.Keys(kind.units)) {
			if len(file.Body().Blocks()) > 0 {
				file.Body().AppendNewline()
			}
			kind.units[name].write(file.Body().AppendNewBlock(kind.name, []string{name}).Body(), name)
		}
	}
	for _, login := range slices.Sorted(maps.Keys(d.Users)) {
		if len(file.Body().Blocks()) > 0 {
			file.Body().AppendNewline()
		}
		d.Users[login].write(file.Body().AppendNewBlock("user", []string{login}).Body())
	}
	return hclwrite.Format(file.Bytes())
}

func (u DocumentUnit) write(b *hclwrite.Body, name string) {
	if u.Plugin != "" && u.Plugin != name {
		b.SetAttributeValue("plugin", cty.StringVal(u.Plugin))
	}
	if u.Enabled != nil {
		b.SetAttributeValue("enabled", cty.BoolVal(*u.Enabled))
	}
	if len(u.Settings) > 0 {
		b.SetAttributeValue("settings", ctyValue(u.Settings))
	}
	if u.Grant != nil {
		g := b.AppendNewBlock("grant", nil).Body()
		g.SetAttributeValue("capabilities", ctyValue(texts(u.Grant.Capabilities)))
		if h := u.Grant.HTTP; h != nil {
			http := g.AppendNewBlock("http", nil).Body()
			http.SetAttributeValue("hosts", ctyValue(texts(h.Hosts)))
			if h.Private {
				http.SetAttributeValue("private", cty.True)
			}
		}
	}
	for _, action := range slices.Sorted(maps.Keys(u.Actions)) {
		a, body := u.Actions[action], b.AppendNewBlock("action", []string{action}).Body()
		if a.Enabled != nil {
			body.SetAttributeValue("enabled", cty.BoolVal(*a.Enabled))
		}
		if a.Limit != nil {
			body.SetAttributeValue("limit", cty.StringVal(*a.Limit))
		}
	}
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// ctyValue turns a setting into what the HCL library writes.
func ctyValue(v any) cty.Value {
	switch v := v.(type) {
	case string:
		return cty.StringVal(v)
	case bool:
		return cty.BoolVal(v)
	case json.Number:
		if n, err := cty.ParseNumberVal(v.String()); err == nil {
			return n
		}
		return cty.StringVal(v.String())
	case int:
		return cty.NumberIntVal(int64(v))
	case int64:
		return cty.NumberIntVal(v)
	case uint64:
		return cty.NumberUIntVal(v)
	case float64:
		return cty.NumberFloatVal(v)
	case []any:
		list := make([]cty.Value, len(v))
		for i, e := range v {
			list[i] = ctyValue(e)
		}
		return cty.TupleVal(list)
	case map[string]any:
		object := make(map[string]cty.Value, len(v))
		for key, e := range v {
			object[key] = ctyValue(e)
		}
		return cty.ObjectVal(object)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}
