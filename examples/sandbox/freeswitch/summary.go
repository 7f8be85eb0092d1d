package freeswitch

import (
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
)

// summary is what a channel learns about itself at hangup: stamps, epochs, durations.
// The caller holds Switch.mu.
func (ch *channel) summary() []cdr.Pair {
	pairs := []cdr.Pair{{Name: "hangup_cause", Value: ch.cause}, {Name: "hangup_cause_q850", Value: strconv.Itoa(q850(ch.cause))}, {Name: "digits_dialed", Value: "none"}}
	moments := []struct {
		name string
		at   time.Time
	}{
		{"start", ch.created}, {"profile_start", ch.profileAt}, {"answer", ch.answered}, {"bridge", ch.bridged},
		{"progress", ch.progress}, {"end", ch.ended},
	}
	for _, m := range moments {
		if !m.at.IsZero() {
			pairs = append(pairs, cdr.Pair{Name: m.name + "_stamp", Value: m.at.Format(time.DateTime)})
		}
	}
	for _, m := range moments {
		epoch := "0"
		if !m.at.IsZero() {
			epoch = strconv.FormatInt(m.at.Unix(), 10)
		}
		pairs = append(pairs, cdr.Pair{Name: m.name + "_epoch", Value: epoch}, cdr.Pair{Name: m.name + "_uepoch", Value: micros(m.at)})
	}
	if len(ch.log) > 0 {
		last := ch.log[len(ch.log)-1]
		pairs = append(pairs, cdr.Pair{Name: "last_app", Value: last.Name})
		if last.Data != "" {
			pairs = append(pairs, cdr.Pair{Name: "last_arg", Value: last.Data})
		}
	}
	total, billed := ch.ended.Sub(ch.created), time.Duration(0)
	answered := time.Duration(0)
	if !ch.answered.IsZero() {
		billed, answered = ch.ended.Sub(ch.answered), ch.answered.Sub(ch.created)
	}
	for _, unit := range []struct {
		name string
		one  time.Duration
	}{{"", time.Second}, {"m", time.Millisecond}, {"u", time.Microsecond}} {
		text := func(d time.Duration) string { return strconv.FormatInt(int64(d/unit.one), 10) }
		suffix := map[string]string{"": "sec", "m": "msec", "u": "usec"}[unit.name]
		pairs = append(pairs, cdr.Pair{Name: unit.name + "duration", Value: text(total)}, cdr.Pair{Name: "bill" + suffix, Value: text(billed)},
			cdr.Pair{Name: "answer" + suffix, Value: text(answered)})
	}
	return pairs
}

// record is the CDR of an ended channel. The manual's call always has the manual's CDR.
func (ch *channel) record() *cdr.Record {
	if ch.uuid == ManualCallUUID {
		return ch.sw.manualRecord()
	}
	ch.sw.mu.Lock()
	defer ch.sw.mu.Unlock()
	r := &cdr.Record{
		CoreUUID: ch.sw.options.CoreUUID, Switchname: ch.sw.options.Switchname, UUID: ch.uuid, ALeg: ch.originator == "",
		Direction: ch.direction(), Flags: "0=1;1=1;2=1;40=1;42=1;55=1;160=1;165=1", Caps: "1=1;2=1;3=1;4=1;5=1;6=1;8=1;9=1;10=1",
		AppLog: ch.log,
	}
	if ch.phone && !ch.answered.IsZero() {
		packets := int(float64(ch.ended.Sub(ch.answered)) * ch.sw.options.Speed / float64(20*time.Millisecond))
		r.AudioIn, r.AudioOut = audioStats(packets)
	}
	for _, v := range ch.vars {
		r.Variables = append(r.Variables, cdr.Pair{Name: v.Name, Value: v.Value})
	}
	flow := cdr.Flow{
		Dialplan: ch.dialplan, UniqueID: newUUID(), ProfileIndex: strconv.Itoa(ch.profile), Extension: ch.extension, Number: ch.number,
		Apps: ch.extensionApps, Profile: ch.profilePairs(), Times: ch.times(ch.profileAt),
	}
	if ch.originator == "" && ch.profile > 1 {
		first := cdr.Flow{UniqueID: newUUID(), CloneOf: newUUID(), ProfileIndex: "1", Profile: ch.profilePairs(), Times: ch.times(ch.created)}
		flow.CloneOf = first.UniqueID
		r.Flows = []cdr.Flow{flow, first}
		return r
	}
	r.Flows = []cdr.Flow{flow}
	return r
}

