package freeswitch

import (
	"context"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
)

// The client's own id does not matter: a client reads the id from the answer.
const manualOriginate = "originate {origination_uuid=my-second,origination_caller_id_number=1001}user/1234 89100000000 XML default"

func TestManualCallID(t *testing.T) {
	s := startSwitch(t, Options{})
	c := login(t, s)
	if got := c.api("originate {origination_uuid=my-own}user/1234 89100000001 XML default"); got != "+OK my-own\n" {
		t.Errorf("a client's own id: %q", got)
	}
	if got := c.api("originate user/1001 89100000000 XML default"); strings.Contains(got, ManualCallUUID) {
		t.Errorf("another account: %q", got)
	}
	if got := c.api("originate user/1234 89100000001 XML default"); strings.Contains(got, ManualCallUUID) {
		t.Errorf("another number: %q", got)
	}
	if got := c.api(manualOriginate); got != "+OK "+ManualCallUUID+"\n" {
		t.Errorf("the manual's call: %q", got)
	}
	if got := c.api("originate user/1234@127.0.0.1 +79100000000 XML default"); strings.Contains(got, ManualCallUUID) || !strings.HasPrefix(got, "+OK ") {
		t.Errorf("the second such call: %q", got)
	}
	calls := s.Calls()
	if len(calls) != 5 || calls[3].UUID != ManualCallUUID || calls[3].Account != "1234" || calls[3].Destination != "89100000000" || calls[3].Answered.IsZero() {
		t.Errorf("%+v", calls)
	}
}

func TestManualCallIDInOtherSpellings(t *testing.T) {
	for _, command := range []string{
		"originate user/1234 79100000000 XML default", "originate {called=+79100000000}user/1234@127.0.0.1 &park",
		"originate user/1234 &bridge(sofia/gateway/trunk/89100000000)",
	} {
		if got := login(t, startSwitch(t, Options{})).api(command); got != "+OK "+ManualCallUUID+"\n" {
			t.Errorf("%s: %q", command, got)
		}
	}
}

func TestFirstManualCallThatFailsDoesNotTakeTheID(t *testing.T) {
	s := startSwitch(t, Options{Accounts: []Account{{Name: "1234"}}})
	c := login(t, s)
	if got := c.api(manualOriginate); got != "-ERR USER_NOT_REGISTERED\n" {
		t.Errorf("%q", got)
	}
	if s.manualStarted {
		t.Error("the id is gone")
	}
}

func TestErrorWords(t *testing.T) {
	c := login(t, startSwitch(t, Options{}))
	for destination, want := range map[string]string{
		"user/1003": "USER_NOT_REGISTERED", "user/1004": "USER_BUSY", "{originate_timeout=2}user/1005": "NO_ANSWER", "user/1006": "CALL_REJECTED", "user/77": "SUBSCRIBER_ABSENT",
		"user/1001@other.example": "SUBSCRIBER_ABSENT", "sofia/gateway/nosuch/1": "INVALID_GATEWAY", "sofia/gateway/trunk/79109999901": "USER_BUSY",
		"sofia/gateway/trunk/79109999903": "UNALLOCATED_NUMBER", "[leg_timeout=1]sofia/gateway/trunk/79109999902": "NO_ANSWER", "group/x": "CHAN_NOT_IMPLEMENTED",
	} {
		if got := c.api("originate " + destination + " &park"); got != "-ERR "+want+"\n" {
			t.Errorf("%s: %q", destination, got)
		}
	}
}

