package guard

import (
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
)

// book holds the accounts of one kind. One lock makes a reservation that touches
// four accounts all or nothing.
type book struct {
	kind Kind
	zone *time.Location
	most int // accounts

	mu       sync.Mutex
	accounts [scopes]map[string]*account
	n        int
	dirty    []*account       // since the last writing
	dropped  []droppedAccount // since then, too
	day      int64            // the present one
	begins   time.Time
	ends     time.Time // its midnight
	calls    map[string]*liveCall
	changed  map[string]struct{} // calls since the last writing
	ended    endings
}

type droppedAccount struct {
	scope Scope
	name  string
}

func newBook(k Kind, zone *time.Location, most int) *book {
	b := &book{kind: k, zone: zone, most: most, calls: map[string]*liveCall{}, changed: map[string]struct{}{}}
	for s := range b.accounts {
		b.accounts[s] = map[string]*account{}
	}
	return b
}

// smallStep is how far back a clock may step without bringing yesterday back: it would
// begin the limits of both days anew.
const smallStep = time.Hour

// today finds the day of an instant; dividing up the calendar on each request would
// cost more than the rest.
func (b *book) today(at time.Time) {
	if !b.ends.IsZero() && at.Before(b.ends) && b.begins.Sub(at) < smallStep {
		return
	}
	y, m, d := at.In(b.zone).Date()
	b.begins, b.ends = time.Date(y, m, d, 0, 0, 0, 0, b.zone), time.Date(y, m, d+1, 0, 0, 0, 0, b.zone)
	b.day = time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

// reserve enters an action into all its accounts, or into none. In the mode watch
// there may be a ticket and a refusal.
func (b *book) reserve(r *Rules, a *Ask, d destination, now time.Time, g *Guard) (*Ticket, *problem.Problem) {
	user := r.users[a.User]
	units := max(a.Units, 1)
	calls := uint32(0)
	if b.kind == Call {
		units, calls = max(r.minutes, 1), 1
	}
	cost := min(d.price*Money(units), maxMoney)
	names := [scopes]string{ScopeTotal: "", ScopeUser: a.User, ScopePrefix: d.prefix, ScopeNumber: d.number}

	b.mu.Lock()
	defer b.mu.Unlock()
	b.today(now)
	var found [scopes]*account
	var watched *problem.Problem
	for s := range scopes {
		if s == ScopeNumber && names[s] == "" {
			continue // the mode watch, for what is no number
		}
		x := b.account(s, names[s], r, now)
		if x == nil {
			return nil, limited("accounts", "Limit reached: "+things[b.kind]+" to different numbers!", time.Minute)
		}
		x.roll(now, b.day)
		l := r.limits(s, user)
		if short, ok := x.room(&l, cost, now, b.ends); !ok {
			b.full(g, r, x, &l, now, short.period)
			p := limited(s.String()+"_"+rulePeriod(short.period), limitText(b.kind, s, short.period), short.wait)
			if r.mode == ModeEnforce {
				return nil, p
			}
			watched = p
		}
		found[s] = x
	}
	for s, x := range found {
		if x == nil {
			continue
		}
		x.take(cost, calls)
		b.mark(x)
		l := r.limits(Scope(s), user)
		b.tell(g, r, x, &l, now)
	}
	return &Ticket{
		book: b, kind: b.kind, user: a.User, number: found[ScopeNumber].nameOf(), text: a.Text, prefix: found[ScopePrefix].name,
		cost: cost, price: d.price, day: b.day, open: true,
	}, watched
}

func (a *account) nameOf() string {
	if a == nil {
		return ""
	}
	return a.name
}

// account finds an account or opens one; nil when there is no room and every
// account that was looked at is needed.
func (b *book) account(s Scope, name string, r *Rules, now time.Time) *account {
	if x := b.accounts[s][name]; x != nil {
		return x
	}
	if b.n >= b.most && s == ScopeNumber && !b.makeRoom(r, now) {
		return nil
	}
	return b.open(s, name)
}

// makeRoom forgets the number that has used least of its limits among a few (the
// order of a map is random), never one whose limit is in force. Users and prefixes
// are few, and stay.
func (b *book) makeRoom(r *Rules, now time.Time) bool {
	l := r.scopes[ScopeNumber]
	var least *account
	share, seen := 1.0, 0
	for _, x := range b.accounts[ScopeNumber] {
		if x.idle(now, b.day) {
			least = x
			break
		}
		x.roll(now, b.day)
		if v := x.share(&l, now); v < share {
			least, share = x, v
		}
		if seen++; seen == 64 {
			break
		}
	}
	if least == nil {
		return false
	}
	b.forget(least)
	return true
}

// mark remembers that an account has to be written.
func (b *book) mark(x *account) {
	if !x.dirty {
		x.dirty = true
		b.dirty = append(b.dirty, x)
	}
}

func (b *book) forget(x *account) {
	delete(b.accounts[x.scope], x.name)
	b.n--
	b.dropped = append(b.dropped, droppedAccount{x.scope, x.name})
}

// sweep forgets what changes nothing for its owner.
func (b *book) sweep(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.today(now)
	for s := range b.accounts {
		for _, x := range b.accounts[s] {
			x.roll(now, b.day)
			x.refusals.roll(now, time.Minute)
			if x.idle(now, b.day) {
				b.forget(x)
			}
		}
	}
}

// burst counts a refusal of a user and reports whether there were so many within a
// minute that somebody should look, at most once in ten minutes.
func (b *book) burst(user string, many uint32, now time.Time) bool {
	const pause = 600
	b.mu.Lock()
	defer b.mu.Unlock()
	b.today(now)
	x := b.open(ScopeUser, user)
	x.refusals.roll(now, time.Minute)
	x.refusals.now++
	if many == 0 || x.refusals.used(now, time.Minute) < uint64(many) || now.Unix()-x.burstAt < pause && now.Unix() >= x.burstAt {
		return false
	}
	x.burstAt = now.Unix()
	return true
}

// tell raises the alarms of a daily limit, each once a day.
func (b *book) tell(g *Guard, r *Rules, x *account, l *limits, now time.Time) {
	if l.day == 0 && l.spend == 0 {
		return
	}
	for _, w := range [...]struct {
		bit          uint8
		level        Level
		rule         string
		value, limit int64
	}{
		{toldCount80, Level80, "per_day", int64(x.count), int64(l.day)},
		{toldCount100, Level100, "per_day", int64(x.count), int64(l.day)},
		{toldSpend80, Level80, "spend", int64(x.spent), int64(l.spend)},
		{toldSpend100, Level100, "spend", int64(x.spent), int64(l.spend)},
	} {
		if w.limit <= 0 || x.told&w.bit != 0 || w.level == Level80 && w.value < (w.limit*8+9)/10 || w.level == Level100 && w.value < w.limit {
			continue
		}
		x.told |= w.bit
		b.mark(x)
		g.alarms.raise(Alarm{At: now, Kind: b.kind, Level: w.level, Scope: x.scope, Name: x.name, Rule: x.scope.String() + "_" + w.rule, Value: w.value, Limit: w.limit}, r)
	}
}

// full raises the alarm of a daily limit that is used up although a little of it is
// left, less than the action costs.
func (b *book) full(g *Guard, r *Rules, x *account, l *limits, now time.Time, period string) {
	if period != "spend" || x.told&toldSpend100 != 0 {
		return
	}
	x.told |= toldSpend100
	b.mark(x)
	g.alarms.raise(Alarm{At: now, Kind: b.kind, Level: Level100, Scope: x.scope, Name: x.name, Rule: x.scope.String() + "_spend", Value: int64(x.spent), Limit: int64(l.spend)}, r)
}
