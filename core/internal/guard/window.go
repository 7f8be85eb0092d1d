package guard

import (
	"math/bits"
	"time"
)

// window counts what happened in the last minute or hour. It keeps this slot of the
// clock and the one before, whose share fades as the slot goes on, so there is no
// moment at which twice the limit fits.
type window struct {
	slot        int64
	now, before uint32
}

// roll moves to the slot of an instant. A clock that steps back a little changes
// nothing; what it counted in a far future moves to the present.
func (w *window) roll(at time.Time, size time.Duration) {
	slot := at.UnixNano() / int64(size)
	switch {
	case slot == w.slot, slot == w.slot-1:
		return
	case slot == w.slot+1:
		w.before, w.now = w.now, 0
	case slot > w.slot:
		w.before, w.now = 0, 0
	}
	w.slot = slot
}

// rest is what is left of the slot.
func (w *window) rest(at time.Time, size time.Duration) time.Duration {
	end := (w.slot + 1) * int64(size)
	return time.Duration(min(max(end-at.UnixNano(), 1), int64(size)))
}

// part is n*of/whole, which fits when n*of may not: counts times nanoseconds. It is
// right for of <= whole, or n <= whole.
func part(n uint32, of, whole uint64) uint64 {
	high, low := bits.Mul64(uint64(n), of)
	quotient, _ := bits.Div64(high, low, whole)
	return quotient
}

// used is the count of the window that ends now.
func (w *window) used(at time.Time, size time.Duration) uint64 {
	return uint64(w.now) + part(w.before, uint64(w.rest(at, size)), uint64(size))
}

// room reports whether one more fits under a limit above 0, and otherwise when it
// will.
func (w *window) room(at time.Time, size time.Duration, limit uint32) (ok bool, wait time.Duration) {
	if w.used(at, size) < uint64(limit) {
		return true, 0
	}
	rest := w.rest(at, size)
	if w.now < limit {
		// The share of the slot before has to fade: before*rest/size < limit-now.
		fits := time.Duration(part(limit-w.now, uint64(size), uint64(w.before)))
		return false, max(rest-fits+time.Nanosecond, time.Nanosecond)
	}
	// In the next slot this one has to fade.
	fits := time.Duration(part(limit, uint64(size), uint64(w.now)))
	return false, rest + max(size-fits, 0) + time.Nanosecond
}

// idle reports whether nothing of the window counts any more.
func (w *window) idle(at time.Time, size time.Duration) bool {
	return w.now == 0 && w.before == 0 || at.UnixNano()/int64(size) > w.slot+1
}