// A whole recorded call: order of events, header-only file while it runs, whole file after.
func TestLiveCall(t *testing.T) {
	var mu sync.Mutex
	var posted []*http.Request
	var bodies []string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		posted, bodies = append(posted, r), append(bodies, string(body))
	}))
	t.Cleanup(receiver.Close)
	s := startSwitch(t, Options{Speed: 1, Ring: time.Millisecond, Talk: time.Minute, CDR: cdr.Options{URL: receiver.URL + "/cdr", Encoding: cdr.TextXML}})
	c := login(t, s)
	c.do("event plain CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_UNBRIDGE CHANNEL_HANGUP CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY RECORD_START RECORD_STOP BACKGROUND_JOB\n\n")
	c.do("bgapi originate {origination_uuid=11111111-0000-4000-8000-000000000001,my_var='a & b'}user/1001 89190000000 XML default\nJob-UUID: job-1\n\n")
	started := c.until("RECORD_START")
	path := strings.NewReplacer("%2F", "/").Replace(field(started, "Record-File-Path"))
	header, err := os.ReadFile(path)
	recorded, _ := os.ReadFile("testdata/inprogress.wav")
	if err != nil || len(recorded) != 44 || string(header) != string(recorded) {
		t.Errorf("while recording: %x, %v; want %x", header, err, recorded)
	}
	c.until("CHANNEL_BRIDGE")
	if got := c.api("uuid_exists 11111111-0000-4000-8000-000000000001"); got != "true" {
		t.Errorf("exists: %q", got)
	}
	if rows := c.api("show channels count as json"); rows != `{"row_count":2,"rows":[]}` {
		t.Errorf("channels: %s", rows)
	}
	c.send("api uuid_kill 11111111-0000-4000-8000-000000000001\n\n")
	var order []string
	sequence := 0
	for {
		f := c.next()
		if !f.isEvent() {
			continue
		}
		n, err := strconv.Atoi(field(f, "Event-Sequence"))
		if err != nil || n <= sequence {
			t.Errorf("sequence %d after %d", n, sequence)
		}
		sequence = n
		if field(f, "Unique-ID") == "11111111-0000-4000-8000-000000000001" {
			order = append(order, eventName(f))
		}
		if order != nil && order[len(order)-1] == "CHANNEL_DESTROY" {
			break
		}
	}
	if got := strings.Join(order, " "); got != "CHANNEL_UNBRIDGE CHANNEL_HANGUP RECORD_STOP CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY" {
		t.Errorf("events: %s", got)
	}
	file, err := os.ReadFile(path)
	if err != nil || len(file) <= 44 || int(binary.LittleEndian.Uint32(file[40:])) != len(file)-44 || int(binary.LittleEndian.Uint32(file[4:])) != len(file)-8 {
		t.Errorf("recording of %d bytes, %v", len(file), err)
	}
	eventually(t, "both CDRs", func() bool { mu.Lock(); defer mu.Unlock(); return len(posted) == 2 })
	mu.Lock()
	defer mu.Unlock()
	a, b := 0, 1
	if strings.Contains(posted[1].URL.RawQuery, "a_") {
		a, b = 1, 0
	}
	if posted[a].URL.RawQuery != "uuid=a_11111111-0000-4000-8000-000000000001" || strings.Contains(posted[b].URL.RawQuery, "a_") {
		t.Errorf("CDR queries %q and %q", posted[a].URL.RawQuery, posted[b].URL.RawQuery)
	}
	for _, want := range []string{"<my_var>a%20%26%20b</my_var>", "<destination_number>89190000000</destination_number>", "<hangup_cause>NORMAL_CLEARING</hangup_cause>"} {
		if !strings.Contains(bodies[a], want) {
			t.Errorf("the CDR lacks %s", want)
		}
	}
}

// The header of a titled recording is the recorded one: a LIST/INFO chunk before the data.
func TestWaveHeader(t *testing.T) {
	want, err := os.ReadFile("testdata/titled-3s.head")
	if err != nil {
		t.Fatal(err)
	}
	if got := wave(3*time.Second, "Test Recording"); len(got) != 48080 || string(got[:80]) != string(want) {
		t.Errorf("%d bytes, %x\nwant %x", len(got), got[:80], want)
	}
}

func TestBackgroundJobAndAnswerShareTheID(t *testing.T) {
	c := login(t, startSwitch(t, Options{}))
	c.do("event plain BACKGROUND_JOB\n\n")
	reply := c.do("bgapi originate user/1001 9001 XML default\nJob-UUID: mine\n\n")
	job := c.until("BACKGROUND_JOB")
	if reply.header("Job-UUID") != "mine" || field(job, "Job-UUID") != "mine" || !strings.Contains(job.body, "\n\n+OK ") {
		t.Errorf("%s\n%s", reply, job)
	}
}

