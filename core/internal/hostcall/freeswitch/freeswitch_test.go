package freeswitchcall_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/callcenter"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/show"
	freeswitchcall "github.com/patchbay-gw/patchbay/core/internal/hostcall/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// world is a FreeSWITCH link and a journal that note the order of what happens.
type world struct {
	steps   []string
	call    journal.Call
	outcome journal.CallOutcome
	request freeswitch.OriginateRequest
	err     error // of Originate
	begin   error
	end     error
	during  func() // while the call is placed

	queues   []freeswitch.Queue
	tiers    []freeswitch.Tier
	agents   []freeswitch.Agent
	channels []freeswitch.Channel
	failed   []freeswitch.NodeError
}

func (w *world) BeginCall(_ context.Context, c journal.Call) (uint64, error) {
	w.steps, w.call = append(w.steps, "begin"), c
	return 7, w.begin
}

func (w *world) EndCall(ctx context.Context, id uint64, o journal.CallOutcome) error {
	_, bounded := ctx.Deadline()
	w.steps, w.outcome = append(w.steps, fmt.Sprintf("end %d bounded=%t %v", id, bounded, ctx.Err())), o
	return w.end
}

func (w *world) Originate(_ context.Context, r freeswitch.OriginateRequest) (freeswitch.OriginateResult, error) {
	w.steps, w.request = append(w.steps, "originate"), r
	if w.during != nil {
		w.during()
	}
	if w.err != nil {
		return freeswitch.OriginateResult{}, w.err
	}
	return freeswitch.OriginateResult{UUID: "u-1", Node: "pbx1"}, nil
}

func (w *world) Queues(context.Context, string) ([]freeswitch.Queue, []freeswitch.NodeError) {
	return w.queues, w.failed
}

func (w *world) Tiers(context.Context, string) ([]freeswitch.Tier, []freeswitch.NodeError) {
	return w.tiers, w.failed
}

func (w *world) Agents(context.Context, string, string) ([]freeswitch.Agent, []freeswitch.NodeError) {
	return w.agents, w.failed
}

func (w *world) Channels(context.Context, string) ([]freeswitch.Channel, []freeswitch.NodeError) {
	return w.channels, w.failed
}

func options(w *world) freeswitchcall.Options {
	o := freeswitchcall.Options{Calls: w, Number: func(s string) string { return "tel:" + s }, Log: hclog.NewNullLogger()}
	if w != nil {
		o.Link = w
	}
	return o
}

func run(t testing.TB, ctx context.Context, o freeswitchcall.Options, c *wasm.Call, operation string, request []byte) (abi.Value, *abi.Error) {
	t.Helper()
	op, ok := freeswitchcall.Operations(o)[operation]
	if !ok {
		t.Fatalf("no operation %s", operation)
	}
	dst := op.Run(ctx, c, request, []byte("kept"))
	if string(dst[:4]) != "kept" {
		t.Fatal("dst was overwritten")
	}
	body, failure, err := abi.DecodeAnswer(dst[4:])
	if err != nil {
		t.Fatal(err)
	}
	if len(body) > 0 {
		if err := abi.Check(body); err != nil {
			t.Fatalf("the answer is no value: %v", err)
		}
	}
	return body, failure
}

var good = abi.Originate{Called: "89100000000", Caller: "1001", Account: "1234", Node: "pbx1"}

func TestOriginate(t *testing.T) {
	w := &world{}
	body, failure := run(t, t.Context(), options(w), &wasm.Call{User: "crm", RequestID: "r1"}, abi.OpFreeswitchOriginate, good.Append(nil))
	if failure != nil || body.Get("uuid").String() != "u-1" || body.Get("node").String() != "pbx1" {
		t.Fatalf("%v %v", body, failure)
	}
	if want := []string{"begin", "originate", "end 7 bounded=true <nil>"}; !slices.Equal(w.steps, want) {
		t.Errorf("%q", w.steps)
	}
	if w.call != (journal.Call{Node: "pbx1", Called: "tel:89100000000", Caller: "tel:1001", Account: "1234", User: "crm", RequestID: "r1"}) {
		t.Errorf("intent %+v", w.call)
	}
	if w.outcome != (journal.CallOutcome{Result: journal.ResultOK, UUID: "u-1"}) {
		t.Errorf("outcome %+v", w.outcome)
	}
	if w.request.Called != good.Called || w.request.Caller != good.Caller || w.request.Account != good.Account || w.request.Node != "pbx1" || w.request.Variables != nil {
		t.Errorf("request %+v", w.request)
	}
}

