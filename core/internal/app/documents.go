package app

import (
	"github.com/patchbay-gw/patchbay/core/internal/openapi"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
)

// Version is the gateway's version, set by the linker.
var Version = "dev"

// document describes the routes of a table that are on.
func (a *App) document(t *registry.Table) (*openapi.Document, error) {
	var routes []openapi.Route
	for _, m := range t.Modules {
		for _, r := range m.Routes {
			if r.Off == "" {
				routes = append(routes, openapi.Route{Module: r.Module, Name: r.Name, Manifest: m.Manifest, Action: r.Action})
			}
		}
	}
	return openapi.New(a.address(), Version, routes)
}

// address is where integrators reach the gateway.
func (a *App) address() string {
	address := a.config().Gateway.PublicURL
	if address == "" {
		scheme := "http://"
		if a.config().Gateway.TLS != nil {
			scheme = "https://"
		}
		address = scheme + a.config().Gateway.Listen + a.config().Gateway.BasePath
	}
	return address
}

func (a *App) openAPI(t *registry.Table, language string) ([]byte, error) {
	d, err := a.document(t)
	if err != nil {
		return nil, err
	}
	return d.JSON(language), nil
}

func (a *App) docs(t *registry.Table, language string) ([]byte, error) {
	d, err := a.document(t)
	if err != nil {
		return nil, err
	}
	return d.Docs(language)
}
