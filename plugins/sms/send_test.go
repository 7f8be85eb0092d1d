package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const manual = `{"phone":"89190000000","message":"Проверка работы ПО АРІ ЦОВ"}`

// accepts is a provider that takes everything.
func accepts(string, abi.Value) (abi.Value, *abi.Error) {
	return new(abi.Object).Str("message_id", "m-1").Value(), nil
}

// fails is a provider that fails with e.
func fails(e abi.Error) func(string, abi.Value) (abi.Value, *abi.Error) {
	return func(string, abi.Value) (abi.Value, *abi.Error) { return nil, &e }
}

var (
	refused = abi.Error{Code: abi.CodeRefused, Message: "SMS aggregator", Source: abi.SourceUpstream, Detail: "invalid number"}
	down    = abi.Error{Code: abi.CodeUnavailable, Message: "SMS aggregator", Source: abi.SourceUpstream, Detail: "connection refused"}
	lost    = abi.Error{Code: abi.CodeTimeout, Message: "SMS aggregator", Source: abi.SourceUpstream, Sent: true}
	cut     = abi.Error{Code: abi.CodeUnavailable, Message: "SMS aggregator", Source: abi.SourceUpstream, Sent: true}
	trapped = abi.Error{Code: abi.CodeInternal, Source: abi.SourcePlugin, Sent: true}
	unsure  = abi.Error{Code: abi.CodeRefused, Source: abi.SourceUpstream, Sent: true}
)

func TestAccepted(t *testing.T) {
	h := plugintest.New(t).Settings(`{"originator":"FRONTLINE","project_id":"1111"}`).Provider(point, "kannel", accepts)
	if got := h.Action("send", manual); got.Status() != 200 || got.JSON() != `{"result":"OK"}` {
		t.Errorf("got %d %s", got.Status(), got.JSON())
	}
	want := []string{"provider_list", "journal_begin", "provider_call", "journal_end"}
	if got := h.Operations(); !slices.Equal(got, want) {
		t.Errorf("host calls %v, want %v: the intent comes before the message leaves", got, want)
	}
	if got, want := plugintest.JSON(h.Journal.Begun[0].Fields), `{"phone":"89190000000","originator":"FRONTLINE",`+
		`"message":"Проверка работы ПО АРІ ЦОВ","project_id":"1111","session_id":"","provider":"kannel"}`; got != want {
		t.Errorf("intent %s, want %s", got, want)
	}
	end := h.Journal.Ended[0]
	if got, want := plugintest.JSON(end.Fields), `{"message_id":"m-1","provider":"kannel","detail":"","segments":1,"route":"rule default: kannel: accepted"}`; end.Result != "OK" || got != want {
		t.Errorf("outcome %s %s, want %s", end.Result, got, want)
	}
	if got, want := plugintest.JSON(h.ProviderCalls()[0].Params), `{"phone":"+79190000000","message":"Проверка работы ПО АРІ ЦОВ",`+
		`"originator":"FRONTLINE","reference":"1","encoding":"ucs2","segments":1,"receipt_url":""}`; got != want {
		t.Errorf("provider got %s, want %s", got, want)
	}
}