// TestUnacceptable: nothing is recorded and nothing sent.
func TestUnacceptable(t *testing.T) {
	edit := func(f func(*abi.Originate)) []byte {
		q := good
		f(&q)
		return q.Append(nil)
	}
	rows := map[string]struct {
		request []byte
		field   string
	}{
		"called: a command":  {edit(func(q *abi.Originate) { q.Called = "1001 &system(id)" }), "called_number"},
		"called: empty":      {edit(func(q *abi.Originate) { q.Called = "" }), "called_number"},
		"called: expansion":  {edit(func(q *abi.Originate) { q.Called = "${system(id)}" }), "called_number"},
		"caller: line break": {edit(func(q *abi.Originate) { q.Caller = "1001\n\nexit" }), "caller_number"},
		"account: options":   {edit(func(q *abi.Originate) { q.Account = "{a=b}1001" }), "sip"},
		"all: the first":     {edit(func(q *abi.Originate) { q.Called, q.Caller, q.Account = "", "", "" }), "called_number"},
		"no request":         {nil, ""},
		"cut off":            {good.Append(nil)[:10], ""},
		"more behind it":     {append(good.Append(nil), 0), ""},
	}
	for name, row := range rows {
		w := &world{}
		_, failure := run(t, t.Context(), options(w), &wasm.Call{}, abi.OpFreeswitchOriginate, row.request)
		code, source := abi.CodeInvalid, abi.SourceCaller
		if row.field == "" {
			code, source = abi.CodeInternal, abi.SourcePlugin
		}
		if failure == nil || failure.Code != code || failure.Source != source || failure.Message != row.field || failure.Sent || len(w.steps) != 0 {
			t.Errorf("%s: %+v after %q", name, failure, w.steps)
		}
	}
}

// TestOriginateErrors: every error class of the link, as the caller and the
// journal see it.
func TestOriginateErrors(t *testing.T) {
	refusal := func(cause string, sent bool, err error) error {
		return fmt.Errorf("x: %w", &freeswitch.OriginateError{Cause: cause, Node: "pbx1", UUID: "u-9", Sent: sent, Err: err})
	}
	unknown := fmt.Errorf("x: %w", freeswitch.ErrUnknownOutcome)
	rows := []struct {
		name    string
		err     error
		code    abi.Code
		message string
		sent    bool
		result  string
		uuid    string
	}{
		{"refused", refusal("USER_BUSY", true, freeswitch.ErrRefused), abi.CodeRefused, "USER_BUSY", true, journal.ResultError, ""},
		{"refused with a strange cause", refusal("UNKNOWN", true, freeswitch.ErrRefused), abi.CodeRefused, "UNKNOWN", true, journal.ResultError, ""},
		{"no answer", refusal("", true, unknown), abi.CodeTimeout, "FreeSWITCH", true, journal.ResultUnknown, "u-9"},
		{"no answer, bare", unknown, abi.CodeTimeout, "FreeSWITCH", true, journal.ResultUnknown, ""},
		{"permission", refusal("", true, freeswitch.ErrPermission), abi.CodeUnavailable, "FreeSWITCH", true, journal.ResultError, ""},
		{"usage", refusal("", true, freeswitch.ErrUsage), abi.CodeUnavailable, "FreeSWITCH", true, journal.ResultError, ""},
		{"unknown command", refusal("", true, freeswitch.ErrUnknownCommand), abi.CodeUnavailable, "FreeSWITCH", true, journal.ResultError, ""},
		{"unsafe command", refusal("", false, freeswitch.ErrUnsafeCommand), abi.CodeUnavailable, "FreeSWITCH", false, journal.ResultError, ""},
		{"no node", &freeswitch.NoNodeError{Nodes: []freeswitch.NodeError{{Node: "pbx1", Err: freeswitch.ErrNodeDown}}}, abi.CodeUnavailable, "FreeSWITCH", false, journal.ResultError, ""},
		{"unknown node", freeswitch.ErrUnknownNode, abi.CodeUnavailable, "FreeSWITCH", false, journal.ResultError, ""},
		{"link closed", freeswitch.ErrLinkClosed, abi.CodeUnavailable, "FreeSWITCH", false, journal.ResultError, ""},
		{"a value after all", &freeswitch.ValueError{Field: "sip", Reason: "not allowed"}, abi.CodeInvalid, "sip", false, journal.ResultError, ""},
		{"out of time before sending", context.DeadlineExceeded, abi.CodeTimeout, "FreeSWITCH", false, journal.ResultError, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{err: row.err}
			_, failure := run(t, t.Context(), options(w), &wasm.Call{}, abi.OpFreeswitchOriginate, good.Append(nil))
			if failure == nil || failure.Code != row.code || failure.Message != row.message || failure.Sent != row.sent || failure.Detail == "" {
				t.Errorf("%+v", failure)
			}
			if w.outcome.Result != row.result || w.outcome.UUID != row.uuid || w.outcome.Detail == "" || len(w.steps) != 3 {
				t.Errorf("%q, outcome %+v", w.steps, w.outcome)
			}
		})
	}
}

