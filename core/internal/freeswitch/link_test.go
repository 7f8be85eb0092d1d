package freeswitch_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl/esltest"
)

// quick is a node that reconnects at once.
func quick(name, addr string) freeswitch.NodeConfig {
	return freeswitch.NodeConfig{Name: name, Address: addr, Password: esltest.Password,
		ReconnectMin: time.Millisecond, ReconnectMax: 5 * time.Millisecond}
}

func start(t *testing.T, cfg freeswitch.Config) *freeswitch.Link {
	t.Helper()
	l, err := freeswitch.New(cfg, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	l.Start(t.Context())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := l.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := l.WaitSettled(ctx); err != nil {
		t.Fatal(err)
	}
	return l
}

func startOne(t *testing.T, n freeswitch.NodeConfig) *freeswitch.Link {
	t.Helper()
	return start(t, freeswitch.Config{Nodes: []freeswitch.NodeConfig{n}})
}

// eventually polls a condition that another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 10000 {
		if ok() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("never happened: %s", what)
}

func isUp(l *freeswitch.Link) func() bool {
	return func() bool { return l.Health()[0].State == freeswitch.StateUp }
}

func TestConfigIsChecked(t *testing.T) {
	good := quick("a", "127.0.0.1:8021")
	with := func(change func(*freeswitch.NodeConfig)) freeswitch.NodeConfig {
		n := good
		change(&n)
		return n
	}
	for name, nodes := range map[string][]freeswitch.NodeConfig{
		"name":              {with(func(n *freeswitch.NodeConfig) { n.Name = "a b" })},
		"same name":         {good, good},
		"address":           {with(func(n *freeswitch.NodeConfig) { n.Address = "127.0.0.1" })},
		"password":          {with(func(n *freeswitch.NodeConfig) { n.Password = "a\nb" })},
		"user":              {with(func(n *freeswitch.NodeConfig) { n.User = "a:b" })},
		"connections":       {with(func(n *freeswitch.NodeConfig) { n.Connections = -1 })},
		"timeout":           {with(func(n *freeswitch.NodeConfig) { n.CommandTimeout = -1 })},
		"backoff":           {with(func(n *freeswitch.NodeConfig) { n.ReconnectMin = time.Hour; n.ReconnectMax = time.Second })},
		"originate timeout": {with(func(n *freeswitch.NodeConfig) { n.OriginateTimeout = time.Millisecond })},
		"context":           {with(func(n *freeswitch.NodeConfig) { n.Context = "a b" })},
		"gateway":           {with(func(n *freeswitch.NodeConfig) { n.Gateway = "a,b" })},
		"variable name":     {with(func(n *freeswitch.NodeConfig) { n.Variables = map[string]string{"a=b": "c"} })},
		"variable value":    {with(func(n *freeswitch.NodeConfig) { n.Variables = map[string]string{"a": "${system id}"} })},
		"account pattern":   {with(func(n *freeswitch.NodeConfig) { n.Accounts = []string{"[a"} })},
	} {
		if _, err := freeswitch.New(freeswitch.Config{Nodes: nodes}, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := freeswitch.New(freeswitch.Config{Nodes: []freeswitch.NodeConfig{good}}, nil); err != nil {
		t.Error(err)
	}
}

func TestNodeComesUp(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{User: "api@pbx"})
	n := quick("a", p.Addr())
	n.User = "api@pbx"
	l := startOne(t, n)
	h := l.Health()[0]
	if h.State != freeswitch.StateUp || h.Reason != nil || h.CoreUUID != esltest.CoreUUID || h.Since.IsZero() {
		t.Fatalf("%+v", h)
	}
	p.Heartbeat(7)
	eventually(t, "heartbeat", func() bool { h := l.Health()[0]; return h.Sessions == 7 && !h.LastHeartbeat.IsZero() })
}

// Every node that is down says why, and does not keep the others from working.
func TestDownNodesSayWhy(t *testing.T) {
	greet := func(raw string) string {
		return esltest.New(t, &esltest.Peer{Greet: func(nc net.Conn) {
			_, _ = io.WriteString(nc, raw)
			_, _ = io.Copy(io.Discard, nc)
		}}).Addr()
	}
	closed := esltest.New(t, &esltest.Peer{})
	closed.Close()
	good := esltest.New(t, &esltest.Peer{Exec: func(string, string) string { return "+OK\n" }})
	wrong := quick("wrong-password", good.Addr())
	wrong.Password = "nope"
	silent := quick("silent", greet(""))
	silent.DialTimeout = 20 * time.Millisecond
	nodes := []freeswitch.NodeConfig{
		wrong, silent,
		quick("refused", greet("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")),
		quick("stranger", greet("SSH-2.0-OpenSSH_9.2\r\n")),
		quick("gone", closed.Addr()),
		quick("good", good.Addr()),
	}
	l := start(t, freeswitch.Config{Nodes: nodes})
	want := map[string]error{"wrong-password": esl.ErrAuth, "silent": context.DeadlineExceeded, "refused": esl.ErrRejected}
	for _, h := range l.Health() {
		if h.Name == "good" {
			if h.State != freeswitch.StateUp {
				t.Errorf("good: %+v", h)
			}
			continue
		}
		if h.State != freeswitch.StateDown || h.Reason == nil || !errors.Is(h.Reason, want[h.Name]) && want[h.Name] != nil {
			t.Errorf("%s: %s %v", h.Name, h.State, h.Reason)
		}
		if _, err := l.API(t.Context(), h.Name, "status", ""); !errors.Is(err, freeswitch.ErrNodeDown) {
			t.Errorf("%s: command: %v", h.Name, err)
		}
		if h.Reason != nil && strings.Contains(h.Reason.Error(), "nope") {
			t.Errorf("the password is in the reason: %v", h.Reason)
		}
	}
	if out, err := l.API(t.Context(), "good", "status", ""); err != nil || out != "+OK\n" {
		t.Errorf("good: %q %v", out, err)
	}
}

func TestReconnectNoticesRestart(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{})
	type restart struct{ node, old, now string }
	restarts := make(chan restart, 10)
	var mu sync.Mutex
	var states []freeswitch.State
	l := start(t, freeswitch.Config{
		Nodes:     []freeswitch.NodeConfig{quick("a", p.Addr())},
		OnRestart: func(node, old, now string) { restarts <- restart{node, old, now} },
		OnState: func(h freeswitch.NodeHealth) {
			mu.Lock()
			states = append(states, h.State)
			mu.Unlock()
		},
	})
	p.DropAll() // a connection lost to the same process is no restart
	eventually(t, "second connection", func() bool { return p.Accepted() >= 2 && isUp(l)() })
	const other = "5048f672-b8c5-4a1b-b86a-3cbe789abbe9"
	p.SetCore(other)
	p.DropAll()
	select {
	case r := <-restarts:
		if r != (restart{"a", esltest.CoreUUID, other}) {
			t.Errorf("%+v", r)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("restart was not noticed")
	}
	eventually(t, "up again", isUp(l))
	if h := l.Health()[0]; h.CoreUUID != other {
		t.Errorf("core %s", h.CoreUUID)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(states) < 5 || states[0] != freeswitch.StateUp || states[1] != freeswitch.StateDown || states[2] != freeswitch.StateUp {
		t.Errorf("states: %v", states)
	}
}

func TestShutdownEventTakesTheNodeOut(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{})
	l := startOne(t, quick("a", p.Addr()))
	p.Broadcast("SHUTDOWN", "Event-Info: System%20Shutting%20Down\n", "")
	eventually(t, "down", func() bool { return l.Health()[0].State == freeswitch.StateDown })
	if _, err := l.API(t.Context(), "a", "status", ""); !errors.Is(err, freeswitch.ErrNodeDown) || !errors.Is(err, esl.ErrShutdown) {
		t.Errorf("command while shutting down: %v", err)
	}
	p.DropAll()
	eventually(t, "up again", isUp(l))
}

// A connection that looks open but answers no more is found out by the probe.
func TestSilentNodeIsFoundOut(t *testing.T) {
	var p *esltest.Peer
	mute := make(chan struct{})
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		select {
		case <-mute:
		default:
			p.Answer(r)
		}
	}})
	n := quick("a", p.Addr())
	n.ProbeInterval, n.CommandTimeout = 10*time.Millisecond, 300*time.Millisecond
	l := startOne(t, n)
	eventually(t, "up", isUp(l))
	close(mute)
	eventually(t, "down", func() bool { return l.Health()[0].State == freeswitch.StateDown })
}

