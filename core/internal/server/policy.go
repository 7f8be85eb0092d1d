package server

import (
	"net/netip"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// Policy is the part of the options that can change while the server runs; see
// [Options] for what the fields mean.
type Policy struct {
	UserRate       auth.Rate
	RequestTimeout time.Duration
	BodyLimit      int64
	TrustedProxies []netip.Prefix
	CORSOrigins    []string
	CORSMaxAge     time.Duration
	Body           BodyPolicy
	// HSTS is how long browsers shall use HTTPS only; 0 sends nothing.
	HSTS time.Duration
	// PublicHost is the host of the address that integrators use, "" when it is not
	// configured.
	PublicHost string
}

// policy is a Policy with what is made from it once.
type policy struct {
	Policy
	cors fiber.Handler // nil: no browser of another origin may call
	hsts string
}

// Adopt puts a policy into force. Requests in flight may see the old one.
func (s *Server) Adopt(p Policy) {
	next := &policy{Policy: p, hsts: hsts(p.HSTS)}
	if len(p.CORSOrigins) > 0 {
		next.cors = cors.New(s.cors(p))
	}
	s.live.Store(next)
}

func (s *Server) cors(p Policy) cors.Config {
	c := cors.Config{
		// The panel is of this origin, and nobody else's pages have business there.
		Next:          s.isAdmin,
		AllowMethods:  "GET,POST,OPTIONS",
		AllowHeaders:  "Authorization,Content-Type,Idempotency-Key,Range,X-Request-Id",
		ExposeHeaders: "X-Request-Id,X-Next-Cursor,Retry-After,Warning,Content-Disposition,Content-Range,Accept-Ranges",
		MaxAge:        int(p.CORSMaxAge / time.Second),
	}
	for i, origin := range p.CORSOrigins {
		if i > 0 {
			c.AllowOrigins += ","
		}
		c.AllowOrigins += origin
	}
	return c
}
