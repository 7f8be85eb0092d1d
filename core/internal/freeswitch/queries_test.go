package freeswitch_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// callCentre answers as the recorded FreeSWITCH did.
func callCentre(t *testing.T) func(verb, args string) string {
	t.Helper()
	answers := map[string]string{}
	for cmd, file := range map[string]string{
		"callcenter_config queue list":                                                                                  "callcenter/testdata/cc-queue-list.body",
		`json {"command":"callcenter_config","data":{"arguments":"tier list"}}`:                                         "callcenter/testdata/ccj-tier-list.body",
		`json {"command":"callcenter_config","data":{"arguments":"agent list"}}`:                                        "callcenter/testdata/ccj-agent-list-pipe.body",
		`json {"command":"callcenter_config","data":{"arguments":"queue list agents","queue_name":"support2@default"}}`: "callcenter/testdata/ccj-queue-list-agents.body",
		`json {"command":"callcenter_config","data":{"arguments":"queue list agents","queue_name":"nosuch@default"}}`:   "callcenter/testdata/ccj-queue-list-agents-unknown.body",
		`json {"command":"callcenter_config","data":{"arguments":"queue list members","queue_name":"support@default"}}`: "callcenter/testdata/ccj-members-newline-and-pipe-in-name.body",
		"show channels as json":                               "show/testdata/show-channels-json-cc-incall.body",
		"uuid_dump 00000000-ffff-4000-8000-000000000004 json": "testdata/uuid_dump-json-special-chars.body",
	} {
		answers[cmd] = recorded(t, file)
	}
	answers["uuid_exists "+someCall] = "true"
	answers["uuid_exists 00000000-ffff-4000-8000-000000000004"] = "false"
	answers["uuid_dump "+someCall+" json"] = "-ERR No such channel!\n"
	return func(verb, args string) string {
		if out, ok := answers[verb+" "+args]; ok {
			return out
		}
		return "-ERR " + verb + " Command not found!\n"
	}
}

func TestQueries(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: callCentre(t)})
	l := startOne(t, quick("a", p.Addr()))
	queues, failed := l.Queues(t.Context(), "")
	if len(queues) != 3 || len(failed) != 0 || queues[0].Node != "a" || queues[0].Name != "support2@default" {
		t.Errorf("%+v %v", queues, failed)
	}
	raw, err := json.Marshal(queues[0])
	if err != nil || !strings.HasPrefix(string(raw), `{"name":"support2@default","strategy":"longest-idle-agent",`) || strings.Contains(string(raw), "Node") {
		t.Errorf("%s %v", raw, err)
	}
	tiers, failed := l.Tiers(t.Context(), "a")
	if len(tiers) != 3 || len(failed) != 0 || tiers[2].Agent != "1001@default" {
		t.Errorf("%+v %v", tiers, failed)
	}
	if agents, failed := l.Agents(t.Context(), "", ""); len(agents) != 3 || len(failed) != 0 {
		t.Errorf("%+v %v", agents, failed)
	}
	if agents, failed := l.Agents(t.Context(), "", "support2@default"); len(agents) != 1 || len(failed) != 0 {
		t.Errorf("%+v %v", agents, failed)
	}
	if agents, failed := l.Agents(t.Context(), "", "nosuch@default"); agents == nil || len(agents) != 0 || len(failed) != 0 {
		t.Errorf("%+v %v", agents, failed)
	}
	if members, failed := l.Members(t.Context(), "", "support@default"); len(members) != 1 || members[0].CIDName != "Line1\nLine2|x" || len(failed) != 0 {
		t.Errorf("%+v %v", members, failed)
	}
	if channels, failed := l.Channels(t.Context(), ""); len(channels) != 7 || len(failed) != 0 {
		t.Errorf("%+v %v", channels, failed)
	}
	if err := l.QueueExists(t.Context(), "", "sales@default"); err != nil {
		t.Error(err)
	}
	if err := l.QueueExists(t.Context(), "", "nosuch@default"); !errors.Is(err, freeswitch.ErrUnknownQueue) {
		t.Error(err)
	}
}

