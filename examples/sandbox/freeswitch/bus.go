package freeswitch

import (
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// bus numbers events and hands them to the connections that want them, in order.
type bus struct {
	coreUUID, switchname string

	mu       sync.Mutex
	sequence int
	conns    map[*conn]struct{}
}

func newBus(coreUUID, switchname string) *bus {
	return &bus{coreUUID: coreUUID, switchname: switchname, conns: map[*conn]struct{}{}}
}

func (b *bus) join(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns[c] = struct{}{}
}

func (b *bus) leave(c *conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

// origin is the Event-Calling-* of an event.
type origin struct {
	file, function string
	line           int
}

// stamp returns the headers every event starts with. The caller holds no bus lock.
func (b *bus) stamp(name, subclass string, from origin) []event.Header {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stampLocked(name, subclass, from)
}

func (b *bus) stampLocked(name, subclass string, from origin) []event.Header {
	b.sequence++
	now := time.Now()
	var headers []event.Header
	if subclass != "" {
		headers = append(headers, event.Header{Name: "Event-Subclass", Value: subclass})
	}
	return append(headers,
		event.Header{Name: "Event-Name", Value: name},
		event.Header{Name: "Core-UUID", Value: b.coreUUID},
		event.Header{Name: "FreeSWITCH-Hostname", Value: b.switchname},
		event.Header{Name: "FreeSWITCH-Switchname", Value: b.switchname},
		event.Header{Name: "FreeSWITCH-IPv4", Value: "127.0.0.1"},
		event.Header{Name: "FreeSWITCH-IPv6", Value: "::1"},
		event.Header{Name: "Event-Date-Local", Value: now.Format(time.DateTime)},
		event.Header{Name: "Event-Date-GMT", Value: now.UTC().Format("Mon, 02 Jan 2006 15:04:05") + " GMT"},
		event.Header{Name: "Event-Date-Timestamp", Value: micros(now)},
		event.Header{Name: "Event-Calling-File", Value: from.file},
		event.Header{Name: "Event-Calling-Function", Value: from.function},
		event.Header{Name: "Event-Calling-Line-Number", Value: strconv.Itoa(from.line)},
		event.Header{Name: "Event-Sequence", Value: strconv.Itoa(b.sequence)})
}

// publish sends an event to every subscriber. Number and delivery happen under one lock,
// so that sequence numbers arrive in order.
func (b *bus) publish(name, subclass string, from origin, headers []event.Header, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &event.Event{Name: name, Subclass: subclass, Body: body}
	e.Headers = append(b.stampLocked(name, subclass, from), headers...)
	for c := range b.conns {
		c.offer(e)
	}
}

func (s *Switch) heartbeat() {
	for s.wait(s.pace(s.options.Heartbeat), nil) {
		s.mu.Lock()
		live, total := len(s.channels), s.sessions
		pairs := []string{
			"Event-Info", "System Ready", "Up-Time", uptimeText(time.Since(s.started)),
			"FreeSWITCH-Version", versionPlain, "Uptime-msec", strconv.FormatInt(time.Since(s.started).Milliseconds(), 10),
			"Session-Count", strconv.Itoa(live), "Max-Sessions", strconv.Itoa(s.maxSessions), "Session-Per-Sec", strconv.Itoa(s.sps),
			"Session-Per-Sec-Last", "0", "Session-Per-Sec-Max", "1", "Session-Per-Sec-FiveMin", "1",
			"Session-Since-Startup", strconv.Itoa(total), "Session-Peak-Max", strconv.Itoa(live), "Session-Peak-FiveMin", strconv.Itoa(live),
			"Idle-CPU", "97.500000",
		}
		s.mu.Unlock()
		s.bus.publish("HEARTBEAT", "", origin{"switch_core.c", "send_heartbeat", 95}, pairsToHeaders(pairs), "")
	}
}

func (s *Switch) agentChanged(action string, pairs ...string) {
	from := origin{"mod_callcenter.c", "cc_agent_update", 1043}
	switch action {
	case "agent-state-change":
		from.line = 1067
	case "agent-add":
		from = origin{"mod_callcenter.c", "cc_agent_add", 915}
	}
	s.bus.publish("CUSTOM", "callcenter::info", from, pairsToHeaders(pairs), "")
}

func pairsToHeaders(pairs []string) []event.Header {
	headers := make([]event.Header, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		headers = append(headers, event.Header{Name: pairs[i], Value: pairs[i+1]})
	}
	return headers
}

// micros prints a time in microseconds, a zero time as 0.
func micros(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixMicro(), 10)
}

func uptimeText(up time.Duration) string {
	const day = 24 * time.Hour
	return fmt.Sprintf("%d years, %d days, %d hours, %d minutes, %d seconds, %d milliseconds, %d microseconds",
		up/(365*day), up%(365*day)/day, up%day/time.Hour, up%time.Hour/time.Minute, up%time.Minute/time.Second,
		up%time.Second/time.Millisecond, up%time.Millisecond/time.Microsecond)
}
