package freeswitch

import (
	"slices"
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

const notFound = "-ERR command not found"

// dispatch answers one request and returns false when the connection has to end.
func (c *conn) dispatch(r request) bool {
	switch {
	case r.hasVerb("exit"):
		c.reply("+OK bye")
		return false
	case r.hasVerb("api "):
		return c.api(r)
	case r.hasVerb("bgapi "):
		return c.bgapi(r)
	case r.hasVerb("event"):
		return c.reply(c.event(r))
	case r.hasVerb("nixevent"):
		known := 0
		c.subscribe(func(s *event.Subscription) { known = len(s.Remove(words(r))) })
		if known == 0 {
			return c.reply("-ERR no keywords supplied")
		}
		return c.reply("+OK events nixed")
	case r.hasVerb("noevents"):
		had := false
		c.subscribe(func(s *event.Subscription) { had = s.Clear() })
		if !had {
			return c.reply("-ERR not listening for events")
		}
		return c.reply("+OK no longer listening for events")
	case r.hasVerb("filter "):
		return c.reply(c.filter(strings.TrimSpace(r.line[len("filter "):])))
	case r.hasVerb("nolog"):
		return c.reply(c.nolog())
	case r.hasVerb("log"):
		return c.reply(c.log(words(r)))
	case r.hasVerb("linger"), r.hasVerb("nolinger"):
		return c.reply("-ERR not controlling a session")
	case r.hasVerb("divert_events"):
		return c.reply("-ERR not controlling a session.")
	case r.hasVerb("sendmsg"):
		return c.reply("-ERR invalid session id [" + strings.TrimSpace(r.line[len("sendmsg"):]) + "]")
	}
	return c.reply(notFound)
}

// words are the words after the verb.
func words(r request) []string {
	_, rest, _ := strings.Cut(r.line, " ")
	return strings.Fields(rest)
}

func (c *conn) event(r request) string {
	asked := words(r)
	if len(asked) > 0 && strings.EqualFold(asked[0], "xml") {
		return "-ERR the sandbox sends plain and json events only"
	}
	if c.user != nil && len(c.user.Events) > 0 {
		for _, word := range asked {
			if name := event.Known(word); name != "" && !slices.Contains(c.user.Events, name) {
				return "-ERR permission denied"
			}
		}
	}
	var known []string
	format := ""
	c.subscribe(func(s *event.Subscription) { known, format = s.Add(asked), s.Format })
	if len(known) == 0 {
		return "-ERR no keywords supplied"
	}
	return "+OK event listener enabled " + format
}

func (c *conn) filter(text string) string {
	name, value, _ := strings.Cut(text, " ")
	if strings.EqualFold(name, "delete") {
		name, value, _ = strings.Cut(strings.TrimSpace(value), " ")
		if name == "" {
			return "-ERR invalid syntax"
		}
		c.subscribe(func(s *event.Subscription) { s.Unfilter(name, value) })
		return "+OK filter deleted. [" + name + "][" + value + "]"
	}
	if value == "" {
		return "-ERR invalid syntax"
	}
	c.subscribe(func(s *event.Subscription) { s.Filter(name, value) })
	return "+OK filter added. [" + name + "]=[" + value + "]"
}

// logLevels in the order of their numbers. Log lines are never sent: the switch has none.
var logLevels = []string{"console", "alert", "crit", "err", "warning", "notice", "info", "debug"}

func (c *conn) log(args []string) string {
	if c.user != nil && !c.user.Log {
		return "-ERR permission denied"
	}
	level := "debug"
	if len(args) > 0 {
		level = strings.ToLower(args[0])
	}
	i := slices.Index(logLevels, level)
	if i < 0 {
		return "-ERR invalid log level"
	}
	c.logging = true
	return "+OK log level " + level + " [" + strconv.Itoa(i) + "]"
}

func (c *conn) nolog() string {
	if !c.logging {
		return "-ERR not loging"
	}
	c.logging = false
	return "+OK no longer logging"
}

func (c *conn) permitted(command string) bool {
	return c.user == nil || len(c.user.API) == 0 || slices.Contains(c.user.API, strings.ToLower(command))
}

// api runs a command while the connection waits.
func (c *conn) api(r request) bool {
	command, args, _ := strings.Cut(r.line[len("api "):], " ")
	if !c.permitted(command) {
		return c.reply("-ERR permission denied")
	}
	c.inspectHeaders(r)
	out := c.sw.run(r.line, command, args)
	if c.sw.ctx.Err() != nil {
		return true // a blocked command gets no answer when the switch goes down
	}
	if out == "" {
		out = "-ERR no reply\n"
	}
	return c.write("Content-Type: api/response\nContent-Length: " + strconv.Itoa(len(out)) + "\n\n" + out)
}

// bgapi answers at once and runs the command beside the connection.
func (c *conn) bgapi(r request) bool {
	command, args, _ := strings.Cut(r.line[len("bgapi "):], " ")
	if !c.permitted(command) {
		return c.reply("-ERR permission denied")
	}
	c.inspectHeaders(r)
	job := r.headers["job-uuid"]
	if job == "" {
		job = newUUID()
	}
	if !c.reply("+OK Job-UUID: " + job + "\nJob-UUID: " + job) {
		return false
	}
	c.sw.wg.Go(func() {
		out := c.sw.run(r.line, command, args)
		if c.sw.ctx.Err() != nil {
			return
		}
		headers := []event.Header{{Name: "Job-UUID", Value: job}}
		for _, h := range []event.Header{{Name: "Job-Command", Value: command}, {Name: "Job-Command-Arg", Value: args}} {
			if h.Value != "" {
				headers = append(headers, h)
			}
		}
		c.sw.bus.publish("BACKGROUND_JOB", "", origin{"mod_event_socket.c", "api_exec", 1572}, headers, out)
	})
	return true
}

// inspectHeaders looks at the lines after a command. A gateway sends Job-UUID and
// nothing else; console_execute turns `;;` into a command separator.
func (c *conn) inspectHeaders(r request) {
	if strings.EqualFold(r.headers["console_execute"], "true") {
		for part := range strings.SplitSeq(r.line[strings.IndexByte(r.line, ' ')+1:], ";;") {
			command, args, _ := strings.Cut(strings.TrimSpace(part), " ")
			c.sw.inspectAPI(r.line, command, args)
		}
	}
	for _, name := range r.names {
		if !slices.ContainsFunc([]string{"Job-UUID", "Content-Length", "Content-Type"}, func(known string) bool { return strings.EqualFold(known, name) }) {
			c.sw.incident(Smuggled, "header "+name+": "+r.headers[strings.ToLower(name)], r.raw)
		}
	}
}
