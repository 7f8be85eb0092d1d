package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Number finds the telephone number that is to be erased; see [mask.Number].
type Number interface {
	// Is reports whether a field that holds a number holds this one.
	Is(field string) bool
	// Strike takes the number out of a text and returns how often it was there.
	Strike(text string) (string, int)
}

// Erased is what [Journal.Erase] did, or would do.
type Erased struct {
	// SMS and Calls are gone with everything about them.
	SMS, Calls int
	// Requests and Audits stay, without the number in their texts; so do
	// other people's SMS that mention it.
	Requests, Audits, Mentions int
	// InFlight are messages and calls that have begun and not ended: they were left
	// alone. Erase again in a quarter of an hour.
	InFlight int
	// Unreadable counts damaged blocks, which nobody can look into.
	Unreadable int
	// CallUUIDs are the ids of the erased calls; their recordings are not the
	// journal's.
	CallUUIDs []string
}

// Erase removes the SMS and calls of a number and takes it out of the texts of all
// other records. Blocks that hold it are written anew, each in one transaction; a
// stop in between leaves whole records, and erasing again finishes. With dry it only
// counts.
//
// The bytes leave the disk when the database compacts the files that they stand in;
// backups keep theirs.
//
// # Errors
//
// ctx's error, or what the store says; a part is done then.
func (j *Journal) Erase(ctx context.Context, n Number, dry bool) (out Erased, err error) {
	j.retainMu.Lock()
	defer j.retainMu.Unlock()
	e := &eraser{j: j, number: n, dry: dry, out: &out, now: j.now()}
	for _, s := range j.kind[KindRequest:] {
		e.changed = e.changed[:0]
		switch s.kind {
		case KindRequest:
			err = errors.Join(eraseKind(ctx, e, s, blockVersion, e.request), eraseKind(ctx, e, s, extractVersion, e.requestAgain))
		case KindSMS:
			err = eraseKind(ctx, e, s, blockVersion, e.sms)
		case KindCall:
			err = eraseKind(ctx, e, s, blockVersion, e.call)
		case KindAudit:
			err = eraseKind(ctx, e, s, blockVersion, e.audit)
		}
		if err == nil {
			err = e.digests(ctx, s)
		}
		if err != nil {
			return out, fmt.Errorf("journal: erase from %s records: %w", s.kind, err)
		}
	}
	return out, nil
}

type eraser struct {
	j       *Journal
	number  Number
	dry     bool
	out     *Erased
	now     time.Time
	changed [][]byte // keys of the blocks that were written anew
}

// fate is what becomes of a record.
type fate uint8

const (
	stays fate = iota
	struck
	removed
)

// strike takes the number out of texts.
func (e *eraser) strike(texts ...*string) bool {
	found := 0
	for _, text := range texts {
		var n int
		*text, n = e.number.Strike(*text)
		found += n
	}
	return found > 0
}

func (e *eraser) request(r *Request, _ store.Tx) (fate, error) {
	if !e.strike(&r.Body, &r.Error, &r.Reason) {
		return stays, nil
	}
	e.out.Requests++
	return struck, nil
}

// requestAgain is for the extracts: the record was counted already, unless its block
// is gone.
func (e *eraser) requestAgain(r *Request, _ store.Tx) (fate, error) {
	if !e.strike(&r.Body, &r.Error, &r.Reason) {
		return stays, nil
	}
	if r.ID < e.j.kind[KindRequest].floor.Load() {
		e.out.Requests++
	}
	return struck, nil
}

func (e *eraser) audit(r *Audit, _ store.Tx) (fate, error) {
	if !e.strike(&r.Object, &r.Before, &r.After) {
		return stays, nil
	}
	e.out.Audits++
	return struck, nil
}

func (e *eraser) sms(r *SMS, tx store.Tx) (fate, error) {
	if !e.number.Is(r.Phone) {
		if !e.strike(&r.Message) {
			return stays, nil
		}
		e.out.Mentions++
		return struck, nil
	}
	state, found, err := loadSMS(tx, r.ID)
	if err != nil {
		return stays, err
	}
	if e.unfinished(e.j.kind[KindSMS], r.ID, r.Time, found && state.Result != "") {
		return stays, nil
	}
	e.out.SMS++
	if e.dry || !found {
		return removed, nil
	}
	for _, id := range state.messageIDs() {
		if err := tx.Prefix(messageName).Delete(messageKey(state.Module, state.Provider, id)); err != nil {
			return stays, err
		}
	}
	if !state.Check.IsZero() {
		if err := tx.Prefix(checkName).Delete(checkKey(state.Check, r.ID)); err != nil {
			return stays, err
		}
	}
	return removed, tx.Prefix(outcomeName(KindSMS)).Delete(outcomeKey(r.ID))
}

func (e *eraser) call(r *Call, tx store.Tx) (fate, error) {
	if !e.number.Is(r.Called) && !e.number.Is(r.Caller) {
		return stays, nil
	}
	outcomes := tx.Prefix(outcomeName(KindCall))
	value, err := outcomes.Get(outcomeKey(r.ID))
	found := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return stays, err
	}
	if e.unfinished(e.j.kind[KindCall], r.ID, r.Time, found) {
		return stays, nil
	}
	var o CallOutcome
	if found && readOutcome(value, o.decode) == nil && o.UUID != "" {
		r.UUID = o.UUID
	}
	if r.UUID != "" {
		e.out.CallUUIDs = append(e.out.CallUUIDs, r.UUID)
	}
	e.out.Calls++
	if e.dry || !found {
		return removed, nil
	}
	return removed, outcomes.Delete(outcomeKey(r.ID))
}

