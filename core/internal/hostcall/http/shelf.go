package httpcall

import (
	"slices"
	"sync"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/descriptors"
)

// shelf keeps connections between exchanges. Whoever takes one checks that it is
// still quiet; the shelf reads nothing, so a kept connection costs no goroutine.
type shelf struct {
	perHost, total int
	timeout        time.Duration
	files          *descriptors.Budget // nothing is kept while somebody waits for one

	mu          sync.Mutex
	closed      bool
	hosts       map[target][]*conn // the latest at the end
	first, last *conn              // of all hosts, the one kept longest first
	count       int
	sweeper     *time.Timer // runs while there are connections
	sweeping    bool
}

// take removes and returns the connection to the origin that was used last, nil
// when there is none.
func (s *shelf) take(to target) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.hosts[to]
	if len(list) == 0 {
		return nil
	}
	c := list[len(list)-1]
	s.remove(c)
	return c
}

// put keeps c or closes it.
func (s *shelf) put(c *conn) {
	if surplus := s.keep(c); surplus != nil {
		_ = surplus.Close()
	}
	if s.files.Short() {
		s.drop() // who came to wait before this saw nothing on the shelf
	}
}

// keep returns the connection that has no place any more: c itself, another one
// or nil.
func (s *shelf) keep(c *conn) (surplus *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || c.wire.raw == nil || len(s.hosts[c.to]) >= s.perHost {
		return c
	}
	if s.count >= s.total {
		surplus = s.first
		s.remove(surplus)
	}
	if s.hosts == nil {
		s.hosts = map[target][]*conn{}
	}
	c.kept, c.since, c.prev, c.next = true, time.Now(), s.last, nil
	if s.last != nil {
		s.last.next = c
	} else {
		s.first = c
	}
	s.last = c
	s.hosts[c.to] = append(s.hosts[c.to], c)
	s.count++
	s.schedule()
	return surplus
}

// drop closes the connection that was kept longest; false when there is none.
func (s *shelf) drop() bool {
	s.mu.Lock()
	c := s.first
	if c != nil {
		s.remove(c)
	}
	s.mu.Unlock()
	if c == nil {
		return false
	}
	_ = c.Close()
	return true
}

// remove is called with the lock held.
func (s *shelf) remove(c *conn) {
	list := s.hosts[c.to]
	if i := slices.Index(list, c); len(list) == 1 {
		delete(s.hosts, c.to)
	} else {
		s.hosts[c.to] = slices.Delete(list, i, i+1)
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		s.first = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		s.last = c.prev
	}
	c.prev, c.next = nil, nil
	s.count--
}

// schedule is called with the lock held and at least one connection kept.
func (s *shelf) schedule() {
	if s.sweeping {
		return
	}
	s.sweeping = true
	wait := time.Until(s.first.since.Add(s.timeout))
	if s.sweeper == nil {
		s.sweeper = time.AfterFunc(wait, s.sweep)
	} else {
		s.sweeper.Reset(wait)
	}
}

// sweep closes what was kept for too long.
func (s *shelf) sweep() {
	s.mu.Lock()
	s.sweeping = false
	var old []*conn
	for now := time.Now(); s.first != nil && now.Sub(s.first.since) >= s.timeout; {
		old = append(old, s.first)
		s.remove(s.first)
	}
	if s.first != nil {
		s.schedule()
	}
	s.mu.Unlock()
	closeAll(old)
}

// empty closes what is kept; with shut the shelf takes nothing any more.
func (s *shelf) empty(shut bool) {
	s.mu.Lock()
	s.closed = s.closed || shut
	var all []*conn
	for s.first != nil {
		all = append(all, s.first)
		s.remove(s.first)
	}
	if s.sweeper != nil && s.sweeper.Stop() {
		s.sweeping = false
	}
	s.mu.Unlock()
	closeAll(all)
}

func closeAll(list []*conn) {
	for _, c := range list {
		_ = c.Close()
	}
}
