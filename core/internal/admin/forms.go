package admin

import (
	"context"
	"net/http"
)

// form is a set of settings that is shown and replaced as a whole: those of a module,
// a provider instance, a FreeSWITCH node or a guard.
type form struct {
	// kind and name say whose they are, in the audit record too.
	kind, name string
	show       func() (Settings, error)
	set        func(ctx context.Context, version uint64, values map[string]any) (Change, error)
}

func (a *API) moduleForm(c *call) form   { return a.unitForm(moduleTarget(c)) }
func (a *API) providerForm(c *call) form { return a.unitForm(providerTarget(c)) }

func (a *API) unitForm(t Target) form {
	return form{
		string(t.Kind), t.Name,
		func() (Settings, error) { return a.opt.Gateway.Settings(t) },
		func(ctx context.Context, version uint64, values map[string]any) (Change, error) {
			return a.opt.Gateway.SetSettings(ctx, t, version, values)
		},
	}
}

func (a *API) nodeForm(c *call) form { return a.formOfNode(c.param("name")) }

func (a *API) formOfNode(name string) form {
	return form{
		"node", name,
		func() (Settings, error) { return a.opt.Gateway.NodeSettings(name) },
		func(ctx context.Context, version uint64, values map[string]any) (Change, error) {
			return a.opt.Gateway.SetNode(ctx, name, version, values)
		},
	}
}

func (a *API) guardForm(c *call) form {
	kind := c.param("kind")
	return form{
		"guard", kind,
		func() (Settings, error) { return a.opt.Gateway.GuardSettings(kind) },
		func(ctx context.Context, version uint64, values map[string]any) (Change, error) {
			return a.opt.Gateway.SetGuardSettings(ctx, kind, version, values)
		},
	}
}

// handlerFunc serves a route.
type handlerFunc = func(*API, *call) (any, error)

// shown serves a form.
func shown(of func(*API, *call) form) handlerFunc {
	return func(a *API, c *call) (any, error) { return of(a, c).answer(c) }
}

// replaced takes a form's new values.
func replaced(of func(*API, *call) form) handlerFunc {
	return func(a *API, c *call) (any, error) {
		f := of(a, c)
		version, err := c.neededVersion()
		if err != nil {
			return nil, err
		}
		var given map[string]any
		if err := c.decode(fields{"values": values(&given)}, "values"); err != nil {
			return nil, err
		}
		change, err := f.set(c.ctx, version, given)
		if err != nil {
			return nil, err
		}
		if err := a.audit(c, f.kind+".settings", f.name, change.Before, change.After); err != nil {
			return nil, err
		}
		return f.answer(c)
	}
}

func (f form) answer(c *call) (any, error) {
	s, err := f.show()
	if err != nil {
		return nil, err
	}
	c.etag(s.Version)
	return s, nil
}

// created makes a thing of a kind, whose name the request has in its body, and shows
// it.
func (a *API) created(c *call, kind, name string, create func(version uint64) (Change, error), show func() (any, error)) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	change, err := create(version)
	if err != nil {
		return nil, err
	}
	if err := a.audit(c, kind+".create", name, change.Before, change.After); err != nil {
		return nil, err
	}
	c.status = http.StatusCreated
	return show()
}

// removed takes away the thing of a kind that the path names.
func removed(kind string, remove func(g Gateway, ctx context.Context, name string, version uint64) (Change, error)) handlerFunc {
	return func(a *API, c *call) (any, error) {
		version, err := c.version()
		if err != nil {
			return nil, err
		}
		name := c.param("name")
		change, err := remove(a.opt.Gateway, c.ctx, name, version)
		if err != nil {
			return nil, err
		}
		return nil, a.audit(c, kind+".delete", name, change.Before, change.After)
	}
}