// unfinished counts what somebody will still write the outcome of.
func (e *eraser) unfinished(s *sequence, id uint64, at time.Time, ended bool) bool {
	if ended || id < s.boot || e.now.Sub(at) >= lost {
		return false
	}
	e.out.InFlight++
	return true
}

// eraseKind walks over the blocks, or extracts, of a kind. A block is looked at in a
// transaction of its own only when it holds something.
func eraseKind[T any, P row[T]](
	ctx context.Context, e *eraser, s *sequence, version byte, judge func(*T, store.Tx) (fate, error),
) error {
	view, from := s.blocks, s.gone.get().blocks
	if version == extractVersion {
		view, from = s.extracts, s.gone.get().extracts
	}
	var rows []T
	var found [][]byte
	err := view.Scan(ctx, store.Range{From: from.key()}, func(key, value []byte) error {
		_, err := inspectKeyed(key, value, version, s.kind)
		if err == nil {
			rows, err = readBlock[T, P](value, rows[:0])
		}
		if err != nil {
			e.out.Unreadable++
			return nil
		}
		if slices.ContainsFunc(rows, func(r T) bool { return e.mentions(P(&r)) }) {
			found = append(found, slices.Clone(key))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, key := range found {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := eraseBlock[T, P](e, s, version, key, judge); err != nil {
			return err
		}
	}
	return nil
}

// mentions reports whether a record is worth a transaction.
func (e *eraser) mentions(r entry) bool {
	var room [9]string
	for _, text := range append(r.texts(room[:0]), "") {
		if e.number.Is(text) {
			return true
		}
		if _, n := e.number.Strike(text); n > 0 {
			return true
		}
	}
	return false
}

func eraseBlock[T any, P row[T]](e *eraser, s *sequence, version byte, key []byte, judge func(*T, store.Tx) (fate, error)) error {
	before := *e.out
	before.CallUUIDs = slices.Clip(before.CallUUIDs)
	written := false
	err := e.j.view.Reclaim(func(tx store.Tx) error {
		*e.out, written = before, false // the function may run again
		name := blockName(s.kind)
		if version == extractVersion {
			name = extractName(s.kind)
		}
		blocks := tx.Prefix(name)
		value, err := blocks.Get(key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		h, err := parseHeader(value, version, s.kind)
		if err != nil {
			return err
		}
		rows, err := readBlock[T, P](value, nil)
		if err != nil {
			return err
		}
		kept := rows[:0]
		for i := range rows {
			what, err := judge(&rows[i], tx)
			if err != nil {
				return err
			}
			written = written || what != stays
			if what != removed {
				kept = append(kept, rows[i])
			}
		}
		if written = written && !e.dry; !written {
			return nil
		}
		if len(kept) == 0 {
			return dropErased(tx, s, key, h)
		}
		if version == blockVersion {
			version = thinnedVersion
		}
		return blocks.Put(key, rewrite[T, P](version, s.kind, h, kept), 0)
	})
	if err != nil {
		*e.out = before
		return err
	}
	if written && version != extractVersion {
		e.changed = append(e.changed, key)
	}
	return nil
}

// dropErased removes a block that nothing is left of. Its digest stays: it is about
// other blocks, too. The state says which ids were used.
func dropErased(tx store.Tx, s *sequence, key []byte, h header) error {
	if err := saveGone(tx, s, s.gone.get()); err != nil {
		return err
	}
	if s.kind == KindSMS {
		if err := tx.Prefix(placeName).Delete(outcomeKey(h.first)); err != nil {
			return err
		}
	}
	return tx.Prefix(blockName(s.kind)).Delete(key)
}

// rewrite encodes what is left of a block.
func rewrite[T any, P row[T]](version byte, k Kind, old header, rows []T) []byte {
	h := header{count: uint64(len(rows)), first: old.first, low: maxMicros, ids: old.ids}
	for i := range rows {
		r := P(&rows[i])
		_, at := r.head()
		h.low, h.high = min(h.low, micros(*at)), max(h.high, micros(*at))
		if r.bad() {
			h.bad++
		}
	}
	var e encoder
	e.begin(version, k, h)
	for i := range rows {
		r := P(&rows[i])
		id, at := r.head()
		e.uint(*id - h.first)
		e.uint(micros(*at) - h.low)
		r.encode(&e)
	}
	return e.seal()
}

// digests makes the digests of the stretches anew that blocks were changed in: a
// digest holds traces of what was erased.
func (e *eraser) digests(ctx context.Context, s *sequence) error {
	if len(e.changed) == 0 {
		return nil
	}
	e.j.writer.forget[s.kind].Store(true)
	type spoiled struct {
		key    []byte
		first  blockSpot
		lastID uint64
	}
	var list []spoiled
	next := 0 // of the changed keys, which are in order
	err := s.digests.Scan(ctx, store.Range{}, func(key, value []byte) error {
		hit := false
		for next < len(e.changed) && string(e.changed[next]) <= string(key) {
			hit, next = true, next+1
		}
		if d, err := parseDigest(value, s.kind); hit && err == nil {
			list = append(list, spoiled{slices.Clone(key), d.first, d.lastID})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range list {
		g := gather{}
		g.begin(d.first)
		if err := e.j.gatherRange(ctx, s, &g, store.Range{From: d.first.key(), To: append(slices.Clone(d.key), 0)}, nil); err != nil {
			return err
		}
		g.lastID = max(g.lastID, d.lastID) // its last block may be gone
		o := g.seal(s.kind, d.key)
		err := e.j.view.Reclaim(func(tx store.Tx) error { return o.put(tx, s.kind) })
		if err != nil {
			return err
		}
	}
	return nil
}
