package app

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/auth"
	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// largeBody lets administrators send plugin files. Who they are is checked again
// when the request is there.
func (a *App) largeBody(method, path, authorization string) int64 {
	if method != http.MethodPost || path != admin.Prefix+admin.UploadPath {
		return 0
	}
	_, token, _ := strings.Cut(authorization, " ")
	if who := a.auth.Peek(strings.TrimSpace(token)); who == nil || who.Derived || who.Role != auth.RoleAdministrator {
		return 0
	}
	return admin.MaxUpload
}

// uploadPicture is the audit's picture of a file.
type uploadPicture struct {
	Version string            `json:"version"`
	SHA256  string            `json:"sha256"`
	Bytes   int               `json:"bytes"`
	Trust   plugin.TrustState `json:"trust"`
	KeyID   string            `json:"key_id,omitempty"`
}

func picture(p *plugin.Package) uploadPicture {
	return uploadPicture{p.Manifest.Version, p.SHA256, p.Size, p.Trust.State, p.Trust.KeyID}
}

func (p panel) Upload(_ context.Context, code, signature []byte, by string) (admin.Uploaded, error) {
	a := p.app
	pkg, err := a.library.Add(code, signature, by, time.Now())
	var bad *plugin.Error
	var refused *plugin.RefusedError
	switch {
	case errors.As(err, &bad):
		found := make([]admin.Violation, len(bad.Problems))
		for i, text := range bad.Problems {
			found[i] = admin.Violation{Pointer: "/file", Message: text}
		}
		return admin.Uploaded{}, admin.Reject("file", found...)
	case errors.As(err, &refused):
		return admin.Uploaded{}, admin.Reject("signature", admin.Violation{Pointer: "/signature", Message: refused.Error()})
	case err != nil:
		return admin.Uploaded{}, err
	}
	units, state := p.snapshot()
	id := pkg.Manifest.ID
	shown, _ := p.plugin(id, units, state)
	if err := a.prune(id, state, pkg.SHA256); err != nil {
		a.log.Warn("old plugin files were not removed", "plugin", id, "error", err)
	}
	return admin.Uploaded{ID: id, Version: p.version(pkg, shown, state), Change: admin.Change{After: picture(pkg)}}, nil
}

// applied turns a failed start into the answer.
func applied(err error) error {
	var failed *failedStart
	if errors.As(err, &failed) {
		return admin.CannotApply(failed)
	}
	return err
}

// unpinned refuses a change of version when gateway.hcl has chosen for everybody.
func (p panel) unpinned(id string) error {
	units := slices.DeleteFunc(slices.Clone(p.app.configured()), func(u *unit) bool { return u.pkg == nil || u.pkg.Manifest.ID != id })
	if len(units) == 0 || slices.ContainsFunc(units, func(u *unit) bool { return u.pinned == "" }) {
		return nil
	}
	return admin.Locked(admin.Violation{Pointer: "/sha256", Message: "is set in the configuration file", Code: "locked", At: units[0].pinned})
}

func (p panel) Upgrade(ctx context.Context, id string, version uint64, u admin.Upgrade) (admin.Upgraded, error) {
	if len(p.versions(id)) == 0 {
		return admin.Upgraded{}, errNoPlugin
	}
	if (u.SHA256 == "") != u.Follow {
		return admin.Upgraded{}, admin.Reject("sha256", admin.Violation{Pointer: "/sha256", Message: `name a version, or "follow": true for the newest file of the folders`})
	}
	if u.Follow {
		newest := p.app.library.Catalogue().Find(id)
		if newest == nil || !newest.InFolder() {
			return admin.Upgraded{}, problem.Conflict("There is no file of this plugin in the folders!")
		}
		u.SHA256 = newest.SHA256
	}
	return p.bring(ctx, id, version, u, false)
}

func (p panel) Rollback(ctx context.Context, id string, version uint64, u admin.Upgrade) (admin.Upgraded, error) {
	if len(p.versions(id)) == 0 {
		return admin.Upgraded{}, errNoPlugin
	}
	if u.Follow {
		return admin.Upgraded{}, admin.Reject("follow", admin.Violation{Pointer: "/follow", Message: "is for upgrades"})
	}
	if u.SHA256 == "" {
		before := p.app.states.Get().Plugins[id].Before
		if len(before) == 0 {
			return admin.Upgraded{}, problem.Conflict("No version was in force before!")
		}
		u.SHA256 = before[0]
	}
	return p.bring(ctx, id, version, u, true)
}

// bring brings the named version into force: forward on trial, or back.
func (p panel) bring(ctx context.Context, id string, version uint64, u admin.Upgrade, back bool) (admin.Upgraded, error) {
	next, err := p.named(id, u.SHA256, "sha256")
	if err != nil {
		return admin.Upgraded{}, err
	}
	if err := p.unpinned(id); err != nil {
		return admin.Upgraded{}, err
	}
	out, err := p.app.upgrade(ctx, version, upgrade{id: id, next: next, by: u.By, follow: u.Follow, trial: !back, back: back}, nil)
	if err != nil {
		return admin.Upgraded{}, applied(err)
	}
	return out.answer(), nil
}

func (o outcome) answer() admin.Upgraded {
	return admin.Upgraded{Change: admin.Change{Before: o.before, After: o.after}, Waiting: o.waiting}
}

