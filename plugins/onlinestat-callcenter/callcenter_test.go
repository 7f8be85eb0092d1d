package main

import (
	"os"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const (
	point = "onlinestat.source"
	now   = 1_000_000
)

// TestRules goes through the rules in their order; each row differs from one that
// is ready.
func TestRules(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*agent)
		onCall bool
		want   bucket
	}{
		"ready":                      {func(*agent) {}, false, ready},
		"on demand":                  {func(a *agent) { a.status = "available (on demand)" }, false, ready},
		"logged out":                 {func(a *agent) { a.status = "logged out" }, false, notCounted},
		"unknown":                    {func(a *agent) { a.status = "unknown" }, false, notCounted},
		"no status":                  {func(a *agent) { a.status = "" }, false, notCounted},
		"logged out, but on a call":  {func(a *agent) { a.status, a.state = "logged out", "in a queue call" }, true, notCounted},
		"queue call":                 {func(a *agent) { a.state = "in a queue call" }, false, talking},
		"queue call, then break":     {func(a *agent) { a.state, a.status = "in a queue call", "on break" }, false, talking},
		"external call":              {func(a *agent) { a.others = 1 }, false, talking},
		"live channel":               {func(*agent) {}, true, talking},
		"live channel on break":      {func(a *agent) { a.status = "on break" }, true, talking},
		"break":                      {func(a *agent) { a.status = "on break" }, false, notReady},
		"receiving":                  {func(a *agent) { a.state, a.lastOfferedCall = "receiving", now-5 }, false, notReady},
		"reserved":                   {func(a *agent) { a.state, a.lastOfferedCall = "reserved", now-5 }, false, notReady},
		"receiving for 120 s":        {func(a *agent) { a.state, a.lastOfferedCall = "receiving", now-120 }, false, notReady},
		"receiving for 121 s: stuck": {func(a *agent) { a.state, a.lastOfferedCall = "receiving", now-121 }, false, ready},
		"reserved, stuck":            {func(a *agent) { a.state, a.lastOfferedCall = "reserved", now-9999 }, false, ready},
		"stuck, but a newer status":  {func(a *agent) { a.state, a.lastOfferedCall, a.lastStatusChange = "receiving", now-999, now-5 }, false, notReady},
		"stuck and in wrap-up":       {func(a *agent) { a.state, a.lastOfferedCall, a.readyTime = "receiving", now-999, now+5 }, false, notReady},
		"stuck on break":             {func(a *agent) { a.state, a.lastOfferedCall, a.status = "receiving", now-999, "on break" }, false, notReady},
		"idle":                       {func(a *agent) { a.state = "idle" }, false, notReady},
		"wrap-up, last second":       {func(a *agent) { a.lastBridgeEnd, a.wrapUpTime = now-30, 30 }, false, notReady},
		"wrap-up is over":            {func(a *agent) { a.lastBridgeEnd, a.wrapUpTime = now-31, 30 }, false, ready},
		"ready time in the future":   {func(a *agent) { a.readyTime = now + 1 }, false, notReady},
		"ready time now":             {func(a *agent) { a.readyTime = now }, false, ready},
		"state that we do not know":  {func(a *agent) { a.state = "dancing" }, false, notReady},
		"no state":                   {func(a *agent) { a.state = "" }, false, notReady},
		"status that we do not know": {func(a *agent) { a.status = "in training" }, false, notReady},
	} {
		a := agent{status: "available", state: "waiting", lastStatusChange: now - 3600}
		c.change(&a)
		if got := a.classify(c.onCall, now, 120); got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
	stuck := agent{status: "available", state: "receiving"}
	if got := stuck.classify(false, now, 0); got != notReady {
		t.Errorf("with stuck_after 0 a stuck agent is %d, want %d", got, notReady)
	}
}

