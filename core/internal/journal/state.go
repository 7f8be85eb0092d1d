package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
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
	next, last, late, err := j.readMeta(s.kind)
	if err != nil {
		return err
	}
	err = s.blocks.Scan(ctx, store.Range{Reverse: true}, func(key, value []byte) error {
		high, first, err := parseBlockKey(key)
		if err != nil {
			j.damaged(s.kind, key, err)
			return nil
		}
		count := uint64(maxBatch)
		if h, err := parseHeader(value, blockVersion, s.kind); err == nil && h.first == first {
			count = h.count
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
	err := s.blocks.Scan(ctx, store.Range{KeysOnly: true}, func(key, _ []byte) error {
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

// The meta value of a kind: version, next id, last block time, late. next and
// last are lower bounds; they matter once retention has removed the last block.
const metaVersion = 1

func appendMeta(b []byte, next, last, late uint64) []byte {
	b = append(b, metaVersion)
	b = binary.AppendUvarint(b, next)
	b = binary.AppendUvarint(b, last)
	return binary.AppendUvarint(b, late)
}

func putMeta(tx store.Tx, s *sequence) error {
	value := appendMeta(nil, s.next.Load(), s.last.Load(), s.late.Load())
	return tx.Prefix(metaName).Put([]byte{byte(s.kind)}, value, 0)
}

func (j *Journal) readMeta(k Kind) (next, last, late uint64, err error) {
	b, err := j.view.Prefix(metaName).Get([]byte{byte(k)})
	if errors.Is(err, store.ErrNotFound) {
		return 1, 0, minLate, nil
	}
	if err != nil {
		return 0, 0, 0, err
	}
	d := decoder{s: string(b)}
	if v := d.byte(); v != metaVersion {
		d.fail("version %d", v)
	}
	next, last, late = d.uint(), d.uint(), d.uint()
	if d.err != nil || next == 0 {
		j.damaged(k, nil, fmt.Errorf("sequence state: %w", errors.Join(d.err, errors.New("assuming defaults"))))
		return 1, 0, unknownLate, nil
	}
	return next, last, late, nil
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
