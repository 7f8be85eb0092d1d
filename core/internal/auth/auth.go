// Package auth knows who calls: users, passwords, tokens, rights and request limits.
//
// Everything is held in memory and written through to a [Store]; [Authority.Authenticate], which every request goes
// through, takes no lock, reads no storage and allocates nothing. One Authority owns its keys in the Store.
//
// # What is kept
//
// Passwords are argon2id hashes in PHC form. Tokens are kept as their SHA-256 only: a copy of the store opens nothing.
//
// # Guessing
//
// A failed login looks the same whether the user is unknown, blocked, deleted, not allowed from that address or just
// mistyped the password: same error, same argon2 work. See [Authority.Login] for the throttling.
package auth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Store is where an Authority keeps its records. Keys are printable ASCII; values are small.
type Store interface {
	// Put writes a record durably. A ttl above 0 lets the store drop it after that time. The value is not kept.
	Put(key string, value []byte, ttl time.Duration) error
	// Delete removes a record; a record that is not there is no error.
	Delete(key string) error
	// Scan calls fn for every record whose key begins with prefix, in any order, until fn fails or ctx ends,
	// and returns that error. Key and value are valid during the call only. Fn does not use the store.
	Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error
}

const (
	userPrefix  = "user/"
	tokenPrefix = "token/"
)

var (
	// ErrWrongLogin is the one answer to every login that fails, whatever the cause.
	ErrWrongLogin = errors.New("wrong login or password")
	// ErrUnauthorized is the one answer to every token that does not authenticate, whatever the cause.
	ErrUnauthorized = errors.New("token is unknown, expired, revoked or used from an address that is not allowed")
	// ErrNoUser means that there is no such user.
	ErrNoUser = errors.New("no such user")
	// ErrNoToken means that the user has no such token.
	ErrNoToken = errors.New("no such token")
	// ErrTaken means that the login is in use, belongs to a deleted user, or differs from another one in case only.
	ErrTaken = errors.New("login is taken")
	// ErrStale means that the user changed since the caller read it.
	ErrStale = errors.New("user changed meanwhile")
	// ErrDeleted means that a deleted user cannot be changed; its login stays reserved for the journal.
	ErrDeleted = errors.New("user is deleted")
	// ErrLastAdministrator means that the change would leave nobody to administer the gateway.
	ErrLastAdministrator = errors.New("the last active administrator must stay")
)

// TooManyError means that the caller has to wait before it tries again.
type TooManyError struct{ RetryAfter time.Duration }

func (e *TooManyError) Error() string {
	return fmt.Sprintf("too many attempts, retry after %s", e.RetryAfter)
}

// InvalidError says which field of a user is not acceptable and why. Err is fit to be shown to an administrator.
type InvalidError struct {
	Field string
	Err   error
}

func (e *InvalidError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *InvalidError) Unwrap() error { return e.Err }

