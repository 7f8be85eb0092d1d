package binary_test

import (
	"bytes"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
)

// TestJoinData: what lands in memory stays the same, and segments are left alone
// where joining them could be noticed.
func TestJoinData(t *testing.T) {
	at := func(offset byte, content string) []byte {
		return append([]byte{0, 0x41, offset, 0x0b, byte(len(content))}, content...)
	}
	far := append([]byte{0, 0x41, 0x80, 2, 0x0b, 1}, 'z') // at 256
	for _, c := range []struct {
		name     string
		segments [][]byte
		count    bool // with a data count section
		imported bool // into an imported memory
		want     [][]byte
	}{
		{name: "neighbours", segments: [][]byte{at(1, "ab"), at(3, "cd")}, want: [][]byte{at(1, "abcd")}},
		{name: "a gap is zeros", segments: [][]byte{at(1, "ab"), at(5, "c")}, want: [][]byte{at(1, "ab\x00\x00c")}},
		{name: "any order", segments: [][]byte{at(5, "c"), at(1, "ab")}, want: [][]byte{at(1, "ab\x00\x00c")}},
		{name: "far away", segments: [][]byte{at(1, "ab"), far, at(3, "c")}, want: [][]byte{at(1, "abc"), far}},
		{name: "empty ones", segments: [][]byte{at(1, ""), at(1, "a"), at(1, "")}, want: [][]byte{at(1, "a")}},
		{name: "overlap", segments: [][]byte{at(1, "abc"), at(3, "X")}},
		{name: "overlap in any order", segments: [][]byte{at(3, "X"), at(1, "abc")}},
		{name: "passive", segments: [][]byte{at(1, "a"), {1, 1, 'b'}}},
		{name: "another memory form", segments: [][]byte{at(1, "a"), append([]byte{2, 0}, at(2, "b")[1:]...)}},
		{name: "segments with names", segments: [][]byte{at(1, "a"), at(2, "b")}, count: true},
		{name: "memory of others", segments: [][]byte{at(1, "a"), at(2, "b")}, imported: true},
	} {
		build := func(segments [][]byte) (*binary.File, binary.Section) {
			b := binarytest.New()
			if c.imported {
				b.Item(binary.SectionImport, append(binary.AppendName(binary.AppendName(nil, "env"), "m"), 2, 0, 1)...)
			} else {
				b.Item(binary.SectionMemory, 0, 1)
			}
			if c.count {
				b.Raw(binary.SectionDataCount, byte(len(segments)))
			}
			for _, s := range segments {
				b.Item(binary.SectionData, s...)
			}
			f, err := binary.Parse(b.Bytes())
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			return f, f.Sections[len(f.Sections)-1]
		}
		f, section := build(c.segments)
		want := section.Body
		if c.want != nil {
			_, s := build(c.want)
			want = s.Body
		}
		if got := f.JoinData(section); !bytes.Equal(got, want) {
			t.Errorf("%s: % x, want % x", c.name, got, want)
		}
	}
}
