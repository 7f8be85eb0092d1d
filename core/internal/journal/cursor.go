package journal

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// rowSpot is where a row lies: the key of its block and its id. The block may
// be gone when a cursor comes back; the walk then goes on behind the gap.
type rowSpot struct{ high, first, id uint64 }

// A cursor is the base64url form of: version, kind, the query's fingerprint,
// the spot of the last row returned, crc32c. It holds no secret; the checksum
// catches damage, and a forged spot reaches nothing that the query would not.
const (
	cursorVersion = 1
	cursorSize    = 2 + 4 + 3*8 + 4
)

func (p *plan) cursor(at rowSpot) string {
	b := make([]byte, 0, cursorSize)
	b = append(b, cursorVersion, byte(p.kind))
	b = binary.BigEndian.AppendUint32(b, p.print)
	b = binary.BigEndian.AppendUint64(b, at.high)
	b = binary.BigEndian.AppendUint64(b, at.first)
	b = binary.BigEndian.AppendUint64(b, at.id)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(text string, p *plan) (rowSpot, error) {
	var b [cursorSize]byte
	if len(text) != base64.RawURLEncoding.EncodedLen(cursorSize) {
		return rowSpot{}, fmt.Errorf("%w: %d characters", ErrBadCursor, len(text))
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(b[:], []byte(text)); err != nil {
		return rowSpot{}, fmt.Errorf("%w: %w", ErrBadCursor, err)
	}
	body := b[:cursorSize-4]
	if binary.BigEndian.Uint32(b[len(body):]) != crc32.Checksum(body, castagnoli) {
		return rowSpot{}, fmt.Errorf("%w: damaged", ErrBadCursor)
	}
	if b[0] != cursorVersion {
		return rowSpot{}, fmt.Errorf("%w: version %d", ErrBadCursor, b[0])
	}
	if Kind(b[1]) != p.kind || binary.BigEndian.Uint32(b[2:]) != p.print {
		return rowSpot{}, fmt.Errorf("%w: it belongs to another query", ErrBadCursor)
	}
	return rowSpot{
		high:  binary.BigEndian.Uint64(b[6:]),
		first: binary.BigEndian.Uint64(b[14:]),
		id:    binary.BigEndian.Uint64(b[22:]),
	}, nil
}
