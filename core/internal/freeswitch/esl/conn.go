package esl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/percipia/eslgo/command"
)

// Options say how to reach one FreeSWITCH.
type Options struct {
	Address string // host:port
	// User, if set, is a directory user ("user@domain") and logs in with userauth.
	User     string
	Password string
	// Timeout bounds connecting and logging in together. Zero means 3 s.
	Timeout time.Duration
	// OnEvent is called for every event, in order, on the connection's own goroutine: it must not block
	// and must not call Do. Nil drops events.
	OnEvent func(Event)
}

// Reply is the answer to one command.
type Reply struct {
	// Type is TypeReply or TypeAPI. A refused "api" is answered with TypeReply.
	Type string
	// Text is the Reply-Text of a TypeReply, "" for TypeAPI.
	Text   string
	Header Header
	Body   []byte // of TypeAPI; belongs to the caller
}

// Conn is one authenticated connection. Its methods are safe for concurrent use; commands run one at a time.
//
// A Conn never recovers: after the first surprise (no answer in time, an answer that nobody asked for, a damaged
// frame, a disconnect notice) it is closed for good, so that no answer can reach the wrong command.
type Conn struct {
	nc      net.Conn
	onEvent func(Event)
	turn    chan struct{} // held by the command that is running
	done    chan struct{} // closed by fail

	mu      sync.Mutex
	pending chan Reply // non-nil while a command waits for its answer
	err     error
}

// Dial connects and logs in.
//
// # Errors
//
// ErrRejected, ErrAuth, ErrDisconnected, ErrProtocol or a network error; never later than Options.Timeout or ctx.
func Dial(ctx context.Context, o Options) (*Conn, error) {
	if o.Timeout <= 0 {
		o.Timeout = 3 * time.Second
	}
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("connect to event socket: %w", err)
	}
	// The deadline of the socket covers the whole log-in, including a peer that says nothing.
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(time.Unix(1, 0)) })
	r := NewReader(nc)
	err = login(nc, r, o)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = nc.Close()
		if ctxErr := ctx.Err(); ctxErr != nil && errors.Is(err, os.ErrDeadlineExceeded) {
			err = ctxErr
		}
		return nil, fmt.Errorf("log in to event socket %s: %w", o.Address, err)
	}
	c := &Conn{nc: nc, onEvent: o.OnEvent, turn: make(chan struct{}, 1), done: make(chan struct{})}
	go c.receive(r)
	return c, nil
}

func login(nc net.Conn, r *Reader, o Options) error {
	f, err := r.Read()
	if err != nil {
		return inFrame(err)
	}
	if f.Type() != TypeAuthRequest {
		return unexpected(f)
	}
	wire, err := Command{Line: command.Auth{User: o.User, Password: o.Password}}.wire()
	if err != nil {
		return fmt.Errorf("user or password: %w", err)
	}
	if _, err := nc.Write(wire); err != nil {
		return err
	}
	if f, err = r.Read(); err != nil {
		return inFrame(err)
	}
	text := f.Header.Get("Reply-Text")
	switch {
	case f.Type() != TypeReply:
		return unexpected(f)
	case strings.HasPrefix(text, "+OK"):
		return nil
	case strings.HasPrefix(text, "-ERR"):
		return ErrAuth
	}
	return fmt.Errorf("%w: answer to auth", ErrProtocol)
}

// unexpected gives the error for a frame that ends the conversation.
func unexpected(f Frame) error {
	switch f.Type() {
	case TypeRudeRejection:
		return ErrRejected
	case TypeDisconnect:
		if strings.Contains(string(f.Body), "shut down") {
			return fmt.Errorf("%w: %w", ErrDisconnected, ErrShutdown)
		}
		return ErrDisconnected
	case TypeAuthRequest, TypeReply, TypeAPI:
		return ErrOutOfStep
	}
	return fmt.Errorf("%w: frame of type %.60q", ErrProtocol, f.Type())
}

// Do sends one command and waits for its answer. A refusal of FreeSWITCH is an answer, not an error.
// It waits for its turn while another command runs.
//
// # Errors
//
// Always a *SendError. When ctx ends after the command was sent, the connection is closed as well: the late answer
// could not be told from the answer to the next command.
func (c *Conn) Do(ctx context.Context, cmd Command) (Reply, error) {
	wire, err := cmd.wire()
	if err != nil {
		return Reply{}, &SendError{Err: err}
	}
	if err := ctx.Err(); err != nil {
		return Reply{}, &SendError{Err: err}
	}
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-c.done:
		return Reply{}, &SendError{Err: c.Err()}
	case <-ctx.Done():
		return Reply{}, &SendError{Err: ctx.Err()}
	}
	answer, err := c.expect()
	if err != nil {
		return Reply{}, &SendError{Err: err}
	}
	stop := context.AfterFunc(ctx, func() { c.fail(fmt.Errorf("no answer in time: %w", ctx.Err())) })
	defer stop()
	if _, err := c.nc.Write(wire); err != nil {
		c.fail(fmt.Errorf("write: %w", err))
		// Without its closing empty line FreeSWITCH does not run a command.
		return Reply{}, &SendError{Err: c.Err()}
	}
	select {
	case r := <-answer:
		return r, nil
	case <-c.done:
		select {
		case r := <-answer: // it came just before the end
			return r, nil
		default:
			return Reply{}, &SendError{Sent: true, Err: c.Err()}
		}
	}
}

func (c *Conn) expect() (chan Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return nil, c.err
	}
	c.pending = make(chan Reply, 1)
	return c.pending, nil
}

// receive is the only reader of the socket; it ends when the socket does.
func (c *Conn) receive(r *Reader) {
	for {
		f, err := r.Read()
		if err != nil {
			if err == io.EOF {
				err = fmt.Errorf("connection lost: %w", err)
			}
			c.fail(err)
			return
		}
		switch f.Type() {
		case TypeReply, TypeAPI:
			if !c.answer(f) {
				c.fail(ErrOutOfStep)
				return
			}
		case TypeEventPlain, TypeEventJSON:
			e, err := ParseEvent(f)
			if err != nil {
				c.fail(err)
				return
			}
			if c.onEvent != nil {
				c.onEvent(e)
			}
		case TypeDisconnect, TypeRudeRejection, TypeAuthRequest:
			c.fail(unexpected(f))
			return
		default:
			// log/data and whatever a later FreeSWITCH invents: not for us.
		}
	}
}

func (c *Conn) answer(f Frame) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil || c.err != nil {
		return false
	}
	c.pending <- Reply{Type: f.Type(), Text: f.Header.Get("Reply-Text"), Header: f.Header, Body: f.Body}
	c.pending = nil
	return true
}

// Fail closes the connection for a reason that only the caller can see, such as an answer that is not its own.
func (c *Conn) Fail(reason error) { c.fail(reason) }

func (c *Conn) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	close(c.done)
	_ = c.nc.Close()
}

// Done is closed when the connection has ended; Err then tells why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err is nil while the connection is usable.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection at once. FreeSWITCH does not need an "exit".
func (c *Conn) Close() error {
	c.fail(ErrClosed)
	return nil
}
