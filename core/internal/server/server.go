// Package server is the door: Fiber, the middleware list, and the dispatch of
// integrators' requests. It parses nothing twice and decides nothing that another
// package owns: auth knows who calls, registry what is on, params what is
// acceptable, wasm runs it, journal records it.
package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// Identity knows who calls.
type Identity interface {
	Authenticate(token string, ip netip.Addr) (*auth.Principal, error)
	Login(ctx context.Context, login, password string, ip netip.Addr) (auth.Issued, error)
}

// Recorder writes the journal record of a request; it returns when the record is
// safe.
type Recorder interface {
	AppendRequest(ctx context.Context, r journal.Request) (uint64, error)
}

// Tables gives the table of routes in force.
type Tables interface{ Table() *registry.Table }

// Options configures the server. Every field is needed unless it says otherwise.
type Options struct {
	Identity    Identity
	Tables      Tables
	Recorder    Recorder
	Limiter     *auth.Limiter
	Idempotency *Idempotency
	Log         hclog.Logger
	Metrics     *Metrics

	// UserRate limits all requests of a user that has no limit of its own.
	UserRate       auth.Rate
	RequestTimeout time.Duration
	BodyLimit      int64
	TrustedProxies []netip.Prefix
	BasePath       string
	CORSOrigins    []string // none: no browser of another origin may call
	CORSMaxAge     time.Duration
	HSTS           time.Duration // 0: not sent
	PublicHost     string        // host that integrators use; may be empty
	// Body says how much of a request's parameters the journal keeps.
	Body BodyPolicy

	// Ready reports what is not ready; nothing means ready.
	Ready func() []string
	// Room reports that nothing can be recorded for lack of room; nil: never.
	Room func() error
	// OpenAPI and Docs render the documents for a table; the server keeps them
	// until the table changes.
	OpenAPI func(table *registry.Table, language string) ([]byte, error)
	Docs    func(table *registry.Table, language string) ([]byte, error)
	// Guard decides about actions that cost money; nil for nobody.
	Guard Guard
	// CDR receives call detail records.
	CDR CDRReceiver
	// Hook receives calls of providers' webhooks.
	Hook HookReceiver
	// Admin mounts the administration API.
	Admin func(fiber.Router)
	// Panel serves [PanelPath] below BasePath and everything below it but the
	// administration API; nil for no panel.
	Panel http.Handler
	// Observe is told of every request of an integrator when it is recorded; nil
	// for nobody. It must not block.
	Observe func(Observed)
	// Large lets some requests have more body than BodyLimit; nil for none.
	Large Large
}

// Server serves the gateway's HTTP. Create it with [New].
type Server struct {
	opt      Options
	live     atomic.Pointer[policy]
	stopping atomic.Bool
	app      *fiber.App
	doc      documents
	patience patience
}

// New builds the server; nothing listens yet.
func New(opt Options) *Server {
	s := &Server{opt: opt}
	s.Adopt(Policy{
		UserRate: opt.UserRate, RequestTimeout: opt.RequestTimeout, BodyLimit: opt.BodyLimit, TrustedProxies: opt.TrustedProxies,
		CORSOrigins: opt.CORSOrigins, CORSMaxAge: opt.CORSMaxAge, Body: opt.Body, HSTS: opt.HSTS, PublicHost: opt.PublicHost,
	})
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage: true,
		BodyLimit:             int(opt.BodyLimit),
		ReadBufferSize:        8 << 10,          // bounds the head of a request; proxies add to it
		ReadTimeout:           10 * time.Minute, // the listener bounds it more closely
		WriteTimeout:          10 * time.Minute, // recordings to slow callers
		IdleTimeout:           2 * time.Minute,
		ErrorHandler:          s.fault,
		StrictRouting:         false,
		CaseSensitive:         true,
		UnescapePath:          false,
		// Forms are parsed by who wants them: no files are written before anybody is asked.
		DisablePreParseMultipartForm: true,
		ReduceMemoryUsage:            true, // ten thousand waiting callers keep no read buffers
		JSONEncoder:                  nil,
	})
	s.app.Server().HeaderReceived = s.head
	s.routes()
	return s
}

// routes is the literal list of everything that answers, in order.
func (s *Server) routes() {
	s.app.Use(s.recoverPanic, s.identify)
	r := s.app.Group(s.opt.BasePath)
	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.Get("/metrics", s.opt.Metrics.handler())
	r.Get("/openapi.json", s.openapi)
	r.Get("/docs", s.docs)
	r.Post("/cdr/:node", s.cdr)
	r.Post("/auth/login", s.login)
	r.All("/hooks/:instance/:secret", s.hook)
	r.Use(PanelPath, s.harden)
	if s.opt.Admin != nil {
		s.opt.Admin(r.Group("/admin/api/v1", s.believe))
	}
	if s.opt.Panel != nil {
		s.panel(r)
	}
	r.All("/:module/:action", s.dispatch)
	s.app.Use(s.nothing)
}

// Serve serves on a listener that the caller made, until it is closed. Requests in
// flight may go on then.
func (s *Server) Serve(l net.Listener) error {
	if err := s.app.Listener(l); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Retire begins the end: from now on /readyz says that the gateway stops, and every
// answer asks its caller to close the connection.
func (s *Server) Retire() { s.stopping.Store(true) }

// Stopping reports whether the end has begun.
func (s *Server) Stopping() bool { return s.stopping.Load() }

// Shutdown stops accepting and lets the requests in flight end, until ctx is
// done.
func (s *Server) Shutdown(ctx context.Context) error { return s.app.ShutdownWithContext(ctx) }

// App gives the tests a door without a socket.
func (s *Server) App() *fiber.App { return s.app }

// fault answers errors that come from Fiber itself: a body over the limit, a
// malformed request.
func (s *Server) fault(c *fiber.Ctx, err error) error {
	s.ensureID(c)
	var f *fiber.Error
	if errors.As(err, &f) {
		switch f.Code {
		case fiber.StatusRequestEntityTooLarge:
			return s.tooLarge(c)
		case fiber.StatusNotFound, fiber.StatusMethodNotAllowed:
			return s.nothing(c)
		}
		if f.Code < 500 {
			return s.answer(c, &problem.Problem{Status: f.Code, Text: "Bad request!", Err: err})
		}
	}
	return s.answer(c, problem.From(err))
}

// nothing answers paths that are no routes at all.
func (s *Server) nothing(c *fiber.Ctx) error { return s.answer(c, problem.NotFound("Not found!")) }

// answer sends a problem, and logs those with an id.
func (s *Server) answer(c *fiber.Ctx, p *problem.Problem) error {
	if p.ID != "" {
		// A system that answered and said no is daily life, a busy number for example.
		level := hclog.Error
		var own *abi.Error
		if errors.As(p, &own) && own.Code == abi.CodeRefused {
			level = hclog.Info
		}
		s.opt.Log.Log(level, "request failed", "error_id", p.ID, "request_id", requestID(c), "error", p.Error())
	}
	writeProblem(c, p)
	if s.isAdmin(c) { // also what never came to harden, or was taken back
		shield(c)
	}
	return nil
}
