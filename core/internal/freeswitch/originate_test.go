package freeswitch_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

const someCall = "87e64143-758c-4f9b-b990-e06613a3d7d2"

var manualRequest = freeswitch.OriginateRequest{Called: "89100000000", Caller: "1001", Account: "1234"}

func TestOriginate(t *testing.T) {
	var mu sync.Mutex
	var got []string
	p := esltest.New(t, &esltest.Peer{Exec: func(verb, args string) string {
		if verb != "originate" {
			return ""
		}
		mu.Lock()
		defer mu.Unlock()
		got = append(got, args)
		return "+OK " + someCall + "\n"
	}})
	for _, tc := range []struct {
		template string
		want     string
	}{
		{"", "user/1234 89100000000 XML default"},
		{"user/{account}@pbx.local {exten} XML {context}", "user/1234@pbx.local out XML default"},
		{"user/{account} &bridge(sofia/gateway/{gateway}/{called})", "user/1234 &bridge(sofia/gateway/trunk-1/89100000000)"},
		{"loopback/{account}/{context} {called} XML {context}", "loopback/1234/default 89100000000 XML default"},
	} {
		n := quick("a", p.Addr())
		n.Exten, n.Gateway = "out", "trunk-1"
		n.Variables = map[string]string{"ignore_early_media": "true", "accountcode": "call centre"}
		if tc.template != "" {
			var err error
			if n.Dial, err = freeswitch.ParseDialTemplate(tc.template); err != nil {
				t.Fatal(err)
			}
		}
		l := startOne(t, n)
		r := manualRequest
		r.Called, r.Variables = " 8 (910) 000-00-00", map[string]string{"patchbay_request": "r-1", "sip_h_X-Request": "r 1"}
		res, err := l.Originate(t.Context(), r)
		// The uuid comes from the reply, not from the request.
		if err != nil || res != (freeswitch.OriginateResult{UUID: someCall, Node: "a"}) {
			t.Fatalf("%+v %v", res, err)
		}
		mu.Lock()
		line := regexp.MustCompile(`origination_uuid=[0-9a-f-]{36}`).ReplaceAllString(got[len(got)-1], "origination_uuid=U")
		mu.Unlock()
		want := "{accountcode='call centre',effective_caller_id_name=1001,effective_caller_id_number=1001,ignore_early_media=true,originate_timeout=60,origination_caller_id_number=1001,origination_uuid=U," +
			"patchbay_called=89100000000,patchbay_request=r-1,sip_h_X-Request='r 1'}" + tc.want
		if line != want {
			t.Errorf("got  %s\nwant %s", line, want)
		}
	}
}

// The replies are those that FreeSWITCH 1.10.12 gave.
func TestOriginateReplies(t *testing.T) {
	var mu sync.Mutex
	reply := ""
	p := esltest.New(t, &esltest.Peer{Exec: func(string, string) string {
		mu.Lock()
		defer mu.Unlock()
		return reply
	}})
	l := startOne(t, quick("a", p.Addr()))
	for _, tc := range []struct {
		reply, cause string
		is           error
		unknown      bool
	}{
		{"-ERR USER_BUSY\n", "USER_BUSY", freeswitch.ErrRefused, false},
		{"-ERR SUBSCRIBER_ABSENT\n", "SUBSCRIBER_ABSENT", freeswitch.ErrRefused, false},
		{"-ERR USER_NOT_REGISTERED\n", "USER_NOT_REGISTERED", freeswitch.ErrRefused, false},
		{"-ERR CHAN_NOT_IMPLEMENTED\n", "CHAN_NOT_IMPLEMENTED", freeswitch.ErrRefused, false},
		{"-ERR DESTINATION_OUT_OF_ORDER\n", "DESTINATION_OUT_OF_ORDER", freeswitch.ErrRefused, false},
		{"-ERR <script>\n", "UNKNOWN", freeswitch.ErrRefused, false},
		{"-ERR USER_BUSY extra\n", "UNKNOWN", freeswitch.ErrRefused, false},
		{"-ERR \n", "UNKNOWN", freeswitch.ErrRefused, false},
		{"-USAGE: <call url> <exten>|&<application_name>(<app_args>)\n", "", freeswitch.ErrUsage, false},
		{"-ERR originate Command not found!\n", "", freeswitch.ErrUnknownCommand, false},
		{"-ERR no reply\n", "", freeswitch.ErrBadReply, true},
		{"", "", freeswitch.ErrBadReply, true},
		{"+OK\n", "", freeswitch.ErrBadReply, true},
		{"+OK hello-there\n", "", freeswitch.ErrBadReply, true},
		{"+OK ../../../etc/passwd\n", "", freeswitch.ErrBadReply, true},
		{"garbage\x00\n", "", freeswitch.ErrBadReply, true},
	} {
		mu.Lock()
		reply = tc.reply
		mu.Unlock()
		_, err := l.Originate(t.Context(), manualRequest)
		var oe *freeswitch.OriginateError
		if !errors.As(err, &oe) || oe.Cause != tc.cause || !errors.Is(err, tc.is) || errors.Is(err, freeswitch.ErrUnknownOutcome) != tc.unknown ||
			oe.Node != "a" || !oe.Sent || len(oe.UUID) != 36 {
			t.Errorf("%q: %+v", tc.reply, err)
		}
		if tc.cause != "" && tc.cause != "UNKNOWN" {
			continue
		}
		if raw := strings.TrimSpace(strings.TrimPrefix(tc.reply, "-ERR ")); err != nil && len(raw) > 2 && strings.Contains(err.Error(), raw) {
			t.Errorf("raw text of FreeSWITCH in the error: %v", err)
		}
	}
}

