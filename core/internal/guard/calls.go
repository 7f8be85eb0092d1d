package guard

import (
	"context"
	"time"
)

const (
	// askAfter is how long a call is believed to live without a sign.
	askAfter = time.Minute
	// askAtMost bounds the calls that are asked for at a time.
	askAtMost = 50
	// askTimeout bounds one question.
	askTimeout = 5 * time.Second
	// longestCall ends a call that nobody can tell about.
	longestCall = 24 * time.Hour
)

// Ended says that a call on a node has ended and how long it lasted, as billed;
// calls that this gateway did not place may be told as well.
func (g *Guard) Ended(uuid string, lasted time.Duration) {
	b := g.books[Call.index()]
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.calls[uuid]; c != nil {
		b.settle(c, lasted, g.opt.Now())
		return
	}
	b.ended.put(uuid, lasted)
}

// Live is the number of calls that this gateway placed and that live.
func (g *Guard) Live() int {
	b := g.books[Call.index()]
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.calls)
}

// askCalls looks after calls whose end was not told: the link to the node was down,
// or its user may not see the event.
func (g *Guard) askCalls(ctx context.Context) {
	b, now := g.books[Call.index()], g.opt.Now()
	b.accrue(g, now)
	if g.opt.Live == nil {
		return
	}
	for _, c := range b.oldest(now, askAfter, askAtMost) {
		if ctx.Err() != nil {
			return
		}
		own, stop := context.WithTimeout(ctx, askTimeout)
		live, err := g.opt.Live(own, c.Node, c.UUID)
		stop()
		lasted := now.Sub(c.Began)
		if err == nil && !live || lasted > longestCall {
			g.Ended(c.UUID, lasted)
		}
	}
}
