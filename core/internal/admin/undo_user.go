package admin

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// place reads the id of a record from the path and its time from the body.
func (c *call) place() (id uint64, at time.Time, err error) {
	id, err = strconv.ParseUint(c.param("id"), 10, 64)
	if err != nil {
		return 0, at, problem.NotFound("No such record!")
	}
	var text string
	if err := c.decode(fields{"time": str(&text)}, "time"); err != nil {
		return 0, at, err
	}
	if at, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return 0, at, Reject("time", Violation{Pointer: "/time", Message: "want the time of the record as it was shown"})
	}
	return id, at, nil
}

// userPicture is what an audit record of a user can bring back.
type userPicture struct {
	Status     auth.Status    `json:"status"`
	Role       auth.Role      `json:"role"`
	Rights     []string       `json:"rights"`
	AllowedIPs []netip.Prefix `json:"allowed_ips"`
	Limits     auth.Limits    `json:"limits"`
	Note       string         `json:"note"`
	MustChange bool           `json:"must_change"`
}

func pictureOf(u auth.User) userPicture {
	v := newUser(u)
	return userPicture{u.Status, u.Role, v.Rights, v.AllowedIPs, u.Limits, u.Note, u.MustChange}
}

// userUndo takes one change of a user back.
type userUndo struct {
	// login and token name what was made: deleting or revoking it takes that back.
	login, token string
	// before and after are what a change replaced, nil for what was made.
	before, after *userPicture
}

// undoOfUser returns how a record of a user is taken back, nil when it is about something
// else, or about something that cannot come back: a password and a token are not kept, and
// a deleted user stays deleted.
func undoOfUser(r *journal.Audit) *userUndo {
	switch r.Action {
	case "user.create":
		return &userUndo{login: r.Object}
	case "token.create":
		var made tokenView
		if json.Unmarshal([]byte(r.After), &made) != nil || made.ID == "" {
			return nil
		}
		return &userUndo{login: r.Object, token: made.ID}
	case "user.update":
		u := &userUndo{login: r.Object, before: &userPicture{}, after: &userPicture{}}
		if json.Unmarshal([]byte(r.Before), u.before) != nil || json.Unmarshal([]byte(r.After), u.after) != nil || u.before.Role == "" {
			return nil
		}
		return u
	}
	return nil
}

// possible reports whether there is still something to take back.
func (a *API) possible(u *userUndo) bool {
	now, err := a.opt.Users.User(u.login)
	switch {
	case err != nil || now.Status == auth.StatusDeleted:
		return false
	case u.token != "":
		live, err := a.opt.Users.Tokens(u.login)
		return err == nil && slices.ContainsFunc(live, func(t auth.Token) bool { return t.ID == u.token })
	case u.after != nil:
		return reflect.DeepEqual(pictureOf(now), *u.after)
	}
	return true
}

func (a *API) restoreUser(c *call, r *journal.Audit, u *userUndo) (any, error) {
	restored := func(before, after any) (any, error) {
		record := map[string]any{"restored": r.ID, "action": r.Action, "state": after}
		return restoredView{r.Object, before, after}, a.audit(c, "change.restore", r.Object, before, record)
	}
	if u.token != "" {
		if err := a.opt.Users.Revoke(c.ctx, u.login, u.token); err != nil {
			return nil, err
		}
		return restored(map[string]string{"token": u.token}, nil)
	}
	var before userView
	after, err := a.opt.Users.Update(c.ctx, u.login, 0, func(to *auth.User) error {
		before = newUser(*to)
		if u.after == nil {
			to.Status = auth.StatusDeleted
			return nil
		}
		if !reflect.DeepEqual(pictureOf(*to), *u.after) {
			return problem.Conflict("The user was changed again since!")
		}
		p := u.before
		to.Status, to.Role, to.Rights, to.AllowedIPs = p.Status, p.Role, p.Rights, p.AllowedIPs
		to.Limits, to.Note, to.MustChange = p.Limits, p.Note, p.MustChange
		return nil
	})
	if err != nil {
		return nil, err
	}
	return restored(before, newUser(after))
}

// lasting says why a change cannot be taken back, for people: secret (a password, a token,
// a second factor are not kept), deleted (for good), version (its page has the way back),
// changed (again since, or too long ago), or "" for what changed nothing.
func lasting(action string) string {
	switch action {
	case "user.password", "token.revoke", "user.second_factor.reset", "provider.hook.rotate":
		return "secret"
	case "user.delete":
		return "deleted"
	case "session.login", "session.logout", "journal.export", "journal.reveal", "node.test", "provider.test", "provider.send_test":
		return ""
	}
	if strings.HasPrefix(action, "plugin.") {
		return "version"
	}
	return "changed"
}
