package freeswitch

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
)

const originateUsage = "-USAGE: <call url> <exten>|&<application_name>(<app_args>) [<dialplan>] [<context>] [<cid_name>] [<cid_num>] [<timeout_sec>]\n"

// manualNumber is the called number of the manual's example in every spelling that a
// gateway may normalise it to.
var manualNumber = regexp.MustCompile(`(?:^|[^0-9])(?:7|8)9100000000(?:$|[^0-9])`)

const manualAccount = "1234"

// originate dials and answers when a leg was answered or all have failed.
func (s *Switch) originate(line, args string) string {
	o, err := dial.ParseOriginate(args)
	if err != nil {
		return originateUsage
	}
	list, err := dial.Parse(o.DialString)
	if err != nil {
		return "-ERR DESTINATION_OUT_OF_ORDER\n"
	}
	s.inspectOriginate(line, o, list)
	s.mu.Lock()
	refuse := s.paused || len(s.channels) >= s.maxSessions
	s.mu.Unlock()
	cause := "DESTINATION_OUT_OF_ORDER"
	if refuse {
		return "-ERR " + cause + "\n"
	}
	for _, leg := range list.Legs() {
		isManual := s.isManual(leg, args)
		if isManual {
			leg.Vars = slices.DeleteFunc(slices.Clone(leg.Vars), func(v dial.Var) bool { return v.Name == "origination_uuid" })
			leg.Vars = append(leg.Vars, dial.Var{Name: "origination_uuid", Value: ManualCallUUID})
		}
		var ch *channel
		if ch, cause = s.dial(leg, o, line, nil); ch == nil {
			if isManual {
				s.releaseManual()
			}
			continue
		}
		s.connect(ch, o, line)
		return "+OK " + ch.uuid + "\n"
	}
	return "-ERR " + cause + "\n"
}

// isManual claims the manual's call id for the first call of account 1234 to the manual's
// number. An id that the client asked for does not count: FreeSWITCH does the same when that id
// is taken, so a client has to read the id from the answer anyway.
func (s *Switch) isManual(leg dial.Leg, args string) bool {
	account, _, _ := strings.Cut(leg.Data, "@")
	if leg.Endpoint != "user" || account != manualAccount || !manualNumber.MatchString(args) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.manualStarted {
		return false
	}
	s.manualStarted = true
	return true
}

func (s *Switch) releaseManual() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.manualStarted = false
}

// route is what dialling a leg leads to.
type route struct {
	cause     string // "" answers
	absent    bool   // fails before a channel exists
	ring      time.Duration
	name      string
	dest      string
	presence  string
	source    string
	account   string
	phone     bool
	extension *extension // the far end is this dialplan extension
	suffixed  bool       // loopback: the two ends are NAME-a and NAME-b
}

func (s *Switch) account(name string) *Account {
	if i := slices.IndexFunc(s.options.Accounts, func(a Account) bool { return a.Name == name }); i >= 0 {
		return &s.options.Accounts[i]
	}
	return nil
}

func (s *Switch) route(leg dial.Leg) route {
	missing := func(cause string) route { return route{cause: cause, absent: true} }
	switch leg.Endpoint {
	case "user":
		return s.routeUser(leg.Data)
	case "sofia":
		return s.routeSofia(leg.Data)
	case "loopback":
		number, _, _ := strings.Cut(leg.Data, "/")
		x := s.extension(number)
		return route{cause: x.cause, ring: x.ring, name: "loopback/" + number, dest: number, source: "mod_loopback", extension: &x, suffixed: true}
	case "error":
		if cause := strings.ToUpper(leg.Data); slices.Contains(causes, cause) {
			return missing(cause)
		}
		return missing("NORMAL_CLEARING")
	case "null":
		return route{name: "null/" + leg.Data, dest: leg.Data, source: "mod_dptools"}
	}
	return missing("CHAN_NOT_IMPLEMENTED")
}

