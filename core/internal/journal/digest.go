package journal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// A digest says who and what can be found in a stretch of blocks, so that a query
// for one user or one action reads the stretches that may hold it and passes the
// others over; texts are the sieve's matter (see sieve.go). Both are written in the
// transaction of the stretch's last block, whose key they have. They may promise too
// much (a block was changed or removed since), never too little.
//
//	version  1 byte
//	kind     1 byte
//	crc32c   4 bytes, big-endian, over everything but itself
//	where the stretch begins (2 numbers), last id   varints
//	flags                                           1 byte: grams that the sieve leaves out
//	users, modules, actions                         each: 0 for too many, or count + 1 and hashes of 4 bytes
const (
	digestVersion = 2
	// digestRecords closes a stretch.
	digestRecords = 4096
	// maxNames bounds each list of a digest; beyond it the stretch may hold any name.
	maxNames = 256
	// maxStrong and maxWeak likewise, of a sieve's grams.
	maxStrong = 64 << 10
	maxWeak   = 24 << 10

	anyStrong = 1 << 0
	anyWeak   = 1 << 1
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

// digest describes the blocks from first up to the one that it has the key of. It
// refers to the bytes that it was read from.
type digest struct {
	first                  blockSpot // behind the stretch before, where there is one
	lastID                 uint64
	flags                  byte
	users, modules, action nameList
}

// nameList is a set of hashes as it is stored.
type nameList struct {
	hashes []byte
	full   bool
}

func (n *nameList) may(want string) bool {
	if want == "" || n.full {
		return true
	}
	h := nameHash(want)
	for b := n.hashes; len(b) > 0; b = b[4:] {
		if binary.BigEndian.Uint32(b) == h {
			return true
		}
	}
	return false
}

// blockSpot is the key of a block as numbers.
type blockSpot struct{ high, first uint64 }

func (s blockSpot) key() []byte { return blockKey(s.high, s.first) }

// past is where the blocks behind this one begin.
func (s blockSpot) past() blockSpot { return blockSpot{s.high, s.first + 1} }

// names reports whether a record with the names that the filter wants can be in
// the stretch.
func (d *digest) names(f *filter) bool {
	return d.users.may(f.user) && d.modules.may(f.module) && d.action.may(f.action)
}

// sieved reports whether the stretch has a sieve for the filter's grams.
func (d *digest) sieved(f *filter) bool {
	if f.weak {
		return d.flags&anyWeak == 0
	}
	return d.flags&anyStrong == 0
}

// gather collects what the next digest and its sieve will say. It is the writer's own.
type gather struct {
	first                  blockSpot
	lastID                 uint64
	users, modules, action names
	flags                  byte
	grams                  gramSet
	count                  uint64
	texts                  []string
	sealed                 blockSpot // its digest is part of the transaction that is being written
}

// note adds a record. A record that is not written in the end does no harm.
func (g *gather) note(e entry, id uint64) {
	user, module, action := e.names()
	g.users.add(user)
	g.modules.add(module)
	g.action.add(action)
	g.texts = e.texts(g.texts[:0])
	for _, text := range g.texts {
		g.grams.add(text)
	}
	if len(g.grams.strong) > maxStrong {
		g.grams.strong, g.flags = g.grams.strong[:0], g.flags|anyStrong
	}
	clear(g.texts)
	g.count++
	g.lastID = id
}

// unknown makes the digest promise everything.
func (g *gather) unknown() {
	g.users.full, g.modules.full, g.action.full, g.flags = true, true, true, anyStrong|anyWeak
}

// begin remembers where the stretch begins.
func (g *gather) begin(at blockSpot) {
	if g.first.first == 0 {
		g.first = at
	}
}

func (g *gather) full() bool { return g.count >= digestRecords }

// next begins the stretch behind the one that ends at a block.
func (g *gather) next(last blockSpot) {
	g.grams.reset()
	*g = gather{first: last.past(), grams: g.grams, texts: g.texts[:0]}
}

// outline is a digest and its sieve as they are stored.
type outline struct {
	key, digest []byte
	sieve       sieve
}

func (o *outline) put(tx store.Tx, k Kind) error {
	if err := o.sieve.put(tx, k, o.key); err != nil {
		return err
	}
	return tx.Prefix(digestName(k)).Put(o.key, o.digest, 0)
}

// dropOutline deletes a digest and its sieve.
func dropOutline(tx store.Tx, k Kind, key []byte) error {
	if err := new(sieve).put(tx, k, key); err != nil {
		return err
	}
	return tx.Prefix(digestName(k)).Delete(key)
}

// seal returns what is stored under the key of the stretch's last block.
func (g *gather) seal(k Kind, key []byte) outline {
	hashes := g.grams.strong
	if g.flags&anyStrong != 0 {
		hashes = hashes[:0]
	}
	strong := len(hashes)
	for i, word := range g.grams.weak {
		for ; word != 0; word &= word - 1 {
			hashes = append(hashes, weakHash(uint32(i*64+bits.TrailingZeros64(word))))
		}
	}
	g.grams.strong = hashes[:strong]
	if len(hashes)-strong > maxWeak || g.flags&anyWeak != 0 {
		hashes, g.flags = hashes[:strong], g.flags|anyWeak
	}
	o := outline{key: key}
	if g.flags != anyStrong|anyWeak {
		o.sieve = newSieve(hashes)
	}
	o.digest = g.encode(k)
	return o
}

func (g *gather) encode(k Kind) []byte {
	b := []byte{digestVersion, byte(k), 0, 0, 0, 0}
	b = binary.AppendUvarint(b, g.first.high)
	b = binary.AppendUvarint(b, g.first.first)
	b = binary.AppendUvarint(b, g.lastID)
	b = append(b, g.flags)
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
	binary.BigEndian.PutUint32(b[crcAt:], checksum(b))
	return b
}

// parseDigest reads a digest.
func parseDigest(b []byte, k Kind) (d digest, err error) {
	switch {
	case len(b) < headerAt:
		return d, errors.New("digest is cut short")
	case b[0] != digestVersion || Kind(b[1]) != k:
		return d, fmt.Errorf("digest of version %d and kind %d", b[0], b[1])
	case binary.BigEndian.Uint32(b[crcAt:]) != checksum(b):
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
	d.first.high, d.first.first, d.lastID = number(), number(), number()
	if len(b) == 0 {
		return d, errors.New("digest is cut short")
	}
	d.flags, b = b[0], b[1:]
	for _, n := range []*nameList{&d.users, &d.modules, &d.action} {
		count := number()
		if n.full = count == 0; n.full {
			continue
		}
		if count--; count > uint64(len(b))/4 {
			return d, fmt.Errorf("digest: list of %d, %d bytes left", count, len(b))
		}
		n.hashes, b = b[:count*4], b[count*4:]
	}
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
		if high, first, err := parseBlockKey(key); err == nil {
			g.next(blockSpot{high, first})
			from = g.first.key()
		}
		return nil
	})
	if err != nil {
		return err
	}
	var ready []outline
	err = j.gatherRange(ctx, s, g, store.Range{From: from}, func(at blockSpot) {
		if g.full() {
			ready = append(ready, g.seal(s.kind, at.key()))
			g.next(at)
		}
	})
	if err != nil {
		return err
	}
	for _, o := range ready {
		if err := j.view.Update(func(tx store.Tx) error { return o.put(tx, s.kind) }); err != nil {
			return err
		}
	}
	return nil
}

// gatherRange notes the records of blocks that are there already. noted, which may be
// nil, is told where each block stands behind it.
func (j *Journal) gatherRange(ctx context.Context, s *sequence, g *gather, r store.Range, noted func(at blockSpot)) error {
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

func gatherBlocks[T any, P row[T]](ctx context.Context, s *sequence, g *gather, r store.Range, noted func(at blockSpot)) error {
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
			noted(blockSpot{high, first})
		}
		return nil
	})
}
