package admin

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strconv"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// Users in a document: everything about them but what must not leave the gateway.

// role is what the caller may do; whoever reaches the control socket may do all.
func (c *call) role() auth.Role {
	switch {
	case c.local:
		return auth.RoleAdministrator
	case c.who == nil:
		return ""
	}
	return c.who.Role
}

// withUsers reads the query of an export: ?users=true.
func (c *call) withUsers() (bool, error) {
	values, err := c.query("users")
	if err != nil || values.Get("users") == "" {
		return false, err
	}
	with, err := strconv.ParseBool(values.Get("users"))
	if err != nil {
		return false, Reject("users", Violation{Pointer: "/users", Message: "want true or false", Code: "type", Want: "boolean"})
	}
	return with, nil
}

// documentUsers are the users that a document shows: all but the deleted ones.
func (a *API) documentUsers() map[string]config.DocumentUser {
	out := map[string]config.DocumentUser{}
	for _, u := range a.opt.Users.Users() {
		if u.Status != auth.StatusDeleted {
			out[u.Login] = documentUser(u)
		}
	}
	return out
}

var statusWords = map[auth.Status]string{auth.StatusActive: "active", auth.StatusBlocked: "blocked"}

func documentUser(u auth.User) config.DocumentUser {
	out := config.DocumentUser{
		Role: string(u.Role), Status: statusWords[u.Status], Rights: nonNil(u.Rights), AllowedIPs: make([]string, len(u.AllowedIPs)),
		Note: &u.Note, MustChange: &u.MustChange, Limits: &config.DocumentLimits{},
	}
	for i, network := range u.AllowedIPs {
		out.AllowedIPs[i] = network.String()
	}
	if u.Limits.All != (auth.Rate{}) {
		out.Limits.All = &config.DocumentRate{PerSecond: u.Limits.All.PerSecond, Burst: u.Limits.All.Burst}
	}
	for name, rate := range u.Limits.Actions {
		if out.Limits.Actions == nil {
			out.Limits.Actions = map[string]config.DocumentRate{}
		}
		out.Limits.Actions[name] = config.DocumentRate{PerSecond: rate.PerSecond, Burst: rate.Burst}
	}
	return out
}

// userStep is what a document does to one user.
type userStep struct {
	login string
	fresh bool
	to    auth.User
	// version is that of the user who was compared.
	version uint64
}

// planUsers says what a document would do to the users.
func (a *API) planUsers(c *call, d *config.Document) (steps []userStep, plan Plan) {
	for _, login := range slices.Sorted(maps.Keys(d.Users)) {
		at := "/user/" + jsontree.Escape(login)
		fault := func(where, code, message string) {
			plan.Violations = append(plan.Violations, Violation{Pointer: at + where, Message: message, Code: code})
		}
		now, err := a.opt.Users.User(login)
		step := userStep{login: login, fresh: err != nil, to: now, version: now.Version}
		if step.fresh {
			step.to = auth.User{Login: login, Role: auth.RoleIntegrator, Status: auth.StatusActive}
		} else if now.Status == auth.StatusDeleted {
			fault("", "user.deleted", "the user is deleted, and the login stays reserved")
			continue
		}
		before := documentUser(step.to)
		wish := d.Users[login]
		good := len(plan.Violations)
		step.take(wish, fault)
		if c.who != nil && c.who.Login == login && (step.to.Role != now.Role || step.to.Status != now.Status) {
			fault("", "user.self", "nobody takes their own role or access away by a document")
		}
		if len(plan.Violations) > good {
			continue
		}
		if step.fresh {
			plan.Differences = append(plan.Differences, DocumentDifference{Path: at, After: documentUser(step.to)})
			steps = append(steps, step)
			continue
		}
		if found := differences(at, before, documentUser(step.to)); len(found) > 0 {
			plan.Differences = append(plan.Differences, found...)
			steps = append(steps, step)
		}
	}
	return steps, plan
}

