package server

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// isAdmin reports whether a request is for the panel or its API.
func (s *Server) isAdmin(c *fiber.Ctx) bool {
	rest, ok := strings.CutPrefix(c.Path(), s.opt.BasePath+PanelPath)
	return ok && (rest == "" || rest[0] == '/')
}

func hsts(age time.Duration) string {
	if age <= 0 {
		return ""
	}
	return "max-age=" + strconv.FormatInt(int64(age/time.Second), 10)
}

// adminPolicy is for answers that are no pages: nothing in them may run or be shown.
const adminPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// hardened are headers of every answer below /admin.
var hardened = [][2]string{
	{fiber.HeaderXContentTypeOptions, "nosniff"},
	{fiber.HeaderXFrameOptions, "DENY"},
	{fiber.HeaderReferrerPolicy, "no-referrer"},
	{fiber.HeaderContentSecurityPolicy, adminPolicy},
	{"Cross-Origin-Resource-Policy", "same-origin"},
}

// harden serves what is below /admin. Headers that the answer has by then, as the
// pages of the panel have a policy of their own, stay.
func (s *Server) harden(c *fiber.Ctx) error {
	var err error
	if refusal := s.foreign(c); refusal != nil {
		err = s.answer(c, refusal)
	} else {
		err = c.Next()
	}
	shield(c)
	return err
}

// shield sets the headers of an answer below /admin that it has not yet.
func shield(c *fiber.Ctx) {
	for _, h := range hardened {
		if len(c.Response().Header.Peek(h[0])) == 0 {
			c.Set(h[0], h[1])
		}
	}
}

// foreign refuses changes that a page of another origin asks for. Sessions are
// tokens that the panel sends itself, so such a page has none to send; this holds
// also if that should change, and for the routes that need no session.
func (s *Server) foreign(c *fiber.Ctx) *problem.Problem {
	switch c.Method() {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodOptions:
		return nil
	}
	refused := &problem.Problem{Status: fiber.StatusForbidden, Text: "Requests from other sites are not accepted!"}
	switch c.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return nil
	case "":
	default:
		return refused.WithReason("Sec-Fetch-Site is " + plain(c.Get("Sec-Fetch-Site")))
	}
	// Browsers leave Sec-Fetch-Site out on plain HTTP. Scripts send neither.
	origin := c.Get(fiber.HeaderOrigin)
	if origin == "" {
		return nil
	}
	from, err := url.Parse(origin)
	if err == nil && from.Host != "" && s.own(c, from.Host) {
		return nil
	}
	return refused.WithReason("the origin is " + plain(origin))
}

// own reports whether a host is one that this gateway is reached by.
func (s *Server) own(c *fiber.Ctx, host string) bool {
	hosts := []string{string(c.Request().Host()), s.live.Load().PublicHost}
	if peer, ok := s.peer(c); ok && s.trusted(peer) {
		hosts = append(hosts, c.Get(fiber.HeaderXForwardedHost))
	}
	for _, h := range hosts {
		if h != "" && strings.EqualFold(h, host) {
			return true
		}
	}
	return false
}
