package freeswitch

import (
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

const noChannel = "-ERR No such channel!\n"

// uuidCommand answers the uuid_* commands.
func (s *Switch) uuidCommand(line, name, args string) string {
	uuid, rest, _ := strings.Cut(strings.TrimSpace(args), " ")
	rest = strings.TrimSpace(rest)
	usage := map[string]string{
		"uuid_kill": "<uuid> [cause]", "uuid_getvar": "<uuid> <var>", "uuid_setvar": "<uuid> <var> [value]",
		"uuid_setvar_multi": "<uuid> <var>=<value>;<var>=<value>...", "uuid_dump": "<uuid> [format]", "uuid_exists": "<uuid>",
	}[name]
	needsMore := name == "uuid_getvar" || name == "uuid_setvar" || name == "uuid_setvar_multi"
	if uuid == "" || needsMore && rest == "" {
		return "-USAGE: " + usage + "\n"
	}
	ch := s.find(uuid)
	if name == "uuid_exists" {
		return strconv.FormatBool(ch != nil)
	}
	if ch == nil {
		return noChannel
	}
	switch name {
	case "uuid_kill":
		if s.causeOf(ch) != "" {
			return noChannel
		}
		ch.kill(or(strings.ToUpper(rest), "NORMAL_CLEARING"))
		return "+OK\n"
	case "uuid_getvar":
		return s.getvar(ch, rest)
	case "uuid_setvar":
		key, value, _ := strings.Cut(rest, " ")
		s.inspectVars(line, []dial.Var{{Name: key, Value: value}}, ch.variable)
		ch.change(func() { ch.set(key, value) })
		return "+OK\n"
	case "uuid_setvar_multi":
		for _, pair := range dial.Separate(rest, ';', 64) {
			key, value, _ := strings.Cut(pair, "=")
			s.inspectVars(line, []dial.Var{{Name: key, Value: value}}, ch.variable)
			ch.change(func() { ch.set(key, value) })
		}
		return "+OK\n"
	}
	return s.dump(ch, rest)
}

func (s *Switch) getvar(ch *channel, name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.EqualFold(name, "context") {
		return ch.context
	}
	if value, ok := dial.Lookup(ch.vars, name); ok {
		return value
	}
	return "_undef_"
}

func (s *Switch) dump(ch *channel, format string) string {
	s.mu.Lock()
	headers := ch.headers()
	s.mu.Unlock()
	stamp := s.bus.stamp("CHANNEL_DATA", "", origin{"mod_commands.c", "uuid_dump_function", 6468})
	e := &event.Event{Name: "CHANNEL_DATA", Headers: append(stamp, headers...)}
	if strings.EqualFold(format, "json") {
		return e.JSONObject()
	}
	return e.PlainHeaders() + "\n"
}
