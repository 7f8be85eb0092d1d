package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const (
	callID   = "87e64143-758c-4f9b-b990-e06613a3d7d2"
	callJSON = `{"called_number":"89100000000","caller_number":"1001","sip":"1234"}`
)

func TestAddAnswersAsTheManual(t *testing.T) {
	var asked abi.Originate
	h := plugintest.New(t).Freeswitch(plugintest.Freeswitch{
		Originate: func(q abi.Originate) (string, string, *abi.Error) { asked = q; return callID, "main", nil },
	})
	got := h.Action("add", callJSON)
	if want := `{"message":"+OK ` + callID + `\n"}`; got.Status() != 200 || got.JSON() != want {
		t.Errorf("got %d %s, want %s", got.Status(), got.JSON(), want)
	}
	if want := (abi.Originate{Called: "89100000000", Caller: "1001", Account: "1234"}); asked != want {
		t.Errorf("the host was asked for %+v, want %+v", asked, want)
	}
	if strings.Contains(strings.Join(h.Log, "\n"), "89100000000") {
		t.Error("the called number is in the log")
	}
}

func TestAddFailures(t *testing.T) {
	for name, c := range map[string]struct {
		failure abi.Error
		status  int
		json    string
		sent    bool
	}{
		"refused": {abi.Error{Code: abi.CodeRefused, Message: "USER_BUSY", Source: abi.SourceUpstream}, 502, `{"error":"USER_BUSY"}`, false},
		"no node": {abi.Error{Code: abi.CodeUnavailable, Message: "node main"}, 502, `{"error":"FreeSWITCH is unavailable!"}`, false},
		"no answer": {abi.Error{Code: abi.CodeTimeout, Message: "node main", Sent: true}, 504,
			`{"error":"FreeSWITCH is unavailable!"}`, true},
		"bad number":             {abi.Error{Code: abi.CodeInvalid, Message: "called_number"}, 422, `{"error":"Invalid called_number!"}`, false},
		"refused without a word": {abi.Error{Code: abi.CodeRefused}, 502, `{"error":"FreeSWITCH is unavailable!"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := plugintest.New(t).Freeswitch(plugintest.Freeswitch{
				Originate: func(abi.Originate) (string, string, *abi.Error) { return "", "", &c.failure },
			}).Action("add", callJSON)
			if got.Status() != c.status || got.JSON() != c.json {
				t.Errorf("got %d %s, want %d %s", got.Status(), got.JSON(), c.status, c.json)
			}
			if got.Err.Sent != c.sent {
				t.Errorf("Sent is %v, want %v", got.Err.Sent, c.sent)
			}
		})
	}
}

func TestAudioIsTheHostsAttachment(t *testing.T) {
	h := plugintest.New(t).Freeswitch(plugintest.Freeswitch{
		Recording: func(id string) (abi.Attachment, *abi.Error) {
			if id != callID {
				return abi.Attachment{}, &abi.Error{Code: abi.CodeNotFound, Message: "recording"}
			}
			return abi.Attachment{ID: 7, Size: 1044, ContentType: "audio/wav"}, nil
		},
	})
	got := h.Action("audio", `{"id":"`+callID+`"}`)
	if got.Err != nil || got.Reply.Form != abi.FormAttachment || got.Reply.Attachment != 7 || got.Reply.ContentType != "audio/wav" {
		t.Errorf("got %+v %v", got.Reply, got.Err)
	}
	for _, id := range []string{"87e64143-758c-4f9b-b990-e06613a3d7d3", "../../etc/passwd", "1", strings.Repeat("9", 5000)} {
		if got := h.Action("audio", plugintest.JSON(new(abi.Object).Str("id", id).Value())); got.Status() != 404 || got.JSON() != `{"error":"Wrong ID!"}` {
			t.Errorf("id %.40q: got %d %s", id, got.Status(), got.JSON())
		}
	}
}

func TestLookupFailures(t *testing.T) {
	for name, c := range map[string]struct {
		failure abi.Error
		status  int
		text    string
	}{
		"unknown":    {abi.Error{Code: abi.CodeNotFound, Message: "whatever"}, 404, "Wrong ID!"},
		"not an id":  {abi.Error{Code: abi.CodeInvalid, Message: "id"}, 404, "Wrong ID!"},
		"unfinished": {abi.Error{Code: abi.CodeConflict, Message: "still written"}, 409, "Recording is not finished!"},
		"down":       {abi.Error{Code: abi.CodeUnavailable, Message: "node"}, 502, "FreeSWITCH is unavailable!"},
		"too slow":   {abi.Error{Code: abi.CodeTimeout, Message: "node"}, 504, "FreeSWITCH is unavailable!"},
	} {
		t.Run(name, func(t *testing.T) {
			got := plugintest.New(t).Freeswitch(plugintest.Freeswitch{
				Recording: func(string) (abi.Attachment, *abi.Error) { return abi.Attachment{}, &c.failure },
			}).Action("audio", `{"id":"x"}`)
			if got.Status() != c.status || got.Text() != c.text {
				t.Errorf("got %d %q, want %d %q", got.Status(), got.Text(), c.status, c.text)
			}
		})
	}
}

func TestCDR(t *testing.T) {
	h := plugintest.New(t).Freeswitch(plugintest.Freeswitch{
		CDR: func(id string) (abi.Value, *abi.Error) {
			if id != callID {
				return nil, &abi.Error{Code: abi.CodeNotFound}
			}
			return plugintest.Value(t, `{"@attributes":{"switchname":"fs-api"},"callflow":[{"rdnis":[]}]}`), nil
		},
	})
	if got, want := h.Action("cdr", `{"id":"`+callID+`"}`).JSON(), `{"@attributes":{"switchname":"fs-api"},"callflow":[{"rdnis":[]}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := h.Action("cdr", `{"id":"no"}`); got.Status() != 404 || got.Text() != "Wrong ID!" {
		t.Errorf("got %d %q", got.Status(), got.Text())
	}
}

// world holds two queues of the manual and the tiers of one queue that is gone.
func world(t *testing.T) *plugintest.Host {
	answer := func(json string) func() (abi.Value, *abi.Error) {
		return func() (abi.Value, *abi.Error) { return plugintest.Value(t, json), nil }
	}
	return plugintest.New(t).Freeswitch(plugintest.Freeswitch{
		Queues: answer(`[` + queueJSON("support2@default") + `,` + queueJSON("support@default") + `]`),
		Tiers: answer(`[{"queue":"support2@default","agent":"1000@default","state":"Ready","level":"1","position":"1"},
			{"queue":"gone@default","agent":"1000@default","state":"Ready","level":"1","position":"1"},
			{"queue":"support@default","agent":"1001@default","state":"Ready","level":"1","position":"1"}]`),
	})
}

func queueJSON(name string) string {
	return `{"name":"` + name + `","strategy":"longest-idle-agent","moh_sound":"local_stream://moh","time_base_score":"system",` +
		`"tier_rules_apply":"false","tier_rule_wait_second":"300","tier_rule_wait_multiply_level":"true","tier_rule_no_agent_no_wait":"false",` +
		`"discard_abandoned_after":"60","abandoned_resume_allowed":"false","max_wait_time":"0","max_wait_time_with_no_agent":"120",` +
		`"max_wait_time_with_no_agent_time_reached":"5","record_template":"(null)","calls_answered":"0","calls_abandoned":"0",` +
		`"ring_progressively_delay":"0","skip_agents_with_external_calls":"true","agent_no_answer_status":"On Break"}`
}

func TestQueues(t *testing.T) {
	h := world(t)
	for params, want := range map[string]string{
		`{}`:                          `[` + queueJSON("support2@default") + `,` + queueJSON("support@default") + `]`,
		`{"name":"support@default"}`:  `[` + queueJSON("support@default") + `]`,
		`{"name":"support"}`:          `[]`,
		`{"name":"SUPPORT@default"}`:  `[]`,
		`{"name":"support@default%"}`: `[]`,
	} {
		if got := h.Action("queues", params); got.JSON() != want {
			t.Errorf("%s: got %s, want %s", params, got.JSON(), want)
		}
	}
}

func TestTiers(t *testing.T) {
	h := world(t)
	if got := h.Action("tiers", `{}`); got.Body().Len() != 3 {
		t.Errorf("got %s", got.JSON())
	}
	want := `[{"queue":"support2@default","agent":"1000@default","state":"Ready","level":"1","position":"1"}]`
	if got := h.Action("tier", `{"queue":"support2@default"}`); got.JSON() != want {
		t.Errorf("got %s, want %s", got.JSON(), want)
	}
	for _, queue := range []string{"nosuch@default", "gone@default", "support", "support2@default "} {
		if got := h.Action("tier", `{"queue":"`+queue+`"}`); got.Status() != 404 || got.JSON() != `{"error":"Tier not found"}` {
			t.Errorf("%s: got %d %s", queue, got.Status(), got.JSON())
		}
	}
}

func TestNoNodeIsUp(t *testing.T) {
	h := plugintest.New(t)
	for _, action := range []string{"queues", "tiers", "tier"} {
		if got := h.Action(action, `{"queue":"q"}`); got.Status() != 502 || got.Text() != "FreeSWITCH is unavailable!" {
			t.Errorf("%s: got %d %q", action, got.Status(), got.Text())
		}
	}
}

func TestNoQueuesAtAll(t *testing.T) {
	h := plugintest.New(t).Freeswitch(plugintest.Freeswitch{
		Queues: func() (abi.Value, *abi.Error) { return nil, nil },
		Tiers:  func() (abi.Value, *abi.Error) { return nil, nil },
	})
	for _, action := range []string{"queues", "tiers"} {
		if got := h.Action(action, `{}`); got.JSON() != `[]` {
			t.Errorf("%s: got %s", action, got.JSON())
		}
	}
}

func TestManifestAsksForNothingElse(t *testing.T) {
	want := []string{
		"freeswitch_cdr", "freeswitch_originate", "freeswitch_queues", "freeswitch_recording", "freeswitch_tiers",
	}
	if got := plugintest.New(t).Manifest.Operations(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
