package main

import (
	"math"
	"slices"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// Orders in which the providers of a rule are tried.
const (
	asListed = "listed"
	byWeight = "weights"
	byPrice  = "price"
)

// noPrice goes behind every price.
var noPrice = math.Inf(1)

// rule says which providers get which messages. Empty conditions hold for every
// message.
type rule struct {
	name        string
	prefixes    []string // of the number in E.164, without the plus sign
	regions     []string
	originators []string
	projects    []string

	order    string
	targets  []target
	failover bool
}

// target is one provider instance of a rule.
type target struct {
	provider string
	weight   int
}

func newRule(v patchbay.Value) *rule {
	r := &rule{
		name: v.Get("name").String(), regions: texts(v.Get("regions")), originators: texts(v.Get("originators")), projects: texts(v.Get("projects")),
		order: v.Get("order").String(), failover: !v.Get("failover").Exists() || v.Get("failover").Bool(),
	}
	if r.order == "" {
		r.order = asListed
	}
	for _, p := range texts(v.Get("prefixes")) {
		r.prefixes = append(r.prefixes, strings.TrimPrefix(p, "+"))
	}
	for e := range v.Get("providers").Elements() {
		t := target{e.Get("provider").String(), 1}
		if weight, ok := e.Get("weight").Int(); ok {
			t.weight = int(weight)
		}
		r.targets = append(r.targets, t)
	}
	return r
}

func texts(v patchbay.Value) []string {
	var out []string
	for e := range v.Elements() {
		out = append(out, e.String())
	}
	return out
}

// takes reports whether the rule is for a message.
func (r *rule) takes(m *message) bool {
	has := func(list []string, text string) bool { return len(list) == 0 || slices.Contains(list, text) }
	number := strings.TrimPrefix(m.phone, "+")
	return has(r.regions, m.region) && has(r.originators, m.originator) && has(r.projects, m.projectID) &&
		(len(r.prefixes) == 0 || slices.ContainsFunc(r.prefixes, func(p string) bool { return strings.HasPrefix(number, p) }))
}

// route is the way of one message: the first rule that takes it, and the
// providers in the order in which they may be asked.
type route struct {
	rule       *rule
	candidates []patchbay.Provider
	missing    []string // named by the rule, but not configured or switched off
}

// newRoute chooses among the providers that are configured. The choice depends
// on the settings and the message only.
func newRoute(m *message, all []patchbay.Provider) route {
	i := slices.IndexFunc(settings.rules, func(r *rule) bool { return r.takes(m) })
	r := route{rule: settings.rules[i]} // the last one takes everything
	if settings.listsUnnamed && i == len(settings.rules)-1 {
		r.candidates = readyFirst(all)
		return r
	}
	for _, t := range r.rule.ordered(m.key) {
		at := slices.IndexFunc(all, func(p patchbay.Provider) bool { return p.Instance == t.provider })
		if at < 0 {
			r.missing = append(r.missing, t.provider)
			continue
		}
		r.candidates = append(r.candidates, all[at])
	}
	return r
}

// readyFirst puts those that cannot run now last: asking them is harmless, and
// they may be back.
func readyFirst(all []patchbay.Provider) []patchbay.Provider {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b patchbay.Provider) int {
		switch {
		case a.Ready == b.Ready:
			return 0
		case a.Ready:
			return -1
		}
		return 1
	})
	return out
}

// ordered returns the rule's targets in the order for the message with a key.
func (r *rule) ordered(key string) []target {
	score := func(t target) float64 { return 0 }
	switch r.order {
	case byPrice:
		score = func(t target) float64 {
			if price, ok := settings.prices[t.provider]; ok {
				return price
			}
			return noPrice
		}
	case byWeight:
		score = func(t target) float64 { return t.share(key) }
	}
	out := slices.Clone(r.targets)
	slices.SortStableFunc(out, func(a, b target) int {
		switch x, y := score(a), score(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return out
}

// share is the target's place by weight (weighted rendezvous hashing): of many
// keys each target is the lowest for as many as its weight says, and without the
// lowest one the rest keep their shares. A weight of 0 is a reserve.
func (t target) share(key string) float64 {
	if t.weight <= 0 {
		return noPrice
	}
	// 53 bits make a number between 0 and 1, both excluded.
	u := (float64(hash(key, t.provider)>>11) + 0.5) / (1 << 53)
	return -math.Log(u) / float64(t.weight)
}

// hash is FNV-1a with a final mix, without which neighbouring keys would follow
// one another.
func hash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, s := range parts {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}
