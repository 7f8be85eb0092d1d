package admin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp/fasthttputil"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// LocalLogin is the name that the audit knows the local administrator by.
const LocalLogin = "local"

// Control serves the API to the local administrator: whoever can open the
// connection may do everything. The caller of [Control.Serve] sees to it that
// only the right people can.
type Control struct {
	api *API
	app *fiber.App
}

// NewControl returns a control server; nothing listens yet.
func NewControl(a *API) *Control {
	c := &Control{api: a}
	c.app = fiber.New(fiber.Config{
		DisableStartupMessage: true, CaseSensitive: true, BodyLimit: MaxUpload, DisablePreParseMultipartForm: true, // other bodies have their own limit
		ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: time.Minute, ErrorHandler: c.fault,
	})
	c.app.Use(c.prepare)
	a.mountLocal(c.app.Group(Prefix))
	a.mount(c.app.Group(Prefix), &auth.Principal{Login: LocalLogin, Role: auth.RoleAdministrator})
	c.app.Use(func(f *fiber.Ctx) error { return a.answer(f, problem.NotFound("Not found!")) })
	return c
}

// prepare gives the request its id and survives what goes wrong in it.
func (c *Control) prepare(f *fiber.Ctx) (err error) {
	f.Set(fiber.HeaderXRequestID, strings.ToLower(rand.Text()[:16]))
	defer func() {
		if r := recover(); r != nil {
			c.api.opt.Log.Error("panic", "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
			err = c.api.answer(f, problem.Internal(fmt.Errorf("panic: %v", r)))
		}
	}()
	return f.Next()
}

func (c *Control) fault(f *fiber.Ctx, err error) error {
	if e, ok := errors.AsType[*fiber.Error](err); ok && e.Code < 500 {
		return c.api.answer(f, &problem.Problem{Status: e.Code, Text: "Bad request!", Err: err})
	}
	return c.api.answer(f, problem.Internal(err))
}

// Serve answers connections of l until [Control.Shutdown].
func (c *Control) Serve(l net.Listener) error { return c.app.Listener(l) }

// Shutdown stops accepting and lets the requests in flight end, until ctx is
// done.
func (c *Control) Shutdown(ctx context.Context) error { return c.app.ShutdownWithContext(ctx) }

// Within serves connections inside the process: dial opens one. The server ends
// with [Control.Shutdown].
func (c *Control) Within() (dial func() (net.Conn, error)) {
	l := fasthttputil.NewInmemoryListener()
	go func() {
		if err := c.Serve(l); err != nil {
			c.api.opt.Log.Error("control server", "error", err)
		}
	}()
	return l.Dial
}
