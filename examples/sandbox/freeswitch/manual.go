package freeswitch

import (
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/callcenter"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
)

// Identities that the user manual prints.
const (
	ManualCallUUID = "87e64143-758c-4f9b-b990-e06613a3d7d2"
	ManualCoreUUID = "639d168b-d7ec-4ace-9c02-1bdca0e17c96"
	manualHost     = "194.85.58.17"
)

// manualAccounts are the manual's SIP accounts and one for each common refusal.
func manualAccounts() []Account {
	return []Account{
		{Name: "1001", Registered: true},
		{Name: "1002", Registered: true},
		{Name: "1234", Registered: true},
		{Name: "1003"},
		{Name: "1004", Registered: true, Cause: "USER_BUSY"},
		{Name: "1005", Registered: true, Cause: "NO_ANSWER"},
		{Name: "1006", Registered: true, Cause: "CALL_REJECTED"},
	}
}

// manualCallCenter has the manual's queues with its 19 values each, its tiers and agents.
func manualCallCenter() callcenter.Config {
	queue := func(name, strategy, score string, noWait bool, discard, noAgent int) callcenter.Queue {
		return callcenter.Queue{
			Name: name, Strategy: strategy, MohSound: "local_stream://moh", TimeBaseScore: score, TierRuleWaitSecond: 300,
			TierRuleWaitMultiplyLevel: true, TierRuleNoAgentNoWait: noWait, DiscardAbandonedAfter: discard, MaxWaitTimeWithNoAgent: noAgent,
			MaxWaitTimeWithNoAgentTimeReached: 5, SkipAgentsWithExternalCalls: true, AgentNoAnswerStatus: "On Break",
		}
	}
	started := time.Now().Unix()
	agent := func(name, contact, status string) callcenter.Agent {
		return callcenter.Agent{
			Name: name, Type: "callback", Contact: contact, Status: status, State: "Waiting", MaxNoAnswer: 3, WrapUpTime: 2,
			RejectDelayTime: 3, BusyDelayTime: 5, NoAnswerDelayTime: 3, LastStatusChange: started,
		}
	}
	tier := func(queue, agent string) callcenter.Tier {
		return callcenter.Tier{Queue: queue, Agent: agent, State: "Ready", Level: 1, Position: 1}
	}
	return callcenter.Config{
		NullText: "(null)",
		Queues: []callcenter.Queue{
			queue("support2@default", "longest-idle-agent", "system", false, 60, 120),
			queue("sales@default", "agent-with-least-talk-time", "queue", false, 14400, 120),
			queue("support@default", "longest-idle-agent", "system", true, 60, 0),
		},
		Agents: []callcenter.Agent{
			agent("1000@default", "[leg_timeout=10]loopback/9100/default", "Available"),
			agent("1001@default", "[leg_timeout=10]user/1001@127.0.0.1", "On Break"),
			agent("1002@default", "[leg_timeout=10]user/1002@127.0.0.1", "Logged Out"),
		},
		Tiers: []callcenter.Tier{tier("support2@default", "1000@default"), tier("sales@default", "1001@default"), tier("support@default", "1001@default")},
	}
}

// postManualCDR offers the manual's CDR until the gateway takes it.
func (s *Switch) postManualCDR() {
	for {
		if err := s.poster.Try(s.ctx, s.manualRecord()); err == nil {
			return
		}
		if !s.wait(s.pace(time.Second), nil) {
			return
		}
	}
}

