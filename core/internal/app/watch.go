package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// watchPlugins takes new files of the folders, keeps copies of what runs, and
// watches new versions, until ctx ends.
func (a *App) watchPlugins(ctx context.Context) {
	w := &watcher{app: a, sick: map[string]int{}, healed: map[string]string{}}
	ticker := time.NewTicker(a.config().Upgrade.Watch)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.tick(ctx)
		case <-ctx.Done():
			return
		}
	}
}

// watcher holds what one look needs from the last one.
type watcher struct {
	app    *App
	faults []string
	sick   map[string]int    // by plugin: how often in a row it was not healthy on trial
	healed map[string]string // by unit: the fingerprint that was tried after a fault
}

func (w *watcher) tick(ctx context.Context) {
	a := w.app
	if a.library.Rescan() {
		w.report()
	}
	w.follow(ctx)
	w.heal(ctx)
	w.keep()
	if err := a.crashes.look(a.configured(), time.Now().UTC()); err != nil {
		a.log.Warn("crashes of plugins were not recorded", "error", err)
	}
	w.trials(ctx)
}

// report logs new faults of plugin files, once.
func (w *watcher) report() {
	var now []string
	for _, fault := range w.app.library.Catalogue().Faults {
		text := fault.Error()
		now = append(now, text)
		if !slices.Contains(w.faults, text) {
			w.app.log.Error("plugin file", "error", text)
		}
	}
	w.faults = now
}

// follow takes newer files of the folders, except where an operator has chosen a
// version.
func (w *watcher) follow(ctx context.Context) {
	a := w.app
	catalogue, state := a.library.Catalogue(), a.states.Get()
	for _, id := range catalogue.IDs() {
		newest, st := catalogue.Find(id), state.Plugins[id]
		if newest == nil || !newest.InFolder() || st.SHA256 != "" && !st.Follow {
			continue
		}
		present, fault := a.inForce(id, state)
		_, rejected := st.Rejected[newest.SHA256]
		if present != nil && present.SHA256 == newest.SHA256 && fault == "" || rejected || st.Waiting != nil && st.Waiting.SHA256 == newest.SHA256 {
			continue
		}
		if err := w.take(ctx, newest, present != nil && fault == ""); err != nil && ctx.Err() == nil {
			a.log.Error("a plugin file of the folders was not taken", "file", newest.Path, "error", err)
		}
	}
}

// take brings a file of the folders into force.
func (w *watcher) take(ctx context.Context, p *plugin.Package, replaces bool) error {
	a, id := w.app, p.Manifest.ID
	if !replaces || len(users(a.configured(), id)) == 0 {
		// Nothing ran, so there is nothing to compare with and nothing to go back to.
		a.chosen.set(id, p.SHA256)
		if a.states.Get().Plugins[id].SHA256 == "" {
			return nil
		}
		return a.rebuild(ctx, func(s *registry.State) error {
			st := s.Plugins[id]
			st.Replace("", p.SHA256)
			st.Trial, st.Waiting = nil, nil
			s.Plugins[id] = st
			return nil
		})
	}
	out, err := a.upgrade(ctx, registry.AnyVersion, upgrade{id: id, next: p, follow: true, trial: true}, nil)
	switch {
	case err != nil:
		var failed *failedStart
		if errors.As(err, &failed) {
			return nil // it is in the log and in the journal
		}
		return err
	case len(out.waiting) > 0:
		a.log.Warn("a new version of a plugin waits for consent; the old one goes on", "plugin", id, "version", p.Manifest.Version, "asks", waitingText(out.waiting))
		a.auditAlone(ctx, "plugin.wait", id, out.before, out.after)
	default:
		a.log.Info("a new version of a plugin is in force", "plugin", id, "version", p.Manifest.Version, "file", p.Path)
		a.auditAlone(ctx, "plugin.upgrade", id, out.before, out.after)
	}
	return nil
}

// heal starts units that could not run because of their files, once those are
// good: a plugin that came after the gateway was started, a signature that came
// after its file.
func (w *watcher) heal(ctx context.Context) {
	a := w.app
	if !slices.ContainsFunc(a.configured(), func(u *unit) bool { return u.fault != "" }) {
		return
	}
	for _, u := range a.wishes(a.states.Get()) {
		old := a.find(u.name, u.kind)
		if old == nil || old.fault == "" || u.fault != "" || w.healed[u.name] == u.print {
			continue
		}
		w.healed[u.name] = u.print
		if err := a.rebuild(ctx, func(*registry.State) error { return nil }); err != nil && ctx.Err() == nil {
			a.log.Error("a plugin whose file is there now does not start", "name", u.name, "error", err)
			continue
		}
		a.log.Info("a plugin whose file was missing runs", "name", u.name, "plugin", u.pkg.Manifest.ID, "version", u.pkg.Manifest.Version)
	}
}

