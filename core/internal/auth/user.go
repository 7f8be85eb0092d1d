package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Status is what /report/users shows.
type Status int

const (
	// StatusDeleted is a user that is gone; the login stays reserved, because the journal refers to it.
	StatusDeleted Status = 0
	// StatusBlocked is a user that may not log in for now.
	StatusBlocked Status = 9
	// StatusActive is a user that may log in.
	StatusActive Status = 10
)

// Role says what a user may do in the administration panel. Calling actions depends on rights alone.
type Role string

// The roles.
const (
	RoleAdministrator Role = "administrator"
	RoleManager       Role = "manager"
	RoleAuditor       Role = "auditor"
	RoleIntegrator    Role = "integrator"
)

// Limits are the request rates of one user; zero Rates leave it to the gateway's configuration.
type Limits struct {
	All     Rate            `json:"all,omitzero"`
	Actions map[string]Rate `json:"actions,omitempty"` // by "module.action"
}

// User is one user as administrators see it. It never holds the password.
type User struct {
	// Login is 1 to 64 characters: a letter or digit, then letters, digits and . _ - @. It is case-sensitive,
	// and two logins never differ in case only.
	Login  string `json:"login"`
	Status Status `json:"status"`
	Role   Role   `json:"role"`
	// Rights are "*", "module.*" and "module.action", sorted and without those that a wider one covers.
	Rights []string `json:"rights"`
	// AllowedIPs are the networks that the user may come from; empty means from anywhere.
	AllowedIPs []netip.Prefix `json:"allowed_ips"`
	Limits     Limits         `json:"limits"`
	// Note is free text of at most 1,000 bytes, for administrators.
	Note string `json:"note"`
	// MustChange asks for a new password; the server decides what a principal with it may do.
	MustChange bool `json:"must_change"`
	// SecondFactor says that a login needs a code, too. It cannot be set here; see [Authority.BeginSecondFactor].
	SecondFactor bool `json:"second_factor"`

	Created   time.Time `json:"created"`
	Updated   time.Time `json:"updated"`    // of anything above
	LastLogin time.Time `json:"last_login"` // zero: never
	// Version grows with every change of the user (not with logins). It serves as ETag.
	Version uint64 `json:"version"`
}

// userRecord is what the store holds.
type userRecord struct {
	User
	PasswordHash string `json:"password_hash"` // PHC; empty for deleted users
	// TokensSince voids all tokens that are not younger, even if deleting their records failed.
	TokensSince time.Time `json:"tokens_since"`
	// Known are the networks (see networkOf) of the last logins that succeeded, newest first.
	Known  []netip.Prefix `json:"known,omitempty"`
	Second *secondFactor  `json:"second,omitempty"`
}

const (
	maxKnown   = 16
	maxNote    = 1000
	maxEntries = 1000 // of rights, networks, limits
)

var loginPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)

func checkLogin(login string) error {
	if !loginPattern.MatchString(login) {
		return &InvalidError{"login", errors.New("1 to 64 characters: a letter or digit, then letters, digits and . _ - @")}
	}
	return nil
}

// fold is the key under which logins that differ in case only collide. Logins are ASCII.
func fold(login string) string { return strings.ToLower(login) }

func (u User) clone() User {
	u.Rights = slices.Clone(u.Rights)
	u.AllowedIPs = slices.Clone(u.AllowedIPs)
	u.Limits.Actions = maps.Clone(u.Limits.Actions)
	return u
}

// normalize checks what an administrator may set and brings it into its one form.
func (u *User) normalize() error {
	if err := checkLogin(u.Login); err != nil {
		return err
	}
	if u.Status != StatusActive && u.Status != StatusBlocked && u.Status != StatusDeleted {
		return &InvalidError{"status", fmt.Errorf("%d is not 10, 9 or 0", u.Status)}
	}
	switch u.Role {
	case RoleAdministrator, RoleManager, RoleAuditor, RoleIntegrator:
	default:
		return &InvalidError{"role", fmt.Errorf("%q is not administrator, manager, auditor or integrator", u.Role)}
	}
	if len(u.Rights) > maxEntries || len(u.AllowedIPs) > maxEntries || len(u.Limits.Actions) > maxEntries {
		return &InvalidError{"user", fmt.Errorf("more than %d rights, networks or limits", maxEntries)}
	}
	rights, err := ParseRights(u.Rights)
	if err != nil {
		return &InvalidError{"rights", err}
	}
	u.Rights = rights.Strings()
	networks := make([]netip.Prefix, 0, len(u.AllowedIPs))
	for _, p := range u.AllowedIPs {
		if !p.IsValid() {
			return &InvalidError{"allowed_ips", errors.New("holds a network that is not valid")}
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		networks = append(networks, p.Masked())
	}
	slices.SortFunc(networks, netip.Prefix.Compare)
	u.AllowedIPs = slices.Compact(networks)
	if err := u.Limits.check(); err != nil {
		return &InvalidError{"limits", err}
	}
	if len(u.Note) > maxNote || !utf8.ValidString(u.Note) {
		return &InvalidError{"note", fmt.Errorf("longer than %d bytes or not valid UTF-8", maxNote)}
	}
	return nil
}

func (l Limits) check() error {
	rates := map[string]Rate{"all": l.All}
	for action, r := range l.Actions {
		if module, name, err := splitRight(action); err != nil || module == "*" || name == "*" {
			return fmt.Errorf(`%q is not "module.action"`, action)
		}
		rates[action] = r
	}
	for name, r := range rates {
		if !(r.PerSecond >= 0 && r.PerSecond <= 1e6) || r.Burst < 0 || r.Burst > 1e6 {
			return fmt.Errorf("the rate of %s is not between 0 and 1,000,000", name)
		}
	}
	return nil
}

// Principal is who a token stands for. It is immutable and shared: keep it for the time of a request only,
// because a change of the user makes a new one.
type Principal struct {
	Login      string
	Role       Role
	Rights     RightSet
	Limits     Limits
	TokenID    string
	MustChange bool
	// Derived says that the token was issued from another one and is for calling actions only.
	Derived bool

	allowed []netip.Prefix
}

// principal makes the Principal of one of the account's tokens. Rights were checked when the record was written;
// rights of a damaged record allow nothing.
func (acc *account) principal(s *session) *Principal {
	u := acc.clone()
	rights, _ := ParseRights(u.Rights)
	return &Principal{
		Login: u.Login, Role: u.Role, Rights: rights, Limits: u.Limits, TokenID: s.rec.ID, MustChange: u.MustChange,
		Derived: s.parent != nil, allowed: u.AllowedIPs,
	}
}

// mayComeFrom reports whether one of the networks holds ip; no networks hold everything.
func mayComeFrom(allowed []netip.Prefix, ip netip.Addr) bool {
	if len(allowed) == 0 {
		return true
	}
	ip = ip.Unmap().WithZone("")
	for _, p := range allowed {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// remember puts the network of ip first in the list of known ones. It makes a new list.
func remember(known []netip.Prefix, ip netip.Addr) []netip.Prefix {
	network := NetworkOf(ip)
	list := []netip.Prefix{network}
	for _, k := range known {
		if k != network && len(list) < maxKnown {
			list = append(list, k)
		}
	}
	return list
}

func (a *Authority) putUser(rec userRecord) error {
	value, err := json.Marshal(rec)
	if err != nil {
		return fmt.Errorf("encode user %q: %w", rec.Login, err)
	}
	if err := a.store.Put(userPrefix+rec.Login, value, 0); err != nil {
		return fmt.Errorf("write user %q: %w", rec.Login, err)
	}
	return nil
}
