package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

func (j *Journal) joinSMS(ctx context.Context, p *plan, rows []SMS, spots []rowSpot) ([]SMS, []rowSpot, error) {
	s := j.kind[KindSMS]
	err := j.outcomes(ctx, s, spots, func(i int, value []byte) error {
		var o smsState
		if err := readOutcome(value, o.decode); err != nil {
			return err
		}
		o.join(&rows[i])
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	rows, spots = keep(p, rows, spots, func(r *SMS) *string {
		s.noOutcome(&r.Result, r.ID)
		return &r.Result
	})
	return rows, spots, nil
}

func (j *Journal) joinCalls(ctx context.Context, p *plan, rows []Call, spots []rowSpot) ([]Call, []rowSpot, error) {
	s := j.kind[KindCall]
	err := j.outcomes(ctx, s, spots, func(i int, value []byte) error {
		var o CallOutcome
		if err := readOutcome(value, o.decode); err != nil {
			return err
		}
		r := &rows[i]
		r.Result, r.Detail, r.Done = o.Result, o.Detail, o.Done
		if o.UUID != "" {
			r.UUID = o.UUID
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	rows, spots = keep(p, rows, spots, func(r *Call) *string {
		s.noOutcome(&r.Result, r.ID)
		return &r.Result
	})
	return rows, spots, nil
}

// noOutcome fills in the result of an intent that has none.
func (s *sequence) noOutcome(result *string, id uint64) {
	switch {
	case *result != "":
	case id >= s.boot:
		*result = ResultPending
	default:
		*result = ResultUnknown
	}
}

// keep applies the part of the filter that needs the outcome. It works in place.
func keep[T any](p *plan, rows []T, spots []rowSpot, result func(*T) *string) ([]T, []rowSpot) {
	n := 0
	for i := range rows {
		res := *result(&rows[i])
		if p.filter.badOnly && (res == ResultOK || res == ResultPending) {
			continue
		}
		rows[n], spots[n] = rows[i], spots[i]
		n++
	}
	return rows[:n], spots[:n]
}

// sparse decides between one scan over the ids and single look-ups: a scan
// step costs about an eighth of a look-up.
const sparse = 8

// outcomes calls found with the outcome of every spot that has one; i is the
// spot's index. A damaged outcome is reported and taken as missing.
func (j *Journal) outcomes(
	ctx context.Context, s *sequence, spots []rowSpot, found func(i int, value []byte) error,
) error {
	apply := func(i int, value []byte) {
		if err := found(i, value); err != nil {
			j.damaged(s.kind, outcomeKey(spots[i].id), err)
		}
	}
	low, high := spots[0].id, spots[len(spots)-1].id
	reverse := low > high
	if reverse {
		low, high = high, low
	}
	if high-low >= uint64(sparse*len(spots)) {
		return s.lookUp(ctx, spots, apply)
	}
	r := store.Range{From: outcomeKey(low), To: outcomeKey(high + 1)}
	return s.outcomes.Scan(ctx, r, func(key, value []byte) error {
		if len(key) != 8 {
			return nil
		}
		id := binary.BigEndian.Uint64(key)
		i, ok := slices.BinarySearchFunc(spots, id, func(at rowSpot, id uint64) int {
			switch {
			case at.id == id:
				return 0
			case (at.id < id) != reverse:
				return -1
			}
			return 1
		})
		if ok {
			apply(i, value)
		}
		return nil
	})
}

func (s *sequence) lookUp(ctx context.Context, spots []rowSpot, apply func(int, []byte)) error {
	for i, at := range spots {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := s.outcomes.Get(outcomeKey(at.id))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		apply(i, value)
	}
	return nil
}
