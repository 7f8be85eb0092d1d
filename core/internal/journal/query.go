package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"
	"strings"
	"time"
)

const (
	// DefaultLimit is the page size of a query without one.
	DefaultLimit = 1000
	// MaxLimit is the largest page.
	MaxLimit = 100_000
)

// Query selects records of one kind.
type Query struct {
	// From and To bound the records' times: From ≤ time < To. A zero time
	// leaves the side open.
	From, To time.Time
	// Limit is the largest number of rows in the page; 0 means DefaultLimit.
	Limit int
	// Cursor continues behind an earlier page of the same query; the limit may
	// differ. Records appended meanwhile neither repeat nor hide rows.
	Cursor string
	// BadOnly leaves requests with a status of 400 or above, and SMS and calls
	// whose result is neither OK nor pending. It does not concern Audit.
	BadOnly bool
	// User, Module and Action must be equal when given. SMS and calls have
	// neither module nor action, audit records have no module.
	User, Module, Action string
	// Text must occur in one of the record's texts, in any case of letters.
	Text string
	// Reverse returns the newest records first.
	Reverse bool
}

// Page is a part of a query's answer. It has as many rows as the query's limit,
// or all that there are, unless it is partial.
type Page[T any] struct {
	Rows []T
	// Next is the cursor of the following page, empty when there is none.
	Next string
	// Partial means that the search ended early to keep the page short, having
	// come as far as Searched. What else matches is behind Next.
	Partial  bool
	Searched time.Time
	// Skipped counts the damaged blocks that were passed over; their records
	// are missing from Rows.
	Skipped int
	// Work is what was read for the page.
	Work Work
}

// Work counts what a query reads. Unlike the time it takes, that is the same on every
// machine.
type Work struct {
	Blocks  int // that were looked at
	Bytes   int // of these blocks
	Records int // that were decoded
	Digests int // that were looked at, and parts of sieves
}

// Requests returns a page of requests.
//
// # Errors
//
// [ErrBadQuery], [ErrBadCursor], ctx's error, or what the store says.
func (j *Journal) Requests(ctx context.Context, q Query) (Page[Request], error) {
	return page[Request](ctx, j, KindRequest, q, nil)
}

// Audits returns a page of administrative changes; see [Journal.Requests].
func (j *Journal) Audits(ctx context.Context, q Query) (Page[Audit], error) {
	return page[Audit](ctx, j, KindAudit, q, nil)
}

// SMS returns a page of messages with their outcomes; see [Journal.Requests].
func (j *Journal) SMS(ctx context.Context, q Query) (Page[SMS], error) {
	return page(ctx, j, KindSMS, q, j.joinSMS)
}

// Calls returns a page of calls with their outcomes; see [Journal.Requests].
func (j *Journal) Calls(ctx context.Context, q Query) (Page[Call], error) {
	return page(ctx, j, KindCall, q, j.joinCalls)
}

// AllRequests walks through all pages of the query; its Limit is the page
// size. The walk ends after an error.
func (j *Journal) AllRequests(ctx context.Context, q Query) iter.Seq2[Request, error] {
	return all(ctx, q, j.Requests)
}

// AllAudits is like [Journal.AllRequests].
func (j *Journal) AllAudits(ctx context.Context, q Query) iter.Seq2[Audit, error] {
	return all(ctx, q, j.Audits)
}

// AllSMS is like [Journal.AllRequests].
func (j *Journal) AllSMS(ctx context.Context, q Query) iter.Seq2[SMS, error] {
	return all(ctx, q, j.SMS)
}

// AllCalls is like [Journal.AllRequests].
func (j *Journal) AllCalls(ctx context.Context, q Query) iter.Seq2[Call, error] {
	return all(ctx, q, j.Calls)
}

func all[T any](
	ctx context.Context, q Query, fetch func(context.Context, Query) (Page[T], error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for q := q; ; {
			p, err := fetch(ctx, q)
			if err != nil {
				var zero T
				yield(zero, err)
				return
			}
			for _, r := range p.Rows {
				if !yield(r, nil) {
					return
				}
			}
			if q.Cursor = p.Next; p.Next == "" {
				return
			}
		}
	}
}

// plan is a checked query.
type plan struct {
	kind     Kind
	from, to uint64 // µs, half-open
	limit    int
	reverse  bool
	filter   filter
	print    uint32   // fingerprint of all but limit and cursor
	after    *rowSpot // nil on the first page
}

func (q Query) plan(k Kind) (plan, error) {
	p := plan{kind: k, to: maxMicros + 1, limit: q.Limit, reverse: q.Reverse, filter: filter{
		badOnly: q.BadOnly, user: q.User, module: q.Module, action: q.Action, text: strings.ToLower(q.Text),
	}}
	if q.Limit < 0 || q.Limit > MaxLimit {
		return p, fmt.Errorf("%w: limit %d, want 0 to %d", ErrBadQuery, q.Limit, MaxLimit)
	}
	if q.Limit == 0 {
		p.limit = DefaultLimit
	}
	if q.Module != "" && k != KindRequest || q.Action != "" && k != KindRequest && k != KindAudit {
		return p, fmt.Errorf("%w: %s records have no such field to filter by", ErrBadQuery, k)
	}
	// A bound between two microseconds belongs to the later one: times are
	// stored rounded down.
	if !q.From.IsZero() {
		p.from = roundUp(q.From)
	}
	if !q.To.IsZero() {
		p.to = min(roundUp(q.To), p.to)
	}
	if !q.From.IsZero() && !q.To.IsZero() && q.From.After(q.To) {
		return p, fmt.Errorf("%w: From %s is after To %s", ErrBadQuery,
			q.From.Format(time.RFC3339), q.To.Format(time.RFC3339))
	}
	if p.filter.text != "" {
		p.filter.grams, p.filter.weak = gramsAsked(p.filter.text)
	}
	p.print = p.fingerprint()
	if q.Cursor == "" {
		return p, nil
	}
	spot, err := parseCursor(q.Cursor, &p)
	p.after = &spot
	return p, err
}

func roundUp(t time.Time) uint64 {
	us := micros(t)
	if t.Nanosecond()%1000 != 0 && t.Unix() >= 0 {
		us++
	}
	return us
}

func (p *plan) fingerprint() uint32 {
	b := []byte{byte(p.kind), flag(p.reverse), flag(p.filter.badOnly)}
	b = binary.BigEndian.AppendUint64(b, p.from)
	b = binary.BigEndian.AppendUint64(b, p.to)
	for _, s := range []string{p.filter.user, p.filter.module, p.filter.action, p.filter.text} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return crc32.Checksum(b, castagnoli)
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}
