package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// lane is a TCP proxy in front of FreeSWITCH that can be made to misbehave. It also
// witnesses the originate commands that it handed over.
type lane struct {
	address, target string

	mu       sync.Mutex
	mode     laneMode
	listener net.Listener // nil while refusing
	conns    map[*laneConn]struct{}
	dialled  []call
	closed   bool
	work     sync.WaitGroup
}

type laneMode int

const (
	lanePass    laneMode = iota
	laneRefuse           // nobody listens; every connection is reset
	laneRude             // the answer of an ACL that leaves the caller out
	laneSwallow          // half-open: what is sent disappears, nothing is closed
	laneSlow             // every piece takes its time
	laneGarbage          // noise between the frames
	laneTorn             // each answer ends in the middle of a frame, then the line is cut
)

// rude is byte for byte what mod_event_socket of FreeSWITCH 1.10.12 says.
const rude = "Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n" +
	"Content-Type: text/disconnect-notice\nContent-Length: 67\n\nDisconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"

// slowness is how long laneSlow holds each piece.
const slowness = 150 * time.Millisecond

type laneConn struct{ near, far net.Conn } // far is nil when nobody was called

func (c *laneConn) close() {
	_ = c.near.Close()
	if c.far != nil {
		_ = c.far.Close()
	}
}

func newLane(target string) (*lane, error) {
	l := &lane{target: target, conns: map[*laneConn]struct{}{}}
	var err error
	if l.address, err = program.FreeAddress(); err != nil {
		return nil, err
	}
	return l, l.listen()
}

func (l *lane) listen() error {
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		return err
	}
	l.listener = listener
	l.work.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			l.work.Go(func() { l.serve(near) })
		}
	})
	return nil
}

// set changes how the lane behaves from now on, on open connections too.
func (l *lane) set(mode laneMode) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mode = mode
	switch mode {
	case laneRefuse, laneRude:
		for c := range l.conns {
			c.close()
		}
	case laneGarbage:
		for c := range l.conns {
			_, _ = c.near.Write(noise()) // a reader that left is as good
		}
	}
	if mode == laneRefuse {
		_ = l.listener.Close() // only accepts
		l.listener = nil
		return nil
	}
	if l.listener == nil {
		return l.listen()
	}
	return nil
}

// noise is random bytes and things that look like frames and are none.
func noise() []byte {
	b := make([]byte, 256)
	_, _ = rand.Read(b) // never fails
	return append(b, "\n\nContent-Length: 99999999999999999999\nContent-Type: command/reply\n\nContent-Length: -1\n\n\x00\x00Reply-Text: +OK\n\n"...)
}

func (l *lane) state() laneMode {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.mode
}

func (l *lane) serve(near net.Conn) {
	c := &laneConn{near: near}
	defer c.close()
	switch l.state() {
	case laneRude:
		_, _ = io.WriteString(near, rude) // a caller that left needs no answer
		return
	case laneGarbage:
		_, _ = near.Write(noise())
	case laneSwallow: // accepted by a kernel whose program hangs
		l.hold(c)
		return
	}
	far, err := net.Dial("tcp", l.target)
	if err != nil {
		return
	}
	c.far = far
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	l.work.Go(func() {
		l.pump(c, near, far, true)
		c.close()
	})
	l.pump(c, far, near, false)
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
}

// hold reads and says nothing until the caller hangs up.
func (l *lane) hold(c *laneConn) {
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	_, _ = io.Copy(io.Discard, c.near) // ends with the connection
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
}

// pump hands pieces on, as the mode of the moment says.
func (l *lane) pump(c *laneConn, from, to net.Conn, commands bool) {
	var rest []byte
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		piece := buffer[:n]
		switch mode := l.state(); {
		case n == 0:
		case mode == laneSwallow:
			piece = nil
		case mode == laneSlow:
			time.Sleep(slowness)
		case mode == laneTorn && !commands:
			_, _ = to.Write(piece[:n/2])
			c.close()
			return
		}
		if len(piece) > 0 {
			if commands {
				rest = l.witness(append(rest, piece...))
			}
			if _, failed := to.Write(piece); failed != nil {
				err = failed
			}
		}
		if err != nil {
			return
		}
	}
}

// witness notes whole originate commands and returns what is not a whole line yet.
func (l *lane) witness(text []byte) []byte {
	for {
		line, rest, ok := bytes.Cut(text, []byte("\n"))
		if !ok {
			return slices.Clone(text)
		}
		if command, ok := strings.CutPrefix(string(line), "bgapi originate "); ok {
			l.mu.Lock()
			l.dialled = append(l.dialled, call{UUID: between(command, "origination_uuid=", ",}]'"), Command: command})
			l.mu.Unlock()
		}
		text = rest
	}
}

// between is what follows prefix up to the first of ends.
func between(s, prefix, ends string) string {
	_, rest, ok := strings.Cut(s, prefix)
	if !ok {
		return ""
	}
	rest = strings.TrimLeft(rest, "'")
	if i := strings.IndexAny(rest, ends); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// calls returns the originate commands that went through, by tag.
func (l *lane) calls() map[string][]call {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string][]call{}
	for _, c := range l.dialled {
		out[tagOfCall(c)] = append(out[tagOfCall(c)], c)
	}
	return out
}

func (l *lane) close() error {
	l.mu.Lock()
	l.closed = true
	var err error
	if l.listener != nil {
		err = l.listener.Close()
	}
	for c := range l.conns {
		c.close()
	}
	l.mu.Unlock()
	l.work.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the lane: %w", err)
	}
	return nil
}
