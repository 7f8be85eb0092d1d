package meter

// The Go compiler turns a function into one loop around blocks and a br_table, which jumps to where a local says:
//
//	loop; block; block; …; local.get p; br_table …; end; part 0; end; part 1; …
//
// and a jump into: i32.const n; local.set p; br to the loop. Most of these jumps go to a part further down, which cannot
// make a loop, so they need no check. This file recognises them.

// dispatch is the beginning of such a loop.
type dispatch struct {
	local  int64
	labels []int // frame numbers of the blocks that the values of the local lead behind; the last for all others
}

// to returns the number of the block behind whose end value leads.
func (d *dispatch) to(value int64) int {
	if n := int64(len(d.labels) - 1); value < 0 || value > n {
		value = n
	}
	return d.labels[value]
}

// opening follows the instructions from a loop to its br_table.
type opening struct {
	loop  int // index of the loop's frame, -1 outside of an opening
	got   bool
	local int64
}

func (o *opening) reset() { *o = opening{loop: -1} }

// see takes the next instruction, whose block is not open yet; frames are those around it.
func (o *opening) see(in instruction, frames []frame, labels []uint32) {
	switch {
	case in.op == opLoop:
		*o = opening{loop: len(frames)}
		return
	case o.loop < 0:
		return
	case in.op == opBlock && !o.got:
		return
	case in.op == opLocalGet && !o.got:
		o.got, o.local = true, in.operand
		return
	case in.op == opBranchTable && o.got:
		d := &dispatch{local: o.local, labels: make([]int, len(labels))}
		for i, l := range labels {
			at := len(frames) - 1 - int(l)
			if at <= o.loop {
				o.reset()
				return
			}
			d.labels[i] = frames[at].number
		}
		frames[o.loop].dispatch = d
	}
	o.reset()
}

// goesBack says that the instruction is a branch that may lead to the header of a loop and so run again what has run
// before. Its labels have been read; last are the two instructions before it.
func (p *plan) goesBack(last [2]instruction) bool {
	labels := p.decoder.labels
	for _, l := range labels {
		if uint64(l) >= uint64(len(p.frames)) {
			return false // refused later
		}
		f := p.frames[len(p.frames)-1-int(l)]
		if f.op == opLoop && (len(labels) > 1 || !p.jumpsDown(f.dispatch, last)) {
			return true
		}
	}
	return false
}

// jumpsDown says that the branch to a loop goes on behind a block which is open still.
func (p *plan) jumpsDown(d *dispatch, last [2]instruction) bool {
	if d == nil || last[0].op != opI32Const || last[1].op != opLocalSet || last[1].operand != d.local {
		return false
	}
	to := d.to(last[0].operand)
	for i := len(p.frames) - 1; i >= 0; i-- {
		if p.frames[i].number == to {
			return true
		}
	}
	return false
}