func (p panel) Consent(ctx context.Context, id string, version uint64, c admin.Consent) (admin.Upgraded, error) {
	if len(p.versions(id)) == 0 {
		return admin.Upgraded{}, errNoPlugin
	}
	next, err := p.named(id, c.SHA256, "sha256")
	if err != nil {
		return admin.Upgraded{}, err
	}
	st := p.app.states.Get().Plugins[id]
	w := upgrade{id: id, next: next, by: c.By, trial: true, consent: true, follow: st.SHA256 == "" || st.Follow}
	waited := st.Waiting != nil && st.Waiting.SHA256 == next.SHA256
	if waited {
		w.follow = st.Waiting.By == ""
	}
	out, err := p.app.upgrade(ctx, version, w, func(s *registry.State) error { return p.consent(s, next, c) })
	if err != nil {
		return admin.Upgraded{}, applied(err)
	}
	return out.answer(), nil
}

// consent edits the grants of the instances. The configuration file has the last
// word: what it grants explicitly is only confirmed.
func (p panel) consent(s *registry.State, next *plugin.Package, c admin.Consent) error {
	found := consentFaults(next.Manifest, next.Imports, c.Granted)
	if len(found) > 0 {
		return admin.Reject("granted", found...)
	}
	units := p.app.wishes(*s)
	// A module that nobody has switched on yet may be consented to before.
	if u := p.find(admin.Target{Kind: manifest.KindModule, Name: next.Manifest.ID}, *s); u != nil && !slices.ContainsFunc(units, func(x *unit) bool { return x.kind == u.kind && x.name == u.name }) {
		units = append(units, u)
	}
	done := 0
	for _, u := range users(units, next.Manifest.ID) {
		named := slices.Contains(c.Instances, u.name)
		if c.Instances != nil && !named || c.Instances == nil && u.waiting == "" && len(u.lacks(next)) == 0 {
			continue
		}
		if err := p.setConsent(s, u, next, c.Grant); err != nil {
			return err
		}
		done++
	}
	if done == 0 {
		return problem.Conflict("No instance waits for consent!")
	}
	return nil
}

// setConsent stores what one unit is granted, within what the file leaves open.
func (p panel) setConsent(s *registry.State, u *unit, next *plugin.Package, g admin.Grant) error {
	word := string(u.kind)
	if p.app.config().IsSet(config.JoinPath(word, u.name, "grant", "capabilities")) {
		if lacking := u.ungranted(next); len(lacking) > 0 {
			return p.locked("/granted", word, u.name, "grant", "capabilities")
		}
	}
	hosts, private := g.Hosts, g.Private
	if hosts == nil {
		// Nothing was said about hosts: those of the present grant stay.
		hosts = slices.Concat(u.grant.hosts, plugin.Hosts(next.Manifest))
		slices.Sort(hosts)
		hosts, private = slices.Compact(hosts), private || u.grant.private
	}
	u.store(s, consentTo(next, g.Granted, hosts, private))
	return nil
}

// grantPicture is the audit's picture of a grant.
type grantPicture struct {
	Granted []string `json:"granted"`
	Hosts   []string `json:"hosts"`
	Private bool     `json:"private"`
}

func (p panel) SetGrant(ctx context.Context, t admin.Target, version uint64, g admin.Grant) (c admin.Change, err error) {
	err = p.change(ctx, version, func(s *registry.State) error {
		var err error
		c, err = p.editGrant(s, t, g)
		return err
	})
	return c, err
}

// editGrant is the change of a state that [panel.SetGrant] makes.
func (p panel) editGrant(s *registry.State, t admin.Target, g admin.Grant) (c admin.Change, err error) {
	u := p.find(t, *s)
	switch {
	case u == nil:
		return c, missing(t)
	case u.pkg == nil:
		return c, problem.Conflict("The plugin file is missing!")
	}
	if err := p.locked("/granted", string(t.Kind), t.Name, "grant"); err != nil {
		return c, err
	}
	if found := consentFaults(u.pkg.Manifest, u.pkg.Imports, g.Granted); len(found) > 0 {
		return c, admin.Reject("granted", found...)
	}
	c.Before = grantPicture{nonNil(u.consent.Granted), nonNil(u.consent.Hosts), u.consent.Private}
	if err := p.setConsent(s, u, u.pkg, g); err != nil {
		return c, err
	}
	now := p.find(t, *s).consent
	c.After = grantPicture{nonNil(now.Granted), nonNil(now.Hosts), now.Private}
	return c, nil
}

func (p panel) DeleteVersion(_ context.Context, id, sha256 string) (admin.Change, error) {
	a := p.app
	a.mu.Lock()
	defer a.mu.Unlock()
	pkg := a.file(a.library.Catalogue(), id, sha256)
	if pkg == nil {
		return admin.Change{}, problem.NotFound("No such version!")
	}
	st := a.states.Get().Plugins[id]
	var found []admin.Violation
	for _, name := range a.usersOf(id, sha256) {
		found = append(found, admin.Violation{Message: "instance " + name + " runs it"})
	}
	if st.Trial != nil && st.Trial.Previous == sha256 {
		found = append(found, admin.Violation{Message: "it comes back when the version on trial fails"})
	}
	if st.Waiting != nil && st.Waiting.SHA256 == sha256 {
		found = append(found, admin.Violation{Message: "it waits for consent"})
	}
	switch {
	case len(found) > 0:
		return admin.Change{}, &admin.Rejection{Problem: problem.Conflict("The version is in use!"), Violations: found}
	case !pkg.Kept():
		return admin.Change{}, problem.Conflict("The file is in a plugin folder, which only the operator changes!")
	}
	if st.SHA256 == sha256 {
		// Nobody uses the plugin: what was chosen for it is forgotten with the file.
		_, _, err := a.states.Update(registry.AnyVersion, time.Now(), func(s *registry.State) error {
			delete(s.Plugins, id)
			return nil
		}, func(*registry.State) error { return nil })
		if err != nil {
			return admin.Change{}, err
		}
	}
	if err := a.library.Remove(id, sha256); err != nil {
		return admin.Change{}, err
	}
	return admin.Change{Before: picture(pkg)}, nil
}
