package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	freeswitchcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// noStore keeps nothing.
type noStore struct{}

func (noStore) Scan(context.Context, string, func(string, []byte) error) error { return nil }
func (noStore) Write([]guard.Change) error                                     { return nil }

// guardedApp has guards by the rules of a file, and nothing else.
func guardedApp(t *testing.T, text string) *App {
	t.Helper()
	cfg, diagnostics := config.Parse("gateway.hcl", []byte(text), config.Env{})
	if err := diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	a := &App{cfg: cfg, log: hclog.NewNullLogger()}
	g, err := guard.New(t.Context(), guard.Options{Store: noStore{}, Log: a.log, Zone: cfg.Gateway.TimeZone, Lookup: a.lookupNumber, Zones: params.TimeZones})
	if err != nil {
		t.Fatal(err)
	}
	a.guard = g
	rules, err := guardRules(cfg, registry.State{})
	if err != nil {
		t.Fatal(err)
	}
	a.adoptGuards(rules)
	return a
}

// switchboard is a link that places every call, or fails as it is told.
type switchboard struct {
	freeswitchcall.Link
	placed []string
	fail   error
}

func (s *switchboard) Originate(_ context.Context, r freeswitch.OriginateRequest) (freeswitch.OriginateResult, error) {
	if s.fail != nil {
		return freeswitch.OriginateResult{}, s.fail
	}
	s.placed = append(s.placed, r.Called)
	return freeswitch.OriginateResult{UUID: "00000000-0000-4000-8000-00000000000" + string(rune('0'+len(s.placed))), Node: "main"}, nil
}

// TestCallsOfAnyModuleAreGuarded: a module that leaves "spends" out, calls another
// number than it was asked to, or calls twice, is stopped where calls leave.
func TestCallsOfAnyModuleAreGuarded(t *testing.T) {
	a := guardedApp(t, `guard "call" {
		user_at_once = 2
		tariff       = "+7 2"
		minutes      = 1
	}`)
	spent := func() string {
		top, _ := a.guard.Top(guard.Call, 1)
		return top[0].Spent.String()
	}
	board := &switchboard{}
	link := guardedLink{board}
	op := a.guardedCalls(map[string]wasm.Operation{abi.OpFreeswitchOriginate: {Run: func(ctx context.Context, _ *wasm.Call, request, dst []byte) []byte {
		var q abi.Originate
		if err := q.Decode(request); err != nil {
			t.Fatal(err)
		}
		if _, err := link.Originate(ctx, freeswitch.OriginateRequest{Called: q.Called}); err != nil {
			return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeRefused, Message: err.Error()}, nil)
		}
		return abi.AppendAnswer(dst, nil, nil)
	}}})[abi.OpFreeswitchOriginate]
	call := func(ctx context.Context, number string) string {
		t.Helper()
		q := abi.Originate{Called: number, Caller: "1001", Account: "1001"}
		_, failure, err := abi.DecodeAnswer(op.Run(ctx, &wasm.Call{User: "crm"}, q.Append(nil), nil))
		if err != nil {
			t.Fatal(err)
		}
		if failure != nil {
			return failure.Message
		}
		return ""
	}
	ask := func(number string) context.Context {
		t.Helper()
		ticket, refusal := a.guard.Reserve(guard.Ask{Kind: guard.Call, User: "crm", Text: number})
		if refusal != nil {
			t.Fatal(refusal)
		}
		return guard.With(t.Context(), ticket)
	}
	const abroad = "Destination refused: the country is not allowed!"
	if got := call(t.Context(), "+442079460000"); got != abroad {
		t.Errorf("a module that says nothing: %q", got)
	}
	ctx := ask("89100000000")
	if got := call(ctx, "+442079460000"); got != abroad {
		t.Errorf("another number under a ticket: %q", got)
	}
	if got := call(ctx, "89100000000"); got != "" {
		t.Errorf("what it was asked for: %q", got)
	}
	if got := call(ctx, "89100000000"); got != "" { // a second call, with a ticket of its own
		t.Errorf("a second call: %q", got)
	}
	if got := call(ctx, "89100000000"); got != "Limit reached: calls of this user at once!" {
		t.Errorf("a third call under one request: %q", got)
	}
	if len(board.placed) != 2 || a.guard.Live() != 2 {
		t.Errorf("%d calls were placed and %d live, want 2", len(board.placed), a.guard.Live())
	}
	for i := range 2 {
		a.callEnded("main", "00000000-0000-4000-8000-00000000000"+string(rune('1'+i)), time.Minute)
	}
	// What FreeSWITCH refuses leaves no call behind and costs nothing; what nobody knows
	// about does.
	before := spent()
	board.fail = &freeswitch.OriginateError{Cause: "USER_BUSY", Node: "main", Sent: true, Err: freeswitch.ErrRefused}
	for range 2 {
		ctx := ask("89100000001")
		call(ctx, "89100000001")
		guard.From(ctx).Close(true)
	}
	for name, fail := range map[string]error{
		"no right":       &freeswitch.OriginateError{Node: "main", Sent: true, Err: freeswitch.ErrPermission},
		"nobody to ask":  &freeswitch.NoNodeError{Nodes: []freeswitch.NodeError{{Node: "main", Err: &freeswitch.OriginateError{Node: "main", Err: freeswitch.ErrNodeDown}}}},
		"a wrong number": &freeswitch.ValueError{Field: "called_number", Reason: "x"},
	} {
		board.fail = fail
		ctx := ask("89100000001")
		call(ctx, "89100000001")
		guard.From(ctx).Close(true)
		if got := spent(); got != before {
			t.Errorf("%s: %s are spent, want %s", name, got, before)
		}
	}
	board.fail = &freeswitch.OriginateError{Node: "main", UUID: "00000000-0000-4000-8000-00000000000a", Sent: true, Err: freeswitch.ErrUnknownOutcome}
	ctx = ask("89100000002")
	call(ctx, "89100000002")
	guard.From(ctx).Close(true)
	if n := a.guard.Live(); n != 1 {
		t.Errorf("%d calls live, want the one that nobody knows about", n)
	}
}

