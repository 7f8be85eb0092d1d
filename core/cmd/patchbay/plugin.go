package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/scaffold"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// pluginVerbs are the verbs of `patchbay plugin`, in the order of a plugin's life.
func pluginVerbs() []command {
	return []command{
		{"new", "ID [--lang LANGUAGE] [--extends POINT] [--dir DIR] [--vendor NAME]", "write a project that compiles and passes its own cases", newPlugin},
		{"pack", "[--manifest plugin.json] [--output FILE] CODE.wasm", "put the manifest into compiled code", pack},
		{"test", "[--cases DIR] [--run REGEXP] [--verbose] [--json] FILE.wasm", "play the plugin's case files on the gateway's own engine", playCases},
		{"run", "[--listen HOST:PORT] [--settings FILE.json] [--with MODULE.wasm] DIR|FILE.wasm", "serve a local gateway with this plugin, reload it when it changes, print what its tasks do", runPlugin},
		{"inspect", "[--lang en|ru] [--json] FILE.wasm", "say what a plugin is and what it may touch", inspect},
		{"keygen", "[--key FILE] [--public FILE] [--no-password]", "make a key pair for signing", keygen},
		{"sign", "[--key FILE] [--comment TEXT] FILE.wasm", "sign a plugin file; minisign verifies it, too", sign},
		{"verify", "--key RW…|FILE.pub FILE.wasm", "check the signature of a plugin file", verify},
		{"install", "[--signature FILE] [--upgrade] [--consent] FILE.wasm", "hand a plugin file to the running gateway", install},
	}
}

func pluginCommand(env *environment, args []string) error {
	if len(args) > 0 && (args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
		if args = args[1:]; len(args) == 0 {
			_, err := io.WriteString(env.stdout, pluginUsage())
			return err
		}
		args = []string{args[0], "--help"}
	}
	if len(args) > 0 {
		for _, verb := range pluginVerbs() {
			if verb.name != args[0] {
				continue
			}
			if len(args) == 2 && (args[1] == "--help" || args[1] == "-h") {
				_, _ = fmt.Fprintf(env.stderr, "patchbay plugin %s %s\n%s.\n\n", verb.name, verb.arguments, verb.summary)
			}
			return verb.run(env, args[1:])
		}
		_, _ = fmt.Fprintf(env.stderr, "patchbay plugin: there is no verb %q\n", args[0])
	}
	_, _ = io.WriteString(env.stderr, pluginUsage())
	return errUsage
}

func pluginUsage() string {
	var b strings.Builder
	b.WriteString("patchbay plugin: make, try, sign and install plugins\n\n")
	for _, verb := range pluginVerbs() {
		fmt.Fprintf(&b, "  %-8s %s\n           %s\n", verb.name, verb.arguments, verb.summary)
	}
	fmt.Fprintf(&b, `
A provider, from nothing to the gateway:

  patchbay plugin new sms-acme --lang go --extends sms.provider
  cd sms-acme
  make test      # build, pack and play the cases: passes at once
  make run       # a local gateway that reloads with each change; settings in settings.json
  patchbay plugin inspect build/sms-acme.wasm
  patchbay plugin install build/sms-acme.wasm

Languages: %s. Extension points: %s.
"patchbay plugin help VERB" lists the flags of a verb.
`, strings.Join(scaffold.Languages(), ", "), strings.Join(scaffold.Points(), ", "))
	return b.String()
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
	// The gateway meters a plugin when it loads it; what cannot be metered is no plugin.
	metered, err := meter.Rewrite(p.Code, meter.Options{})
	if err != nil {
		return fmt.Errorf("the code cannot be metered: %w", err)
	}
	for _, c := range p.Manifest.Capabilities {
		if idle := unused(c, p.Imports); len(idle) > 0 {
			_, _ = fmt.Fprintf(env.stderr, "warning: plugin.json asks for %s, which the code does not use; the operator would grant what nobody needs\n", strings.Join(idle, ", "))
		}
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
	_, err = fmt.Fprintf(env.stdout, "%s  %s %s  %d bytes (%d metered)  sha256 %s\n", *output, p.Manifest.ID, p.Manifest.Version, len(p.Code), len(metered), p.SHA256)
	return err
}