func TestLines(t *testing.T) {
	channels := func(rows string) calls { return readCalls(plugintest.Value(t, rows)) }
	const active = `[{"uuid":"u-1","direction":"outbound","name":"sofia/internal/1001@10.0.0.5:5071","callstate":"ACTIVE","presence_id":"1001@PBX.example"}]`
	for name, c := range map[string]struct {
		rows, contact string
		want          bool
	}{
		"by presence":                    {active, "user/1001@pbx.example", true},
		"with variables":                 {active, "[leg_timeout=10,x=y]user/1001@pbx.example", true},
		"second of a list":               {active, "{a=b}user/1009@pbx.example|user/1001@pbx.example", true},
		"without a domain":               {active, "user/1001", true},
		"another user":                   {active, "user/1002@pbx.example", false},
		"a longer number":                {active, "user/11001@pbx.example", false},
		"another domain":                 {active, "user/1001@other.example", false},
		"by name without presence":       {`[{"uuid":"u","direction":"outbound","name":"sofia/internal/1001@pbx.example:5060","callstate":"ACTIVE","presence_id":""}]`, "sofia/internal/1001@pbx.example", true},
		"a caller with the agent's From": {`[{"uuid":"u","direction":"inbound","name":"sofia/internal/1001@pbx.example:5060","callstate":"ACTIVE","presence_id":""}]`, "sofia/internal/1001@pbx.example", false},
		"ringing at the agent":           {`[{"uuid":"u","direction":"outbound","callstate":"RINGING","presence_id":"1001@d"}]`, "user/1001@d", false},
		"early at the agent":             {`[{"uuid":"u","direction":"outbound","callstate":"EARLY","presence_id":"1001@d"}]`, "user/1001@d", false},
		"the agent dials":                {`[{"uuid":"u","direction":"inbound","callstate":"RINGING","presence_id":"1001@d"}]`, "user/1001@d", true},
		"held":                           {`[{"uuid":"u","direction":"outbound","callstate":"HELD","presence_id":"1001@d"}]`, "user/1001@d", true},
		"hung up":                        {`[{"uuid":"u","direction":"outbound","callstate":"HANGUP","presence_id":"1001@d"}]`, "user/1001@d", false},
		"loopback has no line":           {`[{"uuid":"u","name":"loopback/9100-a","callstate":"ACTIVE","presence_id":""}]`, "loopback/9100/default", false},
		"no contact":                     {active, "", false},
		"nothing lives":                  {`[]`, "user/1001@d", false},
		"garbage":                        {`[1,null,{},"x"]`, "user/@", false},
		"contact with an open bracket":   {active, "[a=b", false},
	} {
		if got := channels(c.rows).has(&agent{contact: c.contact}); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
	if !channels(active).has(&agent{kind: "callback", uuid: "u-1"}) {
		t.Error("the channel that mod_callcenter called is not found")
	}
	if channels(active).has(&agent{kind: "uuid-standby", uuid: "u-1"}) {
		t.Error("an agent that stands by counts as talking")
	}
}

func fixture(t *testing.T, name string) func() (abi.Value, *abi.Error) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return func() (abi.Value, *abi.Error) { return plugintest.Value(t, string(b)), nil }
}

const tiers = `[{"queue":"support@default","agent":"1000@default","state":"Ready","level":"1","position":"1"},
	{"queue":"sales@default","agent":"1000@default","state":"Ready","level":"1","position":"1"},
	{"queue":"sales@default","agent":"1001@default","state":"Ready","level":"1","position":"1"},
	{"queue":"support@default","agent":"1002@default","state":"Ready","level":"1","position":"1"},
	{"queue":"support@default","agent":"gone@default","state":"Ready","level":"1","position":"1"}]`

func world(t *testing.T, agents, channels string) *plugintest.Host {
	none := func() (abi.Value, *abi.Error) { return nil, nil }
	f := plugintest.Freeswitch{
		Tiers:  func() (abi.Value, *abi.Error) { return plugintest.Value(t, tiers), nil },
		Agents: fixture(t, agents), Channels: none,
	}
	if channels != "" {
		f.Channels = fixture(t, channels)
	}
	return plugintest.New(t).Freeswitch(f).
		Settings(`{"projects":{"1111":["support@default","sales@default"],"22":["sales@default"],"33":["empty@default"]}}`)
}

// TestRecorded counts agent lists recorded from FreeSWITCH 1.10.12. Their times
// are long past or, in a real clock, years ahead; only what does not depend on
// the clock is asserted.
func TestRecorded(t *testing.T) {
	for name, c := range map[string]struct{ agents, channels, want string }{
		// 1000 Available, 1001 On Break, 1002 Logged Out
		"idle": {"agents-idle", "", `{"1111":{"cntLoggedIn":2,"cntReady":1,"cntNotReady":1,"cntTalking":0},` +
			`"22":{"cntLoggedIn":2,"cntReady":1,"cntNotReady":1,"cntTalking":0},` +
			`"33":{"cntLoggedIn":0,"cntReady":0,"cntNotReady":0,"cntTalking":0}}`},
		// 1001 In a queue call, the others are not in this list
		"in a call": {"agents-incall", "channels-incall", `{"1111":{"cntLoggedIn":1,"cntReady":0,"cntNotReady":0,"cntTalking":1},` +
			`"22":{"cntLoggedIn":1,"cntReady":0,"cntNotReady":0,"cntTalking":1},` +
			`"33":{"cntLoggedIn":0,"cntReady":0,"cntNotReady":0,"cntTalking":0}}`},
	} {
		if got := world(t, c.agents, c.channels).Operation(point, "all", `{}`); got.JSON() != c.want {
			t.Errorf("%s: got %s %v, want %s", name, got.JSON(), got.Err, c.want)
		}
	}
}