// Options are the knobs of an Authority. Zero fields get the default in brackets.
type Options struct {
	TokenIdle     time.Duration // a token unused for so long ends [24 h]
	TokenLifetime time.Duration // and in any case after so long [720 h]
	TokensPerUser int           // the least recently used one ends when there would be more [100]
	PersistEvery  time.Duration // how often Run writes the last use of tokens [5 min]

	LoginAttempts int           // failed logins that cost no waiting, per user and address [5]
	LoginWindow   time.Duration // after so long without a failure they are forgotten; also the longest wait [15 min]

	Argon2       Argon2 // price of a password check [19 MiB, 2 passes, 1 lane]
	Hashers      int    // password checks at a time [number of CPUs]; each needs Argon2.MemoryKiB
	QueuedLogins int    // password checks that may wait for their turn [128]; more are sent away

	Now func() time.Time // [time.Now]
	Log hclog.Logger     // [none]

	derive deriveFunc // tests count its calls
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	count := func(n *int, v int) {
		if *n <= 0 {
			*n = v
		}
	}
	def(&o.TokenIdle, 24*time.Hour)
	def(&o.TokenLifetime, 720*time.Hour)
	def(&o.PersistEvery, 5*time.Minute)
	def(&o.LoginWindow, 15*time.Minute)
	count(&o.TokensPerUser, 100)
	count(&o.LoginAttempts, 5)
	count(&o.Hashers, runtime.GOMAXPROCS(0))
	count(&o.QueuedLogins, 128)
	if o.Argon2 == (Argon2{}) {
		o.Argon2 = Argon2{MemoryKiB: 19456, Time: 2, Parallelism: 1}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	if o.derive == nil {
		o.derive = deriveArgon2id
	}
	return o
}

// Authority is safe for concurrent use.
type Authority struct {
	opt      Options
	store    Store
	hasher   *hasher
	throttle *throttle
	sessions *sessionTable // read without a lock by Authenticate

	mu    sync.RWMutex        // guards users and everything in an account; held while the store is written
	users map[string]*account // by folded login
}

// account is a user with its live tokens. Guarded by Authority.mu.
type account struct {
	userRecord
	sessions map[tokenHash]*session
}

// parent returns the token with this ID if others may be issued from it, or nil. Called with Authority.mu held.
func (acc *account) parent(id string) *session {
	for _, s := range acc.sessions {
		if s.rec.ID == id && s.parent == nil {
			return s
		}
	}
	return nil
}

// Open loads all users and tokens. A damaged user record is an error, because the gateway would run without that
// user; damaged, expired and orphaned token records are dropped.
func Open(ctx context.Context, store Store, opt Options) (*Authority, error) {
	opt = opt.withDefaults()
	h, err := newHasher(opt)
	if err != nil {
		return nil, err
	}
	a := &Authority{
		opt:      opt,
		store:    store,
		hasher:   h,
		throttle: newThrottle(opt.LoginAttempts, opt.LoginWindow),
		sessions: newSessionTable(),
		users:    map[string]*account{},
	}
	err = store.Scan(ctx, userPrefix, func(key string, value []byte) error {
		var rec userRecord
		if err := json.Unmarshal(value, &rec); err != nil {
			return fmt.Errorf("user record %q is damaged, restore it from a backup: %w", key, err)
		}
		if key != userPrefix+rec.Login {
			return fmt.Errorf("user record %q is damaged: it belongs to %q", key, rec.Login)
		}
		a.users[fold(rec.Login)] = &account{userRecord: rec, sessions: map[tokenHash]*session{}}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load users: %w", err)
	}
	if err := a.loadTokens(ctx); err != nil {
		return nil, fmt.Errorf("load tokens: %w", err)
	}
	return a, nil
}

func (a *Authority) loadTokens(ctx context.Context) error {
	var drop []string
	var children []*session // wait until their parents are there
	err := a.store.Scan(ctx, tokenPrefix, func(key string, value []byte) error {
		s, err := decodeSession(strings.TrimPrefix(key, tokenPrefix), value)
		if err != nil {
			a.opt.Log.Error("a token record is damaged and dropped", "key", key, "error", err)
			drop = append(drop, strings.Clone(key))
			return nil
		}
		switch {
		case s.rec.Parent != "":
			children = append(children, s)
		case !a.load(s):
			drop = append(drop, strings.Clone(key))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range children {
		if !a.load(s) {
			drop = append(drop, s.key())
		}
	}
	for _, key := range drop {
		if err := a.store.Delete(key); err != nil {
			return fmt.Errorf("drop %q: %w", key, err)
		}
	}
	return nil
}

// load puts a stored token into force, if it has not ended.
func (a *Authority) load(s *session) bool {
	acc := a.users[fold(s.rec.Login)]
	if acc == nil || acc.Status != StatusActive || !s.rec.Created.After(acc.TokensSince) {
		return false
	}
	if s.rec.Parent != "" {
		if s.parent = acc.parent(s.rec.Parent); s.parent == nil {
			return false
		}
	}
	if !s.alive(a.opt.Now().UnixNano()) {
		return false
	}
	s.principal.Store(acc.principal(s))
	acc.sessions[s.hash] = s
	a.sessions.add(s)
	return true
}

// Run ends expired tokens and writes the last use of tokens every Options.PersistEvery until ctx ends, and once more
// then. Without it tokens still expire; only memory and the last use on disk are not kept up.
func (a *Authority) Run(ctx context.Context) {
	ticker := time.NewTicker(a.opt.PersistEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			a.sweep()
			return
		}
		a.sweep()
	}
}

func (a *Authority) sweep() {
	if err := a.Sweep(); err != nil {
		a.opt.Log.Error("the last use of tokens is not written", "error", err)
	}
}

// Sweep does once what Run does again and again. It reports the first failure but goes on.
func (a *Authority) Sweep() error {
	a.throttle.sweep(a.opt.Now())
	var first error
	for _, s := range a.sessions.all() {
		// One token at a time, so that a slow store does not hold up logins; under the lock,
		// so that a token that is revoked meanwhile is not written back.
		a.mu.Lock()
		if err := a.sweepSession(s); err != nil && first == nil {
			first = err
		}
		a.mu.Unlock()
	}
	return first
}

func (a *Authority) sweepSession(s *session) error {
	if s.principal.Load() == nil {
		return nil
	}
	if !s.alive(a.opt.Now().UnixNano()) {
		return a.end(a.users[fold(s.rec.Login)], s)
	}
	used := s.lastUsed.Load()
	if used == s.persisted {
		return nil
	}
	if err := a.putSession(s); err != nil {
		return err
	}
	s.persisted = used
	return nil
}
