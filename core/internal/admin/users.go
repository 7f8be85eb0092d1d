package admin

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// userView is a user in answers and audit records: last_login is null when there
// was none.
type userView struct {
	auth.User
	Rights     []string       `json:"rights"`
	AllowedIPs []netip.Prefix `json:"allowed_ips"`
	LastLogin  *time.Time     `json:"last_login"`
}

func newUser(u auth.User) userView {
	v := userView{User: u, Rights: u.Rights, AllowedIPs: u.AllowedIPs}
	if v.Rights == nil {
		v.Rights = []string{}
	}
	if v.AllowedIPs == nil {
		v.AllowedIPs = []netip.Prefix{}
	}
	if !u.LastLogin.IsZero() {
		v.LastLogin = &u.LastLogin
	}
	return v
}

// userChange is what an administrator may set; nil leaves a field as it is.
type userChange struct {
	status  *int64
	role    *string
	rights  *[]string
	allowed *[]netip.Prefix
	limits  *auth.Limits
	note    *string
	must    *bool
}

func (u *userChange) fields() fields {
	return fields{
		"status": maybe(&u.status, func(to *int64) reader { return integer(to, int64(auth.StatusBlocked), int64(auth.StatusActive)) }),
		"role":   maybe(&u.role, str), "note": maybe(&u.note, str), "must_change": maybe(&u.must, boolean),
		"rights":      maybe(&u.rights, func(to *[]string) reader { return each(to, str) }),
		"allowed_ips": maybe(&u.allowed, func(to *[]netip.Prefix) reader { return each(to, network) }),
		"limits":      maybe(&u.limits, limits),
	}
}

func set[T, F any](to *T, from *F, convert func(F) T) {
	if from != nil {
		*to = convert(*from)
	}
}

func same[T any](v T) T { return v }

func (u *userChange) apply(to *auth.User) error {
	set(&to.Status, u.status, func(n int64) auth.Status { return auth.Status(n) })
	set(&to.Role, u.role, func(s string) auth.Role { return auth.Role(s) })
	set(&to.Rights, u.rights, same)
	set(&to.AllowedIPs, u.allowed, same)
	set(&to.Limits, u.limits, same)
	set(&to.Note, u.note, same)
	set(&to.MustChange, u.must, same)
	return nil
}

func (a *API) users(*call) (any, error) {
	all := a.opt.Users.Users()
	out := make([]userView, len(all))
	for i, u := range all {
		out[i] = newUser(u)
	}
	return usersAnswer{out}, nil
}

type usersAnswer struct {
	Users []userView `json:"users"`
}

func (a *API) user(c *call) (any, error) {
	u, err := a.opt.Users.User(c.param("login"))
	if err != nil {
		return nil, err
	}
	c.etag(u.Version)
	return newUser(u), nil
}

// secretAnswer shows a secret for the only time.
type secretAnswer struct {
	User *userView `json:"user,omitempty"`
	// Password is there when the gateway chose it.
	Password string `json:"password,omitempty"`
}

// generatePassword returns 26 characters with 130 random bits.
func generatePassword() string { return strings.ToLower(rand.Text()) }

func (a *API) createUser(c *call) (any, error) {
	var login, password string
	var wish userChange
	f := wish.fields()
	f["login"], f["password"] = str(&login), str(&password)
	if err := c.decode(f, "login"); err != nil {
		return nil, err
	}
	u := auth.User{Login: login, Role: auth.RoleIntegrator, Status: auth.StatusActive}
	if err := wish.apply(&u); err != nil {
		return nil, err
	}
	var answer secretAnswer
	if password == "" {
		password = generatePassword()
		answer.Password = password
	}
	created, err := a.opt.Users.Create(c.ctx, u, password)
	if err != nil {
		return nil, err
	}
	view := newUser(created)
	if err := a.audit(c, "user.create", login, nil, view); err != nil {
		return nil, err
	}
	answer.User, c.status = &view, http.StatusCreated
	c.etag(created.Version)
	return answer, nil
}

