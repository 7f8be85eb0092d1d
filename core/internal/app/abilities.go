package app

import (
	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/openapi"
)

func (p panel) Abilities() []admin.Ability {
	out := []admin.Ability{}
	address := p.app.address()
	for _, m := range p.app.registry.Table().Modules {
		for _, r := range m.Routes {
			out = append(out, admin.Ability{
				Module: r.Module, Action: r.Name, Right: r.Key, Title: r.Action.Title, Safe: r.Action.Safe, Off: r.Off,
				Curl: openapi.Curl(address+"/"+r.Module+"/"+r.Name, r.Action),
			})
		}
	}
	return out
}
