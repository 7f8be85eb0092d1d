package history

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// usage remembers who called which action, by day.
type usage struct {
	mu    sync.Mutex
	days  map[int64]*day // by days since 1970 UTC
	dirty bool
}

type day struct {
	calls map[callKey]*calls
	// lost counts calls that found no room.
	lost uint64
}

type callKey struct{ module, action, user string }

type calls struct {
	n    uint64
	last int64 // Unix seconds
}

const (
	usageDays   = 7
	maxCallers  = 20_000 // of one day
	usagePrefix = "u/"
	daySeconds  = 24 * 3600
)

// Caller is somebody who called something in the last seven days.
type Caller struct {
	User   string
	Module string
	Action string
	Calls  uint64
	Last   time.Time
}

// Called notes a call of an action by a user.
func (r *Recorder) Called(module, action, user string) {
	now := r.opt.Now().Unix()
	u := &r.usage
	u.mu.Lock()
	defer u.mu.Unlock()
	u.dirty = true
	d := u.days[now/daySeconds]
	if d == nil {
		d = &day{calls: map[callKey]*calls{}}
		u.days[now/daySeconds] = d
		u.forget(now)
	}
	key := callKey{module, action, user}
	c := d.calls[key]
	if c == nil {
		if len(d.calls) >= maxCallers {
			d.lost++
			return
		}
		c = &calls{}
		d.calls[key] = c
	}
	c.n++
	c.last = max(c.last, now)
}

func (u *usage) forget(now int64) {
	for date := range u.days {
		if date <= now/daySeconds-usageDays {
			delete(u.days, date)
		}
	}
}

// Callers returns who called an action of a module in the last seven days, the
// busiest first; action "" means any, module "" too. complete is false when there
// were too many to remember all of them.
func (r *Recorder) Callers(module, action string) (list []Caller, complete bool) {
	u := &r.usage
	u.mu.Lock()
	defer u.mu.Unlock()
	u.forget(r.opt.Now().Unix())
	sum, complete := map[callKey]*calls{}, true
	for _, d := range u.days {
		complete = complete && d.lost == 0
		for key, c := range d.calls {
			if module != "" && key.module != module || action != "" && key.action != action {
				continue
			}
			s := sum[key]
			if s == nil {
				s = &calls{}
				sum[key] = s
			}
			s.n += c.n
			s.last = max(s.last, c.last)
		}
	}
	list = make([]Caller, 0, len(sum))
	for key, c := range sum {
		list = append(list, Caller{key.user, key.module, key.action, c.n, time.Unix(c.last, 0).UTC()})
	}
	slices.SortFunc(list, func(x, y Caller) int {
		return cmp.Or(cmp.Compare(y.Calls, x.Calls), strings.Compare(x.User, y.User), strings.Compare(x.Module, y.Module), strings.Compare(x.Action, y.Action))
	})
	return list, complete
}

// flushUsage writes the present day, and with all every day.
func (r *Recorder) flushUsage(all bool) error {
	if r.opt.Store == nil {
		return nil
	}
	u := &r.usage
	u.mu.Lock()
	if !u.dirty {
		u.mu.Unlock()
		return nil
	}
	u.dirty = false
	today := r.opt.Now().Unix() / daySeconds
	texts := map[int64][]byte{}
	for date, d := range u.days {
		if all || date >= today-1 {
			texts[date] = appendDay(nil, d)
		}
	}
	u.mu.Unlock()
	for date, text := range texts {
		if err := r.opt.Store.Put(fmt.Sprintf("%s%08x", usagePrefix, date), text, (usageDays+1)*24*time.Hour); err != nil {
			return fmt.Errorf("history: %w", err)
		}
	}
	return nil
}

func (r *Recorder) loadUsage(ctx context.Context) error {
	err := r.opt.Store.Scan(ctx, usagePrefix, func(key string, value []byte) error {
		var date int64
		if _, err := fmt.Sscanf(strings.TrimPrefix(key, usagePrefix), "%x", &date); err != nil {
			r.opt.Log.Warn("a damaged day of the history is dropped", "key", key, "error", err)
			return nil
		}
		d, err := decodeDay(value)
		if err != nil {
			r.opt.Log.Warn("a damaged day of the history is dropped", "key", key, "error", err)
			return nil
		}
		r.usage.days[date] = d
		return nil
	})
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	r.usage.forget(r.opt.Now().Unix())
	return nil
}

func appendDay(dst []byte, d *day) []byte {
	dst = append(dst, codecVersion)
	dst = binary.AppendUvarint(dst, d.lost)
	dst = binary.AppendUvarint(dst, uint64(len(d.calls)))
	for key, c := range d.calls {
		for _, s := range []string{key.module, key.action, key.user} {
			dst = appendText(dst, s)
		}
		dst = binary.AppendUvarint(dst, c.n)
		dst = binary.AppendUvarint(dst, uint64(c.last))
	}
	return dst
}

func decodeDay(value []byte) (*day, error) {
	r := &reader{rest: value}
	if v := r.byte(); v != codecVersion {
		return nil, fmt.Errorf("%w: version %d", errDamaged, v)
	}
	d := &day{calls: map[callKey]*calls{}, lost: r.number()}
	for range r.number() {
		key := callKey{r.text(), r.text(), r.text()}
		c := &calls{r.number(), int64(r.number() & (1<<62 - 1))}
		if r.bad || len(d.calls) >= maxCallers {
			return nil, errDamaged
		}
		d.calls[key] = c
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errDamaged
	}
	return d, nil
}
