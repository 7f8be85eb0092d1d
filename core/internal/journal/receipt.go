package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// Receipt is what a provider tells about one SMS.
type Receipt struct {
	// Module and Instance are who says so; the receipt concerns no message of
	// another module or another provider.
	Module, Instance string
	// Reference is the id of the record, MessageID the aggregator's. One of them
	// is enough; Reference goes first.
	Reference string
	MessageID string
	Status    Status // empty tells nothing
	Detail    string
	At        time.Time // when it happened; zero or later than now means now

	// Check moves the next status check of a message that has one; zero leaves it.
	Check time.Time
	// Stop ends the checks, GiveUp does too and makes a status that is not final
	// unknown.
	Stop, GiveUp bool
}

// Applied is what came of a receipt.
type Applied string

// Results of [Journal.ApplyReceipts].
const (
	Moved     Applied = "applied"   // the message has a new status
	Unchanged Applied = "unchanged" // a repetition, or older than what is known
	Parked    Applied = "kept"      // kept for an hour: its message may still be on its way here
	Unmatched Applied = "unknown"   // concerns no message
	Dropped   Applied = "dropped"   // as Parked, but too many are kept for this provider
)

// maxReceipts bounds the receipts that are written as one.
const maxReceipts = 64

// ApplyReceipts writes what receipts tell about messages. When it returns, the
// statuses are as durable as appended records. The results are in the order of
// the receipts; the slice is the caller's.
//
// # Errors
//
// As for [Journal.AppendRequest]. After an error the first part of more than 64
// receipts may have been written; applying them again changes nothing.
func (j *Journal) ApplyReceipts(ctx context.Context, receipts []Receipt) ([]Applied, error) {
	for i := range receipts {
		if s := receipts[i].Status; s != "" && !s.Valid() {
			return nil, fmt.Errorf("journal: receipt %d: %q is no status", i, s)
		}
	}
	out := make([]Applied, 0, len(receipts))
	for part := range slices.Chunk(receipts, maxReceipts) {
		p := pendings.Get().(*pending)
		results := make([]Applied, len(part))
		p.news = news{j: j, receipts: slices.Clone(part), results: results}
		p.seq, p.change = j.kind[KindSMS], &p.news
		if _, err := j.writer.append(ctx, p); err != nil {
			return nil, err
		}
		out = append(out, results...)
	}
	return out, nil
}

// change is something that the writer does to stored messages. apply may run
// several times, each time in a fresh transaction, and returns the bytes written.
type change interface {
	size() int
	apply(w *writer, tx store.Tx, now time.Time) (uint64, error)
}

// change applies the batch's changes in their order.
func (w *writer) change(tx store.Tx) (written uint64, err error) {
	w.parked.begin()
	for _, c := range w.changes {
		n, err := c.apply(w, tx, w.now)
		if err != nil {
			return 0, err
		}
		written += n
	}
	return written, nil
}

// Keys and values that a change writes beside its strings, roughly; it keeps a
// transaction within the store's bounds.
const changeCost = 400

// smsEnd is an outcome on its way.
type smsEnd struct {
	id      uint64
	outcome SMSOutcome
}

func (c *smsEnd) size() int {
	o := &c.outcome
	n := changeCost + len(o.Result) + len(o.Module) + len(o.Provider) + len(o.MessageID) + len(o.Detail) + len(o.Route) + len(o.CheckPhone)
	for _, id := range o.Parts {
		n += 2*len(id) + changeCost/2
	}
	return n
}

func (c *smsEnd) apply(w *writer, tx store.Tx, now time.Time) (uint64, error) {
	state, _, err := loadSMS(tx, c.id)
	if err != nil {
		return 0, err
	}
	due := state.Check
	state.end(&c.outcome)
	for _, id := range state.messageIDs() {
		key := messageKey(state.Module, state.Provider, id)
		if err := tx.Prefix(messageName).Put(key, outcomeKey(c.id), w.j.retention[KindSMS]); err != nil {
			return 0, err
		}
		if err := w.fetch(tx, &state, key, now); err != nil {
			return 0, err
		}
	}
	if err := w.fetch(tx, &state, referenceKey(state.Module, state.Provider, c.id), now); err != nil {
		return 0, err
	}
	return w.save(tx, c.id, &state, due)
}

