package main

import (
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// calls tells which agents are on the telephone.
type calls struct {
	uuids map[string]bool // of live channels
	lines map[string]bool // user@domain of live channels, in lower case
	users map[string]bool // user alone
}

// readCalls reads `show channels`. A channel that rings at the agent is no talk
// yet; one that the agent placed is, from the first moment.
func readCalls(channels patchbay.Value) calls {
	c := calls{map[string]bool{}, map[string]bool{}, map[string]bool{}}
	for ch := range channels.Elements() {
		if !isTalk(ch.Get("callstate").String(), ch.Get("direction").String()) {
			continue
		}
		c.uuids[ch.Get("uuid").String()] = true
		line := lower(ch.Get("presence_id").String())
		if line == "" && ch.Get("direction").String() == "outbound" {
			// The name of an incoming leg repeats the caller's From, which anybody
			// can write.
			line = sipLine(ch.Get("name").String())
		}
		if user, _, ok := strings.Cut(line, "@"); ok {
			c.lines[line] = true
			c.users[user] = true
		}
	}
	delete(c.uuids, "")
	return c
}

func isTalk(callstate, direction string) bool {
	switch callstate {
	case "DOWN", "HANGUP":
		return false
	case "RINGING", "EARLY", "RING_WAIT", "DIALING":
		return direction == "inbound"
	}
	return true
}

// sipLine returns user@domain of a channel name such as
// sofia/internal/1001@127.0.0.1:5071, "" for other names.
func sipLine(name string) string {
	endpoint, rest, _ := strings.Cut(name, "/")
	_, address, ok := strings.Cut(rest, "/")
	if endpoint != "sofia" || !ok {
		return ""
	}
	return withoutPort(lower(strings.TrimPrefix(address, "sip:")))
}

func withoutPort(line string) string {
	if at := strings.IndexByte(line, '@'); at >= 0 {
		if end := strings.IndexAny(line[at:], ":;"); end >= 0 {
			return line[:at+end]
		}
	}
	return line
}

// has reports whether the agent is on the telephone: by the channel that
// mod_callcenter called, or by the line of its contact.
func (c calls) has(a *agent) bool {
	// A uuid-standby agent's own channel is live all day long.
	if a.kind != "uuid-standby" && a.uuid != "" && c.uuids[a.uuid] {
		return true
	}
	for contact := range strings.FieldsFuncSeq(withoutVariables(a.contact), func(r rune) bool { return r == ',' || r == '|' }) {
		if c.hasLine(contact) {
			return true
		}
	}
	return false
}

// hasLine looks for a contact: user/1001@domain, user/1001, sofia/profile/1001@domain.
func (c calls) hasLine(contact string) bool {
	contact = lower(strings.TrimSpace(contact))
	line := sipLine(contact)
	if user, ok := strings.CutPrefix(contact, "user/"); ok {
		line = withoutPort(user)
	}
	if line == "" {
		return false
	}
	if strings.Contains(line, "@") {
		return c.lines[line]
	}
	return c.users[line]
}

// withoutVariables drops the [..], {..} and <..> blocks of a dial string, which
// may hold commas.
func withoutVariables(s string) string {
	var b strings.Builder
	closing := rune(0)
	for _, r := range s {
		switch {
		case closing != 0:
			if r == closing {
				closing = 0
			}
		case r == '[':
			closing = ']'
		case r == '{':
			closing = '}'
		case r == '<':
			closing = '>'
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
