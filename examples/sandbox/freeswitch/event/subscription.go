package event

import (
	"regexp"
	"slices"
	"strings"
)

// names are the events that may be subscribed to (EVENT_NAMES of switch_event.c).
var names = strings.Fields(`CUSTOM CLONE CHANNEL_CREATE CHANNEL_DESTROY CHANNEL_STATE CHANNEL_CALLSTATE CHANNEL_ANSWER
	CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE CHANNEL_HOLD CHANNEL_UNHOLD
	CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_PROGRESS CHANNEL_PROGRESS_MEDIA CHANNEL_OUTGOING CHANNEL_PARK
	CHANNEL_UNPARK CHANNEL_APPLICATION CHANNEL_ORIGINATE CHANNEL_UUID API LOG INBOUND_CHAN OUTBOUND_CHAN STARTUP
	SHUTDOWN PUBLISH UNPUBLISH TALK NOTALK SESSION_CRASH MODULE_LOAD MODULE_UNLOAD DTMF MESSAGE PRESENCE_IN
	NOTIFY_IN PRESENCE_OUT PRESENCE_PROBE MESSAGE_WAITING MESSAGE_QUERY ROSTER CODEC BACKGROUND_JOB DETECTED_SPEECH
	DETECTED_TONE PRIVATE_COMMAND HEARTBEAT TRAP ADD_SCHEDULE DEL_SCHEDULE EXE_SCHEDULE RE_SCHEDULE RELOADXML NOTIFY
	PHONE_FEATURE PHONE_FEATURE_SUBSCRIBE SEND_MESSAGE RECV_MESSAGE REQUEST_PARAMS CHANNEL_DATA GENERAL COMMAND
	SESSION_HEARTBEAT CLIENT_DISCONNECTED SERVER_DISCONNECTED SEND_INFO RECV_INFO RECV_RTCP_MESSAGE SEND_RTCP_MESSAGE
	CALL_SECURE NAT RECORD_START RECORD_STOP PLAYBACK_START PLAYBACK_STOP CALL_UPDATE FAILURE SOCKET_DATA
	MEDIA_BUG_START MEDIA_BUG_STOP CONFERENCE_DATA_QUERY CONFERENCE_DATA CALL_SETUP_REQ CALL_SETUP_RESULT CALL_DETAIL
	DEVICE_STATE TEXT SHUTDOWN_REQUESTED ALL`)

// Known returns the canonical name of an event, or "" if there is no such event.
func Known(name string) string {
	if i := slices.Index(names, strings.ToUpper(name)); i >= 0 {
		return names[i]
	}
	return ""
}

// Subscription is what one connection asked to hear. The zero value hears nothing.
// It is not safe for concurrent use: its connection owns it.
type Subscription struct {
	Format  string // "plain" unless "json" was asked for
	enabled bool
	events  map[string]bool
	classes map[string]bool
	filters []filter
}

type filter struct {
	name, value string
	negative    bool
	pattern     *regexp.Regexp
}

// Enabled tells whether any subscription was made.
func (s *Subscription) Enabled() bool { return s.enabled }

// Add reads the words of an `event` command. Every word after CUSTOM is a subclass,
// even when it is the name of an event. It returns the known event names, none of
// which means that nothing was subscribed.
func (s *Subscription) Add(words []string) []string {
	added := s.apply(words, true)
	if len(added) > 0 {
		s.enabled = true
	}
	return added
}

// Remove reads the words of a `nixevent` command.
func (s *Subscription) Remove(words []string) []string { return s.apply(words, false) }

func (s *Subscription) apply(words []string, on bool) []string {
	if s.events == nil {
		s.events, s.classes = map[string]bool{}, map[string]bool{}
	}
	if s.Format == "" {
		s.Format = "plain"
	}
	var known []string
	custom := false
	for i, word := range words {
		if format := strings.ToLower(word); on && i == 0 && (format == "plain" || format == "json") {
			s.Format = format
			continue
		}
		if custom {
			s.classes[word] = on
			continue
		}
		name := Known(word)
		if name == "" {
			continue
		}
		known = append(known, name)
		s.events[name] = on
		custom = name == "CUSTOM"
	}
	return known
}

// Clear forgets every event (`noevents`) and tells whether there were any.
func (s *Subscription) Clear() bool {
	had := s.enabled
	*s = Subscription{Format: s.Format, filters: s.filters}
	return had
}

// Filter adds an allow filter; a leading + or - sets its sense and /…/ is a pattern.
func (s *Subscription) Filter(name, value string) {
	f := filter{name: name}
	rest := value
	for rest != "" && strings.IndexByte("+- ", rest[0]) >= 0 {
		if rest[0] != ' ' {
			f.negative = rest[0] == '-'
		}
		rest = rest[1:]
	}
	f.value = rest
	if strings.HasPrefix(rest, "/") {
		// A pattern that does not compile matches nothing, as in FreeSWITCH.
		f.pattern, _ = regexp.Compile(strings.Trim(rest, "/"))
	}
	s.filters = append(s.filters, f)
}

// Unfilter removes the filters of a header, or all of them.
func (s *Subscription) Unfilter(name, value string) {
	s.filters = slices.DeleteFunc(s.filters, func(f filter) bool {
		return strings.EqualFold(name, "all") || strings.EqualFold(f.name, name) && (value == "" || f.value == value)
	})
}

// Wants tells whether the event goes to this connection.
func (s *Subscription) Wants(e *Event) bool {
	if !s.enabled {
		return false
	}
	if !s.events["ALL"] {
		if !s.events[e.Name] {
			return false
		}
		if e.Name == "CUSTOM" && e.Subclass != "" && !s.classes[e.Subclass] {
			return false
		}
	}
	return s.passes(e)
}

func (s *Subscription) passes(e *Event) bool {
	if len(s.filters) == 0 {
		return true
	}
	send := false
	for _, f := range s.filters {
		value, ok := e.Get(f.name)
		if !ok || send && !f.negative || !f.matches(value) {
			continue
		}
		if f.negative {
			return false
		}
		send = true
	}
	return send
}

func (f filter) matches(value string) bool {
	if strings.HasPrefix(f.value, "/") {
		return f.pattern != nil && f.pattern.MatchString(value)
	}
	return strings.EqualFold(value, f.value)
}
