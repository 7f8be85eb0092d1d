package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// What an append waits for is a transaction before it, so one of retention is not
// longer than an append's own, and pauses between them let most appends meet none.
// Finding the keys costs more than deleting them, but holds nobody up.
const (
	retainScan  = 512 // blocks looked for at a time
	retainBatch = 16  // blocks deleted in one transaction
	retainRest  = 2 * time.Millisecond
	restFactor  = 10 // or so much longer than the transaction
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
	removed, err := j.removeOld(ctx, s, blocksOf(s), blockKey(micros(before), 0))
	if err == nil && k == KindRequest && j.badLonger >= 0 {
		_, err = j.removeOld(ctx, s, extractsOf(s), blockKey(micros(before.Add(-j.badLonger)), 0))
	}
	if err == nil {
		// A digest goes when all blocks that it is about are gone.
		_, err = j.removeOld(ctx, s, digestsOf(s), s.floorKey())
	}
	if err != nil {
		return removed, fmt.Errorf("journal: remove old %s records: %w", k, err)
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
	batch  int                      // how many go in one transaction
	remove func(tx store.Tx, key []byte) error
}

func blocksOf(s *sequence) ageing {
	return ageing{s.blocks, func(to *goneTo) *blockSpot { return &to.blocks }, retainBatch, func(tx store.Tx, key []byte) error {
		return dropBlock(tx, s.kind, key)
	}}
}

func extractsOf(s *sequence) ageing {
	return ageing{s.extracts, func(to *goneTo) *blockSpot { return &to.extracts }, retainBatch, func(tx store.Tx, key []byte) error {
		return tx.Prefix(extractName(s.kind)).Delete(key)
	}}
}

func digestsOf(s *sequence) ageing {
	return ageing{s.digests, func(to *goneTo) *blockSpot { return &to.digests }, 1, func(tx store.Tx, key []byte) error {
		return dropOutline(tx, s.kind, key)
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

// removeOld removes what has a key below limit, in small steps. The caller holds
// retainMu, which is free for a moment now and then.
func (j *Journal) removeOld(ctx context.Context, s *sequence, old ageing, limit []byte) (removed int, err error) {
	for {
		keys, err := oldKeys(ctx, s, old, limit)
		if err != nil {
			return removed, err
		}
		for part := range slices.Chunk(keys, old.batch) {
			began := time.Now()
			if err := j.removeSome(s, old, part); err != nil {
				return removed, err
			}
			removed += len(part)
			if err := rest(ctx, max(retainRest, restFactor*time.Since(began))); err != nil {
				return removed, err
			}
		}
		if len(keys) < retainScan {
			return removed, nil
		}
		// Whoever wants to erase a number need not wait for the end.
		j.retainMu.Unlock()
		j.retainMu.Lock()
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

// oldKeys returns the first keys of what is to go.
func oldKeys(ctx context.Context, s *sequence, old ageing, limit []byte) (keys [][]byte, err error) {
	to := s.gone.get()
	from := old.spot(&to).key()
	if bytes.Compare(from, limit) >= 0 {
		return nil, nil
	}
	r := store.Range{From: from, To: limit, Limit: retainScan, KeysOnly: true}
	err = old.view.Scan(ctx, r, func(key, _ []byte) error {
		keys = append(keys, bytes.Clone(key))
		return nil
	})
	return keys, err
}

// removeSome removes one batch. The state is written in the same transaction:
// once the last block is gone, nothing else says which ids have been used.
func (j *Journal) removeSome(s *sequence, old ageing, keys [][]byte) error {
	to := s.gone.get()
	if high, first, err := parseBlockKey(keys[len(keys)-1]); err == nil {
		*old.spot(&to) = blockSpot{high, first + 1}
	}
	err := j.view.Reclaim(func(tx store.Tx) error {
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
	if err == nil {
		s.gone.set(to)
	}
	return err
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
