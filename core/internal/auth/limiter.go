package auth

import (
	"hash/maphash"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may happen. A PerSecond of 0 means without limit.
type Rate struct {
	PerSecond float64 `json:"per_second"`
	Burst     int     `json:"burst"` // at least 1 is used
}

// LimitKey names one counter. Action is empty for all requests of a user.
type LimitKey struct{ Login, Action string }

// Limiter counts requests per key with token buckets. It is safe for concurrent use, holds at most maxLimiterKeys
// keys, and forgets a key as soon as its bucket is full again, which changes nothing for its owner.
type Limiter struct {
	now    func() time.Time
	seed   maphash.Seed
	room   int // keys per shard
	shards [limiterShards]limiterShard
}

const (
	limiterShards  = 64
	maxLimiterKeys = 64 << 10
)

type limiterShard struct {
	mu      sync.Mutex
	buckets map[LimitKey]*bucket
}

type bucket struct {
	rate Rate
	lim  *rate.Limiter
}

// NewLimiter returns an empty Limiter that reads the time from now; nil means time.Now.
func NewLimiter(now func() time.Time) *Limiter {
	if now == nil {
		now = time.Now
	}
	l := &Limiter{now: now, seed: maphash.MakeSeed(), room: maxLimiterKeys / limiterShards}
	for i := range l.shards {
		l.shards[i].buckets = map[LimitKey]*bucket{}
	}
	return l
}

// Allow takes one request off the bucket of key. If it is empty, ok is false and retryAfter (above 0) says when the
// next request may pass; a refused request costs nothing. A rate that differs from the last call's is taken over
// without refilling the bucket. Allow does not allocate for a known key.
func (l *Limiter) Allow(key LimitKey, r Rate) (ok bool, retryAfter time.Duration) {
	if !(r.PerSecond > 0) || math.IsInf(r.PerSecond, 1) {
		return true, 0
	}
	r.Burst = max(r.Burst, 1)
	shard := &l.shards[(maphash.String(l.seed, key.Login)^maphash.String(l.seed, key.Action)*31)%limiterShards]
	shard.mu.Lock()
	defer shard.mu.Unlock()
	now := l.now()
	b := shard.buckets[key]
	switch {
	case b == nil:
		shard.makeRoom(now, l.room)
		b = &bucket{r, rate.NewLimiter(rate.Limit(r.PerSecond), r.Burst)}
		shard.buckets[key] = b
	case b.rate != r:
		b.lim.SetLimitAt(now, rate.Limit(r.PerSecond))
		b.lim.SetBurstAt(now, r.Burst)
		b.rate = r
	}
	if b.lim.AllowN(now, 1) {
		return true, 0
	}
	missing := (1 - b.lim.TokensAt(now)) / r.PerSecond * float64(time.Second)
	return false, time.Duration(max(1, min(math.Ceil(missing), float64(24*time.Hour))))
}

// Forget drops all buckets that are full again.
func (l *Limiter) Forget() {
	now := l.now()
	for i := range l.shards {
		shard := &l.shards[i]
		shard.mu.Lock()
		shard.dropFull(now)
		shard.mu.Unlock()
	}
}

// Len is the number of keys that are held, for metrics.
func (l *Limiter) Len() int {
	n := 0
	for i := range l.shards {
		l.shards[i].mu.Lock()
		n += len(l.shards[i].buckets)
		l.shards[i].mu.Unlock()
	}
	return n
}

func (s *limiterShard) dropFull(now time.Time) {
	for key, b := range s.buckets {
		if b.lim.TokensAt(now) >= float64(b.rate.Burst) {
			delete(s.buckets, key)
		}
	}
}

// makeRoom keeps the shard bounded: it drops the fullest of a few buckets (map order is random), whose owner gains
// least from a new one. Looking at all of them would make a crowd of new keys expensive.
func (s *limiterShard) makeRoom(now time.Time, room int) {
	if len(s.buckets) < room {
		return
	}
	var fullest LimitKey
	best, seen := math.Inf(-1), 0
	for key, b := range s.buckets {
		if share := b.lim.TokensAt(now) / float64(b.rate.Burst); share > best {
			fullest, best = key, share
		}
		if seen++; seen == 32 {
			break
		}
	}
	delete(s.buckets, fullest)
}
