// Package callcenter is the state and the command language of mod_callcenter 1.10.12:
// queues, agents, tiers and members, printed as its unescaped text tables and as the
// answers of its JSON form. Nothing here speaks to a socket.
package callcenter

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Queue is one queue. The two counters belong to the text table only.
type Queue struct {
	Name, Strategy, MohSound, TimeBaseScore string
	TierRulesApply                          bool
	TierRuleWaitSecond                      int
	TierRuleWaitMultiplyLevel               bool
	TierRuleNoAgentNoWait                   bool
	DiscardAbandonedAfter                   int
	AbandonedResumeAllowed                  bool
	MaxWaitTime, MaxWaitTimeWithNoAgent     int
	MaxWaitTimeWithNoAgentTimeReached       int
	RecordTemplate                          string // "" is NULL
	CallsAnswered, CallsAbandoned           int
	RingProgressivelyDelay                  int
	SkipAgentsWithExternalCalls             bool
	AgentNoAnswerStatus                     string
}

// Agent is one agent; times are epoch seconds, 0 = never.
type Agent struct {
	Name, UUID, Type, Contact, Status, State                                    string
	MaxNoAnswer, WrapUpTime, RejectDelayTime, BusyDelayTime, NoAnswerDelayTime  int
	LastBridgeStart, LastBridgeEnd, LastOfferedCall, LastStatusChange, NoAnswer int64
	CallsAnswered, TalkTime, ReadyTime, ExternalCalls                           int64
}

// Tier connects an agent to a queue.
type Tier struct {
	Queue, Agent, State string
	Level, Position     int
}

// Member is a caller in a queue.
type Member struct {
	Queue, UUID, SessionUUID, CIDNumber, CIDName                    string
	SystemEpoch, JoinedEpoch, RejoinedEpoch, BridgeEpoch, Abandoned int64
	ServingAgent, ServingSystem, State                              string
}

// Config is what the XML configuration would hold.
type Config struct {
	Queues []Queue
	Agents []Agent
	Tiers  []Tier
	// NullText is how the text table prints a queue without a record template: FreeSWITCH
	// 1.10.12 prints nothing, older ones "(null)".
	NullText string
	// Changed, if set, hears agent changes: action is the CC-Action, the rest its headers
	// as name, value pairs. It is called without a lock held.
	Changed func(action string, pairs ...string)
	Now     func() time.Time // time.Now unless set
}

// Center holds the live state. Safe for concurrent use.
type Center struct {
	mu       sync.Mutex
	config   Config
	queues   []Queue
	agents   []Agent
	tiers    []Tier
	members  []Member
	unloaded map[string]bool
}

const instance = "single_box"

// New copies the configuration into a live state.
func New(config Config) *Center {
	if config.Now == nil {
		config.Now = time.Now
	}
	return &Center{
		config: config, queues: slices.Clone(config.Queues), agents: slices.Clone(config.Agents),
		tiers: slices.Clone(config.Tiers), unloaded: map[string]bool{},
	}
}

// Join puts a waiting member into a queue and returns false if the queue is not loaded.
func (c *Center) Join(m Member) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue(m.Queue) == nil {
		return false
	}
	now := c.config.Now().Unix()
	m.SystemEpoch, m.JoinedEpoch, m.State = now, now, "Waiting"
	c.members = append(c.members, m)
	return true
}

// Abandon marks a waiting member as gone and returns false if it was not waiting. The
// row stays, as it does in FreeSWITCH until discard-abandoned-after.
func (c *Center) Abandon(uuid string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.members {
		m := &c.members[i]
		if m.UUID != uuid || m.State != "Waiting" {
			continue
		}
		m.State, m.SessionUUID, m.Abandoned = "Abandoned", "", c.config.Now().Unix()
		if q := c.queue(m.Queue); q != nil {
			q.CallsAbandoned++
		}
		return true
	}
	return false
}

func (c *Center) queue(name string) *Queue {
	for i := range c.queues {
		if c.queues[i].Name == name && !c.unloaded[name] {
			return &c.queues[i]
		}
	}
	return nil
}

func (c *Center) agent(name string) *Agent {
	for i := range c.agents {
		if c.agents[i].Name == name {
			return &c.agents[i]
		}
	}
	return nil
}

func (c *Center) tier(queue, agent string) *Tier {
	for i := range c.tiers {
		if c.tiers[i].Queue == queue && c.tiers[i].Agent == agent {
			return &c.tiers[i]
		}
	}
	return nil
}

// column is one printed column; raw means a JSON number, absent a NULL, text a column
// that only the text table has.
type column struct {
	name, value    string
	raw, null, txt bool
}

func number[N int | int64](n N) string { return strconv.FormatInt(int64(n), 10) }

func (q *Queue) columns(nullText string) []column {
	template := column{name: "record_template", value: q.RecordTemplate, null: q.RecordTemplate == ""}
	if template.null {
		template.value = nullText
	}
	num := func(name string, n int) column { return column{name: name, value: number(n), raw: true} }
	txt := func(name string, n int) column { return column{name: name, value: number(n), txt: true} }
	boolean := func(name string, b bool) column { return column{name: name, value: strconv.FormatBool(b)} }
	return []column{
		{name: "name", value: q.Name}, {name: "strategy", value: q.Strategy}, {name: "moh_sound", value: q.MohSound},
		{name: "time_base_score", value: q.TimeBaseScore}, boolean("tier_rules_apply", q.TierRulesApply),
		num("tier_rule_wait_second", q.TierRuleWaitSecond), boolean("tier_rule_wait_multiply_level", q.TierRuleWaitMultiplyLevel),
		boolean("tier_rule_no_agent_no_wait", q.TierRuleNoAgentNoWait), num("discard_abandoned_after", q.DiscardAbandonedAfter),
		boolean("abandoned_resume_allowed", q.AbandonedResumeAllowed), num("max_wait_time", q.MaxWaitTime),
		num("max_wait_time_with_no_agent", q.MaxWaitTimeWithNoAgent),
		num("max_wait_time_with_no_agent_time_reached", q.MaxWaitTimeWithNoAgentTimeReached), template,
		txt("calls_answered", q.CallsAnswered), txt("calls_abandoned", q.CallsAbandoned),
		txt("ring_progressively_delay", q.RingProgressivelyDelay),
		boolean("skip_agents_with_external_calls", q.SkipAgentsWithExternalCalls),
		{name: "agent_no_answer_status", value: q.AgentNoAnswerStatus},
	}
}

