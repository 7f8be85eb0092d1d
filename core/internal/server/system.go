package server

import (
	"sync"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// healthz says that the process serves.
func (s *Server) healthz(c *fiber.Ctx) error {
	return c.JSON(fiber.Map{"status": "ok"})
}

// readyz says whether everything that is switched on can serve, and what cannot.
func (s *Server) readyz(c *fiber.Ctx) error {
	waiting := s.opt.Ready()
	if s.stopping.Load() {
		waiting = append(waiting, "the gateway stops")
	}
	if len(waiting) == 0 {
		return c.JSON(fiber.Map{"status": "ready"})
	}
	c.Set(fiber.HeaderRetryAfter, "2")
	return c.Status(fiber.StatusServiceUnavailable).JSON(fiber.Map{"status": "not ready", "waiting": waiting})
}

// documents keeps what is rendered from a table until the table changes.
type documents struct {
	mu    sync.Mutex
	table *registry.Table
	pages map[string][]byte
}

func (d *documents) get(table *registry.Table, name string, render func(*registry.Table) ([]byte, error)) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.table != table {
		d.table, d.pages = table, map[string][]byte{}
	}
	if page, ok := d.pages[name]; ok {
		return page, nil
	}
	page, err := render(table)
	if err == nil {
		d.pages[name] = page
	}
	return page, err
}

func (s *Server) openapi(c *fiber.Ctx) error {
	language := language(c)
	page, err := s.doc.get(s.opt.Tables.Table(), "openapi."+language, func(t *registry.Table) ([]byte, error) { return s.opt.OpenAPI(t, language) })
	if err != nil {
		return s.answer(c, problem.Internal(err))
	}
	c.Set(fiber.HeaderContentType, typeJSON)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptLanguage)
	return c.Send(page)
}

// language is "ru" or "en": that of ?lang=, or the browser's.
func language(c *fiber.Ctx) string {
	l := c.Query("lang")
	if l != "ru" && l != "en" {
		l = c.AcceptsLanguages("en", "ru")
	}
	if l != "ru" {
		return "en"
	}
	return "ru"
}

// docs serves the reference as a page.
func (s *Server) docs(c *fiber.Ctx) error {
	language := language(c)
	page, err := s.doc.get(s.opt.Tables.Table(), "docs."+language, func(t *registry.Table) ([]byte, error) { return s.opt.Docs(t, language) })
	if err != nil {
		return s.answer(c, problem.Internal(err))
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderVary, fiber.HeaderAcceptLanguage)
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	return c.Send(page)
}
