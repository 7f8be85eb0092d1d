// Command bom writes what a release is made of: a CycloneDX 1.6 bill of materials and
// the licences of everything that is not ours. Both are functions of the binary, the
// plugins and the lock file alone, so two builds of one commit write the same bytes.
//
// The Go part comes from the build information inside the binary and inside the code of
// the plugins, not from go.mod: it lists what was linked. The npm part are the packages of
// the panel that are no development tools.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stderr)) }

func run(args []string, stderr io.Writer) int {
	var o options
	f := flag.NewFlagSet("bom", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.binary, "binary", "", "the built gateway")
	f.StringVar(&o.plugins, "plugins", "", "folder of the packed plugins (*.wasm)")
	f.StringVar(&o.manifests, "manifests", "plugins", "folder with <plugin>/plugin.json")
	f.StringVar(&o.npm, "npm", "ui", "folder with package-lock.json and node_modules")
	f.StringVar(&o.version, "version", "", "version of the release")
	f.Int64Var(&o.epoch, "epoch", 0, "time of the release in Unix seconds")
	f.StringVar(&o.sbom, "sbom", "", "where the bill of materials goes")
	f.StringVar(&o.licenses, "licenses", "", "where the licences go")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if err := o.write(); err != nil {
		_, _ = fmt.Fprintln(stderr, "bom:", err)
		return 1
	}
	return 0
}

type options struct {
	binary, plugins, manifests, npm string
	version                         string
	epoch                           int64
	sbom, licenses                  string
}

// part is one thing that the release contains.
type part struct {
	kind    string // "library" or "application"
	name    string
	version string
	purl    string
	algo    string // of hash: "SHA-256", "SHA-512"
	hash    string // hexadecimal
	sum     string // of go.sum, "h1:…"
	license string // SPDX expression
	text    string // of the licence and the notices that come with it
	ours    bool   // needs no licence text: it is covered by LICENSE
}

func (o options) write() error {
	if o.binary == "" || o.plugins == "" || o.version == "" || o.sbom == "" || o.licenses == "" {
		return errors.New("--binary, --plugins, --version, --sbom and --licenses must be given")
	}
	goParts, err := goModules(o.binary)
	if err != nil {
		return err
	}
	plugins, err := packedPlugins(o.plugins, o.manifests)
	if err != nil {
		return err
	}
	npm, err := npmPackages(o.npm)
	if err != nil {
		return err
	}
	parts := slices.Concat(goParts, plugins, npm)
	slices.SortFunc(parts, func(a, b part) int { return strings.Compare(a.purl, b.purl) })
	parts = slices.CompactFunc(parts, func(a, b part) bool { return a.purl == b.purl })
	sbom, err := cyclonedx(o.version, time.Unix(o.epoch, 0).UTC(), parts)
	if err != nil {
		return err
	}
	if err := os.WriteFile(o.sbom, sbom, 0o644); err != nil {
		return err
	}
	return os.WriteFile(o.licenses, []byte(licenseList(parts)), 0o644)
}

// licenseList is the table and the texts for people.
func licenseList(parts []part) string {
	var table, texts strings.Builder
	table.WriteString("Patchbay contains the work of others. Their licences, and below the texts of them.\n\n")
	for _, p := range parts {
		if p.ours {
			continue
		}
		fmt.Fprintf(&table, "%-24s %s %s\n", p.license, p.name, p.version)
		fmt.Fprintf(&texts, "\n%s\n%s %s\n\n%s\n", strings.Repeat("=", 80), p.name, p.version, strings.TrimSpace(p.text))
	}
	return table.String() + texts.String()
}

// licenseFiles joins the licence and notice files of a folder; "" without any.
func licenseFiles(dir string) (string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var texts []string
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		known := slices.ContainsFunc([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "OFL", "PATENTS"}, func(p string) bool { return strings.HasPrefix(name, p) })
		if e.IsDir() || !known || strings.HasSuffix(name, ".GO") || strings.HasSuffix(name, ".JS") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err
		}
		texts = append(texts, strings.TrimSpace(strings.ReplaceAll(string(text), "\r\n", "\n")))
	}
	return strings.Join(texts, "\n\n"), nil
}
