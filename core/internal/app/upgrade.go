package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/journal"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// gatewayUser is who the audit names when nobody asked the gateway to do it.
const gatewayUser = "gateway"

// upgrade is one wish to run another version of a plugin. A rollback is one, too.
type upgrade struct {
	id     string
	next   *plugin.Package
	by     string // "" for a file of the folders
	follow bool   // newer files of the folders go on being taken
	trial  bool   // watch it and bring the old version back when it fails
	// consent says that the version may be in force already: what is new are the
	// grants.
	consent bool
	back    bool // an operator goes back to it
}

// outcome is what became of it.
type outcome struct {
	before, after versionPicture
	// waiting says what the units lack; then nothing has changed but the wish.
	waiting []string
}

// versionPicture is the audit's picture of the version in force.
type versionPicture struct {
	Version string `json:"version,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	Waiting string `json:"waiting_for_consent,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// text writes the picture for a record.
func pictureOf(p *plugin.Package) versionPicture {
	if p == nil {
		return versionPicture{}
	}
	return versionPicture{Version: p.Manifest.Version, SHA256: p.SHA256}
}

// failedStart means that a new version could not be brought into force; the old
// one goes on.
type failedStart struct{ err error }

func (e *failedStart) Error() string { return e.err.Error() }
func (e *failedStart) Unwrap() error { return e.err }

// upgrade brings a version into force, both versions side by side, or remembers
// that it waits for consent. A version that does not start, or is not healthy, is
// rejected: the error is a [*failedStart] and the old version has served all the
// time. edit may change the state before.
func (a *App) upgrade(ctx context.Context, version uint64, w upgrade, edit func(*registry.State) error) (out outcome, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	// Both files may be gone from their folder by the time they are needed again.
	present, _ := a.inForce(w.id, a.states.Get())
	a.keepFiles(present, w.next)
	_, _, err = a.states.Update(version, time.Now(), func(s *registry.State) error {
		if edit != nil {
			if err := edit(s); err != nil {
				return err
			}
		}
		return a.switchVersion(w, s, &out)
	}, func(s *registry.State) error {
		if err := a.apply(ctx, *s); err != nil {
			return &failedStart{err}
		}
		return nil
	})
	var failed *failedStart
	if errors.As(err, &failed) && ctx.Err() == nil { // a shutdown is not the version's doing
		err = errors.Join(err, a.reject(ctx, w, failed.Error()))
	}
	return out, err
}

// switchVersion edits the state. a.mu is held.
func (a *App) switchVersion(w upgrade, s *registry.State, out *outcome) error {
	now := time.Now().UTC()
	present, _ := a.inForce(w.id, *s)
	st := s.Plugins[w.id]
	out.before, out.after = pictureOf(present), pictureOf(w.next)
	if w.next.Refused != "" {
		return problem.Conflict("The version must not run: " + w.next.Refused + "!")
	}
	if present != nil && present.SHA256 == w.next.SHA256 {
		if w.consent {
			return nil
		}
		if st.SHA256 == present.SHA256 && st.Follow == w.follow && st.Waiting == nil && st.Trial == nil {
			return problem.Conflict("The version is in force!")
		}
	}
	st.Pardon(w.next.SHA256)
	units := a.wishes(*s)
	if present != nil && len(users(units, w.id)) > 0 {
		if out.waiting = lacking(units, w.next); len(out.waiting) > 0 {
			st.SHA256, st.Follow = present.SHA256, st.Follow || st.SHA256 == ""
			st.Waiting = &registry.Waiting{SHA256: w.next.SHA256, Since: now, By: w.by}
			s.Plugins[w.id] = st
			out.after = out.before
			out.after.Waiting = w.next.SHA256
			return nil
		}
	}
	carryConsent(s, users(units, w.id), w.next)
	trial := a.config().Upgrade.Trial
	st.Waiting, st.Trial, st.Follow = nil, nil, w.follow
	if w.trial && trial > 0 && present != nil && present.SHA256 != w.next.SHA256 {
		st.Trial = &registry.Trial{Previous: present.SHA256, Since: now, Until: now.Add(trial), By: w.by}
	}
	last := ""
	if present != nil {
		last = present.SHA256
	}
	if w.back {
		st.Return(last, w.next.SHA256)
	} else {
		st.Replace(last, w.next.SHA256)
	}
	s.Plugins[w.id] = st
	return nil
}

// reject remembers that a version did not come into force. a.mu is held.
func (a *App) reject(ctx context.Context, w upgrade, reason string) error {
	now := time.Now().UTC()
	var present *plugin.Package
	_, _, err := a.states.Update(registry.AnyVersion, now, func(s *registry.State) error {
		present, _ = a.inForce(w.id, *s)
		st := s.Plugins[w.id]
		if present != nil && st.SHA256 == "" {
			// Or the next start would choose the newest file, which is the one that failed.
			st.SHA256, st.Follow = present.SHA256, true
		}
		if st.Waiting != nil && st.Waiting.SHA256 == w.next.SHA256 {
			st.Waiting = nil
		}
		st.Reject(w.next.SHA256, reason, now)
		s.Plugins[w.id] = st
		return nil
	}, func(*registry.State) error { return nil }) // nothing that runs depends on it
	if err != nil {
		return fmt.Errorf("remember that version %s failed: %w", w.next.Manifest.Version, err)
	}
	a.log.Error("a new version of a plugin was rejected; the old one goes on", "plugin", w.id, "version", w.next.Manifest.Version, "reason", reason)
	after := pictureOf(present)
	after.Reason = reason
	a.crashes.wentBack(w.id)
	a.auditAlone(ctx, "plugin.rollback", w.id, pictureOf(w.next), after)
	return nil
}

// rollBack ends a trial: the previous version comes back.
func (a *App) rollBack(ctx context.Context, id, reason string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := time.Now().UTC()
	var failed, previous *plugin.Package
	_, _, err := a.states.Update(registry.AnyVersion, now, func(s *registry.State) error {
		st := s.Plugins[id]
		if st.Trial == nil {
			return errTrialOver
		}
		catalogue := a.library.Catalogue()
		failed, previous = a.file(catalogue, id, st.SHA256), a.file(catalogue, id, st.Trial.Previous)
		switch {
		case previous == nil:
			return fmt.Errorf("version %.12s is not there any more", st.Trial.Previous)
		case previous.Refused != "":
			return errors.New(previous.Refused)
		}
		st.Reject(st.SHA256, reason, now)
		st.Replace("", previous.SHA256)
		st.Trial = nil
		s.Plugins[id] = st
		return nil
	}, func(s *registry.State) error { return a.apply(ctx, *s) })
	if errors.Is(err, errTrialOver) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("bring the old version of %s back: %w", id, err)
	}
	a.log.Error("a new version of a plugin failed; the old one is back", "plugin", id, "version", previous.Manifest.Version, "reason", reason)
	after := pictureOf(previous)
	after.Reason = reason
	a.crashes.wentBack(id)
	a.auditAlone(ctx, "plugin.rollback", id, pictureOf(failed), after)
	return nil
}