// fetch applies the receipt that is parked under a key.
func (w *writer) fetch(tx store.Tx, state *smsState, key []byte, now time.Time) error {
	early, err := w.parked.take(tx, key, state.Provider)
	if early != nil {
		state.receive(early, now)
	}
	return err
}

// news are receipts on their way.
type news struct {
	j        *Journal
	receipts []Receipt
	results  []Applied
}

func (c *news) size() int {
	n := 0
	for i := range c.receipts {
		r := &c.receipts[i]
		n += changeCost + len(r.Module) + len(r.Instance) + len(r.Reference) + len(r.MessageID) + len(r.Detail)
	}
	return n
}

func (c *news) apply(w *writer, tx store.Tx, now time.Time) (written uint64, err error) {
	for i := range c.receipts {
		n, err := c.one(w, tx, i, now)
		if err != nil {
			return 0, err
		}
		written += n
	}
	return written, nil
}

func (c *news) one(w *writer, tx store.Tx, i int, now time.Time) (uint64, error) {
	r := &c.receipts[i]
	m, err := c.match(tx, r, now)
	if err != nil {
		return 0, err
	}
	if m.id == 0 {
		c.results[i] = Unmatched
		if m.park == nil || r.Status == "" {
			return 0, nil
		}
		c.results[i], err = w.parked.park(w, tx, m.park, r, now)
		return 0, err
	}
	due := m.state.Check
	c.results[i] = Unchanged
	if m.state.receive(r, now) {
		c.results[i] = Moved
	} else if due.Equal(m.state.Check) {
		return 0, nil
	}
	return w.save(tx, m.id, &m.state, due)
}

// match is the message that a receipt is about, or the key to park it under.
type match struct {
	id    uint64
	state smsState
	park  []byte
}

func (c *news) match(tx store.Tx, r *Receipt, now time.Time) (m match, err error) {
	if id, ok := parseReference(r.Reference); ok && c.j.kind[KindSMS].has(id) {
		if m, err = c.byReference(tx, id, r, now); err != nil || m.id != 0 || m.park != nil {
			return m, err
		}
	}
	if r.MessageID == "" || len(r.MessageID) > maxMessageID {
		return match{}, nil
	}
	key := messageKey(r.Module, r.Instance, r.MessageID)
	value, err := tx.Prefix(messageName).Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return match{park: key}, nil
	}
	if err != nil {
		return match{}, err
	}
	id, ok := parseID(value)
	if !ok || !c.j.kind[KindSMS].has(id) {
		return match{}, nil
	}
	state, found, err := loadSMS(tx, id)
	if err != nil || !found {
		return match{}, err
	}
	return match{id: id, state: state}, nil
}

// lost is how old an intent without an outcome must be to count as one whose
// task is gone; no task runs that long.
const lost = 15 * time.Minute

func (c *news) byReference(tx store.Tx, id uint64, r *Receipt, now time.Time) (match, error) {
	state, found, err := loadSMS(tx, id)
	if err != nil {
		return match{}, err
	}
	if found {
		if state.Module != r.Module || state.Provider != r.Instance {
			return match{}, nil
		}
		return match{id: id, state: state}, nil
	}
	intent, err := c.j.intent(id)
	if errors.Is(err, ErrUnknownID) {
		return match{}, nil
	}
	if err != nil {
		return match{}, err
	}
	if intent.Module != r.Module {
		return match{}, nil
	}
	if id >= c.j.kind[KindSMS].boot && now.Sub(intent.Time) < lost {
		return match{park: referenceKey(r.Module, r.Instance, id)}, nil
	}
	// Nobody will write the outcome any more; who sends a receipt had the message.
	return match{id: id, state: smsState{SMSOutcome: SMSOutcome{Module: r.Module, Provider: r.Instance}}}, nil
}

// parseReference reads an id as [Journal.BeginSMS] gave it out, and nothing that
// only looks like one.
func parseReference(s string) (uint64, bool) {
	id, err := strconv.ParseUint(s, 10, 64)
	return id, err == nil && strconv.FormatUint(id, 10) == s
}
