package auth

import (
	"cmp"
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// Token describes a live token to its owner and to administrators. The token itself is not known any more.
type Token struct {
	ID       string     `json:"id"`
	Label    string     `json:"label"`
	Address  netip.Addr `json:"address"` // that it was issued to
	Created  time.Time  `json:"created"`
	LastUsed time.Time  `json:"last_used"` // to the second; after a restart up to Options.PersistEvery old
	Expires  time.Time  `json:"expires"`   // at the latest
}

// Issued is a new token. Token is the only copy of its text.
type Issued struct {
	Token     string
	Principal *Principal
	Expires   time.Time
	// Factor is what proved the login beside the password.
	Factor Factor
}

// TokenOptions are what an administrator may choose for a token that is issued without a login.
type TokenOptions struct {
	Label    string        // at most 100 characters, no control characters
	Lifetime time.Duration // 0: Options.TokenLifetime
	Idle     time.Duration // 0: Options.TokenIdle; below 0: does not end when unused
	Address  netip.Addr    // for the list only
	// Parent is the ID of the user's token that asks for this one, "" for none. The new token is for calling actions
	// only (see Principal.Derived), expires with its parent at the latest, and ends when its parent ends.
	Parent string
}

const (
	maxLabelChars = 100
	maxLifetime   = 100 * 365 * 24 * time.Hour // Unix nanoseconds end in 2262
)

// Authenticate returns who a token stands for. It is the hot path: no lock, no storage, no allocation, and no
// difference between the causes of ErrUnauthorized. Text is not kept.
func (a *Authority) Authenticate(text string, ip netip.Addr) (*Principal, error) {
	hash, ok := hashToken(text)
	if !ok {
		return nil, ErrUnauthorized
	}
	s := a.sessions.get(hash)
	if s == nil {
		return nil, ErrUnauthorized
	}
	p := s.principal.Load()
	now := a.opt.Now().UnixNano()
	if p == nil || !s.alive(now) || !mayComeFrom(p.allowed, ip) {
		return nil, ErrUnauthorized
	}
	s.touch(now)
	return p, nil
}

// Peek returns whom a live token stands for, wherever it comes from, and nil for other texts. It permits nothing: it is
// for decisions before the request is read, such as how much of it to read.
func (a *Authority) Peek(text string) *Principal {
	hash, ok := hashToken(text)
	if !ok {
		return nil
	}
	s := a.sessions.get(hash)
	if s == nil || !s.alive(a.opt.Now().UnixNano()) {
		return nil
	}
	return s.principal.Load()
}

// Issue makes a token for an active user without asking for its password: for administrators and for systems
// that keep a token for months; or, with a parent, for who holds that one. Errors: ErrNoUser (also for blocked and
// deleted users), InvalidError, ErrNoToken when there is no such live parent, or when it has a parent itself.
func (a *Authority) Issue(_ context.Context, login string, o TokenOptions) (Issued, error) {
	if err := checkLabel(o.Label); err != nil {
		return Issued{}, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.find(login)
	if acc == nil || acc.Status != StatusActive {
		return Issued{}, ErrNoUser
	}
	return a.issue(acc, o)
}

func checkLabel(label string) error {
	bad := !utf8.ValidString(label) || utf8.RuneCountInString(label) > maxLabelChars
	for _, r := range label {
		bad = bad || unicode.IsControl(r)
	}
	if bad {
		return &InvalidError{"label", errors.New("longer than 100 characters or with control characters")}
	}
	return nil
}

// issue adds a token to an active account. Called with a.mu held.
func (a *Authority) issue(acc *account, o TokenOptions) (Issued, error) {
	now := a.opt.Now().UTC()
	var parent *session
	if o.Parent != "" {
		if parent = acc.parent(o.Parent); parent == nil || !parent.alive(now.UnixNano()) {
			return Issued{}, ErrNoToken
		}
	}
	for len(acc.sessions) >= a.opt.TokensPerUser {
		oldest := leastUsed(acc, parent)
		if oldest == nil {
			break // the parent is the only one, and its child would end with it
		}
		if err := a.end(acc, oldest); err != nil {
			return Issued{}, err
		}
	}
	created := now
	if !created.After(acc.TokensSince) { // a coarse clock, or one that was set back
		created = acc.TokensSince.Add(1)
	}
	text := newToken()
	hash, _ := hashToken(text)
	lifetime, idle := o.Lifetime, o.Idle
	if lifetime <= 0 {
		lifetime = a.opt.TokenLifetime
	}
	lifetime = min(lifetime, maxLifetime)
	if idle == 0 {
		idle = a.opt.TokenIdle
	}
	expires := now.Add(lifetime)
	if parent != nil && parent.rec.Expires.Before(expires) {
		expires = parent.rec.Expires
	}
	s := newSession(hash, sessionRecord{
		ID: tokenID(hash), Login: acc.Login, Label: o.Label, Address: o.Address.Unmap(),
		Created: created, Used: now, Expires: expires, Idle: max(idle, 0), Parent: o.Parent,
	})
	s.parent = parent
	if err := a.putSession(s); err != nil {
		return Issued{}, err
	}
	p := acc.principal(s)
	s.principal.Store(p)
	acc.sessions[hash] = s
	a.sessions.add(s)
	return Issued{Token: text, Principal: p, Expires: s.rec.Expires}, nil
}

// leastUsed returns the session to end when there are too many: an expired one, else the one unused for longest, but
// never spare; nil if there is no other.
func leastUsed(acc *account, spare *session) *session {
	var found *session
	for _, s := range acc.sessions {
		if s == spare {
			continue
		}
		if found == nil || s.lastUsed.Load() < found.lastUsed.Load() {
			found = s
		}
	}
	return found
}

// Tokens lists the live tokens of a user, newest first. Error: ErrNoUser.
func (a *Authority) Tokens(login string) ([]Token, error) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	acc := a.find(login)
	if acc == nil {
		return nil, ErrNoUser
	}
	now := a.opt.Now().UnixNano()
	list := make([]Token, 0, len(acc.sessions))
	for _, s := range acc.sessions {
		if !s.alive(now) {
			continue
		}
		list = append(list, Token{
			ID: s.rec.ID, Label: s.rec.Label, Address: s.rec.Address, Created: s.rec.Created,
			LastUsed: time.Unix(0, s.lastUsed.Load()).UTC(), Expires: s.rec.Expires,
		})
	}
	slices.SortFunc(list, func(x, y Token) int {
		return cmp.Or(y.Created.Compare(x.Created), cmp.Compare(x.ID, y.ID))
	})
	return list, nil
}

// Revoke ends one token of a user and those issued from it at once; requests that they have already authenticated go
// on. If the store fails, they are dead but may come back after a restart: call again. Errors: ErrNoUser, ErrNoToken.
func (a *Authority) Revoke(_ context.Context, login, tokenID string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.find(login)
	if acc == nil {
		return ErrNoUser
	}
	for _, s := range acc.sessions {
		if s.rec.ID == tokenID {
			return a.end(acc, s)
		}
	}
	return ErrNoToken
}

// RevokeAll ends all tokens of a user but the one named except ("" for none) and returns how many they were.
// Store failures are as for Revoke.
// Error: ErrNoUser.
func (a *Authority) RevokeAll(_ context.Context, login, except string) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.find(login)
	if acc == nil {
		return 0, ErrNoUser
	}
	return a.endAll(acc, except)
}

// endAll ends every token in memory even if the store fails for some. Called with a.mu held.
func (a *Authority) endAll(acc *account, except string) (n int, err error) {
	for _, s := range acc.sessions {
		if s.rec.ID == except {
			continue
		}
		n++
		if failed := a.end(acc, s); failed != nil && err == nil {
			err = failed
		}
	}
	return n, err
}

// find returns the account with exactly this login. Called with a.mu held.
func (a *Authority) find(login string) *account {
	acc := a.users[fold(login)]
	if acc == nil || acc.Login != login {
		return nil
	}
	return acc
}
