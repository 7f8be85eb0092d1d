package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// books are a guard's store that forgets.
type books struct{}

func (books) Scan(context.Context, string, func(string, []byte) error) error { return nil }
func (books) Write([]guard.Change) error                                     { return nil }

// newGuard returns a guard of messages with settings over the defaults.
func newGuard(t *testing.T, settings map[string]any) *guard.Guard {
	t.Helper()
	g, err := guard.New(t.Context(), guard.Options{
		Store: books{}, Log: hclog.NewNullLogger(), Zone: time.UTC, Zones: params.TimeZones,
		Lookup: func(text string) (guard.Number, bool) {
			n, ok := params.Lookup(text, "RU")
			return guard.Number{E164: n.E164, Region: n.Region, Type: n.Type}, ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	form, err := guard.Schema(guard.Message)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := transcode.FromAny(nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	rules, faults := guard.Compile(guard.Message, form.WithDefaults(raw), "RU", time.UTC)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	g.SetRules(guard.Message, rules)
	return g
}

func spends(r *registry.Route) {
	r.Action.Spends = &manifest.Spends{Kind: "message", Destination: "phone", Text: "message"}
}

// TestGuardStage: what is refused never reaches the plugin, is recorded with the
// rule, and is not kept under an Idempotency-Key.
func TestGuardStage(t *testing.T) {
	r := newRig(t)
	r.opt.Guard = newGuard(t, map[string]any{"number_per_minute": 1, "number_per_hour": 1})
	plugin := &counted{run: ok}
	r.route("send", plugin, spends)
	r.start()
	abroad := r.send("/sms/send", `{"phone":"+442079460000","message":"Hi"}`, "Idempotency-Key", "k1")
	if abroad.status != 403 || abroad.body != `{"error":"Destination refused: the country is not allowed!"}` {
		t.Errorf("%+v", abroad)
	}
	if rec := r.last(1); rec.Status != 403 || rec.Reason != "guard of messages: country" || rec.Body == "" {
		t.Errorf("record %+v", rec)
	}
	if a := r.send("/sms/send", `{"phone":"+79190001234","message":"Hi"}`, "Idempotency-Key", "k1"); a.status != 201 {
		t.Errorf("a refused request holds its key: %+v", a)
	}
	// The stored answer comes again without another message.
	if a := r.send("/sms/send", `{"phone":"+79190001234","message":"Hi"}`, "Idempotency-Key", "k1"); a.status != 201 {
		t.Errorf("a repetition: %+v", a)
	}
	full := r.send("/sms/send", `{"phone":"8 919 000-12-34","message":"Hi"}`)
	if full.status != 429 || full.body != `{"error":"Limit reached: messages to this number per minute!"}` || full.header.Get("Retry-After") == "" {
		t.Errorf("%+v", full)
	}
	if n := plugin.runs.Load(); n != 1 {
		t.Errorf("the plugin ran %d times, want once", n)
	}
}

// TestGuardTicket: the ticket is with the plugin's host operations, and what
// certainly did not happen is given back.
func TestGuardTicket(t *testing.T) {
	r := newRig(t)
	g := newGuard(t, map[string]any{"tariff": "+7 2", "user_spend": 6, "number_per_minute": 0, "number_per_hour": 0})
	r.opt.Guard = g
	outcome := error(nil)
	r.route("send", runner(func(ctx context.Context, q *abi.Request) (*wasm.Result, error) {
		if !guard.From(ctx).Use(guard.Message, q.Params.Get("phone").String()) {
			t.Error("the plugin has no ticket for the number")
		}
		if outcome != nil {
			return nil, outcome
		}
		return ok(1)
	}), spends)
	r.start()
	send := func(text string) int {
		return r.send("/sms/send", `{"phone":"+79190001234","message":"`+text+`"}`).status
	}
	outcome = fault(abi.CodeUnavailable, false)
	for range 5 {
		if got := send("Hi"); got != 502 { // 2 each, and back
			t.Fatal(got)
		}
	}
	outcome = fault(abi.CodeTimeout, true)
	if got := send("Hi"); got != 504 { // 2, since it may have been sent
		t.Fatal(got)
	}
	outcome = nil
	if got := send(strings.Repeat("x", 161)); got != 201 { // two parts: 4
		t.Fatal(got)
	}
	if got := send("Hi"); got != 429 {
		t.Errorf("%d after 6 were spent", got)
	}
	if r := g.Refusals(); len(r) != 1 || r[0].Rule != "user_spend" {
		t.Errorf("%+v", r)
	}
}