// TestOriginateLate: the caller's time ends while the call is placed; the outcome
// is written all the same.
func TestOriginateLate(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := &world{err: fmt.Errorf("x: %w", freeswitch.ErrUnknownOutcome), during: cancel}
	_, failure := run(t, ctx, options(w), &wasm.Call{}, abi.OpFreeswitchOriginate, good.Append(nil))
	if want := []string{"begin", "originate", "end 7 bounded=true <nil>"}; !slices.Equal(w.steps, want) || w.outcome.Result != journal.ResultUnknown {
		t.Errorf("%q %+v", w.steps, w.outcome)
	}
	if failure == nil || !failure.Sent {
		t.Errorf("%+v", failure)
	}
}

func TestOriginateJournal(t *testing.T) {
	w := &world{begin: errors.New("disk")}
	_, failure := run(t, t.Context(), options(w), &wasm.Call{}, abi.OpFreeswitchOriginate, good.Append(nil))
	if failure == nil || failure.Code != abi.CodeInternal || failure.Sent || len(w.steps) != 1 {
		t.Errorf("without an intent: %+v after %q", failure, w.steps)
	}
	w = &world{end: errors.New("disk")}
	if body, failure := run(t, t.Context(), options(w), &wasm.Call{}, abi.OpFreeswitchOriginate, good.Append(nil)); failure != nil || body.Get("uuid").String() != "u-1" {
		t.Errorf("the call was placed: %v %v", body, failure)
	}
}

func TestEffects(t *testing.T) {
	for name, op := range freeswitchcall.Operations(freeswitchcall.Options{}) {
		if op.Effect != (name == abi.OpFreeswitchOriginate) || op.Local {
			t.Errorf("%s: %+v", name, op)
		}
	}
}

func TestNotConfigured(t *testing.T) {
	o := freeswitchcall.Options{Log: hclog.NewNullLogger()}
	for _, operation := range []string{abi.OpFreeswitchOriginate, abi.OpFreeswitchQueues, abi.OpFreeswitchTiers, abi.OpFreeswitchAgents, abi.OpFreeswitchChannels} {
		_, failure := run(t, t.Context(), o, &wasm.Call{}, operation, good.Append(nil))
		if failure == nil || failure.Code != abi.CodeUnavailable || failure.Message != "FreeSWITCH" || failure.Sent {
			t.Errorf("%s: %+v", operation, failure)
		}
	}
}

