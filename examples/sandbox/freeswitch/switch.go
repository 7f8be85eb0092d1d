// Package freeswitch is a stand-in for FreeSWITCH 1.10.12: its event socket byte for
// byte, enough commands to drive a gateway, calls that live for a few seconds, their
// events, recordings and CDR posts. It never runs a shell, opens a SIP socket or
// reads a file that a command names: what a real FreeSWITCH would have executed is
// kept as an Incident.
package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/callcenter"
	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/cdr"
)

// Options of a Switch. The zero value listens on a free loopback port with the
// contents of the user manual.
type Options struct {
	Address  string // "127.0.0.1:0" if empty
	Password string // "ClueCon" if empty
	// Allow is the inbound ACL; a client outside it gets text/rude-rejection. Empty allows everybody.
	Allow       []netip.Prefix
	Users       []ESLUser     // for userauth
	AuthTimeout time.Duration // 25 s if 0; not scaled by Speed
	CoreUUID    string        // the manual's if empty
	Switchname  string        // "fs-api" if empty
	// Speed divides every duration of the switch: rings, talks, msleep, CDR delays. 1 if 0.
	Speed     float64
	Ring      time.Duration // before a phone answers, 1 s if 0
	Talk      time.Duration // before a phone hangs up, 2 s if 0
	Heartbeat time.Duration // 20 s if 0

	RecordingsDir string // must exist
	CDR           cdr.Options
	// PostManualCDR posts the CDR of the manual's call at start and again until it is accepted.
	PostManualCDR bool

	CallCenter *callcenter.Config // the manual's queues if nil
	Accounts   []Account          // the manual's SIP accounts if nil
}

// ESLUser is a directory user with esl-* parameters.
type ESLUser struct {
	Name, Password string   // Name is user@domain
	API, Events    []string // empty allows all
	Log            bool
}

// Account is a SIP account of the directory and how its phone behaves.
type Account struct {
	Name       string
	Registered bool
	Cause      string // what dialling it ends with; "" answers
}

// Command is one event socket command exactly as it arrived, without the final blank line.
type Command struct {
	Connection int // numbers connections from 1
	Raw        string
	At         time.Time
}

// Switch is a running stand-in. All methods are safe for concurrent use.
type Switch struct {
	options  Options
	listener net.Listener
	center   *callcenter.Center
	poster   *cdr.Poster
	bus      *bus
	started  time.Time
	ctx      context.Context
	stop     context.CancelFunc
	wg       sync.WaitGroup

	mu            sync.Mutex
	closed        bool
	conns         map[*conn]struct{}
	connCount     int
	channels      []*channel
	sessions      int
	calls         []*Call
	commands      []Command
	incidents     []Incident
	paused        bool
	maxSessions   int
	sps           int
	manualStarted bool
}

// maxHistory bounds what is kept for introspection, so that a long load run stays small.
const maxHistory = 100_000

// Start listens and begins to answer. Close the Switch to end it.
func Start(o Options) (*Switch, error) {
	setDefaults(&o)
	if o.Speed <= 0 {
		return nil, fmt.Errorf("freeswitch: speed %v must be above 0", o.Speed)
	}
	if info, err := os.Stat(o.RecordingsDir); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("freeswitch: recordings directory %q is not usable: %w", o.RecordingsDir, errors.Join(err, os.ErrInvalid))
	}
	absolute, err := filepath.Abs(o.RecordingsDir)
	if err != nil {
		return nil, fmt.Errorf("freeswitch: recordings directory: %w", err)
	}
	o.RecordingsDir = absolute
	o.CDR.Delay = time.Duration(float64(o.CDR.Delay) / o.Speed)
	poster, err := cdr.NewPoster(o.CDR)
	if err != nil {
		return nil, err
	}
	s := &Switch{options: o, poster: poster, started: time.Now(), conns: map[*conn]struct{}{}, maxSessions: 1000, sps: 30}
	s.bus = newBus(o.CoreUUID, o.Switchname)
	config := manualCallCenter()
	if o.CallCenter != nil {
		config = *o.CallCenter
	}
	config.Changed = s.agentChanged
	s.center = callcenter.New(config)
	if err := s.writeManualRecording(); err != nil {
		return nil, err
	}
	if s.listener, err = net.Listen("tcp", o.Address); err != nil {
		return nil, fmt.Errorf("freeswitch: listen on %s: %w", o.Address, err)
	}
	s.ctx, s.stop = context.WithCancel(context.Background())
	s.wg.Go(s.accept)
	s.wg.Go(s.heartbeat)
	if o.PostManualCDR && poster.Enabled() {
		s.wg.Go(s.postManualCDR)
	}
	return s, nil
}

