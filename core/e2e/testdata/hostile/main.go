// Command hostile writes plugins that misbehave into a folder, each in one way:
//
//	go run ./core/e2e/testdata/hostile FOLDER
//
// Those that load are modules named evil-… with one action, attack. The others are
// files that must not load. All are assembled by hand, so each holds just its one
// crime; see thief for crimes that take a whole language.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: hostile FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

// write puts running criminals into folder and files that must not load into its
// subfolder broken.
func write(folder string) error {
	broken := filepath.Join(folder, "broken")
	if err := os.MkdirAll(broken, 0o755); err != nil {
		return err
	}
	for _, c := range criminals() {
		if err := save(folder, c.id, module(c.id, c.more), c.code); err != nil {
			return err
		}
	}
	for _, l := range liars() {
		if err := save(broken, l.file, l.manifest, l.code); err != nil {
			return err
		}
	}
	good, err := packed(module("evil-victim", ""), asm().Bytes())
	if err != nil {
		return err
	}
	return damage(broken, good)
}

// save writes a plugin without the checks of `patchbay plugin pack`.
func save(folder, name, manifestJSON string, code []byte) error {
	file, err := packed(manifestJSON, code)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return os.WriteFile(filepath.Join(folder, name+".wasm"), file, 0o644)
}

func packed(manifestJSON string, code []byte) ([]byte, error) {
	return binary.AppendCustom(code, manifest.Section, []byte(manifestJSON))
}

// damage writes cut and flipped copies of a plugin. Cuts go through all its parts;
// the flips leave its manifest alone, where they would only be another text.
func damage(folder string, good []byte) error {
	end := bytes.Index(good, []byte(manifest.Section))
	for at := 0; at < len(good); at += 7 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("cut-%04d.wasm", at)), good[:at], 0o644); err != nil {
			return err
		}
	}
	for at := 0; at < end; at += 3 {
		flipped := bytes.Clone(good)
		flipped[at] ^= 1 << (at % 8)
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("flip-%04d.wasm", at)), flipped, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// module returns the manifest of a module with the action attack. more holds
// further members, each followed by a comma.
func module(id, more string) string {
	return strings.NewReplacer("<id>", id, "<more>", more).Replace(`{
	"id": "<id>", "kind": "module", "abi": 1, "version": "1.0.0", "vendor": "Nobody", <more>
	"title": {"en": "Hostile", "ru": "Враг"}, "description": {"en": "It misbehaves.", "ru": "Вредит."},
	"actions": [{
		"name": "attack", "methods": ["POST"], "title": {"en": "Attack", "ru": "Атака"}, "summary": {"en": "Attacks.", "ru": "Атакует."},
		"params": {"type": "object", "properties": {}}, "response": {"type": "object", "properties": {}}
	}]
}`)
}

// asks is the member of a manifest that asks for operations.
func asks(capability string, operations ...string) string {
	return fmt.Sprintf(`"capabilities": [{"name": "%s", "operations": ["%s"], "reason": {"en": "Why not?", "ru": "А что?"}}],`,
		capability, strings.Join(operations, `", "`))
}
