package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

// bucket is what an agent counts as. Of an agent that several nodes know, the
// greatest wins: somebody who talks on one node is not ready on another.
type bucket int

const (
	notCounted bucket = iota
	notReady
	ready
	talking
)

// agent is a row of `agent list`.
type agent struct {
	kind, contact, uuid                       string
	status, state                             string
	lastBridgeEnd, wrapUpTime, readyTime      int64
	lastOfferedCall, lastStatusChange, others int64
}

func readAgent(v patchbay.Value) agent {
	number := func(column string) int64 {
		n, _ := v.Get(column).Int()
		return n
	}
	text := func(column string) string { return v.Get(column).String() }
	return agent{
		kind: text("type"), contact: text("contact"), uuid: text("uuid"),
		// FreeSWITCH keeps a status as it was typed and compares without case.
		status: lower(text("status")), state: lower(text("state")),
		lastBridgeEnd: number("last_bridge_end"), wrapUpTime: number("wrap_up_time"), readyTime: number("ready_time"),
		lastOfferedCall: number("last_offered_call"), lastStatusChange: number("last_status_change"),
		others: number("external_calls_count"),
	}
}

// classify decides what an agent counts as; the first rule that fits wins. onCall
// tells that a live channel of the agent was found, now is the time in seconds.
func (a *agent) classify(onCall bool, now, stuckAfter int64) bucket {
	switch {
	case a.status == "" || a.status == "logged out" || a.status == "unknown":
		return notCounted
	case a.state == "in a queue call", a.others > 0, onCall:
		return talking
	case a.status == "on break":
		return notReady
	case a.isRinging() && !a.isStuck(now, stuckAfter), a.state == "idle":
		return notReady
	case a.inWrapUp(now):
		return notReady
	case !a.isAvailable():
		return notReady // a status that we do not know: logged in, but gets no calls
	case a.state == "waiting", a.isRinging():
		return ready
	}
	return notReady
}

func (a *agent) isAvailable() bool {
	return a.status == "available" || a.status == "available (on demand)"
}

func (a *agent) isRinging() bool { return a.state == "receiving" || a.state == "reserved" }

// isStuck reports whether a ringing state is too old to be true.
func (a *agent) isStuck(now, stuckAfter int64) bool {
	return stuckAfter > 0 && now-max(a.lastOfferedCall, a.lastStatusChange) > stuckAfter
}

// inWrapUp: the state goes to Waiting at once after a call, but mod_callcenter
// offers no calls before these times.
func (a *agent) inWrapUp(now int64) bool {
	return a.lastBridgeEnd+a.wrapUpTime >= now || a.readyTime > now
}

// lower lowers ASCII letters; strings.ToLower brings the tables of Unicode with
// it, and statuses, users and domains have no others.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c | 0x20
		}
	}
	return string(b)
}