// TestMessagesOfAnyModuleAreGuarded: as for calls, where messages leave.
func TestMessagesOfAnyModuleAreGuarded(t *testing.T) {
	a := guardedApp(t, `guard "message" {
		number_per_minute = 2
	}`)
	var sent []string
	var fail error
	send := guardedSend(a.guard, pointSMS, func(_ context.Context, q *abi.Request, _ int) (*wasm.Result, error) {
		if fail != nil {
			return nil, fail
		}
		sent = append(sent, q.Params.Get("phone").String())
		return &wasm.Result{}, nil
	})
	try := func(ctx context.Context, phone string) string {
		_, err := send(ctx, &abi.Request{Point: pointSMS, Name: smsSend, User: "crm", Params: new(abi.Object).Str("phone", phone).Str("message", "Hi").Value()}, 1)
		var own *abi.Error
		if errors.As(err, &own) {
			return own.Message
		}
		return ""
	}
	if got := try(t.Context(), "+442079460000"); !strings.HasPrefix(got, "Destination refused") {
		t.Errorf("abroad: %q", got)
	}
	ticket, refusal := a.guard.Reserve(guard.Ask{Kind: guard.Message, User: "crm", Number: guard.Number{E164: "+79190000000", Region: "RU", Type: "mobile"}})
	if refusal != nil {
		t.Fatal(refusal)
	}
	ctx := guard.With(t.Context(), ticket)
	// The next provider may be tried under the same ticket when nothing was sent.
	fail = &abi.Error{Code: abi.CodeUnavailable, Message: "mts is down"}
	for range 3 {
		if got := try(ctx, "+79190000000"); got != "mts is down" {
			t.Errorf("a provider that is down: %q", got)
		}
	}
	fail = nil
	if got := try(ctx, "+79190000000"); got != "" {
		t.Errorf("the message: %q", got)
	}
	if got := try(ctx, "+79190000000"); got != "" {
		t.Errorf("a second message needs a ticket of its own: %q", got)
	}
	if got := try(ctx, "+79190000000"); got != "Limit reached: messages to this number per minute!" {
		t.Errorf("a third message: %q", got)
	}
	if len(sent) != 2 {
		t.Errorf("%v left", sent)
	}
	if other := guardedSend(a.guard, "report.source", send); other == nil {
		t.Error("other points have no provider")
	}
}

// TestGuardsAreDocumented: the block of default.hcl holds the values that the
// gateway begins with, and every key that there is.
func TestGuardsAreDocumented(t *testing.T) {
	src, err := os.ReadFile(filepath.Join("..", "config", "default.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range guard.Kinds() {
		block := regexp.MustCompile(`(?ms)^# guard "` + string(k) + `" \{\n(.*?)^# \}\n`).FindSubmatch(src)
		if block == nil {
			t.Fatalf("default.hcl has no guard %q", k)
		}
		text := "guard \"" + string(k) + "\" {\n" + regexp.MustCompile(`(?m)^# ?`).ReplaceAllString(string(block[1]), "") + "}\n"
		cfg, diagnostics := config.Parse("default.hcl", []byte(text), config.Env{})
		if err := diagnostics.Err(); err != nil {
			t.Fatal(err)
		}
		form, err := guard.Schema(k)
		if err != nil {
			t.Fatal(err)
		}
		empty, err := settingsValue(form, map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		file, _ := guardValues(cfg, k, registry.State{})
		written, err := settingsValue(form, file)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range form.Properties() {
			if _, there := file[p.Name]; !there && k == guard.Call {
				t.Errorf("default.hcl does not name %s", p.Name)
			}
			if x, y := empty.Get(p.Name), written.Get(p.Name); x.String() != y.String() || x.Len() != y.Len() {
				t.Errorf("guard %q: %s begins with %s, default.hcl says %s", k, p.Name, x, y)
			}
		}
	}
}

// TestGuardsOfAFileAreChecked: a mistake is found by `patchbay check`, with its place.
func TestGuardsOfAFileAreChecked(t *testing.T) {
	cfg, diagnostics := config.Parse("gateway.hcl", []byte("guard \"call\" {\n  tariff = \"+7 x\"\n}\n"), config.Env{})
	if err := diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	_, err := guardRules(cfg, registry.State{})
	if err == nil || !strings.Contains(err.Error(), "gateway.hcl:2:3") || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("%v", err)
	}
	if len(Check(cfg)) == 0 {
		t.Error("Check finds nothing")
	}
}
