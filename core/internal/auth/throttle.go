package auth

import (
	"net/netip"
	"sync"
	"time"
)

// throttle makes guessing passwords slow without locking anybody out for ever. It counts attempts that have not
// succeeded in three ways; an attempt has to pass all three:
//
//   - per user and address: `attempts` are free, then the wait doubles from 1 s up to `window`. This is what a person
//     who mistypes, or a client with an old password, runs into. Others are not affected.
//   - per address (IPv6: per /64): 4 × attempts are free, the wait grows up to a minute: one address tries many users.
//   - per user over all addresses: 10 × attempts are free, the wait grows up to 30 s: many addresses try one user.
//     An address from which the user has logged in before is exempt from it, so a distributed attack slows down
//     strangers but does not shut out the user; live tokens are never affected.
//
// An attempt is charged before the password is checked, so that parallel guesses count too, and refunded if it
// succeeds. A counter is forgotten after `window` without an attempt.
type throttle struct {
	free   int
	window time.Duration
	room   int // counters

	mu      sync.Mutex
	entries map[throttleKey]*attempts // at most room
}

// maxThrottleEntries bounds the memory to some 20 MB.
const maxThrottleEntries = 100_000

const (
	firstWait      = time.Second
	addressMaxWait = time.Minute
	userMaxWait    = 30 * time.Second
	addressFactor  = 4
	userFactor     = 10
)

// throttleKey has a login, an address or both, as its kind says; either may be the zero value in any kind.
type throttleKey struct {
	kind  throttleKind
	login string
	addr  netip.Prefix
}

type throttleKind uint8

const (
	byPair throttleKind = iota
	byAddress
	byUser
)

type attempts struct {
	count int
	last  time.Time
}

func newThrottle(free int, window time.Duration) *throttle {
	return &throttle{free: free, window: window, room: maxThrottleEntries, entries: map[throttleKey]*attempts{}}
}

// charge is one attempt that has been let through.
type charge struct {
	t    *throttle
	pair throttleKey
	keys []throttleKey
}

// begin charges an attempt, or returns how long to wait. Known says that the user has logged in from addr before.
func (t *throttle) begin(login string, addr netip.Addr, known bool, now time.Time) (*charge, time.Duration) {
	// A login of the wrong shape cannot exist: one counter for all of them keeps their text out of memory.
	if checkLogin(login) != nil {
		login = ""
	}
	login, network := fold(login), NetworkOf(addr)
	pair := throttleKey{byPair, login, network}
	limits := []struct {
		key     throttleKey
		free    int
		maxWait time.Duration
	}{
		{pair, t.free, t.window},
		{throttleKey{kind: byAddress, addr: network}, t.free * addressFactor, min(addressMaxWait, t.window)},
		{throttleKey{kind: byUser, login: login}, t.free * userFactor, min(userMaxWait, t.window)},
	}
	if known {
		limits = limits[:2]
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	var wait time.Duration
	for _, l := range limits {
		if e := t.entries[l.key]; e != nil {
			wait = max(wait, e.wait(now, l.free, l.maxWait, t.window))
		}
	}
	if wait > 0 {
		return nil, wait
	}
	c := &charge{t: t, pair: pair}
	for _, l := range limits {
		e := t.entries[l.key]
		if e == nil {
			t.makeRoom(now)
			e = &attempts{}
			t.entries[l.key] = e
		}
		e.count++
		e.last = now
		c.keys = append(c.keys, l.key)
	}
	return c, 0
}

// wait returns how long the next attempt has to wait; an old counter starts again from zero.
func (e *attempts) wait(now time.Time, free int, maxWait, window time.Duration) time.Duration {
	if now.Sub(e.last) >= window {
		e.count = 0
	}
	if e.count < free {
		return 0
	}
	wait := maxWait
	if doublings := e.count - free; doublings < 20 {
		wait = min(firstWait<<doublings, maxWait)
	}
	return max(wait-now.Sub(e.last), 0)
}

// refund takes the charge back: the attempt never came to a check of the password.
func (c *charge) refund() {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	for _, key := range c.keys {
		if e := c.t.entries[key]; e != nil && e.count > 0 {
			e.count--
		}
	}
}

// succeed takes the charge back and forgives this user at this address. The counters of the address and of the user
// keep what others did: an attacker must not clear them with an account of its own.
func (c *charge) succeed() {
	c.refund()
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	delete(c.t.entries, c.pair)
}

// makeRoom keeps the table bounded: it drops the oldest of a few entries (map order is random) when it is full.
func (t *throttle) makeRoom(now time.Time) {
	if len(t.entries) < t.room {
		return
	}
	var oldest throttleKey
	var last time.Time
	seen := 0
	for key, e := range t.entries {
		if seen == 0 || e.last.Before(last) {
			oldest, last = key, e.last
		}
		if seen++; seen == 32 || now.Sub(last) >= t.window {
			break
		}
	}
	delete(t.entries, oldest)
}

// sweep forgets what is over.
func (t *throttle) sweep(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, e := range t.entries {
		if now.Sub(e.last) >= t.window {
			delete(t.entries, key)
		}
	}
}

// NetworkOf is what counts as one address: a customer gets a whole IPv6 /64.
func NetworkOf(addr netip.Addr) netip.Prefix {
	addr = addr.Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits) // fails for the zero Addr only; then all of these share one counter
	return p
}
