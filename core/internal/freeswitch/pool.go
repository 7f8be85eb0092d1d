package freeswitch

import (
	"context"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch/esl"
)

// maxIdle is how long a connection may lie unused. Firewalls forget quiet connections, and a command written to a
// forgotten one would end with "it may have been carried out".
const maxIdle = time.Minute

// pool keeps the command connections of one node. A connection is lent to one command at a time and comes back only
// while it is in step; connections are made when they are needed.
type pool struct {
	dial  func(context.Context) (*esl.Conn, error)
	slots chan struct{}

	mu    sync.Mutex
	idle  []idleConn
	round int // counts flushes; a connection of an earlier round is not taken back
}

type idleConn struct {
	*esl.Conn
	since time.Time
}

// lease is a connection on loan.
type lease struct {
	*esl.Conn
	round int
}

func newPool(size int, dial func(context.Context) (*esl.Conn, error)) *pool {
	return &pool{dial: dial, slots: make(chan struct{}, size)}
}

// acquire waits for a free slot until ctx ends and returns a usable connection, which must be released.
func (p *pool) acquire(ctx context.Context) (lease, error) {
	select {
	case p.slots <- struct{}{}:
	case <-ctx.Done():
		return lease{}, ctx.Err()
	}
	l := p.take()
	if l.Conn != nil {
		return l, nil
	}
	conn, err := p.dial(ctx)
	if err != nil {
		<-p.slots
		return lease{}, err
	}
	l.Conn = conn
	return l, nil
}

// take pops the connection used last, so that the others are noticed as dead or age out at the peer.
func (p *pool) take() lease {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		last := len(p.idle) - 1
		conn := p.idle[last]
		p.idle = p.idle[:last]
		if conn.Err() == nil && time.Since(conn.since) < maxIdle {
			return lease{conn.Conn, p.round}
		}
		_ = conn.Close()
	}
	return lease{round: p.round}
}

func (p *pool) release(l lease) {
	p.mu.Lock()
	keep := l.Err() == nil && l.round == p.round
	if keep {
		p.idle = append(p.idle, idleConn{l.Conn, time.Now()})
	}
	p.mu.Unlock()
	if !keep {
		_ = l.Close()
	}
	<-p.slots
}

// flush closes the idle connections and those on loan when they come back.
func (p *pool) flush() {
	p.mu.Lock()
	idle := p.idle
	p.idle, p.round = nil, p.round+1
	p.mu.Unlock()
	for _, conn := range idle {
		_ = conn.Close()
	}
}