func TestRequestOverridesSettings(t *testing.T) {
	h := plugintest.New(t).Settings(`{"originator":"FRONTLINE","project_id":"1111"}`).Provider(point, "kannel", accepts)
	got := h.Action("send", `{"phone":"+7 (919) 000-00-00","message":"Hi","originator":"INFO","project_id":"2","session_id":"s","extended":true}`)
	if want := `{"result":"OK","id":"1","message_id":"m-1","provider":"kannel","encoding":"gsm7","segments":1,"rule":"default"}`; got.JSON() != want {
		t.Errorf("got %s, want %s", got.JSON(), want)
	}
	if got, want := plugintest.JSON(h.Journal.Begun[0].Fields), `{"phone":"+7 (919) 000-00-00","originator":"INFO","message":"Hi",`+
		`"project_id":"2","session_id":"s","provider":"kannel"}`; got != want {
		t.Errorf("intent %s, want %s", got, want)
	}
	h.Action("send", `{"phone":"89190000000","message":"Hi","originator":"","project_id":""}`)
	if f := h.Journal.Begun[1].Fields; f.Get("originator").String() != "FRONTLINE" || f.Get("project_id").String() != "1111" {
		t.Errorf("empty parameters do not fall back to the settings: %s", plugintest.JSON(f))
	}
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		first, second *abi.Error // nil accepts
		status        int
		json          string
		result        string // in the journal
		provider      string // in the journal
		calls         int
	}{
		"refused is final":             {&refused, nil, 200, `{"result":"error"}`, "error", "a", 1},
		"down, the next takes it":      {&down, nil, 200, `{"result":"OK"}`, "OK", "b", 2},
		"down, the next refuses":       {&down, &refused, 200, `{"result":"error"}`, "error", "b", 2},
		"down, the next is down":       {&down, &down, 502, `{"error":"SMS provider is unavailable!"}`, "error", "b", 2},
		"time-out is never repeated":   {&lost, nil, 504, `{"error":"SMS provider is unavailable!"}`, "unknown", "a", 1},
		"cut off is never repeated":    {&cut, nil, 502, `{"error":"SMS provider is unavailable!"}`, "unknown", "a", 1},
		"trap is never repeated":       {&trapped, nil, 502, `{"error":"SMS provider is unavailable!"}`, "unknown", "a", 1},
		"refused, but perhaps sent":    {&unsure, nil, 502, `{"error":"SMS provider is unavailable!"}`, "unknown", "a", 1},
		"busy, the next takes it":      {&abi.Error{Code: abi.CodeBusy}, nil, 200, `{"result":"OK"}`, "OK", "b", 2},
		"no grant, the next takes it":  {&abi.Error{Code: abi.CodeDenied}, nil, 200, `{"result":"OK"}`, "OK", "b", 2},
		"down, then lost":              {&down, &lost, 504, `{"error":"SMS provider is unavailable!"}`, "unknown", "b", 2},
		"dial time-out, next takes it": {&abi.Error{Code: abi.CodeTimeout}, nil, 200, `{"result":"OK"}`, "OK", "b", 2},
	} {
		t.Run(name, func(t *testing.T) {
			answer := func(e *abi.Error) func(string, abi.Value) (abi.Value, *abi.Error) {
				if e == nil {
					return accepts
				}
				return fails(*e)
			}
			h := plugintest.New(t).Provider(point, "a", answer(c.first)).Provider(point, "b", answer(c.second))
			if got := h.Action("send", manual); got.Status() != c.status || got.JSON() != c.json {
				t.Errorf("got %d %s, want %d %s", got.Status(), got.JSON(), c.status, c.json)
			}
			if len(h.ProviderCalls()) != c.calls {
				t.Errorf("%d provider calls, want %d", len(h.ProviderCalls()), c.calls)
			}
			if len(h.Journal.Begun) != 1 || len(h.Journal.Ended) != 1 {
				t.Fatalf("%d intents and %d outcomes, want one of each", len(h.Journal.Begun), len(h.Journal.Ended))
			}
			end := h.Journal.Ended[0]
			if end.Result != c.result || end.Fields.Get("provider").String() != c.provider {
				t.Errorf("the journal says %s by %s, want %s by %s", end.Result, end.Fields.Get("provider"), c.result, c.provider)
			}
		})
	}
}

