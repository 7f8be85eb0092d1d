package guard

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
)

func moscow(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Moscow")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// memory is a store that outlives guards.
type memory struct {
	mu   sync.Mutex
	data map[string][]byte
	fail error
}

func (m *memory) Scan(_ context.Context, prefix string, fn func(string, []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(m.data)) {
		if strings.HasPrefix(k, prefix) {
			if err := fn(k, m.data[k]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *memory) Write(changes []Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	for _, c := range changes {
		if c.Value == nil {
			delete(m.data, c.Key)
			continue
		}
		if c.TTL <= 0 {
			return errors.New("an entry without an end: " + c.Key)
		}
		m.data[c.Key] = c.Value
	}
	return nil
}

// numbers are those that the rig knows; what begins with + is a Russian mobile
// number otherwise.
var numbers = map[string]Number{
	"89100000000":     {"+79100000000", "RU", "mobile"},
	"88091234567":     {"+78091234567", "RU", "premium_rate"},
	"+78401234567":    {"+78401234567", "RU", "fixed_line"},
	"+74951234567":    {"+74951234567", "RU", "fixed_line"},
	"+74232123456":    {"+74232123456", "RU", "fixed_line"},
	"+77011234567":    {"+77011234567", "KZ", "mobile"},
	"+442079460000":   {"+442079460000", "GB", "fixed_line"},
	"810442079460000": {"+442079460000", "GB", "fixed_line"},
	"+4479000000":     {"+4479000000", "GB", "premium_rate"},
	"+870773111632":   {"+870773111632", "001", "mobile"},
}

func lookup(text string) (Number, bool) {
	if n, ok := numbers[text]; ok {
		return n, true
	}
	if strings.HasPrefix(text, "+79") && len(text) == 12 {
		return Number{text, "RU", "mobile"}, true
	}
	return Number{}, false
}

func zonesOf(e164 string) []string {
	switch {
	case strings.HasPrefix(e164, "+7423"):
		return []string{"Asia/Vladivostok"}
	case strings.HasPrefix(e164, "+79"):
		return []string{"Europe/Moscow", "Asia/Vladivostok"}
	case strings.HasPrefix(e164, "+44"):
		return []string{"Europe/London"}
	}
	return nil
}

type rig struct {
	*Guard
	t     testing.TB
	store *memory
	opt   Options

	mu    sync.Mutex
	clock time.Time
}

// noon is in the middle of every window.
var noon = time.Date(2026, 11, 22, 12, 30, 30, 0, time.FixedZone("", 3*60*60))

// newRig starts a guard at noon with one set of settings for each kind.
func newRig(t testing.TB, call, message map[string]any, change ...func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, store: &memory{data: map[string][]byte{}}, clock: noon}
	r.opt = Options{Store: r.store, Log: hclog.NewNullLogger(), Zone: moscow(t), Lookup: lookup, Zones: zonesOf, Now: r.now}
	for _, c := range change {
		c(&r.opt)
	}
	r.start()
	r.rules(Call, call)
	r.rules(Message, message)
	return r
}

// start makes a guard on the same store, as a restart does.
func (r *rig) start() {
	r.t.Helper()
	g, err := New(r.t.Context(), r.opt)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.Guard != nil {
		for _, k := range Kinds() {
			g.SetRules(k, r.Rules(k))
		}
	}
	r.Guard = g
}

func (r *rig) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.clock
}

func (r *rig) pass(d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clock = r.clock.Add(d)
}

func compile(t testing.TB, k Kind, settings map[string]any) (*Rules, []Fault) {
	t.Helper()
	raw, err := transcode.FromAny(nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Schema(k)
	if err != nil {
		t.Fatal(err)
	}
	v := s.WithDefaults(raw)
	if err := s.Validate(v); err != nil {
		t.Fatalf("settings: %v", err)
	}
	return Compile(k, v, "RU", moscow(t))
}

func (r *rig) rules(k Kind, settings map[string]any) {
	r.t.Helper()
	rules, faults := compile(r.t, k, settings)
	if len(faults) > 0 {
		r.t.Fatal(faults)
	}
	r.SetRules(k, rules)
}

// try asks for one action and returns what the caller would see, "" when it may run.
func (r *rig) try(k Kind, user, text string) (string, *Ticket) {
	r.t.Helper()
	t, refusal := r.Reserve(Ask{Kind: k, User: user, Text: text})
	if refusal == nil {
		return "", t
	}
	if t != nil {
		r.t.Fatal("a ticket and a refusal")
	}
	if refusal.Status == 429 && refusal.RetryAfter <= 0 {
		r.t.Fatal("429 without Retry-After")
	}
	return refusal.Text, nil
}

func (r *rig) want(k Kind, user, text, want string) *Ticket {
	r.t.Helper()
	got, t := r.try(k, user, text)
	if got != want {
		r.t.Fatalf("%s of %s to %s: %q, want %q", k, user, text, got, want)
	}
	return t
}