var errTrialOver = errors.New("the trial is over")

// endTrial leaves a version in force for good.
func (a *App) endTrial(id, sha256 string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _, err := a.states.Update(registry.AnyVersion, time.Now(), func(s *registry.State) error {
		st := s.Plugins[id]
		if st.Trial == nil || st.SHA256 != sha256 {
			return errTrialOver
		}
		st.Trial = nil
		s.Plugins[id] = st
		return nil
	}, func(*registry.State) error { return nil })
	if err != nil && !errors.Is(err, errTrialOver) {
		return fmt.Errorf("end the trial of %s: %w", id, err)
	}
	return nil
}

// auditAlone records what the gateway did by itself with a version.
func (a *App) auditAlone(ctx context.Context, action, object string, before, after versionPicture) {
	a.record(ctx, gatewayUser, action, object, before, after)
}

// record writes an audit record of what nobody asked for through the administration API.
// It is done already, so what is wrong is only logged.
func (a *App) record(ctx context.Context, user, action, object string, before, after any) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer stop()
	text := func(v any) string {
		if v == nil {
			return ""
		}
		raw, err := json.Marshal(v)
		if err != nil {
			return strconv.Quote("cannot be written: " + err.Error())
		}
		return string(raw)
	}
	if _, err := a.journal.AppendAudit(ctx, journal.Audit{User: user, Action: action, Object: object, Before: text(before), After: text(after)}); err != nil {
		a.log.Error("a change was not recorded", "by", user, "action", action, "object", object, "error", err)
	}
}

// waitingText says what an upgrade waits for.
func waitingText(lines []string) string { return strings.Join(lines, "; ") }
