package freeswitch

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// Call is one leg that an originate command dialled.
type Call struct {
	UUID        string
	DialString  string // the leg as written
	Account     string // of a user/ leg
	Destination string // extension or application that the leg was sent to
	Dialplan    string
	Context     string
	Vars        []dial.Var
	Command     string
	State       string // "ringing", "answered", "ended"
	Cause       string // hangup cause of an ended call
	Started     time.Time
	Answered    time.Time // zero if it never was
	Ended       time.Time
}

// channel is one live leg. Its fields are guarded by Switch.mu; hang is closed once.
type channel struct {
	uuid, name, source, presence string
	inbound                      bool // created by a loopback, everything else is outbound
	originator                   string
	phone                        bool // a phone that hangs up by itself
	dest, context, dialplan      string
	rdnis                        string
	cidName, cidNumber           string
	calleeName, calleeNumber     string
	vars                         []dial.Var
	state, callState, answer     string
	stateNumber, profile         int
	app, appData                 string
	session                      int
	created, profileAt           time.Time
	progress, answered, bridged  time.Time
	ended                        time.Time
	extension, number            string
	extensionApps, log           []cdr.App
	recording                    *recording
	call                         *Call
	cause                        string
	hang                         chan struct{}
	sw                           *Switch
}

func (ch *channel) direction() string {
	if ch.inbound {
		return "inbound"
	}
	return "outbound"
}

// get returns a variable or "". The caller holds Switch.mu.
func (ch *channel) get(name string) string {
	value, _ := dial.Lookup(ch.vars, name)
	return value
}

// set changes or adds a variable; an empty value removes it. The caller holds Switch.mu.
func (ch *channel) set(name, value string) {
	ch.vars = slices.DeleteFunc(ch.vars, func(v dial.Var) bool { return strings.EqualFold(v.Name, name) && value == "" })
	for i := range ch.vars {
		if strings.EqualFold(ch.vars[i].Name, name) {
			ch.vars[i].Value = value
			return
		}
	}
	if value != "" {
		ch.vars = append(ch.vars, dial.Var{Name: name, Value: value})
	}
}

// variable is what ${name} means on this channel.
func (ch *channel) variable(name string) string {
	ch.sw.mu.Lock()
	defer ch.sw.mu.Unlock()
	switch name {
	case "uuid":
		return ch.uuid
	case "destination_number":
		return ch.dest
	case "caller_id_name":
		return ch.cidName
	case "caller_id_number":
		return ch.cidNumber
	}
	if value, ok := dial.Lookup(ch.vars, name); ok {
		return value
	}
	return ch.sw.global(name)
}

// kill asks the channel's owner to hang up. The first cause wins.
func (ch *channel) kill(cause string) {
	ch.sw.mu.Lock()
	defer ch.sw.mu.Unlock()
	if ch.cause == "" {
		ch.cause = cause
		close(ch.hang)
	}
}

// live returns the channels in the order of their creation.
func (s *Switch) live() []*channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.channels)
}

// find returns a live channel or nil.
func (s *Switch) find(uuid string) *channel {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.findLocked(uuid)
}

func (s *Switch) findLocked(uuid string) *channel {
	if i := slices.IndexFunc(s.channels, func(ch *channel) bool { return ch.uuid == uuid }); i >= 0 {
		return s.channels[i]
	}
	return nil
}

// create enters a channel into the table. A uuid that is taken is silently replaced.
func (s *Switch) create(ch *channel) {
	s.mu.Lock()
	now := time.Now()
	if ch.uuid == "" || s.findLocked(ch.uuid) != nil {
		ch.uuid = newUUID()
	}
	s.sessions++
	ch.sw, ch.session, ch.created, ch.profileAt, ch.profile = s, s.sessions, now, now, 1
	ch.state, ch.stateNumber, ch.callState, ch.answer = "CS_INIT", 2, "DOWN", "ringing"
	ch.hang = make(chan struct{})
	ch.vars = append([]dial.Var{
		{Name: "direction", Value: ch.direction()}, {Name: "is_outbound", Value: strconv.FormatBool(!ch.inbound)},
		{Name: "uuid", Value: ch.uuid}, {Name: "call_uuid", Value: ch.uuid}, {Name: "session_id", Value: strconv.Itoa(ch.session)},
		{Name: "channel_name", Value: ch.name},
	}, ch.vars...)
	if ch.originator != "" {
		ch.set("originator", ch.originator)
	}
	s.channels = append(s.channels, ch)
	s.mu.Unlock()
	ch.emit("CHANNEL_CREATE", origin{"switch_core_state_machine.c", "switch_core_session_run", 626})
}

// ring marks the channel as ringing.
func (ch *channel) ring() {
	ch.change(func() {
		ch.progress, ch.callState, ch.state, ch.stateNumber = time.Now(), "RINGING", "CS_CONSUME_MEDIA", 7
	})
	ch.emit("CHANNEL_PROGRESS", origin{"switch_channel.c", "switch_channel_perform_mark_ring_ready_value", 3488})
	ch.emit("CHANNEL_CALLSTATE", origin{"switch_channel.c", "switch_channel_perform_set_callstate", 301})
}

// accept marks the channel as answered.
func (ch *channel) accept() {
	ch.change(func() {
		ch.answered, ch.answer = time.Now(), "answered"
		ch.set("endpoint_disposition", "ANSWER")
		if ch.call != nil {
			ch.call.State, ch.call.Answered = "answered", ch.answered
		}
	})
	ch.emit("CHANNEL_ANSWER", origin{"switch_channel.c", "switch_channel_perform_mark_answered", 3846})
	ch.change(func() { ch.callState, ch.state, ch.stateNumber = "ACTIVE", "CS_EXECUTE", 4 })
	ch.emit("CHANNEL_CALLSTATE", origin{"switch_channel.c", "switch_channel_perform_set_callstate", 301})
}