func setDefaults(o *Options) {
	text := func(p *string, value string) {
		if *p == "" {
			*p = value
		}
	}
	span := func(p *time.Duration, value time.Duration) {
		if *p == 0 {
			*p = value
		}
	}
	text(&o.Address, "127.0.0.1:0")
	text(&o.Password, "ClueCon")
	text(&o.CoreUUID, ManualCoreUUID)
	text(&o.Switchname, "fs-api")
	span(&o.AuthTimeout, 25*time.Second)
	span(&o.Ring, time.Second)
	span(&o.Talk, 2*time.Second)
	span(&o.Heartbeat, 20*time.Second)
	if o.Speed == 0 {
		o.Speed = 1
	}
	if o.Accounts == nil {
		o.Accounts = manualAccounts()
	}
	if o.Users == nil {
		o.Users = []ESLUser{{
			Name: "esluser@127.0.0.1", Password: "eslpass", API: []string{"status", "show", "version"},
			Events: []string{"CHANNEL_CREATE", "CHANNEL_HANGUP_COMPLETE", "CUSTOM", "callcenter::info"},
		}}
	}
}

// Addr returns the bound event socket address.
func (s *Switch) Addr() string { return s.listener.Addr().String() }

// Commands returns every command received after the password, oldest first.
func (s *Switch) Commands() []Command {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Calls returns every leg that an originate command dialled, oldest first.
func (s *Switch) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := make([]Call, len(s.calls))
	for i, c := range s.calls {
		calls[i] = *c
		calls[i].Vars = slices.Clone(c.Vars)
	}
	return calls
}

// Incidents returns everything dangerous that a command would have done.
func (s *Switch) Incidents() []Incident {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.incidents)
}

// CDRPosts returns every attempt to post a CDR.
func (s *Switch) CDRPosts() []cdr.Attempt { return s.poster.Attempts() }

// Center is the call centre, for tests that prepare its state.
func (s *Switch) Center() *callcenter.Center { return s.center }

// Close hangs up, tells every connection that the system is being shut down and waits
// for all goroutines.
func (s *Switch) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.stop()
	err := s.listener.Close()
	s.wg.Wait()
	s.poster.Close()
	if err != nil {
		return fmt.Errorf("freeswitch: close the listener: %w", err)
	}
	return nil
}

func (s *Switch) accept() {
	for {
		socket, err := s.listener.Accept()
		if err != nil {
			if s.ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Out of descriptors: others will free some.
			if !s.wait(50*time.Millisecond, nil) {
				return
			}
			continue
		}
		s.mu.Lock()
		s.connCount++
		c := newConn(s, socket, s.connCount)
		s.conns[c] = struct{}{}
		s.mu.Unlock()
		s.wg.Go(func() {
			c.serve()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

// DropConnections cuts every event socket connection without a word, as a crash does.
func (s *Switch) DropConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.socket.Close() // the connection's own goroutines notice and end
	}
}

// pace turns a duration of the switch into one of this machine.
func (s *Switch) pace(d time.Duration) time.Duration {
	return time.Duration(float64(d) / s.options.Speed)
}

// wait sleeps for an unscaled duration and returns false if the switch or the given
// channel ended first.
func (s *Switch) wait(d time.Duration, hang <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.ctx.Done():
		return false
	case <-hang:
		return false
	case <-timer.C:
		return true
	}
}

func (s *Switch) remember(c Command) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.commands) < maxHistory {
		s.commands = append(s.commands, c)
	}
}

func newUUID() string { return uuid.NewString() }
