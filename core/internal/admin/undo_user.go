package admin

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"
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

// userUndo returns what a record of a changed user replaced and what came instead,
// nil when the record is about something else.
func userUndo(r *journal.Audit) *[2]userPicture {
	if r.Action != "user.update" {
		return nil
	}
	var undo [2]userPicture
	if json.Unmarshal([]byte(r.Before), &undo[0]) != nil || json.Unmarshal([]byte(r.After), &undo[1]) != nil || undo[0].Role == "" {
		return nil
	}
	return &undo
}

func (a *API) restoreUser(c *call, r *journal.Audit, undo *[2]userPicture) (any, error) {
	var before userView
	after, err := a.opt.Users.Update(c.ctx, r.Object, 0, func(u *auth.User) error {
		if !reflect.DeepEqual(pictureOf(*u), undo[1]) {
			return problem.Conflict("The user was changed again since!")
		}
		before = newUser(*u)
		p := undo[0]
		u.Status, u.Role, u.Rights, u.AllowedIPs = p.Status, p.Role, p.Rights, p.AllowedIPs
		u.Limits, u.Note, u.MustChange = p.Limits, p.Note, p.MustChange
		return nil
	})
	if err != nil {
		return nil, err
	}
	view := newUser(after)
	if err := a.audit(c, "change.restore", r.Object, before, map[string]any{"restored": r.ID, "action": r.Action, "state": view}); err != nil {
		return nil, err
	}
	return restoredView{r.Object, before, view}, nil
}
