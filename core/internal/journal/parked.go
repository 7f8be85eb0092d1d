package journal

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	// parkTime is how long a receipt waits for its message.
	parkTime = time.Hour
	// maxParked bounds the receipts that wait, for each provider instance.
	maxParked = 10_000
	// recountEvery is how often a full instance is counted again: entries end by
	// themselves.
	recountEvery = time.Minute
)

// parking counts the parked receipts of each provider instance. It is the
// writer's own.
type parking struct {
	held      map[string]int // as of the last commit; entries that ended by themselves are among them
	pending   map[string]int // of the transaction
	recounted time.Time
}

func (p *parking) begin() { p.pending = map[string]int{} }

// settle makes the transaction's part count; it was committed.
func (p *parking) settle() {
	for instance, n := range p.pending {
		p.held[instance] = max(p.held[instance]+n, 0)
	}
	p.pending = nil
}

// count counts what is there.
func (p *parking) count(ctx context.Context, view store.View) error {
	held := map[string]int{}
	err := view.Prefix(parkedName).Scan(ctx, store.Range{KeysOnly: true}, func(key, _ []byte) error {
		if parts := bytes.SplitN(key, []byte{0}, 3); len(parts) == 3 {
			held[string(parts[1])]++
		}
		return nil
	})
	p.held = held
	return err
}

// room reports whether one more may be parked.
func (p *parking) room(w *writer, instance string, now time.Time) bool {
	full := func() bool { return p.held[instance]+p.pending[instance] >= maxParked }
	if !full() {
		return true
	}
	if now.Sub(p.recounted) < recountEvery && !now.Before(p.recounted) {
		return false
	}
	p.recounted = now
	// The transaction's own entries are not seen by this; they are in pending.
	before := maps.Clone(p.held)
	if err := p.count(context.Background(), w.view); err != nil {
		p.held = before
		return false
	}
	return !full()
}

// park keeps a receipt under a key. What is parked there already moves forward
// as the status of a message would.
func (p *parking) park(w *writer, tx store.Tx, key []byte, r *Receipt, now time.Time) (Applied, error) {
	var state smsState
	found, err := readParked(tx, key, &state)
	if err != nil {
		return "", err
	}
	if !found && !p.room(w, r.Instance, now) {
		return Dropped, nil
	}
	if !state.receive(&Receipt{Status: r.Status, Detail: r.Detail, At: r.At, MessageID: r.MessageID}, now) && found {
		return Unchanged, nil
	}
	if !found {
		p.pending[r.Instance]++
	}
	value := append([]byte(nil), appendOutcome(&w.enc, statusVersion, &state)...)
	return Parked, tx.Prefix(parkedName).Put(key, value, parkTime)
}

// take removes the receipt that is parked under a key, nil when there is none.
func (p *parking) take(tx store.Tx, key []byte, instance string) (*Receipt, error) {
	var state smsState
	found, err := readParked(tx, key, &state)
	if err != nil || !found {
		return nil, err
	}
	p.pending[instance]--
	r := &Receipt{Status: state.Status, Detail: state.StatusDetail, At: state.StatusAt, MessageID: state.statusOf}
	return r, tx.Prefix(parkedName).Delete(key)
}

func readParked(tx store.Tx, key []byte, state *smsState) (found bool, err error) {
	value, err := tx.Prefix(parkedName).Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return readOutcome(value, state.decode) == nil, nil // a damaged one is replaced
}