// injections are the strings that ran a command, or placed calls, on a FreeSWITCH 1.10.12 that had them in a dial string.
var injections = []string{
	"&system(id>/x)",
	"system:id>/x inline",
	"'system:id -u >/x' inline",
	"1001,api_on_answer='system id>/x'",
	"1001,execute_on_answer=system::id>/x",
	"1}null/9 &system(id>/x)",
	"${system(id>/x)}",
	"${system id>/x}",
	"${system\\sid>/x}",
	"1001\n\napi system id",
	"1001\r\n\r\napi system id",
	"1001\nconsole_execute: true;;system id",
	"1001,1002", "1001|1002", "1001:_:1002",
	"1001;fs_path=sip:evil", "1001@evil@x", "loopback/1001", "error/USER_BUSY", "^^;1001", "[a=b]1001", "<a=b>1001", "{a=b}1001",
	"1001\x00", "\uff11\uff10\uff10\uff11", "\u0661\u0660\u0660\u0661", "1001\u202e", "", " ", "+", "1+1", strings.Repeat("1", 500),
}

func TestInjectionsSendNothing(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK " + someCall + "\n" }})
	l := startOne(t, quick("a", p.Addr()))
	before := p.Received()
	refused := func(field string, r freeswitch.OriginateRequest) {
		t.Helper()
		_, err := l.Originate(t.Context(), r)
		var ve *freeswitch.ValueError
		if !errors.As(err, &ve) || ve.Field != field {
			t.Errorf("%s: %+v: %v", field, r, err)
		}
	}
	for _, evil := range injections {
		r := manualRequest
		r.Called = evil
		refused("called_number", r)
		r = manualRequest
		r.Caller = evil
		refused("caller_number", r)
		r = manualRequest
		r.Account = evil
		refused("sip", r)
		r = manualRequest
		r.Node = evil
		if evil == "" {
			continue // any node
		}
		if _, err := l.Originate(t.Context(), r); !errors.Is(err, freeswitch.ErrUnknownNode) {
			t.Errorf("node %q: %v", evil, err)
		}
	}
	for _, evil := range injections {
		if !strings.ContainsAny(evil, ",|:'{}[]<>();\\$^&\n\r\x00") {
			continue // harmless as the value of a variable
		}
		r := manualRequest
		r.Variables = map[string]string{"patchbay_x": evil}
		refused("patchbay_x", r)
		r.Variables = map[string]string{evil: "x"}
		refused("variables", r)
	}
	for _, name := range []string{"api_on_answer", "execute_on_answer", "patchbay_", "patchbay_called", "origination_uuid", "sip_h_X-a b"} {
		r := manualRequest
		r.Variables = map[string]string{name: "x"}
		refused("variables", r)
	}
	for _, id := range append(injections, "../../etc/passwd", someCall+"x", "urn:uuid:"+someCall, "{"+someCall+"}", strings.ReplaceAll(someCall, "-", "")) {
		if _, err := l.CallExists(t.Context(), "a", id); err == nil {
			t.Errorf("call id %q accepted", id)
		}
		if _, failed := l.Agents(t.Context(), "a", id); strings.ContainsAny(id, "$|\n\r\x00'") && len(failed) == 0 {
			t.Errorf("queue %q accepted", id)
		}
	}
	if _, err := l.API(t.Context(), "a", "mark", ""); err != nil {
		t.Fatal(err)
	}
	sent := strings.TrimPrefix(p.Received(), before)
	for _, line := range strings.Split(sent, "\n") {
		harmless := line == "" || strings.HasPrefix(line, "auth ") || strings.HasPrefix(line, "Job-UUID: ") || line == "bgapi mark" ||
			strings.HasPrefix(line, `bgapi json {"command":"callcenter_config",`) // names of queues that only look like numbers
		if !harmless || strings.ContainsAny(strings.TrimPrefix(line, "bgapi json {"), "$|;'<>&\x00") {
			t.Errorf("on the wire: %q", line)
		}
	}
}

