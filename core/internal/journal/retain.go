package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// retainBatch bounds the blocks deleted in one transaction.
const retainBatch = 256

// Retain removes the blocks of a kind whose records are all older than before,
// with their outcomes, and returns how many blocks went. It works in small
// transactions and does not hold up appenders. A block with one record that is
// young enough stays whole.
func (j *Journal) Retain(ctx context.Context, k Kind, before time.Time) (int, error) {
	if !k.valid() {
		return 0, fmt.Errorf("journal: cannot remove records of %s", k)
	}
	j.retainMu.Lock()
	defer j.retainMu.Unlock()
	s := j.kind[k]
	removed := 0
	for limit := micros(before); ; {
		n, err := j.retainSome(ctx, s, limit)
		removed += n
		if err != nil {
			return removed, fmt.Errorf("journal: remove old %s records: %w", k, err)
		}
		if n < retainBatch {
			break
		}
	}
	err := j.dropOutcomes(ctx, s)
	if err != nil {
		err = fmt.Errorf("journal: remove old %s outcomes: %w", k, err)
	}
	return removed, err
}

// retainSome removes one batch. The state is written in the same transaction:
// once the last block is gone, nothing else says which ids have been used.
func (j *Journal) retainSome(ctx context.Context, s *sequence, limit uint64) (int, error) {
	var keys [][]byte
	r := store.Range{To: blockKey(limit, 0), Limit: retainBatch, KeysOnly: true}
	err := s.blocks.Scan(ctx, r, func(key, _ []byte) error {
		keys = append(keys, append([]byte(nil), key...))
		return nil
	})
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	err = j.view.Update(func(tx store.Tx) error {
		// Reading the state makes the transaction start over when the writer
		// changes it meanwhile.
		if _, err := tx.Prefix(metaName).Get([]byte{byte(s.kind)}); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := putMeta(tx, s); err != nil {
			return err
		}
		blocks, extracts, places := tx.Prefix(blockName(s.kind)), tx.Prefix(extractName(s.kind)), tx.Prefix(placeName)
		for _, key := range keys {
			if err := blocks.Delete(key); err != nil {
				return err
			}
			var err error
			switch s.kind {
			case KindRequest:
				err = extracts.Delete(key)
			case KindSMS:
				if _, first, parsed := parseBlockKey(key); parsed == nil {
					err = places.Delete(outcomeKey(first))
				}
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return len(keys), nil
}

// dropOutcomes removes the outcomes of intents that are gone.
func (j *Journal) dropOutcomes(ctx context.Context, s *sequence) error {
	if err := s.findFloor(ctx); err != nil {
		return err
	}
	if s.kind != KindSMS && s.kind != KindCall {
		return nil
	}
	_, err := s.outcomes.DeleteRange(ctx, store.Range{To: outcomeKey(s.floor.Load())})
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
