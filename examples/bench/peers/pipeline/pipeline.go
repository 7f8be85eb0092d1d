// Package pipeline is the way of a request through a gateway that somebody writes
// in Go for exactly this work: Fiber, a map of tokens, encoding/json, the
// gateway's journal package, and the answer after the record is committed. What
// does the work is the peer's own: Go code, or a plugin of another system.
package pipeline

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/bench/ledger"
)

// What an engine refuses with.
var (
	ErrPhone    = errors.New("the number takes no SMS")
	ErrUpstream = errors.New("the upstream did not accept it")
)

// SMS is what a caller sent, checked but for the number.
type SMS struct {
	Phone, Message string
	// Body is the JSON that both are from. It is the engine's until it returns.
	Body []byte
}

// Engine does the work of a request.
type Engine interface {
	// Estimate reads the number, counts the SMS and returns the answer as JSON.
	//
	// # Errors
	//
	// [ErrPhone] is the caller's fault; everything else is answered with 502.
	Estimate(SMS) ([]byte, error)
	// Submit is Estimate and one POST of the message to the upstream, whose answer
	// is added to the JSON as "answer".
	Submit(SMS) ([]byte, error)
}

// Options say what a peer consists of.
type Options struct {
	Name   string // for the line that says where it listens
	Listen string
	Data   string // folder of the journal
	Users  string // file of users, written by `twin fill --users`
	Engine Engine
}

const (
	module       = "bench"
	maxMessage   = 1600 // characters, as in the plugin's manifest
	maxPhone     = 64
	shutdown     = 20 * time.Second
	recordWithin = 10 * time.Second
)

type gateway struct {
	users  map[string]*user
	ledger *ledger.Ledger
	engine Engine
	ids    atomic.Uint64
}

// Serve answers until ctx ends.
func Serve(ctx context.Context, o Options, stdout io.Writer) (err error) {
	g := &gateway{engine: o.Engine}
	if g.users, err = readUsers(o.Users); err != nil {
		return err
	}
	if g.ledger, err = ledger.Open(ctx, o.Data, hclog.NewNullLogger()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.ledger.Close()) }()
	l, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return err
	}
	app := g.app()
	served := make(chan error, 1)
	go func() { served <- app.Listener(l) }()
	_, _ = fmt.Fprintf(stdout, "%s listens on %s\n", o.Name, l.Addr())
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	return errors.Join(app.ShutdownWithTimeout(shutdown), <-served)
}

// app has the settings of the gateway's own server, as far as they cost anything.
func (g *gateway) app() *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, BodyLimit: 1 << 20, ReadBufferSize: 8 << 10, CaseSensitive: true, ReduceMemoryUsage: true,
		ReadTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	})
	app.Post("/bench/estimate", func(c *fiber.Ctx) error { return g.serve(c, "estimate", g.engine.Estimate) })
	app.Post("/bench/submit", func(c *fiber.Ctx) error { return g.serve(c, "submit", g.engine.Submit) })
	return app
}

type work func(SMS) ([]byte, error)

// serve records what becomes of a request and answers it after that.
func (g *gateway) serve(c *fiber.Ctx, action string, run work) error {
	entry := ledger.Entry{Began: time.Now(), Module: module, Action: action, IP: c.Context().RemoteIP().String(), RequestID: g.newID()}
	answer, status, refusal := g.handle(c, &entry, run)
	entry.Status, entry.Error = status, refusal
	ctx, stop := context.WithTimeout(context.Background(), recordWithin)
	defer stop()
	if err := g.ledger.Append(ctx, entry); err != nil {
		status, refusal = fiber.StatusInternalServerError, "Internal error!"
	}
	c.Set("X-Request-Id", entry.RequestID)
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	c.Status(status)
	if refusal != "" {
		return c.SendString(`{"error":"` + refusal + `"}`)
	}
	return c.Send(answer)
}

// handle returns either an answer or the text of a refusal.
func (g *gateway) handle(c *fiber.Ctx, e *ledger.Entry, run work) (answer []byte, status int, refusal string) {
	token, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
	u := g.users[token]
	if !ok || u == nil || !u.active {
		return nil, fiber.StatusUnauthorized, "Unauthorized!"
	}
	e.User = u.login
	if !u.rights[module+"."+e.Action] {
		return nil, fiber.StatusMethodNotAllowed, "Access denied!"
	}
	var sent struct {
		Phone   string `json:"phone"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(c.Body(), &sent); err != nil {
		return nil, 420, "Invalid JSON!"
	}
	e.Phone, e.Message, e.Sent = sent.Phone, sent.Message, true
	switch {
	case strings.TrimSpace(sent.Phone) == "":
		return nil, 419, "Empty phone!"
	case strings.TrimSpace(sent.Message) == "":
		return nil, 419, "Empty message!"
	case utf8.RuneCountInString(sent.Phone) > maxPhone:
		return nil, fiber.StatusUnprocessableEntity, "Invalid phone!"
	case utf8.RuneCountInString(sent.Message) > maxMessage:
		return nil, fiber.StatusUnprocessableEntity, "Invalid message!"
	}
	answer, err := run(SMS{Phone: sent.Phone, Message: sent.Message, Body: c.Body()})
	switch {
	case errors.Is(err, ErrPhone):
		return nil, fiber.StatusUnprocessableEntity, "Invalid phone!"
	case err != nil:
		return nil, fiber.StatusBadGateway, "Upstream is unavailable!"
	}
	return answer, fiber.StatusOK, ""
}

// newID is the gateway's: distinct, and cheap.
func (g *gateway) newID() string {
	n := g.ids.Add(1) * 0x9e3779b97f4a7c15
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n^n>>29)
	return hex.EncodeToString(b[:])
}

// WithAnswer adds what the upstream said to a JSON object, in place.
func WithAnswer(object []byte, answer string) ([]byte, error) {
	text, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUpstream, err)
	}
	object = append(object[:len(object)-1], `,"answer":`...)
	return append(append(object, text...), '}'), nil
}
