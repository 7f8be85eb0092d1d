package guard

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Store keeps the books: the part of the gateway's store that belongs to the guard.
type Store interface {
	// Scan calls fn with every key that begins with prefix. What fn gets is valid
	// during the call only.
	Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error
	// Write makes changes; it is not atomic.
	Write(changes []Change) error
}

// Change is one change of the store; a nil Value deletes the key.
type Change struct {
	Key   string
	Value []byte
	TTL   time.Duration
}

const (
	// writeEvery is how much of the books a crash may cost.
	writeEvery = time.Second
	sweepEvery = time.Minute
	// accountTTL is longer than any window.
	accountTTL = 50 * time.Hour
	// writeAtMost bounds one batch.
	writeAtMost = 20_000
)

// Run writes the books, looks after calls and delivers alarms until ctx ends, and
// returns when everything is written.
func (g *Guard) Run(ctx context.Context) {
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		g.alarms.deliver(ctx)
	}()
	asked := make(chan struct{})
	go func() {
		defer close(asked)
		for g.opt.Sleep(ctx, askAfter/4) {
			g.askCalls(ctx)
		}
	}()
	for last := g.opt.Now(); pause(ctx, writeEvery); {
		if now := g.opt.Now(); now.Sub(last) >= sweepEvery || now.Before(last) {
			last = now
			for _, b := range g.books {
				b.sweep(now)
			}
		}
		if err := g.Write(); err != nil {
			g.opt.Log.Error("the books of the guards are not written", "error", err)
		}
	}
	<-delivered
	<-asked
	if err := g.Write(); err != nil {
		g.opt.Log.Error("the books of the guards are not written", "error", err)
	}
}

// Write stores what has changed since it was last called.
//
// # Errors
//
// The store's; then the same is tried again next time.
func (g *Guard) Write() error {
	g.writing.Lock()
	defer g.writing.Unlock()
	var errs []error
	for _, b := range g.books {
		for more := true; more; {
			var changes []Change
			changes, more = b.changes()
			if len(changes) == 0 {
				continue
			}
			if err := g.opt.Store.Write(changes); err != nil {
				b.remember(changes)
				errs = append(errs, fmt.Errorf("guard of %ss: %w", b.kind, err))
				break
			}
		}
	}
	return errors.Join(errs...)
}

// Unwritten is how many entries a crash would cost now.
func (g *Guard) Unwritten() int {
	g.writing.Lock()
	defer g.writing.Unlock()
	n := 0
	for _, b := range g.books {
		b.mu.Lock()
		n += len(b.dirty) + len(b.dropped) + len(b.changed)
		b.mu.Unlock()
	}
	return n
}

// Keys: kind, scope or "c" for a live call, name.
func accountKey(k Kind, s Scope, name string) string {
	return string(k) + "/" + s.String() + "/" + name
}
func callKey(uuid string) string { return string(Call) + "/c/" + uuid }

// changes takes what has to be written, and reports whether there is more.
func (b *book) changes() (out []Change, more bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, d := range b.dropped {
		if b.accounts[d.scope][d.name] == nil {
			out = append(out, Change{Key: accountKey(b.kind, d.scope, d.name)})
		}
	}
	b.dropped = nil
	for id := range b.changed {
		change := Change{Key: callKey(id)}
		if c := b.calls[id]; c != nil {
			change.Value, _ = json.Marshal(c) // strings, numbers and a time: always possible
			change.TTL = longestCall + time.Hour
		}
		out = append(out, change)
	}
	clear(b.changed)
	n := min(len(b.dirty), max(writeAtMost-len(out), 1))
	for _, x := range b.dirty[:n] {
		x.dirty = false
		if b.accounts[x.scope][x.name] == x { // not forgotten meanwhile
			out = append(out, Change{accountKey(b.kind, x.scope, x.name), x.append(nil), accountTTL})
		}
	}
	b.dirty = append([]*account(nil), b.dirty[n:]...)
	return out, len(b.dirty) > 0
}

