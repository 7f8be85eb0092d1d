package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

// clock gives seconds; tests set it.
var clock = patchbay.Now

// gates stand before the providers. They live in the guest, and plugin.json says
// that the module has one guest, so they count every message. A restart, and every
// change of the settings, begins with closed breakers and full rates.
var gates *gateSet

type gateSet struct {
	failures int   // in a row that open a breaker; 0: never
	pause    int64 // seconds that it stays open at first
	all      map[string]*gate
}

func newGates(failures int, pause int64) *gateSet {
	return &gateSet{failures: failures, pause: pause, all: map[string]*gate{}}
}

// maxPause bounds how long a breaker stays open, in seconds.
const maxPause = 600

// gate is the breaker and the rate of one provider instance.
type gate struct {
	failed  int   // certain failures in a row
	opened  int64 // when the breaker opened; 0: it is closed
	pause   int64 // how long it stays open
	probing bool  // it is half open: one message is on its way

	rate   float64 // SMS per second; 0: no limit
	tokens float64 // negative after a message longer than a second's worth
	filled int64   // when tokens was right
}

func (s *gateSet) of(provider string) *gate {
	g := s.all[provider]
	if g == nil {
		g = &gate{}
		s.all[provider] = g
	}
	return g
}

func (s *gateSet) limit(provider string, rate float64) {
	g := s.of(provider)
	g.rate, g.filled = rate, clock()
	g.tokens = g.burst()
}

// burst is what may leave at once: a second's worth, at least one SMS.
func (g *gate) burst() float64 { return max(g.rate, 1) }

// verdict is what a gate says to a message.
type verdict struct {
	open    bool  // the breaker is open
	busy    bool  // the rate is used up
	retry   int64 // seconds until it may be otherwise
	granted bool
}

// admit lets a message of n SMS through or says why not. Who is let through
// reports what came of it: passed, failed, or called off.
func (s *gateSet) admit(provider string, n int) verdict {
	g, now := s.of(provider), clock()
	if g.opened != 0 {
		if rest := g.opened + g.pause - now; rest > 0 && rest <= g.pause {
			return verdict{open: true, retry: rest}
		}
		if g.probing {
			return verdict{open: true, retry: 1}
		}
	}
	if g.rate > 0 {
		if now > g.filled {
			g.tokens = min(g.tokens+float64(now-g.filled)*g.rate, g.burst())
		}
		g.filled = now
		// A message longer than the burst leaves when the bucket is full.
		need := min(float64(n), g.burst())
		if g.tokens < need {
			return verdict{busy: true, retry: int64((need-g.tokens)/g.rate) + 1}
		}
		g.tokens -= float64(n)
	}
	g.probing = g.opened != 0
	return verdict{granted: true}
}

// passed: the provider answered. The breaker closes.
func (s *gateSet) passed(provider string) {
	g := s.of(provider)
	g.failed, g.opened, g.pause, g.probing = 0, 0, 0, false
}

// failed: the provider certainly did not take the message. Enough of them in a
// row open the breaker; a probe that fails leaves it open for twice as long.
func (s *gateSet) failed(provider string) {
	g := s.of(provider)
	g.failed++
	if s.failures == 0 || g.opened == 0 && g.failed < s.failures {
		return
	}
	if g.opened != 0 && !g.probing {
		return // a message from before it opened
	}
	g.pause = min(max(g.pause*2, s.pause), max(maxPause, s.pause))
	g.opened, g.probing = clock(), false
}

// calledOff: nothing is known about the provider. The next message is the probe.
func (s *gateSet) calledOff(provider string) { s.of(provider).probing = false }