// manualRecord is the CDR that the manual prints, with its elided middle filled in. The
// numbers have FreeSWITCH's two decimals where the manual's PHP dropped them.
func (s *Switch) manualRecord() *cdr.Record {
	pairs := func(list ...string) []cdr.Pair {
		out := make([]cdr.Pair, 0, len(list)/2)
		for i := 0; i+1 < len(list); i += 2 {
			out = append(out, cdr.Pair{Name: list[i], Value: list[i+1]})
		}
		return out
	}
	recording := s.options.RecordingsDir + "/" + ManualCallUUID + ".wav"
	apps := func(stamp func(string) string) []cdr.App {
		return []cdr.App{
			{Name: "set", Data: "hangup_after_bridge=true", Stamp: stamp("1669295680567998")},
			{Name: "record_session", Data: recording, Stamp: stamp("1669295680568213")},
			{Name: "bridge", Data: "sofia/gateway/trunk/89100000000", Stamp: stamp("1669295680569104")},
		}
	}
	const created, media, hangup = "1669295680528041", "1669295680567998", "1669295694488035"
	profile := func(plan, destination, rdnis string) []cdr.Pair {
		return pairs("username", "", "dialplan", plan, "caller_id_name", "", "caller_id_number", "1001", "callee_id_name", "31001",
			"callee_id_number", "31001", "ani", "1001", "aniii", "", "network_addr", manualHost, "rdnis", rdnis, "destination_number", destination,
			"uuid", ManualCallUUID, "source", "src/switch_ivr_originate.c", "context", "default", "chan_name", "sofia/internal/31001@"+manualHost)
	}
	return &cdr.Record{
		CoreUUID: ManualCoreUUID, Switchname: "fs-api", UUID: ManualCallUUID, ALeg: true, Direction: "outbound",
		Flags: "0=1;1=1;2=1;3=1;39=1;40=1;42=1;45=1;55=1;62=1;98=1;116=1;117=1;126=1;163=1;168=1;169=1",
		Caps:  "1=1;2=1;3=1;4=1;5=1;6=1;8=1;9=1;10=1",
		AudioIn: pairs("raw_bytes", "120228", "media_bytes", "120056", "packet_count", "699", "media_packet_count", "698", "skip_packet_count", "68",
			"jitter_packet_count", "0", "dtmf_packet_count", "0", "cng_packet_count", "0", "flush_packet_count", "1", "largest_jb_size", "0",
			"jitter_min_variance", "0.24", "jitter_max_variance", "5.33", "jitter_loss_rate", "0.00", "jitter_burst_rate", "0.00",
			"mean_interval", "20.00", "flaw_total", "0", "quality_percentage", "100.00", "mos", "4.50"),
		AudioOut: pairs("raw_bytes", "116960", "media_bytes", "116960", "packet_count", "680", "media_packet_count", "680", "skip_packet_count", "0",
			"dtmf_packet_count", "0", "cng_packet_count", "0", "rtcp_packet_count", "0", "rtcp_octet_count", "0"),
		Variables: pairs("direction", "outbound", "is_outbound", "true", "uuid", ManualCallUUID, "session_id", "11", "sip_profile_name", "internal",
			"channel_name", "sofia/internal/31001@"+manualHost, "dialed_user", manualAccount, "dialed_domain", manualHost,
			"origination_caller_id_number", "1001", "originate_endpoint", "user", "endpoint_disposition", "ANSWER", "hangup_after_bridge", "true",
			"call_uuid", ManualCallUUID, "current_application", "bridge", "current_application_data", "sofia/gateway/trunk/89100000000",
			"record_file_size", "64044", "record_samples", "32000", "record_seconds", "4", "record_ms", "4000", "record_completion_cause", "success-silence",
			"hangup_cause", "NORMAL_CLEARING", "hangup_cause_q850", "16", "digits_dialed", "none", "start_stamp", "2022-11-24 16:14:40",
			"profile_start_stamp", "2022-11-24 16:14:40", "answer_stamp", "2022-11-24 16:14:42", "progress_media_stamp", "2022-11-24 16:14:40",
			"end_stamp", "2022-11-24 16:14:54", "start_epoch", "1669295680", "start_uepoch", created, "profile_start_epoch", "1669295680",
			"profile_start_uepoch", media, "answer_epoch", "1669295682", "answer_uepoch", "1669295682028112", "bridge_epoch", "0", "bridge_uepoch", "0",
			"progress_media_epoch", "1669295680", "progress_media_uepoch", media, "end_epoch", "1669295694", "end_uepoch", hangup,
			"last_app", "bridge", "last_arg", "sofia/gateway/trunk/89100000000", "caller_id", "1001", "duration", "14", "billsec", "12",
			"mduration", "13960", "billmsec", "12460", "uduration", "13959994", "billusec", "12459923", "sip_hangup_disposition", "recv_bye"),
		AppLog: apps(func(s string) string { return s }),
		Flows: []cdr.Flow{
			{
				Dialplan: "XML", UniqueID: "5d0cf0a1-6a0f-4a52-9a3f-0f6c1f0a4d11", CloneOf: "c4a36133-25c5-4276-bf5f-1a9dfa8ac3db", ProfileIndex: "2",
				Extension: "public_number", Number: "89100000000", Apps: apps(func(string) string { return "" }),
				Profile: profile("XML", "89100000000", "31001"),
				Times: pairs("created_time", created, "profile_created_time", media, "progress_time", "0", "progress_media_time", media,
					"answered_time", "1669295682028112", "bridged_time", "0", "last_hold_time", "0", "hold_accum_time", "0", "hangup_time", hangup,
					"resurrect_time", "0", "transfer_time", "0"),
			},
			{
				UniqueID: "c4a36133-25c5-4276-bf5f-1a9dfa8ac3db", CloneOf: "1392996c-f421-4f5e-9a2a-0f877529bc57", ProfileIndex: "1",
				Profile: profile("", "31001", ""),
				Times: pairs("created_time", created, "profile_created_time", created, "progress_time", "0", "progress_media_time", media,
					"answered_time", "0", "bridged_time", "0", "last_hold_time", "0", "hold_accum_time", "0", "hangup_time", "0",
					"resurrect_time", "0", "transfer_time", media),
			},
		},
	}
}
