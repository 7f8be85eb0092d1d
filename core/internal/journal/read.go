package journal

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	// joinChunk is how many rows are joined with their outcomes at a time.
	joinChunk = 1024
	// manyRows are enough to expect that the page gets full.
	manyRows = 512
	// maxAhead bounds the rows that there is room made for at a time.
	maxAhead = 16 << 10
)

// join completes rows, which are in order of ids, with their outcomes and
// returns those that the filter lets through, with their spots.
type join[T any] func(ctx context.Context, p *plan, rows []T, spots []rowSpot) ([]T, []rowSpot, error)

// reader assembles one page.
type reader[T any, P row[T]] struct {
	j       *Journal
	s       *sequence
	plan    plan
	needle  *needle
	join    join[T]
	rows    []T
	spots   []rowSpot
	joined  int // how many of them are complete
	skipped int
	effort  effort
	work    Work
	at      rowSpot // everything up to here has been looked at
}

func page[T any, P row[T]](ctx context.Context, j *Journal, k Kind, q Query, join join[T]) (Page[T], error) {
	p, err := q.plan(k)
	if err != nil {
		return Page[T]{}, err
	}
	r := &reader[T, P]{j: j, s: j.kind[k], plan: p, join: join, needle: newNeedle(p.filter.text)}
	if err := r.read(ctx); err != nil {
		return Page[T]{}, fmt.Errorf("journal: read %s records: %w", k, err)
	}
	out := Page[T]{Rows: r.rows, Skipped: r.skipped, Work: r.work}
	switch {
	case len(out.Rows) > p.limit:
		out.Next = p.cursor(r.spots[p.limit-1])
		clear(out.Rows[p.limit:])
		out.Rows = out.Rows[:p.limit:p.limit]
	case r.spent():
		out.Next, out.Partial, out.Searched = p.cursor(r.at), true, fromMicros(min(r.at.high, maxMicros))
	}
	return out, nil
}

func (r *reader[T, P]) read(ctx context.Context) error {
	from, to, empty := r.keys()
	if empty {
		return nil
	}
	var err error
	if r.plan.filter.selects() {
		err = r.selective(ctx, from, to)
	} else {
		_, err = r.scan(ctx, from, to)
	}
	if err != nil {
		return err
	}
	return r.flush(ctx)
}

// scan reads the blocks with keys in [from, to) and reports whether the page is
// over: it is full, or enough effort was spent.
func (r *reader[T, P]) scan(ctx context.Context, from, to []byte) (over bool, err error) {
	blocks := r.s.blocks
	if r.extracts() {
		blocks = r.s.extracts
	}
	err = blocks.Scan(ctx, store.Range{From: from, To: to, Reverse: r.plan.reverse}, func(key, value []byte) error {
		if err := r.visit(key, value); err != nil {
			return err
		}
		// One row more than the limit tells whether there is another page.
		if len(r.rows)-r.joined >= joinChunk || r.over() {
			if err := r.flush(ctx); err != nil {
				return err
			}
		}
		if over = r.over(); over {
			return store.ErrStop
		}
		return nil
	})
	return over, err
}

func (r *reader[T, P]) over() bool { return len(r.rows) > r.plan.limit || r.spent() }

// spent reports whether a search has gone on for long enough. A page without a
// filter finds something all the time.
func (r *reader[T, P]) spent() bool { return r.effort.spent() && r.plan.filter.any() }

// extracts reports whether the extracts answer the query: they hold every bad
// request. Whether an SMS or a call is bad only its outcome tells.
func (r *reader[T, P]) extracts() bool { return r.plan.filter.badOnly && r.plan.kind == KindRequest }