// keys are the names of a map in order.
func keys(v abi.Value) string {
	var out []string
	for name := range v.Entries() {
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// TestLists: the columns of the manual, in its order, all of them text.
func TestLists(t *testing.T) {
	w := &world{
		queues:   []freeswitch.Queue{{Node: "pbx1", Queue: callcenter.Queue{Name: "support@default", AgentNoAnswerStatus: "On Break"}}},
		tiers:    []freeswitch.Tier{{Node: "pbx1", Tier: callcenter.Tier{Queue: "q", Agent: "1001", State: "Ready", Level: "1", Position: "01"}}},
		agents:   []freeswitch.Agent{{Node: "pbx1", Agent: callcenter.Agent{Name: "1001", ExternalCallsCount: "0"}}},
		channels: []freeswitch.Channel{{Node: "pbx1", Channel: show.Channel{UUID: "u", Direction: "inbound"}}},
	}
	rows := []struct{ operation, keys, first string }{
		{abi.OpFreeswitchQueues, "name strategy moh_sound time_base_score tier_rules_apply tier_rule_wait_second tier_rule_wait_multiply_level " +
			"tier_rule_no_agent_no_wait discard_abandoned_after abandoned_resume_allowed max_wait_time max_wait_time_with_no_agent " +
			"max_wait_time_with_no_agent_time_reached record_template calls_answered calls_abandoned ring_progressively_delay " +
			"skip_agents_with_external_calls agent_no_answer_status", "support@default"},
		{abi.OpFreeswitchTiers, "queue agent state level position", "q"},
		{abi.OpFreeswitchAgents, "name instance_id uuid type", "1001"},
		{abi.OpFreeswitchChannels, "uuid direction created created_epoch name", "u"},
	}
	for _, row := range rows {
		c := &wasm.Call{}
		body, failure := run(t, t.Context(), options(w), c, row.operation, nil)
		if failure != nil || body.Len() != 1 {
			t.Fatalf("%s: %v", row.operation, failure)
		}
		names := keys(body.Index(0))
		if !strings.HasPrefix(names, row.keys) {
			t.Errorf("%s: %s", row.operation, names)
		}
		for name, v := range body.Index(0).Entries() {
			if name == "" || v.Kind() != abi.String {
				t.Errorf("%s: %q is %v", row.operation, name, v.Kind())
			}
		}
		first, _, _ := strings.Cut(row.keys, " ")
		if got := body.Index(0).Get(first).String(); got != row.first {
			t.Errorf("%s: %s = %q", row.operation, first, got)
		}
	}
	if body, failure := run(t, t.Context(), options(&world{}), &wasm.Call{}, abi.OpFreeswitchTiers, nil); failure != nil || body.Kind() != abi.Array || body.Len() != 0 {
		t.Errorf("nothing there: %v %v", body, failure)
	}
}

// TestPartialLists: a node that did not answer is named, and nothing at all is a
// failure.
func TestPartialLists(t *testing.T) {
	one := []freeswitch.Tier{{Tier: callcenter.Tier{Queue: "q\xff"}}}
	down := freeswitch.NodeError{Node: "pbx2", Err: freeswitch.ErrNodeDown}
	slow := freeswitch.NodeError{Node: "pbx3", Err: context.DeadlineExceeded}
	damaged := freeswitch.NodeError{Node: "pbx4", Err: &freeswitch.MalformedRowsError{Lines: []string{"a|b"}}}
	rows := []struct {
		name     string
		tiers    []freeswitch.Tier
		failed   []freeswitch.NodeError
		code     abi.Code // "" for an answer
		warnings []string
	}{
		{"one is down", one, []freeswitch.NodeError{down}, "", []string{"node pbx2 is unavailable"}},
		{"two are down", one, []freeswitch.NodeError{down, slow}, "", []string{"node pbx2 is unavailable", "node pbx3 is unavailable"}},
		{"a damaged row", one, []freeswitch.NodeError{damaged}, "", []string{"node pbx4: 1 lines"}},
		{"nothing but a damaged row", nil, []freeswitch.NodeError{damaged}, abi.CodeUnavailable, nil},
		{"all are down", nil, []freeswitch.NodeError{down}, abi.CodeUnavailable, nil},
		{"all are slow", nil, []freeswitch.NodeError{slow}, abi.CodeTimeout, nil},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			c := &wasm.Call{}
			body, failure := run(t, t.Context(), options(&world{tiers: row.tiers, failed: row.failed}), c, abi.OpFreeswitchTiers, nil)
			if row.code != "" {
				if failure == nil || failure.Code != row.code || failure.Message != "FreeSWITCH" || failure.Source != abi.SourceUpstream {
					t.Errorf("%+v", failure)
				}
				return
			}
			text := fmt.Sprintf("%+v", *c)
			if failure != nil || body.Len() != len(row.tiers) {
				t.Errorf("%d rows, %v", body.Len(), failure)
			}
			for _, w := range row.warnings {
				if !strings.Contains(text, w) {
					t.Errorf("no warning %q in %s", w, text)
				}
			}
		})
	}
}