func (a *API) updateUser(c *call) (any, error) {
	version, err := c.neededVersion()
	if err != nil {
		return nil, err
	}
	var wish userChange
	if err := c.decode(wish.fields()); err != nil {
		return nil, err
	}
	return a.changeUser(c, "user.update", version, wish.apply)
}

func (a *API) deleteUser(c *call) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	return a.changeUser(c, "user.delete", version, func(u *auth.User) error {
		u.Status = auth.StatusDeleted
		return nil
	})
}

func (a *API) changeUser(c *call, action string, version uint64, change func(*auth.User) error) (any, error) {
	switch version {
	case registry.AnyVersion:
		version = 0
	case 0: // no user has it, and for auth it would mean any
		return nil, problem.Stale()
	}
	login := c.param("login")
	var before userView
	after, err := a.opt.Users.Update(c.ctx, login, version, func(u *auth.User) error {
		before = newUser(*u)
		return change(u)
	})
	if err != nil {
		return nil, err
	}
	view := newUser(after)
	if err := a.audit(c, action, login, before, view); err != nil {
		return nil, err
	}
	c.etag(after.Version)
	return view, nil
}

func (a *API) setPassword(c *call) (any, error) {
	var password string
	var must bool
	if err := c.decode(fields{"password": str(&password), "must_change": boolean(&must)}); err != nil {
		return nil, err
	}
	var answer secretAnswer
	if password == "" {
		password = generatePassword()
		answer.Password = password
	}
	login := c.param("login")
	if err := a.opt.Users.SetPassword(c.ctx, login, password, must); err != nil {
		return nil, err
	}
	if err := a.audit(c, "user.password", login, nil, map[string]bool{"must_change": must}); err != nil {
		return nil, err
	}
	return answer, nil
}

func (a *API) tokens(c *call) (any, error) {
	list, err := a.opt.Users.Tokens(c.param("login"))
	if err != nil {
		return nil, err
	}
	return tokensAnswer{list}, nil
}

type tokensAnswer struct {
	Tokens []auth.Token `json:"tokens"`
}

// maxTokenSeconds is 100 years.
const maxTokenSeconds = 100 * 365 * 24 * 3600

func (a *API) issueToken(c *call) (any, error) {
	var label string
	var lifetime, idle int64
	err := c.decode(fields{
		"label":            str(&label),
		"lifetime_seconds": integer(&lifetime, 0, maxTokenSeconds),
		"idle_seconds":     integer(&idle, -1, maxTokenSeconds),
	})
	if err != nil {
		return nil, err
	}
	login := c.param("login")
	u, err := a.opt.Users.User(login)
	if err != nil {
		return nil, err
	}
	if u.Status != auth.StatusActive {
		return nil, problem.Conflict("User is not active!")
	}
	issued, err := a.opt.Users.Issue(c.ctx, login, auth.TokenOptions{
		Label: label, Lifetime: time.Duration(lifetime) * time.Second, Idle: time.Duration(idle) * time.Second, Address: c.ip,
	})
	if err != nil {
		return nil, err
	}
	v := tokenView{issued.Principal.TokenID, label, issued.Expires}
	if err := a.audit(c, "token.create", login, nil, v); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return issuedView{v, issued.Token}, nil
}

type tokenView struct {
	ID      string    `json:"id"`
	Label   string    `json:"label"`
	Expires time.Time `json:"expires"`
}

// issuedView shows a token for the only time.
type issuedView struct {
	tokenView
	Token string `json:"token"`
}

type revokedView struct {
	Revoked int `json:"revoked"`
}

func (a *API) revokeToken(c *call) (any, error) {
	login, id := c.param("login"), c.param("id")
	if err := a.opt.Users.Revoke(c.ctx, login, id); err != nil {
		return nil, err
	}
	return nil, a.audit(c, "token.revoke", login, map[string]string{"id": id}, nil)
}

func (a *API) revokeTokens(c *call) (any, error) {
	login := c.param("login")
	n, err := a.opt.Users.RevokeAll(c.ctx, login, "")
	if err != nil {
		return nil, err
	}
	answer := revokedView{n}
	return answer, a.audit(c, "token.revoke", login, answer, nil)
}
