package freeswitch

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/callcenter"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/dial"
)

// causes are the hangup causes that the error endpoint knows.
var causes = strings.Fields(`UNALLOCATED_NUMBER NO_ROUTE_DESTINATION NORMAL_CLEARING USER_BUSY NO_USER_RESPONSE NO_ANSWER SUBSCRIBER_ABSENT
	CALL_REJECTED NUMBER_CHANGED EXCHANGE_ROUTING_ERROR DESTINATION_OUT_OF_ORDER INVALID_NUMBER_FORMAT FACILITY_REJECTED NORMAL_UNSPECIFIED
	NORMAL_CIRCUIT_CONGESTION NETWORK_OUT_OF_ORDER NORMAL_TEMPORARY_FAILURE SWITCH_CONGESTION REQUESTED_CHAN_UNAVAIL OUTGOING_CALL_BARRED
	BEARERCAPABILITY_NOTAVAIL SERVICE_UNAVAILABLE CHAN_NOT_IMPLEMENTED INCOMPATIBLE_DESTINATION RECOVERY_ON_TIMER_EXPIRE
	MANDATORY_IE_MISSING INTERWORKING ORIGINATOR_CANCEL LOSE_RACE MANAGER_REQUEST BLIND_TRANSFER ATTENDED_TRANSFER ALLOTTED_TIMEOUT
	USER_CHALLENGE MEDIA_TIMEOUT PICKED_OFF USER_NOT_REGISTERED PROGRESS_TIMEOUT INVALID_GATEWAY GATEWAY_DOWN INVALID_URL INVALID_PROFILE CRASH`)

// extension is one dialplan entry of context default.
type extension struct {
	name  string
	ring  time.Duration // before it answers or fails
	cause string        // "" answers
	apps  []dial.App
}

var publicNumber = regexp.MustCompile(`^\+?[0-9]{7,15}$`)

func (s *Switch) extension(number string) extension {
	record := dial.App{Name: "record_session", Args: "${recordings_dir}/${uuid}.wav"}
	hangup := dial.App{Name: "hangup", Args: "NORMAL_CLEARING"}
	answer := dial.App{Name: "answer"}
	tone := func(ms string) dial.App { return dial.App{Name: "playback", Args: "tone_stream://%(" + ms + ",0,440)"} }
	queue := func(name string) extension {
		return extension{name: number + "_queue", apps: []dial.App{answer, {Name: "callcenter", Args: name}, hangup}}
	}
	fails := func(cause string, ring time.Duration) extension {
		return extension{name: number + "_fails", cause: cause, ring: ring, apps: []dial.App{{Name: "hangup", Args: cause}}}
	}
	switch number {
	case "9000":
		return extension{name: "9000_record_tone", apps: []dial.App{answer, {Name: "set", Args: "RECORD_TITLE=Test Recording"}, record, tone("3000"), hangup}}
	case "9001":
		return extension{name: "9001_tone", apps: []dial.App{answer, tone("2000"), hangup}}
	case "9002":
		return extension{name: "9002_moh", apps: []dial.App{answer, {Name: "playback", Args: "local_stream://moh"}}}
	case "9003":
		return extension{name: "9003_ring", ring: 2 * time.Second, apps: []dial.App{answer, {Name: "playback", Args: "silence_stream://3000"}, hangup}}
	case "9004":
		return extension{name: "9004_park", apps: []dial.App{answer, {Name: "park"}}}
	case "9005":
		return extension{name: "9005_echo", apps: []dial.App{answer, {Name: "echo"}}}
	case "9010":
		return queue("support2@default")
	case "9011":
		return queue("sales@default")
	case "9012":
		return queue("support@default")
	case "9020":
		return fails("USER_BUSY", 0)
	case "9021":
		return fails("NO_ANSWER", 2*time.Second)
	case "9022":
		return fails("NO_ANSWER", time.Minute)
	case "9023":
		return fails("NO_USER_RESPONSE", 0)
	case "9024":
		return fails("NORMAL_TEMPORARY_FAILURE", 0)
	case "9025":
		return fails("DESTINATION_OUT_OF_ORDER", 0)
	case "9026":
		return fails("USER_NOT_REGISTERED", 0)
	case "9027":
		return fails("CALL_REJECTED", 0)
	case "9028":
		return fails("UNALLOCATED_NUMBER", 0)
	case "9030":
		return extension{name: "9030_bridge_loopback", apps: []dial.App{{Name: "bridge", Args: "loopback/9001/default"}, hangup}}
	case "9031":
		return extension{name: "9031_bridge_user", apps: []dial.App{{Name: "set", Args: "hangup_after_bridge=true"}, record, {Name: "bridge", Args: "user/1001@127.0.0.1"}, hangup}}
	case "9032":
		return extension{name: "9032_bridge_user", apps: []dial.App{{Name: "bridge", Args: "user/1002@127.0.0.1"}, hangup}}
	case "9100":
		return extension{name: "9100_agent", ring: time.Second, apps: []dial.App{answer, tone("4000"), hangup}}
	}
	if a := s.account(number); a != nil {
		r := s.routeUser(number)
		return extension{name: "sip_account", ring: r.ring, cause: r.cause, apps: []dial.App{{Name: "bridge", Args: "[leg_timeout=10]user/" + number + "@" + domain}, hangup}}
	}
	if publicNumber.MatchString(number) {
		return extension{name: "public_number", ring: s.options.Ring, apps: []dial.App{
			{Name: "set", Args: "hangup_after_bridge=true"}, record, {Name: "bridge", Args: "sofia/gateway/trunk/" + number}, hangup,
		}}
	}
	return fails("NO_ROUTE_DESTINATION", 0)
}

