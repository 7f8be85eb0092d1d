package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// A digest says what can be found in a stretch of blocks, so that a query for
// one user or one number reads the stretches that may hold it and passes the
// others over. It is written in the transaction of its last block, whose key it
// has. It may promise too much (a block was changed or removed since), never too
// little.
//
//	version  1 byte
//	kind     1 byte
//	crc32c   4 bytes, big-endian, over everything but itself
//	key of the first block (2 numbers), last id     varints
//	users, modules, actions                         each: 0 for too many, or count + 1 and hashes of 4 bytes
//	grams: 0 for too many, or length + 1 and a bloom filter
const (
	digestVersion = 1
	// digestRecords closes a stretch.
	digestRecords = 4096
	// maxNames bounds each list of a digest; beyond it the stretch may hold any name.
	maxNames = 256
	// maxGrams likewise.
	maxGrams = 64 << 10
)

func digestName(k Kind) string { return "d" + kindNames[k] }

// names is a set of hashes; full means any name.
type names struct {
	list []uint32
	full bool
}

func (n *names) add(s string) {
	if n.full {
		return
	}
	h := nameHash(s)
	if !slices.Contains(n.list, h) {
		n.list = append(n.list, h)
	}
	if len(n.list) > maxNames {
		n.list, n.full = n.list[:0], true
	}
}

func (n *names) may(want string) bool {
	return want == "" || n.full || slices.Contains(n.list, nameHash(want))
}

// digest describes the blocks from first to the one that it has the key of.
type digest struct {
	first                  blockSpot
	lastID                 uint64
	users, modules, action names
	grams                  bloom
	anyGram                bool
}

// blockSpot is the key of a block as numbers.
type blockSpot struct{ high, first uint64 }

func (s blockSpot) key() []byte { return blockKey(s.high, s.first) }

// may reports whether a matching record can be in the stretch.
func (d *digest) may(f *filter) bool {
	if !d.users.may(f.user) || !d.modules.may(f.module) || !d.action.may(f.action) {
		return false
	}
	if d.anyGram {
		return true
	}
	return !slices.ContainsFunc(f.grams, func(h uint64) bool { return !d.grams.has(h) })
}

// gather collects what the next digest will say. It is the writer's own.
type gather struct {
	digest
	count  uint64
	hashes []uint64
	texts  []string
	sealed bool // its digest is part of the transaction that is being written
}

// note adds a record. A record that is not written in the end does no harm.
func (g *gather) note(e entry, id uint64) {
	user, module, action := e.names()
	g.users.add(user)
	g.modules.add(module)
	g.action.add(action)
	g.texts = e.texts(g.texts[:0])
	for _, text := range g.texts {
		if len(text) < digitGram || g.anyGram {
			continue
		}
		grams(text, func(h uint64) { g.hashes = append(g.hashes, h) })
		if len(g.hashes) > maxGrams {
			g.hashes, g.anyGram = g.hashes[:0], true
		}
	}
	clear(g.texts)
	g.count++
	g.lastID = id
}

// unknown makes the digest promise everything.
func (g *gather) unknown() {
	g.users.full, g.modules.full, g.action.full, g.anyGram = true, true, true, true
}

// begin remembers the first block of the stretch.
func (g *gather) begin(at blockSpot) {
	if g.first.first == 0 {
		g.first = at
	}
}

func (g *gather) full() bool { return g.count >= digestRecords }

func (g *gather) reset() {
	*g = gather{hashes: g.hashes[:0], texts: g.texts[:0]}
}

func (g *gather) encode(k Kind) []byte {
	b := []byte{digestVersion, byte(k), 0, 0, 0, 0}
	b = binary.AppendUvarint(b, g.first.high)
	b = binary.AppendUvarint(b, g.first.first)
	b = binary.AppendUvarint(b, g.lastID)
	for _, n := range []*names{&g.users, &g.modules, &g.action} {
		if n.full {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(n.list))+1)
		for _, h := range n.list {
			b = binary.BigEndian.AppendUint32(b, h)
		}
	}
	if g.anyGram {
		b = append(b, 0)
	} else {
		filter := newBloom(g.hashes)
		b = binary.AppendUvarint(b, uint64(len(filter))+1)
		b = append(b, filter...)
	}
	binary.BigEndian.PutUint32(b[crcAt:], checksum(b))
	return b
}