// A user that is not allowed to see events must not look like a node that is up.
func TestEventsAreRequired(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) { r.S.Ack(r.Header["Job-UUID"]) }})
	n := quick("a", p.Addr())
	n.CommandTimeout = 300 * time.Millisecond
	l := startOne(t, n)
	if h := l.Health()[0]; h.State != freeswitch.StateDown || !strings.Contains(h.Reason.Error(), "BACKGROUND_JOB") {
		t.Errorf("%+v", h)
	}
}

// A recorded restricted session: "version" is allowed, events other than its own are not.
func TestRestrictedUserWithoutEvents(t *testing.T) {
	raw := "Content-Type: auth/request\n\n" + esltest.ReplyFrame("+OK accepted", "Allowed-Events: CHANNEL_CREATE", "Allowed-API: status,show,version", "Allowed-LOG: false") +
		esltest.ReplyFrame("-ERR permission denied")
	p := esltest.New(t, &esltest.Peer{Greet: esltest.Replay(t, []byte(raw), 0, false)})
	l := startOne(t, quick("a", p.Addr()))
	if h := l.Health()[0]; !errors.Is(h.Reason, freeswitch.ErrPermission) {
		t.Errorf("%+v", h)
	}
}

func TestCloseFailsWhatWaits(t *testing.T) {
	seen := make(chan struct{}, 1)
	var p *esltest.Peer
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb == "wait" {
			r.S.Ack(r.Header["Job-UUID"])
			seen <- struct{}{}
			return
		}
		p.Answer(r)
	}})
	l := startOne(t, quick("a", p.Addr()))
	got := make(chan error, 1)
	go func() { _, err := l.API(t.Context(), "a", "wait", ""); got <- err }()
	<-seen
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-got; !errors.Is(err, freeswitch.ErrUnknownOutcome) {
		t.Errorf("waiting command: %v", err)
	}
	if _, err := l.API(t.Context(), "a", "status", ""); !errors.Is(err, freeswitch.ErrNodeDown) {
		t.Errorf("after close: %v", err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Errorf("second close: %v", err)
	}
	eventually(t, "every connection is closed", func() bool { return p.Open() == 0 })
}

