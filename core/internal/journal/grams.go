package journal

// Searches for a text read the blocks whose digest says that it may be there. A
// digest knows three forms of it, which are what people look for: ten digits in
// a row (a telephone number without its country code), 32 hexadecimal digits in
// a row (a request id) and a UUID. A text that holds one of them can only be
// found where that form is; any other text is searched for in every block.
const (
	digitGram = 10
	hexGram   = 32
	uuidGram  = 36
)

// grams calls yield with the hash of each form in a text, in any case of
// letters. What is in a part of a text is in the whole of it, too.
func grams(text string, yield func(uint64)) {
	digits, hexes, dashed := 0, 0, 0 // how long the runs are that end here
	for i := range len(text) {
		c := text[i] | 0x20 // the letters' case; digits and the dash have this bit
		switch {
		case text[i] >= '0' && text[i] <= '9':
			digits, hexes, dashed = digits+1, hexes+1, dashed+1
		case c >= 'a' && c <= 'f':
			digits, hexes, dashed = 0, hexes+1, dashed+1
		case text[i] == '-':
			digits, hexes, dashed = 0, 0, dashed+1
		default:
			digits, hexes, dashed = 0, 0, 0
		}
		end := i + 1
		if digits >= digitGram {
			yield(gramHash(text[end-digitGram : end]))
		}
		if hexes >= hexGram {
			yield(gramHash(text[end-hexGram : end]))
		}
		if dashed >= uuidGram && uuidDashes(text[end-uuidGram:end]) {
			yield(gramHash(text[end-uuidGram : end]))
		}
	}
}

func uuidDashes(s string) bool { return s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' }

// gramHash is FNV-1a over lower case with a finalizer. It is on disk.
func gramHash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i]|0x20)) * 1099511628211
	}
	return mix(h)
}

// nameHash is for names that must be equal, case included.
func nameHash(s string) uint32 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return uint32(mix(h))
}

func mix(h uint64) uint64 {
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// bloom is a set of gram hashes that may say yes to others, too: about one in
// two hundred.
type bloom []byte

const (
	bloomBitsPerGram = 12
	bloomProbes      = 7
)

func newBloom(hashes []uint64) bloom {
	if len(hashes) == 0 {
		return nil
	}
	b := make(bloom, (len(hashes)*bloomBitsPerGram+7)/8)
	for _, h := range hashes {
		b.each(h, func(at uint64) bool {
			b[at/8] |= 1 << (at % 8)
			return true
		})
	}
	return b
}

func (b bloom) has(h uint64) bool {
	return len(b) > 0 && b.each(h, func(at uint64) bool { return b[at/8]&(1<<(at%8)) != 0 })
}

func (b bloom) each(h uint64, visit func(bit uint64) bool) bool {
	size, step := uint64(len(b))*8, h>>32|1
	for range bloomProbes {
		if !visit(h % size) {
			return false
		}
		h += step
	}
	return true
}