func (s *Switch) routeUser(data string) route {
	name, host, given := strings.Cut(data, "@")
	account := s.account(name)
	switch {
	case account == nil || given && host != domain && host != manualHost:
		return route{cause: "SUBSCRIBER_ABSENT", absent: true}
	case !account.Registered:
		return route{cause: "USER_NOT_REGISTERED", absent: true}
	}
	r := route{
		cause: account.Cause, ring: s.options.Ring, name: "sofia/internal/" + name + "@" + domain + ":5071", dest: name,
		presence: name + "@" + domain, source: "src/switch_ivr_originate.c", account: name, phone: true,
	}
	if account.Cause == "NO_ANSWER" {
		r.ring = time.Hour
	} else if account.Cause != "" {
		r.ring = 0
	}
	return r
}

func (s *Switch) routeSofia(data string) route {
	first, rest, _ := strings.Cut(data, "/")
	switch strings.ToLower(first) {
	case "gateway":
		gateway, number, _ := strings.Cut(rest, "/")
		number, _, _ = strings.Cut(number, ";")
		r := route{ring: s.options.Ring, name: "sofia/external/" + number, dest: number, source: "src/switch_ivr_originate.c", phone: true}
		switch gateway {
		case "trunk":
			r.cause, r.ring = numberCause(number, r.ring)
		case "deadgw":
			r.cause = "NORMAL_TEMPORARY_FAILURE"
		default:
			return route{cause: "INVALID_GATEWAY", absent: true}
		}
		return r
	case "internal", "external":
		number, host, _ := strings.Cut(rest, "@")
		switch {
		case !localHost(host) || strings.Contains(host, ":") && !strings.HasSuffix(host, ":5060"):
			return route{cause: "NORMAL_TEMPORARY_FAILURE", name: "sofia/" + data, dest: number, source: "src/switch_ivr_originate.c"}
		case s.account(number) != nil:
			return s.routeUser(number)
		}
		x := s.extension(number)
		return route{cause: x.cause, ring: x.ring, name: "sofia/" + data, dest: number, source: "src/switch_ivr_originate.c", extension: &x}
	}
	return route{cause: "INVALID_PROFILE", absent: true}
}

// numberCause gives numbers of the public network an outcome by their last digits.
func numberCause(number string, ring time.Duration) (string, time.Duration) {
	switch {
	case strings.HasSuffix(number, "9901"):
		return "USER_BUSY", 0
	case strings.HasSuffix(number, "9902"):
		return "NO_ANSWER", time.Hour
	case strings.HasSuffix(number, "9903"):
		return "UNALLOCATED_NUMBER", 0
	}
	return "", ring
}

// dial rings one leg. It returns an answered channel, or nil and the cause.
func (s *Switch) dial(leg dial.Leg, o dial.Originate, line string, originator *channel) (*channel, string) {
	r := s.route(leg)
	call := s.newCall(leg, o, line, r, originator)
	if r.absent {
		s.endCall(call, r.cause)
		return nil, r.cause
	}
	value := func(name, otherwise string) string {
		if v, ok := dial.Lookup(leg.Vars, name); ok {
			return v
		}
		return otherwise
	}
	ch := &channel{
		name: r.name, source: r.source, presence: r.presence, phone: r.phone, dest: r.dest, context: "default",
		cidName: value("origination_caller_id_name", o.CallerName), cidNumber: value("origination_caller_id_number", or(o.CallerNum, "0000000000")),
		calleeName: "Outbound Call", calleeNumber: r.dest, call: call, uuid: value("origination_uuid", ""),
	}
	if r.suffixed {
		ch.name += "-a"
	}
	if originator != nil {
		ch.originator = originator.uuid
	}
	ch.vars = expandVars(leg.Vars)
	s.create(ch)
	s.nameCall(call, ch.uuid)
	ring, cause := r.ring, r.cause
	if limit := ringLimit(leg, o); ring > limit {
		ring, cause = limit, "NO_ANSWER"
	}
	if ring > 0 {
		ch.ring()
	}
	if !s.wait(s.pace(ring), ch.hang) {
		cause = or(s.causeOf(ch), "MANAGER_REQUEST")
	}
	if cause != "" {
		s.wg.Go(func() { ch.finish(cause) })
		return nil, cause
	}
	ch.accept()
	if r.extension != nil {
		s.farEnd(ch, r, line)
	}
	return ch, ""
}