// take changes the user as the document says, and reports what cannot be.
func (s *userStep) take(d config.DocumentUser, fault func(where, code, message string)) {
	s.to.Role = auth.Role(cmp.Or(d.Role, string(s.to.Role)))
	switch d.Status {
	case "":
	case "active":
		s.to.Status = auth.StatusActive
	case "blocked":
		s.to.Status = auth.StatusBlocked
	default:
		fault("/status", "enum", fmt.Sprintf("%q is not active or blocked", d.Status))
	}
	if d.Rights != nil {
		s.to.Rights = d.Rights
	}
	if d.AllowedIPs != nil {
		s.to.AllowedIPs = nil
		for i, text := range d.AllowedIPs {
			network, err := netip.ParsePrefix(text)
			if one, single := netip.ParseAddr(text); single == nil {
				network, err = netip.PrefixFrom(one.Unmap(), one.Unmap().BitLen()), nil
			}
			if err != nil {
				fault("/allowed_ips/"+strconv.Itoa(i), "network", "must be an address or a network such as 10.0.0.0/8")
				continue
			}
			s.to.AllowedIPs = append(s.to.AllowedIPs, network)
		}
	}
	if d.Limits != nil {
		s.to.Limits = auth.Limits{}
		rate := func(r config.DocumentRate) auth.Rate { return auth.Rate{PerSecond: r.PerSecond, Burst: r.Burst} }
		if d.Limits.All != nil {
			s.to.Limits.All = rate(*d.Limits.All)
		}
		for name, r := range d.Limits.Actions {
			if s.to.Limits.Actions == nil {
				s.to.Limits.Actions = map[string]auth.Rate{}
			}
			s.to.Limits.Actions[name] = rate(r)
		}
	}
	if d.Note != nil {
		s.to.Note = *d.Note
	}
	if d.MustChange != nil {
		s.to.MustChange = *d.MustChange
	}
	var invalid *auth.InvalidError
	next, err := s.to.Normalized()
	if errors.As(err, &invalid) {
		fault("/"+invalid.Field, "invalid."+invalid.Field, invalid.Err.Error())
	} else if err == nil {
		s.to = next
	}
}

// differences lists the fields of two pictures of a user that are not the same.
func differences(at string, before, after config.DocumentUser) (out []DocumentDifference) {
	x, y := fieldsOf(before), fieldsOf(after)
	for _, name := range slices.Sorted(maps.Keys(y)) {
		if !reflect.DeepEqual(x[name], y[name]) {
			out = append(out, DocumentDifference{Path: at + "/" + name, Before: x[name], After: y[name]})
		}
	}
	return out
}

func fieldsOf(u config.DocumentUser) map[string]any {
	out := map[string]any{}
	if text, err := json.Marshal(u); err == nil {
		_ = json.Unmarshal(text, &out) // it was written just now
	}
	return out
}

// applyUsers brings what was planned into force, one record of the audit for each user.
// A fresh user has a password that nobody knows: somebody sets one, or issues a token.
func (a *API) applyUsers(c *call, steps []userStep) error {
	for _, s := range steps {
		if s.fresh {
			made, err := a.opt.Users.Create(c.ctx, s.to, generatePassword())
			if err == nil {
				err = a.audit(c, "user.create", s.login, nil, newUser(made))
			}
			if err != nil {
				return fmt.Errorf("user %s: %w", s.login, err)
			}
			continue
		}
		var before userView
		after, err := a.opt.Users.Update(c.ctx, s.login, s.version, func(u *auth.User) error {
			before = newUser(*u)
			u.Status, u.Role, u.Rights, u.AllowedIPs = s.to.Status, s.to.Role, s.to.Rights, s.to.AllowedIPs
			u.Limits, u.Note, u.MustChange = s.to.Limits, s.to.Note, s.to.MustChange
			return nil
		})
		if err == nil {
			err = a.audit(c, "user.update", s.login, before, newUser(after))
		}
		if err != nil {
			return fmt.Errorf("user %s: %w", s.login, err)
		}
	}
	return nil
}
