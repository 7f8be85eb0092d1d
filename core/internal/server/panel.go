package server

import (
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// PanelPath is where the panel is, below the base path.
const PanelPath = "/admin"

// panel mounts the panel behind the administration API, which has taken what
// belongs to it by then. No session is needed for it: its files hold no data.
func (s *Server) panel(r fiber.Router) {
	serve := fasthttpadaptor.NewFastHTTPHandler(s.opt.Panel)
	handler := func(c *fiber.Ctx) error {
		serve(c.Context())
		return nil
	}
	r.All(PanelPath, handler)
	r.All(PanelPath+"/*", handler)
}
