package freeswitch

import (
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
)

// The kinds of incidents.
const (
	// Shell: a system, bg_system, bgsystem or spawn command or application.
	Shell = "EXECUTED SHELL"
	// Script: an application or command that runs Lua, JavaScript, Perl or Python.
	Script = "EXECUTED SCRIPT"
	// Expansion: text that was expanded called an API command.
	Expansion = "EXPANDED API"
	// Inline: the inline dialplan was asked for.
	Inline = "INLINE DIALPLAN"
	// Hook: a variable that runs an application or a command later.
	Hook = "ARMED HOOK"
	// Several: one originate dialled more than one leg.
	Several = "SEVERAL CALLS"
	// Smuggled: a header that no gateway sends followed a command.
	Smuggled = "SMUGGLED"
	// Rerouted: a SIP destination leaves the configured hosts.
	Rerouted = "REROUTED CALL"
)

// Incident is something dangerous that a command would have made a real FreeSWITCH do.
// It is recorded when it is recognised, also where the real one would have run it only
// after an answer.
type Incident struct {
	Kind    string
	Detail  string // the shell text, the command, the destination …
	Command string // the command that carried it
	At      time.Time
}

// String returns "EXECUTED SHELL: id>/x".
func (i Incident) String() string { return i.Kind + ": " + i.Detail }

func (s *Switch) incident(kind, detail, command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.incidents) < maxHistory {
		s.incidents = append(s.incidents, Incident{Kind: kind, Detail: detail, Command: command, At: time.Now()})
	}
}

var (
	shellNames  = []string{"system", "bg_system", "bgsystem", "spawn", "bg_spawn", "spawn_stream"}
	scriptNames = []string{"lua", "luarun", "jsrun", "js", "javascript", "v8", "perl", "perlrun", "python", "pyrun", "python3"}
	// wrappers run the command that their arguments hold.
	wrappers = []string{"bgapi", "sched_api", "xml_wrap", "expand", "eval"}
)

// inspectAPI recognises a dangerous API command and returns true for one that must not
// be looked up further.
func (s *Switch) inspectAPI(line, command, args string) bool {
	name := strings.ToLower(command)
	switch {
	case slices.Contains(shellNames, name):
		s.incident(Shell, args, line)
		return true
	case slices.Contains(scriptNames, name):
		s.incident(Script, name+" "+args, line)
		return true
	case slices.Contains(wrappers, name):
		for _, word := range strings.Fields(args) {
			if slices.Contains(shellNames, strings.ToLower(word)) {
				_, rest, _ := strings.Cut(args, word)
				s.incident(Shell, strings.TrimSpace(rest), line)
				return true
			}
		}
	}
	return false
}

// inspectApp recognises a dangerous application and what its arguments expand to.
func (s *Switch) inspectApp(line string, app dial.App, lookup func(string) string) dial.App {
	name := strings.ToLower(strings.TrimSpace(app.Name))
	switch {
	case slices.Contains(shellNames, name):
		s.incident(Shell, app.Args, line)
	case slices.Contains(scriptNames, name):
		s.incident(Script, name+" "+app.Args, line)
	case name == "transfer" && strings.Contains(strings.ToLower(app.Args), " inline"), name == "execute_extension" && strings.Contains(strings.ToLower(app.Args), " inline"):
		s.incident(Inline, app.Args, line)
		for _, inner := range dial.ParseInline(dial.Separate(app.Args, ' ', 2)[0]) {
			s.inspectApp(line, inner, lookup)
		}
	}
	return dial.App{Name: name, Args: s.expand(line, app.Args, lookup)}
}

// expand expands ${…}; an API call inside is an incident and yields nothing.
func (s *Switch) expand(line, text string, lookup func(string) string) string {
	expander := dial.Expander{
		Var: lookup,
		API: func(name, args string) string {
			if !s.inspectAPI(line, name, args) {
				s.incident(Expansion, name+" "+args, line)
			}
			return ""
		},
	}
	return expander.Expand(text)
}

