package journal

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// batchBytes bounds the strings of one batch, plus the one record that passes
// the bound and may be written twice. A transaction of the smallest store takes
// 800 KB.
const batchBytes = 128 << 10

// writer owns the sequences. Its goroutine is the only one that gives out ids
// and writes blocks.
type writer struct {
	j     *Journal
	view  store.View
	queue chan *pending
	ended chan struct{}

	patience time.Duration // unconfirmedWait but in tests

	mu     sync.Mutex // guards closed against inside
	closed bool
	inside sync.WaitGroup // appenders

	batch    []*pending
	builders [kinds]builder
	gathers  [kinds]gather      // of the digests
	forget   [kinds]atomic.Bool // the gather holds traces of what was erased
	ends     []outcome
	changes  []change
	enc      encoder
	parked   parking
	now      time.Time // of the batch

	records, blocks, bytes, failed atomic.Uint64
}

type outcome struct {
	seq   *sequence
	id    uint64
	value []byte
}

func newWriter(j *Journal, view store.View, queue int) *writer {
	w := &writer{j: j, view: view, queue: make(chan *pending, queue), ended: make(chan struct{}), patience: unconfirmedWait}
	for k := range w.builders {
		w.builders[k].kind = Kind(k)
	}
	return w
}

func (w *writer) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.inside.Add(1)
	}
	return !w.closed
}

// close lets the appenders inside finish and ends the goroutine.
func (w *writer) close() {
	w.mu.Lock()
	first := !w.closed
	w.closed = true
	w.mu.Unlock()
	w.inside.Wait()
	if first {
		close(w.queue)
	}
	<-w.ended
}

func (w *writer) run() {
	defer close(w.ended)
	for p := range w.queue {
		w.collect(p)
		if len(w.batch) > 0 {
			w.write()
		}
	}
}

// collect takes what waits in the queue, without waiting itself, and without yielding:
// RATIONALE.md.
func (w *writer) collect(p *pending) {
	w.batch = w.batch[:0]
	for size := 0; ; {
		if p.state.CompareAndSwap(waiting, taken) {
			w.batch = append(w.batch, p)
			size += p.size()
			if p.entry != nil && p.entry.bad() {
				size += p.size() // once more, in the extract
			}
		} else {
			p.release()
		}
		if len(w.batch) == maxBatch || size >= batchBytes {
			return
		}
		select {
		case next, ok := <-w.queue:
			if !ok {
				return
			}
			p = next
		default:
			return
		}
	}
}

func (w *writer) write() {
	w.number()
	err := w.commit()
	n := uint64(len(w.batch))
	if err != nil {
		w.failed.Add(n)
		err = fmt.Errorf("journal: write %d records: %w", n, err)
	} else {
		w.records.Add(n)
	}
	for _, s := range w.j.kind[KindRequest:] {
		s.written.Store(s.next.Load())
	}
	for _, p := range w.batch {
		if p.err = err; err != nil {
			p.id = 0
		}
		p.done <- struct{}{}
	}
	clear(w.batch)
	clear(w.ends)
	w.ends = w.ends[:0]
	clear(w.changes)
	w.changes = w.changes[:0]
	for k := range w.builders {
		w.builders[k].reset()
	}
}

// number gives ids and times to the batch and hands it to the builders. Ids of
// a batch that fails to commit stay unused.
func (w *writer) number() {
	now := w.j.now()
	w.now = now
	for _, p := range w.batch {
		if p.change != nil {
			w.changes = append(w.changes, p.change)
			continue
		}
		if p.outcome != nil {
			value := append([]byte(nil), appendOutcome(&w.enc, outcomeVersion, p.outcome)...)
			w.ends = append(w.ends, outcome{p.seq, p.id, value})
			continue
		}
		s := p.seq
		p.id = s.next.Load()
		_, at := p.entry.head()
		w.builders[s.kind].add(p.entry, p.id, acceptTime(*at, now))
		w.gathers[s.kind].note(p.entry, p.id)
		s.next.Store(p.id + 1)
	}
}

func (w *writer) commit() error {
	var written, blocks uint64
	err := w.view.Update(func(tx store.Tx) error {
		written, blocks = 0, 0
		for k := range w.builders {
			b := &w.builders[k]
			if b.head.count == 0 {
				continue
			}
			value, err := w.putBlock(tx, w.j.kind[k], b)
			if err != nil {
				return err
			}
			written += uint64(len(value))
			blocks++
		}
		for _, o := range w.ends {
			if err := tx.Prefix(outcomeName(o.seq.kind)).Put(outcomeKey(o.id), o.value, 0); err != nil {
				return err
			}
			written += uint64(len(o.value))
		}
		n, err := w.change(tx)
		written += n
		return err
	})
	if err != nil {
		return err
	}
	w.parked.settle()
	w.bytes.Add(written)
	w.blocks.Add(blocks)
	for _, s := range w.j.kind[KindRequest:] {
		if w.builders[s.kind].head.count > 0 {
			s.savedLate = s.late.Load()
			if g := &w.gathers[s.kind]; g.sealed != (blockSpot{}) {
				g.next(g.sealed)
			}
		}
	}
	return nil
}

// putBlock writes the block of one kind. late grows before the block can be
// seen, so that no query misses it, and is remembered in the same transaction.
func (w *writer) putBlock(tx store.Tx, s *sequence, b *builder) ([]byte, error) {
	high := max(s.last.Load(), b.head.high)
	s.last.Store(high)
	if late := high - b.head.low; late > s.late.Load() {
		s.late.Store(roundLate(late))
	}
	if s.late.Load() > s.savedLate {
		if err := putMeta(tx, s, s.gone.get()); err != nil {
			return nil, err
		}
	}
	key, value := blockKey(high, b.head.first), b.block()
	if b.head.bad > 0 {
		if err := tx.Prefix(extractName(s.kind)).Put(key, b.extract(), 0); err != nil {
			return nil, err
		}
	}
	g := &w.gathers[s.kind]
	g.begin(blockSpot{high, b.head.first})
	if w.forget[s.kind].CompareAndSwap(true, false) {
		g.unknown()
	}
	if g.full() {
		g.sealed = blockSpot{high, b.head.first}
		o := g.seal(s.kind, key)
		if err := o.put(tx, s.kind); err != nil {
			return nil, err
		}
	}
	if s.kind == KindSMS {
		if err := putPlace(tx, high, b.head.first); err != nil {
			return nil, err
		}
	}
	return value, tx.Prefix(blockName(s.kind)).Put(key, value, 0)
}
