package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// retainBatch bounds the blocks deleted in one transaction; restFactor is how much
// longer than a transaction the pause behind it is.
const (
	retainBatch = 128
	restFactor  = 2
)

// badLonger is how much longer than the others bad requests are kept.
func badLonger(requests, bad time.Duration) (time.Duration, error) {
	switch {
	case bad == 0:
		return 0, nil
	case bad < 0:
		return -1, nil
	case requests == 0 || bad < requests:
		return 0, fmt.Errorf("journal: bad requests kept for %s, requests for %s (0 is for ever); want the bad ones kept at least as long", bad, requests)
	}
	return bad - requests, nil
}

// Retain removes the blocks of a kind whose records are all older than before,
// with their outcomes, and returns how many blocks went. It works in small
// transactions with pauses between them and does not hold up appenders. A block
// with one record that is young enough stays whole. Bad requests stay as much
// longer as [Options] says.
func (j *Journal) Retain(ctx context.Context, k Kind, before time.Time) (int, error) {
	if !k.valid() {
		return 0, fmt.Errorf("journal: cannot remove records of %s", k)
	}
	j.retainMu.Lock()
	defer j.retainMu.Unlock()
	s := j.kind[k]
	removed, err := j.removeOld(ctx, s, blocksOf(s), micros(before))
	if err == nil && k == KindRequest && j.badLonger >= 0 {
		_, err = j.removeOld(ctx, s, extractsOf(s), micros(before.Add(-j.badLonger)))
	}
	if err != nil {
		return removed, fmt.Errorf("journal: remove old %s records: %w", k, err)
	}
	// A digest goes when all blocks that it is about are gone.
	if _, err = s.digests.DeleteRange(ctx, store.Range{To: s.floorKey()}); err != nil {
		return removed, fmt.Errorf("journal: remove old %s digests: %w", k, err)
	}
	if err = j.dropOutcomes(ctx, s); err != nil {
		err = fmt.Errorf("journal: remove old %s outcomes: %w", k, err)
	}
	return removed, err
}

// ageing is what retention removes by the keys of blocks.
type ageing struct {
	view   store.View
	spot   func(*goneTo) *blockSpot // where the state keeps how far it came
	remove func(tx store.Tx, key []byte) error
}

func blocksOf(s *sequence) ageing {
	return ageing{s.blocks, func(to *goneTo) *blockSpot { return &to.blocks }, func(tx store.Tx, key []byte) error {
		return dropBlock(tx, s.kind, key)
	}}
}

func extractsOf(s *sequence) ageing {
	return ageing{s.extracts, func(to *goneTo) *blockSpot { return &to.extracts }, func(tx store.Tx, key []byte) error {
		return tx.Prefix(extractName(s.kind)).Delete(key)
	}}
}

// dropBlock deletes a block and its entry in the index of places.
func dropBlock(tx store.Tx, k Kind, key []byte) error {
	if err := tx.Prefix(blockName(k)).Delete(key); err != nil {
		return err
	}
	if _, first, err := parseBlockKey(key); k == KindSMS && err == nil {
		return tx.Prefix(placeName).Delete(outcomeKey(first))
	}
	return nil
}

// removeOld removes what has a block's key below limit, batch by batch.
func (j *Journal) removeOld(ctx context.Context, s *sequence, old ageing, limit uint64) (removed int, err error) {
	for {
		began := time.Now()
		n, err := j.removeSome(ctx, s, old, limit)
		removed += n
		if err != nil || n < retainBatch {
			return removed, err
		}
		// Pauses leave room for everybody else.
		if err := rest(ctx, restFactor*time.Since(began)); err != nil {
			return removed, err
		}
	}
}

func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// removeSome removes one batch. The state is written in the same transaction:
// once the last block is gone, nothing else says which ids have been used.
func (j *Journal) removeSome(ctx context.Context, s *sequence, old ageing, limit uint64) (int, error) {
	to := s.gone.get()
	from := *old.spot(&to)
	if from.high >= limit {
		return 0, nil
	}
	var keys [][]byte
	r := store.Range{From: from.key(), To: blockKey(limit, 0), Limit: retainBatch, KeysOnly: true}
	err := old.view.Scan(ctx, r, func(key, _ []byte) error {
		keys = append(keys, append([]byte(nil), key...))
		return nil
	})
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	if high, first, err := parseBlockKey(keys[len(keys)-1]); err == nil {
		*old.spot(&to) = blockSpot{high, first + 1}
	}
	err = j.view.Reclaim(func(tx store.Tx) error {
		if err := saveGone(tx, s, to); err != nil {
			return err
		}
		for _, key := range keys {
			if err := old.remove(tx, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	s.gone.set(to)
	return len(keys), nil
}

// saveGone writes the state. Reading it first makes the transaction start over
// when the writer changes it meanwhile.
func saveGone(tx store.Tx, s *sequence, to goneTo) error {
	if _, err := tx.Prefix(metaName).Get([]byte{byte(s.kind)}); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return putMeta(tx, s, to)
}

// dropOutcomes removes the outcomes of intents that are gone.
func (j *Journal) dropOutcomes(ctx context.Context, s *sequence) error {
	if err := s.findFloor(ctx); err != nil {
		return err
	}
	if s.kind != KindSMS && s.kind != KindCall {
		return nil
	}
	to := s.gone.get()
	floor := s.floor.Load()
	if floor <= to.outcomes {
		return nil
	}
	if _, err := s.outcomes.DeleteRange(ctx, store.Range{From: outcomeKey(to.outcomes), To: outcomeKey(floor)}); err != nil {
		return err
	}
	to.outcomes = floor
	err := j.view.Reclaim(func(tx store.Tx) error { return saveGone(tx, s, to) })
	if err == nil {
		s.gone.set(to)
	}
	return err
}

// sweep applies the configured retention until ctx ends.
func (j *Journal) sweep(ctx context.Context, every time.Duration) {
	defer close(j.swept)
	if len(j.retention) == 0 {
		return
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for k, keep := range j.retention {
			n, err := j.Retain(ctx, k, j.now().Add(-keep))
			if err != nil && ctx.Err() == nil {
				j.logger.Error("retention failed; it will be tried again", "kind", k.String(), "error", err)
			}
			if n > 0 {
				j.logger.Info("old records removed", "kind", k.String(), "blocks", n)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
