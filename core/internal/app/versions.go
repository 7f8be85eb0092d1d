package app

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// openLibrary reads the plugin files by the policy of gateway.hcl.
func (a *App) openLibrary(store string) {
	o := plugin.LibraryOptions{Folders: a.config().Gateway.Plugins, Store: store, Policy: plugin.Policy{Keys: a.config().Trust.Keys}}
	switch a.config().Trust.Unsigned {
	case config.UnsignedAllow:
		o.Policy.Unsigned = []plugin.Origin{plugin.OriginFolder, plugin.OriginShipped, plugin.OriginUpload}
	case config.UnsignedShipped:
		o.Policy.Unsigned = []plugin.Origin{plugin.OriginShipped}
	}
	if binary, err := os.Executable(); err == nil {
		o.Binary = binary // without it nothing counts as shipped
	}
	a.library = plugin.OpenLibrary(o)
}

// chosen remembers which version of each plugin runs that nobody has decided on:
// the newest one of the folders when it was first needed. A file that changes
// later is an upgrade, which takes its own way.
type chosen struct {
	mu   sync.Mutex
	sums map[string]string
}

func newChosen() *chosen { return &chosen{sums: map[string]string{}} }

// of returns the version of a plugin, which find names when there is none yet.
func (c *chosen) of(id string, find func() *plugin.Package) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.sums[id] == "" {
		if p := find(); p != nil {
			c.sums[id] = p.SHA256
		}
	}
	return c.sums[id]
}

func (c *chosen) set(id, sha256 string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sums[id] = sha256
}

// inForce returns the version of a plugin that runs unless gateway.hcl pins
// another one, or why there is none.
func (a *App) inForce(id string, state registry.State) (*plugin.Package, string) {
	catalogue := a.library.Catalogue()
	decided := state.Plugins[id]
	sum := decided.SHA256
	if sum == "" {
		sum = a.chosen.of(id, func() *plugin.Package { return catalogue.Find(id) })
	}
	if p := a.file(catalogue, id, sum); p != nil {
		return p, p.Refused
	}
	if sum != "" && !decided.Follow && decided.SHA256 != "" {
		return nil, fmt.Sprintf("version %.12s of plugin %q, which was chosen, is not there any more; upload it again or choose another one", sum, id)
	}
	if p := catalogue.Find(id); p != nil {
		return p, ""
	}
	for _, p := range catalogue.Versions(id) {
		return nil, p.Refused // the newest one says why there is none
	}
	return nil, fmt.Sprintf("there is no plugin %q in %s", id, strings.Join(a.config().Gateway.Plugins, ", "))
}

// version returns what a block of the configuration runs, or why it runs nothing.
func (a *App) version(block config.Plugin, state registry.State) (*plugin.Package, string) {
	if block.SHA256 == "" {
		return a.inForce(block.Plugin, state)
	}
	p := a.file(a.library.Catalogue(), block.Plugin, block.SHA256)
	if p == nil {
		return nil, fmt.Sprintf("there is no version %.12s of plugin %q, which gateway.hcl names", block.SHA256, block.Plugin)
	}
	return p, p.Refused
}

// file returns a version, also one whose file was removed while it is in use.
func (a *App) file(catalogue *plugin.Catalogue, id, sum string) *plugin.Package {
	if sum == "" {
		return nil
	}
	if p := catalogue.Version(id, sum); p != nil {
		return p
	}
	for _, u := range a.configured() {
		if u.instance != nil && u.pkg.Manifest.ID == id && u.pkg.SHA256 == sum {
			return u.pkg
		}
	}
	return nil
}

// plugins returns the version in force of every plugin, sorted by id.
func (a *App) plugins(state registry.State) []*plugin.Package {
	var out []*plugin.Package
	for _, id := range a.pluginIDs() {
		if p, reason := a.inForce(id, state); reason == "" {
			out = append(out, p)
		}
	}
	return out
}

// pluginIDs returns the ids of the plugins that are there or in use, sorted.
func (a *App) pluginIDs() []string {
	ids := a.library.Catalogue().IDs()
	for _, u := range a.configured() {
		if u.pkg != nil {
			ids = append(ids, u.pkg.Manifest.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// module returns the module plugin of an id, nil when there is none that may run.
func (a *App) module(id string, state registry.State) *plugin.Package {
	p, reason := a.inForce(id, state)
	if reason != "" || p.Manifest.Kind != manifest.KindModule {
		return nil
	}
	return p
}

// users returns the units of a plugin whose version gateway.hcl does not pin.
func users(units []*unit, id string) []*unit {
	var out []*unit
	for _, u := range units {
		if u.pkg != nil && u.pkg.Manifest.ID == id && u.pinned == "" {
			out = append(out, u)
		}
	}
	return out
}
