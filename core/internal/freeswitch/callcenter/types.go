package callcenter

import "strings"

// Queue is one row of "queue list": the 19 columns in their order, all text, as FreeSWITCH printed them
// ("(null)" included). A column that this FreeSWITCH does not have is "".
type Queue struct {
	Name                              string `json:"name"`
	Strategy                          string `json:"strategy"`
	MohSound                          string `json:"moh_sound"`
	TimeBaseScore                     string `json:"time_base_score"`
	TierRulesApply                    string `json:"tier_rules_apply"`
	TierRuleWaitSecond                string `json:"tier_rule_wait_second"`
	TierRuleWaitMultiplyLevel         string `json:"tier_rule_wait_multiply_level"`
	TierRuleNoAgentNoWait             string `json:"tier_rule_no_agent_no_wait"`
	DiscardAbandonedAfter             string `json:"discard_abandoned_after"`
	AbandonedResumeAllowed            string `json:"abandoned_resume_allowed"`
	MaxWaitTime                       string `json:"max_wait_time"`
	MaxWaitTimeWithNoAgent            string `json:"max_wait_time_with_no_agent"`
	MaxWaitTimeWithNoAgentTimeReached string `json:"max_wait_time_with_no_agent_time_reached"`
	RecordTemplate                    string `json:"record_template"`
	CallsAnswered                     string `json:"calls_answered"`
	CallsAbandoned                    string `json:"calls_abandoned"`
	RingProgressivelyDelay            string `json:"ring_progressively_delay"`
	SkipAgentsWithExternalCalls       string `json:"skip_agents_with_external_calls"`
	AgentNoAnswerStatus               string `json:"agent_no_answer_status"`
}

// Tier ties an agent to a queue.
type Tier struct {
	Queue    string `json:"queue"`
	Agent    string `json:"agent"`
	State    string `json:"state"`
	Level    string `json:"level"`
	Position string `json:"position"`
}

// Agent is one agent. Times are epoch seconds and "0" for never; a NULL column is "".
type Agent struct {
	Name               string `json:"name"`
	InstanceID         string `json:"instance_id"`
	UUID               string `json:"uuid"`
	Type               string `json:"type"`
	Contact            string `json:"contact"`
	Status             string `json:"status"`
	State              string `json:"state"`
	MaxNoAnswer        string `json:"max_no_answer"`
	WrapUpTime         string `json:"wrap_up_time"`
	RejectDelayTime    string `json:"reject_delay_time"`
	BusyDelayTime      string `json:"busy_delay_time"`
	NoAnswerDelayTime  string `json:"no_answer_delay_time"`
	LastBridgeStart    string `json:"last_bridge_start"`
	LastBridgeEnd      string `json:"last_bridge_end"`
	LastOfferedCall    string `json:"last_offered_call"`
	LastStatusChange   string `json:"last_status_change"`
	NoAnswerCount      string `json:"no_answer_count"`
	CallsAnswered      string `json:"calls_answered"`
	TalkTime           string `json:"talk_time"`
	ReadyTime          string `json:"ready_time"`
	ExternalCallsCount string `json:"external_calls_count"`
}

// Member is one caller in a queue. SessionUUID is the channel; UUID is mod_callcenter's own id.
type Member struct {
	Queue          string `json:"queue"`
	InstanceID     string `json:"instance_id"`
	UUID           string `json:"uuid"`
	SessionUUID    string `json:"session_uuid"`
	CIDNumber      string `json:"cid_number"`
	CIDName        string `json:"cid_name"`
	SystemEpoch    string `json:"system_epoch"`
	JoinedEpoch    string `json:"joined_epoch"`
	RejoinedEpoch  string `json:"rejoined_epoch"`
	BridgeEpoch    string `json:"bridge_epoch"`
	AbandonedEpoch string `json:"abandoned_epoch"`
	BaseScore      string `json:"base_score"`
	SkillScore     string `json:"skill_score"`
	ServingAgent   string `json:"serving_agent"`
	ServingSystem  string `json:"serving_system"`
	State          string `json:"state"`
	Score          string `json:"score"`
}

// QueueList is "queue list" with the lines that could not be read.
type QueueList struct {
	Queues    []Queue
	Malformed []string
}

// ParseQueues reads the text answer of "callcenter_config queue list".
//
// # Errors
//
// Those of ParseTable; ErrDamaged also when the table is not a queue list.
func ParseQueues(text string) (QueueList, error) {
	t, err := ParseTable(text)
	if err != nil {
		return QueueList{}, err
	}
	out := QueueList{Queues: []Queue{}, Malformed: t.Malformed}
	if len(t.Columns) > 0 && t.Columns[0] != "name" {
		return QueueList{}, ErrDamaged
	}
	for _, row := range t.Rows {
		var q Queue
		for i, column := range t.Columns {
			if field := q.field(column); field != nil {
				*field = strings.ToValidUTF8(row[i], "\uFFFD")
			}
		}
		out.Queues = append(out.Queues, q)
	}
	return out, nil
}

func (q *Queue) field(column string) *string {
	switch column {
	case "name":
		return &q.Name
	case "strategy":
		return &q.Strategy
	case "moh_sound":
		return &q.MohSound
	case "time_base_score":
		return &q.TimeBaseScore
	case "tier_rules_apply":
		return &q.TierRulesApply
	case "tier_rule_wait_second":
		return &q.TierRuleWaitSecond
	case "tier_rule_wait_multiply_level":
		return &q.TierRuleWaitMultiplyLevel
	case "tier_rule_no_agent_no_wait":
		return &q.TierRuleNoAgentNoWait
	case "discard_abandoned_after":
		return &q.DiscardAbandonedAfter
	case "abandoned_resume_allowed":
		return &q.AbandonedResumeAllowed
	case "max_wait_time":
		return &q.MaxWaitTime
	case "max_wait_time_with_no_agent":
		return &q.MaxWaitTimeWithNoAgent
	case "max_wait_time_with_no_agent_time_reached":
		return &q.MaxWaitTimeWithNoAgentTimeReached
	case "record_template":
		return &q.RecordTemplate
	case "calls_answered":
		return &q.CallsAnswered
	case "calls_abandoned":
		return &q.CallsAbandoned
	case "ring_progressively_delay":
		return &q.RingProgressivelyDelay
	case "skip_agents_with_external_calls":
		return &q.SkipAgentsWithExternalCalls
	case "agent_no_answer_status":
		return &q.AgentNoAnswerStatus
	}
	return nil
}
