package app

import (
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

// progress knows the instances that a change is bringing to life beside those in
// force.
type progress struct {
	mu    sync.Mutex
	since time.Time
	units []*unit
}

// begin notes what a change is about to start; end takes it back.
func (p *progress) begin(u *unit) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.units) == 0 {
		p.since = time.Now().UTC()
	}
	p.units = append(p.units, u)
}

func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.units = nil
}

// of returns how far the change of a unit is, nil when none is under way.
func (p *progress) of(u *unit) *admin.Progress {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, next := range p.units {
		if next.name != u.name || next.kind != u.kind || next.instance == nil {
			continue
		}
		out := &admin.Progress{Step: "enabling", Since: p.since}
		status := next.instance.Status()
		switch status.State {
		case plugin.StateCompiling:
			out.Step = "compiling"
		case plugin.StateCompiled:
			out.Step = "starting"
		case plugin.StateWarm:
			out.Step = "warm"
		case plugin.StateFailed:
			out.Step, out.Reason = "failed", status.Reason
		}
		return out
	}
	return nil
}