// hookPrefixes are variables whose value is run at some event of the channel.
var hookPrefixes = []string{"api_on_", "execute_on_", "api_hangup_hook", "api_reporting_hook", "exec_after_bridge", "session_in_hangup_hook", "group_confirm_", "bridge_pre_execute", "enable_heartbeat_hook"}

// inspectVars recognises hooks in channel variables.
func (s *Switch) inspectVars(line string, vars []dial.Var, lookup func(string) string) {
	for _, v := range vars {
		name := strings.ToLower(v.Name)
		if !slices.ContainsFunc(hookPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }) {
			s.expand(line, v.Value, lookup)
			continue
		}
		// "app args", "app::args" and "app!args" are all accepted.
		app, args, found := strings.Cut(v.Value, "::")
		if blank := strings.IndexByte(app, ' '); !found || blank >= 0 {
			app, args, _ = strings.Cut(v.Value, " ")
		}
		before := len(s.Incidents())
		s.inspectApp(line, dial.App{Name: app, Args: args}, lookup)
		s.inspectAPI(line, strings.TrimSuffix(app, ":"), args)
		if len(s.Incidents()) == before {
			s.incident(Hook, v.Name+"="+v.Value, line)
		}
	}
}

// inspectOriginate looks at everything a parsed originate names before any of it is dialled.
func (s *Switch) inspectOriginate(line string, o dial.Originate, list dial.List) {
	legs := list.Legs()
	if len(legs) > 1 {
		var raw []string
		for _, leg := range legs {
			raw = append(raw, leg.Raw)
		}
		s.incident(Several, strings.Join(raw, " + "), line)
	}
	var seen []dial.Var
	for _, leg := range legs {
		fresh := slices.DeleteFunc(slices.Clone(leg.Vars), func(v dial.Var) bool { return slices.Contains(seen, v) })
		s.inspectVars(line, fresh, func(name string) string { return s.legVariable(leg, name) })
		seen = append(seen, fresh...)
		s.inspectDestination(line, leg)
	}
	if strings.EqualFold(o.Dialplan, "inline") && !strings.HasPrefix(o.Exten, "&") {
		s.incident(Inline, o.Exten, line)
	}
	if len(legs) == 0 {
		return
	}
	apps, _ := o.Apps()
	for _, app := range apps {
		expanded := s.inspectApp(line, app, func(name string) string { return s.legVariable(legs[0], name) })
		if expanded.Name != "bridge" {
			continue
		}
		inner, err := dial.Parse(expanded.Args)
		if err != nil {
			continue
		}
		s.inspectOriginate(line, dial.Originate{}, inner)
	}
}

func (s *Switch) legVariable(leg dial.Leg, name string) string {
	if value, ok := dial.Lookup(leg.Vars, name); ok {
		return value
	}
	return s.global(name)
}

// inspectDestination recognises SIP destinations that leave the configured hosts.
func (s *Switch) inspectDestination(line string, leg dial.Leg) {
	if leg.Endpoint != "sofia" && leg.Endpoint != "user" {
		return
	}
	if strings.Contains(strings.ToLower(leg.Data), ";fs_path=") {
		s.incident(Rerouted, leg.Raw, line)
		return
	}
	_, rest, _ := strings.Cut(leg.Data, "/")
	if leg.Endpoint == "user" || strings.HasPrefix(strings.ToLower(leg.Data), "gateway/") {
		return
	}
	if _, host, found := strings.Cut(rest, "@"); found && !localHost(host) {
		s.incident(Rerouted, leg.Raw, line)
	}
}

func localHost(host string) bool {
	host, _, _ = strings.Cut(host, ";")
	name, _, found := strings.Cut(host, ":")
	if !found {
		name = host
	}
	return name == "127.0.0.1" || name == "localhost" || name == domain
}