func TestQueueMemberAbandons(t *testing.T) {
	c := login(t, startSwitch(t, Options{}))
	c.do("event plain CUSTOM callcenter::info\n\n")
	c.api("originate {origination_uuid=waiting,origination_caller_id_name='Pipe|Name',origination_caller_id_number=555}loopback/9011/default &park")
	if f := c.until("CUSTOM"); field(f, "CC-Action") != "member-queue-start" {
		t.Errorf("%s", f)
	}
	if got := c.api("callcenter_config queue count members sales@default"); got != "1\n" {
		t.Errorf("%q", got)
	}
	if got := c.api("callcenter_config queue list members sales@default"); !strings.Contains(got, "|555|Pipe|Name|") || !strings.Contains(got, "|Waiting|") {
		t.Errorf("%q", got)
	}
	c.send("api uuid_kill waiting\n\n")
	if f := c.until("CUSTOM"); field(f, "CC-Action") != "member-queue-end" || field(f, "CC-Cancel-Reason") != "BREAK_OUT" {
		t.Errorf("%s", f)
	}
	if got := c.api("callcenter_config queue list members sales@default"); !strings.Contains(got, "|Abandoned|") {
		t.Errorf("%q", got)
	}
}

func TestManualCDRIsOfferedUntilTaken(t *testing.T) {
	refusals := 2
	var mu sync.Mutex
	var body string
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if refusals > 0 {
			refusals--
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body = string(text)
	}))
	t.Cleanup(receiver.Close)
	s := startSwitch(t, Options{Speed: 1000, CDR: cdr.Options{URL: receiver.URL, Encoding: cdr.TextXML}, PostManualCDR: true})
	eventually(t, "the post", func() bool { mu.Lock(); defer mu.Unlock(); return body != "" })
	// The sandbox notes a post once it has read the answer.
	eventually(t, "the note of the third post", func() bool { return len(s.CDRPosts()) >= 3 })
	if n := len(s.CDRPosts()); n != 3 {
		t.Errorf("%d posts", n)
	}
	for _, want := range []string{
		`<cdr core-uuid="639d168b-d7ec-4ace-9c02-1bdca0e17c96" switchname="fs-api">`,
		"<flags>0=1;1=1;2=1;3=1;39=1;40=1;42=1;45=1;55=1;62=1;98=1;116=1;117=1;126=1;163=1;168=1;169=1</flags>",
		`<callflow unique-id="c4a36133-25c5-4276-bf5f-1a9dfa8ac3db" clone-of="1392996c-f421-4f5e-9a2a-0f877529bc57" profile_index="1">` + "\n    <caller_profile>\n      <username></username>\n      <dialplan></dialplan>\n      <caller_id_name></caller_id_name>\n      <caller_id_number>1001</caller_id_number>",
		"<transfer_time>1669295680567998</transfer_time>\n    </times>\n  </callflow>\n</cdr>\n",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the CDR lacks %s", want)
		}
	}
	if file, err := os.ReadFile(filepath.Join(s.options.RecordingsDir, ManualCallUUID+".wav")); err != nil || len(file) != 64044 {
		t.Errorf("recording: %d bytes, %v", len(file), err)
	}
}