// keys bounds the blocks that can hold matching records; a nil to is open.
func (r *reader[T, P]) keys() (from, to []byte, empty bool) {
	p := &r.plan
	if p.from >= p.to {
		return nil, nil, true
	}
	gone := r.s.gone.get()
	floor := gone.blocks
	if r.extracts() {
		floor = gone.extracts
	}
	if p.from > floor.high {
		floor = blockSpot{high: p.from}
	}
	from = floor.key()
	if late := r.s.late.Load(); p.to <= maxMicros && late < math.MaxUint64-p.to {
		to = blockKey(p.to+late, 0)
	}
	if p.after != nil {
		if p.reverse {
			to = append(blockKey(p.after.high, p.after.first), 0) // with the block itself
		} else if after := blockKey(p.after.high, p.after.first); string(after) > string(from) {
			from = after
		}
	}
	return from, to, false
}

// visit adds the matching records of one block to the chunk.
func (r *reader[T, P]) visit(key, value []byte) error {
	p := &r.plan
	r.work.Blocks++
	r.work.Bytes += len(value)
	high, first, err := parseBlockKey(key)
	if err != nil {
		r.skip(key, err)
		return nil
	}
	version := byte(blockVersion)
	if r.extracts() {
		version = extractVersion
	}
	h, err := parseHeader(value, version, p.kind)
	switch {
	case err != nil:
		r.skip(key, err)
		return nil
	case h.first != first:
		r.skip(key, fmt.Errorf("first id %d, its key says %d", h.first, first))
		return nil
	}
	r.at = rowSpot{high, first, first} // of a walk backwards
	if !p.reverse {
		r.at.id = first + h.ids - 1
	}
	if h.high < p.from || h.low >= p.to {
		r.effort.block(len(value))
		return nil
	}
	if !p.filter.in(value) || !r.needle.in(value) {
		r.effort.search(len(value))
		return nil
	}
	before := len(r.rows)
	r.room(int(h.count))
	if r.rows, err = readBlock[T, P](value, r.rows); err != nil {
		r.skip(key, err)
		return nil
	}
	decoded := r.rows[before:]
	r.work.Records += len(decoded)
	if p.reverse {
		slices.Reverse(decoded)
	}
	n := 0
	for i := range decoded {
		rec := P(&decoded[i])
		if !r.wanted(rec) {
			continue
		}
		id, _ := rec.head()
		r.spots = append(r.spots, rowSpot{high, first, *id})
		if n != i {
			decoded[n] = decoded[i]
		}
		n++
	}
	r.cut(before + n)
	r.effort.records(len(value), len(decoded)-n, p.filter.text != "")
	return nil
}

// wanted reports whether a record is one of the page, as far as it says itself.
func (r *reader[T, P]) wanted(rec P) bool {
	p := &r.plan
	id, at := rec.head()
	if us := uint64(at.UnixMicro()); us < p.from || us >= p.to {
		return false
	}
	if p.after != nil && (!p.reverse && *id <= p.after.id || p.reverse && *id >= p.after.id) {
		return false
	}
	return (!p.filter.badOnly || p.kind != KindRequest || rec.bad()) && matches(rec, &p.filter)
}

// room makes room for so many rows. A page that has many already is likely to get
// full, and is filled in place then, not copied as it grows.
func (r *reader[T, P]) room(n int) {
	if have := len(r.rows); have+n > cap(r.rows) {
		if have > manyRows {
			n = max(n, min(r.plan.limit-have, maxAhead)+manyRows)
		}
		r.rows, r.spots = slices.Grow(r.rows, n), slices.Grow(r.spots, n)
	}
}

// cut leaves n rows.
func (r *reader[T, P]) cut(n int) {
	clear(r.rows[n:])
	r.rows = r.rows[:n]
}

func (r *reader[T, P]) skip(key []byte, err error) {
	r.skipped++
	r.j.damaged(r.plan.kind, key, err)
}

// flush completes the rows that are not complete yet.
func (r *reader[T, P]) flush(ctx context.Context) error {
	rows, spots := r.rows[r.joined:], r.spots[r.joined:]
	if len(rows) > 0 && r.join != nil {
		kept, _, err := r.join(ctx, &r.plan, rows, spots)
		if err != nil {
			return err
		}
		r.effort.joined(len(rows) - len(kept))
		r.cut(r.joined + len(kept))
		r.spots = r.spots[:len(r.rows)]
	}
	r.joined = len(r.rows)
	return nil
}