func TestNormalisation(t *testing.T) {
	for in, want := range map[string]string{"8 (910) 000-00-00": "89100000000", "+7 910 000.00.00": "+79100000000", "1001": "1001", "*98": "*98", "\u00a01001": "1001", "#1": "#1"} {
		if got, err := freeswitch.ParseCalled(in); err != nil || got.String() != want {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
	for _, in := range []string{"1001", "1234@pbx.local", "office-1_a.b"} {
		if got, err := freeswitch.ParseAccount(in); err != nil || got.String() != in {
			t.Errorf("%q: %q %v", in, got, err)
		}
	}
}

func TestDialTemplates(t *testing.T) {
	for _, bad := range []string{"", "user/{account}", "user/1234 {called} XML default", "user/{account}  {called}", "user/{account} {called} XML default extra",
		"user/{account} {nosuch}", "user/{account} {called", "user/{account} called}", "user/{account} {called}\napi x", "{a=b}user/{account} {called}",
		"user/{account} &bridge(${x})", "user/{account} &bridge(a b)", "user/{account} 'a'", "user/{account} \u0661", " user/{account} {called}"} {
		if _, err := freeswitch.ParseDialTemplate(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

func TestAccountsAllowList(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK " + someCall + "\n" }})
	a, b := quick("a", p.Addr()), quick("b", p.Addr())
	a.Accounts, b.Accounts = []string{"10??"}, []string{"1234", "2*"}
	l := start(t, freeswitch.Config{Nodes: []freeswitch.NodeConfig{a, b}})
	for account, node := range map[string]string{"1001": "a", "1234": "b", "2": "b"} {
		for range 5 {
			r := manualRequest
			r.Account = account
			if res, err := l.Originate(t.Context(), r); err != nil || res.Node != node {
				t.Errorf("%s: %+v %v", account, res, err)
			}
		}
	}
	r := manualRequest
	r.Account = "9999"
	var ve *freeswitch.ValueError
	if _, err := l.Originate(t.Context(), r); !errors.As(err, &ve) || ve.Field != "sip" {
		t.Errorf("account of no node: %v", err)
	}
}

func TestAccountPatternMatchesTheWholeAccount(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK " + someCall + "\n" }})
	n := quick("a", p.Addr())
	n.AccountPattern = regexp.MustCompile(`100|1001|^[0-9]{5}$|(?i)office-[a-z]+`)
	l := startOne(t, n)
	for account, ok := range map[string]bool{"100": true, "1001": true, "12345": true, "Office-Main": true,
		"10": false, "1000": false, "100@evil": false, "123456": false, "x1001": false, "office-1": false} {
		r := manualRequest
		r.Account = account
		_, err := l.Originate(t.Context(), r)
		var ve *freeswitch.ValueError
		if ok && err != nil || !ok && (!errors.As(err, &ve) || ve.Field != "sip") {
			t.Errorf("%s: %v", account, err)
		}
	}
	// Both lists together: either may allow an account.
	n.Accounts = []string{"reception"}
	both := startOne(t, n)
	r := manualRequest
	r.Account = "reception"
	if _, err := both.Originate(t.Context(), r); err != nil {
		t.Error(err)
	}
}

// A phone that rings holds up nothing, even with a single command connection.
func TestRingingBlocksNothing(t *testing.T) {
	jobs := make(chan string, 1)
	var p *esltest.Peer
	p = esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK\n" }, Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb == "originate" {
			r.S.Ack(r.Header["Job-UUID"])
			jobs <- r.Header["Job-UUID"]
			return
		}
		p.Answer(r)
	}})
	n := quick("a", p.Addr())
	n.Connections = 1
	l := startOne(t, n)
	type outcome struct {
		res freeswitch.OriginateResult
		err error
	}
	done := make(chan outcome, 1)
	go func() { res, err := l.Originate(t.Context(), manualRequest); done <- outcome{res, err} }()
	id := <-jobs
	for range 20 {
		if _, err := l.API(t.Context(), "a", "status", ""); err != nil {
			t.Fatal(err)
		}
	}
	p.Job(id, "originate", "+OK "+someCall+"\n")
	if o := <-done; o.err != nil || o.res.UUID != someCall {
		t.Fatalf("%+v", o)
	}
}

// Results come in any order, mixed with other events and with results of other gateways: each call gets its own.
func TestResultsOutOfOrder(t *testing.T) {
	const calls = 20
	type job struct{ id, called string }
	jobs := make(chan job, calls)
	var p *esltest.Peer
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		verb, args := r.Verb()
		if verb != "originate" {
			p.Answer(r)
			return
		}
		jobs <- job{r.Header["Job-UUID"], regexp.MustCompile(`patchbay_called=([0-9]+)`).FindStringSubmatch(args)[1]}
		r.S.Ack(r.Header["Job-UUID"])
	}})
	l := startOne(t, quick("a", p.Addr()))
	uuidOf := func(called string) string { return "00000000-0000-4000-8000-0" + called }
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			r := manualRequest
			r.Called = fmt.Sprintf("891000000%02d", i)
			if res, err := l.Originate(t.Context(), r); err != nil || res.UUID != uuidOf(r.Called) {
				t.Errorf("%s: %+v %v", r.Called, res, err)
			}
		})
	}
	var all []job
	for range calls {
		all = append(all, <-jobs)
	}
	for _, j := range slices.Backward(all) {
		p.Heartbeat(calls)
		p.Job("another-gateway", "originate", "-ERR USER_BUSY\n")
		p.Job(j.id, "originate", "+OK "+uuidOf(j.called)+"\n")
		p.Job(j.id, "originate", "-ERR USER_BUSY\n")
	}
	wg.Wait()
}

