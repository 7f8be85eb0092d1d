// Package lifetime has the contexts of requests: most are over long before anybody
// waits for their end. A context of the standard library makes its timer at once,
// and a channel and a map when it gets a child; one of these makes what it is asked
// for and nothing else.
package lifetime

import (
	"context"
	"slices"
	"sync"
	"time"
)

// Context ends at its deadline, with its parent, or by [Context.End]. It is safe for
// concurrent use and must not be copied.
type Context struct {
	parent   context.Context
	detached bool // the parent's end is not this one's
	deadline time.Time

	mu     sync.Mutex
	err    error
	done   chan struct{} // nil until somebody asks for it
	timer  *time.Timer   // nil until somebody relies on the deadline
	told   []*watcher    // in the order in which they asked
	first  [1]*watcher
	linked bool        // the parent tells of its end:
	up     watcher     // a parent of this kind
	unlink func() bool // any other
}

// watcher is somebody to tell of the end: a child, or a function.
type watcher struct {
	child *Context
	f     func()
}

func (w *watcher) tell(err error) {
	if w.child != nil {
		w.child.end(err)
		return
	}
	go w.f()
}

// New returns a context that ends at deadline or with parent, whichever is first.
// Whoever makes it ends it with [Context.End].
func New(parent context.Context, deadline time.Time) *Context {
	if end, ok := parent.Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	return &Context{parent: parent, deadline: deadline}
}

// Detached returns a context with parent's values that ends at deadline and not with
// parent.
func Detached(parent context.Context, deadline time.Time) *Context {
	return &Context{parent: parent, detached: true, deadline: deadline}
}

// Deadline implements [context.Context].
func (c *Context) Deadline() (time.Time, bool) { return c.deadline, true }

// Value implements [context.Context].
func (c *Context) Value(k any) any { return c.parent.Value(k) }

// Err implements [context.Context].
func (c *Context) Err() error {
	c.mu.Lock()
	err := c.err
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if !c.detached {
		err = c.parent.Err()
	}
	if err == nil && time.Until(c.deadline) <= 0 {
		err = context.DeadlineExceeded
	}
	if err == nil {
		return nil
	}
	return c.end(err)
}

// Done implements [context.Context].
func (c *Context) Done() <-chan struct{} {
	c.mu.Lock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		}
	}
	done := c.done
	c.rely()
	c.mu.Unlock()
	c.link()
	return done
}

// AfterFunc calls f in a goroutine of its own once c has ended. stop takes that back;
// it returns false when f was called or taken back before. Package context uses this
// method for the children that it makes.
func (c *Context) AfterFunc(f func()) (stop func() bool) { return c.watch(f, true) }

// OnCancel calls f in a goroutine of its own when ctx ends before its deadline, and
// perhaps also when it ends there. It is for operations that keep the deadline
// themselves, as a connection does. stop is that of [context.AfterFunc].
func OnCancel(ctx context.Context, f func()) (stop func() bool) {
	if c, ok := ctx.(*Context); ok {
		return c.watch(f, false)
	}
	return context.AfterFunc(ctx, f)
}

func (c *Context) watch(f func(), atDeadline bool) (stop func() bool) {
	w := &watcher{f: f}
	if !c.add(w, atDeadline) {
		return func() bool { return false }
	}
	return func() bool { return c.remove(w) }
}

// add has w told of the end. It returns false when c has ended and w was told.
func (c *Context) add(w *watcher, atDeadline bool) bool {
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		w.tell(err)
		return false
	}
	if c.told == nil {
		c.told = c.first[:0]
	}
	c.told = append(c.told, w)
	if atDeadline {
		c.rely()
	}
	c.mu.Unlock()
	c.link()
	return true
}

func (c *Context) remove(w *watcher) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.Index(c.told, w)
	if i < 0 {
		return false
	}
	c.told = slices.Delete(c.told, i, i+1)
	return true
}

// rely starts the timer when somebody relies on the deadline. mu is held.
func (c *Context) rely() {
	if c.timer == nil && c.err == nil {
		c.timer = time.AfterFunc(time.Until(c.deadline), func() { c.end(context.DeadlineExceeded) })
	}
}

// link has the parent tell c of its end. A parent of this kind needs no timer for
// that, since c has a deadline that is no later.
func (c *Context) link() {
	c.mu.Lock()
	begun := c.linked || c.detached || c.err != nil || c.endless()
	c.linked = true
	c.mu.Unlock()
	if begun {
		return
	}
	if p, ok := c.parent.(*Context); ok {
		c.up.child = c
		if p.add(&c.up, false) && c.ended() {
			p.remove(&c.up)
		}
		return
	}
	unlink := context.AfterFunc(c.parent, func() { c.end(c.parent.Err()) })
	c.mu.Lock()
	c.unlink = unlink
	c.mu.Unlock()
	if c.ended() {
		unlink()
	}
}

// endless reports whether nothing ends the parent.
func (c *Context) endless() bool {
	_, ours := c.parent.(*Context)
	return !ours && c.parent.Done() == nil
}

func (c *Context) ended() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err != nil
}

// End ends c with [context.Canceled] unless it has ended, and releases what it made.
func (c *Context) End() { c.end(context.Canceled) }

// end returns the error that c ended with, which is not err when somebody was first.
func (c *Context) end(err error) error {
	c.mu.Lock()
	if c.err != nil {
		defer c.mu.Unlock()
		return c.err
	}
	c.err = err
	if c.done != nil {
		close(c.done)
	}
	if c.timer != nil {
		c.timer.Stop()
	}
	told, linked, unlink := c.told, c.linked, c.unlink
	c.told = nil
	c.mu.Unlock()
	if unlink != nil {
		unlink()
	} else if p, ok := c.parent.(*Context); ok && linked {
		p.remove(&c.up)
	}
	for _, w := range told {
		w.tell(err)
	}
	return err
}
