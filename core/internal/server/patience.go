package server

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/lifetime"
)

// A record is waited for this long and up to a second more. The connection's own
// context is not used: it ends with the server's shutdown, which lets requests in
// flight be recorded and answered.
const recordTimeout = 10 * time.Second

// patience gives out the contexts of waits that are almost always short. All that
// begin within a second share one, so that none needs a timer of its own.
type patience struct{ current atomic.Pointer[shared] }

type shared struct {
	ctx   *lifetime.Context
	until time.Time // given out
}

func (p *patience) context() context.Context {
	s := p.current.Load()
	if s == nil || time.Until(s.until) <= 0 {
		now := time.Now()
		// Several may do this at once; each of theirs is as good. Its timer ends it.
		s = &shared{lifetime.New(context.Background(), now.Add(recordTimeout+time.Second)), now.Add(time.Second)}
		p.current.Store(s)
	}
	return s.ctx
}
