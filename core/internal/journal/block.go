package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"time"
)

// A block, version 1 (of SMS version 3, whose records have one field more; version
// 4 is a block that records were erased from):
//
//	version  1 byte
//	kind     1 byte
//	crc32c   4 bytes, big-endian, over everything but itself
//	count, bad, first id, lowest time, highest - lowest time   varints; times in µs
//	ids                    varint, versions 2 and 4: how many ids the block has used
//	count × { time - lowest time   varint
//	          fields               see fields.go }
//
// Ids within a block follow one another. bad counts the records with a status
// of 400 or above.
//
// An extract, version 2, repeats the bad records of one block, so that a query
// for them reads nothing else. It has the block's key and first id. Its records,
// and those of version 4, begin with their distance from the first id, as a varint.
//
// There is no compression here: the database compresses groups of blocks,
// which also helps when a block holds a single record.
const (
	blockVersion   = 1
	extractVersion = 2
	ownedVersion   = 3 // of blocks of SMS that name their module
	thinnedVersion = 4 // of blocks whose ids have gaps

	outcomeVersion = 1
	statusVersion  = 2 // of outcomes of SMS that have a delivery status
	crcAt          = 2
	headerAt       = crcAt + 4

	// maxBatch bounds the records written in one transaction and so in a block.
	maxBatch = 4096

	// maxMicros is the end of the year 9999.
	maxMicros = 253402300799999999
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(block []byte) uint32 {
	return crc32.Update(crc32.Checksum(block[:crcAt], castagnoli), castagnoli, block[headerAt:])
}

// header is what a block says about its records.
type header struct {
	count, bad, first uint64
	low, high         uint64 // times, µs
	ids               uint64 // from first on, those of missing records included
}

// builder collects the records of one kind in one batch.
type builder struct {
	kind  Kind
	enc   encoder
	picks encoder // of the extract: both are alive until the commit
	head  header
	times []uint64
	recs  []entry
}

func (b *builder) add(e entry, id, at uint64) {
	if b.head.count == 0 {
		b.head = header{first: id, low: at, high: at}
	}
	b.head.count++
	if e.bad() {
		b.head.bad++
	}
	b.head.low, b.head.high = min(b.head.low, at), max(b.head.high, at)
	b.times = append(b.times, at)
	b.recs = append(b.recs, e)
}

// block encodes what was added; the bytes are valid until the next reset.
func (b *builder) block() []byte {
	b.enc.begin(newest(b.kind), b.kind, b.head)
	for i, r := range b.recs {
		b.enc.uint(b.times[i] - b.head.low)
		r.encode(&b.enc)
	}
	return b.enc.seal()
}

// extract encodes the bad ones of the records, of which there is at least one;
// the bytes are valid until the next reset.
func (b *builder) extract() []byte {
	h := header{count: b.head.bad, bad: b.head.bad, first: b.head.first, low: b.head.high, high: b.head.low, ids: b.head.count}
	for i, r := range b.recs {
		if r.bad() {
			h.low, h.high = min(h.low, b.times[i]), max(h.high, b.times[i])
		}
	}
	b.picks.begin(extractVersion, b.kind, h)
	for i, r := range b.recs {
		if r.bad() {
			b.picks.uint(uint64(i))
			b.picks.uint(b.times[i] - h.low)
			r.encode(&b.picks)
		}
	}
	return b.picks.seal()
}

// newest is the version that blocks of a kind are written with.
func newest(k Kind) byte {
	if k == KindSMS {
		return ownedVersion
	}
	return blockVersion
}

func (e *encoder) begin(version byte, k Kind, h header) {
	e.reset()
	e.b = append(e.b, version, byte(k), 0, 0, 0, 0)
	e.uint(h.count)
	e.uint(h.bad)
	e.uint(h.first)
	e.uint(h.low)
	e.uint(h.high - h.low)
	if gaps(version) {
		e.uint(h.ids)
	}
}

// gaps reports whether records of the version say their distance from the first id.
func gaps(version byte) bool { return version == extractVersion || version == thinnedVersion }

func (e *encoder) seal() []byte {
	binary.BigEndian.PutUint32(e.b[crcAt:], checksum(e.b))
	return e.b
}

// reset forgets the records, so that their strings can be collected.
func (b *builder) reset() {
	b.head = header{}
	b.times = b.times[:0]
	clear(b.recs)
	b.recs = b.recs[:0]
	b.enc.reset()
	b.picks.reset()
}

var errChecksum = errors.New("checksum does not match")

// parseHeader checks the block or extract as a whole and reads its header.
func parseHeader(block []byte, version byte, want Kind) (header, error) {
	if len(block) < headerAt {
		return header{}, fmt.Errorf("block of %d bytes is cut short", len(block))
	}
	if block[0] != version && (version != blockVersion || block[0] != newest(want) && block[0] != thinnedVersion) {
		return header{}, fmt.Errorf("block version %d, want %d", block[0], version)
	}
	if Kind(block[1]) != want {
		return header{}, fmt.Errorf("block of kind %s, want %s", Kind(block[1]), want)
	}
	if binary.BigEndian.Uint32(block[crcAt:]) != checksum(block) {
		return header{}, errChecksum
	}
	// The header is at most six varints; no need to copy the records for it.
	d := decoder{s: string(block[headerAt:min(len(block), headerAt+6*binary.MaxVarintLen64)]), version: block[0]}
	return d.header(uint64(len(block)))
}

func (d *decoder) header(size uint64) (header, error) {
	h := header{count: d.uint(), bad: d.uint(), first: d.uint(), low: d.uint()}
	span := d.uint()
	h.ids = h.count
	if gaps(d.version) {
		h.ids = d.uint()
	}
	switch {
	case d.err != nil:
	case h.count == 0 || h.count > maxBatch || h.count > size:
		d.fail("%d records in %d bytes", h.count, size)
	case h.bad > h.count:
		d.fail("%d of %d records bad", h.bad, h.count)
	case h.ids < h.count || h.ids > maxBatch:
		d.fail("%d records with %d ids", h.count, h.ids)
	case h.first == 0 || h.first+maxBatch < h.first:
		d.fail("first id %d", h.first)
	case h.low > maxMicros || span > maxMicros-h.low:
		d.fail("time out of range")
	}
	h.high = h.low + span
	return h, d.err
}

// readBlock decodes the records of a block or extract whose header has been
// checked and appends them to rows. The rows share one copy of its bytes.
func readBlock[T any, P row[T]](block []byte, rows []T) ([]T, error) {
	d := decoder{s: string(block[headerAt:]), version: block[0]}
	defer d.borrow()()
	h, err := d.header(uint64(len(block)))
	if err != nil {
		return rows, err
	}
	whole := len(rows)
	for i, distance := uint64(0), uint64(0); i < h.count; i, distance = i+1, distance+1 {
		if gaps(d.version) {
			if next := d.uint(); next < distance || next >= h.ids {
				d.fail("id of record %d out of order", i)
			} else {
				distance = next
			}
		}
		var zero T
		rows = append(rows, zero)
		r := P(&rows[len(rows)-1])
		offset := d.uint()
		if offset > h.high-h.low {
			d.fail("time of record %d out of range", i)
		}
		r.decode(&d)
		if d.err != nil {
			return rows[:whole], fmt.Errorf("record %d: %w", i, d.err)
		}
		id, at := r.head()
		*id, *at = h.first+distance, fromMicros(h.low+offset)
	}
	if len(d.s) > 0 {
		return rows[:whole], fmt.Errorf("%d bytes behind the last record", len(d.s))
	}
	return rows, nil
}

// An outcome: version, crc32c over everything but itself, fields. A parked
// receipt has the same form.
const outcomeHead = 5

func appendOutcome(e *encoder, version byte, o encodable) []byte {
	e.reset()
	e.b = append(e.b, version, 0, 0, 0, 0)
	o.encode(e)
	sum := crc32.Update(crc32.Checksum(e.b[:1], castagnoli), castagnoli, e.b[outcomeHead:])
	binary.BigEndian.PutUint32(e.b[1:], sum)
	return e.b
}

func readOutcome(b []byte, decode func(*decoder)) error {
	if len(b) < outcomeHead || b[0] < outcomeVersion || b[0] > statusVersion {
		return errors.New("outcome is cut short or of another version")
	}
	sum := crc32.Update(crc32.Checksum(b[:1], castagnoli), castagnoli, b[outcomeHead:])
	if binary.BigEndian.Uint32(b[1:]) != sum {
		return errChecksum
	}
	d := decoder{s: string(b[outcomeHead:]), version: b[0]}
	defer d.borrow()()
	decode(&d)
	if d.err == nil && len(d.s) > 0 {
		d.fail("%d bytes behind the outcome", len(d.s))
	}
	return d.err
}

// acceptTime is the time that a record is stored with. A time in the future or
// more than a day old is a mistake that would spoil the order of the keys.
func acceptTime(t, now time.Time) uint64 {
	if t.IsZero() || t.After(now) || now.Sub(t) > 24*time.Hour {
		return min(micros(now), maxMicros)
	}
	return micros(t)
}
