// Package plugintest runs a plugin's handlers natively against a fake host, in
// ordinary tests:
//
//	h := plugintest.New(t).
//		Settings(`{"url": "http://kannel.example:13013"}`).
//		HTTP(func(q abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
//			return plugintest.Answer(202, "text/plain", "0: Accepted for delivery"), nil
//		})
//	got := h.Operation("sms.provider", "send", `{"phone": "+79190000000", …}`)
//
// The fake host is as strict as the real one: it reads plugin.json beside the
// test, checks settings and parameters against it and fills in defaults, refuses
// host calls that the manifest does not ask for, and fails the test when an answer
// does not fit its schema or an error text is not declared.
//
// A plugin keeps its settings in globals, as it may in a guest, so tests that use
// this package must not run in parallel.
package plugintest

import (
	"os"
	"slices"
	"strings"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Host is a fake host with one guest. Its methods that give it something return
// it again.
type Host struct {
	// Manifest is the parsed plugin.json.
	Manifest *manifest.Manifest
	// Instance is the provider instance of the guest, or the one that a
	// per-instance action is asked for.
	Instance string
	// Journal records intents and outcomes.
	Journal Journal
	// KV is the content of the key-value store.
	KV map[string][]byte
	// Calls are the host calls in order.
	Calls []Call
	// Log holds the lines that the plugin logged.
	Log []string

	t          testing.TB
	settings   abi.Value
	configured bool
	http       func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error)
	providers  []provider
	users      abi.Value
	freeswitch Freeswitch
}

// Call is one host call.
type Call struct {
	Operation string // abi.OpHTTPFetch …
	Request   []byte // as it crossed the border
}

type provider struct {
	point, instance string
	ready           bool
	offer           offer
	answer          func(operation string, params abi.Value) (abi.Value, *abi.Error)
}

// New returns a host for the plugin whose plugin.json is in the working
// directory, which is the plugin's folder in its own tests.
func New(t testing.TB) *Host {
	t.Helper()
	src, err := os.ReadFile("plugin.json")
	if err != nil {
		t.Fatalf("plugintest: %v", err)
	}
	m, issues := manifest.Parse(src)
	for _, issue := range issues {
		t.Errorf("plugin.json: %v", issue)
	}
	if m == nil {
		t.FailNow()
	}
	return &Host{Manifest: m, Instance: "test", t: t, KV: map[string][]byte{}}
}

// Value returns JSON text as a value; bad JSON fails the test.
func Value(t testing.TB, text string) abi.Value {
	t.Helper()
	n, err := jsontree.Parse([]byte(text))
	if err != nil {
		t.Fatalf("plugintest: %v in %s", err, text)
	}
	return n.Value()
}

// JSON returns a value as JSON text.
func JSON(v abi.Value) string { return string(jsontree.AppendValue(nil, v)) }

// Settings gives the settings as JSON; without them the guest gets the defaults.
// Settings that do not satisfy the manifest fail the test, because the real host
// would refuse them.
func (h *Host) Settings(json string) *Host {
	h.t.Helper()
	h.settings, h.configured = Value(h.t, json), false
	return h
}

// HTTP answers the requests of capability http. The body is parsed as the real
// host would.
func (h *Host) HTTP(f func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error)) *Host {
	h.http = f
	return h
}

// Provider adds an instance that serves an extension point, in the order of
// configuration. It lists as ready.
func (h *Host) Provider(point, instance string, f func(operation string, params abi.Value) (abi.Value, *abi.Error)) *Host {
	h.providers = append(h.providers, provider{point, instance, true, offer{operations: []string{"send"}}, f})
	return h
}

// ProviderDown adds an instance that is configured and cannot run.
func (h *Host) ProviderDown(point, instance string) *Host {
	h.providers = append(h.providers, provider{point, instance, false, offer{operations: []string{"send"}}, func(string, abi.Value) (abi.Value, *abi.Error) {
		return nil, &abi.Error{Code: abi.CodeUnavailable, Message: instance, Source: abi.SourceHost, Detail: "backing off"}
	}})
	return h
}

// Users gives the list of users as JSON.
func (h *Host) Users(json string) *Host {
	h.t.Helper()
	h.users = Value(h.t, json)
	return h
}

// Freeswitch gives the answers of capability freeswitch.
func (h *Host) Freeswitch(f Freeswitch) *Host {
	h.freeswitch = f
	return h
}

// Configure gives the plugin its settings, as the host does for every new guest.
// The other methods do it by themselves when it has not happened yet.
func (h *Host) Configure() error {
	h.t.Helper()
	settings := h.settings
	if s := h.Manifest.Settings; s != nil {
		settings = s.WithDefaults(settings)
		if err := s.Validate(settings); err != nil {
			h.t.Fatalf("plugintest: the settings do not satisfy plugin.json: %v", err)
		}
	}
	_, err := patchbay.Run(abi.Request{Kind: abi.Configure, Params: settings, Instance: h.Instance}, h.answer, h.log)
	h.configured = err == nil
	return err
}