// expandVars expands ${…} in variables, which sees only the variables beside it
// (switch_event_expand_headers). A value that becomes empty is no variable.
func expandVars(vars []dial.Var) []dial.Var {
	expander := dial.Expander{
		Var: func(name string) string { value, _ := dial.Lookup(vars, name); return value },
		API: func(string, string) string { return "" },
	}
	var out []dial.Var
	for _, v := range vars {
		if v.Value = expander.Expand(v.Value); v.Value != "" {
			out = append(out, v)
		}
	}
	return out
}

// ringLimit is how long a leg may ring. The positional timeout does not reach user/.
func ringLimit(leg dial.Leg, o dial.Originate) time.Duration {
	limit := 60
	if o.Timeout > 0 && leg.Endpoint != "user" {
		limit = o.Timeout
	}
	for _, name := range []string{"originate_timeout", "leg_timeout", "call_timeout"} {
		if text, ok := dial.Lookup(leg.Vars, name); ok {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				limit = min(limit, n)
			}
		}
	}
	return time.Duration(limit) * time.Second
}

func (s *Switch) causeOf(ch *channel) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ch.cause
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// newCall remembers a leg of an originate command; legs that a dialplan bridges to are not calls.
func (s *Switch) newCall(leg dial.Leg, o dial.Originate, line string, r route, originator *channel) *Call {
	if originator != nil {
		return nil
	}
	call := &Call{
		DialString: leg.Raw, Account: r.account, Destination: o.Exten, Dialplan: o.Dialplan, Context: o.Context, Vars: leg.Vars,
		Command: line, State: "ringing", Started: time.Now(),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.calls) < maxHistory {
		s.calls = append(s.calls, call)
	}
	return call
}

func (s *Switch) nameCall(call *Call, uuid string) {
	if call == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call.UUID = uuid
}

func (s *Switch) endCall(call *Call, cause string) {
	if call == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	call.State, call.Cause, call.Ended = "ended", cause, time.Now()
}

// connect sends an answered leg to its application or extension.
func (s *Switch) connect(ch *channel, o dial.Originate, line string) {
	apps, direct := o.Apps()
	if !direct {
		apps = s.transfer(ch, o.Exten, o.Dialplan, o.Context)
	}
	s.wg.Go(func() { ch.finish(s.execute(ch, apps, line)) })
}

// farEnd creates the other end of a loopback or a SIP self-call, which runs the dialplan.
// Both ends fall together.
func (s *Switch) farEnd(near *channel, r route, line string) {
	far := &channel{
		name: r.name, source: r.source, inbound: true, dest: r.dest, context: "default", dialplan: "xml",
		cidName: near.cidName, cidNumber: near.cidNumber, calleeName: near.calleeName, calleeNumber: near.calleeNumber,
		extension: r.extension.name, number: r.dest,
	}
	if r.suffixed {
		far.name += "-b"
	}
	s.create(far)
	far.accept()
	apps := r.extension.apps
	far.change(func() { far.extensionApps = logApps(apps) })
	s.wg.Go(func() {
		far.finish(s.execute(far, apps, line))
		near.kill("NORMAL_CLEARING")
	})
	s.wg.Go(func() {
		select {
		case <-near.hang:
			far.kill("NORMAL_CLEARING")
		case <-far.hang:
		case <-s.ctx.Done():
		}
	})
}
