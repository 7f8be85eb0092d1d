package plugin

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Catalogue holds the plugin files that are there, by id: all versions of each.
// Treat it as immutable.
type Catalogue struct {
	versions map[string][]*Package // newest first
	// Faults are files that are no good plugins; they stop nobody else.
	Faults []error
}

// newCatalogue indexes packages; of two with one sum the first is taken.
func newCatalogue(packages []*Package, faults []error) *Catalogue {
	c := &Catalogue{versions: map[string][]*Package{}, Faults: faults}
	for _, p := range packages {
		id := p.Manifest.ID
		c.versions[id] = append(c.versions[id], p)
	}
	for _, list := range c.versions {
		slices.SortStableFunc(list, newerFirst)
	}
	return c
}

// newerFirst orders by version, then by the age of the file, so that a developer's
// new build of the same version counts.
func newerFirst(a, b *Package) int {
	return cmp.Or(
		-CompareVersions(a.Manifest.Version, b.Manifest.Version),
		b.Added.Compare(a.Added),
		strings.Compare(a.SHA256, b.SHA256),
	)
}

// Find returns what a plugin runs when nobody has decided: the newest version of
// the folders that may run, else the newest kept one. It is nil when there is
// none.
func (c *Catalogue) Find(id string) *Package {
	var kept *Package
	for _, p := range c.versions[id] {
		switch {
		case p.Refused != "":
		case p.InFolder():
			return p
		case kept == nil || p.Added.After(kept.Added):
			kept = p // the version that ran last, not the highest that was ever tried
		}
	}
	return kept
}

// Version returns the file with that sum, nil when there is none.
func (c *Catalogue) Version(id, sha256 string) *Package {
	for _, p := range c.versions[id] {
		if p.SHA256 == sha256 {
			return p
		}
	}
	return nil
}

// Versions returns all versions of a plugin, newest first, also those that must
// not run.
func (c *Catalogue) Versions(id string) []*Package { return slices.Clone(c.versions[id]) }

// IDs returns the ids of all plugins, sorted.
func (c *Catalogue) IDs() []string { return slices.Sorted(maps.Keys(c.versions)) }

// All returns the plugins sorted by id, as [Catalogue.Find] finds them.
func (c *Catalogue) All() []*Package {
	all := make([]*Package, 0, len(c.versions))
	for _, id := range c.IDs() {
		if p := c.Find(id); p != nil {
			all = append(all, p)
		}
	}
	return all
}
