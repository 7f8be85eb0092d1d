package freeswitch

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
)

// node is one FreeSWITCH. Its goroutine (run) owns the event connection and the state; commands come from any goroutine.
type node struct {
	cfg   NodeConfig
	hooks Config
	log   hclog.Logger
	jobs  jobTable
	pool  *pool
	stop  context.CancelFunc // set when it runs, by the link

	settled chan struct{} // closed when the first attempt has come to an end
	news    chan struct{} // tells run that an event changed something; capacity 1

	mu       sync.Mutex
	state    State
	reason   error
	since    time.Time
	core     string // as last announced
	seenCore string // as in the last event
	heard    time.Time
	beat     time.Time
	sessions int
	leaving  bool
	life     int // counts sessions; events of an earlier one do not count
}

func newNode(cfg NodeConfig, hooks Config, log hclog.Logger) *node {
	n := &node{cfg: cfg, hooks: hooks, log: log.With("node", cfg.Name), settled: make(chan struct{}), news: make(chan struct{}, 1),
		state: StateConnecting, since: time.Now()}
	n.jobs.close(ErrLinkClosed)
	n.pool = newPool(cfg.Connections, func(ctx context.Context) (*esl.Conn, error) { return n.dial(ctx, nil) })
	return n
}

func (n *node) dial(ctx context.Context, onEvent func(esl.Event)) (*esl.Conn, error) {
	return esl.Dial(ctx, esl.Options{Address: n.cfg.Address, User: n.cfg.User, Password: n.cfg.Password, Timeout: n.cfg.DialTimeout, OnEvent: onEvent})
}

// run keeps the event connection until ctx ends.
func (n *node) run(ctx context.Context) {
	failures := 0
	for {
		wasUp, err := n.session(ctx)
		if ctx.Err() != nil {
			err = ErrLinkClosed
		}
		n.jobs.close(err)
		n.pool.flush()
		n.setState(StateDown, err)
		if ctx.Err() != nil {
			return
		}
		if wasUp {
			failures = 0
		}
		if !sleep(ctx, backoff(n.cfg.ReconnectMin, n.cfg.ReconnectMax, failures)) {
			n.jobs.close(ErrLinkClosed)
			n.setState(StateDown, ErrLinkClosed)
			return
		}
		failures++
	}
}

// session is one life of the event connection; it always ends with an error.
func (n *node) session(ctx context.Context) (wasUp bool, err error) {
	n.mu.Lock()
	n.life++
	life := n.life
	n.leaving, n.heard = false, time.Now()
	n.mu.Unlock()
	conn, err := n.dial(ctx, func(e esl.Event) { n.onEvent(life, e) })
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	if err := n.subscribe(ctx, conn); err != nil {
		return false, err
	}
	n.jobs.open()
	if err := n.probe(ctx, conn); err != nil {
		return false, err
	}
	n.announceCore()
	n.setState(StateUp, nil)
	tick := time.NewTicker(n.cfg.ProbeInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return true, ErrLinkClosed
		case <-conn.Done():
			return true, conn.Err()
		case <-n.news:
			n.announceCore()
			if n.isLeaving() {
				n.setState(StateDown, esl.ErrShutdown)
			}
		case <-tick.C:
			if n.silentFor() < n.cfg.ProbeInterval {
				continue
			}
			if err := n.probe(ctx, conn); err != nil {
				return true, err
			}
		}
	}
}

func (n *node) subscribe(ctx context.Context, conn *esl.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.CommandTimeout)
	defer cancel()
	reply, err := conn.Do(ctx, esl.Subscribe("BACKGROUND_JOB", "HEARTBEAT", "SHUTDOWN"))
	if err != nil {
		return fmt.Errorf("subscribe to events: %w", err)
	}
	if !strings.HasPrefix(reply.Text, "+OK") {
		return fmt.Errorf("subscribe to events: %w; BACKGROUND_JOB, HEARTBEAT and SHUTDOWN must be in esl-allowed-events", ErrPermission)
	}
	return n.subscribeHangup(ctx, conn)
}

