// Package trace remembers what the last requests did: the tasks of plugins that
// served them, the host calls that those made, and how long each took. The last
// ones are kept, and slow and failed ones longer.
//
// A busy gateway keeps some requests of each second and not all: remembering costs
// a twentieth of a short one.
//
// An ordinary trace holds no contents: names, hosts, sizes, times and results. A
// request that is watched ([Recorder.Watch]), for a test that somebody started in
// the panel, also keeps what was sent and answered, without secrets.
package trace

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/wasm"
)

// Bounds of what is kept.
const (
	MaxRecent  = 2000 // requests
	MaxNotable = 1000 // slow and failed ones
	MaxSteps   = 64   // of one request; the rest is only counted
	maxOpen    = 4096 // requests in flight in one shard
	maxAge     = 15 * time.Minute
	shards     = 16
)

// Kinds of steps.
const (
	KindTask = "task" // a plugin at work
	KindCall = "call" // something that it asked the host for
)

// Step is one thing that happened.
type Step struct {
	Kind     string  `json:"kind"`
	Instance string  `json:"instance"`
	Name     string  `json:"name"`             // of the action, the operation or the host call
	Target   string  `json:"target,omitempty"` // whom it was about: a host, an instance
	At       float64 `json:"at_ms"`            // since the request began
	Took     float64 `json:"took_ms"`
	Busy     float64 `json:"busy_ms,omitempty"` // time inside the guest
	Units    int64   `json:"cpu_units,omitempty"`
	Status   int     `json:"status,omitempty"` // of an HTTP answer
	Sent     int     `json:"sent_bytes,omitempty"`
	Received int     `json:"received_bytes,omitempty"`
	Error    string  `json:"error,omitempty"`
	// Request and Answer are there when the request was watched.
	Request string `json:"request,omitempty"`
	Answer  string `json:"answer,omitempty"`
}

// Trace is everything that is known about one request.
type Trace struct {
	RequestID string    `json:"request_id"`
	Began     time.Time `json:"began"`
	Module    string    `json:"module"`
	Action    string    `json:"action"`
	User      string    `json:"user"`
	Status    int       `json:"status"`
	Reason    string    `json:"reason,omitempty"`
	// Checked is the time before the plugin, Ran that in it with everything that it
	// waited for, Took the whole, the journal included.
	Checked float64 `json:"checked_ms"`
	Ran     float64 `json:"ran_ms"`
	Took    float64 `json:"took_ms"`
	Steps   []Step  `json:"steps"`
	// Omitted counts steps that found no room.
	Omitted int `json:"omitted,omitempty"`
}

// Recorder is safe for concurrent use.
type Recorder struct {
	slow      time.Duration
	perSecond int32
	now       func() time.Time
	seed      maphash.Seed
	open      [shards]shard

	second atomic.Int64 // of the Unix time
	taken  atomic.Int32 // in that second

	mu      sync.Mutex
	recent  ring
	notable ring
}

// shard holds the requests in flight.
type shard struct {
	mu    sync.Mutex
	steps map[string]*building
	open  atomic.Int32 // as many as steps has; most requests of a busy gateway find none
	swept time.Time    // looking through a full map is work
}

// building is the trace of a request in flight.
type building struct {
	began   time.Time
	steps   []Step
	omitted int
	watch   *Watch
}

// New returns a recorder that keeps the steps of perSecond requests in each second,
// and requests longer that took at least slow or failed: those beyond perSecond
// without their steps.
func New(slow time.Duration, perSecond int32, now func() time.Time) *Recorder {
	if now == nil {
		now = time.Now
	}
	r := &Recorder{slow: slow, perSecond: perSecond, now: now, seed: maphash.MakeSeed(), recent: newRing(MaxRecent), notable: newRing(MaxNotable)}
	for i := range r.open {
		r.open[i].steps = map[string]*building{}
	}
	return r
}

func (r *Recorder) shard(id string) *shard { return &r.open[maphash.String(r.seed, id)%shards] }

