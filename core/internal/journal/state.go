package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

const (
	keySize = 16

	// unknownLate is assumed when the remembered value cannot be read.
	unknownLate = uint64(24 * time.Hour / time.Microsecond)
	minLate     = uint64(1 << 10)
)

// blockKey is the key of a block; see the package comment.
func blockKey(high, first uint64) []byte {
	k := make([]byte, 0, keySize)
	k = binary.BigEndian.AppendUint64(k, high)
	return binary.BigEndian.AppendUint64(k, first)
}

func parseBlockKey(k []byte) (high, first uint64, err error) {
	if len(k) != keySize {
		return 0, 0, fmt.Errorf("key of %d bytes, want %d", len(k), keySize)
	}
	return binary.BigEndian.Uint64(k), binary.BigEndian.Uint64(k[8:]), nil
}

func outcomeKey(id uint64) []byte { return binary.BigEndian.AppendUint64(nil, id) }

// recall finds out where the sequence stands. The blocks' keys alone say
// enough: when the last block cannot be read, its ids are skipped.
func (j *Journal) recall(ctx context.Context, s *sequence) error {
	m, err := j.readMeta(s.kind)
	if err != nil {
		return err
	}
	next, last, late := m.next, m.last, m.late
	s.gone.set(m.gone)
	err = s.blocks.Scan(ctx, store.Range{From: s.floorKey(), Reverse: true}, func(key, value []byte) error {
		high, first, err := parseBlockKey(key)
		if err != nil {
			j.damaged(s.kind, key, err)
			return nil
		}
		count := uint64(maxBatch)
		if h, err := parseHeader(value, blockVersion, s.kind); err == nil && h.first == first {
			count = h.ids
		} else {
			j.damaged(s.kind, key, errors.Join(err, errors.New("last block; its ids are skipped")))
		}
		next, last = max(next, first+count), max(last, high)
		return store.ErrStop
	})
	if err != nil {
		return err
	}
	s.next.Store(next)
	s.written.Store(next)
	s.last.Store(last)
	s.late.Store(late)
	s.savedLate = late
	s.boot = next
	return s.findFloor(ctx)
}

// findFloor sets the lowest id that is still there.
func (s *sequence) findFloor(ctx context.Context) error {
	floor := s.written.Load()
	err := s.blocks.Scan(ctx, store.Range{From: s.floorKey(), KeysOnly: true}, func(key, _ []byte) error {
		_, first, err := parseBlockKey(key)
		if err != nil {
			return nil // queries report it
		}
		floor = first
		return store.ErrStop
	})
	if err != nil {
		return err
	}
	s.floor.Store(floor)
	return nil
}

// The meta value of a kind: version, next id, last block time, late, and since
// version 2 how far retention came, since version 3 with digests. next and last are
// lower bounds; they matter once retention has removed the last block.
const metaVersion = 3

type meta struct {
	next, last, late uint64
	gone             goneTo
}

// goneTo is how far retention came: nothing is left before. Starting there, scans
// need not walk over the traces that removed keys leave.
type goneTo struct {
	blocks, extracts blockSpot
	outcomes         uint64 // ids below
	digests          blockSpot
}

// gone is a goneTo that queries read while retention goes on.
type gone struct {
	mu sync.Mutex
	to goneTo
}

func (g *gone) get() goneTo {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.to
}

func (g *gone) set(to goneTo) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.to = to
}

// floorKey is a key before the first block.
func (s *sequence) floorKey() []byte { return s.gone.get().blocks.key() }

func (m meta) encode() []byte {
	b := []byte{metaVersion}
	for _, v := range []uint64{
		m.next, m.last, m.late, m.gone.blocks.high, m.gone.blocks.first, m.gone.extracts.high, m.gone.extracts.first, m.gone.outcomes,
		m.gone.digests.high, m.gone.digests.first,
	} {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

func putMeta(tx store.Tx, s *sequence, to goneTo) error {
	m := meta{s.next.Load(), s.last.Load(), s.late.Load(), to}
	return tx.Prefix(metaName).Put([]byte{byte(s.kind)}, m.encode(), 0)
}

func (j *Journal) readMeta(k Kind) (m meta, err error) {
	b, err := j.view.Prefix(metaName).Get([]byte{byte(k)})
	if errors.Is(err, store.ErrNotFound) {
		return meta{next: 1, late: minLate}, nil
	}
	if err != nil {
		return m, err
	}
	if m, err = parseMeta(b); err != nil {
		j.damaged(k, nil, fmt.Errorf("sequence state: %w; assuming defaults", err))
		return meta{next: 1, late: unknownLate}, nil
	}
	return m, nil
}

func parseMeta(b []byte) (m meta, err error) {
	d := decoder{s: string(b)}
	v := d.byte()
	if v == 0 || v > metaVersion {
		d.fail("version %d", v)
	}
	m.next, m.last, m.late = d.uint(), d.uint(), d.uint()
	if v >= 2 {
		m.gone.blocks = blockSpot{d.uint(), d.uint()}
		m.gone.extracts = blockSpot{d.uint(), d.uint()}
		m.gone.outcomes = d.uint()
	}
	if v >= 3 {
		m.gone.digests = blockSpot{d.uint(), d.uint()}
	}
	if d.err == nil && m.next == 0 {
		d.fail("next id 0")
	}
	return m, d.err
}

// roundLate makes changes of the remembered lateness rare.
func roundLate(late uint64) uint64 {
	if late <= minLate {
		return minLate
	}
	return 1 << min(63, bits.Len64(late-1))
}

func micros(t time.Time) uint64 {
	return uint64(max(t.UnixMicro(), 0))
}

func fromMicros(us uint64) time.Time { return time.UnixMicro(int64(us)).UTC() }
