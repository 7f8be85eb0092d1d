package abi

import (
	"bytes"
	"testing"
)

// slowSkip is skip by whole heads.
func slowSkip(b []byte) (int, error) {
	pos := 0
	for open := 1; open > 0; open-- {
		h, err := readHead(b[min(pos, len(b)):])
		if err != nil {
			return 0, err
		}
		pos += h.size
		switch h.kind {
		case String, Bytes:
			pos += h.n
		case Array:
			open += h.n
		case Map:
			open += 2 * h.n
		}
		if pos > len(b) || open-1 > len(b)-pos {
			return 0, ErrShort
		}
	}
	return pos, nil
}

// FuzzShort: the short ways to decode say what the long one says.
func FuzzShort(f *testing.F) {
	for _, b := range [][]byte{
		{}, {0x05}, {0xff}, {tagNil}, {tagTrue}, {0xa2, 'h', 'i'}, {0xa2, 'h'}, {tagStr8, 2, 'h', 'i'}, {tagStr8, 2, 'h'}, {tagStr8}, {tagBin8, 1, 0},
		{tagUint8, 200}, {tagUint16, 1, 2}, {tagUint32, 0xff, 0xff, 0xff, 0xff}, {tagUint64, 0, 0, 0, 0, 0, 0, 0, 1}, {tagInt8, 0x80}, {tagInt16, 0xff}, {tagInt32, 1, 2, 3, 4},
		{tagFloat32, 0, 0, 0, 0}, {tagFloat64, 0}, {0x82, 0xa1, 'a', 1, tagStr8, 1, 'b', 0xa0}, {0x92, 0x90, 0x80}, {0x9f}, {tagArray16, 0, 1, 0xc0}, {tagMap16, 0, 1, 0xa1, 'k', 0xc3}, {tagStr16, 0, 1, 'x'},
	} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := skip(b)
		if m, slow := slowSkip(b); n != m || (err == nil) != (slow == nil) {
			t.Fatalf("% x: skip %d %v, want %d %v", b, n, err, m, slow)
		}
		v := Value(b)
		h, err := readHead(b)
		kind := h.kind
		if err != nil {
			kind = Missing
		}
		// A text whose length is cut off is one all the same, or it would be no mistake.
		if got := v.Kind(); got != kind {
			t.Errorf("% x: kind %v, want %v", b, got, kind)
		}
		if n, ok := v.smallInt(); ok && (kind != Int || h.neg || uint64(n) != h.raw) {
			t.Errorf("% x: %d, want %+v", b, n, h)
		}
		text, ok := v.shortText(0)
		if whole := kind == String && h.n <= len(b)-h.size; ok && !whole || !ok && whole && h.n < 256 && h.size <= 2 ||
			ok && !bytes.Equal(text, b[h.size:h.size+h.n]) {
			t.Errorf("% x: text %q %v, want %+v", b, text, ok, h)
		}
		if n, at := v.pairs(); n > 0 && (kind != Map || n != h.n || at != h.size) || n == 0 && kind == Map && h.n > 0 {
			t.Errorf("% x: %d pairs at %d, want %+v", b, n, at, h)
		}
	})
}
