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
	var runs [][]dataSegment // each becomes one segment
	room := 0
	for i, next := range segments {
		last := len(runs) - 1
		switch end := behind(segments[:i]); {
		case last < 0 || next.start > end+joinGap:
			runs = append(runs, segments[i:i+1:len(segments)])
			room += maxSegmentHead + len(next.bytes)
		case next.start < end:
			return s.Body
		default:
			runs[last] = runs[last][:len(runs[last])+1]
			room += int(next.end() - end)
		}
	}
	body := AppendU32(make([]byte, 0, 5+room), uint32(len(runs)))
	for _, run := range runs {
		start := run[0].start
		body = AppendS64(append(body, 0, 0x41), int64(int32(start)))
		body = AppendU32(append(body, 0x0b), uint32(behind(run)-start))
		at := start
		for _, part := range run {
			body = append(append(body, zeros[:part.start-at]...), part.bytes...)
			at = part.end()
		}
	}
	return body
}

// maxSegmentHead is the most that stands before the bytes of a segment.
const maxSegmentHead = 1 + 1 + 5 + 1 + 5

// zeros fill the gaps between joined segments.
var zeros [joinGap]byte

// behind is where the last of some segments ends.
func behind(segments []dataSegment) uint64 {
	if len(segments) == 0 {
		return 0
	}
	return segments[len(segments)-1].end()
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
