// Package journal is the append-only record of requests, SMS, calls and
// administrative changes.
//
// # Writing
//
// Appenders hand their record to one owner goroutine. It takes everything that
// waits, encodes the records of each kind into one block and writes the blocks
// in one transaction; only then do the appenders get their ids. Under load the
// cost of a transaction is shared by all who wait, and an idle journal writes
// at once. An acknowledged record survives the death of the process, and with
// synchronous writes in the store the loss of power as well.
//
// # Ids and times
//
// Each kind numbers its records upwards from 1. A number is never used twice,
// also not after a crash; numbers may be missing. Rows come in the order of
// their ids, which is the order of appending. Times have a resolution of a
// microsecond and are returned in UTC. A record keeps its own time even when
// that is earlier than its predecessor's (a slow request, a clock set back),
// and queries by time are exact all the same.
//
// # Layout
//
// A block's key is the highest time that the kind has seen up to and including
// the block, then the block's first id, both big-endian: keys rise even when
// the clock falls. For each kind the journal remembers how far a record was
// ever behind its block's key ("late"); a record of time t is therefore in a
// block whose key is between t and t+late. Outcomes of SMS and calls are small
// values of their own, keyed by the id of the intent. Beside each block with bad
// records stands an extract of them under the same key, written and removed in
// the same transactions. After every few thousand records a digest and a sieve say
// what can be found among them (see digest.go, sieve.go), so that a query for little
// reads little.
//
// # Delivery of SMS
//
// The outcome of an SMS also holds its delivery status, which only the writer
// changes and only forwards (see [Status]). Three small indexes lead to it: the
// aggregator's message ids, the place of the block that an id stands in, and the
// time of the next status check. A receipt for a message whose outcome is not
// written yet is parked for an hour under the id that it names.
package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

var (
	// ErrClosed means that the journal is closed or closing.
	ErrClosed = errors.New("journal: closed")
	// ErrTooLarge means a record above [MaxRecord] bytes.
	ErrTooLarge = errors.New("journal: record too large")
	// ErrUnconfirmed comes with ctx's error when the caller gave up while the
	// record was being written: it may or may not be in the journal.
	ErrUnconfirmed = errors.New("journal: not known whether the record was written")
	// ErrUnknownID means an outcome for an intent that the journal never had
	// or no longer has.
	ErrUnknownID = errors.New("journal: no such record")
	// ErrBadQuery means a query that cannot be answered; the text says why.
	ErrBadQuery = errors.New("journal: bad query")
	// ErrBadCursor means a cursor that is damaged or belongs to another query.
	ErrBadCursor = errors.New("journal: bad cursor")
)

// Kind is one of the journal's sequences.
type Kind uint8

// The kinds. Their numbers are on disk.
const (
	KindRequest Kind = 1
	KindSMS     Kind = 2
	KindCall    Kind = 3
	KindAudit   Kind = 4

	kinds = 5 // array size; 0 is no kind
)

var kindNames = [kinds]string{"", "request", "sms", "call", "audit"}

