package history

import (
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Latencies are counted in buckets that grow by 30 %: quantiles are good to a
// quarter, which is what a panel can show, and every step of every module can be
// added to every other.
const (
	buckets     = 46
	firstBucket = 250 * time.Microsecond
	growth      = 1.3
)

// bounds are the upper ends of the buckets; the last one has none.
var bounds = func() (b [buckets]time.Duration) {
	width := float64(firstBucket)
	for i := range b {
		b[i] = time.Duration(width)
		width *= growth
	}
	b[buckets-1] = math.MaxInt64
	return b
}()

func bucketOf(d time.Duration) int {
	i, _ := slices.BinarySearch(bounds[:], d)
	return min(i, buckets-1)
}

// Figures are the counts of one module in some time.
type Figures struct {
	Requests uint64
	Refused  uint64          // status 400 to 499
	Failed   uint64          // status 500 and above
	latency  [buckets]uint32 // differences stay right when totals wrap
}

// Add adds the figures of another time or module.
func (f *Figures) Add(o Figures) {
	f.Requests += o.Requests
	f.Refused += o.Refused
	f.Failed += o.Failed
	for i := range f.latency {
		f.latency[i] += o.latency[i]
	}
}

func (f Figures) minus(o Figures) Figures {
	f.Requests -= o.Requests
	f.Refused -= o.Refused
	f.Failed -= o.Failed
	for i := range f.latency {
		f.latency[i] -= o.latency[i]
	}
	return f
}

// Quantile estimates a quantile, 0 < q < 1, of the latencies; 0 without requests.
func (f *Figures) Quantile(q float64) time.Duration {
	total := uint64(0)
	for _, n := range f.latency {
		total += uint64(n)
	}
	if total == 0 {
		return 0
	}
	rank, seen := q*float64(total), 0.0
	for i, n := range f.latency {
		if seen+float64(n) < rank || n == 0 {
			seen += float64(n)
			continue
		}
		low := time.Duration(0)
		if i > 0 {
			low = bounds[i-1]
		}
		if i == buckets-1 {
			return low
		}
		return low + time.Duration((rank-seen)/float64(n)*float64(bounds[i]-low))
	}
	return bounds[buckets-2]
}

// Named are the figures of one module; the name "" is for requests that found no
// action.
type Named struct {
	Module string
	Figures
}

// Point is one step. Modules without requests are missing.
type Point struct {
	At          int64 // Unix seconds of its start
	Modules     []Named
	SMSAccepted uint64
	SMSFailed   uint64
}

func (p *Point) empty() bool { return len(p.Modules) == 0 && p.SMSAccepted == 0 && p.SMSFailed == 0 }

func (p Point) clone() Point {
	p.Modules = slices.Clone(p.Modules)
	return p
}

func (p *Point) add(o Point) {
	p.SMSAccepted += o.SMSAccepted
	p.SMSFailed += o.SMSFailed
	for i := range o.Modules {
		n := &o.Modules[i]
		at, found := slices.BinarySearchFunc(p.Modules, n.Module, func(x Named, name string) int { return strings.Compare(x.Module, name) })
		if !found {
			p.Modules = slices.Insert(p.Modules, at, *n)
			continue
		}
		p.Modules[at].Add(n.Figures)
	}
}

// Of returns the figures of one module, or of all of them for "*".
func (p *Point) Of(name string) Figures {
	var out Figures
	for i := range p.Modules {
		if name == "*" || p.Modules[i].Module == name {
			out.Add(p.Modules[i].Figures)
		}
	}
	return out
}

// Totals are counts since the start of the process.
type Totals struct {
	modules                map[string]Figures
	smsAccepted, smsFailed uint64
}

// Since returns what was counted between two totals, its start unset.
func (t Totals) Since(before Totals) Point { return t.since(before) }

func (t Totals) since(before Totals) Point {
	p := Point{SMSAccepted: t.smsAccepted - before.smsAccepted, SMSFailed: t.smsFailed - before.smsFailed}
	for name, f := range t.modules {
		if f = f.minus(before.modules[name]); f.Requests > 0 {
			p.Modules = append(p.Modules, Named{name, f})
		}
	}
	slices.SortFunc(p.Modules, func(x, y Named) int { return strings.Compare(x.Module, y.Module) })
	return p
}

// maxModules bounds the series; what comes later is counted under overflow.
const (
	maxModules = 128
	overflow   = "…"
)

// counters are what the request path touches: no lock once a module is known.
type counters struct {
	modules                atomic.Pointer[map[string]*counter]
	grow                   sync.Mutex
	smsAccepted, smsFailed atomic.Uint64
}

type counter struct {
	requests, refused, failed atomic.Uint64
	latency                   [buckets]atomic.Uint64
}

func (c *counters) of(name string) *counter {
	if m := c.modules.Load(); m != nil {
		if k := (*m)[name]; k != nil {
			return k
		}
	}
	c.grow.Lock()
	defer c.grow.Unlock()
	next := map[string]*counter{}
	if m := c.modules.Load(); m != nil {
		for n, k := range *m {
			next[n] = k
		}
	}
	if next[name] == nil && len(next) >= maxModules {
		name = overflow
	}
	if next[name] == nil {
		next[name] = &counter{}
		c.modules.Store(&next)
	}
	return next[name]
}

func (c *counters) totals() Totals {
	t := Totals{modules: map[string]Figures{}, smsAccepted: c.smsAccepted.Load(), smsFailed: c.smsFailed.Load()}
	m := c.modules.Load()
	if m == nil {
		return t
	}
	for name, k := range *m {
		f := Figures{Requests: k.requests.Load(), Refused: k.refused.Load(), Failed: k.failed.Load()}
		for i := range f.latency {
			f.latency[i] = uint32(k.latency[i].Load())
		}
		t.modules[name] = f
	}
	return t
}

// Request counts a request of a module, "" when it found no action. It neither
// blocks nor allocates.
func (r *Recorder) Request(module string, status int, took time.Duration) {
	c := r.counters.of(module)
	c.requests.Add(1)
	switch {
	case status >= 500:
		c.failed.Add(1)
	case status >= 400:
		c.refused.Add(1)
	}
	c.latency[bucketOf(took)].Add(1)
}

// SMS counts a message that an aggregator accepted, or not.
func (r *Recorder) SMS(accepted bool) {
	if accepted {
		r.counters.smsAccepted.Add(1)
		return
	}
	r.counters.smsFailed.Add(1)
}
