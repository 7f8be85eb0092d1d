package store

import "sync"

// gate counts the operations in flight: Close waits for them, Load wants none.
// It never makes an operation wait, so operations may nest.
type gate struct {
	mu      sync.Mutex
	idle    *sync.Cond
	active  int
	alone   bool
	closed  bool
	closing chan struct{}
}

func newGate() *gate {
	g := &gate{closing: make(chan struct{})}
	g.idle = sync.NewCond(&g.mu)
	return g
}

func (g *gate) enter() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return ErrClosed
	case g.alone:
		return ErrBusy
	}
	g.active++
	return nil
}

func (g *gate) enterAlone() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
		return ErrClosed
	case g.active > 0:
		return ErrBusy
	}
	g.active++
	g.alone = true
	return nil
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.active--
	g.alone = false
	if g.active == 0 {
		g.idle.Broadcast()
	}
}

// shut closes the gate, waits until nobody is inside and reports whether this
// call was the one that closed it.
func (g *gate) shut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.closed = true
	close(g.closing)
	for g.active > 0 {
		g.idle.Wait()
	}
	return true
}

func (g *gate) isClosing() bool {
	select {
	case <-g.closing:
		return true
	default:
		return false
	}
}