// Event takes what a task did; give it to [wasm.Spec]. Tasks of the host itself have
// no request and are not kept unless they are watched.
func (r *Recorder) Event(e wasm.Event) {
	if e.RequestID == "" {
		return
	}
	s := r.shard(e.RequestID)
	if e.Moment != wasm.Began && s.open.Load() == 0 {
		return
	}
	now := r.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.steps[e.RequestID]
	if b == nil {
		if e.Moment != wasm.Began || !r.take(now) || !s.room(now) {
			return
		}
		b = &building{began: now, steps: make([]Step, 0, 2)}
		s.put(e.RequestID, b)
	}
	b.add(e, now)
}

// put and remove keep count; s is locked.
func (s *shard) put(id string, b *building) {
	s.steps[id] = b
	s.open.Store(int32(len(s.steps)))
}

func (s *shard) remove(id string) {
	delete(s.steps, id)
	s.open.Store(int32(len(s.steps)))
}

// take reports whether one more request of this second is kept. At the turn of a
// second a few more may be.
func (r *Recorder) take(now time.Time) bool {
	if second := now.Unix(); r.second.Swap(second) != second {
		r.taken.Store(0)
	}
	return r.taken.Add(1) <= r.perSecond
}

// room makes sure that requests which never ended do not fill the memory. s is
// locked.
func (s *shard) room(now time.Time) bool {
	if len(s.steps) < maxOpen {
		return true
	}
	if now.Sub(s.swept) < time.Minute {
		return false
	}
	s.swept = now
	for id, b := range s.steps {
		if b.watch == nil && now.Sub(b.began) > maxAge {
			s.remove(id)
		}
	}
	return len(s.steps) < maxOpen
}

// Done ends the trace of a request: its steps are added to t and it is kept.
func (r *Recorder) Done(t Trace) {
	s := r.shard(t.RequestID)
	var b *building
	if s.open.Load() > 0 {
		s.mu.Lock()
		if b = s.steps[t.RequestID]; b != nil {
			s.remove(t.RequestID)
		}
		s.mu.Unlock()
	}
	notable := t.Status >= 500 || t.Took >= milliseconds(r.slow)
	if b == nil && !notable && r.taken.Load() > r.perSecond {
		return
	}
	t.Steps = []Step{}
	if b != nil {
		// Steps began to count with the first task, which came after the checks.
		for i := range b.steps {
			b.steps[i].At += t.Checked
		}
		t.Steps, t.Omitted = b.steps, b.omitted
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recent.add(t)
	if notable {
		r.notable.add(t)
	}
}

// Find returns the trace of a request.
func (r *Recorder) Find(requestID string) (Trace, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if t, ok := r.recent.find(requestID); ok {
		return t, true
	}
	return r.notable.find(requestID)
}

// Notable returns the last slow and failed requests, the newest first.
func (r *Recorder) Notable(limit int) []Trace {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notable.newest(limit)
}

// ring keeps the last traces, found by their request.
type ring struct {
	list []Trace
	next int
	byID map[string]int
	size int
}

func newRing(size int) ring { return ring{byID: map[string]int{}, size: size} }

func (g *ring) add(t Trace) {
	if len(g.list) < g.size {
		g.byID[t.RequestID] = len(g.list)
		g.list = append(g.list, t)
		return
	}
	if old := g.list[g.next].RequestID; g.byID[old] == g.next {
		delete(g.byID, old)
	}
	g.list[g.next] = t
	g.byID[t.RequestID] = g.next
	g.next = (g.next + 1) % g.size
}

func (g *ring) find(id string) (Trace, bool) {
	i, ok := g.byID[id]
	if !ok {
		return Trace{}, false
	}
	t := g.list[i]
	t.Steps = slices.Clone(t.Steps)
	return t, true
}

func (g *ring) newest(limit int) []Trace {
	out := []Trace{}
	for i := range g.list {
		if len(out) == limit {
			break
		}
		t := g.list[(g.next+len(g.list)-1-i)%len(g.list)]
		t.Steps = slices.Clone(t.Steps)
		out = append(out, t)
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
