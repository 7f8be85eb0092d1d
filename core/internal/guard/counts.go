package guard

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// counts are the refusals since the start.
type counts struct {
	mu      sync.Mutex
	refuses map[refusalKey]uint64
}

type refusalKey struct {
	kind Kind
	rule string
}

func (c *counts) refused(k Kind, rule string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.refuses == nil {
		c.refuses = map[refusalKey]uint64{}
	}
	c.refuses[refusalKey{k, rule}]++ // rules are a fixed set of words
}

// Refusals counts the refusals of one rule since the start.
type Refusals struct {
	Kind  Kind
	Rule  string
	Count uint64
}

// Refusals returns all that are not zero, by kind and rule.
func (g *Guard) Refusals() []Refusals {
	g.counts.mu.Lock()
	defer g.counts.mu.Unlock()
	out := make([]Refusals, 0, len(g.counts.refuses))
	for k, n := range g.counts.refuses {
		out = append(out, Refusals{k.kind, k.rule, n})
	}
	slices.SortFunc(out, func(x, y Refusals) int { return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Rule, y.Rule)) })
	return out
}

// Usage is what one account has used.
type Usage struct {
	Scope  Scope
	Name   string
	Minute uint64
	Hour   uint64
	Day    uint64
	AtOnce uint64
	Spent  Money
	// Share is the part of the nearest limit that is used, 0 without limits.
	Share float64
}

// Top returns the accounts of a kind that have used most of their limits, at most n
// of each scope, and how many accounts there are. Numbers are masked.
func (g *Guard) Top(k Kind, n int) (top []Usage, accounts int) {
	r, b, now := g.Rules(k), g.books[k.index()], g.opt.Now()
	if r == nil {
		return nil, 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.today(now)
	for s := range scopes {
		first := make([]Usage, 0, n+1)
		for _, x := range b.accounts[s] {
			x.roll(now, b.day)
			l := r.limits(s, r.users[x.name])
			u := Usage{s, x.name, x.minute.used(now, time.Minute), x.hour.used(now, time.Hour), uint64(x.count), uint64(x.atOnce), x.spent, x.share(&l, now)}
			if u.Hour == 0 && u.Day == 0 && u.AtOnce == 0 {
				continue
			}
			// Requests wait for the lock: only the first ones are kept in order.
			if at, _ := slices.BinarySearchFunc(first, u, byShare); at < n {
				first = slices.Insert(first, at, u)
				first = first[:min(n, len(first))]
			}
		}
		if s == ScopeNumber {
			for i := range first {
				first[i].Name = g.opt.Mask(first[i].Name)
			}
		}
		top = append(top, first...)
	}
	return top, b.n
}

// byShare puts the most used first.
func byShare(x, y Usage) int {
	return cmp.Or(cmp.Compare(y.Share, x.Share), cmp.Compare(y.Day, x.Day), cmp.Compare(x.Name, y.Name))
}
