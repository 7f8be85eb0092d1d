// Package guard decides whether an action that costs money may run: whether its
// destination is allowed, whether a limit has room, and whether the day's money
// suffices. It stands between the checked parameters and the plugin, so a module
// of a partner is guarded like one of ours.
//
// A [Guard] holds one book per [Kind]. [Guard.Reserve] enters an action into it,
// in all its accounts or in none, before anything leaves; the [Ticket] that it
// returns gives back what was not used. The books outlive a restart.
package guard

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/sms/segments"
)

// Kind is what an action spends, as the manifest's "spends" names it.
type Kind string

// Kinds.
const (
	Call    Kind = "call"
	Message Kind = "message"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Call, Message} }

// Valid reports whether there is such a kind.
func (k Kind) Valid() bool { return k == Call || k == Message }

// Number is a destination. E164 is "" when the text is no telephone number that is
// in use anywhere, then it is an internal one or none at all.
type Number struct {
	E164   string // "+79100000000"
	Region string // ISO 3166-1 alpha-2, "001" for numbers of no country
	Type   string // mobile, premium_rate … as package params calls them
}

// Ask is one action that wants to run. Its strings stay with the guard: they must
// not borrow from a buffer.
type Ask struct {
	Kind Kind
	User string
	// Text is the destination as it will be dialled. It is looked up when Number has
	// no E164.
	Text   string
	Number Number
	// Units are the parts of a message, at least 1; not used for calls.
	Units int
}

// Options configure a Guard. Every field is needed unless it says otherwise.
type Options struct {
	Store Store
	Log   hclog.Logger
	// Zone is the gateway's: its midnight ends a day.
	Zone *time.Location
	// Lookup finds out which number a dialled text means.
	Lookup func(text string) (Number, bool)
	// Zones names the IANA time zones in which a number may be, none when nobody
	// knows.
	Zones func(e164 string) []string
	// Mask shortens a number in alarms and lists; nil leaves it whole.
	Mask func(e164 string) string
	// Alarm records an alarm where auditors look; nil for nowhere.
	Alarm func(ctx context.Context, a Alarm) error
	// Post delivers an alarm to the webhook; nil for no webhooks. See [Rules].
	Post func(ctx context.Context, hook Webhook, body []byte) error
	// Live asks whether a call still lives; nil when nobody can tell. An error means
	// that it is not known.
	Live func(ctx context.Context, node, uuid string) (bool, error)
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Sleep waits and reports false when ctx ended first; nil means a real pause.
	Sleep func(ctx context.Context, d time.Duration) bool
	// MaxAccounts bounds the accounts of each kind; 0 means 200,000.
	MaxAccounts int
}

// Guard is safe for concurrent use. Create it with [New], give it rules with
// [Guard.SetRules], and let [Guard.Run] work beside it.
type Guard struct {
	opt    Options
	rules  [2]atomic.Pointer[Rules]
	books  [2]*book
	alarms *alarms
	counts counts

	writing sync.Mutex // held while changes are on their way to the store
}

// New reads the books of the last run. Until rules are set, nothing is allowed.
//
// # Errors
//
// The store's.
func New(ctx context.Context, o Options) (*Guard, error) {
	if o.Store == nil || o.Log == nil || o.Zone == nil || o.Lookup == nil || o.Zones == nil {
		return nil, errors.New("guard: Store, Log, Zone, Lookup and Zones are needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Mask == nil {
		o.Mask = func(s string) string { return s }
	}
	if o.Sleep == nil {
		o.Sleep = pause
	}
	if o.MaxAccounts == 0 {
		o.MaxAccounts = 200_000
	}
	g := &Guard{opt: o}
	g.alarms = newAlarms(g)
	for i, k := range Kinds() {
		g.books[i] = newBook(k, o.Zone, o.MaxAccounts)
	}
	return g, g.load(ctx)
}

func (k Kind) index() int {
	if k == Message {
		return 1
	}
	return 0
}

// SetRules brings rules into force for one kind; requests that were let through go
// on.
func (g *Guard) SetRules(k Kind, r *Rules) { g.rules[k.index()].Store(r) }

// Rules returns the rules in force, nil before the first ones.
func (g *Guard) Rules(k Kind) *Rules { return g.rules[k.index()].Load() }

// Reserve decides about an action and enters it into the book. The ticket is nil
// when nothing has to be given back: the guard is off, or the destination is
// internal; all methods of a nil Ticket do nothing.
//
// # Errors
//
// 403 for a destination that is refused, 429 with RetryAfter for a limit. The text
// says which rule, and nothing about other users.
func (g *Guard) Reserve(a Ask) (*Ticket, *problem.Problem) {
	r := g.Rules(a.Kind)
	switch {
	case !a.Kind.Valid() || r == nil:
		return nil, refuse("unknown_kind", "Destination refused: nobody has set the rules!")
	case r.mode == ModeOff:
		return nil, nil
	}
	now := g.opt.Now()
	dest, refusal := g.destination(r, &a, now)
	if refusal != nil {
		if refusal = g.refused(r, a.User, refusal, now); refusal != nil {
			return nil, refusal
		}
	}
	if dest.internal {
		return nil, nil
	}
	t, refusal := g.books[a.Kind.index()].reserve(r, &a, dest, now, g)
	if refusal != nil {
		if refusal = g.refused(r, a.User, refusal, now); refusal != nil {
			return nil, refusal
		}
	}
	return t, nil
}

// refused counts a refusal. In the mode watch it lets the action through.
func (g *Guard) refused(r *Rules, user string, p *problem.Problem, now time.Time) *problem.Problem {
	g.counts.refused(r.kind, p.Field)
	if g.books[r.kind.index()].burst(user, r.refusals, now) {
		g.alarms.raise(Alarm{At: now, Kind: r.kind, Level: LevelBurst, Scope: ScopeUser, Name: user, Rule: p.Field, Limit: int64(r.refusals), Value: int64(r.refusals)}, r)
	}
	out := *p
	out.Reason, out.Field = "guard of "+string(r.kind)+"s: "+p.Field, ""
	if r.mode == ModeWatch {
		g.opt.Log.Warn("would be refused", "kind", string(r.kind), "user", user, "rule", p.Field)
		return nil
	}
	return &out
}

type ticketKey struct{}

// ticketContext is a Ticket as the context that carries it: the common case costs
// one allocation less.
type ticketContext Ticket

var _ context.Context = (*ticketContext)(nil)

func (c *ticketContext) Deadline() (time.Time, bool) { return c.ctx.Deadline() }
func (c *ticketContext) Done() <-chan struct{}       { return c.ctx.Done() }
func (c *ticketContext) Err() error                  { return c.ctx.Err() }

func (c *ticketContext) Value(key any) any {
	if key == (ticketKey{}) {
		return (*Ticket)(c)
	}
	return c.ctx.Value(key)
}

// With returns a context that carries the ticket to the host operations. A ticket is
// carried once.
func With(ctx context.Context, t *Ticket) context.Context {
	if t == nil {
		return context.WithValue(ctx, ticketKey{}, t) // hides the one of the context
	}
	t.ctx = ctx
	return (*ticketContext)(t)
}

// From returns the ticket of [With], nil when there is none.
func From(ctx context.Context) *Ticket {
	t, _ := ctx.Value(ticketKey{}).(*Ticket)
	return t
}

// Segments returns how many SMS a text becomes, the [Ask.Units] of a message.
func Segments(text string) int {
	_, n := segments.Count(text)
	return n
}
