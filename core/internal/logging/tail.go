package logging

import (
	"slices"
	"sync"
)

// Tail is a Sink that keeps the last entries of every plugin in memory, for the panel. Entries without a plugin are
// kept under "". It is safe for concurrent use.
type Tail struct {
	perPlugin, maxPlugins int

	mu    sync.Mutex
	seq   uint64
	rings map[string]*ring // at most maxPlugins
}

var _ Sink = (*Tail)(nil)

// Kept is an entry with its number. Numbers grow over all plugins, so a reader asks for what came after the last one.
type Kept struct {
	Seq uint64 `json:"seq"`
	Entry
}

type ring struct {
	entries []Kept // grows to perPlugin, then is overwritten from next
	next    int
	last    uint64 // number of the newest entry
}

// NewTail keeps perPlugin entries of each of maxPlugins plugins (at least one each). When there are more plugins, the
// one that has been silent for longest is forgotten.
func NewTail(perPlugin, maxPlugins int) *Tail {
	return &Tail{perPlugin: max(perPlugin, 1), maxPlugins: max(maxPlugins, 1), rings: map[string]*ring{}}
}

// Write implements Sink.
func (t *Tail) Write(e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.seq++
	r := t.rings[e.Plugin]
	if r == nil {
		t.makeRoom()
		r = &ring{}
		t.rings[e.Plugin] = r
	}
	r.last = t.seq
	if len(r.entries) < t.perPlugin {
		r.entries = append(r.entries, Kept{t.seq, e})
		return
	}
	r.entries[r.next] = Kept{t.seq, e}
	r.next = (r.next + 1) % t.perPlugin
}

func (t *Tail) makeRoom() {
	if len(t.rings) < t.maxPlugins {
		return
	}
	silent := ""
	var oldest *ring
	for plugin, r := range t.rings {
		if oldest == nil || r.last < oldest.last {
			silent, oldest = plugin, r
		}
	}
	delete(t.rings, silent)
}

// Entries returns the kept entries of a plugin with a number above after, oldest first. The caller owns the slice.
func (t *Tail) Entries(plugin string, after uint64) []Kept {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.rings[plugin]
	if r == nil {
		return nil
	}
	ordered := slices.Concat(r.entries[r.next:], r.entries[:r.next])
	first, _ := slices.BinarySearchFunc(ordered, after+1, func(k Kept, seq uint64) int {
		switch {
		case k.Seq < seq:
			return -1
		case k.Seq > seq:
			return 1
		}
		return 0
	})
	return ordered[first:]
}

// Plugins returns the plugins that have entries, sorted.
func (t *Tail) Plugins() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := make([]string, 0, len(t.rings))
	for name := range t.rings {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Forget drops the entries of a plugin that was removed.
func (t *Tail) Forget(plugin string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.rings, plugin)
}
