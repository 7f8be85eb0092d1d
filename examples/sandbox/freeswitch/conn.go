package freeswitch

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

const (
	goodbye      = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
	shuttingDown = "The system is being shut down.\n"
	denied       = "Access Denied, go away.\n"

	maxQueue     = 100_000 // events waiting for one connection (MAX_QUEUE_LEN)
	writeTimeout = 10 * time.Second
	drainTimeout = 300 * time.Millisecond
)

// conn is one event socket connection. serve owns it: it alone writes, so a running
// `api` holds back replies and events, as it does in FreeSWITCH.
type conn struct {
	sw     *Switch
	socket net.Conn
	number int
	in     chan []byte
	done   chan struct{} // closed when serve returns

	user    *ESLUser // nil after the plain password
	buf     []byte
	logging bool
	ended   bool // the notice was sent; read closes the socket when the peer does

	mu     sync.Mutex
	sub    event.Subscription
	queue  []*event.Event
	wake   chan struct{}
	broken bool // more than maxQueue events behind

	pressure pressure
}

func newConn(s *Switch, socket net.Conn, number int) *conn {
	return &conn{sw: s, socket: socket, number: number, in: make(chan []byte), done: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// offer queues an event if this connection asked for it. Called by the bus.
func (c *conn) offer(e *event.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken || !c.sub.Wants(e) {
		return
	}
	if len(c.queue) >= maxQueue {
		c.broken = true
	} else {
		c.queue = append(c.queue, e)
		c.pressure.offered++
		c.pressure.longestQueue = max(c.pressure.longestQueue, len(c.queue))
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// subscribe runs a change of the subscription under its lock.
func (c *conn) subscribe(change func(*event.Subscription)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.sub)
}

func (c *conn) serve() {
	c.sw.wg.Go(c.read)
	defer func() {
		close(c.done)
		if !c.ended {
			_ = c.socket.Close()
		}
	}()
	if !c.allowed() {
		c.write("Content-Type: text/rude-rejection\nContent-Length: " + strconv.Itoa(len(denied)) + "\n\n" + denied)
		c.end(goodbye)
		return
	}
	c.write("Content-Type: auth/request\n\n")
	if !c.authenticate() {
		c.end(goodbye)
		return
	}
	c.sw.bus.join(c)
	defer c.sw.bus.leave(c)
	c.loop()
}

func (c *conn) loop() {
	for {
		r, state := c.next()
		switch state {
		case gotRequest:
			c.sw.remember(Command{Connection: c.number, Raw: r.raw, At: time.Now()})
			if !c.dispatch(r) {
				c.end(goodbye)
				return
			}
		case gotEvents:
			if !c.flush() {
				return
			}
		case gotShutdown:
			c.end(shuttingDown)
			return
		case gotEOF:
			_ = c.socket.Close()
			return
		}
		if c.sw.ctx.Err() != nil {
			c.end(shuttingDown)
			return
		}
	}
}

type arrival int

const (
	gotRequest arrival = iota
	gotEvents
	gotShutdown
	gotEOF
)

// next waits for a whole request or, while no part of a request has arrived, for events.
func (c *conn) next() (request, arrival) {
	for {
		r, rest, ok, err := nextRequest(c.buf)
		c.buf = rest
		if err != nil {
			return request{}, gotEOF
		}
		if ok {
			return r, gotRequest
		}
		wake := c.wake
		if len(c.buf) > 0 {
			wake = nil // half a command holds events back
		}
		select {
		case chunk, open := <-c.in:
			if !open {
				return request{}, gotEOF
			}
			c.buf = append(c.buf, chunk...)
		case <-wake:
			return request{}, gotEvents
		case <-c.sw.ctx.Done():
			return request{}, gotShutdown
		}
	}
}

// read moves bytes from the socket to the owner until the socket ends, and drains what
// comes after the owner has gone so that closing does not reset the connection.
func (c *conn) read() {
	defer close(c.in)
	for {
		chunk := make([]byte, 4096)
		n, err := c.socket.Read(chunk)
		if n > 0 {
			select {
			case c.in <- chunk[:n]:
			case <-c.done:
			}
		}
		if err != nil {
			_ = c.socket.Close()
			return
		}
	}
}

// flush writes the queued events.
func (c *conn) flush() bool {
	c.mu.Lock()
	events, format, broken := c.queue, c.sub.Format, c.broken
	c.queue = nil
	c.mu.Unlock()
	for _, e := range events {
		frame := e.Plain()
		if format == "json" {
			frame = e.JSON()
		}
		began := time.Now()
		if !c.write(string(frame)) {
			return false
		}
		c.wrote(time.Since(began))
	}
	if broken {
		_ = c.socket.Close() // FreeSWITCH kills a listener that misses too much
		return false
	}
	return true
}

func (c *conn) write(text string) bool {
	_ = c.socket.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := c.socket.Write([]byte(text))
	return err == nil
}

func (c *conn) reply(text string) bool {
	return c.write("Content-Type: command/reply\nReply-Text: " + text + "\n\n")
}

// end sends the disconnect notice and closes in an orderly way.
func (c *conn) end(text string) {
	c.ended = true
	c.write("Content-Type: text/disconnect-notice\nContent-Length: " + strconv.Itoa(len(text)) + "\n\n" + text)
	if half, ok := c.socket.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
	// read ends at the peer's close or at this deadline, and closes the socket.
	_ = c.socket.SetReadDeadline(time.Now().Add(drainTimeout))
}

func (c *conn) allowed() bool {
	if len(c.sw.options.Allow) == 0 {
		return true
	}
	from, err := netip.ParseAddrPort(c.socket.RemoteAddr().String())
	return err == nil && slices.ContainsFunc(c.sw.options.Allow, func(p netip.Prefix) bool { return p.Contains(from.Addr().Unmap()) })
}

// authenticate handles everything before the password. A wrong password ends the
// connection, any other command is refused and the socket stays open.
func (c *conn) authenticate() bool {
	timeout := time.NewTimer(c.sw.options.AuthTimeout)
	defer timeout.Stop()
	for {
		r, rest, ok, err := nextRequest(c.buf)
		c.buf = rest
		if err != nil {
			return false
		}
		if !ok {
			select {
			case chunk, open := <-c.in:
				if !open {
					return false
				}
				c.buf = append(c.buf, chunk...)
			case <-timeout.C:
				return false
			case <-c.sw.ctx.Done():
				return false
			}
			continue
		}
		switch {
		case r.hasVerb("exit"):
			c.reply("+OK bye")
			return false
		case r.hasVerb("auth "):
			if r.line[len("auth "):] == c.sw.options.Password {
				return c.reply("+OK accepted")
			}
			c.reply("-ERR invalid")
			return false
		case r.hasVerb("userauth "):
			return c.userauth(r.line[len("userauth "):])
		}
		if !c.reply("-ERR command not found") {
			return false
		}
	}
}

func (c *conn) userauth(credentials string) bool {
	name, password, _ := strings.Cut(credentials, ":")
	for i := range c.sw.options.Users {
		u := &c.sw.options.Users[i]
		if u.Name != name || u.Password != password {
			continue
		}
		c.user = u
		return c.reply("+OK accepted\nAllowed-Events: " + list(u.Events) + "\nAllowed-API: " + list(u.API) +
			"\nAllowed-LOG: " + strconv.FormatBool(u.Log))
	}
	c.reply("-ERR invalid")
	return false
}

func list(words []string) string {
	if len(words) == 0 {
		return "all"
	}
	return strings.Join(words, ",")
}
