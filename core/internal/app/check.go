package app

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/edge"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Check says what would keep configured plugins from running: files that are no
// plugins, settings that do not fit, grants that are too narrow, names that
// collide. It opens nothing and starts nothing.
func Check(cfg *config.Config) []error {
	a := &App{cfg: cfg, log: hclog.NewNullLogger(), registry: registry.New(), chosen: newChosen()}
	a.openLibrary(filepath.Join(cfg.Gateway.Data, "plugins"))
	faults := slices.Clone(a.library.Catalogue().Faults)
	if t := cfg.Gateway.TLS; t != nil {
		if _, err := edge.LoadCertificates(certificateFiles(t), t.MinVersion); err != nil {
			faults = append(faults, err)
		}
	}
	if _, err := guardRules(cfg, registry.State{}); err != nil {
		faults = append(faults, err)
	}
	units := a.wishes(registry.State{})
	for _, u := range units {
		if u.fault != "" {
			faults = append(faults, fmt.Errorf("%s: %s", u.name, u.fault))
			continue
		}
		if u.waiting != "" {
			continue // nothing is wrong with the file: the panel asks
		}
		for _, name := range u.pkg.Imports {
			if !u.grant.allows(u.pkg.Manifest, name) {
				faults = append(faults, fmt.Errorf("%s: it needs %s, which its grant leaves out", u.name, name))
			}
		}
	}
	for _, u := range units {
		if u.kind != manifest.KindModule || u.fault != "" {
			continue
		}
		for i := range u.pkg.Manifest.Actions {
			if _, err := a.routes(u, &u.pkg.Manifest.Actions[i], nil); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return faults
}
