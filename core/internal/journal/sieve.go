package journal

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/patchbay-gw/patchbay/core/internal/store"
)

// A sieve tells which grams are in the texts of a stretch. It is cut into parts by
// the grams' hashes, and the parts of one number stand side by side for all stretches:
// a search for a gram reads one part of each sieve in one short scan. A part that is
// missing or damaged may hold every gram.
//
//	version  1 byte
//	crc32c   4 bytes, big-endian, over the version and the filter
//	a Bloom filter, empty when the stretch has no gram of this part
const (
	sieveVersion = 1
	sieveParts   = 16
	sieveHead    = 5
)

func sieveName(k Kind) string { return "g" + kindNames[k] }

// sievePart is the part that a gram belongs to, the name of a view.
func sievePart(h uint64) uint64 { return h >> 60 }

func partName(part uint64) string { return string([]byte{byte(part)}) }

// sieve is the encoded parts.
type sieve [sieveParts][]byte

// newSieve may be given a gram more than once, which makes it larger than it has to be.
func newSieve(hashes []uint64) (s sieve) {
	var counts [sieveParts]int
	for _, h := range hashes {
		counts[sievePart(h)]++
	}
	for part, n := range counts {
		s[part] = make([]byte, sieveHead+(n*bloomBitsPerGram+7)/8)
		s[part][0] = sieveVersion
	}
	for _, h := range hashes {
		bloom(s[sievePart(h)][sieveHead:]).add(h)
	}
	for _, b := range s {
		binary.BigEndian.PutUint32(b[1:], sieveSum(b))
	}
	return s
}

// put writes the parts under the key of the stretch. Without grams, which is when
// there are too many, no part may stay.
func (s *sieve) put(tx store.Tx, k Kind, key []byte) error {
	for part, b := range s {
		view := tx.Prefix(sieveName(k)).Prefix(partName(uint64(part)))
		var err error
		if b == nil {
			err = view.Delete(key)
		} else {
			err = view.Put(key, b, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// parseSieve reads a part; the filter is a part of b.
func parseSieve(b []byte) (bloom, error) {
	if len(b) < sieveHead || b[0] != sieveVersion {
		return nil, errors.New("sieve is cut short or of another version")
	}
	if binary.BigEndian.Uint32(b[1:]) != sieveSum(b) {
		return nil, errChecksum
	}
	return b[sieveHead:], nil
}

func sieveSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:1], castagnoli), castagnoli, b[sieveHead:])
}

// bloom is a set of gram hashes that may say yes to others, too: about one in two
// thousand.
type bloom []byte

const (
	bloomBitsPerGram = 16
	bloomProbes      = 8
)

func (b bloom) add(h uint64) {
	size, step := uint64(len(b))*8, h>>28|1
	for range bloomProbes {
		at := h % size
		b[at/8] |= 1 << (at % 8)
		h += step
	}
}

func (b bloom) has(h uint64) bool {
	size, step := uint64(len(b))*8, h>>28|1
	if size == 0 {
		return false
	}
	for range bloomProbes {
		at := h % size
		if b[at/8]&(1<<(at%8)) == 0 {
			return false
		}
		h += step
	}
	return true
}
