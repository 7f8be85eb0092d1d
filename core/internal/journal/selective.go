package journal

import (
	"bytes"
	"context"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// selects reports whether digests or sieves can tell where the filter's records are
// not.
func (f *filter) selects() bool {
	return f.user != "" || f.module != "" || f.action != "" || len(f.grams) > 0
}

// A search looks at so many stretches at a time, few at first: most searches find
// enough in the first ones.
const (
	firstLook = 8
	maxLook   = 128
)

// stretch is what a digest is about.
type stretch struct {
	key         []byte
	from, past  []byte // its blocks' keys
	first, last blockSpot
	lastID      uint64
	may         bool // it may hold a match
	sieved      bool
}

// selective reads a page by digests and sieves: only the stretches that may hold a
// match are read, and what has no digest. That is the newest records, what a damaged
// digest is about, and extracts that are older than all digests, because bad requests
// stay longer.
func (r *reader[T, P]) selective(ctx context.Context, from, to []byte) error {
	if r.plan.reverse {
		return r.selectiveDown(ctx, from, to)
	}
	for look := firstLook; ; look = min(2*look, maxLook) {
		list, err := r.stretches(ctx, store.Range{From: from, Limit: look}, to)
		if err != nil {
			return err
		}
		for i := range list {
			st := &list[i]
			if bytes.Compare(from, st.from) < 0 {
				if over, err := r.scan(ctx, from, earlier(st.from, to)); over || err != nil {
					return err
				}
				from = st.from
			}
			if st.may {
				if over, err := r.scan(ctx, from, earlier(st.past, to)); over || err != nil {
					return err
				}
			}
			from = st.past
			r.at = rowSpot{st.last.high, st.last.first + 1, st.lastID}
			if to != nil && bytes.Compare(from, to) >= 0 {
				return nil
			}
		}
		if r.over() {
			return nil
		}
		if len(list) == 0 {
			_, err := r.scan(ctx, from, to)
			return err
		}
	}
}

// selectiveDown is selective from the newest record on.
func (r *reader[T, P]) selectiveDown(ctx context.Context, from, to []byte) error {
	// The range may end within a stretch, whose digest is behind it.
	edge := to
	if to != nil {
		err := r.s.digests.Scan(ctx, store.Range{From: to, Limit: 1, KeysOnly: true}, func(key, _ []byte) error {
			edge = append(bytes.Clone(key), 0)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for look := firstLook; ; look = min(2*look, maxLook) {
		list, err := r.stretches(ctx, store.Range{From: from, To: edge, Reverse: true, Limit: look}, nil)
		if err != nil {
			return err
		}
		for i := range list {
			st := &list[i]
			if to == nil || bytes.Compare(st.past, to) < 0 {
				if over, err := r.scan(ctx, later(from, st.past), to); over || err != nil {
					return err
				}
				to = st.past
			}
			if st.may {
				if over, err := r.scan(ctx, later(from, st.from), to); over || err != nil {
					return err
				}
			}
			if to == nil || bytes.Compare(st.from, to) < 0 {
				to = st.from
				r.at = rowSpot{st.first.high, st.first.first, st.first.first}
			}
			if bytes.Compare(from, to) >= 0 {
				return nil
			}
		}
		if r.over() {
			return nil
		}
		if len(list) == 0 {
			_, err := r.scan(ctx, from, to)
			return err
		}
		edge = to
	}
}

// stretches returns those of the range in its order, and which of them may hold a
// match. It goes no further than the one that until lies in. Damaged digests are
// left out.
func (r *reader[T, P]) stretches(ctx context.Context, in store.Range, until []byte) ([]stretch, error) {
	var list []stretch
	f := &r.plan.filter
	ask := false
	err := r.s.digests.Scan(ctx, in, func(key, value []byte) error {
		r.work.Digests++
		r.effort.digest(len(value))
		high, first, err := parseBlockKey(key)
		if err != nil {
			return nil
		}
		d, err := parseDigest(value, r.s.kind)
		if err != nil {
			return nil
		}
		last := blockSpot{high, first}
		st := stretch{
			key: bytes.Clone(key), from: d.first.key(), past: last.past().key(), first: d.first, last: last, lastID: d.lastID,
			may: d.names(f), sieved: d.sieved(f),
		}
		ask = ask || st.may && st.sieved
		list = append(list, st)
		if until != nil && bytes.Compare(st.past, until) >= 0 {
			return store.ErrStop
		}
		return nil
	})
	if err == nil && ask && len(f.grams) > 0 {
		err = r.sift(ctx, list)
	}
	return list, err
}

// sift asks the sieves for the filter's grams.
func (r *reader[T, P]) sift(ctx context.Context, list []stretch) error {
	left := make([]*stretch, 0, len(list))
	for i := range list {
		if st := &list[i]; st.may && st.sieved {
			left = append(left, st)
		}
	}
	if r.plan.reverse {
		slices.Reverse(left)
	}
	for _, h := range r.plan.filter.grams {
		if len(left) == 0 {
			return nil
		}
		in := store.Range{From: left[0].key, To: append(bytes.Clone(left[len(left)-1].key), 0)}
		at := 0
		err := r.s.sieves[sievePart(h)].Scan(ctx, in, func(key, value []byte) error {
			r.work.Digests++
			r.effort.digest(len(value))
			for at < len(left) && bytes.Compare(left[at].key, key) < 0 {
				at++
			}
			if at == len(left) {
				return store.ErrStop
			}
			if !bytes.Equal(left[at].key, key) {
				return nil
			}
			if filter, err := parseSieve(value); err == nil && !filter.has(h) {
				left[at].may = false
			}
			return nil
		})
		if err != nil {
			return err
		}
		left = slices.DeleteFunc(left, func(st *stretch) bool { return !st.may })
	}
	return nil
}

// later and earlier choose between keys; nil is no bound.
func later(a, b []byte) []byte {
	if bytes.Compare(a, b) >= 0 {
		return a
	}
	return b
}

func earlier(a, b []byte) []byte {
	if b == nil || bytes.Compare(a, b) <= 0 {
		return a
	}
	return b
}