func (k Kind) String() string {
	if !k.valid() {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

func (k Kind) valid() bool { return k > 0 && k < kinds }

// Options configures a journal.
type Options struct {
	// View is the part of the store that belongs to the journal alone.
	View store.View
	// Logger receives reports of corrupt blocks and of retention; nil discards them.
	Logger hclog.Logger
	// Retention is how long the records of a kind are kept; 0 or absent keeps
	// them for ever.
	Retention map[Kind]time.Duration
	// BadRequests keeps the bad requests longer than the others, for queries with
	// BadOnly; 0 keeps them as long as Retention says, a negative time for ever.
	BadRequests time.Duration
	// RetentionEvery is the pause between sweeps; 0 means 10 minutes.
	RetentionEvery time.Duration
	// Queue bounds the records waiting to be written; 0 means 4096. Appenders
	// wait when it is full.
	Queue int
	// Now replaces the clock; nil means [time.Now].
	Now func() time.Time
}

// Journal is safe for concurrent use.
type Journal struct {
	logger hclog.Logger
	now    func() time.Time
	kind   [kinds]*sequence
	view   store.View
	writer *writer

	retention map[Kind]time.Duration
	badLonger time.Duration // how much longer bad requests are kept; negative: for ever
	retainMu  sync.Mutex    // one sweep at a time
	stop      context.CancelFunc
	swept     chan struct{}
	owed      owed

	corrupt atomic.Uint64
}

// sequence is the state of one kind. next, written, last and late are changed
// by the writer's goroutine only.
type sequence struct {
	kind     Kind
	blocks   store.View
	extracts store.View
	outcomes store.View
	digests  store.View
	sieves   [sieveParts]store.View
	boot     uint64        // intents from here on were begun by this process
	next     atomic.Uint64 // the next id
	written  atomic.Uint64 // ids below are in the store, or never will be
	floor    atomic.Uint64 // ids below were removed by retention
	gone     gone
	last     atomic.Uint64 // the highest block time, µs
	late     atomic.Uint64 // see the package comment, µs

	savedLate uint64 // what the store has of late; the writer's own
}

// The names of the views in the journal's view.
const metaName = "meta"

func blockName(k Kind) string   { return "b" + kindNames[k] }
func extractName(k Kind) string { return "x" + kindNames[k] }
func outcomeName(k Kind) string { return "o" + kindNames[k] }

// Open reads where each kind's sequence stands and starts the journal's
// goroutines. The store must stay open until Close has returned.
func Open(ctx context.Context, opts Options) (_ *Journal, err error) {
	j := &Journal{
		logger:    opts.Logger,
		now:       opts.Now,
		view:      opts.View,
		retention: make(map[Kind]time.Duration, len(opts.Retention)),
		swept:     make(chan struct{}),
	}
	if j.logger == nil {
		j.logger = hclog.NewNullLogger()
	}
	if j.now == nil {
		j.now = time.Now
	}
	for k, d := range opts.Retention {
		if !k.valid() || d < 0 {
			return nil, fmt.Errorf("journal: retention of %s is %s; want a known kind and no negative time", k, d)
		}
		if d > 0 {
			j.retention[k] = d
		}
	}
	if j.badLonger, err = badLonger(opts.Retention[KindRequest], opts.BadRequests); err != nil {
		return nil, err
	}
	if opts.Queue < 0 || opts.RetentionEvery < 0 {
		return nil, errors.New("journal: Queue and RetentionEvery must not be negative")
	}
	for k := KindRequest; k < kinds; k++ {
		s := &sequence{
			kind:     k,
			blocks:   opts.View.Prefix(blockName(k)),
			extracts: opts.View.Prefix(extractName(k)),
			outcomes: opts.View.Prefix(outcomeName(k)),
			digests:  opts.View.Prefix(digestName(k)),
		}
		for part := range s.sieves {
			s.sieves[part] = opts.View.Prefix(sieveName(k)).Prefix(partName(uint64(part)))
		}
		if err := j.recall(ctx, s); err != nil {
			return nil, fmt.Errorf("journal: read the state of %s: %w", k, err)
		}
		j.kind[k] = s
	}
	if err := j.openDelivery(ctx); err != nil {
		return nil, fmt.Errorf("journal: indexes of sms: %w", err)
	}
	queue := opts.Queue
	if queue == 0 {
		queue = 4096
	}
	every := opts.RetentionEvery
	if every == 0 {
		every = 10 * time.Minute
	}
	j.writer = newWriter(j, opts.View, queue)
	for _, s := range j.kind[KindRequest:] {
		if err := j.resume(ctx, s, &j.writer.gathers[s.kind]); err != nil {
			return nil, fmt.Errorf("journal: digests of %s: %w", s.kind, err)
		}
	}
	if err := j.writer.parked.count(ctx, opts.View); err != nil {
		return nil, fmt.Errorf("journal: parked receipts: %w", err)
	}
	background, stop := context.WithCancel(context.Background())
	j.stop = stop
	go j.writer.run()
	go j.sweep(background, every)
	j.owed.ended = make(chan struct{})
	go j.owed.run(background)
	return j, nil
}

// Close stops retention, writes what is queued and ends the goroutines.
// Appends in flight get their ids; later ones get [ErrClosed].
func (j *Journal) Close() error {
	j.stop()
	<-j.swept
	<-j.owed.ended
	j.writer.close()
	return nil
}

// Stats are figures for metrics and the panel.
type Stats struct {
	// Queued is the number of records waiting to be written now.
	Queued int
	// Records, Blocks and Bytes count what this process has written; Bytes is
	// the size of the blocks and outcomes before the database's compression.
	Records, Blocks, Bytes uint64
	// Failed counts the records that could not be written.
	Failed uint64
	// Corrupt counts the damaged blocks met by queries.
	Corrupt uint64
}

// Stats returns a snapshot.
func (j *Journal) Stats() Stats {
	w := j.writer
	return Stats{
		Queued:  len(w.queue),
		Records: w.records.Load(),
		Blocks:  w.blocks.Load(),
		Bytes:   w.bytes.Load(),
		Failed:  w.failed.Load(),
		Corrupt: j.corrupt.Load(),
	}
}

// damaged reports a block that cannot be read. The first ones are logged; a
// damaged disk must not flood the log through every query.
func (j *Journal) damaged(k Kind, key []byte, err error) {
	if n := j.corrupt.Add(1); n <= 100 {
		j.logger.Error("journal block skipped", "kind", k.String(), "key", fmt.Sprintf("%x", key), "error", err)
	}
}
