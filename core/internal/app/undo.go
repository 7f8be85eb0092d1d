package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/guard"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// undo remembers what changes replaced, by the id of their audit record. It holds
// secrets, as the state does.
type undo struct {
	storage secretStore
	keep    time.Duration // 0: for ever
}

// delta is what one change did to modules, provider instances, nodes and guards. A nil side means
// that nothing was decided.
type delta struct {
	Version   uint64                                   `json:"version"`
	Modules   map[string]sides[registry.ModuleState]   `json:"modules,omitempty"`
	Providers map[string]sides[registry.ProviderState] `json:"providers,omitempty"`
	Nodes     map[string]sides[registry.NodeState]     `json:"nodes,omitempty"`
	Guards    map[string]sides[registry.GuardState]    `json:"guards,omitempty"`
}

type sides[T any] struct {
	Before *T `json:"before"`
	After  *T `json:"after"`
}

// note attaches what a change did to its request. Changes of versions have a way
// back of their own.
func (u *undo) note(ctx context.Context, before, after registry.State) {
	if !reflect.DeepEqual(before.Plugins, after.Plugins) {
		return
	}
	d := &delta{
		Version: after.Version, Modules: differ(before.Modules, after.Modules), Providers: differ(before.Providers, after.Providers),
		Nodes: differ(before.Nodes, after.Nodes), Guards: differ(before.Guards, after.Guards),
	}
	if len(d.Modules)+len(d.Providers)+len(d.Nodes)+len(d.Guards) > 0 {
		admin.Note(ctx, d)
	}
}

func differ[T any](before, after map[string]T) map[string]sides[T] {
	out := map[string]sides[T]{}
	names := slices.Collect(maps.Keys(before))
	for name := range after {
		names = append(names, name)
	}
	for _, name := range names {
		if s := (sides[T]{at(before, name), at(after, name)}); !equal(s.Before, s.After) {
			out[name] = s
		}
	}
	return out
}

func at[T any](m map[string]T, name string) *T {
	if v, ok := m[name]; ok {
		return &v
	}
	return nil
}

// equal compares as it is stored: a number may be an int64 or a json.Number.
func equal[T any](x, y *T) bool {
	if (x == nil) != (y == nil) {
		return false
	}
	a, errA := json.Marshal(x)
	b, errB := json.Marshal(y)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

func undoKey(audit uint64) string { return string(binary.BigEndian.AppendUint64(nil, audit)) }

func (p panel) Keep(audit uint64, change any) error {
	d, ok := change.(*delta)
	if !ok {
		return fmt.Errorf("a change of kind %T cannot be kept", change)
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("keep a change: %w", err)
	}
	u := p.app.desk.undo
	return u.storage.Put(undoKey(audit), text, u.keep)
}

// stored returns what a change did, nil when it is not known.
func (u *undo) stored(audit uint64) (*delta, error) {
	raw, err := u.storage.Get(undoKey(audit))
	if err != nil || raw == nil {
		return nil, err
	}
	d := &delta{}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(d); err != nil {
		return nil, fmt.Errorf("the kept change %d is damaged: %w", audit, err)
	}
	return d, nil
}

func (p panel) Undoable(audits []uint64) (map[uint64]bool, error) {
	out := map[uint64]bool{}
	state := p.app.states.Get()
	for _, id := range audits {
		d, err := p.app.desk.undo.stored(id)
		if err != nil {
			return nil, err
		}
		out[id] = d != nil && d.fits(state)
	}
	return out, nil
}

// fits reports whether everything that the change touched is still as it left it.
func (d *delta) fits(s registry.State) bool {
	return fit(d.Modules, s.Modules) && fit(d.Providers, s.Providers) && fit(d.Nodes, s.Nodes) && fit(d.Guards, s.Guards)
}

func fit[T any](changed map[string]sides[T], now map[string]T) bool {
	for name, s := range changed {
		if !equal(s.After, at(now, name)) {
			return false
		}
	}
	return true
}

var errChangedAgain = problem.Conflict("What was changed then has been changed again since!")

func (p panel) Restore(ctx context.Context, audit, version uint64) (c admin.Change, err error) {
	d, err := p.app.desk.undo.stored(audit)
	switch {
	case err != nil:
		return c, err
	case d == nil:
		return c, problem.Conflict("This change cannot be taken back!")
	}
	err = p.change(ctx, version, func(s *registry.State) error {
		if !d.fits(*s) {
			return errChangedAgain
		}
		before := p.pictures(d, *s)
		putBack(d.Modules, s.Modules)
		putBack(d.Providers, s.Providers)
		putBack(d.Nodes, s.Nodes)
		putBack(d.Guards, s.Guards)
		if err := p.unlocked(d, *s); err != nil {
			return err
		}
		c = admin.Change{Before: before, After: p.pictures(d, *s)}
		return nil
	})
	return c, err
}

func putBack[T any](changed map[string]sides[T], now map[string]T) {
	for name, s := range changed {
		if s.Before == nil {
			delete(now, name)
			continue
		}
		now[name] = *s.Before
	}
}

// unlocked refuses a state that gateway.hcl would overrule without a word.
func (p panel) unlocked(d *delta, s registry.State) error {
	var errs []error
	for name := range d.Modules {
		if x := s.Modules[name]; x.Enabled != nil {
			errs = append(errs, p.differs("module", name, *x.Enabled, s))
		}
	}
	for name := range d.Providers {
		if x := s.Providers[name]; x.Enabled != nil {
			errs = append(errs, p.differs("provider", name, *x.Enabled, s))
		}
	}
	for name := range d.Nodes {
		if _, there := s.Nodes[name]; there {
			errs = append(errs, p.locked("", "freeswitch", name))
		}
	}
	for kind := range d.Guards {
		file, _ := p.app.config().FindGuard(kind)
		for name, v := range s.Guards[kind].Settings {
			if inFile, there := file.Values[name]; there && !settings.Equal(v, inFile) {
				errs = append(errs, p.locked("/"+name, "guard", kind, name))
			}
		}
	}
	return errors.Join(errs...)
}

func (p panel) differs(kind, name string, on bool, s registry.State) error {
	if u := p.find(admin.Target{Kind: manifest.Kind(kind), Name: name}, s); u == nil || u.on == on {
		return nil
	}
	return p.locked("/enabled", kind, name, "enabled")
}

// pictures are the units that a change touched, secrets hidden.
func (p panel) pictures(d *delta, s registry.State) map[string]any {
	out := map[string]any{}
	show := func(kind manifest.Kind, name string) {
		if u := p.find(admin.Target{Kind: kind, Name: name}, s); u != nil {
			out[string(kind)+" "+name] = p.unitDocument(u, s)
		} else {
			out[string(kind)+" "+name] = nil
		}
	}
	for kind := range d.Guards {
		out["guard "+kind] = nil
		if form, err := guard.Schema(guard.Kind(kind)); err == nil {
			out["guard "+kind] = settings.Hide(form, s.Guards[kind].Settings)
		}
	}
	for name := range d.Nodes {
		out["node "+name] = nil
		if n, ok := s.Nodes[name]; ok {
			out["node "+name] = hideNode(n.Settings)
		}
	}
	for name := range d.Modules {
		show(manifest.KindModule, name)
	}
	for name := range d.Providers {
		show(manifest.KindProvider, name)
	}
	return out
}
