// Package manifest is what a plugin says about itself, without running it: the
// file plugin.json, which `patchbay plugin pack` puts into the plugin as a custom
// section. Routes, rights, parameter checks, OpenAPI, the settings form, the
// consent screen and the README table all come from it.
package manifest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Section is the name of the wasm custom section that holds plugin.json.
const Section = "patchbay.manifest"

// MaxSize bounds a manifest, in bytes.
const MaxSize = 1 << 20

// Issue is one fault of a manifest, with its JSON pointer and what to do.
type Issue = jsontree.Issue

// Kind says what a plugin is.
type Kind string

// Kinds of plugins.
const (
	// KindModule owns the routes /<id>/<action>.
	KindModule Kind = "module"
	// KindProvider serves extension points of modules.
	KindProvider Kind = "provider"
)

// Values of [Manifest.Concurrency].
const (
	// ConcurrencyTasks: many tasks in one guest, each suspended while the host
	// works for it.
	ConcurrencyTasks = "tasks"
	// ConcurrencyExclusive: one task per guest, host calls block.
	ConcurrencyExclusive = "exclusive"
)

// Text is a text in both languages.
type Text struct {
	EN string `json:"en"`
	RU string `json:"ru"`
}

// In returns the text in a language: "ru", otherwise English.
func (t Text) In(lang string) string {
	if lang == "ru" {
		return t.RU
	}
	return t.EN
}

// Manifest describes one plugin. Treat a parsed one as immutable.
type Manifest struct {
	ID           string         `json:"id"`
	Kind         Kind           `json:"kind"`
	ABI          int            `json:"abi"`
	Version      string         `json:"version"` // semantic version, no leading v
	Vendor       string         `json:"vendor"`
	License      string         `json:"license,omitempty"` // SPDX expression
	Homepage     string         `json:"homepage,omitempty"`
	Title        Text           `json:"title"`
	Description  Text           `json:"description"`
	Actions      []Action       `json:"actions,omitempty"`
	Provides     []Point        `json:"provides,omitempty"`
	Extends      []Extension    `json:"extends,omitempty"`
	Capabilities []Capability   `json:"capabilities,omitempty"`
	Settings     *schema.Schema `json:"settings,omitempty"` // an object; nil when there are none
	// Health says that the plugin answers health requests.
	Health bool `json:"health,omitempty"`
	// Concurrency is [ConcurrencyTasks] or [ConcurrencyExclusive], never empty
	// after [Parse].
	Concurrency string `json:"concurrency,omitempty"`
	Limits      Limits `json:"limits,omitzero"`
	Notes       []Text `json:"notes,omitempty"`
}

// Action is one route of a module.
type Action struct {
	Name    string   `json:"name"`
	Title   Text     `json:"title"`
	Summary Text     `json:"summary"`
	Methods []string `json:"methods"` // POST, GET; POST alone when the file names none
	// PerInstance is an extension point: the action exists once per provider
	// instance and is named after it; Name is then only its name in the manifest.
	PerInstance string `json:"per_instance,omitempty"`
	// Safe actions change nothing anywhere. Idempotent ones may be repeated.
	Safe       bool `json:"safe,omitempty"`
	Idempotent bool `json:"idempotent,omitempty"`
	// Params is an object schema, nil when the action takes none.
	Params   *schema.Schema `json:"params,omitempty"`
	Response *schema.Schema `json:"response,omitempty"`
	// ResponseType is a media type, "application/json" when the file names none.
	ResponseType string      `json:"response_type,omitempty"`
	Errors       []ErrorText `json:"errors,omitempty"`
	Examples     []Example   `json:"examples,omitempty"`
	Rate         string      `json:"rate,omitempty"` // default limit per user, see [ParseRate]
	// Spends says what one run of the action costs somebody; nil when nothing.
	Spends    *Spends `json:"spends,omitempty"`
	TimeoutMS int     `json:"timeout_ms,omitempty"` // 0: the gateway's default
}

// ErrorText is an error that an action may answer with.
type ErrorText struct {
	Status int    `json:"status"`
	Text   string `json:"text"`
	When   Text   `json:"when"`
}

// Example is one request with its answer. Request and Response are JSON as in
// the file; Response is empty for answers that are not JSON.
type Example struct {
	Title    Text            `json:"title"`
	Request  json.RawMessage `json:"request,omitempty"`
	Status   int             `json:"status"` // 200 when the file names none
	Response json.RawMessage `json:"response,omitempty"`
}

// Point is an extension point that a module declares.
type Point struct {
	Name       string      `json:"name"` // "sms.provider"
	Title      Text        `json:"title"`
	Operations []Operation `json:"operations"`
}

// Operation is one operation of an extension point.
type Operation struct {
	Name    string         `json:"name"`
	Summary Text           `json:"summary"`
	Params  *schema.Schema `json:"params,omitempty"`
	Result  *schema.Schema `json:"result,omitempty"`
	Safe    bool           `json:"safe,omitempty"`
	// Optional operations may be left out by providers.
	Optional bool `json:"optional,omitempty"`
}

// Extension says that a provider serves operations of an extension point.
type Extension struct {
	Point      string   `json:"point"`
	Operations []string `json:"operations"`
}

// Capability is a host ability that the plugin asks for.
type Capability struct {
	Name string `json:"name"` // "http"
	// Operations are names of imports: "http_fetch".
	Operations []string `json:"operations"`
	// Reason is shown on the consent screen.
	Reason Text `json:"reason"`
	// Hosts narrows the http capability: host, host:port, *.domain, [v6]:port.
	// Empty: the operator decides.
	Hosts []string `json:"hosts,omitempty"`
}

// Limits are what the plugin asks for; 0 means the gateway's default. The
// operator has the last word.
type Limits struct {
	MemoryMB  int `json:"memory_mb,omitempty"`
	CPU       int `json:"cpu,omitempty"` // million metered instructions per task
	TimeoutMS int `json:"timeout_ms,omitempty"`
	MaxTasks  int `json:"max_tasks,omitempty"`
	Guests    int `json:"guests,omitempty"`
}

// Operations returns the names of all imports that the plugin asks for, sorted.
func (m *Manifest) Operations() []string {
	var all []string
	for _, c := range m.Capabilities {
		all = append(all, c.Operations...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Action returns the action of that name, nil when there is none.
func (m *Manifest) Action(name string) *Action {
	for i := range m.Actions {
		if m.Actions[i].Name == name {
			return &m.Actions[i]
		}
	}
	return nil
}

// Allows reports whether the action answers an HTTP method.
func (a *Action) Allows(method string) bool { return slices.Contains(a.Methods, method) }

// Point returns the declared extension point of that name, nil when there is
// none.
func (m *Manifest) Point(name string) *Point {
	for i := range m.Provides {
		if m.Provides[i].Name == name {
			return &m.Provides[i]
		}
	}
	return nil
}

var ratePer = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour}