func TestOrderOfProviders(t *testing.T) {
	h := plugintest.New(t).Settings(`{"providers":["c","gone","a"]}`).
		Provider(point, "a", accepts).Provider(point, "b", accepts).Provider(point, "c", fails(down))
	if got := h.Action("send", manual); got.JSON() != `{"result":"OK"}` {
		t.Errorf("got %s", got.JSON())
	}
	var order []string
	for _, q := range h.ProviderCalls() {
		order = append(order, q.Instance)
	}
	if want := []string{"c", "a"}; !slices.Equal(order, want) {
		t.Errorf("asked %v, want %v", order, want)
	}
	want := "rule default: gone: not configured; c: did not take it, unavailable; a: accepted"
	if got := h.Journal.Ended[0].Fields.Get("route").String(); got != want {
		t.Errorf("the journal says %q, want %q", got, want)
	}
}

func TestThoseThatCannotRunComeLast(t *testing.T) {
	h := plugintest.New(t).ProviderDown(point, "a").Provider(point, "b", accepts)
	h.Action("send", manual)
	if q := h.ProviderCalls(); len(q) != 1 || q[0].Instance != "b" {
		t.Errorf("asked %+v, want b alone", q)
	}
	h = plugintest.New(t).ProviderDown(point, "a")
	if got := h.Action("send", manual); got.Status() != 502 || len(h.ProviderCalls()) != 1 {
		t.Errorf("got %d after %d calls", got.Status(), len(h.ProviderCalls()))
	}
}

func TestNoProvider(t *testing.T) {
	h := plugintest.New(t)
	if got := h.Action("send", manual); got.Status() != 502 || got.Text() != "SMS provider is unavailable!" {
		t.Errorf("got %d %q", got.Status(), got.Text())
	}
	if len(h.Journal.Begun) != 0 {
		t.Error("an intent without a provider is in the journal")
	}
}

func TestJournalFailsBefore(t *testing.T) {
	h := plugintest.New(t).Provider(point, "a", accepts)
	h.Journal.Fail = &abi.Error{Code: abi.CodeUnavailable, Message: "journal", Source: abi.SourceHost}
	if got := h.Action("send", manual); got.Status() != 502 || got.Text() != "Journal is unavailable!" {
		t.Errorf("got %d %q", got.Status(), got.Text())
	}
	if len(h.ProviderCalls()) != 0 {
		t.Error("an SMS left without an intent in the journal")
	}
}

func TestJournalFailsAfter(t *testing.T) {
	h := plugintest.New(t)
	h.Provider(point, "a", func(string, abi.Value) (abi.Value, *abi.Error) {
		h.Journal.Fail = &abi.Error{Code: abi.CodeUnavailable, Message: "journal"}
		return accepts("", nil)
	})
	if got := h.Action("send", manual); got.JSON() != `{"result":"OK"}` {
		t.Errorf("got %s: the caller must learn that the SMS was accepted", got.JSON())
	}
	if len(h.Log) != 1 || !strings.HasPrefix(h.Log[0], "ERROR outcome of an SMS is not in the journal id=1 result=OK") {
		t.Errorf("log %q", h.Log)
	}
}

func TestTooLong(t *testing.T) {
	h := plugintest.New(t).Settings(`{"max_segments":2}`).Provider(point, "a", accepts)
	long := func(n int) string {
		return `{"phone":"89190000000","message":"` + strings.Repeat("я", n) + `"}`
	}
	if got := h.Action("send", long(134)); got.Status() != 200 {
		t.Errorf("two segments: %d %s", got.Status(), got.JSON())
	}
	if got := h.Action("send", long(135)); got.Status() != 422 || got.Text() != "Invalid message!" {
		t.Errorf("three segments: %d %s", got.Status(), got.JSON())
	}
	if len(h.Journal.Begun) != 1 {
		t.Error("a message that is too long is in the journal")
	}
}

func TestNothingPersonalIsLogged(t *testing.T) {
	h := plugintest.New(t).Provider(point, "a", fails(down)).Provider(point, "b", fails(lost))
	h.Action("send", manual)
	if len(h.Log) == 0 {
		t.Fatal("nothing was logged")
	}
	if all := strings.Join(h.Log, "\n"); strings.Contains(all, "9190000000") || strings.Contains(all, "Проверка") {
		t.Errorf("the log holds the number or the text: %s", all)
	}
}