// Action serves one request of an integrator. Parameters are JSON; those that do
// not satisfy the manifest fail the test, because the real host refuses them
// before the plugin runs.
func (h *Host) Action(name, params string) Result {
	h.t.Helper()
	a := h.Manifest.Action(name)
	if a == nil {
		h.t.Fatalf("plugintest: plugin.json has no action %q", name)
	}
	v, derived := h.parameters(a.Params, params)
	r := h.run(abi.Request{Kind: abi.Action, Name: name, Params: v, Derived: derived, User: "tester"})
	h.checkReply(r, a.Response)
	h.checkError(r, a)
	return r
}

// Operation serves one call through an extension point.
func (h *Host) Operation(point, operation, params string) Result {
	h.t.Helper()
	if !slices.ContainsFunc(h.Manifest.Extends, func(e manifest.Extension) bool {
		return e.Point == point && slices.Contains(e.Operations, operation)
	}) {
		h.t.Errorf("plugintest: plugin.json does not say that it serves %s/%s", point, operation)
	}
	r := h.run(abi.Request{Kind: abi.Operation, Point: point, Name: operation, Params: Value(h.t, params)})
	h.checkReply(r, nil)
	return r
}

// Health asks for the plugin's health.
func (h *Host) Health() Result {
	h.t.Helper()
	if !h.Manifest.Health {
		h.t.Error(`plugintest: plugin.json does not say "health": true`)
	}
	return h.run(abi.Request{Kind: abi.Health})
}

func (h *Host) run(q abi.Request) Result {
	h.t.Helper()
	if !h.configured {
		if err := h.Configure(); err != nil {
			h.t.Fatalf("plugintest: configure: %v", err)
		}
	}
	q.Instance, q.RequestID, q.TimeoutMS = h.Instance, "00000000-0000-4000-8000-000000000001", 30_000
	reply, err := patchbay.Run(q, h.answer, h.log)
	return Result{Reply: reply, Err: asError(err)}
}

// parameters does what the host does with a request: known ones only, defaults,
// and what it learns about telephone numbers.
func (h *Host) parameters(s *schema.Schema, params string) (v, derived abi.Value) {
	h.t.Helper()
	if s == nil {
		return abi.AppendMap(nil, 0), nil
	}
	given := s.WithDefaults(Value(h.t, params))
	if err := s.Validate(given); err != nil {
		h.t.Fatalf("plugintest: the parameters do not satisfy plugin.json: %v", err)
	}
	var known, learnt abi.Object
	for _, p := range s.Properties() {
		e := given.Get(p.Name)
		if !e.Exists() {
			continue
		}
		known.Set(p.Name, e)
		if p.Schema.Format == schema.Phone {
			learnt.Set(p.Name, phone(e.String()))
		}
	}
	return known.Value(), learnt.Value()
}

// phone is enough for Russian numbers, which tests use.
func phone(text string) abi.Value {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
	if len(digits) == 11 && digits[0] == '8' && text[0] != '+' {
		digits = "7" + digits[1:]
	}
	var o abi.Object
	return o.Str("e164", "+"+digits).Str("region", "RU").Str("type", "mobile").Value()
}

func (h *Host) log(level abi.Level, line string) {
	names := map[abi.Level]string{abi.LevelDebug: "DEBUG", abi.LevelInfo: "INFO", abi.LevelWarn: "WARN", abi.LevelError: "ERROR"}
	h.Log = append(h.Log, names[level]+" "+line)
}

// Operations returns the names of the host calls in order.
func (h *Host) Operations() []string {
	all := make([]string, len(h.Calls))
	for i, c := range h.Calls {
		all[i] = c.Operation
	}
	return all
}

// Requests returns the HTTP requests in order.
func (h *Host) Requests() []abi.HTTPRequest {
	h.t.Helper()
	return requests(h, abi.OpHTTPFetch, func(q *abi.HTTPRequest, b []byte) error { return q.Decode(b) })
}

// ProviderCalls returns the calls of providers in order.
func (h *Host) ProviderCalls() []abi.ProviderCall {
	h.t.Helper()
	return requests(h, abi.OpProviderCall, func(q *abi.ProviderCall, b []byte) error { return q.Decode(b) })
}

// Reports returns the requests for journal reports in order.
func (h *Host) Reports() []abi.JournalReport {
	h.t.Helper()
	return requests(h, abi.OpJournalReport, func(q *abi.JournalReport, b []byte) error { return q.Decode(b) })
}

func requests[T any](h *Host, operation string, decode func(*T, []byte) error) []T {
	h.t.Helper()
	var all []T
	for _, c := range h.Calls {
		if c.Operation != operation {
			continue
		}
		var q T
		if err := decode(&q, c.Request); err != nil {
			h.t.Fatalf("plugintest: %s: %v", operation, err)
		}
		all = append(all, q)
	}
	return all
}
