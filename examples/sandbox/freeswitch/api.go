package freeswitch

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
)

const (
	versionPlain = "1.10.12-release+git~20240802T210227Z~a88d069d6f~64bit"
	versionHuman = "1.10.12-release git a88d069 2024-08-02 21:02:27Z 64bit"
	domain       = "127.0.0.1"
)

// run executes one API command. line is the whole command line, for the record. The
// output may be empty; bgapi reports that as it is, api turns it into "-ERR no reply".
func (s *Switch) run(line, command, args string) string {
	if s.inspectAPI(line, command, args) {
		return ""
	}
	switch name := strings.ToLower(command); name {
	case "originate":
		return s.originate(line, args)
	case "callcenter_config":
		return s.center.Execute(args)
	case "json":
		return s.json(args)
	case "show":
		return s.show(args)
	case "status":
		return s.status()
	case "version":
		if strings.EqualFold(strings.TrimSpace(args), "short") {
			return "1.10.12-release\n"
		}
		return "FreeSWITCH Version " + versionPlain + " (git a88d069 2024-08-02 21:02:27Z 64bit)\n"
	case "uptime":
		return s.uptime(args)
	case "hostname", "switchname":
		return s.options.Switchname
	case "create_uuid":
		return newUUID()
	case "global_getvar":
		return s.globalGetvar(args)
	case "module_exists":
		return strconv.FormatBool(strings.Contains(" mod_callcenter mod_event_socket mod_sofia mod_xml_cdr mod_commands mod_dptools ", " "+args+" ") && args != "")
	case "user_exists":
		words := strings.Fields(args)
		return strconv.FormatBool(len(words) == 3 && words[0] == "id" && words[2] == domain && s.account(words[1]) != nil)
	case "msleep":
		return s.msleep(args)
	case "fsctl":
		return s.fsctl(args)
	case "hupall":
		return s.hupall(args)
	case "eval", "expand":
		return s.eval(line, name, args)
	case "uuid_exists", "uuid_kill", "uuid_getvar", "uuid_setvar", "uuid_setvar_multi", "uuid_dump":
		return s.uuidCommand(line, name, args)
	}
	return "-ERR " + command + " Command not found!\n"
}

func (s *Switch) status() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ready := "ready"
	if s.paused {
		ready = "not ready"
	}
	live := len(s.channels)
	return fmt.Sprintf("UP %s\nFreeSWITCH (Version %s) is %s\n%d session(s) since startup\n%d session(s) - peak %d, last 5min %d \n"+
		"0 session(s) per Sec out of max %d, peak 1, last 5min 1 \n%d session(s) max\nmin idle cpu 0.00/97.50\nCurrent Stack Size/Max 240K/8192K\n",
		uptimeText(time.Since(s.started)), versionHuman, ready, s.sessions, live, live, live, s.sps, s.maxSessions)
}

func (s *Switch) uptime(unit string) string {
	up := time.Since(s.started)
	n := int64(up / time.Second)
	switch strings.TrimSpace(unit) {
	case "ms":
		n = up.Milliseconds()
	case "us":
		n = up.Microseconds()
	case "m":
		n = int64(up / time.Minute)
	case "h":
		n = int64(up / time.Hour)
	}
	return strconv.FormatInt(n, 10) + "\n"
}

// global returns a global variable.
func (s *Switch) global(name string) string {
	switch name {
	case "domain", "domain_name", "local_ip_v4":
		return domain
	case "hostname", "switchname":
		return s.options.Switchname
	case "core_uuid":
		return s.options.CoreUUID
	case "recordings_dir", "rec_dir":
		return s.options.RecordingsDir
	}
	return ""
}

func (s *Switch) globalGetvar(name string) string {
	if name = strings.TrimSpace(name); name != "" {
		return s.global(name)
	}
	var b strings.Builder
	for _, v := range []string{"hostname", "local_ip_v4", "recordings_dir", "switchname", "core_uuid", "domain", "domain_name"} {
		b.WriteString(v + "=" + s.global(v) + "\n")
	}
	return b.String()
}

func (s *Switch) msleep(args string) string {
	if ms, err := strconv.Atoi(strings.TrimSpace(args)); err == nil && ms > 0 {
		s.wait(s.pace(time.Duration(ms)*time.Millisecond), nil)
	}
	return "+OK"
}

const fsctlSyntax = "[api_expansion [on|off]|recover|send_sighup|hupall|pause [inbound|outbound]|resume [inbound|outbound]|" +
	"shutdown [cancel|elegant|asap|now|restart]|sps|sps_peak_reset|sync_clock|sync_clock_when_idle|reclaim_mem|max_sessions|" +
	"min_dtmf_duration [num]|max_dtmf_duration [num]|default_dtmf_duration [num]|min_idle_cpu|loglevel [level]|debug_level [level]|" +
	"mdns_resolve [enable|disable]]"

