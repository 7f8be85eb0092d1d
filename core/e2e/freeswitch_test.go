package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
)

const unavailable = `{"error":"FreeSWITCH is unavailable!","id":"<any>"}`

type nodeState struct{ Name, State, Reason string }

func (w *world) node(t testing.TB) nodeState {
	t.Helper()
	nodes := decode[struct{ Nodes []nodeState }](t, w.admin(t, "GET", "/nodes", "")).Nodes
	if len(nodes) != 1 {
		t.Fatalf("nodes %+v", nodes)
	}
	return nodes[0]
}

// TestFreeSWITCHComesAndGoes has no FreeSWITCH at the start, kills it under load
// and brings it back.
func TestFreeSWITCHComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules)
	tiers := golden(t, "tiers")
	expect(t, "tiers", w.post(t, "/contact/tiers", ``), 200, tiers)
	expect(t, "a call", w.post(t, "/contact/add", object("called_number", "9002", "caller_number", "1001", "sip", "1001")), 200, `{"message":"+OK <uuid>\n"}`)

	stop := make(chan struct{})
	answers := make(chan answer, 10_000)
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				a, err := w.send("POST", "/contact/tiers", "", "Authorization", "Bearer "+w.token)
				if err != nil {
					t.Errorf("connection: %v", err)
					return
				}
				select {
				case answers <- a:
				default: // enough were kept
				}
			}
		})
	}
	w.sandbox.process.Kill()
	eventually(t, "the gateway to see that FreeSWITCH is gone", func() bool { return w.post(t, "/contact/tiers", ``).status == 502 })
	expect(t, "tiers without FreeSWITCH", w.post(t, "/contact/tiers", ``), 502, unavailable)
	expect(t, "a call without FreeSWITCH", w.post(t, "/contact/add", object("called_number", "9002", "caller_number", "1001", "sip", "1001")), 502, unavailable)
	if n := w.node(t); n.Reason == "" || n.State == "up" {
		t.Errorf("node %+v", n)
	}
	if a := w.post(t, "/report/users", ``); a.status != 200 {
		t.Errorf("another module: %d %s", a.status, a.body)
	}
	w.sandbox.start(t)
	eventually(t, "the gateway to find FreeSWITCH again", func() bool { return w.post(t, "/contact/tiers", ``).status == 200 })
	close(stop)
	clients.Wait()
	close(answers)
	good, bad := 0, 0
	for a := range answers {
		switch a.status {
		case 200:
			good++
			if a.body != compact(tiers) {
				t.Fatalf("a wrong answer: %s", a.body)
			}
		case 502, 504:
			bad++
		default:
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if good == 0 || bad == 0 {
		t.Errorf("%d good answers and %d bad ones: the load did not meet the outage", good, bad)
	}

	// Absent at the start.
	if err := w.process.stop(); err != nil {
		t.Fatal(err)
	}
	w.sandbox.process.Kill()
	w.startGateway(w.dir, w.listen)
	expect(t, "no FreeSWITCH at the start", w.post(t, "/contact/queues", ``), 502, unavailable)
	w.sandbox.start(t)
	eventually(t, "FreeSWITCH to come later", func() bool { return w.post(t, "/contact/queues", ``).status == 200 })
	expect(t, "queues", w.post(t, "/contact/queues", ``), 200, golden(t, "queues"))
}

// TestFreeSWITCHRefuses has a wrong password, then an address list that leaves
// the gateway out.
func TestFreeSWITCHRefuses(t *testing.T) {
	t.Parallel()
	t.Run("password", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, base+node+modules, "--password", "another")
		expect(t, "queues", w.post(t, "/contact/queues", ``), 502, unavailable)
		eventually(t, "the reason", func() bool { return w.node(t).Reason != "" })
		if n := w.node(t); strings.Contains(n.Reason, "ClueCon") || n.State == "up" {
			t.Errorf("node %+v", n)
		}
		if strings.Contains(w.process.Output(), "ClueCon") {
			t.Error("the password is in the log")
		}
	})
	t.Run("address", func(t *testing.T) {
		t.Parallel()
		l := rudeListener(t)
		w := newWorld(t, base+strings.Replace(node, "{esl}", l, 1)+modules)
		expect(t, "queues", w.post(t, "/contact/queues", ``), 502, unavailable)
		eventually(t, "the reason", func() bool { return w.node(t).Reason != "" })
		if n := w.node(t); n.State == "up" {
			t.Errorf("node %+v", n)
		}
	})
}

// rudeListener refuses every connection as mod_event_socket does when its ACL
// leaves the caller out (recorded from FreeSWITCH 1.10.12).
func rudeListener(t *testing.T) string {
	const rude = "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n" +
		"Content-Type: text/disconnect-notice\nContent-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(c, rude)
			_ = c.Close()
		}
	}()
	return l.Addr().String()
}

