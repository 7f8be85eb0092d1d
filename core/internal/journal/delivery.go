package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// The indexes of SMS: the aggregator's ids to the record, the record to its
// block, and the time of the next status check.
const (
	messageName = "msms" // module, instance, message id -> id; kept as long as records are
	placeName   = "psms" // first id of a block -> its highest time, the rest of its key
	checkName   = "csms" // time of the check, id -> nothing
	parkedName  = "rsms" // as messageName, or a reference -> receipt

	// maxMessageID bounds the ids that are indexed, in bytes. Aggregators' are
	// some 40.
	maxMessageID = 256
)

// placedMeta is the key in meta that says that all blocks of SMS are in the
// index of places; older versions wrote none.
var placedMeta = []byte{byte(KindSMS), 'p'}

func messageKey(module, instance, id string) []byte {
	k := append(append(append([]byte{}, module...), 0), instance...)
	return append(append(k, 0, 'm'), id...)
}

func referenceKey(module, instance string, id uint64) []byte {
	k := append(append(append([]byte{}, module...), 0), instance...)
	return binary.BigEndian.AppendUint64(append(k, 0, 'r'), id)
}

func checkKey(at time.Time, id uint64) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, micros(at)), id)
}

func parseID(b []byte) (uint64, bool) {
	if len(b) != 8 {
		return 0, false
	}
	return binary.BigEndian.Uint64(b), true
}

// messageIDs returns the ids that the index knows the message by.
func (s *smsState) messageIDs() []string {
	if s.Provider == "" {
		return nil
	}
	var out []string
	for _, id := range append([]string{s.MessageID}, s.Parts...) {
		if id != "" && len(id) <= maxMessageID {
			out = append(out, id)
		}
	}
	return out
}

// has reports whether the record of an id may be there.
func (s *sequence) has(id uint64) bool { return id >= s.floor.Load() && id < s.written.Load() }

// loadSMS reads what is stored about an SMS; found is false when nothing is, or
// nothing that can be read.
func loadSMS(tx store.Tx, id uint64) (state smsState, found bool, err error) {
	value, err := tx.Prefix(outcomeName(KindSMS)).Get(outcomeKey(id))
	if errors.Is(err, store.ErrNotFound) {
		return smsState{}, false, nil
	}
	if err != nil {
		return smsState{}, false, err
	}
	if readOutcome(value, state.decode) != nil {
		return smsState{}, false, nil // queries report it; what comes now replaces it
	}
	if state.Module == "" {
		state.Module = formerModule
	}
	return state, true, nil
}

// formerModule owns the messages of versions that did not record the module:
// there was no other.
const formerModule = "sms"

// save writes the state and moves the entry of its check, which stood at due.
func (w *writer) save(tx store.Tx, id uint64, state *smsState, due time.Time) (uint64, error) {
	if !due.Equal(state.Check) {
		checks := tx.Prefix(checkName)
		if !due.IsZero() {
			if err := checks.Delete(checkKey(due, id)); err != nil {
				return 0, err
			}
		}
		if !state.Check.IsZero() {
			if err := checks.Put(checkKey(state.Check, id), nil, 0); err != nil {
				return 0, err
			}
		}
	}
	value := append([]byte(nil), appendOutcome(&w.enc, statusVersion, state)...)
	return uint64(len(value)), tx.Prefix(outcomeName(KindSMS)).Put(outcomeKey(id), value, 0)
}

// putPlace remembers where the block that begins with an id stands.
func putPlace(tx store.Tx, high, first uint64) error {
	return tx.Prefix(placeName).Put(outcomeKey(first), binary.BigEndian.AppendUint64(nil, high), 0)
}

// openDelivery completes the index of places once, after an upgrade.
func (j *Journal) openDelivery(ctx context.Context) error {
	meta := j.view.Prefix(metaName)
	if _, err := meta.Get(placedMeta); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	type place struct{ high, first uint64 }
	var places []place
	err := j.kind[KindSMS].blocks.Scan(ctx, store.Range{KeysOnly: true}, func(key, _ []byte) error {
		if high, first, err := parseBlockKey(key); err == nil {
			places = append(places, place{high, first})
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = j.view.Prefix(placeName).Batch(func(b store.Batch) error {
		for _, p := range places {
			if err := b.Put(outcomeKey(p.first), binary.BigEndian.AppendUint64(nil, p.high), 0); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return meta.Put(placedMeta, []byte{1}, 0)
}
