package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// unconfirmedWait is how long an appender whose context has ended still waits
// for the transaction that has already taken its record.
const unconfirmedWait = 5 * time.Second

// pending is one record on its way to the writer. Either the writer takes it
// or its appender abandons it; who loses that race leaves it alone.
type pending struct {
	state   atomic.Int32
	seq     *sequence
	entry   entry  // a record …
	outcome fields // … or an outcome for id …
	change  change // … or what becomes of a message
	id      uint64
	err     error
	done    chan struct{} // one token per append

	request Request
	sms     SMS
	smsEnd  smsEnd
	news    news
	call    Call
	callEnd CallOutcome
	audit   Audit
}

const (
	waiting int32 = iota
	taken
	abandoned
)

var pendings = sync.Pool{New: func() any { return &pending{done: make(chan struct{}, 1)} }}

func (p *pending) release() {
	done := p.done
	*p = pending{done: done}
	pendings.Put(p)
}

// AppendRequest writes r and returns its id once it is durable. r.ID is
// ignored. A time in the future or more than a day old is replaced by now.
//
// # Errors
//
// ctx's error: the record is not in the journal, unless it comes with
// [ErrUnconfirmed]. [ErrTooLarge], [ErrClosed], or what the store says.
func (j *Journal) AppendRequest(ctx context.Context, r Request) (uint64, error) {
	p := pendings.Get().(*pending)
	p.request = r
	p.request.Ignored = slices.Clone(r.Ignored)
	p.seq, p.entry = j.kind[KindRequest], &p.request
	return j.writer.append(ctx, p)
}

// AppendAudit writes an administrative change; see [Journal.AppendRequest].
func (j *Journal) AppendAudit(ctx context.Context, a Audit) (uint64, error) {
	p := pendings.Get().(*pending)
	p.audit = a
	p.seq, p.entry = j.kind[KindAudit], &p.audit
	return j.writer.append(ctx, p)
}

// BeginSMS writes the intent to send, before anything is sent; see
// [Journal.AppendRequest]. Until EndSMS the message reads as [ResultPending],
// and as [ResultUnknown] once the process has been restarted.
func (j *Journal) BeginSMS(ctx context.Context, s SMS) (uint64, error) {
	p := pendings.Get().(*pending)
	p.sms = s
	p.seq, p.entry = j.kind[KindSMS], &p.sms
	return j.writer.append(ctx, p)
}

// EndSMS writes the outcome of the message, and with it what receipts told about
// it before. A later outcome replaces it, but for the status. The message is then
// found by each of its ids; see [Journal.ApplyReceipts].
//
// # Errors
//
// As for AppendRequest, and [ErrUnknownID]. What a full disk refused is written as
// soon as there is room, all the same.
func (j *Journal) EndSMS(ctx context.Context, id uint64, o SMSOutcome) error {
	o.Parts = slices.Clone(o.Parts)
	if o.Done.IsZero() {
		o.Done = j.now()
	}
	write := func(ctx context.Context) error {
		p := pendings.Get().(*pending)
		p.smsEnd = smsEnd{id: id, outcome: o}
		return j.end(ctx, p, KindSMS, id)
	}
	return j.owed.keep(write(ctx), write)
}

// BeginCall writes the intent to call; see [Journal.BeginSMS].
func (j *Journal) BeginCall(ctx context.Context, c Call) (uint64, error) {
	p := pendings.Get().(*pending)
	p.call = c
	p.seq, p.entry = j.kind[KindCall], &p.call
	return j.writer.append(ctx, p)
}

// EndCall writes the outcome of the call; see [Journal.EndSMS].
func (j *Journal) EndCall(ctx context.Context, id uint64, o CallOutcome) error {
	if o.Done.IsZero() {
		o.Done = j.now()
	}
	write := func(ctx context.Context) error {
		p := pendings.Get().(*pending)
		p.callEnd = o
		p.outcome = &p.callEnd
		return j.end(ctx, p, KindCall, id)
	}
	return j.owed.keep(write(ctx), write)
}

func (j *Journal) end(ctx context.Context, p *pending, k Kind, id uint64) error {
	s := j.kind[k]
	if !s.has(id) {
		p.release()
		return fmt.Errorf("%w: %s %d", ErrUnknownID, k, id)
	}
	if k == KindSMS {
		p.change = &p.smsEnd
	}
	p.seq, p.id = s, id
	_, err := j.writer.append(ctx, p)
	return err
}

func (p *pending) size() int {
	switch {
	case p.entry != nil:
		return p.entry.size()
	case p.change != nil:
		return p.change.size()
	}
	return p.outcome.size()
}

// append queues p and waits for the writer. p is not the caller's any more.
func (w *writer) append(ctx context.Context, p *pending) (uint64, error) {
	if n := p.size(); n > MaxRecord {
		kind := p.seq.kind
		p.release()
		return 0, fmt.Errorf("%w: %s of %d bytes, limit %d", ErrTooLarge, kind, n, MaxRecord)
	}
	if !w.enter() {
		p.release()
		return 0, ErrClosed
	}
	defer w.inside.Done()
	if err := ctx.Err(); err != nil {
		p.release()
		return 0, err
	}
	over := ctx.Done()
	select {
	case w.queue <- p:
	case <-over:
		p.release()
		return 0, ctx.Err()
	}
	select {
	case <-p.done:
	case <-over:
		if p.state.CompareAndSwap(waiting, abandoned) {
			return 0, ctx.Err() // the writer releases it
		}
		if !p.finished(w.patience) {
			return 0, errors.Join(ctx.Err(), ErrUnconfirmed) // left to the collector
		}
	}
	id, err := p.id, p.err
	p.release()
	return id, err
}

func (p *pending) finished(within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}