func (s *Switch) fsctl(args string) string {
	argv := dial.Separate(args, ' ', 5)
	if len(argv) == 0 || argv[0] == "" {
		return "-USAGE: fsctl " + fsctlSyntax + "\n"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	set := func(field *int) {
		if len(argv) > 1 {
			if n, err := strconv.Atoi(argv[1]); err == nil && n > 0 {
				*field = n
			}
		}
	}
	switch strings.ToLower(argv[0]) {
	case "pause", "resume":
		s.paused = strings.EqualFold(argv[0], "pause")
		return "+OK\n"
	case "sps":
		set(&s.sps)
		return fmt.Sprintf("+OK sessions per second: %d\n", s.sps)
	case "max_sessions":
		set(&s.maxSessions)
		return fmt.Sprintf("+OK max sessions: %d\n", s.maxSessions)
	case "reclaim_mem", "sync_clock", "send_sighup":
		return "+OK\n"
	}
	return "-ERR Invalid command\nUSAGE: fsctl " + fsctlSyntax + "\n"
}

func (s *Switch) hupall(args string) string {
	cause := strings.ToUpper(strings.TrimSpace(args))
	if cause == "" {
		cause = "MANAGER_REQUEST"
	}
	for _, ch := range s.live() {
		ch.kill(cause)
	}
	return "+OK hangup all channels with cause " + cause + "\n"
}

// eval expands its argument; expand runs the result as a command, which no gateway needs.
func (s *Switch) eval(line, name, args string) string {
	out := s.expand(line, args, s.global)
	if name == "expand" {
		command, rest, _ := strings.Cut(out, " ")
		if strings.EqualFold(command, "expand") {
			return ""
		}
		return s.run(line, command, rest)
	}
	return out
}

// json answers the json command: the request is echoed with status and response added.
func (s *Switch) json(text string) string {
	if strings.TrimSpace(text) == "" {
		return "-ERR No JSON supplied.\n"
	}
	var request struct {
		Command string `json:"command"`
		Data    *struct {
			Arguments string `json:"arguments"`
			QueueName string `json:"queue_name"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(text), &request); err != nil {
		return "-ERR Parse error.\n"
	}
	var echo strings.Builder
	if compact, err := compactObject(text); err == nil {
		echo.WriteString(compact)
	}
	if echo.Len() > 1 {
		echo.WriteByte(',')
	}
	unknown := `"status":"error","message":"Invalid request or non-existant command","response":null}` + "\n"
	if request.Data == nil {
		return echo.String() + unknown
	}
	switch request.Command {
	case "callcenter_config":
		response, failed := s.center.ExecuteJSON(request.Data.Arguments, request.Data.QueueName)
		if failed {
			return echo.String() + `"status":"error","message":"The command returned an error","response":` + response + "}\n"
		}
		return echo.String() + `"status":"success","response":` + response + "}\n"
	case "status":
		return echo.String() + `"status":"success","response":` + s.statusJSON() + "}\n"
	}
	return echo.String() + unknown
}

// compactObject returns the object without white space and without its closing brace.
func compactObject(text string) (string, error) {
	var b strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\\' && i+1 < len(text):
			b.WriteByte(c)
			i++
			b.WriteByte(text[i])
			continue
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ' ' || c == '\t' || c == '\n' || c == '\r'):
			continue
		}
		b.WriteByte(c)
	}
	out := b.String()
	if !strings.HasPrefix(out, "{") || !strings.HasSuffix(out, "}") {
		return "", fmt.Errorf("freeswitch: %q is no JSON object", text)
	}
	return out[:len(out)-1], nil
}

func (s *Switch) statusJSON() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	up := time.Since(s.started)
	state := "ready"
	if s.paused {
		state = "not ready"
	}
	live := len(s.channels)
	return fmt.Sprintf(`{"systemStatus":"%s","uptime":{"years":0,"days":%d,"hours":%d,"minutes":%d,"seconds":%d,"milliseconds":%d,"microseconds":%d},`+
		`"version":"%s","sessions":{"count":{"total":%d,"active":%d,"peak":%d,"peak5Min":%d,"limit":%d},"rate":{"current":0,"max":%d,"peak":1,"peak5Min":1}},`+
		`"idleCPU":{"used":0,"allowed":97.5},"stackSizeKB":{"current":240,"max":8192}}`,
		state, up/(24*time.Hour), up%(24*time.Hour)/time.Hour, up%time.Hour/time.Minute, up%time.Minute/time.Second,
		up%time.Second/time.Millisecond, up%time.Millisecond/time.Microsecond, versionHuman, s.sessions, live, live, live, s.maxSessions, s.sps)
}
