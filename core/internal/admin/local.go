package admin

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// Local is what only the local administrator may do, on the control socket. Nil
// functions are not there.
type Local struct {
	// Reload reads the configuration again and returns the keys and blocks that
	// changed. A refusal is a [*Rejection].
	Reload func(ctx context.Context) (changed []string, err error)
	// RotateKey makes a new key for the secrets in the store, seals all of them with it
	// and returns how many there are.
	RotateKey func(ctx context.Context) (sealed int, err error)
	// Backup writes the gateway's data as one file.
	Backup func(ctx context.Context, w io.Writer, withKey bool) error
}

// localTimeout bounds what is local: plugins may be compiled in it.
const localTimeout = 3 * time.Minute

// Reloaded answers POST /reload.
type Reloaded struct {
	Changed []string `json:"changed"`
}

// Rotated answers POST /secrets/rotate.
type Rotated struct {
	Sealed int `json:"sealed"`
}

// mountLocal adds the routes of [Local].
func (a *API) mountLocal(r fiber.Router) {
	a.mountBackup(r)
	if f := a.opt.Local.Reload; f != nil {
		r.Post("/reload", a.local(func(c *call) (any, error) {
			changed, err := f(c.ctx)
			if err != nil {
				return nil, errors.Join(err, a.audit(c, "config.refuse", "gateway.hcl", nil, nil))
			}
			out := Reloaded{nonNil(changed)}
			return out, a.audit(c, "config.reload", "gateway.hcl", nil, out)
		}))
	}
	if f := a.opt.Local.RotateKey; f != nil {
		r.Post("/secrets/rotate", a.local(func(c *call) (any, error) {
			n, err := f(c.ctx)
			if err != nil && n > 0 { // it came half way
				err = errors.Join(err, a.audit(c, "secrets.rotate", "secret.key", nil, Rotated{n}))
			}
			if err != nil {
				return nil, err
			}
			return Rotated{n}, a.audit(c, "secrets.rotate", "secret.key", nil, Rotated{n})
		}))
	}
}

func (a *API) local(serve func(*call) (any, error)) fiber.Handler {
	return func(f *fiber.Ctx) error {
		ctx, stop := context.WithTimeout(withNote(context.Background()), localTimeout)
		defer stop()
		c := &call{ctx: ctx, fiber: f, local: true, requestID: f.GetRespHeader(fiber.HeaderXRequestID)}
		c.who = &auth.Principal{Login: LocalLogin, Role: auth.RoleAdministrator}
		result, err := serve(c)
		if err != nil {
			return a.answer(f, refusal(err))
		}
		return a.send(f, fiber.StatusOK, result)
	}
}
