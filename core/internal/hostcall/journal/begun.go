package journalcall

import (
	"context"
	"sync"
)

// maxBegun bounds the ids that are remembered; those beyond it are looked up.
const maxBegun = 16 << 10

// begun remembers the records that a module has begun and not ended, so that the usual
// end of one reads nothing. It is safe for concurrent use.
type begun struct {
	mu  sync.Mutex
	ids map[uint64]struct{}
}

func (b *begun) add(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.ids) >= maxBegun {
		clear(b.ids) // ends that never came
	}
	b.ids[id] = struct{}{}
}

func (b *begun) has(id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, there := b.ids[id]
	return there
}

func (b *begun) remove(id uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.ids, id)
}

// own reports that a record is the module's: ids count up, so a plugin could guess
// those of others.
//
// # Errors
//
// [journal.ErrUnknownID] when it is not, and the journal's.
func (o Options) own(ctx context.Context, id uint64) error {
	if o.begun.has(id) {
		return nil
	}
	_, err := o.Journal.FindSMS(ctx, o.Module, id)
	return err
}