func TestAPI(t *testing.T) {
	p := esltest.New(t, &esltest.Peer{Exec: func(verb, args string) string {
		switch verb {
		case "version":
			return "FreeSWITCH\n"
		case "nosuch":
			return "-ERR nosuch Command not found!\n"
		}
		return ""
	}})
	l := startOne(t, quick("a", p.Addr()))
	for verb, want := range map[string]string{"version": "FreeSWITCH\n", "nosuch": "-ERR nosuch Command not found!\n", "global_getvar": ""} {
		if got, err := l.API(t.Context(), "a", verb, ""); err != nil || got != want {
			t.Errorf("%s: %q %v", verb, got, err)
		}
	}
	before := p.Received()
	for _, c := range [][2]string{{"status", "a\nb"}, {"status", "a\x00"}, {"status", "${system(id)}"}, {"status", "$${x}"}, {"a b", ""}, {"", ""}, {"st\natus", ""}} {
		if _, err := l.API(t.Context(), "a", c[0], c[1]); !errors.Is(err, freeswitch.ErrUnsafeCommand) {
			t.Errorf("%q: %v", c, err)
		}
	}
	if p.Received() != before {
		t.Errorf("on the wire: %q", strings.TrimPrefix(p.Received(), before))
	}
	if _, err := l.API(t.Context(), "b", "status", ""); !errors.Is(err, freeswitch.ErrUnknownNode) {
		t.Errorf("unknown node: %v", err)
	}
}

func TestDeniedCommand(t *testing.T) {
	var p *esltest.Peer
	p = esltest.New(t, &esltest.Peer{Handle: func(r esltest.Request) {
		if verb, _ := r.Verb(); verb == "version" {
			p.Answer(r)
			return
		}
		r.S.Reply("-ERR permission denied")
	}})
	l := startOne(t, quick("a", p.Addr()))
	for range 3 { // the connection stays usable
		if _, err := l.API(t.Context(), "a", "originate", "x"); !errors.Is(err, freeswitch.ErrPermission) {
			t.Errorf("%v", err)
		}
	}
	if got := p.Accepted(); got != 2 {
		t.Errorf("%d connections, want the one for events and one for commands", got)
	}
}

func recorded(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