// TestFreeSWITCHHangs freezes the event socket: connections stay, nothing comes.
func TestFreeSWITCHHangs(t *testing.T) {
	t.Parallel()
	relay := newRelay(t)
	slow := strings.Replace(strings.Replace(node, "{esl}", relay.address, 1), `command_timeout   = "5s"`, `command_timeout   = "1s"`, 1)
	w := newWorld(t, base+slow+modules, "--speed", "20")
	relay.to(w.sandbox.esl)
	eventually(t, "the link through the relay", func() bool { return w.post(t, "/contact/tiers", ``).status == 200 })
	relay.freeze()
	hanging := make(chan answer, 6)
	var clients sync.WaitGroup
	for range cap(hanging) {
		clients.Go(func() {
			a, err := w.send("POST", "/contact/tiers", "", "Authorization", "Bearer "+w.token)
			if err != nil {
				t.Error(err)
			}
			hanging <- a
		})
	}
	if a := w.post(t, "/report/users", ``); a.status != 200 {
		t.Errorf("another module while FreeSWITCH hangs: %d %s", a.status, a.body)
	}
	clients.Wait()
	close(hanging)
	for a := range hanging {
		if a.status != 504 && a.status != 502 || !matches(t, a.body, unavailable) {
			t.Errorf("while FreeSWITCH hangs: %d %s", a.status, a.body)
		}
	}
	relay.thaw()
	eventually(t, "FreeSWITCH to answer again", func() bool { return w.post(t, "/contact/tiers", ``).status == 200 })
	// What comes late must not be taken for the answer to something else.
	for range 20 {
		expect(t, "tiers after the thaw", w.post(t, "/contact/tiers", ``), 200, golden(t, "tiers"))
		expect(t, "queues after the thaw", w.post(t, "/contact/queues", ``), 200, golden(t, "queues"))
	}
}

// relay passes connections on and can stop doing so without closing them.
type relay struct {
	address string
	mu      sync.Mutex
	target  string
	frozen  bool
	changed *sync.Cond
	closed  bool
}

func newRelay(t *testing.T) *relay {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{address: l.Addr().String()}
	r.changed = sync.NewCond(&r.mu)
	t.Cleanup(func() {
		_ = l.Close()
		r.set(func() { r.closed = true })
	})
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go r.serve(c)
		}
	}()
	return r
}

func (r *relay) set(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	r.changed.Broadcast()
}

func (r *relay) to(target string) { r.set(func() { r.target = target }) }
func (r *relay) freeze()          { r.set(func() { r.frozen = true }) }
func (r *relay) thaw()            { r.set(func() { r.frozen = false }) }

// open waits until bytes may pass; false when the test is over.
func (r *relay) open() (target string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.closed && (r.frozen || r.target == "") {
		r.changed.Wait()
	}
	return r.target, !r.closed
}

// serve ends when either side closes or the test is over.
func (r *relay) serve(client net.Conn) {
	defer client.Close()
	target, ok := r.open()
	if !ok {
		return
	}
	upstream, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer upstream.Close()
	pass := func(to, from net.Conn) {
		defer to.Close()
		buffer := make([]byte, 32<<10)
		for {
			n, err := from.Read(buffer)
			if _, ok := r.open(); !ok || n == 0 && err != nil {
				return
			}
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
	}
	go pass(upstream, client)
	pass(client, upstream)
}

// TestNamesThatBreakTables puts the separators of FreeSWITCH's tables into names.
func TestNamesThatBreakTables(t *testing.T) {
	t.Parallel()
	w := newWorld(t, base+node+modules)
	for agent, written := range map[string]string{"bad|name": `'bad|name'`, "two\nlines": `'two\nlines'`, "+OK": `+OK`, "Иван Петров": `'Иван Петров'`, `"`: `"`} {
		for _, command := range []string{"agent add " + written + " callback", "tier add support@default " + written + " 1 1"} {
			if got := eslAPI(t, w.sandbox.esl, "callcenter_config "+command); got != "+OK\n" {
				t.Fatalf("%s: %q", command, got)
			}
		}
		var rows []map[string]string
		a := w.post(t, "/contact/tier", object("queue", "support@default"))
		rows = decode[[]map[string]string](t, a)
		found := false
		for _, r := range rows {
			if len(r) != 5 || r["queue"] != "support@default" || r["level"] != "1" || r["position"] != "1" {
				t.Errorf("agent %q: a shifted row %v", agent, r)
			}
			found = found || r["agent"] == agent
		}
		if a.status != 200 || !found {
			t.Errorf("agent %q: %d %s", agent, a.status, a.body)
		}
	}
	expect(t, "another queue", w.post(t, "/contact/tier", object("queue", "support2@default")), 200, golden(t, "tier"))
	expect(t, "queues", w.post(t, "/contact/queues", ``), 200, golden(t, "queues"))
}

// eslAPI runs one command on a connection of its own.
func eslAPI(t *testing.T, address, command string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	reader := bufio.NewReader(c)
	if _, err := fmt.Fprintf(c, "auth ClueCon\n\napi %s\n\n", command); err != nil {
		t.Fatal(err)
	}
	for {
		header, err := textproto.NewReader(reader).ReadMIMEHeader()
		if err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		n, _ := strconv.Atoi(header.Get("Content-Length")) // 0 without one
		body := make([]byte, n)
		if _, err := io.ReadFull(reader, body); err != nil {
			t.Fatalf("%s: %v", command, err)
		}
		if header.Get("Content-Type") == "api/response" {
			return string(body)
		}
	}
}
