package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// segment is a part of a body with one point through which every execution of it passes: its start.
type segment struct {
	// at is where its charge goes, an offset in the code of the body.
	at int
	// cost is what it charges; 0 when it was folded into its parent.
	cost int64
	// parent is the segment that is always charged before this one in the same pass, or -1: the entry of the function and
	// the headers of loops, which also check whether the slice is used up.
	parent int
	// folded is the part of cost that came from other segments.
	folded int64
}

// bulkPoint is a place where a length on top of the stack is charged.
type bulkPoint struct {
	at   int
	bulk bulk
}

// frame is an open block.
type frame struct {
	op byte
	// entry is the segment in which the block was entered. It dominates whatever follows the block.
	entry int
	// target says that a branch leads to the end of the block.
	target bool
}

// plan decides what is charged where in one body.
type plan struct {
	segments []segment
	bulks    []bulkPoint
	frames   []frame
	decoder  decoder
}

// read walks over the code of a body and fills the plan.
//
// A charge point dominates everything that it pays for, and a loop header is the only way back, so what a pass through a
// charge point pays is never less than what runs until the next one. It may be more: a path may leave early. To keep the
// difference small where it matters, code that can be jumped over (the arms of an if, what follows a block that is
// branched out of) is a segment of its own, unless it is so small that paying for it always is cheaper than counting it.
// Go guests need that: the compiler turns a function into one loop around a br_table, so one pass runs a few of many blocks.
func (p *plan) read(body binary.Body, sp space) error {
	p.segments, p.bulks, p.frames = p.segments[:0], p.bulks[:0], p.frames[:0]
	d := &p.decoder
	d.space = sp
	d.r = binary.NewReader(body.Code, body.Offset+len(body.Locals))
	r := d.r

	current := p.begin(0, -1)
	p.frames = append(p.frames, frame{entry: current})
	for len(p.frames) > 0 {
		in := d.next()
		if r.Err() != nil {
			return r.Err()
		}
		p.segments[current].cost += int64(in.cost)
		if in.bulk != noBulk {
			p.bulks = append(p.bulks, bulkPoint{in.start, in.bulk})
		}
		switch in.shape {
		case blockStart:
			p.frames = append(p.frames, frame{op: in.op, entry: current})
			switch in.op {
			case opLoop:
				current = p.begin(in.end, -1)
			case opIf:
				current = p.begin(in.end, current)
			}
		case elseMark:
			f := &p.frames[len(p.frames)-1]
			if f.op != opIf {
				r.Failf("else without if")
				return r.Err()
			}
			f.op = in.op // a second else is refused
			current = p.begin(in.end, f.entry)
		case endMark:
			f := p.frames[len(p.frames)-1]
			p.frames = p.frames[:len(p.frames)-1]
			current = f.entry
			if f.target && len(p.frames) > 0 {
				current = p.begin(in.end, f.entry)
			}
		}
		for _, l := range d.labels {
			if uint64(l) >= uint64(len(p.frames)) {
				r.Failf("branch to label %d, there are %d", l, len(p.frames))
				return r.Err()
			}
			f := &p.frames[len(p.frames)-1-int(l)]
			f.target = f.op != opLoop
		}
	}
	if r.Len() > 0 {
		r.Failf("%d bytes after the end of the function", r.Len())
		return r.Err()
	}
	p.fold()
	return nil
}

func (p *plan) begin(at, parent int) int {
	cost := int64(0)
	if parent < 0 {
		cost = 1 // so that even an empty loop pays
	}
	p.segments = append(p.segments, segment{at: at, cost: cost, parent: parent})
	return len(p.segments) - 1
}

// fold moves small costs to the parents. A parent always stands before its children.
func (p *plan) fold() {
	for i := len(p.segments) - 1; i >= 0; i-- {
		s := &p.segments[i]
		if s.parent < 0 || s.cost >= foldBelow {
			continue
		}
		if parent := &p.segments[s.parent]; parent.folded+s.cost <= foldAtMost {
			parent.folded += s.cost
			parent.cost += s.cost
			s.cost = 0
		}
	}
}