// transfer moves a channel to an extension and returns what that runs. Anything unknown
// only ends the call: originate has answered +OK by then.
func (s *Switch) transfer(ch *channel, number, plan, context string) []dial.App {
	x := s.extension(number)
	if !strings.EqualFold(plan, "xml") || context != "default" {
		x = extension{name: "none", apps: []dial.App{{Name: "hangup", Args: "NO_ROUTE_DESTINATION"}}}
	}
	ch.change(func() {
		ch.rdnis, ch.dest, ch.dialplan, ch.context = ch.dest, number, "XML", context
		ch.profile++
		ch.profileAt = time.Now()
		ch.extension, ch.number, ch.extensionApps = x.name, number, logApps(x.apps)
		ch.set("pre_transfer_caller_id_number", ch.cidNumber)
	})
	return x.apps
}

func logApps(apps []dial.App) []cdr.App {
	var out []cdr.App
	for _, a := range apps {
		out = append(out, cdr.App{Name: a.Name, Data: a.Args})
	}
	return out
}

// execute runs applications until the channel ends and returns the hangup cause.
func (s *Switch) execute(ch *channel, apps []dial.App, line string) string {
	for _, app := range apps {
		app.Name = strings.ToLower(strings.TrimSpace(app.Name))
		// What a client wrote was inspected before it was dialled; API calls yield nothing.
		args := dial.Expander{Var: ch.variable, API: func(string, string) string { return "" }}.Expand(app.Args)
		ch.change(func() {
			ch.app, ch.appData = app.Name, args
			ch.log = append(ch.log, cdr.App{Name: app.Name, Data: args, Stamp: micros(time.Now())})
			ch.set("current_application", app.Name)
			ch.set("current_application_data", args)
		})
		ch.emit("CHANNEL_EXECUTE", origin{"switch_core_session.c", "switch_core_session_exec", 2868}, "Application", app.Name, "Application-Data", args)
		cause, ended := s.application(ch, app.Name, args, line)
		ch.emit("CHANNEL_EXECUTE_COMPLETE", origin{"switch_core_session.c", "switch_core_session_exec", 2877}, "Application", app.Name, "Application-Data", args)
		if ended {
			return cause
		}
		select {
		case <-ch.hang:
			return "NORMAL_CLEARING" // kill has set the real cause
		case <-s.ctx.Done():
			return "MANAGER_REQUEST"
		default:
		}
	}
	return "NORMAL_CLEARING"
}

// application runs one application; ended means that the call is over with that cause.
func (s *Switch) application(ch *channel, name, args, line string) (cause string, ended bool) {
	switch name {
	case "answer", "pre_answer", "ring_ready":
	case "set", "export":
		key, value, _ := strings.Cut(args, "=")
		ch.change(func() { ch.set(key, value) })
	case "record_session":
		ch.startRecording(args)
	case "playback":
		s.play(ch, args)
	case "sleep":
		ms, _ := strconv.Atoi(args) // no number is no sleep
		s.wait(s.pace(time.Duration(ms)*time.Millisecond), ch.hang)
	case "park", "echo", "hold":
		s.stay(ch)
	case "callcenter":
		return s.queue(ch, args)
	case "bridge":
		return s.bridge(ch, args, line)
	case "hangup":
		return or(strings.ToUpper(args), "NORMAL_CLEARING"), true
	case "system", "bg_system", "bgsystem": // recognised as an incident, never run
	default:
		return "DESTINATION_OUT_OF_ORDER", true
	}
	return "", false
}

