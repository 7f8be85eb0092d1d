package guard

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"
)

// Level says how bad an alarm is.
type Level string

// Levels.
const (
	Level80    Level = "80"    // percent of a daily limit
	Level100   Level = "100"   // percent of a daily limit
	LevelBurst Level = "burst" // many refusals of one user
)

// Alarm is something that a person should look at.
type Alarm struct {
	At    time.Time
	Kind  Kind
	Level Level
	Scope Scope
	// Name is the user, masked number or prefix; "" for the whole gateway.
	Name string
	// Rule is the setting that the alarm is about, or for a burst the last refusal.
	Rule string
	// Value and Limit are counts, or [Money] when Rule ends in spend.
	Value, Limit int64
}

// Money reports whether Value and Limit are amounts.
func (a *Alarm) Money() bool { return strings.HasSuffix(a.Rule, "spend") }

const (
	keptAlarms = 50
	// queuedAlarms bounds what waits for delivery; more are only counted.
	queuedAlarms = 256
	hookAttempts = 5
	hookTimeout  = 10 * time.Second
	alarmTimeout = 10 * time.Second
)

// alarms keeps the last ones and delivers them one after the other.
type alarms struct {
	g     *Guard
	queue chan queuedAlarm

	mu     sync.Mutex
	last   []Alarm // the newest last
	totals map[alarmKey]uint64
	lost   uint64
}

type alarmKey struct {
	kind  Kind
	level Level
}

type queuedAlarm struct {
	Alarm
	rules *Rules
}

func newAlarms(g *Guard) *alarms {
	return &alarms{g: g, queue: make(chan queuedAlarm, queuedAlarms), totals: map[alarmKey]uint64{}}
}

// raise never blocks: it is called with the book's lock held.
func (s *alarms) raise(a Alarm, r *Rules) {
	if a.Scope == ScopeNumber {
		a.Name = s.g.opt.Mask(a.Name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.totals[alarmKey{a.Kind, a.Level}]++
	if len(s.last) == keptAlarms {
		s.last = slices.Delete(s.last, 0, 1)
	}
	s.last = append(s.last, a)
	select {
	case s.queue <- queuedAlarm{a, r}:
	default:
		s.lost++
	}
}

// Alarms returns the last alarms, the newest first.
func (g *Guard) Alarms() []Alarm {
	g.alarms.mu.Lock()
	defer g.alarms.mu.Unlock()
	out := slices.Clone(g.alarms.last)
	slices.Reverse(out)
	return out
}

// AlarmCount counts alarms since the start.
type AlarmCount struct {
	Kind  Kind
	Level Level
	Count uint64
}

// AlarmCounts returns all counts, and how many alarms nobody could be told of
// because there were too many at a time.
func (g *Guard) AlarmCounts() (counts []AlarmCount, lost uint64) {
	g.alarms.mu.Lock()
	defer g.alarms.mu.Unlock()
	for _, k := range Kinds() {
		for _, l := range []Level{Level80, Level100, LevelBurst} {
			counts = append(counts, AlarmCount{k, l, g.alarms.totals[alarmKey{k, l}]})
		}
	}
	return counts, g.alarms.lost
}

// deliver tells everybody of alarms until ctx ends; what waits by then is put on record.
// The webhook has a queue of its own: a slow one must not keep an alarm from the log and
// the audit record.
func (s *alarms) deliver(ctx context.Context) {
	hooks := make(chan queuedAlarm, queuedAlarms)
	var posting sync.WaitGroup
	posting.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case a := <-hooks:
				s.post(ctx, &a)
			}
		}
	})
	defer posting.Wait()
	for {
		select {
		case <-ctx.Done():
			for {
				select {
				case a := <-s.queue:
					s.record(ctx, &a)
				default:
					return
				}
			}
		case a := <-s.queue:
			s.record(ctx, &a)
			if a.rules.hook.URL == "" || s.g.opt.Post == nil {
				continue
			}
			select {
			case hooks <- a:
			default:
				s.g.opt.Log.Error("an alarm is not posted: too many wait", "rule", a.Rule)
			}
		}
	}
}

func (s *alarms) record(ctx context.Context, a *queuedAlarm) {
	log := s.g.opt.Log
	log.Warn("alarm", "kind", string(a.Kind), "level", string(a.Level), "scope", a.Scope.String(), "name", a.Name, "rule", a.Rule, "value", a.Value, "limit", a.Limit)
	if s.g.opt.Alarm == nil {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), alarmTimeout)
	defer stop()
	if err := s.g.opt.Alarm(ctx, a.Alarm); err != nil {
		log.Error("an alarm is not in the journal", "rule", a.Rule, "error", err)
	}
}

// hookBody is what a webhook gets.
type hookBody struct {
	Time     time.Time `json:"time"`
	Kind     Kind      `json:"kind"`
	Level    Level     `json:"level"`
	Scope    string    `json:"scope"`
	Name     string    `json:"name"`
	Rule     string    `json:"rule"`
	Value    string    `json:"value"`
	Limit    string    `json:"limit"`
	Currency string    `json:"currency,omitempty"`
}

// Texts returns value and limit as people read them.
func (a *Alarm) Texts() (value, limit string) {
	if a.Money() {
		return Money(a.Value).String(), Money(a.Limit).String()
	}
	return Money(a.Value * int64(unit)).String(), Money(a.Limit * int64(unit)).String()
}

// post tries a few times, waiting longer each time.
func (s *alarms) post(ctx context.Context, a *queuedAlarm) {
	b := hookBody{Time: a.At.UTC(), Kind: a.Kind, Level: a.Level, Scope: a.Scope.String(), Name: a.Name, Rule: a.Rule}
	b.Value, b.Limit = a.Texts()
	if a.Money() {
		b.Currency = a.rules.currency
	}
	body, err := json.Marshal(b)
	if err != nil {
		s.g.opt.Log.Error("an alarm cannot be written", "error", err)
		return
	}
	for n := range hookAttempts {
		own, stop := context.WithTimeout(ctx, hookTimeout)
		err = s.g.opt.Post(own, a.rules.hook, body)
		stop()
		if err == nil || ctx.Err() != nil {
			return
		}
		if n < hookAttempts-1 && !s.g.opt.Sleep(ctx, time.Second<<n) {
			return
		}
	}
	s.g.opt.Log.Error("an alarm could not be posted", "rule", a.Rule, "attempts", hookAttempts, "error", err)
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
