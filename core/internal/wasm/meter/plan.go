package meter

import "github.com/patchbay-gw/patchbay/core/internal/wasm/binary"

// segment is a part of a body with one point through which every execution of it passes: its start.
type segment struct {
	// cost is what it charges; 0 when it was folded into its parent.
	cost int64
	// parent is the segment that is always charged before this one in the same pass, or -1: the entry of the function and
	// the headers of loops.
	parent int
	// folded is the part of cost that came from other segments.
	folded int64
}

// editKind says what is put into a body at one place.
type editKind byte

const (
	chargeEdit editKind = iota // of a segment
	bulkEdit                   // the length on top of the stack is charged
	areaEdit                   // the instruction, up to end, gives way to a function
	storeEdit                  // the local copy of slice goes back: a call or the end of the function follows
	loadEdit                   // and is fetched again after a call
	checkEdit                  // a branch back follows: is slice used up?
)

// edit is a place in the code of a body (an offset, never before the one of the edit before it) and what goes there.
type edit struct {
	at, end int
	kind    editKind
	bulk    bulk
	segment int
}

// frame is an open block.
type frame struct {
	op byte
	// entry is the segment in which the block was entered. It dominates whatever follows the block.
	entry int
	// target says that a branch leads to the end of the block.
	target bool
	// number tells the frames of a body apart; dispatch is what a loop begins with, if it does.
	number   int
	dispatch *dispatch
}

// plan decides what is charged where in one body.
type plan struct {
	segments []segment
	edits    []edit
	frames   []frame
	decoder  decoder
	opening  opening
	// copied says that the body works on a copy of slice in a local, which is cheaper than a global in all that has a loop.
	copied bool
	// local is the index of the added local; the function's parameters and locals precede it.
	local uint32
}

// read walks over the code of a body with some parameters and fills the plan.
//
// A charge point dominates everything that it pays for, and a loop header is the only way back, so what a pass through a
// charge point pays is never less than what runs until the next one. It may be more: a path may leave early. To keep the
// difference small where it matters, code that can be jumped over (the arms of an if, what follows a block that is
// branched out of) is a segment of its own, unless it is so small that paying for it always is cheaper than counting it.
// Go guests need that: the compiler turns a function into one loop around a br_table, so one pass runs a few of many blocks.
func (p *plan) read(params uint32, body binary.Body, sp space) error {
	p.segments, p.edits, p.frames = p.segments[:0], p.edits[:0], p.frames[:0]
	p.copied = false
	p.local = params + countLocals(body.Locals)
	d := &p.decoder
	d.space, d.locals = sp, p.local
	d.r = binary.NewReader(body.Code, body.Offset+len(body.Locals))
	r := d.r

	current := p.begin(0, -1)
	p.frames = append(p.frames, frame{entry: current})
	var last [2]instruction
	serial := 0
	p.opening.reset()
	for len(p.frames) > 0 {
		in := d.next()
		if r.Err() != nil {
			return r.Err()
		}
		p.segments[current].cost += int64(in.cost)
		if p.leaves(in) {
			p.edits = append(p.edits, edit{at: in.start, kind: storeEdit})
		}
		switch in.bulk {
		case noBulk:
		case fillArea, copyArea:
			p.edits = append(p.edits, edit{at: in.start, end: in.end, kind: areaEdit, bulk: in.bulk}, edit{at: in.end, kind: loadEdit})
		default:
			p.edits = append(p.edits, edit{at: in.start, kind: bulkEdit, bulk: in.bulk}, edit{at: in.start, kind: loadEdit})
		}
		if in.op == opCall || in.op == opCallIndirect {
			p.edits = append(p.edits, edit{at: in.end, kind: loadEdit})
		}
		if p.goesBack(last) {

			p.edits = append(p.edits, edit{at: in.start, kind: checkEdit})
		}
		p.opening.see(in, p.frames, d.labels)
		last[0], last[1] = last[1], in
		switch in.shape {
		case blockStart:
			serial++
			p.frames = append(p.frames, frame{op: in.op, entry: current, number: serial})
			switch in.op {
			case opLoop:
				p.copied = true
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
	p.segments = append(p.segments, segment{cost: cost, parent: parent})
	n := len(p.segments) - 1
	p.edits = append(p.edits, edit{at: at, kind: chargeEdit, segment: n})
	return n
}

// leaves says that code outside the body may run next, which must find slice where it belongs. The labels of a branch
// have been read and its target frame is still open.
func (p *plan) leaves(in instruction) bool {
	switch {
	case in.op == opCall, in.op == opCallIndirect, in.op == opReturn, in.bulk != noBulk:
		return true
	case in.shape == endMark:
		return len(p.frames) == 1
	}
	for _, l := range p.decoder.labels {
		if int64(l) == int64(len(p.frames)-1) {
			return true
		}
	}
	return false
}

// countLocals adds up a vector of local declarations, which the parser has checked.
func countLocals(locals []byte) uint32 {
	r := binary.NewReader(locals, 0)
	n := uint32(0)
	for range r.U32() {
		n += r.U32()
		r.Byte()
	}
	return n
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