// A blocked api holds back everything on its connection and gets no answer at shutdown.
func TestBlockingAPIAndShutdown(t *testing.T) {
	s := startSwitch(t, Options{Speed: 1})
	blocked, other := login(t, s), login(t, s)
	blocked.do("event plain CUSTOM callcenter::info\n\n")
	blocked.send("api msleep 60000\n\napi version\n\n")
	eventually(t, "the command", func() bool { return len(s.Commands()) == 2 })
	other.api("callcenter_config agent set status 1002@default Available")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	f, err := readFrame(blocked.reader)
	if err != nil || f.header("Content-Type") != "text/disconnect-notice" || f.body != shuttingDown {
		t.Errorf("%s %v", f, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestPartialCommandHoldsEvents(t *testing.T) {
	s := startSwitch(t, Options{})
	c, other := login(t, s), login(t, s)
	c.do("event plain CUSTOM callcenter::info\n\n")
	// One write: with the first answer the second half command has arrived, too.
	if f := c.do("api hostname\n\napi ver"); f.body != "fs-api" {
		t.Errorf("%s", f)
	}
	other.api("callcenter_config agent set status 1002@default Available")
	c.send("sion short\n\n")
	if f := c.next(); f.body != "1.10.12-release\n" {
		t.Errorf("first came %s", f)
	}
	if f := c.next(); field(f, "CC-Action") != "agent-status-change" {
		t.Errorf("then came %s", f)
	}
}

func TestFilterAndCustomRule(t *testing.T) {
	s := startSwitch(t, Options{})
	c := login(t, s)
	c.do("event plain CUSTOM callcenter::info CHANNEL_CREATE\n\n") // CHANNEL_CREATE is a subclass here
	c.api("originate error/USER_BUSY &park")
	c.api("originate loopback/9001/default &park")
	c.send("api callcenter_config agent set status 1002@default Available\n\n")
	if f := c.next(); f.isEvent() {
		t.Errorf("an event came first: %s", f)
	}
	if f := c.next(); field(f, "CC-Action") != "agent-status-change" {
		t.Errorf("%s", f)
	}
	c.do("noevents\n\n")
	c.do("event json CHANNEL_CREATE\n\n")
	c.do("filter Unique-ID wanted\n\n")
	c.api("originate {origination_uuid=other}loopback/9002/default &park")
	c.send("api originate {origination_uuid=wanted}loopback/9002/default &park\n\n")
	c.next()
	if f := c.next(); !strings.Contains(f.body, `"Unique-ID":"wanted"`) {
		t.Errorf("%s", f)
	}
}

func TestStartRefusesBadOptions(t *testing.T) {
	dir := t.TempDir()
	for name, o := range map[string]Options{
		"no recordings": {}, "speed": {RecordingsDir: dir, Speed: -1}, "address": {RecordingsDir: dir, Address: "nowhere:x"},
		"CDR address": {RecordingsDir: dir, CDR: cdr.Options{URL: "ftp://x"}},
	} {
		if s, err := Start(o); err == nil {
			_ = s.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}

// Many connections at once, with calls and events in between: each sees its own answers.
func TestHammer(t *testing.T) {
	s := startSwitch(t, Options{Speed: 1000})
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c := login(t, s)
			c.do("event plain ALL\n\n")
			for j := range 40 {
				if ctx.Err() != nil {
					return
				}
				token := strconv.Itoa(i) + "-" + strconv.Itoa(j)
				c.send("api eval " + token + "\n\n")
				for f := c.next(); ; f = c.next() {
					if f.isEvent() {
						continue
					}
					if f.body != token {
						t.Errorf("%q instead of %q", f.body, token)
					}
					break
				}
				c.send("bgapi originate user/1001 9001 XML default\n\n")
				for f := c.next(); f.isEvent(); f = c.next() {
				}
			}
			_ = c.socket.Close()
		})
	}
	wg.Wait()
}

func FuzzRequest(f *testing.F) {
	for _, seed := range []string{"api x\n\n", "\r\n\r\napi x\r\nA: b\r\n\r\nrest", "a\nContent-Length: 3\n\nabcd", "a\nContent-Length: 99999999\n\n", "\n\n\n", "x", "a\n\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for range 100 {
			r, rest, ok, err := nextRequest(data)
			if err != nil || !ok {
				return
			}
			if r.line == "" || strings.ContainsAny(r.line, "\r\n") || len(rest) >= len(data) {
				t.Fatalf("request %+v leaves %d of %d bytes", r, len(rest), len(data))
			}
			data = rest
		}
	})
}

// The caller ids that two telephones of FreeSWITCH 1.10.12 were rung with. origination_caller_id_number is what the first one
// sees; the second one sees who the first one is, unless effective_caller_id_… says otherwise.
func TestCallerIDOfTheCalledParty(t *testing.T) {
	s := startSwitch(t, Options{Speed: 1, Ring: time.Millisecond, Talk: time.Minute})
	c := login(t, s)
	c.do("event plain CHANNEL_CREATE\n\n")
	for target, vars := range map[string]string{"89190000000 XML default": "", "&bridge(sofia/gateway/trunk/89190000000)": "", "89190000001 XML default": ",effective_caller_id_name=74951234567,effective_caller_id_number=74951234567"} {
		c.send("bgapi originate {origination_caller_id_number=74951234567" + vars + "}user/1001 " + target + "\n\n")
		if a := c.until("CHANNEL_CREATE"); field(a, "Caller-Caller-ID-Number") != "74951234567" {
			t.Errorf("%s: the account sees %q", target, field(a, "Caller-Caller-ID-Number"))
		}
		name, number := "Outbound%20Call", "1001"
		if vars != "" {
			name, number = "74951234567", "74951234567"
		}
		if b := c.until("CHANNEL_CREATE"); field(b, "Caller-Caller-ID-Name") != name || field(b, "Caller-Caller-ID-Number") != number {
			t.Errorf("%s%s: the called party sees %q %q", target, vars, field(b, "Caller-Caller-ID-Name"), field(b, "Caller-Caller-ID-Number"))
		}
	}
}
