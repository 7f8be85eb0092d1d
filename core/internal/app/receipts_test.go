package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/store"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

const smsPoint = "sms.provider"

// task is a plugin's answer to a task of the gateway.
type task func(ctx context.Context, q *abi.Request) (abi.Value, error)

func (f task) Do(ctx context.Context, q *abi.Request, _ int) (*wasm.Result, error) {
	v, err := f(ctx, q)
	if err != nil {
		return nil, err
	}
	return &wasm.Result{Reply: abi.Reply{Body: v}}, nil
}

func jsonValue(t testing.TB, text string) abi.Value {
	t.Helper()
	n, err := jsontree.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n.Value()
}

func jsonText(v abi.Value) string { return string(jsontree.AppendValue(nil, v)) }

// newDelivery is a gateway that has a journal, webhooks and the given plugins.
func newDelivery(t *testing.T, modules []*registry.Module, providers []*registry.Provider) *App {
	t.Helper()
	s, err := store.Open(store.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	j, err := journal.Open(t.Context(), journal.Options{View: s.Prefix("journal")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	a := &App{cfg: &config.Config{}, log: hclog.NewNullLogger(), store: s, journal: j, registry: registry.New()}
	a.hooks = newHookKeys(keyed{s.Prefix("hooks")})
	a.registry.Swap(registry.NewTable(modules, providers))
	return a
}

func smsModule(on bool, run task) *registry.Module {
	return &registry.Module{ID: "sms", On: on, Runner: run, Manifest: &manifest.Manifest{ID: "sms", Provides: []manifest.Point{{Name: smsPoint}}}}
}

func smsProvider(name string, on bool, run task) *registry.Provider {
	m := &manifest.Manifest{ID: "p", Extends: []manifest.Extension{{Point: smsPoint, Operations: []string{"send", "receipt"}}}}
	return &registry.Provider{Name: name, On: on, Runner: run, Manifest: m}
}

func (a *App) knock(t *testing.T, call server.HookCall) (server.HookAnswer, error) {
	t.Helper()
	if call.Secret == "" {
		secret, err := a.hooks.get(call.Instance, true)
		if err != nil {
			t.Fatal(err)
		}
		call.Secret = secret
	}
	return a.receiveHook(t.Context(), call)
}

// TestReceiveHook: what the provider gets, what the module gets, and that the
// answer is the provider's.
func TestReceiveHook(t *testing.T) {
	var got, stored []string
	provider := task(func(_ context.Context, q *abi.Request) (abi.Value, error) {
		got = append(got, fmt.Sprint(q.Kind, " ", q.Point, " ", q.Name, " ", q.Instance, " ", q.RequestID, " ", jsonText(q.Params)))
		return jsonValue(t, `{"receipts":[
			{"message_id":"m-1","status":"delivered","detail":"d","at":"2026-11-22T02:00:00Z"},
			{"message_id":"","reference":"","status":"sent"},
			{"reference":"7","status":"DELIVRD"},
			{"message_id":"`+strings.Repeat("x", 300)+`","status":"sent"},
			"nonsense"],
			"answer":{"status":202,"content_type":"text/xml","body":"<ok/>"}}`), nil
	})
	module := task(func(_ context.Context, q *abi.Request) (abi.Value, error) {
		stored = append(stored, fmt.Sprint(q.Kind, " ", q.Point, " ", q.Name, " ", jsonText(q.Params)))
		return nil, nil
	})
	a := newDelivery(t, []*registry.Module{smsModule(true, module)}, []*registry.Provider{smsProvider("mts", true, provider)})
	answer, err := a.knock(t, server.HookCall{
		Instance: "mts", RequestID: "r1", Method: "POST", Query: "a=1&a=2&b=%D1%8F", Header: map[string]string{"x-sign": "s"},
		ContentType: "application/json; charset=utf-8", Body: []byte(`{"id":18446744073709551615}`),
	})
	if err != nil || answer != (server.HookAnswer{Status: 202, ContentType: "text/xml", Body: "<ok/>"}) {
		t.Errorf("%+v, %v", answer, err)
	}
	want := `2 sms.provider receipt mts r1 {"method":"POST","query":{"a":["1","2"],"b":"я"},"header":{"x-sign":"s"},` +
		`"content_type":"application/json","body":"{\"id\":18446744073709551615}","data":{"id":18446744073709551615}}`
	if len(got) != 1 || got[0] != want {
		t.Errorf("the provider got %v\nwant %s", got, want)
	}
	want = `2 sms.provider receipts {"instance":"mts","receipts":[` +
		`{"message_id":"m-1","reference":"","status":"delivered","detail":"d","at":"2026-11-22T02:00:00Z"},` +
		`{"message_id":"","reference":"7","status":"unknown","detail":"","at":""}]}`
	if len(stored) != 1 || stored[0] != want {
		t.Errorf("the module got %v\nwant %s", stored, want)
	}
	for kind, body := range map[string]string{"application/json": `{"a":`, "text/xml": "<a>", "text/plain": "x", "": "\xff", "bad;;": "x"} {
		if _, err := a.knock(t, server.HookCall{Instance: "mts", Method: "POST", ContentType: kind, Body: []byte(body)}); err != nil {
			t.Errorf("%s %q: %v", kind, body, err)
		}
		if last := got[len(got)-1]; !strings.Contains(last, `"data":null`) {
			t.Errorf("%s %q: %s", kind, body, last)
		}
	}
}

func TestReceiveHookRefuses(t *testing.T) {
	receipts := task(func(context.Context, *abi.Request) (abi.Value, error) {
		return jsonValue(t, `{"receipts":[{"reference":"7","status":"sent"}],"answer":{"status":200,"body":"OK"}}`), nil
	})
	nothing := task(func(context.Context, *abi.Request) (abi.Value, error) { return jsonValue(t, `{"receipts":[]}`), nil })
	stores := task(func(context.Context, *abi.Request) (abi.Value, error) { return nil, nil })
	fails := func(err error) task {
		return func(context.Context, *abi.Request) (abi.Value, error) { return nil, err }
	}
	deaf := smsProvider("mts", true, receipts)
	deaf.Manifest = &manifest.Manifest{Extends: []manifest.Extension{{Point: smsPoint, Operations: []string{"send"}}}}
	for name, c := range map[string]struct {
		provider *registry.Provider
		module   *registry.Module
		call     server.HookCall
		status   int // 0: an answer, 404: ErrNoHook
	}{
		"fine":                         {smsProvider("mts", true, receipts), smsModule(true, stores), server.HookCall{}, 0},
		"wrong secret":                 {smsProvider("mts", true, receipts), smsModule(true, stores), server.HookCall{Secret: "x"}, 404},
		"no such instance":             {smsProvider("mts", true, receipts), smsModule(true, stores), server.HookCall{Instance: "x", Secret: "x"}, 404},
		"reads no receipts":            {deaf, smsModule(true, stores), server.HookCall{}, 404},
		"provider is off":              {smsProvider("mts", false, receipts), smsModule(true, stores), server.HookCall{}, 503},
		"provider says invalid":        {smsProvider("mts", true, fails(&abi.Error{Code: abi.CodeInvalid})), smsModule(true, stores), server.HookCall{}, 400},
		"provider crashes":             {smsProvider("mts", true, fails(&wasm.DeadError{})), smsModule(true, stores), server.HookCall{}, 503},
		"provider is starting":         {smsProvider("mts", true, fails(&wasm.NotReadyError{})), smsModule(true, stores), server.HookCall{}, 503},
		"bad query":                    {smsProvider("mts", true, receipts), smsModule(true, stores), server.HookCall{Query: "%zz"}, 400},
		"module is off":                {smsProvider("mts", true, receipts), smsModule(false, stores), server.HookCall{}, 503},
		"no module":                    {smsProvider("mts", true, receipts), nil, server.HookCall{}, 503},
		"module cannot store":          {smsProvider("mts", true, receipts), smsModule(true, fails(errors.New("disk"))), server.HookCall{}, 503},
		"nothing to store, module off": {smsProvider("mts", true, nothing), smsModule(false, stores), server.HookCall{}, 0},
	} {
		var modules []*registry.Module
		if c.module != nil {
			modules = append(modules, c.module)
		}
		a := newDelivery(t, modules, []*registry.Provider{c.provider})
		if c.call.Instance == "" {
			c.call.Instance = "mts"
		}
		_, err := a.knock(t, c.call)
		var p *problem.Problem
		switch {
		case c.status == 0 && err == nil:
		case c.status == 404 && errors.Is(err, server.ErrNoHook):
		case c.status >= 400 && errors.As(err, &p) && p.Status == c.status && (c.status == 400 || p.RetryAfter > 0):
		default:
			t.Errorf("%s: %v, want %d", name, err, c.status)
		}
	}
}

func TestHookKeys(t *testing.T) {
	a := newDelivery(t, nil, nil)
	if open, err := a.hooks.open("mts", ""); open || err != nil {
		t.Error("an instance without a secret is open to the empty one")
	}
	var wg sync.WaitGroup
	secrets := make([]string, 16)
	for i := range secrets {
		wg.Go(func() { secrets[i], _ = a.hooks.get("mts", true) })
	}
	wg.Wait()
	for _, s := range secrets {
		if s != secrets[0] || len(s) != 32 {
			t.Fatalf("secrets %q", secrets)
		}
	}
	again := newHookKeys(a.hooks.storage) // after a restart
	if s, err := again.get("mts", false); s != secrets[0] || err != nil {
		t.Errorf("%q, %v", s, err)
	}
	if err := again.rotate("mts"); err != nil {
		t.Fatal(err)
	}
	if open, err := again.open("mts", secrets[0]); open || err != nil {
		t.Error("the old secret still opens")
	}
	if other, err := again.get("other", true); err != nil || other == secrets[0] {
		t.Errorf("%q, %v", other, err)
	}
	a.cfg.Gateway.PublicURL = ""
	if a.hookURL("mts") != "" {
		t.Error("an address that nobody can reach")
	}
	a.cfg.Gateway.PublicURL = "https://gw.example/base/"
	if got := a.hookURL("a b"); !strings.HasPrefix(got, "https://gw.example/base/hooks/a%20b/") {
		t.Error(got)
	}
}

// accepted records an SMS that is to be asked for now.
func (a *App) accepted(t *testing.T, provider string) uint64 {
	t.Helper()
	id, err := a.journal.BeginSMS(t.Context(), journal.SMS{Module: "sms", Provider: provider})
	if err == nil {
		err = a.journal.EndSMS(t.Context(), id, journal.SMSOutcome{
			Result: journal.ResultOK, Module: "sms", Provider: provider, MessageID: fmt.Sprint("m", id), Check: time.Now(), CheckPhone: "+79190000000",
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestPoll: each provider gets a task of its own, no provider two at a time, and
// what a task does not record is due again later, not at once.
func TestPoll(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	hold := make(chan struct{})
	module := task(func(_ context.Context, q *abi.Request) (abi.Value, error) {
		mu.Lock()
		asked[q.Instance] += q.Params.Get("sms").Len()
		mu.Unlock()
		e := q.Params.Get("sms").Index(0)
		if q.Kind != abi.Operation || q.Point != smsPoint || q.Name != "poll" || e.Get("phone").String() != "+79190000000" ||
			e.Get("message_id").String() != "m"+e.Get("id").String() || !e.Get("age_s").Exists() {
			t.Errorf("%+v %s", q, jsonText(q.Params))
		}
		if q.Instance == "slow" {
			<-hold
		}
		return nil, errors.New("crashed")
	})
	a := newDelivery(t, []*registry.Module{smsModule(true, module)}, []*registry.Provider{smsProvider("mts", true, nil), smsProvider("slow", true, nil)})
	for range 60 {
		a.accepted(t, "slow")
	}
	a.accepted(t, "mts")
	p := &poller{app: a, busy: map[pollGroup]bool{}}
	now := time.Now()
	round := func() {
		t.Helper()
		if err := p.round(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	round()
	round() // those of the slow one that are left wait
	a.accepted(t, "mts")
	now = time.Now()
	for done := false; !done; { // the first task of mts may not have ended
		round()
		mu.Lock()
		done = asked["mts"] >= 2
		mu.Unlock()
		now = now.Add(time.Second)
	}
	close(hold)
	p.work.Wait()
	if asked["slow"] != pollBatch || len(p.busy) != 0 {
		t.Errorf("asked %v, busy %v", asked, p.busy)
	}
	due, err := a.journal.DueSMS(t.Context(), now.Add(pollLease+time.Minute), 100)
	if err != nil || len(due) != 62 {
		t.Errorf("%d messages will be due again, %v", len(due), err)
	}
}

func TestPollWithoutModule(t *testing.T) {
	for name, modules := range map[string][]*registry.Module{
		"off": {smsModule(false, task(func(context.Context, *abi.Request) (abi.Value, error) { t.Error("asked"); return nil, nil }))}, "gone": nil,
	} {
		a := newDelivery(t, modules, nil)
		a.accepted(t, "mts")
		p := &poller{app: a, busy: map[pollGroup]bool{}}
		now := time.Now()
		if err := p.round(t.Context(), now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if due, err := a.journal.DueSMS(t.Context(), now, 10); err != nil || len(due) != 0 {
			t.Errorf("%s: still due: %v, %v", name, due, err)
		}
		if due, err := a.journal.DueSMS(t.Context(), now.Add(pollBusy), 10); err != nil || len(due) != 1 {
			t.Errorf("%s: lost: %v, %v", name, due, err)
		}
	}
}
