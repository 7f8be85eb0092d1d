package auth

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// User returns a copy of one user, deleted ones included. Error: ErrNoUser.
func (a *Authority) User(login string) (User, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	acc := a.find(login)
	if acc == nil {
		return User{}, ErrNoUser
	}
	return acc.clone(), nil
}

// Users returns copies of all users, deleted ones included, sorted by login.
func (a *Authority) Users() []User {
	a.mu.RLock()
	defer a.mu.RUnlock()
	list := make([]User, 0, len(a.users))
	for _, acc := range a.users {
		list = append(list, acc.clone())
	}
	slices.SortFunc(list, func(x, y User) int { return cmp.Compare(x.Login, y.Login) })
	return list
}

// Create adds a user with a password. The fields Status (unless blocked), Created, Updated, LastLogin and Version of u
// are ignored. Errors: InvalidError, ErrTaken; those of waiting for ctx.
func (a *Authority) Create(ctx context.Context, u User, password string) (User, error) {
	rec := userRecord{User: u.clone()}
	rec.SecondFactor = false
	if rec.Status != StatusBlocked {
		rec.Status = StatusActive
	}
	if err := rec.normalize(); err != nil {
		return User{}, err
	}
	// Before the expensive work; checked again below.
	if a.taken(u.Login) {
		return User{}, ErrTaken
	}
	var err error
	if rec.PasswordHash, err = a.hasher.hashNew(ctx, password); err != nil {
		return User{}, err
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	if a.users[fold(u.Login)] != nil {
		return User{}, ErrTaken
	}
	now := a.opt.Now().UTC()
	rec.Created, rec.Updated, rec.LastLogin, rec.Version = now, now, time.Time{}, 1
	if err := a.putUser(rec); err != nil {
		return User{}, err
	}
	a.users[fold(u.Login)] = &account{userRecord: rec, sessions: map[tokenHash]*session{}}
	return rec.clone(), nil
}

func (a *Authority) taken(login string) bool {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.users[fold(login)] != nil
}

// Update changes a user. Version is the version that the caller read (0: whatever it is now). Change gets a copy and
// must not keep it nor call the Authority; its error is returned as it is. Login, Created, Updated, LastLogin and
// Version cannot be changed.
//
// It takes effect on live tokens before Update returns: new rights and networks hold for the next request. Blocking and
// deleting end all tokens for good; deleting also wipes password, rights and networks and cannot be undone.
//
// Errors: ErrNoUser, ErrStale, ErrDeleted, ErrLastAdministrator, InvalidError. On a store failure nothing has changed.
func (a *Authority) Update(_ context.Context, login string, version uint64, change func(*User) error) (User, error) {
	return a.modify(login, version, func(rec *userRecord) error { return change(&rec.User) })
}

// SetPassword replaces a user's password and ends all its tokens. Errors: as Update and those of waiting for ctx.
func (a *Authority) SetPassword(ctx context.Context, login, password string, mustChange bool) error {
	hash, err := a.hasher.hashNew(ctx, password)
	if err != nil {
		return err
	}
	_, err = a.modify(login, 0, func(rec *userRecord) error {
		rec.PasswordHash, rec.MustChange = hash, mustChange
		return nil
	})
	return err
}

func (a *Authority) modify(login string, version uint64, change func(*userRecord) error) (User, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.find(login)
	switch {
	case acc == nil:
		return User{}, ErrNoUser
	case acc.Status == StatusDeleted:
		return User{}, ErrDeleted
	case version != 0 && version != acc.Version:
		return User{}, ErrStale
	}
	old := acc.userRecord
	next := old
	next.User = old.clone()
	if err := change(&next); err != nil {
		return User{}, err
	}
	now := a.opt.Now().UTC()
	next.Login, next.Created, next.LastLogin = old.Login, old.Created, old.LastLogin
	next.Updated, next.Version = now, old.Version+1
	if next.Status == StatusDeleted {
		next.PasswordHash, next.Rights, next.AllowedIPs, next.Known = "", nil, nil, nil
		next.Limits, next.Note, next.MustChange, next.Second = Limits{}, "", false, nil
	}
	next.SecondFactor = next.hasSecond()
	if err := next.normalize(); err != nil {
		return User{}, err
	}
	if isAdmin(&old) && !isAdmin(&next) && !a.otherAdmin(acc) {
		return User{}, ErrLastAdministrator
	}
	endTokens := next.Status != StatusActive || next.PasswordHash != old.PasswordHash
	if endTokens {
		next.TokensSince = now
	}
	if err := a.putUser(next); err != nil {
		return User{}, err
	}
	acc.userRecord = next
	if endTokens {
		// TokensSince has voided the records already; deleting them only tidies up.
		if _, err := a.endAll(acc, ""); err != nil {
			a.opt.Log.Warn("records of ended tokens stay until the next start", "user", login, "error", err)
		}
	}
	for _, s := range acc.sessions {
		s.principal.Store(acc.principal(s))
	}
	return next.clone(), nil
}

func isAdmin(rec *userRecord) bool {
	return rec.Role == RoleAdministrator && rec.Status == StatusActive
}

func (a *Authority) otherAdmin(acc *account) bool {
	for _, other := range a.users {
		if other != acc && isAdmin(&other.userRecord) {
			return true
		}
	}
	return false
}

// AdminLogin is the login that EnsureAdmin creates.
const AdminLogin = "admin"

// EnsureAdmin creates the user "admin" with a random password that has to be changed, if there are no users at all.
// The password is the only copy; show it to the operator once.
func (a *Authority) EnsureAdmin(ctx context.Context) (password string, created bool, err error) {
	a.mu.RLock()
	empty := len(a.users) == 0
	a.mu.RUnlock()
	if !empty {
		return "", false, nil
	}
	password = strings.ToLower(rand.Text()) // 130 random bits
	admin := User{Login: AdminLogin, Role: RoleAdministrator, Rights: []string{"*"}, MustChange: true}
	if _, err := a.Create(ctx, admin, password); err != nil {
		return "", false, fmt.Errorf("create the first administrator: %w", err)
	}
	return password, true, nil
}
