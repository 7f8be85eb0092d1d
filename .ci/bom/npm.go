package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// lockFile is the part of package-lock.json, version 3, that is read.
type lockFile struct {
	LockfileVersion int                    `json:"lockfileVersion"`
	Packages        map[string]lockPackage `json:"packages"`
}

type lockPackage struct {
	Version      string            `json:"version"`
	Integrity    string            `json:"integrity"` // "sha512-" and base64, of the tarball
	License      string            `json:"license"`
	Dependencies map[string]string `json:"dependencies"`
	Peers        map[string]string `json:"peerDependencies"`
	PeersMeta    map[string]struct {
		Optional bool `json:"optional"`
	} `json:"peerDependenciesMeta"`
}

// npmPackages lists what the panel may bring along: every locked package that its
// dependencies lead to. The marks "dev" and "optional" of the lock file do not tell: a tool
// that some library names as an optional peer has neither.
func npmPackages(dir string) ([]part, error) {
	text, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		return nil, err
	}
	var lock lockFile
	if err := json.Unmarshal(text, &lock); err != nil {
		return nil, fmt.Errorf("package-lock.json: %w", err)
	}
	if lock.LockfileVersion != 3 {
		return nil, fmt.Errorf("package-lock.json: version %d, want 3", lock.LockfileVersion)
	}
	paths, err := lock.reach()
	if err != nil {
		return nil, fmt.Errorf("package-lock.json of %s: %w", dir, err)
	}
	var out []part
	for _, path := range paths {
		one, err := npmPart(path[strings.LastIndex(path, modules)+len(modules):], lock.Packages[path])
		if err != nil {
			return nil, err
		}
		// A package without the file says its licence in package.json only.
		if one.text, err = licenseFiles(filepath.Join(dir, path)); err != nil {
			return nil, fmt.Errorf("%s: %w; run npm ci in %s", one.name, err, dir)
		}
		if one.text == "" {
			one.text = "The package brings no licence text; its package.json says " + one.license + "."
		}
		out = append(out, one)
	}
	return out, nil
}

const modules = "node_modules/"

// reach returns the paths of the packages that the root leads to, sorted.
func (l lockFile) reach() ([]string, error) {
	seen := map[string]bool{}
	for next := []string{""}; len(next) > 0; {
		from := next[0]
		next = next[1:]
		p := l.Packages[from]
		wanted := slices.Collect(maps.Keys(p.Dependencies))
		for name := range p.Peers {
			if !p.PeersMeta[name].Optional {
				wanted = append(wanted, name)
			}
		}
		for _, name := range wanted {
			path, ok := l.resolve(from, name)
			if !ok {
				return nil, fmt.Errorf("%q wants %s, which is not locked", from, name)
			}
			if !seen[path] {
				seen[path] = true
				next = append(next, path)
			}
		}
	}
	if len(seen) == 0 {
		return nil, errors.New("no dependencies")
	}
	return slices.Sorted(maps.Keys(seen)), nil
}

// resolve finds a package as Node.js does: in the folder of the one that wants it, then
// further and further out.
func (l lockFile) resolve(from, name string) (string, bool) {
	for {
		path := modules + name
		if from != "" {
			path = from + "/" + path
		}
		if _, ok := l.Packages[path]; ok {
			return path, true
		}
		if from == "" {
			return "", false
		}
		from = strings.TrimSuffix(from[:strings.LastIndex(from, modules)], "/")
	}
}

func npmPart(name string, p lockPackage) (part, error) {
	if !shippable[p.License] {
		return part{}, fmt.Errorf("npm %s %s: licence %q; read it, and add it to .ci/bom/license.go if Patchbay may be shipped with it", name, p.Version, p.License)
	}
	encoded, ok := strings.CutPrefix(p.Integrity, "sha512-")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil {
		return part{}, fmt.Errorf("npm %s %s: integrity %.40q is no sha512", name, p.Version, p.Integrity)
	}
	return part{kind: "library", name: name, version: p.Version, purl: "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + p.Version,
		algo: "SHA-512", hash: hex.EncodeToString(raw), license: p.License}, nil
}
