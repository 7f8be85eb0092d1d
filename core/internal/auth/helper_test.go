package auth_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/auth"
)

// memStore is a Store in memory that can be told to fail.
type memStore struct {
	mu      sync.Mutex
	records map[string][]byte
	ttls    map[string]time.Duration
	writes  int
	fail    error
}

var _ auth.Store = (*memStore)(nil)

func newStore() *memStore {
	return &memStore{records: map[string][]byte{}, ttls: map[string]time.Duration{}}
}

func (s *memStore) Put(key string, value []byte, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.records[key], s.ttls[key] = slices.Clone(value), ttl
	s.writes++
	return nil
}

func (s *memStore) Delete(key string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	delete(s.records, key)
	return nil
}

func (s *memStore) Scan(ctx context.Context, prefix string, fn func(string, []byte) error) error {
	s.mu.Lock()
	records := maps.Clone(s.records)
	s.mu.Unlock()
	for key, value := range records {
		if err := ctx.Err(); err != nil {
			return err
		}
		if strings.HasPrefix(key, prefix) {
			value := slices.Clone(value)
			if err := fn(key, value); err != nil {
				return err
			}
			clear(value) // it is valid during the call only
		}
	}
	return nil
}

func (s *memStore) failWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = err
}

func (s *memStore) count(prefix string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.records {
		if strings.HasPrefix(key, prefix) {
			n++
		}
	}
	return n
}

func (s *memStore) written() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.writes
}

// contains reports whether any key or value holds the text.
func (s *memStore) contains(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, value := range s.records {
		if strings.Contains(key+"\n"+string(value), text) {
			return true
		}
	}
	return false
}

var errStore = errors.New("disk is full")

// clock is a clock that only moves when told to.
type clock struct{ now atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.now.Store(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) Now() time.Time          { return time.Unix(0, c.now.Load()) }
func (c *clock) advance(d time.Duration) { c.now.Add(int64(d)) }

// derivations counts the runs of a stand-in for argon2 and the parameters they were asked for.
type derivations struct {
	mu     sync.Mutex
	runs   int
	params map[auth.Argon2]int
	during func() // runs inside every derivation
}

func (d *derivations) derive(password, salt []byte, p auth.Argon2, length uint32) []byte {
	d.mu.Lock()
	d.runs++
	if d.params == nil {
		d.params = map[auth.Argon2]int{}
	}
	d.params[p]++
	during := d.during
	d.mu.Unlock()
	if during != nil {
		during()
	}
	sum := sha256.Sum256(slices.Concat(salt, []byte{0}, password))
	return sum[:length]
}

func (d *derivations) take() (runs int, params map[auth.Argon2]int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	runs, params = d.runs, d.params
	d.runs, d.params = 0, nil
	return runs, params
}

const password = "correct horse battery"

var (
	home   = netip.MustParseAddr("192.0.2.10")
	abroad = netip.MustParseAddr("198.51.100.20")
)

// fixture is an Authority with its surroundings and the active user "alice" (sms.send, report.*).
type fixture struct {
	*auth.Authority
	t     *testing.T
	store *memStore
	clock *clock
	work  *derivations
	opt   auth.Options
}

func setUp(t *testing.T, adjust ...func(*auth.Options)) *fixture {
	t.Helper()
	f := &fixture{t: t, store: newStore(), clock: newClock(), work: &derivations{}}
	f.opt = auth.Options{Now: f.clock.Now, TokenIdle: time.Hour, TokenLifetime: 24 * time.Hour}
	for _, fn := range adjust {
		fn(&f.opt)
	}
	f.opt = auth.WithDerive(f.opt, f.work.derive)
	f.reopen()
	f.create("alice", auth.RoleIntegrator, "sms.send", "report.*")
	f.work.take()
	return f
}

// reopen starts again from what is stored.
func (f *fixture) reopen() {
	f.t.Helper()
	a, err := auth.Open(f.t.Context(), f.store, f.opt)
	if err != nil {
		f.t.Fatal(err)
	}
	f.Authority = a
}

func (f *fixture) create(login string, role auth.Role, rights ...string) auth.User {
	f.t.Helper()
	u, err := f.Create(f.t.Context(), auth.User{Login: login, Role: role, Rights: rights}, password)
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}

func (f *fixture) login(login string) auth.Issued {
	f.t.Helper()
	issued, err := f.Login(f.t.Context(), login, password, home)
	if err != nil {
		f.t.Fatal(err)
	}
	return issued
}

func (f *fixture) update(login string, change func(*auth.User)) auth.User {
	f.t.Helper()
	u, err := f.Update(f.t.Context(), login, 0, func(u *auth.User) error { change(u); return nil })
	if err != nil {
		f.t.Fatal(err)
	}
	return u
}

func (f *fixture) wantAlive(token string) *auth.Principal {
	f.t.Helper()
	p, err := f.Authenticate(token, home)
	if err != nil || p == nil {
		f.t.Fatalf("a live token gives %v, %v", p, err)
	}
	return p
}

func (f *fixture) wantDead(token string) {
	f.t.Helper()
	if p, err := f.Authenticate(token, home); p != nil || !errors.Is(err, auth.ErrUnauthorized) {
		f.t.Fatalf("a dead token gives %v, %v", p, err)
	}
}

func invalidField(err error) string {
	if e, ok := errors.AsType[*auth.InvalidError](err); ok {
		return e.Field
	}
	return ""
}
