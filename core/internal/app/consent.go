package app

import (
	"fmt"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/config"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/registry"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// decide computes the grant of a unit: what gateway.hcl says, and where it is
// silent what was decided in the panel. created is true for an instance that was
// made there. An uploaded plugin runs after an explicit decision only; putting a
// file into a folder of gateway.hcl is one.
func (u *unit) decide(file *config.Grant, panel registry.Consent, created bool) {
	u.consent = panel
	decided := created || panel.Version != "" || len(panel.Granted) > 0 || len(panel.Hosts) > 0
	if file != nil {
		u.grant = fileGrant(file)
	}
	if decided && u.grant.capabilities == nil {
		// Exact: a new version that asks for more does not get it by itself.
		u.grant.capabilities, u.grant.operations = append([]string{}, panel.Granted...), panel.Operations
	}
	if decided && (file == nil || file.HTTP == nil) {
		u.grant.hosts, u.grant.private = panel.Hosts, panel.Private
	}
	switch {
	case u.pkg == nil || u.fault != "":
	case file == nil && !decided && u.pkg.Origin == plugin.OriginUpload:
		u.waiting = "it was uploaded, and nobody has consented yet to what it asks for: " + list(u.pkg.Manifest.Operations(), "nothing")
	case decided && (file == nil || file.Capabilities == nil):
		if lacking := u.ungranted(u.pkg); len(lacking) > 0 {
			u.waiting = "it needs " + strings.Join(lacking, ", ")
		}
	}
}

func list(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// ungranted returns the operations that a version cannot start without and that
// are not granted.
func (u *unit) ungranted(p *plugin.Package) []string {
	var out []string
	for _, operation := range p.Imports {
		if !u.grant.allows(p.Manifest, operation) {
			out = append(out, operation)
		}
	}
	return out
}

// lacks returns what another version asks for beyond what the unit was granted,
// nothing when somebody has seen what it asks for and decided.
func (u *unit) lacks(next *plugin.Package) []string {
	missing := u.ungranted(next)
	if u.consent.Version == next.SHA256 {
		return missing
	}
	d := plugin.Compare(u.pkg.Manifest, next.Manifest)
	for _, operation := range d.Operations.Added {
		implicit := u.grant.capabilities == nil
		if implicit || !u.grant.allows(next.Manifest, operation) {
			missing = append(missing, operation)
		}
	}
	for _, host := range d.Hosts.Added {
		if !slices.Contains(u.grant.hosts, host) {
			missing = append(missing, "host "+host)
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}

// lacking returns what the units of a plugin lack for a version, a line for each
// unit.
func lacking(units []*unit, next *plugin.Package) []string {
	var out []string
	for _, u := range users(units, next.Manifest.ID) {
		if u.waiting != "" {
			continue // it does not run now either, and nobody promised that it would
		}
		if missing := u.lacks(next); len(missing) > 0 {
			out = append(out, fmt.Sprintf("%s: %s", u.name, strings.Join(missing, ", ")))
		}
	}
	return out
}

// consentTo returns a consent to a version: the named capabilities with all their
// operations in it.
func consentTo(p *plugin.Package, granted, hosts []string, private bool) registry.Consent {
	c := registry.Consent{Granted: granted, Operations: []string{}, Hosts: hosts, Private: private, Version: p.SHA256}
	for _, operation := range p.Manifest.Operations() {
		if slices.Contains(granted, abi.Capability(operation)) {
			c.Operations = append(c.Operations, operation)
		}
	}
	return c
}

// carryConsent writes down what running units were granted without a word, because
// their file lay in a folder, when an uploaded version takes over that asks for no
// more: for uploads nothing goes without saying.
func carryConsent(s *registry.State, units []*unit, next *plugin.Package) {
	if next.Origin != plugin.OriginUpload {
		return
	}
	granted := make([]string, len(next.Manifest.Capabilities))
	for i, c := range next.Manifest.Capabilities {
		granted[i] = c.Name
	}
	for _, u := range units {
		if u.waiting == "" && u.fault == "" && u.consent.Version == "" && u.grant.capabilities == nil {
			u.store(s, consentTo(next, granted, u.grant.hosts, u.grant.private))
		}
	}
}

// store writes a consent into the state.
func (u *unit) store(s *registry.State, c registry.Consent) {
	if u.kind == manifest.KindModule {
		m := s.Modules[u.name]
		m.Consent = c
		s.Modules[u.name] = m
		return
	}
	v := s.Providers[u.name]
	v.Consent = c
	s.Providers[u.name] = v
}