// stay keeps a channel up: a phone hangs up after a while, anything else waits for hangup.
func (s *Switch) stay(ch *channel) {
	if ch.phone {
		s.wait(s.pace(s.options.Talk), ch.hang)
		ch.kill("NORMAL_CLEARING")
		return
	}
	select {
	case <-ch.hang:
	case <-s.ctx.Done():
	}
}

var toneLength = regexp.MustCompile(`^(?:tone_stream://%\(|silence_stream://)(\d{1,7})`)

func (s *Switch) play(ch *channel, file string) {
	if strings.HasPrefix(file, "local_stream://") {
		s.stay(ch)
		return
	}
	length := time.Second
	if m := toneLength.FindStringSubmatch(file); m != nil {
		ms, _ := strconv.Atoi(m[1]) // at most seven digits
		length = time.Duration(ms) * time.Millisecond
	}
	s.wait(s.pace(length), ch.hang)
}

// shown is the caller id that a channel gives to whom it is bridged to. Of a leg that was dialled, caller and callee have changed
// places: without effective_caller_id_… the B leg sees who was rung, not the number that the leg was rung with.
func (ch *channel) shown() (name, number string) {
	ch.sw.mu.Lock()
	defer ch.sw.mu.Unlock()
	name, number = ch.cidName, ch.cidNumber
	if !ch.inbound {
		name, number = ch.calleeName, ch.calleeNumber
	}
	return or(ch.get("effective_caller_id_name"), name), or(ch.get("effective_caller_id_number"), number)
}

// bridge dials a B leg and keeps both up until one hangs up.
func (s *Switch) bridge(a *channel, destination, line string) (string, bool) {
	list, err := dial.Parse(destination)
	if err != nil {
		return "DESTINATION_OUT_OF_ORDER", true
	}
	var b *channel
	cause := ""
	for _, leg := range list.Legs() {
		o := dial.Originate{}
		o.CallerName, o.CallerNum = a.shown()
		if b, cause = s.dial(leg, o, line, a); b != nil {
			break
		}
	}
	if b == nil {
		return cause, true
	}
	now := time.Now()
	a.change(func() {
		a.bridged, b.bridged = now, now
		a.set("bridge_uuid", b.uuid)
		b.set("bridge_uuid", a.uuid)
	})
	a.emit("CHANNEL_BRIDGE", origin{"switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", 1664}, "Bridge-A-Unique-ID", a.uuid, "Bridge-B-Unique-ID", b.uuid)
	talk := time.NewTimer(s.pace(s.options.Talk))
	defer talk.Stop()
	select {
	case <-talk.C:
	case <-a.hang:
	case <-b.hang:
	case <-s.ctx.Done():
	}
	a.emit("CHANNEL_UNBRIDGE", origin{"switch_ivr_bridge.c", "audio_bridge_on_exchange_media", 1192}, "Bridge-A-Unique-ID", a.uuid, "Bridge-B-Unique-ID", b.uuid)
	b.finish("NORMAL_CLEARING")
	return "NORMAL_CLEARING", a.variable("hangup_after_bridge") == "true"
}

// queue puts the caller into a call centre queue, where it waits until it hangs up.
func (s *Switch) queue(ch *channel, name string) (string, bool) {
	member := newUUID()
	if !s.center.Join(callcenter.Member{Queue: name, UUID: member, SessionUUID: ch.uuid, CIDNumber: ch.cidNumber, CIDName: ch.cidName}) {
		return "DESTINATION_OUT_OF_ORDER", true
	}
	news := func(action string, more ...string) {
		pairs := slices.Concat([]string{"CC-Queue", name, "CC-Action", action, "CC-Member-UUID", member, "CC-Member-Session-UUID", ch.uuid,
			"CC-Member-CID-Name", ch.cidName, "CC-Member-CID-Number", ch.cidNumber}, more)
		s.bus.publish("CUSTOM", "callcenter::info", origin{"mod_callcenter.c", "callcenter_function", 3116}, pairsToHeaders(pairs), "")
	}
	ch.change(func() { ch.set("cc_queue", name) })
	joined := strconv.FormatInt(time.Now().Unix(), 10)
	news("member-queue-start")
	select {
	case <-ch.hang:
	case <-s.ctx.Done():
	}
	s.center.Abandon(member)
	news("member-queue-end", "CC-Member-Joined-Time", joined, "CC-Member-Leaving-Time", strconv.FormatInt(time.Now().Unix(), 10), "CC-Cause", "Cancel", "CC-Cancel-Reason", "BREAK_OUT")
	return "NORMAL_CLEARING", true
}
