package admin

import (
	"slices"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func (a *API) rights(*call) (any, error) {
	return rightsAnswer{a.opt.Gateway.Rights()}, nil
}

type rightsAnswer struct {
	Modules []ModuleRights `json:"modules"`
}

type modulesAnswer struct {
	Modules []ModuleView `json:"modules"`
	Version uint64       `json:"state_version"`
}

type providersAnswer struct {
	Providers []ProviderView `json:"providers"`
	Version   uint64         `json:"state_version"`
}

func (a *API) modules(c *call) (any, error) {
	list := a.opt.Gateway.Modules()
	c.etag(list.Version)
	return modulesAnswer{list.Items, list.Version}, nil
}

func (a *API) providers(c *call) (any, error) {
	list := a.opt.Gateway.Providers()
	c.etag(list.Version)
	return providersAnswer{list.Items, list.Version}, nil
}

func (a *API) module(c *call) (any, error)   { return a.showModule(c, c.param("name")) }
func (a *API) provider(c *call) (any, error) { return a.showProvider(c, c.param("name")) }

func (a *API) showModule(c *call, name string) (any, error) {
	list := a.opt.Gateway.Modules()
	i := slices.IndexFunc(list.Items, func(m ModuleView) bool { return m.ID == name })
	if i < 0 {
		return nil, problem.NotFound("No such module!")
	}
	c.etag(list.Version)
	return list.Items[i], nil
}

func (a *API) showProvider(c *call, name string) (any, error) {
	list := a.opt.Gateway.Providers()
	i := slices.IndexFunc(list.Items, func(p ProviderView) bool { return p.Name == name })
	if i < 0 {
		return nil, problem.NotFound("No such provider!")
	}
	c.etag(list.Version)
	return list.Items[i], nil
}

func moduleTarget(c *call) Target   { return Target{manifest.KindModule, c.param("name")} }
func providerTarget(c *call) Target { return Target{manifest.KindProvider, c.param("name")} }

func (a *API) setModuleEnabled(c *call) (any, error) {
	if err := a.setEnabled(c, moduleTarget(c)); err != nil {
		return nil, err
	}
	return a.module(c)
}

func (a *API) setProviderEnabled(c *call) (any, error) {
	if err := a.setEnabled(c, providerTarget(c)); err != nil {
		return nil, err
	}
	return a.provider(c)
}

func (a *API) setEnabled(c *call, t Target) error {
	version, err := c.version()
	if err != nil {
		return err
	}
	var on bool
	if err := c.decode(fields{"enabled": boolean(&on)}, "enabled"); err != nil {
		return err
	}
	change, err := a.opt.Gateway.SetEnabled(c.ctx, t, version, on)
	if err != nil {
		return err
	}
	return a.audit(c, string(t.Kind)+word(on), t.Name, change.Before, change.After)
}

func word(on bool) string {
	if on {
		return ".enable"
	}
	return ".disable"
}

func (a *API) setAction(c *call) (any, error) {
	version, err := c.version()
	if err != nil {
		return nil, err
	}
	var wish ActionWish
	if err := c.decode(fields{"enabled": maybe(&wish.On, boolean), "limit": maybe(&wish.Limit, str)}); err != nil {
		return nil, err
	}
	if wish.Limit != nil && *wish.Limit != "" {
		if _, err := config.ParseRate(*wish.Limit); err != nil {
			return nil, Reject("limit", Violation{Pointer: "/limit", Message: err.Error(), Code: "rate"})
		}
	}
	name, action := c.param("name"), c.param("action")
	change, err := a.opt.Gateway.SetAction(c.ctx, name, action, version, wish)
	if err != nil {
		return nil, err
	}
	verb := "action.update"
	if wish.On != nil && wish.Limit == nil {
		verb = "action" + word(*wish.On)
	}
	if err := a.audit(c, verb, name+"."+action, change.Before, change.After); err != nil {
		return nil, err
	}
	return a.module(c)
}

func (a *API) setModuleGrant(c *call) (any, error) {
	if err := a.setGrant(c, moduleTarget(c)); err != nil {
		return nil, err
	}
	return a.module(c)
}

func (a *API) setProviderGrant(c *call) (any, error) {
	if err := a.setGrant(c, providerTarget(c)); err != nil {
		return nil, err
	}
	return a.provider(c)
}

func (a *API) setGrant(c *call, t Target) error {
	version, err := c.neededVersion()
	if err != nil {
		return err
	}
	var g Grant
	if err := c.decode(fields{"granted": each(&g.Granted, str), "hosts": each(&g.Hosts, str), "private": boolean(&g.Private)}, "granted"); err != nil {
		return err
	}
	change, err := a.opt.Gateway.SetGrant(c.ctx, t, version, g)
	if err != nil {
		return err
	}
	return a.audit(c, string(t.Kind)+".grant", t.Name, change.Before, change.After)
}

func (a *API) createProvider(c *call) (any, error) {
	var p NewProvider
	err := c.decode(fields{
		"name": str(&p.Name), "plugin": str(&p.Plugin), "settings": values(&p.Settings),
		"hosts": each(&p.Hosts, str), "private": boolean(&p.Private), "granted": each(&p.Granted, str),
	}, "name", "plugin")
	if err != nil {
		return nil, err
	}
	return a.created(c, "provider", p.Name,
		func(version uint64) (Change, error) { return a.opt.Gateway.CreateProvider(c.ctx, version, p) },
		func() (any, error) { return a.showProvider(c, p.Name) })
}
