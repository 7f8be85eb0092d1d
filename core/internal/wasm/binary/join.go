package binary

import (
	"cmp"
	"slices"
)

// joinGap is how many bytes may lie between two data segments that become one. They
// are written as zeros, into a page of the guest's memory that is mostly used anyway.
const joinGap = 64

type dataSegment struct {
	start uint64
	bytes []byte
}

func (s dataSegment) end() uint64 { return s.start + uint64(len(s.bytes)) }

// JoinData returns the body of the data section with neighbouring segments joined, to
// the same effect. Go's linker leaves runs of zeros out and makes about thirty
// thousand segments of it; the engine's descriptions of them take more memory than
// their bytes.
//
// Segments are joined only where nobody can tell: active ones at constant offsets that
// do not overlap, so that the bytes between them are still zero, in a file without
// data count section, which instructions that name a segment need. The result is
// the section's own body where that is not so.
func (f *File) JoinData(s Section) []byte {
	if f.HasDataCount || f.Imported(KindMemory) > 0 {
		return s.Body
	}
	segments, ok := activeSegments(s)
	if !ok {
		return s.Body
	}
	slices.SortFunc(segments, func(a, b dataSegment) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(len(a.bytes), len(b.bytes)))
	})
	var joined []dataSegment
	for _, next := range segments {
		last := len(joined) - 1
		switch {
		case last < 0 || next.start > joined[last].end()+joinGap:
			next.bytes = slices.Clip(next.bytes) // the file's own bytes come behind
			joined = append(joined, next)
		case next.start < joined[last].end():
			return s.Body
		default:
			open := &joined[last]
			open.bytes = append(open.bytes, make([]byte, next.start-open.end())...)
			open.bytes = append(open.bytes, next.bytes...)
		}
	}
	body := AppendU32(make([]byte, 0, len(s.Body)), uint32(len(joined)))
	for _, j := range joined {
		body = AppendS64(append(body, 0, 0x41), int64(int32(j.start)))
		body = AppendU32(append(body, 0x0b), uint32(len(j.bytes)))
		body = append(body, j.bytes...)
	}
	return body
}

// activeSegments reads a data section in which every segment has a constant offset.
func activeSegments(s Section) (list []dataSegment, ok bool) {
	r := NewReader(s.Body, s.Offset)
	n := r.U32()
	list = make([]dataSegment, 0, min(n, MaxSegments))
	for range n {
		form, opcode := r.U32(), r.Byte()
		start := uint64(uint32(r.S32()))
		end, bytes := r.Byte(), r.Bytes(r.U32())
		if r.Err() != nil || form != 0 || opcode != 0x41 || end != 0x0b {
			return nil, false
		}
		list = append(list, dataSegment{start, bytes})
	}
	return list, r.Len() == 0
}
