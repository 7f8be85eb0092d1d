package wasm

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// remove takes a guest out of the choice; it gets no new tasks.
func (p *Pool) remove(g *guest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removeLocked(g)
}

func (p *Pool) removeLocked(g *guest) {
	g.draining.Store(true)
	list := *p.guests.Load()
	if i := slices.Index(list, g); i >= 0 {
		list = slices.Delete(slices.Clone(list), i, i+1)
		p.guests.Store(&list)
	}
}

// recycle replaces a guest whose memory has grown: WebAssembly memory never
// shrinks, so after a burst the peak would stay. It runs when a task has ended and
// holds the guest's lock.
//
// Above the first mark (half of the limit) the guest goes at the first moment when
// it has no other task: then nothing has to drain and nothing doubles. While it is
// busy its memory is in use, and a second guest would need as much again. Above
// the second mark (halfway to the limit) waiting is more dangerous, because a
// guest that runs out of memory takes its tasks along: it drains at once, unless
// another one does already. A guest that is large from its settings on has higher
// marks, or it would be replaced after every task.
func (p *Pool) recycle(g *guest) {
	size := g.memorySize.Load()
	if size < g.mark || g.draining.Load() {
		return
	}
	alone := g.tasks.Load() == 1
	if !alone && size < g.urgent {
		return
	}
	p.mu.Lock()
	others := len(*p.guests.Load()) - 1
	if !alone && len(p.all) > others+1 {
		p.mu.Unlock()
		return
	}
	p.removeLocked(g)
	p.mu.Unlock()
	p.spec.Log.Debug("recycling a guest", "memory_mb", size>>20, "tasks", g.tasks.Load()-1)
	p.growLater(1)
}

// retire closes a guest that is gone and has no tasks, once.
func (p *Pool) retire(g *guest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, open := p.all[g]; !open || g.tasks.Load() != 0 {
		return
	}
	delete(p.all, g)
	g.close()
	p.settle()
}

// settle ends a closed pool that has no guests any more. p.mu is held.
func (p *Pool) settle() {
	if !p.closed || len(p.all) > 0 || p.growth != nil {
		return
	}
	close(p.idle)
	p.program.leave()
}

// abandonTime is how long Close waits for tasks that it has called off: their
// operations end at once, local ones within their grace.
const abandonTime = grace + 3*time.Second

// Close lets the tasks in flight end, until ctx is done; the ones left then end
// with a [*DeadError]. New tasks get [ErrClosed]. An error says how many tasks
// were called off; the guests are released in any case, at the latest when the
// last operation has returned. Closing again waits for the first.
func (p *Pool) Close(ctx context.Context) error {
	guests := p.shut()
	for _, g := range guests {
		if g.tasks.Load() == 0 {
			p.retire(g)
		}
	}
	select {
	case <-p.idle:
		return nil
	case <-ctx.Done():
		select {
		case <-p.idle: // both at once, and select chose the other
			return nil
		default:
		}
	}
	err := fmt.Errorf("%s: %d tasks did not end in time and were called off: %w", p.spec.Instance, p.stats.inFlight.Load(), ctx.Err())
	p.callOff()
	patience := time.NewTimer(abandonTime)
	defer patience.Stop()
	select {
	case <-p.idle:
	case <-patience.C:
		err = fmt.Errorf("%w; %d still hang in an operation", err, p.stats.inFlight.Load())
	}
	return err
}

// shut closes the door and returns the guests that are still there.
func (p *Pool) shut() []*guest {
	p.mu.Lock()
	defer p.mu.Unlock()
	guests := make([]*guest, 0, len(p.all))
	for g := range p.all {
		g.draining.Store(true)
		guests = append(guests, g)
	}
	if p.closed {
		return guests
	}
	p.closed = true
	p.guests.Store(&[]*guest{})
	if p.restart != nil {
		p.restart.Stop()
	}
	p.end()
	p.settle()
	return guests
}

// callOff ends the tasks that are left. Entering a guest takes no longer than
// the CPU budget of the tasks before us.
func (p *Pool) callOff() {
	p.mu.Lock()
	guests := make([]*guest, 0, len(p.all))
	for g := range p.all {
		g.tasks.Add(1) // a place, so that it is not closed meanwhile
		g.dead.CompareAndSwap(nil, &crash{reason: "the plugin instance was closed before the task ended", closed: true})
		guests = append(guests, g)
	}
	p.mu.Unlock()
	p.callOffBlocked()
	for _, g := range guests {
		<-g.lock
		g.abandon()
		g.release()
		g.leave()
	}
}

// Stats returns what the instance has used so far.
func (p *Pool) Stats() Stats {
	s := Stats{
		Tasks: p.stats.tasks.Load(), Failures: p.stats.failures.Load(), Crashes: p.stats.crashes.Load(),
		Instructions: p.stats.fuel.Load(), Busy: time.Duration(p.stats.busy.Load()), InFlight: p.stats.inFlight.Load(),
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	s.Guests = len(*p.guests.Load())
	s.Draining = len(p.all) - s.Guests
	for g := range p.all {
		s.MemoryBytes += uint64(g.memorySize.Load())
	}
	return s
}
