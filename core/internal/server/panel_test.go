package server_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// TestPanel: the panel gets everything below its path that the administration API
// does not answer, with the address as the browser sent it, and asks for no
// session.
func TestPanel(t *testing.T) {
	seen := ""
	panel := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Method + " " + r.URL.EscapedPath()
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte("panel"))
	})
	r := newRig(t)
	r.opt.BasePath, r.opt.Panel = "/gw", panel
	r.opt.Admin = func(api fiber.Router) {
		api.Use(func(c *fiber.Ctx) error { return c.Status(418).SendString("api") })
	}
	r.start()
	for _, c := range []struct {
		method, path string
		status       int
		seen         string
	}{
		{"GET", "/gw/admin", 200, "GET /gw/admin"},
		{"GET", "/gw/admin/", 200, "GET /gw/admin/"},
		{"GET", "/gw/admin/users/a%2Fb?tab=x", 200, "GET /gw/admin/users/a%2Fb"},
		{"HEAD", "/gw/admin/assets/a.js", 200, "HEAD /gw/admin/assets/a.js"},
		{"POST", "/gw/admin/modules", 200, "POST /gw/admin/modules"},
		{"GET", "/gw/admin/api/v1/users", 418, ""},
		{"GET", "/gw/administrator/x", 401, ""}, // an action like any other
		{"GET", "/admin/", 404, ""},
	} {
		seen = ""
		a, err := r.s.App().Test(httptest.NewRequestWithContext(t.Context(), c.method, c.path, nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		_ = a.Body.Close()
		if a.StatusCode != c.status || seen != c.seen {
			t.Errorf("%s %s: %d, the panel saw %q; want %d and %q", c.method, c.path, a.StatusCode, seen, c.status, c.seen)
		}
		if c.seen != "" && a.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s %s: the panel's headers are lost", c.method, c.path)
		}
	}
}
