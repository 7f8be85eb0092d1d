package guard

import "time"

// Scope is what a limit is about.
type Scope uint8

// Scopes, in the order in which they are asked.
const (
	ScopeTotal Scope = iota
	ScopeUser
	ScopePrefix
	ScopeNumber
	scopes
)

// scopeNames begin the names of the settings.
var scopeNames = [scopes]string{"total", "user", "prefix", "number"}

func (s Scope) String() string {
	if s < scopes {
		return scopeNames[s]
	}
	return "unknown"
}

// account is what one user, number, prefix or the whole gateway has used.
type account struct {
	name   string
	scope  Scope
	minute window
	hour   window
	day    int64 // days since the epoch, in the gateway's zone
	count  uint32
	spent  Money  // of the day
	atOnce uint32 // calls that live
	told   uint8  // alarms of the day that were raised: bits of [told80] and so on
	dirty  bool

	refusals window // of a user, for bursts
	burstAt  int64  // unix seconds of the last alarm about one
}

// Bits of account.told.
const (
	toldCount80 uint8 = 1 << iota
	toldCount100
	toldSpend80
	toldSpend100
)

func (a *account) roll(at time.Time, day int64) {
	a.minute.roll(at, time.Minute)
	a.hour.roll(at, time.Hour)
	if a.day != day {
		// A day is forgotten when another begins, also after a clock was wrong.
		a.day, a.count, a.spent, a.told = day, 0, 0, 0
	}
}

// shortage is a limit without room.
type shortage struct {
	period string // minute, hour, day, at_once, spend
	wait   time.Duration
}

// room reports the first limit that one more action of a cost does not fit under.
func (a *account) room(l *limits, cost Money, at, midnight time.Time) (s shortage, ok bool) {
	if l.atOnce > 0 && a.atOnce >= l.atOnce {
		return shortage{"at_once", atOnceRetry}, false
	}
	if l.minute > 0 {
		if ok, wait := a.minute.room(at, time.Minute, l.minute); !ok {
			return shortage{"minute", wait}, false
		}
	}
	if l.hour > 0 {
		if ok, wait := a.hour.room(at, time.Hour, l.hour); !ok {
			return shortage{"hour", wait}, false
		}
	}
	if l.day > 0 && a.count >= l.day {
		return shortage{"day", midnight.Sub(at)}, false
	}
	if l.spend > 0 && a.spent+cost > l.spend {
		return shortage{"spend", midnight.Sub(at)}, false
	}
	return s, true
}

// atOnceRetry is when a caller may ask again for one more simultaneous call: calls
// end at any time.
const atOnceRetry = 10 * time.Second

func (a *account) take(cost Money, calls uint32) {
	a.minute.now++
	a.hour.now++
	a.count++
	a.spent += cost
	a.atOnce += calls
}

// idle reports whether forgetting the account changes nothing.
func (a *account) idle(at time.Time, day int64) bool {
	return a.atOnce == 0 && a.minute.idle(at, time.Minute) && a.hour.idle(at, time.Hour) && a.refusals.idle(at, time.Minute) &&
		(a.day != day || a.count == 0 && a.spent == 0)
}

// share is how much of its limits the account has used: 1 and above means that one
// of them is in force.
func (a *account) share(l *limits, at time.Time) float64 {
	share := 0.0
	part := func(used, limit float64) {
		if limit > 0 {
			share = max(share, used/limit)
		}
	}
	part(float64(a.minute.used(at, time.Minute)), float64(l.minute))
	part(float64(a.hour.used(at, time.Hour)), float64(l.hour))
	part(float64(a.count), float64(l.day))
	part(float64(a.spent), float64(l.spend))
	if a.atOnce > 0 {
		share = max(share, 1) // its calls have to find it again
	}
	return share
}