func (ch *channel) profilePairs() []cdr.Pair {
	return []cdr.Pair{
		{Name: "username"}, {Name: "dialplan", Value: ch.dialplan}, {Name: "caller_id_name", Value: ch.cidName},
		{Name: "caller_id_number", Value: ch.cidNumber}, {Name: "callee_id_name", Value: ch.calleeName},
		{Name: "callee_id_number", Value: ch.calleeNumber}, {Name: "ani", Value: ch.cidNumber}, {Name: "aniii"},
		{Name: "network_addr", Value: domain}, {Name: "rdnis", Value: ch.rdnis}, {Name: "destination_number", Value: ch.dest},
		{Name: "uuid", Value: ch.uuid}, {Name: "source", Value: ch.source}, {Name: "context", Value: ch.context}, {Name: "chan_name", Value: ch.name},
	}
}

func (ch *channel) times(profile time.Time) []cdr.Pair {
	return []cdr.Pair{
		{Name: "created_time", Value: micros(ch.created)}, {Name: "profile_created_time", Value: micros(profile)},
		{Name: "progress_time", Value: micros(ch.progress)}, {Name: "progress_media_time", Value: "0"},
		{Name: "answered_time", Value: micros(ch.answered)}, {Name: "bridged_time", Value: micros(ch.bridged)},
		{Name: "last_hold_time", Value: "0"}, {Name: "hold_accum_time", Value: "0"}, {Name: "hangup_time", Value: micros(ch.ended)},
		{Name: "resurrect_time", Value: "0"}, {Name: "transfer_time", Value: "0"},
	}
}

func audioStats(packets int) (in, out []cdr.Pair) {
	n := strconv.Itoa(packets)
	bytes := strconv.Itoa(packets * 172)
	in = []cdr.Pair{
		{Name: "raw_bytes", Value: bytes}, {Name: "media_bytes", Value: bytes}, {Name: "packet_count", Value: n}, {Name: "media_packet_count", Value: n},
		{Name: "skip_packet_count", Value: "2"}, {Name: "jitter_packet_count", Value: "0"}, {Name: "dtmf_packet_count", Value: "0"},
		{Name: "cng_packet_count", Value: "0"}, {Name: "flush_packet_count", Value: "0"}, {Name: "largest_jb_size", Value: "0"},
		{Name: "jitter_min_variance", Value: "0.31"}, {Name: "jitter_max_variance", Value: "4.87"}, {Name: "jitter_loss_rate", Value: "0.00"},
		{Name: "jitter_burst_rate", Value: "0.00"}, {Name: "mean_interval", Value: "20.00"}, {Name: "flaw_total", Value: "0"},
		{Name: "quality_percentage", Value: "100.00"}, {Name: "mos", Value: "4.50"},
	}
	out = []cdr.Pair{
		{Name: "raw_bytes", Value: bytes}, {Name: "media_bytes", Value: bytes}, {Name: "packet_count", Value: n}, {Name: "media_packet_count", Value: n},
		{Name: "skip_packet_count", Value: "0"}, {Name: "dtmf_packet_count", Value: "0"}, {Name: "cng_packet_count", Value: "0"},
		{Name: "rtcp_packet_count", Value: "0"}, {Name: "rtcp_octet_count", Value: "0"},
	}
	return in, out
}

// q850 maps a cause to its number for the causes that this switch uses.
func q850(cause string) int {
	return map[string]int{
		"UNALLOCATED_NUMBER": 1, "NO_ROUTE_DESTINATION": 3, "NORMAL_CLEARING": 16, "USER_BUSY": 17, "NO_USER_RESPONSE": 18, "NO_ANSWER": 19,
		"SUBSCRIBER_ABSENT": 20, "CALL_REJECTED": 21, "DESTINATION_OUT_OF_ORDER": 27, "NORMAL_UNSPECIFIED": 31,
		"NORMAL_TEMPORARY_FAILURE": 41, "CHAN_NOT_IMPLEMENTED": 66, "USER_NOT_REGISTERED": 0,
	}[cause]
}