func TestCDR(t *testing.T) {
	rows := []struct {
		name, text string
		err        error
		code       abi.Code
		source     abi.Source
	}{
		{"found", `{"cdr":{"@attributes":{"core-uuid":"c"},"a":[],"n":1001}}`, nil, "", ""},
		{"not found", "", fmt.Errorf("x: %w", freeswitchcall.ErrNotFound), abi.CodeNotFound, abi.SourceCaller},
		{"store", "", errors.New("disk"), abi.CodeInternal, abi.SourceHost},
		{"out of time", "", context.DeadlineExceeded, abi.CodeTimeout, abi.SourceHost},
		{"no JSON", `{`, nil, abi.CodeInternal, abi.SourceHost},
	}
	for _, row := range rows {
		var asked string
		o := freeswitchcall.Options{CDR: func(_ context.Context, id string) ([]byte, error) { asked = id; return []byte(row.text), row.err }}
		body, failure := run(t, t.Context(), o, &wasm.Call{}, abi.OpFreeswitchCDR, abi.AppendStrings(nil, "id-1"))
		if asked != "id-1" || row.code == "" && (failure != nil || body.Get("cdr").Get("n").String() != "1001") ||
			row.code != "" && (failure == nil || failure.Code != row.code || failure.Source != row.source || failure.Message != "") {
			t.Errorf("%s: %v %+v", row.name, body, failure)
		}
	}
}

// tape is a recording that notes that it was closed.
type tape struct{ closed int }

func (r *tape) Size() int64         { return 44 }
func (r *tape) ContentType() string { return "audio/wav" }
func (r *tape) Close() error        { r.closed++; return nil }

func TestRecording(t *testing.T) {
	rows := []struct {
		name string
		err  error
		code abi.Code
		msg  string
	}{
		{"found", nil, "", ""},
		{"not found", fmt.Errorf("x: %w", freeswitchcall.ErrNotFound), abi.CodeNotFound, ""},
		{"still written", fmt.Errorf("x: %w", freeswitchcall.ErrUnfinished), abi.CodeConflict, ""},
		{"out of time", context.DeadlineExceeded, abi.CodeTimeout, "FreeSWITCH"},
		{"anything else", errors.New("permission denied"), abi.CodeUnavailable, "FreeSWITCH"},
	}
	for _, row := range rows {
		r := &tape{}
		o := freeswitchcall.Options{Recording: func(_ context.Context, id string) (freeswitchcall.Recording, error) {
			if id != "id-1" {
				t.Errorf("asked for %q", id)
			}
			if row.err != nil {
				return nil, row.err
			}
			return r, nil
		}}
		body, failure := run(t, t.Context(), o, &wasm.Call{}, abi.OpFreeswitchRecording, abi.AppendStrings(nil, "id-1"))
		if row.code != "" {
			if failure == nil || failure.Code != row.code || failure.Message != row.msg {
				t.Errorf("%s: %+v", row.name, failure)
			}
			continue
		}
		var a abi.Attachment
		if failure != nil || a.Decode(body) != nil || a != (abi.Attachment{ID: 1, Size: 44, ContentType: "audio/wav"}) || r.closed != 0 {
			t.Errorf("%s: %+v %v, closed %d times", row.name, a, failure, r.closed)
		}
	}
}

func TestMalformed(t *testing.T) {
	for _, operation := range []string{abi.OpFreeswitchCDR, abi.OpFreeswitchRecording} {
		for _, request := range [][]byte{nil, {0xc1}, abi.AppendArray(nil, 1), abi.StringValue("x"), append(abi.AppendStrings(nil, "x"), 0)} {
			_, failure := run(t, t.Context(), freeswitchcall.Options{}, &wasm.Call{}, operation, request)
			if failure == nil || failure.Code != abi.CodeInternal || failure.Source != abi.SourcePlugin {
				t.Errorf("%s %x: %+v", operation, request, failure)
			}
		}
	}
}

// FuzzOriginate: whatever a plugin asks for, nothing is placed without an intent,
// every intent has an outcome, and every answer is one.
func FuzzOriginate(f *testing.F) {
	f.Add(good.Append(nil))
	f.Add((&abi.Originate{Called: "+7 (910) 000-00-00", Caller: "1", Account: "a@b"}).Append(nil))
	f.Add([]byte{0x94, 0xa1, '1', 0xa1, '1', 0xa1, '1', 0xa0})
	f.Fuzz(func(t *testing.T, request []byte) {
		w := &world{}
		run(t, t.Context(), options(w), &wasm.Call{}, abi.OpFreeswitchOriginate, request)
		if len(w.steps) != 0 && len(w.steps) != 3 {
			t.Errorf("%q", w.steps)
		}
		if strings.ContainsAny(w.request.Called+w.request.Caller+w.request.Account, "\r\n\x00{}[]$&'\"\\") {
			t.Errorf("%+v was let through", w.request)
		}
	})
}