func TestCalls(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: callCentre(t)})
	l := startOne(t, quick("a", p.Addr()))
	const live = "00000000-ffff-4000-8000-000000000004"
	if ok, err := l.CallExists(t.Context(), "a", strings.ToUpper(someCall)); err != nil || !ok {
		t.Errorf("%v %v", ok, err)
	}
	if ok, err := l.CallExists(t.Context(), "a", live); err != nil || ok {
		t.Errorf("%v %v", ok, err)
	}
	if ok, err := l.CallExists(t.Context(), "", someCall); err != nil || !ok {
		t.Errorf("on any node: %v %v", ok, err)
	}
	if _, err := l.CallExists(t.Context(), "nosuch", someCall); !errors.Is(err, freeswitch.ErrUnknownNode) {
		t.Error(err)
	}
	// The JSON form keeps what the plain form damages: a literal %20.
	info, err := l.CallInfo(t.Context(), "a", live)
	if err != nil || !strings.Contains(info.Get("variable_my_special"), "%20") {
		t.Errorf("%q %v", info.Get("variable_my_special"), err)
	}
	if _, err := l.CallInfo(t.Context(), "a", someCall); !errors.Is(err, freeswitch.ErrUnknownCall) {
		t.Error(err)
	}
	if _, err := l.CallInfo(t.Context(), "nosuch", someCall); !errors.Is(err, freeswitch.ErrUnknownNode) {
		t.Error(err)
	}
}

func TestPartialFailure(t *testing.T) {
	good := esltest.New(t, &esltest.Peer{Exec: callCentre(t)})
	broken := esltest.New(t, &esltest.Peer{Exec: func(verb, _ string) string {
		if verb == "callcenter_config" {
			return strings.Replace(recorded(t, "callcenter/testdata/cc-queue-list.body"), "sales@default", "sa|les@default", 1)
		}
		return "-ERR no reply\n"
	}})
	dead := esltest.New(t, &esltest.Peer{})
	dead.Close()
	l := start(t, freeswitch.Config{Nodes: []freeswitch.NodeConfig{quick("dead", dead.Addr()), quick("good", good.Addr()), quick("broken", broken.Addr())}})
	queues, failed := l.Queues(t.Context(), "")
	var malformed *freeswitch.MalformedRowsError
	if len(queues) != 5 || len(failed) != 2 || failed[0].Node != "dead" || !errors.Is(failed[0], freeswitch.ErrNodeDown) ||
		failed[1].Node != "broken" || !errors.As(failed[1], &malformed) || len(malformed.Lines) != 1 {
		t.Errorf("%d queues, %v", len(queues), failed)
	}
	tiers, failed := l.Tiers(t.Context(), "")
	if len(tiers) != 3 || len(failed) != 2 {
		t.Errorf("%d tiers, %v", len(tiers), failed)
	}
	if _, failed := l.Channels(t.Context(), "nosuch"); len(failed) != 1 || !errors.Is(failed[0], freeswitch.ErrUnknownNode) {
		t.Errorf("%v", failed)
	}
	// A live call is found although a node is silent; one that was not found may be on the silent node.
	if ok, err := l.CallExists(t.Context(), "", someCall); err != nil || !ok {
		t.Errorf("live call: %v %v", ok, err)
	}
	if _, err := l.CallExists(t.Context(), "", "00000000-ffff-4000-8000-000000000004"); !errors.Is(err, freeswitch.ErrNodeDown) {
		t.Errorf("call that may be on the silent node: %v", err)
	}
	// Unknown on the nodes that answered is not "unknown" while one is silent.
	if err := l.QueueExists(t.Context(), "", "nosuch@default"); errors.Is(err, freeswitch.ErrUnknownQueue) || err == nil {
		t.Error(err)
	}
}

// A query that lost its connection is asked once more; an originate never is.
func TestReadingIsRepeatedOnce(t *testing.T) {
	exec := callCentre(t)
	var p *esltest.Peer
	var dropped atomic.Bool
	p = esltest.New(t, &esltest.Peer{Exec: exec, Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb == "callcenter_config" && !dropped.Swap(true) {
			r.S.Drop()
			return
		}
		p.Answer(r)
	}})
	l := startOne(t, quick("a", p.Addr()))
	if queues, failed := l.Queues(t.Context(), ""); len(queues) != 3 || len(failed) != 0 || !dropped.Load() {
		t.Errorf("%d queues, %v", len(queues), failed)
	}
}

// FreeSWITCH dies while a query runs: the query fails because the node is down, not with an unknown outcome.
func TestQueryOfADyingNode(t *testing.T) {
	var p *esltest.Peer
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb != "callcenter_config" {
			p.Answer(r)
			return
		}
		r.S.Ack(r.Header["Job-UUID"])
		p.StopListening()
		p.DropAll()
	}})
	l := startOne(t, quick("a", p.Addr()))
	_, failed := l.Queues(t.Context(), "")
	if len(failed) != 1 || !errors.Is(failed[0], freeswitch.ErrNodeDown) || errors.Is(failed[0], freeswitch.ErrUnknownOutcome) {
		t.Errorf("%v", failed)
	}
}
