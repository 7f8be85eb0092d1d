package app

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/server"
)

// config is the configuration in force. It never changes: a reload replaces it.
func (a *App) config() *config.Config {
	if c := a.reloaded.Load(); c != nil {
		return c
	}
	return a.cfg
}

// target is the configuration that instances, routes, rules and nodes are built for: the
// one in force, or during a reload the next. What serves requests asks [App.config], so
// that nothing of a configuration is seen that is refused in the end.
func (a *App) target() *config.Config {
	if c := a.next.Load(); c != nil {
		return c
	}
	return a.config()
}

// reloadable are the keys and blocks that can change while the gateway runs; those
// that end with a dot stand for everything below them.
var reloadable = []string{
	"gateway.public_url", "gateway.region", "gateway.body_limit", "gateway.request_timeout", "gateway.trusted_proxies", "gateway.cors.",
	"gateway.tls.", "gateway.connections.total", "gateway.connections.per_address", "gateway.drain", "gateway.drain_notice", "gateway.log.level",
	"limits.", "journal.body", "journal.phones", "journal.messages", "upgrade.trial", "upgrade.crashes", "upgrade.keep",
	"freeswitch", "module", "provider", "guard",
}

func canReload(path string) bool {
	return slices.ContainsFunc(reloadable, func(k string) bool {
		return k == path || strings.HasSuffix(k, ".") && strings.HasPrefix(path, k)
	})
}

// Loader reads the configuration again, as it was read for the start.
type Loader func() (*config.Config, config.Diagnostics)

// ReloadFrom says where [App.Reload] gets the configuration. Call it before Run.
func (a *App) ReloadFrom(l Loader) { a.loader = l }

// ReloadError holds everything for which a configuration was refused, in words; the
// one before is in force.
type ReloadError struct{ Mistakes []string }

func (e *ReloadError) Error() string {
	return "the new configuration is refused, the old one stays in force: " + strings.Join(e.Mistakes, "; ")
}

// Reload reads the configuration again and brings it into force: new instances are
// started beside the old ones, then everything is switched over, then the old ones
// drain. It returns the keys and blocks that changed.
//
// # Errors
//
// [*ReloadError]; nothing has changed then.
func (a *App) Reload(ctx context.Context) ([]string, error) {
	changed, err := a.reload(ctx)
	if refused, ok := errors.AsType[*ReloadError](err); ok {
		for _, mistake := range refused.Mistakes {
			a.log.Error("reload: the configuration is refused; the old one stays in force", "mistake", mistake)
		}
	}
	if err == nil {
		a.log.Info("the configuration was read again", "changed", strings.Join(changed, ", "))
	}
	return changed, err
}

func refuse(mistakes ...string) error { return &ReloadError{mistakes} }

func (a *App) reload(ctx context.Context) ([]string, error) {
	if a.loader == nil {
		return nil, refuse("this gateway was started without a configuration file")
	}
	a.mu.Lock() // before the file is read: of two reloads the later one reads later
	defer a.mu.Unlock()
	switch {
	case a.units.Load() == nil:
		return nil, refuse("the gateway is starting and has just read its configuration")
	case a.work.Err() != nil:
		return nil, refuse("the gateway is stopping")
	}
	next, diagnostics := a.loader()
	if diagnostics.HasErrors() {
		var mistakes []string
		for _, d := range diagnostics {
			if d.Severity == config.SeverityError {
				mistakes = append(mistakes, d.String())
			}
		}
		return nil, refuse(mistakes...)
	}
	changed := config.Differences(a.config(), next)
	if fixed := a.fixed(next, changed); len(fixed) > 0 {
		return nil, refuse(fixed...)
	}
	// What can fail without touching anything comes first.
	certify, err := a.stageCertificates(next)
	if err != nil {
		return nil, refuse(err.Error())
	}
	a.next.Store(next)
	defer a.next.Store(nil)
	if err := a.apply(ctx, a.states.Get()); err != nil {
		return nil, refuse(err.Error())
	}
	a.reloaded.Store(next)
	certify()
	a.adopt(next)
	return changed, nil
}

// fixed names what changed and cannot change while the gateway runs.
func (a *App) fixed(next *config.Config, changed []string) (out []string) {
	for _, path := range changed {
		if canReload(path) {
			continue
		}
		text := path + " cannot change while the gateway runs; restart it, or take the change back"
		if r, ok := next.Locate(path); ok {
			text = r.String() + ": " + text
		}
		out = append(out, text)
	}
	return out
}

// stageCertificates reads the files that a configuration names; certify puts them into
// force.
func (a *App) stageCertificates(next *config.Config) (certify func(), err error) {
	t := next.Gateway.TLS
	if t == nil || a.certificates == nil {
		return func() {}, nil // one without the other was refused by now
	}
	return a.certificates.Stage(certificateFiles(t), t.MinVersion)
}

// adopt brings what is not part of the table of routes into force.
func (a *App) adopt(next *config.Config) {
	g := next.Gateway
	a.server.Adopt(a.policy(next))
	if l := a.listener.Load(); l != nil {
		l.SetLimits(a.connectionLimits(g))
	}
	a.log.SetLevel(hclog.LevelFromString(g.Log.Level))
	a.watchErrorDirs()
}

// policy is what the server lets change.
func (a *App) policy(c *config.Config) server.Policy {
	g := c.Gateway
	p := server.Policy{
		UserRate: authRate(c.Limits.User), RequestTimeout: g.RequestTimeout, BodyLimit: g.BodyLimit, TrustedProxies: g.TrustedProxies,
		CORSOrigins: g.CORS.Origins, CORSMaxAge: g.CORS.MaxAge, Body: a.bodyPolicy(),
	}
	if g.TLS != nil {
		p.HSTS = g.TLS.HSTS
	}
	if u, err := url.Parse(g.PublicURL); err == nil {
		p.PublicHost = u.Host
	}
	return p
}

// watchErrorDirs follows the folders into which nodes write the call records that
// they could not post: it begins with new ones and ends with those that are gone.
func (a *App) watchErrorDirs() {
	if a.work == nil {
		return // not started yet
	}
	wanted := map[[2]string]bool{}
	for _, n := range a.config().FreeSWITCH {
		if n.CDR != nil && n.CDR.ErrorDir != "" {
			wanted[[2]string{n.Name, n.CDR.ErrorDir}] = true
		}
	}
	for at, stop := range a.errorDirs {
		if !wanted[at] {
			stop()
			delete(a.errorDirs, at)
		}
	}
	for at := range wanted {
		if a.errorDirs[at] != nil {
			continue
		}
		ctx, stop := context.WithCancel(a.work)
		a.errorDirs[at] = stop
		a.background.Go(func() { a.archive.Watch(ctx, at[0], at[1], importEvery) })
	}
}
