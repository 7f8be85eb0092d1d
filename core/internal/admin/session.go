package admin

import (
	"errors"
	"net/http"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// sessionView is a new session.
type sessionView struct {
	AccessToken string    `json:"access_token"`
	Login       string    `json:"login"`
	Role        auth.Role `json:"role"`
	MustChange  bool      `json:"must_change"`
	Expires     time.Time `json:"expires"`
}

func newSession(i auth.Issued) sessionView {
	return sessionView{i.Token, i.Principal.Login, i.Principal.Role, i.Principal.MustChange, i.Expires}
}

func (a *API) login(c *call) (any, error) {
	if c.local {
		return nil, problem.Conflict("The control socket needs no login!")
	}
	var login, password, code string
	if err := c.decode(fields{"login": str(&login), "password": str(&password), "code": str(&code)}, "login", "password"); err != nil {
		return nil, err
	}
	issued, err := a.opt.Users.LoginSecond(c.ctx, login, password, code, c.ip)
	if errors.Is(err, auth.ErrSecondFactor) {
		c.status = http.StatusAccepted
		return loginView{SecondFactor: true}, nil
	}
	if err != nil {
		if errors.Is(err, auth.ErrWrongLogin) {
			a.opt.Log.Warn("login refused", "ip", c.ip, "request_id", c.requestID)
		}
		return nil, err
	}
	c.who = issued.Principal
	if !covers(c.who.Role, auth.RoleAuditor) {
		if err := a.opt.Users.Revoke(c.ctx, c.who.Login, c.who.TokenID); err != nil {
			return nil, err
		}
		return nil, forbidden("an integrator has no business here")
	}
	var proof any
	if issued.Factor != auth.FactorNone {
		proof = map[string]auth.Factor{"second_factor": issued.Factor}
	}
	if err := a.audit(c, "session.login", c.who.Login, nil, proof); err != nil {
		return nil, errors.Join(err, a.opt.Users.Revoke(c.ctx, c.who.Login, c.who.TokenID))
	}
	s := newSession(issued)
	return loginView{s.AccessToken, s.Login, s.Role, s.MustChange, s.Expires, false}, nil
}

// loginView answers a login: with a session or, when the password is right and a
// second factor is needed, with SecondFactor alone.
type loginView struct {
	AccessToken  string    `json:"access_token,omitempty"`
	Login        string    `json:"login,omitempty"`
	Role         auth.Role `json:"role,omitempty"`
	MustChange   bool      `json:"must_change"`
	Expires      time.Time `json:"expires,omitzero"`
	SecondFactor bool      `json:"second_factor"`
}

func (a *API) logout(c *call) (any, error) {
	if c.local {
		return nil, nil
	}
	if err := a.opt.Users.Revoke(c.ctx, c.who.Login, c.who.TokenID); err != nil {
		return nil, err
	}
	return nil, a.audit(c, "session.logout", c.who.Login, nil, nil)
}

func (a *API) me(c *call) (any, error) {
	v := meView{Login: c.who.Login, Role: c.who.Role, MustChange: c.who.MustChange}
	if !c.local {
		u, err := a.opt.Users.User(c.who.Login)
		if err != nil {
			return nil, err
		}
		v.SecondFactor, v.RecoveryLeft, v.Rights = u.SecondFactor, a.opt.Users.RecoveryLeft(u.Login), u.Rights
	}
	v.Rights = nonNil(v.Rights)
	return v, nil
}

// meView is the caller.
type meView struct {
	Login        string    `json:"login"`
	Role         auth.Role `json:"role"`
	MustChange   bool      `json:"must_change"`
	SecondFactor bool      `json:"second_factor"`
	// RecoveryLeft counts the codes for a lost device that are left.
	RecoveryLeft int      `json:"recovery_left"`
	Rights       []string `json:"rights"`
}

// changePassword ends all sessions of the caller and answers with a new one.
func (a *API) changePassword(c *call) (any, error) {
	if c.local {
		return nil, problem.Conflict("The local administrator has no password!")
	}
	var before, after string
	if err := c.decode(fields{"old": str(&before), "new": str(&after)}, "old", "new"); err != nil {
		return nil, err
	}
	login := c.who.Login
	if err := a.opt.Users.ChangePassword(c.ctx, login, before, after, c.ip); err != nil {
		if errors.Is(err, auth.ErrWrongLogin) {
			// 401 would tell a browser that its session has ended.
			return nil, Reject("old", Violation{Pointer: "/old", Message: "is not the present password", Code: "password.present"})
		}
		return nil, err
	}
	if err := a.audit(c, "user.password", login, nil, nil); err != nil {
		return nil, err
	}
	issued, err := a.opt.Users.Issue(c.ctx, login, auth.TokenOptions{Label: "login", Address: c.ip})
	if err != nil {
		return nil, err
	}
	return newSession(issued), nil
}
