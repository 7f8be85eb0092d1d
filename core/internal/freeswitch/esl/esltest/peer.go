// Package esltest is a FreeSWITCH event socket for tests: it logs clients in, hands their commands to the test
// and records every byte that reached it. It shares no code with the client that it tests.
package esltest

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
)

// Password is what a Peer accepts unless told otherwise.
const Password = "ClueCon"

// CoreUUID is the identity that a Peer shows until SetCore.
const CoreUUID = "3e35e8e1-0872-4fb3-a997-12080ca33084"

// Request is one command that a client sent.
type Request struct {
	Line   string
	Header map[string]string
	S      *Session
}

// Verb returns the first word after "api" or "bgapi", and its arguments.
func (r Request) Verb() (verb, args string) {
	_, rest, _ := strings.Cut(r.Line, " ")
	verb, args, _ = strings.Cut(rest, " ")
	return verb, args
}

// Peer accepts connections on a loopback port until the test ends.
type Peer struct {
	// Handle sees every command after the log-in except "event" and "exit". Nil answers with Exec.
	Handle func(Request)
	// Exec is the result of an api or bgapi command for the default Handle.
	Exec func(verb, args string) string
	// User, if set, demands userauth.
	User, Password string
	// Greet replaces the log-in: it owns the connection from the first byte.
	Greet func(net.Conn)

	l        net.Listener
	wg       sync.WaitGroup
	mu       sync.Mutex
	core     string
	sessions map[*Session]bool
	raw      bytes.Buffer
	accepted int
}

// New starts p.
func New(tb testing.TB, p *Peer) *Peer {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	if p.Password == "" {
		p.Password = Password
	}
	if p.core == "" {
		p.core = CoreUUID
	}
	p.l, p.sessions = l, map[*Session]bool{}
	p.wg.Go(p.accept)
	tb.Cleanup(p.Close)
	return p
}

// Addr is where the peer listens.
func (p *Peer) Addr() string { return p.l.Addr().String() }

// Close ends the peer and its connections and waits for them.
func (p *Peer) Close() {
	_ = p.l.Close()
	p.DropAll()
	p.wg.Wait()
}

// StopListening refuses further connections and keeps those that are there.
func (p *Peer) StopListening() { _ = p.l.Close() }

// DropAll closes every connection.
func (p *Peer) DropAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.sessions {
		_ = s.nc.Close()
	}
}

// SetCore changes the Core-UUID, as a restart of FreeSWITCH does.
func (p *Peer) SetCore(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.core = id
}

// Received returns every byte that any client sent.
func (p *Peer) Received() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.raw.String()
}

// Accepted counts the connections so far.
func (p *Peer) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Open counts the connections that are open now.
func (p *Peer) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sessions)
}

func (p *Peer) accept() {
	for {
		nc, err := p.l.Accept()
		if err != nil {
			return
		}
		s := &Session{p: p, nc: nc}
		p.mu.Lock()
		p.accepted++
		p.sessions[s] = true
		p.mu.Unlock()
		p.wg.Go(func() {
			defer func() {
				p.mu.Lock()
				delete(p.sessions, s)
				p.mu.Unlock()
				_ = nc.Close()
			}()
			if p.Greet != nil {
				p.Greet(nc)
				return
			}
			s.run()
		})
	}
}

// Session is one client connection.
type Session struct {
	p      *Peer
	nc     net.Conn
	wmu    sync.Mutex
	events string
}

// Send writes raw bytes.
func (s *Session) Send(raw string) {
	s.wmu.Lock()
	defer s.wmu.Unlock()
	_, _ = s.nc.Write([]byte(raw))
}

// Drop closes the connection.
func (s *Session) Drop() { _ = s.nc.Close() }

// Reply sends a command/reply with further header lines.
func (s *Session) Reply(text string, lines ...string) { s.Send(ReplyFrame(text, lines...)) }

// API sends an api/response.
func (s *Session) API(body string) { s.Send(APIFrame(body)) }

// Ack accepts a bgapi request.
func (s *Session) Ack(id string) { s.Reply("+OK Job-UUID: "+id, "Job-UUID: "+id) }

func (s *Session) run() {
	s.Send("Content-Type: auth/request\n\n")
	r := bufio.NewReader(s.nc)
	authed := false
	for {
		req, err := s.read(r)
		if err != nil {
			return
		}
		if !authed {
			want := "auth " + s.p.Password
			if s.p.User != "" {
				want = "userauth " + s.p.User + ":" + s.p.Password
			}
			if req.Line != want {
				s.Reply("-ERR invalid")
				s.Send(DisconnectFrame("Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"))
				return
			}
			authed = true
			s.Reply("+OK accepted")
			continue
		}
		word, rest, _ := strings.Cut(req.Line, " ")
		switch {
		case word == "exit":
			s.Reply("+OK bye")
			return
		case word == "event":
			s.p.mu.Lock()
			s.events += rest + " " // FreeSWITCH adds to what was asked for before
			s.p.mu.Unlock()
			s.Reply("+OK event listener enabled plain")
		case s.p.Handle != nil:
			s.p.Handle(req)
		default:
			s.p.Answer(req)
		}
	}
}

func (s *Session) read(r *bufio.Reader) (Request, error) {
	req := Request{Header: map[string]string{}, S: s}
	for {
		line, err := r.ReadString('\n')
		s.p.mu.Lock()
		s.p.raw.WriteString(line)
		s.p.mu.Unlock()
		if err != nil {
			return req, err
		}
		line = strings.TrimRight(line, "\r\n")
		switch {
		case line == "" && req.Line != "":
			return req, nil
		case line == "":
		case req.Line == "":
			req.Line = line
		default:
			k, v, _ := strings.Cut(line, ": ")
			req.Header[k] = v
		}
	}
}

// Answer runs a command through Exec and answers as FreeSWITCH does.
func (p *Peer) Answer(req Request) {
	verb, args := req.Verb()
	out := ""
	if p.Exec != nil {
		out = p.Exec(verb, args)
	}
	if strings.HasPrefix(req.Line, "api ") {
		if out == "" {
			out = "-ERR no reply\n"
		}
		req.S.API(out)
		return
	}
	id := req.Header["Job-UUID"]
	req.S.Ack(id)
	p.Job(id, verb, out)
}

// Job sends the BACKGROUND_JOB event of a finished job to every subscriber.
func (p *Peer) Job(id, verb, out string) {
	p.Broadcast("BACKGROUND_JOB", fmt.Sprintf("Job-UUID: %s\nJob-Command: %s\n", id, verb), out)
}

// Heartbeat sends a HEARTBEAT event.
func (p *Peer) Heartbeat(sessions int) {
	p.Broadcast("HEARTBEAT", fmt.Sprintf("Event-Info: System%%20Ready\nSession-Count: %d\n", sessions), "")
}

// Broadcast sends one plain event to every session that subscribed to name.
func (p *Peer) Broadcast(name, lines, body string) {
	p.mu.Lock()
	frame := EventFrame(name, p.core, lines, body)
	var to []*Session
	for s := range p.sessions {
		if strings.Contains(s.events, name+" ") {
			to = append(to, s)
		}
	}
	p.mu.Unlock()
	for _, s := range to {
		s.Send(frame)
	}
}
