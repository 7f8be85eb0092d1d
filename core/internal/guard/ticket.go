package guard

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Ticket is an action that was let through. Its methods are safe for concurrent use
// and do nothing on nil.
type Ticket struct {
	book   *book
	kind   Kind
	user   string
	number string // E.164, "" in the mode watch for what is none
	text   string
	prefix string
	cost   Money // as entered
	price  Money
	day    int64
	ctx    context.Context // see [With]

	// The book's lock guards these.
	open bool // nothing has been decided about the cost
	used bool
	back bool // nothing left when it was used last
}

// User is who asked.
func (t *Ticket) User() string {
	if t == nil {
		return ""
	}
	return t.user
}

// Use reports whether the ticket covers one action to a destination, and marks it
// used: a module that calls another number than it was asked to, or more than
// once, needs another ticket.
func (t *Ticket) Use(k Kind, destination string) bool {
	if t == nil || t.kind != k {
		return false
	}
	t.book.mu.Lock()
	defer t.book.mu.Unlock()
	if t.used || destination == "" || destination != t.text && destination != t.number {
		return false
	}
	t.used, t.back = true, false
	return true
}

// Unuse makes the ticket good for another try: certainly nothing left.
func (t *Ticket) Unuse() {
	if t == nil {
		return
	}
	t.book.mu.Lock()
	defer t.book.mu.Unlock()
	t.used, t.back = false, true
}

// Placed says that a call has the uuid on a node, or may have it. From now on the
// call's end settles its cost; see [Guard.Ended].
func (t *Ticket) Placed(node, uuid string, now time.Time) {
	if t == nil || t.kind != Call || uuid == "" {
		return
	}
	b := t.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if !t.open || b.calls[uuid] != nil {
		return
	}
	t.open = false
	c := &liveCall{UUID: uuid, Node: node, User: t.user, Number: t.number, Prefix: t.prefix, Began: now, Cost: t.cost, Price: t.price, Day: t.day}
	b.calls[uuid] = c
	b.changed[uuid] = struct{}{}
	if lasted, early := b.ended.lasted[uuid]; early {
		b.settle(c, lasted, now)
	}
}

// Close ends the action. sent says that something may have left although no call
// was placed; see [Ticket.Unuse] for who knows better. What certainly did not happen
// costs nothing; it stays counted as an attempt.
func (t *Ticket) Close(sent bool) {
	if t == nil {
		return
	}
	b := t.book
	b.mu.Lock()
	defer b.mu.Unlock()
	if !t.open {
		return
	}
	t.open = false
	c := &liveCall{User: t.user, Number: t.number, Prefix: t.prefix, Day: t.day}
	if !sent || t.back {
		b.refund(c, t.cost)
	}
	if t.kind == Call {
		b.release(c)
	}
}

// liveCall is a call that this gateway placed and whose end is not known.
type liveCall struct {
	UUID   string    `json:"-"` // the key
	Node   string    `json:"node"`
	User   string    `json:"user"`
	Number string    `json:"number"`
	Prefix string    `json:"prefix"`
	Began  time.Time `json:"began"`
	Cost   Money     `json:"cost"` // what is entered for it
	Price  Money     `json:"price"`
	Day    int64     `json:"day"`
	seen   time.Time // when it was last asked for
}

// names are the accounts that a call is entered in.
func (c *liveCall) names() [scopes]string {
	return [scopes]string{ScopeTotal: "", ScopeUser: c.User, ScopePrefix: c.Prefix, ScopeNumber: c.Number}
}

// each calls fn with the accounts of a call that are not forgotten, and marks them.
func (b *book) each(c *liveCall, fn func(x *account)) {
	for s, name := range c.names() {
		if x := b.accounts[s][name]; x != nil {
			fn(x)
			b.mark(x)
		}
	}
}

// charge enters money of the present day.
func (b *book) charge(c *liveCall, sum Money, now time.Time) {
	b.today(now)
	b.each(c, func(x *account) {
		x.roll(now, b.day)
		x.spent += sum
	})
}

// refund takes back money of the day on which the call began; that of another day is
// gone with that day.
func (b *book) refund(c *liveCall, sum Money) {
	b.each(c, func(x *account) {
		if x.day == c.Day {
			x.spent = max(x.spent-sum, 0)
		}
	})
}

// release is one simultaneous call less.
func (b *book) release(c *liveCall) {
	b.each(c, func(x *account) {
		if x.atOnce > 0 {
			x.atOnce--
		}
	})
}

// cost of a call that lasted so long; every minute that was begun counts.
func (c *liveCall) cost(lasted time.Duration) Money {
	if lasted <= 0 {
		return 0
	}
	return min(c.Price*Money((lasted+time.Minute-1)/time.Minute), maxMoney)
}

// settle ends a live call that lasted so long.
func (b *book) settle(c *liveCall, lasted time.Duration, now time.Time) {
	if more := c.cost(lasted) - c.Cost; more > 0 {
		b.charge(c, more, now)
	} else {
		b.refund(c, -more)
	}
	b.release(c)
	delete(b.calls, c.UUID)
	b.changed[c.UUID] = struct{}{}
}

// accrue enters the minutes that live calls have gone on beyond what was reserved,
// so that long calls use up the day's money, and raise its alarms, while they live.
func (b *book) accrue(g *Guard, now time.Time) {
	r := g.Rules(b.kind)
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, c := range b.calls {
		due := c.cost(now.Sub(c.Began))
		if due <= c.Cost {
			continue
		}
		b.charge(c, due-c.Cost, now)
		c.Cost = due
		b.changed[id] = struct{}{}
		if r == nil || r.mode == ModeOff {
			continue
		}
		b.each(c, func(x *account) {
			l := r.limits(x.scope, r.users[c.User])
			b.tell(g, r, x, &l, now)
		})
	}
}

// oldest returns the calls without a sign of life for so long, the longest first.
func (b *book) oldest(now time.Time, after time.Duration, most int) []liveCall {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []liveCall
	for _, c := range b.calls {
		if last := latest(c.Began, c.seen); now.Sub(last) >= after {
			out = append(out, *c)
		}
	}
	slices.SortFunc(out, compareCalls)
	out = out[:min(most, len(out))]
	for _, c := range out {
		b.calls[c.UUID].seen = now
	}
	return out
}

func latest(x, y time.Time) time.Time {
	if y.After(x) {
		return y
	}
	return x
}

func compareCalls(x, y liveCall) int {
	if c := latest(x.Began, x.seen).Compare(latest(y.Began, y.seen)); c != 0 {
		return c
	}
	return cmp.Compare(x.UUID, y.UUID)
}

// endings remembers the last calls that ended, placed by whoever: the end of a short
// call may be told before its answer has come.
type endings struct {
	lasted map[string]time.Duration
	order  []string
	next   int
}

const maxEndings = 4096

func (e *endings) put(uuid string, lasted time.Duration) {
	if e.lasted == nil {
		e.lasted, e.order = make(map[string]time.Duration), make([]string, maxEndings)
	}
	delete(e.lasted, e.order[e.next])
	e.order[e.next] = uuid
	e.next = (e.next + 1) % maxEndings
	e.lasted[uuid] = lasted
}