func (ch *channel) change(f func()) {
	ch.sw.mu.Lock()
	defer ch.sw.mu.Unlock()
	f()
}

// emit publishes an event of this channel with its present state and variables.
func (ch *channel) emit(name string, from origin, extra ...string) {
	ch.sw.mu.Lock()
	headers := ch.headers()
	if name == "CHANNEL_HANGUP_COMPLETE" {
		headers = append([]event.Header{{Name: "Hangup-Cause", Value: ch.cause}}, headers...)
	}
	headers = append(headers, pairsToHeaders(extra)...)
	ch.sw.mu.Unlock()
	ch.sw.bus.publish(name, "", from, headers, "")
}

// headers describes the channel. The caller holds Switch.mu.
func (ch *channel) headers() []event.Header {
	pairs := []string{
		"Channel-State", ch.state, "Channel-Call-State", ch.callState, "Channel-State-Number", strconv.Itoa(ch.stateNumber),
		"Channel-Name", ch.name, "Unique-ID", ch.uuid, "Call-Direction", ch.direction(), "Presence-Call-Direction", ch.direction(),
		"Channel-HIT-Dialplan", strconv.FormatBool(ch.dialplan != ""),
	}
	if ch.presence != "" {
		pairs = append(pairs, "Channel-Presence-ID", ch.presence)
	}
	pairs = append(pairs, "Channel-Call-UUID", ch.uuid, "Answer-State", ch.answer)
	if ch.cause != "" && ch.answer == "hangup" {
		pairs = append(pairs, "Hangup-Cause", ch.cause)
	}
	if !ch.answered.IsZero() {
		for _, side := range []string{"Read", "Write"} {
			pairs = append(pairs, "Channel-"+side+"-Codec-Name", "PCMU", "Channel-"+side+"-Codec-Rate", "8000", "Channel-"+side+"-Codec-Bit-Rate", "64000")
		}
	}
	optional := func(name, value string) {
		if value != "" {
			pairs = append(pairs, name, value)
		}
	}
	pairs = append(pairs, "Caller-Direction", ch.direction(), "Caller-Logical-Direction", ch.direction())
	optional("Caller-Dialplan", ch.dialplan)
	optional("Caller-Caller-ID-Name", ch.cidName)
	pairs = append(pairs, "Caller-Caller-ID-Number", ch.cidNumber)
	optional("Caller-Callee-ID-Name", ch.calleeName)
	optional("Caller-Callee-ID-Number", ch.calleeNumber)
	pairs = append(pairs, "Caller-ANI", ch.cidNumber, "Caller-Destination-Number", ch.dest, "Caller-Unique-ID", ch.uuid,
		"Caller-Source", ch.source, "Caller-Context", ch.context)
	optional("Caller-RDNIS", ch.rdnis)
	pairs = append(pairs, "Caller-Channel-Name", ch.name, "Caller-Profile-Index", strconv.Itoa(ch.profile),
		"Caller-Profile-Created-Time", micros(ch.profileAt), "Caller-Channel-Created-Time", micros(ch.created),
		"Caller-Channel-Answered-Time", micros(ch.answered), "Caller-Channel-Progress-Time", micros(ch.progress),
		"Caller-Channel-Progress-Media-Time", "0", "Caller-Channel-Hangup-Time", micros(ch.ended), "Caller-Channel-Transfer-Time", "0",
		"Caller-Channel-Resurrect-Time", "0", "Caller-Channel-Bridged-Time", micros(ch.bridged), "Caller-Channel-Last-Hold", "0",
		"Caller-Channel-Hold-Accum", "0", "Caller-Screen-Bit", "true", "Caller-Privacy-Hide-Name", "false", "Caller-Privacy-Hide-Number", "false")
	headers := pairsToHeaders(pairs)
	for _, v := range ch.vars {
		headers = append(headers, event.Header{Name: "variable_" + v.Name, Value: v.Value})
	}
	return headers
}

// finish ends the channel: events, recording, CDR. Only its owner calls it, once.
func (ch *channel) finish(cause string) {
	ch.kill(cause)
	ch.change(func() { ch.ended, ch.answer = time.Now(), "hangup" })
	ch.emit("CHANNEL_HANGUP", origin{"switch_channel.c", "switch_channel_perform_hangup", 3440})
	ch.change(func() { ch.state, ch.stateNumber = "CS_HANGUP", 10 })
	ch.stopRecording()
	ch.change(func() {
		ch.callState = "HANGUP"
		for _, v := range ch.summary() {
			ch.set(v.Name, v.Value)
		}
	})
	ch.emit("CHANNEL_CALLSTATE", origin{"switch_channel.c", "switch_channel_perform_set_callstate", 301})
	ch.change(func() {
		ch.state, ch.stateNumber = "CS_REPORTING", 11
		ch.sw.channels = slices.DeleteFunc(ch.sw.channels, func(other *channel) bool { return other == ch })
		if ch.call != nil {
			ch.call.State, ch.call.Cause, ch.call.Ended = "ended", ch.cause, ch.ended
		}
	})
	// The post runs in the call's own thread: a slow receiver delays what follows.
	_ = ch.sw.poster.Post(ch.sw.ctx, ch.record()) // its outcome is in CDRPosts
	ch.emit("CHANNEL_HANGUP_COMPLETE", origin{"switch_core_state_machine.c", "switch_core_session_reporting_state", 943})
	ch.emit("CHANNEL_DESTROY", origin{"switch_core_session.c", "switch_core_session_perform_destroy", 1591})
}
