package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// ownTokenLife is what a person needs to look at a report or to try a request.
const ownTokenLife = 10 * time.Minute

// ownToken issues a short token for the integrators' API to the caller, who gets no
// more with it than the own rights. It ends with the session and does not open this
// API: otherwise who has stolen a session could renew it for ever.
func (a *API) ownToken(c *call) (any, error) {
	if c.local {
		return nil, errLocalUser
	}
	var label string
	if err := c.decode(fields{"label": str(&label)}, "label"); err != nil {
		return nil, err
	}
	issued, err := a.opt.Users.Issue(c.ctx, c.who.Login, auth.TokenOptions{Label: label, Lifetime: ownTokenLife, Address: c.ip, Parent: c.who.TokenID})
	if errors.Is(err, auth.ErrNoToken) { // the session has ended since it let the request in
		return nil, problem.Unauthorized()
	}
	if err != nil {
		return nil, err
	}
	v := tokenView{issued.Principal.TokenID, label, issued.Expires}
	if err := a.audit(c, "token.create", c.who.Login, nil, v); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return issuedView{v, issued.Token}, nil
}

// endOwnToken ends one of the caller's tokens.
func (a *API) endOwnToken(c *call) (any, error) {
	if c.local {
		return nil, errLocalUser
	}
	id := c.param("id")
	if err := a.opt.Users.Revoke(c.ctx, c.who.Login, id); err != nil {
		return nil, err
	}
	return nil, a.audit(c, "token.revoke", c.who.Login, map[string]string{"id": id}, nil)
}
