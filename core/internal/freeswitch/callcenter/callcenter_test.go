package callcenter

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

func recorded(tb testing.TB, name string) string {
	tb.Helper()
	raw, err := os.ReadFile("testdata/" + name + ".body")
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

func TestParseQueues(t *testing.T) {
	got, err := ParseQueues(recorded(t, "cc-queue-list"))
	if err != nil || len(got.Queues) != 3 || len(got.Malformed) != 0 {
		t.Fatalf("%+v %v", got, err)
	}
	q := got.Queues[1]
	if q.Name != "sales@default" || q.Strategy != "agent-with-least-talk-time" || q.AbandonedResumeAllowed != "true" ||
		q.RecordTemplate != "/srv/fs/var/recordings/cc-${uuid}.wav" || q.AgentNoAnswerStatus != "On Break" {
		t.Errorf("%+v", q)
	}
}

// The integrators' manual fixes the 19 keys, their order, and that all values are strings.
func TestQueueKeysAreThoseOfTheTable(t *testing.T) {
	header, _, _ := strings.Cut(recorded(t, "cc-queue-list"), "\n")
	list, err := ParseQueues(header + "\n" + strings.TrimSuffix(strings.Repeat("(null)|", 19), "|") + "\n+OK\n")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(list.Queues[0])
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	d := json.NewDecoder(strings.NewReader(string(raw)))
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		if s, ok := tok.(string); ok {
			keys = append(keys, s)
		}
	}
	var want []string
	for _, c := range strings.Split(header, "|") {
		want = append(want, c, "(null)")
	}
	if len(want) != 38 || !slices.Equal(keys, want) {
		t.Errorf("got  %v\nwant %v", keys, want)
	}
}

func TestTablesWithBrokenRows(t *testing.T) {
	for name, want := range map[string]struct{ rows, malformed int }{
		"cc-members-newline-and-pipe-in-name":  {0, 2},
		"cc-members-waiting-sales":             {0, 1},
		"cc-agent-list-pipe-in-contact":        {0, 1},
		"cc-agent-list":                        {3, 0},
		"cc-tier-list":                         {3, 0},
		"cc-queue-list-members-support2-empty": {0, 0},
	} {
		got, err := ParseTable(recorded(t, name))
		if err != nil || len(got.Rows) != want.rows || len(got.Malformed) != want.malformed {
			t.Errorf("%s: %d rows, %d malformed, %v", name, len(got.Rows), len(got.Malformed), err)
		}
	}
}

func TestQueueListReportsMalformedRows(t *testing.T) {
	text := recorded(t, "cc-queue-list")
	text = strings.Replace(text, "sales@default", "sa|les@default", 1)
	got, err := ParseQueues(text)
	if err != nil || len(got.Queues) != 2 || len(got.Malformed) != 1 || !strings.HasPrefix(got.Malformed[0], "sa|les") {
		t.Fatalf("%+v %v", got, err)
	}
}

func TestTableRefusals(t *testing.T) {
	for name, want := range map[string]error{"cc-bogus-section": ErrRefused, "cc-noargs": ErrRefused, "cc-queue-list-bogus-sub": ErrRefused} {
		if _, err := ParseTable(recorded(t, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, in := range []string{"", "\n", "name|x\na|b\n", "name|name\n+OK\n", "name||x\n+OK\n", "+OK\n\n"} {
		if _, err := ParseTable(in); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := ParseQueues("queue|agent\n+OK\n"); !errors.Is(err, ErrDamaged) {
		t.Errorf("tiers as queues: %v", err)
	}
}

func TestParseJSONLists(t *testing.T) {
	tiers, err := ParseTiers([]byte(recorded(t, "ccj-tier-list")))
	if err != nil || len(tiers) != 3 || tiers[1] != (Tier{"sales@default", "1001@default", "Ready", "1", "1"}) {
		t.Errorf("tiers: %+v %v", tiers, err)
	}
	agents, err := ParseAgents([]byte(recorded(t, "ccj-agent-list-pipe")))
	if err != nil || len(agents) != 3 {
		t.Fatalf("agents: %+v %v", agents, err)
	}
	if i := slices.IndexFunc(agents, func(a Agent) bool { return a.Contact == "user/1002@127.0.0.1|loopback/9100/default" }); i < 0 || agents[i].Status != "Logged Out" || agents[i].UUID != "" {
		t.Errorf("agent with a pipe: %+v", agents)
	}
	members, err := ParseMembers([]byte(recorded(t, "ccj-members-newline-and-pipe-in-name")))
	if err != nil || len(members) != 1 || members[0].CIDName != "Line1\nLine2|x" || members[0].State != "Waiting" {
		t.Errorf("members: %+v %v", members, err)
	}
	for _, name := range []string{"ccj-queue-list-agents-unknown", "ccj-member-list"} {
		if got, err := ParseMembers([]byte(recorded(t, name))); err != nil || got == nil || len(got) != 0 {
			t.Errorf("%s: %v %v", name, got, err)
		}
	}
	for _, name := range []string{"ccj-bogus", "ccj-queue-list-agents-noqueue", "cc-bogus-section"} {
		if _, err := ParseAgents([]byte(recorded(t, name))); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, in := range []string{"", "{}", `{"status":"success"}`, `{"status":"success","response":[null]}`, `{"status":"success","response":{}}`, `[`} {
		if _, err := ParseTiers([]byte(in)); !errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestRequest(t *testing.T) {
	if got := Request(QueueAgents, "a@b"); got != `{"command":"callcenter_config","data":{"arguments":"queue list agents","queue_name":"a@b"}}` {
		t.Error(got)
	}
	if got := Request(TierList, ""); got != `{"command":"callcenter_config","data":{"arguments":"tier list"}}` {
		t.Error(got)
	}
}

func TestValidName(t *testing.T) {
	for _, s := range []string{"support2@default", "Отдел продаж@default", "a b", "1000@194.85.58.17"} {
		if !ValidName(s) {
			t.Errorf("%q refused", s)
		}
	}
	for _, s := range []string{"", "a\nb", "a|b", "${system id}", "a'b", `a"b`, `a\b`, "a;b", "a\x00", "a\u2028b", "\xff", strings.Repeat("a", 129)} {
		if ValidName(s) {
			t.Errorf("%q accepted", s)
		}
	}
}

func FuzzParseTable(f *testing.F) {
	for _, n := range []string{"cc-queue-list", "cc-members-newline-and-pipe-in-name", "cc-noargs", "cc-agent-list"} {
		f.Add(recorded(f, n))
	}
	f.Fuzz(func(t *testing.T, in string) {
		tab, err := ParseTable(in)
		if err != nil {
			return
		}
		for _, r := range tab.Rows {
			if len(r) != len(tab.Columns) {
				t.Fatalf("row of %d cells under %d columns", len(r), len(tab.Columns))
			}
		}
		if lines := strings.Count(strings.TrimSuffix(in, "\n"), "\n"); len(tab.Columns) > 0 && len(tab.Rows)+len(tab.Malformed) != lines-1 {
			t.Fatalf("%d lines became %d rows and %d malformed", lines, len(tab.Rows), len(tab.Malformed))
		}
		_, _ = ParseQueues(in)
	})
}

func FuzzParseJSONList(f *testing.F) {
	for _, n := range []string{"ccj-tier-list", "ccj-agent-list-pipe", "ccj-members-newline-and-pipe-in-name", "ccj-bogus", "ccj-queue-list"} {
		f.Add([]byte(recorded(f, n)))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if got, err := ParseAgents(in); err == nil && got == nil {
			t.Fatal("nil list without error")
		}
	})
}