// TestRecordedAtItsTime counts the list in which 1000 is being rung, at the
// second of the recording and later.
func TestRecordedAtItsTime(t *testing.T) {
	rows, _ := fixture(t, "agents-receiving")()
	settings.stuckAfter = 120
	at := func(s int64) map[string]bucket { return classify(rows, readCalls(nil), s) }
	got := at(1795295205)
	if got["1000@default"] != notReady || got["1001@default"] != notReady || got["1002@default"] != notCounted {
		t.Errorf("got %v", got)
	}
	if got := at(1795295205 + 3600); got["1000@default"] != ready {
		t.Errorf("an hour later: got %v, want 1000 not to ring any more", got)
	}
}

func TestChannelMakesAnAgentTalk(t *testing.T) {
	h := world(t, "agents-idle", "channels-incall")
	want := `{"cntLoggedIn":2,"cntReady":1,"cntNotReady":0,"cntTalking":1}`
	if got := h.Operation(point, "get", `{"project_id":"22"}`).JSON(); got != want {
		t.Errorf("got %s, want %s: 1001 is on break and on the telephone", got, want)
	}
	h = world(t, "agents-idle", "channels-incall").
		Settings(`{"projects":{"22":["sales@default"]},"check_channels":false}`)
	if got := h.Operation(point, "get", `{"project_id":"22"}`).JSON(); got != `{"cntLoggedIn":2,"cntReady":1,"cntNotReady":1,"cntTalking":0}` {
		t.Errorf("without channels: got %s", got)
	}
	if ops := h.Operations(); len(ops) != 2 {
		t.Errorf("host calls %v", ops)
	}
}

func TestAnAgentOfSeveralNodesCountsOnce(t *testing.T) {
	rows := plugintest.Value(t, `[{"name":"a","status":"Available","state":"Waiting"},{"name":"a","status":"Logged Out"},
		{"name":"b","status":"On Break"},{"name":"b","status":"Available","state":"In a queue call"}]`)
	got := classify(rows, readCalls(nil), now)
	if len(got) != 2 || got["a"] != ready || got["b"] != talking {
		t.Errorf("got %v", got)
	}
}

func TestFailures(t *testing.T) {
	h := plugintest.New(t).Settings(`{"projects":{"1":["q"]}}`)
	for operation, params := range map[string]string{"get": `{"project_id":"1"}`, "all": `{}`} {
		if got := h.Operation(point, operation, params); got.Err == nil || got.Err.Code != abi.CodeUnavailable {
			t.Errorf("%s: got %s %v", operation, got.JSON(), got.Err)
		}
	}
	if h.Health().Err == nil {
		t.Error("healthy without a node")
	}
	if got := h.Operation(point, "get", `{"project_id":"2"}`); got.Err == nil || got.Err.Code != abi.CodeNotFound {
		t.Errorf("unknown project: got %s %v", got.JSON(), got.Err)
	}
	if err := plugintest.New(t).Settings(`{"projects":{}}`).Configure(); err == nil {
		t.Error("no projects were accepted")
	}
}

// FuzzLines: contacts and channels come from FreeSWITCH's tables, where nothing is
// checked. Variables in front of a contact must not change whose line it is.
func FuzzLines(f *testing.F) {
	for _, s := range []string{"user/1001@d", "[a=b,c]user/1001@d", "sofia/internal/1001@d:5060", "loopback/9100/default", "{<[", "user/@", "|,|", "sofia//@"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, contact, name string) {
		var row abi.Object
		var rows abi.List
		rows.Add(row.Str("name", name).Str("callstate", "ACTIVE").Str("direction", "outbound").Value())
		c := readCalls(rows.Value())
		bare := c.has(&agent{contact: contact})
		if c.has(&agent{contact: "[leg_timeout=10,x=user/1@d]" + contact}) != bare {
			t.Errorf("variables change what %q is", contact)
		}
		if line := sipLine(name); line == "" && bare {
			t.Errorf("%q is on a channel %q that has no line", contact, name)
		}
	})
}
