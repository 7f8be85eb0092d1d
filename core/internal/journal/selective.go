package journal

import (
	"bytes"
	"context"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// selects reports whether digests can tell where the filter's records are not.
func (f *filter) selects() bool {
	return f.user != "" || f.module != "" || f.action != "" || len(f.grams) > 0
}

// selective reads a page by digests: only the stretches that may hold a match
// are read, and what has no digest yet. A damaged digest makes it read all that
// is left.
func (r *reader[T, P]) selective(ctx context.Context, from, to []byte) error {
	if r.plan.reverse {
		return r.selectiveDown(ctx, from, to)
	}
	from, over, err := r.undigested(ctx, from, to)
	if over || err != nil {
		return err
	}
	for {
		f := finder{r.s, &r.plan, &r.effort, &r.at}
		found, err := f.next(ctx, store.Range{From: from}, func(d *digest, past []byte) bool {
			if to != nil && bytes.Compare(d.first.key(), to) >= 0 {
				return false // behind the range
			}
			from = past
			return true
		})
		if err != nil || r.over() {
			return err
		}
		if found == nil {
			_, err = r.scan(ctx, from, to)
			return err
		}
		over, err := r.scan(ctx, later(from, found.from), earlier(found.past, to))
		if over || err != nil {
			return err
		}
		from = found.past
	}
}

// undigested reads what is before the first stretch: the extracts of bad requests
// stay longer than their blocks and digests. It returns where the stretch begins.
func (r *reader[T, P]) undigested(ctx context.Context, from, to []byte) (next []byte, over bool, err error) {
	next = from
	err = r.s.digests.Scan(ctx, store.Range{From: from, Limit: 1}, func(_, value []byte) error {
		if d, err := parseDigest(value, r.s.kind); err == nil {
			next = later(from, earlier(d.first.key(), to))
		}
		return nil
	})
	if err == nil && bytes.Compare(from, next) < 0 {
		over, err = r.scan(ctx, from, next)
	}
	return next, over, err
}

// selectiveDown is selective from the newest record on. It begins with what is
// behind the last digest that ends before to.
func (r *reader[T, P]) selectiveDown(ctx context.Context, from, to []byte) error {
	var below []byte // the end of that digest
	err := r.s.digests.Scan(ctx, store.Range{From: from, To: to, Reverse: true, Limit: 1, KeysOnly: true}, func(key, _ []byte) error {
		below = append(slices.Clone(key), 0)
		return nil
	})
	if err != nil {
		return err
	}
	if over, err := r.scan(ctx, later(from, below), to); over || err != nil || below == nil {
		return err
	}
	to = below
	for {
		f := finder{r.s, &r.plan, &r.effort, &r.at}
		found, err := f.next(ctx, store.Range{From: from, To: to, Reverse: true}, func(d *digest, _ []byte) bool {
			to = d.first.key()
			return true
		})
		if err != nil || r.over() || bytes.Compare(from, to) >= 0 {
			return err
		}
		if found == nil {
			_, err = r.scan(ctx, from, to)
			return err
		}
		over, err := r.scan(ctx, later(from, found.from), found.past)
		if over || err != nil {
			return err
		}
		to = found.from
	}
}

// stretch is the keys of the blocks that a digest is about.
type stretch struct{ from, past []byte }

// finder looks for stretches that may hold a match.
type finder struct {
	s      *sequence
	plan   *plan
	effort *effort
	at     *rowSpot
}

// next returns the first stretch of the range that may hold a match, nil when
// there is none, the effort is spent, or a digest is damaged. passed is told of
// those that hold none and ends the search by returning false.
func (f finder) next(ctx context.Context, r store.Range, passed func(d *digest, past []byte) bool) (found *stretch, err error) {
	err = f.s.digests.Scan(ctx, r, func(key, value []byte) error {
		high, first, err := parseBlockKey(key)
		if err != nil {
			return store.ErrStop
		}
		d, err := parseDigest(value, f.s.kind)
		if err != nil {
			return store.ErrStop
		}
		f.effort.digest(len(value))
		past := append(slices.Clone(key), 0)
		if d.may(&f.plan.filter) {
			found = &stretch{d.first.key(), past}
			return store.ErrStop
		}
		if !passed(&d, past) {
			return store.ErrStop
		}
		*f.at = rowSpot{high, first, d.lastID}
		if f.plan.reverse {
			*f.at = rowSpot{d.first.high, d.first.first, d.first.first}
		}
		if f.effort.spent() {
			return store.ErrStop
		}
		return nil
	})
	return found, err
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