// remember takes back what could not be written.
func (b *book) remember(changes []Change) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range changes {
		_, rest, _ := strings.Cut(c.Key, "/")
		word, name, _ := strings.Cut(rest, "/")
		if word == "c" {
			b.changed[name] = struct{}{}
			continue
		}
		s, ok := scopeOf(word)
		if !ok {
			continue
		}
		if x := b.accounts[s][name]; x != nil {
			b.mark(x)
		} else {
			b.dropped = append(b.dropped, droppedAccount{s, name})
		}
	}
}

func scopeOf(word string) (Scope, bool) {
	for s := range scopes {
		if s.String() == word {
			return s, true
		}
	}
	return 0, false
}

// accountFormat is the first byte of a stored account.
const accountFormat = 1

func (a *account) append(dst []byte) []byte {
	dst = append(dst, accountFormat, a.told)
	for _, n := range a.fields() {
		dst = binary.AppendVarint(dst, n)
	}
	return dst
}

func (a *account) fields() [9]int64 {
	return [...]int64{
		a.minute.slot, int64(a.minute.now), int64(a.minute.before), a.hour.slot, int64(a.hour.now), int64(a.hour.before),
		a.day, int64(a.count), int64(a.spent),
	}
}

var errAccount = errors.New("damaged account")

func (a *account) decode(b []byte) error {
	if len(b) < 2 || b[0] != accountFormat {
		return errAccount
	}
	a.told = b[1]
	b = b[2:]
	var n [9]int64
	for i := range n {
		v, size := binary.Varint(b)
		if size <= 0 {
			return errAccount
		}
		n[i], b = v, b[size:]
	}
	counts := []int64{n[1], n[2], n[4], n[5], n[7]}
	for _, c := range counts {
		if c < 0 || c > 1<<32-1 {
			return errAccount
		}
	}
	if len(b) > 0 || n[8] < 0 {
		return errAccount
	}
	a.minute = window{n[0], uint32(n[1]), uint32(n[2])}
	a.hour = window{n[3], uint32(n[4]), uint32(n[5])}
	a.day, a.count, a.spent = n[6], uint32(n[7]), Money(n[8])
	return nil
}

// load reads the books. What is damaged is left out and said: a gateway that does
// not start guards nobody.
func (g *Guard) load(ctx context.Context) error {
	for _, b := range g.books {
		if err := b.load(ctx, g); err != nil {
			return fmt.Errorf("guard of %ss: %w", b.kind, err)
		}
	}
	return nil
}

func (b *book) load(ctx context.Context, g *Guard) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return g.opt.Store.Scan(ctx, string(b.kind)+"/", func(key string, value []byte) error {
		_, rest, _ := strings.Cut(key, "/")
		word, name, _ := strings.Cut(rest, "/")
		err := errAccount
		if s, ok := scopeOf(word); ok {
			x := &account{name: strings.Clone(name), scope: s}
			if err = x.decode(value); err == nil {
				kept := b.open(s, x.name)
				x.atOnce = kept.atOnce // of live calls that were read before
				*kept = *x
			}
		} else if word == "c" {
			c := &liveCall{}
			if err = json.Unmarshal(value, c); err == nil {
				c.UUID = strings.Clone(name)
				b.resume(c)
			}
		}
		if err != nil {
			g.opt.Log.Error("a part of the books is left out", "key", key, "error", err)
		}
		return nil
	})
}

// open finds an account or makes one.
func (b *book) open(s Scope, name string) *account {
	x := b.accounts[s][name]
	if x == nil {
		x = &account{name: name, scope: s}
		b.accounts[s][name] = x
		b.n++
	}
	return x
}

// resume goes on counting a call that lived when the gateway stopped.
func (b *book) resume(c *liveCall) {
	b.calls[c.UUID] = c
	for s, name := range c.names() {
		if Scope(s) != ScopeNumber || name != "" {
			b.open(Scope(s), name).atOnce++
		}
	}
}

// Forget removes what is kept about a telephone number, for people who ask for it.
// Its limits begin anew; live calls go on.
func (g *Guard) Forget(e164 string) error {
	for _, b := range g.books {
		b.mu.Lock()
		if x := b.accounts[ScopeNumber][e164]; x != nil {
			b.forget(x)
		}
		b.mu.Unlock()
	}
	return g.Write()
}