// parseDigest reads a digest; its filter is a part of b.
func parseDigest(b []byte, k Kind) (d digest, err error) {
	switch {
	case len(b) < headerAt:
		return d, errors.New("digest is cut short")
	case b[0] != digestVersion || Kind(b[1]) != k:
		return d, fmt.Errorf("digest of version %d and kind %d", b[0], b[1])
	case binary.BigEndian.Uint32(b[crcAt:]) != crc32.Update(crc32.Checksum(b[:crcAt], castagnoli), castagnoli, b[headerAt:]):
		return d, errChecksum
	}
	b = b[headerAt:]
	number := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			err, b = errors.New("digest: bad number"), nil
			return 0
		}
		b = b[n:]
		return v
	}
	part := func(size uint64) (full bool, p []byte) {
		n := number()
		if err != nil || n == 0 {
			return true, nil
		}
		if n--; n > uint64(len(b))/size {
			err, b = fmt.Errorf("digest: list of %d, %d bytes left", n, len(b)), nil
			return true, nil
		}
		p, b = b[:n*size], b[n*size:]
		return false, p
	}
	d.first.high, d.first.first, d.lastID = number(), number(), number()
	for _, n := range []*names{&d.users, &d.modules, &d.action} {
		var list []byte
		n.full, list = part(4)
		n.list = make([]uint32, 0, len(list)/4)
		for ; len(list) > 0; list = list[4:] {
			n.list = append(n.list, binary.BigEndian.Uint32(list))
		}
	}
	var filter []byte
	d.anyGram, filter = part(1)
	d.grams = filter
	if err == nil && len(b) > 0 {
		err = fmt.Errorf("digest: %d bytes behind its end", len(b))
	}
	return d, err
}

// resume collects what the digest of the last, unfinished stretch would know, and
// writes those that are missing.
func (j *Journal) resume(ctx context.Context, s *sequence, g *gather) error {
	from := s.floorKey()
	err := s.digests.Scan(ctx, store.Range{Reverse: true, Limit: 1, KeysOnly: true}, func(key, _ []byte) error {
		from = append(slices.Clone(key), 0)
		return nil
	})
	if err != nil {
		return err
	}
	type done struct{ key, value []byte }
	var ready []done
	err = j.gatherRange(ctx, s, g, store.Range{From: from}, func(key []byte) {
		if g.full() {
			ready = append(ready, done{slices.Clone(key), g.encode(s.kind)})
			g.reset()
		}
	})
	if err != nil || len(ready) == 0 {
		return err
	}
	return s.digests.Batch(func(b store.Batch) error {
		for _, d := range ready {
			if err := b.Put(d.key, d.value, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

// gatherRange notes the records of blocks that are there already. noted, which may be
// nil, is told the key of each block behind it.
func (j *Journal) gatherRange(ctx context.Context, s *sequence, g *gather, r store.Range, noted func(key []byte)) error {
	switch s.kind {
	case KindRequest:
		return gatherBlocks[Request](ctx, s, g, r, noted)
	case KindSMS:
		return gatherBlocks[SMS](ctx, s, g, r, noted)
	case KindCall:
		return gatherBlocks[Call](ctx, s, g, r, noted)
	}
	return gatherBlocks[Audit](ctx, s, g, r, noted)
}

func gatherBlocks[T any, P row[T]](ctx context.Context, s *sequence, g *gather, r store.Range, noted func(key []byte)) error {
	var rows []T
	return s.blocks.Scan(ctx, r, func(key, value []byte) error {
		high, first, err := parseBlockKey(key)
		if err != nil {
			return nil // queries report it
		}
		g.begin(blockSpot{high, first})
		h, err := parseHeader(value, blockVersion, s.kind)
		if err == nil {
			rows, err = readBlock[T, P](value, rows[:0])
		}
		if err != nil {
			g.unknown()
			g.count++
			g.lastID = max(g.lastID, first)
		} else {
			for i := range rows {
				r := P(&rows[i])
				id, _ := r.head()
				g.note(r, *id)
			}
			g.lastID = h.first + h.ids - 1
		}
		if noted != nil {
			noted(key)
		}
		return nil
	})
}