// Once the command is out, an end without a result means that there may be a call.
func TestUnknownOutcome(t *testing.T) {
	rang := make(chan struct{}, 1)
	var p *esltest.Peer
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb == "originate" {
			r.S.Ack(r.Header["Job-UUID"])
			rang <- struct{}{}
			return
		}
		p.Answer(r)
	}})
	l := startOne(t, quick("a", p.Addr()))
	check := func(what string, err error, reason error) {
		t.Helper()
		var oe *freeswitch.OriginateError
		if !errors.As(err, &oe) || !oe.Sent || oe.Cause != "" || !errors.Is(err, freeswitch.ErrUnknownOutcome) || reason != nil && !errors.Is(err, reason) {
			t.Errorf("%s: %v", what, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-rang; cancel() }()
	_, err := l.Originate(ctx, manualRequest)
	check("caller gave up", err, context.Canceled)

	go func() { <-rang; p.DropAll() }()
	_, err = l.Originate(t.Context(), manualRequest)
	check("connection lost", err, nil)
}

func TestNoNodeNamesEveryReason(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{})
	wrong := quick("wrong", p.Addr())
	wrong.Password = "x"
	acl := esltest.New(t, &esltest.Peer{Greet: func(nc net.Conn) {
		_, _ = io.WriteString(nc, "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
	}})
	l := start(t, freeswitch.Config{Nodes: []freeswitch.NodeConfig{wrong, quick("acl", acl.Addr())}})
	_, err := l.Originate(t.Context(), manualRequest)
	var none *freeswitch.NoNodeError
	if !errors.As(err, &none) || len(none.Nodes) != 2 || !errors.Is(err, freeswitch.ErrNoNode) || !errors.Is(err, esl.ErrAuth) || !errors.Is(err, esl.ErrRejected) {
		t.Fatalf("%v", err)
	}
	for _, name := range []string{"wrong", "acl"} {
		if !strings.Contains(err.Error(), "node "+name) {
			t.Errorf("%s is missing in %v", name, err)
		}
	}
}

// A node that accepts no more commands is passed over; the call is placed once.
func TestFailover(t *testing.T) {
	sick := esltest.New(t, &esltest.Peer{})
	good := esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK " + someCall + "\n" }})
	a, b := quick("sick", sick.Addr()), quick("good", good.Addr())
	a.Weight = 1000
	l := start(t, freeswitch.Config{Nodes: []freeswitch.NodeConfig{a, b}})
	sick.StopListening() // its event connection stays, new command connections are refused
	for range 10 {
		if res, err := l.Originate(t.Context(), manualRequest); err != nil || res.Node != "good" {
			t.Fatalf("%+v %v", res, err)
		}
	}
	if strings.Contains(sick.Received(), "originate") || strings.Count(good.Received(), "bgapi originate") != 10 {
		t.Error("calls were not placed exactly once")
	}
	r := manualRequest
	r.Node = "sick"
	if _, err := l.Originate(t.Context(), r); !errors.Is(err, freeswitch.ErrNoNode) {
		t.Errorf("named node: %v", err)
	}
}

func TestWeights(t *testing.T) {
	var mu sync.Mutex
	hits := map[string]int{}
	node := func(name string, weight int) freeswitch.NodeConfig {
		p := esltest.New(t, &esltest.Peer{Exec: func(verb, _ string) string {
			if verb == "originate" {
				mu.Lock()
				hits[name]++
				mu.Unlock()
			}
			return "+OK " + someCall + "\n"
		}})
		n := quick(name, p.Addr())
		n.Weight = weight
		return n
	}
	l := start(t, freeswitch.Config{Nodes: []freeswitch.NodeConfig{node("one", 1), node("nine", 9), node("never", -1)}})
	for range 300 {
		if _, err := l.Originate(t.Context(), manualRequest); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if hits["never"] != 0 || hits["one"] == 0 || hits["nine"] < 3*hits["one"] {
		t.Errorf("%v", hits)
	}
}

// Whatever the fields hold: either they are refused, or the dial string has exactly the shape of the template.
func FuzzOriginate(f *testing.F) {
	for _, evil := range injections {
		f.Add(evil, evil, evil, evil)
	}
	f.Add("8 (910) 000-00-00", "1001", "1234@pbx", "r 1")
	shape := regexp.MustCompile(`^\{effective_caller_id_name=\+?[0-9*#]{1,15},effective_caller_id_number=\+?[0-9*#]{1,15},originate_timeout=60,origination_caller_id_number=\+?[0-9*#]{1,15},origination_uuid=[0-9a-f-]{36},patchbay_called=\+?[0-9*#]{1,15},` +
		`patchbay_x=(?:[A-Za-z0-9._@+/-]*|'[A-Za-z0-9 ._@+/-]*')\}user/[A-Za-z0-9][A-Za-z0-9._-]*(?:@[A-Za-z0-9][A-Za-z0-9.-]*)? \+?[0-9*#]{1,15} XML default$`)
	f.Fuzz(func(t *testing.T, called, caller, account, variable string) {
		line, err := freeswitch.DialString(freeswitch.OriginateRequest{Called: called, Caller: caller, Account: account, Variables: map[string]string{"patchbay_x": variable}})
		if err != nil {
			if line != "" {
				t.Fatal("error and dial string")
			}
			return
		}
		if !shape.MatchString(line) {
			t.Fatalf("%q", line)
		}
	})
}

func ExampleParseCalled() {
	d, err := freeswitch.ParseCalled("8 (910) 000-00-00")
	fmt.Println(d, err)
	_, err = freeswitch.ParseCalled("&system(id)")
	fmt.Println(err)
	// Output:
	// 89100000000 <nil>
	// invalid called_number: '&' at byte 0 is not a digit
}
