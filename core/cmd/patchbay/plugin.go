package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func pluginCommand(env *environment, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "pack":
			return pack(env, args[1:])
		case "inspect":
			return inspect(env, args[1:])
		}
	}
	_, _ = fmt.Fprint(env.stderr, "usage: patchbay plugin pack [--manifest plugin.json] [--output FILE] CODE.wasm\n"+
		"       patchbay plugin inspect [--lang en|ru] FILE.wasm\n")
	return errUsage
}

// pack puts the manifest into a compiled plugin. It writes beside the target and
// renames, so that a gateway that watches the folder never sees half a file.
func pack(env *environment, args []string) error {
	f := env.flags("plugin pack")
	manifestPath := f.String("manifest", "plugin.json", "the manifest")
	output := f.String("output", "", "the plugin file; <id>.wasm when empty")
	rest, err := env.parse(f, args, "CODE.wasm")
	if err != nil {
		return err
	}
	code, err := os.ReadFile(rest[0])
	if err != nil {
		return fmt.Errorf("code: %w", err)
	}
	text, err := os.ReadFile(*manifestPath)
	if err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	p, err := plugin.Pack(code, text)
	if err != nil {
		return err
	}
	if *output == "" {
		*output = p.Manifest.ID + ".wasm"
	}
	temporary := *output + ".part"
	if err := os.WriteFile(temporary, p.Code, 0o644); err != nil {
		return fmt.Errorf("plugin file: %w", err)
	}
	if err := os.Rename(temporary, *output); err != nil {
		return fmt.Errorf("plugin file: %w", err)
	}
	_, err = fmt.Fprintf(env.stdout, "%s  %s %s  %d bytes  sha256 %s\n", *output, p.Manifest.ID, p.Manifest.Version, len(p.Code), p.SHA256)
	return err
}

// inspect says in words what a plugin is and what it may touch.
func inspect(env *environment, args []string) error {
	f := env.flags("plugin inspect")
	lang := f.String("lang", "en", "language of the texts: en or ru")
	rest, err := env.parse(f, args, "FILE.wasm")
	if err != nil {
		return err
	}
	p, err := plugin.Read(rest[0])
	if err != nil {
		return err
	}
	_, err = io.WriteString(env.stdout, describe(p, *lang))
	return err
}

func describe(p *plugin.Package, lang string) string {
	m := p.Manifest
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s (%s) by %s\n%s\n%s\n\n", m.ID, m.Version, m.Kind, m.Vendor, m.Title.In(lang), m.Description.In(lang))
	fmt.Fprintf(&b, "file     %s, %d bytes\nsha256   %s\ncontract version %d\n", p.Path, len(p.Code), p.SHA256, m.ABI)
	for _, a := range m.Actions {
		name := a.Name
		if a.PerInstance != "" {
			name = "<instance of " + a.PerInstance + ">"
		}
		fmt.Fprintf(&b, "action   %s/%s  %s  %s\n", m.ID, name, strings.Join(a.Methods, ","), a.Summary.In(lang))
	}
	for _, point := range m.Provides {
		fmt.Fprintf(&b, "declares %s  %s\n", point.Name, point.Title.In(lang))
	}
	for _, e := range m.Extends {
		fmt.Fprintf(&b, "serves   %s: %s\n", e.Point, strings.Join(e.Operations, ", "))
	}
	if len(m.Capabilities) == 0 {
		b.WriteString("touches  nothing outside itself\n")
	}
	for _, c := range m.Capabilities {
		fmt.Fprintf(&b, "touches  %s (%s): %s\n", c.Name, strings.Join(c.Operations, ", "), c.Reason.In(lang))
		if len(c.Hosts) > 0 {
			fmt.Fprintf(&b, "         hosts %s\n", strings.Join(c.Hosts, ", "))
		}
		if unused := unused(c, p.Imports); len(unused) > 0 {
			fmt.Fprintf(&b, "         asked for but not used by the code: %s\n", strings.Join(unused, ", "))
		}
	}
	if m.Settings != nil {
		for _, s := range m.Settings.Properties() {
			required := ""
			if s.Required {
				required = " (required)"
			}
			fmt.Fprintf(&b, "setting  %s%s  %s\n", s.Name, required, s.Schema.Title)
		}
	}
	return b.String()
}

func unused(c manifest.Capability, imports []string) []string {
	return slices.DeleteFunc(slices.Clone(c.Operations), func(op string) bool { return slices.Contains(imports, op) })
}
