// Package history keeps the gateway's own figures for the panel: how many requests
// each module served, how fast and how well, what became of SMS, and who called
// which action. Ten-second steps reach back an hour, five-minute steps a week. No
// outside database is needed; `/metrics` stays the door for those who have one.
//
// Counting costs a few atomic additions. A point is written when its step ends, so
// that a restart loses ten seconds at most.
package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// The two resolutions.
const (
	Fine       = 10 * time.Second
	FineSpan   = time.Hour
	Coarse     = 5 * time.Minute
	CoarseSpan = 7 * 24 * time.Hour
)

// Store keeps points. Keys are printable ASCII.
type Store interface {
	// Put writes a value that the store may drop after ttl. The value is not kept.
	Put(key string, value []byte, ttl time.Duration) error
	// Scan calls fn for every key that begins with prefix, in the order of the keys.
	// Key and value are valid during the call only.
	Scan(ctx context.Context, prefix string, fn func(key string, value []byte) error) error
}

// Options configure a Recorder. Zero fields get the default in brackets.
type Options struct {
	Store Store            // nil: nothing outlives the process
	Now   func() time.Time // [time.Now]
	Log   hclog.Logger     // [none]
}

// Recorder counts and remembers. It is safe for concurrent use.
type Recorder struct {
	opt      Options
	counters counters
	usage    usage

	mu     sync.Mutex
	last   Totals  // at the end of the last step
	at     int64   // Unix seconds, start of the step that is being counted
	fine   []Point // the oldest first
	coarse []Point // the last one may still grow
}

const (
	finePrefix   = "f/"
	coarsePrefix = "c/"
)

// Open reads what earlier processes left. Damaged points are dropped.
func Open(ctx context.Context, o Options) (*Recorder, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = hclog.NewNullLogger()
	}
	r := &Recorder{opt: o}
	r.at = slot(o.Now(), Fine)
	r.usage.days = map[int64]*day{}
	if o.Store == nil {
		return r, nil
	}
	var err error
	if r.fine, err = r.load(ctx, finePrefix, FineSpan); err != nil {
		return nil, err
	}
	if r.coarse, err = r.load(ctx, coarsePrefix, CoarseSpan); err != nil {
		return nil, err
	}
	r.complete()
	if err := r.loadUsage(ctx); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Recorder) load(ctx context.Context, prefix string, span time.Duration) ([]Point, error) {
	var out []Point
	oldest := r.opt.Now().Add(-span).Unix()
	err := r.opt.Store.Scan(ctx, prefix, func(key string, value []byte) error {
		p, err := decodePoint(value)
		if err != nil {
			r.opt.Log.Warn("a damaged point of the history is dropped", "key", key, "error", err)
			return nil
		}
		if p.At >= oldest && (len(out) == 0 || p.At > out[len(out)-1].At) {
			out = append(out, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return out, nil
}

// complete makes the coarse points that an earlier process had no time to write.
func (r *Recorder) complete() {
	newest := int64(-1)
	if n := len(r.coarse); n > 0 {
		newest = r.coarse[n-1].At
	}
	for _, p := range r.fine {
		if at := p.At - p.At%int64(Coarse/time.Second); at > newest {
			r.grow(p)
		}
	}
}

// grow adds a fine point to the coarse one that it belongs to and reports whether
// that began a new one.
func (r *Recorder) grow(p Point) bool {
	at := p.At - p.At%int64(Coarse/time.Second)
	if n := len(r.coarse); n > 0 && r.coarse[n-1].At >= at {
		r.coarse[n-1].add(p)
		return false
	}
	whole := Point{At: at}
	whole.add(p)
	r.coarse = append(r.coarse, whole)
	return true
}

// slot is the start of the step that holds a time.
func slot(t time.Time, step time.Duration) int64 {
	s := t.Unix()
	return s - s%int64(step/time.Second)
}

// Run ends steps until ctx ends, and writes what is left then.
func (r *Recorder) Run(ctx context.Context) {
	for {
		now := r.opt.Now()
		timer := time.NewTimer(time.Unix(slot(now, Fine), 0).Add(Fine).Sub(now))
		select {
		case <-timer.C:
			r.report(r.Step())
		case <-ctx.Done():
			timer.Stop()
			r.report(errors.Join(r.Step(), r.flushOpen(), r.flushUsage(true)))
			return
		}
	}
}

func (r *Recorder) report(err error) {
	if err != nil {
		r.opt.Log.Error("the history is not written", "error", err)
	}
}

// Step ends the step that is being counted. [Recorder.Run] does it in time.
func (r *Recorder) Step() error {
	now := r.opt.Now()
	r.mu.Lock()
	totals := r.counters.totals()
	p := totals.since(r.last)
	p.At = r.at
	r.last, r.at = totals, slot(now, Fine)
	if n := len(r.fine); n > 0 && r.fine[n-1].At >= p.At {
		// The clock was set back, or a step was ended early.
		at := r.fine[n-1].At
		r.fine[n-1].add(p)
		p = r.fine[n-1].clone()
		p.At = at
	} else {
		r.fine = append(r.fine, p.clone()) // p is written below, without the lock
	}
	var ended []Point
	before := len(r.coarse)
	if r.grow(p) && before > 0 {
		ended = append(ended, r.coarse[before-1].clone())
	}
	r.fine = prune(r.fine, now.Add(-FineSpan).Unix())
	r.coarse = prune(r.coarse, now.Add(-CoarseSpan).Unix())
	r.mu.Unlock()

	err := r.write(finePrefix, p, FineSpan)
	for _, c := range ended {
		err = errors.Join(err, r.write(coarsePrefix, c, CoarseSpan), r.flushUsage(false))
	}
	return err
}

// flushOpen writes the coarse point that still grows.
func (r *Recorder) flushOpen() error {
	r.mu.Lock()
	if len(r.coarse) == 0 {
		r.mu.Unlock()
		return nil
	}
	p := r.coarse[len(r.coarse)-1].clone()
	r.mu.Unlock()
	return r.write(coarsePrefix, p, CoarseSpan)
}

// write keeps a point; empty ones are not worth it.
func (r *Recorder) write(prefix string, p Point, span time.Duration) error {
	if r.opt.Store == nil || p.empty() {
		return nil
	}
	if err := r.opt.Store.Put(fmt.Sprintf("%s%016x", prefix, p.At), appendPoint(nil, p), span+time.Minute); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// prune drops the points before a time. It moves the others to the front now and
// then, so that the slice does not creep through memory.
func prune(points []Point, oldest int64) []Point {
	n := 0
	for n < len(points) && points[n].At < oldest {
		n++
	}
	if n == 0 {
		return points
	}
	return append(points[:0:0], points[n:]...)
}

// Query selects points. Step is [Fine] or [Coarse]; zero times leave a side open.
type Query struct {
	Step     time.Duration
	From, To time.Time
}

// Points returns copies of the points with From ≤ start < To, the oldest first.
// Steps in which the gateway did not run are missing.
func (r *Recorder) Points(q Query) []Point {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.fine
	if q.Step == Coarse {
		list = r.coarse
	}
	out := make([]Point, 0, len(list))
	for _, p := range list {
		if !q.From.IsZero() && p.At < q.From.Unix() || !q.To.IsZero() && p.At >= q.To.Unix() {
			continue
		}
		out = append(out, p.clone())
	}
	return out
}

// Totals returns what was counted since the start of the process.
func (r *Recorder) Totals() Totals { return r.counters.totals() }
