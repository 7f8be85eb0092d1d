// Package server is the door: Fiber, the middleware list, and the dispatch of
// integrators' requests. It parses nothing twice and decides nothing that another
// package owns: auth knows who calls, registry what is on, params what is
// acceptable, wasm runs it, journal records it.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"
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
	TLS            *tls.Config // nil: plain HTTP
	// Body says how much of a request's parameters the journal keeps.
	Body BodyPolicy

	// Ready reports what is not ready; nothing means ready.
	Ready func() []string
	// OpenAPI and Docs render the documents for a table; the server keeps them
	// until the table changes.
	OpenAPI func(table *registry.Table, language string) ([]byte, error)
	Docs    func(table *registry.Table, language string) ([]byte, error)
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
	opt Options
	app *fiber.App
	doc documents
}

// New builds the server; nothing listens yet.
func New(opt Options) *Server {
	s := &Server{opt: opt}
	s.app = fiber.New(fiber.Config{
		DisableStartupMessage: true,
		BodyLimit:             int(opt.BodyLimit),
		ReadBufferSize:        8 << 10, // bounds the head of a request; proxies add to it
		ReadTimeout:           time.Minute,
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
	if opt.Large != nil {
		s.app.Server().HeaderReceived = s.head
	}
	s.routes()
	return s
}

// routes is the literal list of everything that answers, in order.
func (s *Server) routes() {
	s.app.Use(s.recoverPanic, s.identify)
	if len(s.opt.CORSOrigins) > 0 {
		s.app.Use(cors.New(s.cors()))
	}
	r := s.app.Group(s.opt.BasePath)
	r.Get("/healthz", s.healthz)
	r.Get("/readyz", s.readyz)
	r.Get("/metrics", s.opt.Metrics.handler())
	r.Get("/openapi.json", s.openapi)
	r.Get("/docs", s.docs)
	r.Post("/cdr/:node", s.cdr)
	r.Post("/auth/login", s.login)
	r.All("/hooks/:instance/:secret", s.hook)
	if s.opt.Admin != nil {
		s.opt.Admin(r.Group("/admin/api/v1", s.believe))
	}
	if s.opt.Panel != nil {
		s.panel(r)
	}
	r.All("/:module/:action", s.dispatch)
	s.app.Use(s.nothing)
}

func (s *Server) cors() cors.Config {
	c := cors.Config{
		AllowMethods:  "GET,POST,OPTIONS",
		AllowHeaders:  "Authorization,Content-Type,Idempotency-Key,Range,X-Request-Id",
		ExposeHeaders: "X-Request-Id,X-Next-Cursor,Retry-After,Warning,Content-Disposition,Content-Range,Accept-Ranges",
		MaxAge:        int(s.opt.CORSMaxAge / time.Second),
	}
	for i, origin := range s.opt.CORSOrigins {
		if i > 0 {
			c.AllowOrigins += ","
		}
		c.AllowOrigins += origin
	}
	return c
}

// Listen serves on an address until [Server.Shutdown]; bound is called with the
// real address, port included.
func (s *Server) Listen(address string, bound func(net.Addr)) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	bound(l.Addr())
	if s.opt.TLS != nil {
		l = tls.NewListener(l, s.opt.TLS)
	}
	if err := s.app.Listener(l); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("serve on %s: %w", address, err)
	}
	return nil
}

// Serve serves on a listener that the caller made, for the local control socket.
func (s *Server) Serve(l net.Listener) error { return s.app.Listener(l) }

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
	return nil
}