func (a *Agent) columns() []column {
	return []column{
		{name: "name", value: a.Name}, {name: "instance_id", value: instance}, {name: "uuid", value: a.UUID, null: a.UUID == ""},
		{name: "type", value: a.Type}, {name: "contact", value: a.Contact}, {name: "status", value: a.Status},
		{name: "state", value: a.State}, {name: "max_no_answer", value: number(a.MaxNoAnswer)},
		{name: "wrap_up_time", value: number(a.WrapUpTime)}, {name: "reject_delay_time", value: number(a.RejectDelayTime)},
		{name: "busy_delay_time", value: number(a.BusyDelayTime)}, {name: "no_answer_delay_time", value: number(a.NoAnswerDelayTime)},
		{name: "last_bridge_start", value: number(a.LastBridgeStart)}, {name: "last_bridge_end", value: number(a.LastBridgeEnd)},
		{name: "last_offered_call", value: number(a.LastOfferedCall)}, {name: "last_status_change", value: number(a.LastStatusChange)},
		{name: "no_answer_count", value: number(a.NoAnswer)}, {name: "calls_answered", value: number(a.CallsAnswered)},
		{name: "talk_time", value: number(a.TalkTime)}, {name: "ready_time", value: number(a.ReadyTime)},
		{name: "external_calls_count", value: number(a.ExternalCalls)},
	}
}

func (t *Tier) columns() []column {
	return []column{
		{name: "queue", value: t.Queue}, {name: "agent", value: t.Agent}, {name: "state", value: t.State},
		{name: "level", value: number(t.Level)}, {name: "position", value: number(t.Position)},
	}
}

func (m *Member) columns(now int64) []column {
	return []column{
		{name: "queue", value: m.Queue}, {name: "instance_id", value: instance}, {name: "uuid", value: m.UUID},
		{name: "session_uuid", value: m.SessionUUID}, {name: "cid_number", value: m.CIDNumber}, {name: "cid_name", value: m.CIDName},
		{name: "system_epoch", value: number(m.SystemEpoch)}, {name: "joined_epoch", value: number(m.JoinedEpoch)},
		{name: "rejoined_epoch", value: number(m.RejoinedEpoch)}, {name: "bridge_epoch", value: number(m.BridgeEpoch)},
		{name: "abandoned_epoch", value: number(m.Abandoned)}, {name: "base_score", value: "0"}, {name: "skill_score", value: "0"},
		{name: "serving_agent", value: m.ServingAgent}, {name: "serving_system", value: m.ServingSystem},
		{name: "state", value: m.State}, {name: "score", value: number(now - m.SystemEpoch)},
	}
}

// table prints rows with a header line; without rows there is no header either. Nothing is escaped.
func table(rows [][]column) string {
	var b strings.Builder
	for i, row := range rows {
		if i == 0 {
			writeLine(&b, row, func(c column) string { return c.name })
		}
		writeLine(&b, row, func(c column) string { return c.value })
	}
	b.WriteString("+OK\n")
	return b.String()
}

func writeLine(b *strings.Builder, row []column, cell func(column) string) {
	for i, c := range row {
		if i > 0 {
			b.WriteByte('|')
		}
		b.WriteString(cell(c))
	}
	b.WriteByte('\n')
}

func (c *Center) queueRows(nullText string) [][]column {
	var rows [][]column
	for i := range c.queues {
		if !c.unloaded[c.queues[i].Name] {
			rows = append(rows, c.queues[i].columns(nullText))
		}
	}
	return rows
}

func (c *Center) agentRows(keep func(*Agent) bool) [][]column {
	var rows [][]column
	for i := range c.agents {
		if keep(&c.agents[i]) {
			rows = append(rows, c.agents[i].columns())
		}
	}
	return rows
}

// queueAgentRows lists the agents of a queue's tiers by level and position.
func (c *Center) queueAgentRows(queue, status, state string) [][]column {
	tiers := slices.Clone(c.tiers)
	slices.SortStableFunc(tiers, func(a, b Tier) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(a.Position, b.Position))
	})
	var rows [][]column
	for _, t := range tiers {
		a := c.agent(t.Agent)
		if t.Queue != queue || a == nil || status != "" && a.Status != status || state != "" && a.State != state {
			continue
		}
		rows = append(rows, a.columns())
	}
	return rows
}

func (c *Center) tierRows(queue string) [][]column {
	var rows [][]column
	for i := range c.tiers {
		if queue == "" || c.tiers[i].Queue == queue {
			rows = append(rows, c.tiers[i].columns())
		}
	}
	return rows
}

func (c *Center) memberRows(queue string) [][]column {
	now := c.config.Now().Unix()
	var rows [][]column
	for i := range c.members {
		if queue == "" || c.members[i].Queue == queue {
			rows = append(rows, c.members[i].columns(now))
		}
	}
	return rows
}