// rebuild applies an edited state.
func (a *App) rebuild(ctx context.Context, edit func(*registry.State) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _, err := a.states.Update(registry.AnyVersion, time.Now(), edit, func(s *registry.State) error { return a.apply(ctx, *s) })
	return err
}

// keep copies what runs, so that it can be brought back after its file was
// replaced, and forgets copies that nobody needs.
func (w *watcher) keep() {
	a := w.app
	inUse := map[string]map[string]bool{} // sums by plugin
	for _, u := range a.configured() {
		if u.pkg == nil || u.instance == nil {
			continue
		}
		id := u.pkg.Manifest.ID
		if inUse[id] == nil {
			inUse[id] = map[string]bool{}
		}
		inUse[id][u.pkg.SHA256] = true
		a.keepFiles(u.pkg)
	}
	state := a.states.Get()
	for id := range inUse {
		if err := a.prune(id, state); err != nil {
			a.log.Warn("old plugin files were not removed", "plugin", id, "error", err)
		}
	}
}

// keepFiles copies files of the folders unless there are copies.
func (a *App) keepFiles(packages ...*plugin.Package) {
	for _, known := range packages {
		if known == nil {
			continue
		}
		p := a.library.Catalogue().Version(known.Manifest.ID, known.SHA256)
		if p == nil || p.Kept() || p.Refused != "" {
			continue
		}
		if err := a.library.Keep(p, time.Now()); err != nil {
			a.log.Warn("a plugin file was not copied; its version cannot be brought back", "file", p.Path, "error", err)
		}
	}
}

// prune removes old copies of a plugin, but none that runs, may come back or waits,
// and none of those named.
func (a *App) prune(id string, state registry.State, more ...string) error {
	st := state.Plugins[id]
	return a.library.Prune(id, a.config().Upgrade.Keep, func(sum string) bool {
		return slices.Contains(more, sum) || sum == st.SHA256 || st.Trial != nil && sum == st.Trial.Previous || st.Waiting != nil && sum == st.Waiting.SHA256 || len(a.usersOf(id, sum)) > 0
	})
}

// usersOf names the units that run a version, or that gateway.hcl pins to it.
func (a *App) usersOf(id, sum string) []string {
	out := []string{}
	for _, u := range a.configured() {
		if u.pkg != nil && u.pkg.Manifest.ID == id && u.pkg.SHA256 == sum {
			out = append(out, u.name)
		}
	}
	return out
}

// patience is how often in a row a new version may say that it is not healthy.
const patience = 3

// trials brings old versions back, or lets the new ones stay.
func (w *watcher) trials(ctx context.Context) {
	a := w.app
	state := a.states.Get()
	for _, id := range slices.Sorted(maps.Keys(state.Plugins)) {
		st := state.Plugins[id]
		if st.Trial == nil {
			delete(w.sick, id)
			continue
		}
		reason := w.judge(ctx, id, st)
		var err error
		switch {
		case ctx.Err() != nil:
			return
		case reason != "":
			if err = a.rollBack(ctx, id, reason); err != nil && ctx.Err() == nil {
				// Trying again every few seconds helps nobody; the new version stays.
				err = errors.Join(err, a.endTrial(id, st.SHA256))
			}
		case time.Now().After(st.Trial.Until):
			err = a.endTrial(id, st.SHA256)
		}
		if err != nil {
			a.log.Error("trial of a new version", "plugin", id, "error", err)
		}
	}
}

// judge returns why a version on trial must go, "" when it may stay.
func (w *watcher) judge(ctx context.Context, id string, st registry.PluginState) string {
	a := w.app
	limit := a.config().Upgrade.Crashes
	if n, reason := a.crashes.since(id, st.SHA256, st.Trial.Since); n >= limit {
		return fmt.Sprintf("it crashed %d times within %s of its trial: %s", n, time.Since(st.Trial.Since).Round(time.Second), reason)
	}
	sick := ""
	for _, u := range users(a.configured(), id) {
		if u.instance == nil || !u.on || u.pkg.SHA256 != st.SHA256 {
			continue
		}
		if s := u.instance.Status(); s.Failing >= limit {
			return fmt.Sprintf("%s crashed or did not start %d times in a row: %s", u.name, s.Failing, s.Reason)
		}
		ask, stop := context.WithTimeout(ctx, healthTime)
		if err := u.instance.Health(ask); err != nil && u.pkg.Manifest.Health {
			sick = fmt.Sprintf("%s is not healthy: %v", u.name, err)
		}
		stop()
	}
	if sick == "" {
		delete(w.sick, id)
		return ""
	}
	if w.sick[id]++; w.sick[id] >= patience {
		return sick
	}
	return ""
}