// probe proves that a command gets through and its result comes back as an event. It also learns the Core-UUID.
func (n *node) probe(ctx context.Context, conn *esl.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, n.cfg.CommandTimeout)
	defer cancel()
	id := uuid.NewString()
	done, err := n.jobs.add(id)
	if err != nil {
		return err
	}
	defer n.jobs.remove(id)
	reply, err := conn.Do(ctx, esl.BgAPI("version", "", id))
	if err != nil {
		return fmt.Errorf("no sign of life: %w", err)
	}
	if err := checkAck(reply, id); err != nil {
		if errors.Is(err, ErrPermission) {
			return nil // a user without "version": the answer itself is the sign of life
		}
		return fmt.Errorf("no sign of life: %w", err)
	}
	select {
	case r := <-done:
		return r.err
	case <-conn.Done():
		return conn.Err()
	case <-ctx.Done():
		return fmt.Errorf("commands are accepted, but no BACKGROUND_JOB event comes back: %w", ctx.Err())
	}
}

// onEvent runs on the goroutine of the event connection.
func (n *node) onEvent(life int, e esl.Event) {
	n.mu.Lock()
	if life != n.life {
		n.mu.Unlock()
		return
	}
	n.heard = time.Now()
	changed := false
	if core := e.Header.Get("Core-UUID"); core != "" && core != n.seenCore {
		n.seenCore, changed = core, true
	}
	switch e.Name() {
	case "HEARTBEAT":
		n.beat = n.heard
		n.sessions, _ = strconv.Atoi(e.Header.Get("Session-Count"))
	case "SHUTDOWN":
		n.leaving, changed = true, true
	}
	n.mu.Unlock()
	if changed {
		select {
		case n.news <- struct{}{}:
		default:
		}
	}
	if n.hangup(e) {
		return
	}
	if e.Name() == "BACKGROUND_JOB" {
		n.jobs.finish(e.Header.Get("Job-UUID"), e.Body)
	}
}

// announceCore reports a restart: another process answers under the same address.
func (n *node) announceCore() {
	n.mu.Lock()
	old, now := n.core, n.seenCore
	n.core = now
	n.mu.Unlock()
	if old == "" || old == now {
		return
	}
	n.log.Warn("FreeSWITCH was restarted", "old_core", old, "new_core", now)
	if n.hooks.OnRestart != nil {
		n.hooks.OnRestart(n.cfg.Name, old, now)
	}
}

func (n *node) setState(s State, reason error) {
	n.mu.Lock()
	turned := n.state != s
	n.state, n.reason = s, reason
	if turned {
		n.since = time.Now()
	}
	n.mu.Unlock()
	select {
	case <-n.settled:
	default:
		close(n.settled)
	}
	if !turned {
		return
	}
	if s == StateUp {
		n.log.Info("connected", "address", n.cfg.Address)
	} else {
		n.log.Warn("down", "address", n.cfg.Address, "reason", reason)
	}
	if n.hooks.OnState != nil {
		n.hooks.OnState(n.health())
	}
}

func (n *node) health() NodeHealth {
	n.mu.Lock()
	defer n.mu.Unlock()
	return NodeHealth{Name: n.cfg.Name, Address: n.cfg.Address, State: n.state, Reason: n.reason, Since: n.since, CoreUUID: n.core,
		LastHeartbeat: n.beat, Sessions: n.sessions, Waiting: n.jobs.len()}
}

// ready is nil when the node may be asked, otherwise ErrNodeDown with the reason.
func (n *node) ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.state == StateUp && n.leaving:
		return fmt.Errorf("%w: %w", ErrNodeDown, esl.ErrShutdown)
	case n.state == StateUp:
		return nil
	case n.reason != nil:
		return fmt.Errorf("%w: %w", ErrNodeDown, n.reason)
	}
	return fmt.Errorf("%w: %s", ErrNodeDown, n.state)
}

func (n *node) isLeaving() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.leaving
}

func (n *node) silentFor() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Since(n.heard)
}

// backoff doubles from low to high; half of it is random so that gateways do not return in step.
func backoff(low, high time.Duration, failures int) time.Duration {
	d := high
	if failures < 30 && low<<failures < high && low<<failures > 0 {
		d = low << failures
	}
	return d/2 + rand.N(d/2+1)
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
