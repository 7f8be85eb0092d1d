package callcenter

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func small(changed func(string, ...string)) *Center {
	return New(Config{
		Queues: []Queue{{Name: "q", Strategy: "ring-all"}}, Agents: []Agent{{Name: "a", Type: "callback", Status: "On Break", State: "Waiting", CallsAnswered: 3}},
		Tiers: []Tier{{Queue: "q", Agent: "a", State: "Ready", Level: 1, Position: 1}}, NullText: "(null)", Changed: changed, Now: func() time.Time { return time.Unix(100, 0) },
	})
}

func TestAvailableResetsCounters(t *testing.T) {
	var seen []string
	c := small(func(action string, pairs ...string) { seen = append(seen, action+" "+strings.Join(pairs, " ")) })
	c.Execute("agent set status a Available")
	if row := c.Execute("agent list"); !strings.Contains(row, "|Available|Waiting|0|0|0|0|0|0|0|0|100|0|0|0|0|0\n") {
		t.Errorf("%s", row)
	}
	if len(seen) != 1 || seen[0] != "agent-status-change CC-Agent a CC-Action agent-status-change CC-Agent-Status Available" {
		t.Errorf("%q", seen)
	}
}

func TestMembers(t *testing.T) {
	c := small(nil)
	if c.Join(Member{Queue: "nosuch"}) {
		t.Error("joined an unknown queue")
	}
	if !c.Join(Member{Queue: "q", UUID: "m", SessionUUID: "s", CIDName: "x|y\nz"}) || c.Abandon("nobody") || !c.Abandon("m") || c.Abandon("m") {
		t.Error("join and abandon")
	}
	if table := c.Execute("queue list members q"); !strings.Contains(table, "q|single_box|m|||x|y\nz|100|100|0|0|100|0|0|||Abandoned|0\n+OK\n") {
		t.Errorf("%q", table)
	}
	if table := c.Execute("queue list"); !strings.Contains(table, "|(null)|0|1|0|") {
		t.Errorf("%q", table)
	}
	response, failed := c.ExecuteJSON("queue list members", "q")
	var rows []map[string]string
	if err := json.Unmarshal([]byte(response), &rows); err != nil || failed || rows[0]["cid_name"] != "x|y\nz" {
		t.Errorf("%s %v", response, err)
	}
}

func FuzzExecute(f *testing.F) {
	for _, seed := range []string{"queue list", "agent set status a 'On Break'", "tier add q a 1 x", "queue count agents q '", "agent add | callback", "queue unload q"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, arguments string) {
		c := small(nil)
		c.Execute(arguments)
		for _, list := range []string{"queue list", "agent list", "tier list", "member list"} {
			if response, failed := c.ExecuteJSON(list, ""); failed || !json.Valid([]byte(response)) {
				t.Errorf("%s after %q: %s", list, arguments, response)
			}
		}
	})
}
