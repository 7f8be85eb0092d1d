package journal

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	// owedEvery is the pause between attempts to write what a full disk refused.
	owedEvery = time.Second
	// maxOwed bounds what is kept meanwhile; intents need room, so only outcomes of
	// what was under way when the disk became full come here.
	maxOwed = 10_000
)

// owed are outcomes that found the disk full. What happened outside cannot be told
// again, so they are written when there is room; until then their intents read as
// [ResultPending], and as [ResultUnknown] when the process ends before.
type owed struct {
	mu    sync.Mutex
	debts []func(context.Context) error
	ended chan struct{}
}

// keep takes the outcome over when err says that only the room was missing. It
// returns err: the outcome is not durable yet.
func (o *owed) keep(err error, again func(context.Context) error) error {
	if !errors.Is(err, store.ErrFull) {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.debts) < maxOwed {
		o.debts = append(o.debts, again)
	}
	return err
}

// settle writes what there is room for.
func (o *owed) settle(ctx context.Context) {
	o.mu.Lock()
	debts := o.debts
	o.debts = nil
	o.mu.Unlock()
	for i, again := range debts {
		if err := again(ctx); errors.Is(err, store.ErrFull) || ctx.Err() != nil {
			o.mu.Lock()
			o.debts = slices.Concat(debts[i:], o.debts)
			o.mu.Unlock()
			return
		}
	}
}

// run settles until ctx ends, and once more then.
func (o *owed) run(ctx context.Context) {
	defer close(o.ended)
	tick := time.NewTicker(owedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			o.settle(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			o.settle(ctx)
		}
	}
}
