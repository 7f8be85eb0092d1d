package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Document is the configuration that managers decide about, for people and for other gateways: blocks module, provider,
// freeswitch and guard as gateway.hcl has them, and users. In JSON the block types are keys, their labels too.
//
// A secret that is kept but not shown is the object {"set": true}. What a document leaves out it says nothing about; but
// a block freeswitch or guard, and the settings of a module or provider, are there as a whole.
type Document struct {
	Modules   map[string]DocumentUnit   `json:"module,omitempty"`
	Providers map[string]DocumentUnit   `json:"provider,omitempty"`
	Nodes     map[string]DocumentNode   `json:"freeswitch,omitempty"`
	Guards    map[string]map[string]any `json:"guard,omitempty"` // by kind: call, message
	Users     map[string]DocumentUser   `json:"user,omitempty"`

	set map[string]Range // where it says what, when it was read as HCL
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
	kept := map[string]bool{}
	c, diags := parse(name, src, Env{}, func(d *decoder, body *hclsyntax.Body) {
		d.document, d.kept = true, kept
		users = d.takeUsers(body)
	})
	if c == nil {
		return nil, diags
	}
	c.kept = kept
	for _, path := range slices.Sorted(maps.Keys(c.set)) {
		block, rest, _ := strings.Cut(path, ".")
		foreign := !slices.Contains([]string{"module", "provider", "freeswitch", "guard", "user"}, block)
		hint := "only blocks module, provider, freeswitch, guard and user may stand here"
		plugin := block == "module" || block == "provider"
		if leaf := rest[strings.LastIndexByte(rest, '.')+1:]; plugin && strings.Count(path, ".") == 2 && leaf == "sha256" {
			foreign, hint = true, "which version runs is decided on the page of the plugin, or in gateway.hcl"
		}
		if plugin && strings.Contains(rest, ".grant.freeswitch") {
			foreign, hint = true, "only gateway.hcl narrows the capability freeswitch"
		}
		if foreign {
			diags = append(diags, Diagnostic{SeverityError, c.set[path], fmt.Sprintf("%s does not belong into this document", path), hint})
		}
	}
	if diags.HasErrors() {
		return nil, diags.sorted()
	}
	d := &Document{Modules: map[string]DocumentUnit{}, Providers: map[string]DocumentUnit{}, set: c.set}
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
	d.take(c)
	return d, diags
}

// take takes the nodes and guards of a file over.
func (d *Document) take(c *Config) {
	for _, n := range c.FreeSWITCH {
		if d.Nodes == nil {
			d.Nodes = map[string]DocumentNode{}
		}
		d.Nodes[n.Name] = c.DocumentNode(n)
	}
	for _, g := range c.Guards {
		if d.Guards == nil {
			d.Guards = map[string]map[string]any{}
		}
		d.Guards[g.Kind] = g.Values
	}
}

// ParseDocumentJSON reads a document as JSON. Its findings have no places.
func ParseDocumentJSON(src []byte) (*Document, Diagnostics) {
	mistake := func(text string) Diagnostics { return Diagnostics{{SeverityError, Range{}, text, ""}} }
	d := &Document{}
	decoder := json.NewDecoder(bytes.NewReader(src))
	decoder.UseNumber() // every digit of a setting counts
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(d); err != nil {
		return nil, mistake(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, mistake("there is more behind the document")
	}
	// Nodes and guards obey the rules of gateway.hcl, so they are read as if they stood there.
	var odd Diagnostics
	for _, name := range slices.Sorted(maps.Keys(d.Nodes)) {
		odd = append(odd, notKeys(JoinPath("freeswitch", name), d.Nodes[name], nodeBlocks)...)
	}
	for _, kind := range slices.Sorted(maps.Keys(d.Guards)) {
		odd = append(odd, notKeys(JoinPath("guard", kind), d.Guards[kind], nil)...)
	}
	if len(odd) > 0 {
		return nil, odd
	}
	part := &Document{Nodes: d.Nodes, Guards: d.Guards}
	read, diags := ParseDocument("document", part.HCL())
	if read == nil {
		for i := range diags {
			diags[i].Range = Range{}
		}
		return nil, diags
	}
	d.Nodes, d.Guards = read.Nodes, read.Guards
	return d, nil
}

// Locate returns where the document says what a JSON pointer into it leads to, or what encloses that. Ok is false for a
// document that was not read as HCL.
func (d *Document) Locate(pointer string) (r Range, ok bool) {
	elements := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, e := range elements {
		elements[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(e)
	}
	c := &Config{set: d.set}
	if len(elements) > 3 && elements[2] == "settings" {
		secret := slices.Clone(elements)
		secret[2] = "secrets" // in JSON they are settings like others
		if path := JoinPath(secret...); c.IsSet(path) {
			return c.Locate(path)
		}
	}
	return c.Locate(JoinPath(elements...))
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
	writeBlocks(file.Body(), "module", d.Modules, DocumentUnit.write)
	writeBlocks(file.Body(), "provider", d.Providers, DocumentUnit.write)
	writeBlocks(file.Body(), "freeswitch", d.Nodes, DocumentNode.write)
	writeBlocks(file.Body(), "guard", d.Guards, func(g map[string]any, _ string, b *hclwrite.Body) { writeValues(b, g, nil) })
	writeBlocks(file.Body(), "user", d.Users, DocumentUser.write)
	return hclwrite.Format(file.Bytes())
}

// writeBlocks appends blocks with labels, an empty line before each.
func writeBlocks[T any](to *hclwrite.Body, kind string, blocks map[string]T, write func(block T, label string, b *hclwrite.Body)) {
	for _, label := range slices.Sorted(maps.Keys(blocks)) {
		if len(to.Blocks()) > 0 {
			to.AppendNewline()
		}
		write(blocks[label], label, to.AppendNewBlock(kind, []string{label}).Body())
	}
}

func (u DocumentUnit) write(name string, b *hclwrite.Body) {
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
