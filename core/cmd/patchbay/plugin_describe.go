package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// inspect says in words what a plugin is and what it may touch, without running it.
func inspect(env *environment, args []string) error {
	f := env.flags("plugin inspect")
	lang := f.String("lang", "en", "language of the texts: en or ru")
	asJSON := f.Bool("json", false, "print one JSON object")
	rest, err := env.parse(f, args, "FILE.wasm")
	if err != nil {
		return err
	}
	if *lang != "en" && *lang != "ru" {
		return fmt.Errorf("--lang: %q is not one of en, ru", *lang)
	}
	d, err := newDescription(rest[0])
	if err != nil {
		return err
	}
	if *asJSON {
		e := json.NewEncoder(env.stdout)
		e.SetIndent("", "  ")
		return e.Encode(d)
	}
	_, err = io.WriteString(env.stdout, d.text(*lang))
	return err
}

// description is what a plugin file shows without being run.
type description struct {
	Path     string             `json:"path"`
	Size     int                `json:"size"`
	SHA256   string             `json:"sha256"`
	SignedBy string             `json:"signed_by,omitempty"` // key id of the signature, not verified
	Parts    map[string]int     `json:"parts"`               // bytes of the code, the data, names and the manifest
	MemoryKB uint32             `json:"memory_kb"`
	Imports  []string           `json:"imports"`
	Asks     []plugin.Ask       `json:"asks"`
	Manifest *manifest.Manifest `json:"manifest"`
}

func newDescription(path string) (*description, error) {
	p, err := plugin.Read(path)
	if err != nil {
		return nil, err
	}
	file, err := binary.Parse(p.Code)
	if err != nil {
		return nil, err
	}
	signature, err := plugin.ReadSignature(path)
	if err != nil {
		return nil, err
	}
	d := &description{
		Path: path, Size: len(p.Code), SHA256: p.SHA256, Parts: map[string]int{}, Imports: list(p.Imports), Asks: p.Asks(), Manifest: p.Manifest,
		// Nobody's keys are trusted here: `patchbay plugin verify` takes some.
		SignedBy: plugin.Policy{}.Judge(p.Code, signature).KeyID,
	}
	for _, s := range file.Sections {
		switch {
		case s.ID == binary.SectionCode:
			d.Parts["code"] += len(s.Body)
		case s.ID == binary.SectionData:
			d.Parts["data"] += len(s.Body)
		case s.ID == binary.SectionCustom && s.Name == manifest.Section:
			d.Parts["manifest"] += len(s.Body)
		case s.ID == binary.SectionCustom:
			d.Parts["custom"] += len(s.Body)
		}
	}
	const pageKB = 64
	for _, m := range file.Memories {
		d.MemoryKB = m.Min * pageKB
	}
	return d, nil
}

// labels of the text, by language.
var labels = map[string]map[string]string{
	"en": {
		"by": "by", "file": "file", "bytes": "bytes", "code": "code", "data": "data", "manifest": "manifest", "custom": "names and more", "memory": "memory", "atStart": "KiB at start, at most",
		"signature": "signature", "none": "none", "signedBy": "of key %s, not verified here: `patchbay plugin verify`", "contract": "contract",
		"version": "version", "imports": "imports", "action": "action", "instanceOf": "<instance of %s>", "declares": "declares", "serves": "serves", "may": "may", "nothing": "touch nothing outside itself",
		"hosts": "hosts", "anyHosts": "hosts: those that you grant", "why": "why", "idle": "asked for but not used by the code", "setting": "setting", "required": "required", "secret": "secret", "exclusive": "one request at a time in each guest",
	},
	"ru": {
		"by": "от", "file": "файл", "bytes": "байт", "code": "код", "data": "данные", "manifest": "манифест", "custom": "имена и прочее", "memory": "память", "atStart": "КиБ при запуске, не больше",
		"signature": "подпись", "none": "нет", "signedBy": "ключа %s, здесь не проверена: `patchbay plugin verify`", "contract": "контракт",
		"version": "версия", "imports": "импорты", "action": "действие", "instanceOf": "<экземпляр %s>", "declares": "объявляет", "serves": "реализует", "may": "может", "nothing": "ничего вне себя не касаться",
		"hosts": "узлы", "anyHosts": "узлы: те, что вы разрешите", "why": "зачем", "idle": "запрошено, но кодом не используется", "setting": "настройка", "required": "обязательна", "secret": "секрет", "exclusive": "один запрос за раз в каждом госте",
	},
}

func (d *description) text(lang string) string {
	m, label := d.Manifest, labels[lang]
	var b strings.Builder
	row := func(key, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s %s\n", label[key], fmt.Sprintf(format, args...))
	}
	fmt.Fprintf(&b, "%s %s (%s) %s %s\n%s\n%s\n\n", m.ID, m.Version, m.Kind, label["by"], m.Vendor, m.Title.In(lang), m.Description.In(lang))
	row("file", "%s, %d %s: %s", d.Path, d.Size, label["bytes"], d.parts(label))
	fmt.Fprintf(&b, "%-10s %s\n", "sha256", d.SHA256)
	if d.SignedBy == "" {
		row("signature", "%s", label["none"])
	} else {
		row("signature", label["signedBy"], d.SignedBy)
	}
	row("contract", "%s %d", label["version"], m.ABI)
	if m.Concurrency == manifest.ConcurrencyExclusive {
		row("", "%s", label["exclusive"])
	}
	if m.Limits.MemoryMB > 0 {
		row("memory", "%d %s %d MiB", d.MemoryKB, label["atStart"], m.Limits.MemoryMB)
	}
	row("imports", "%s", orNone(d.Imports, label["none"]))
	b.WriteByte('\n')
	for _, a := range m.Actions {
		name := a.Name
		if a.PerInstance != "" {
			name = fmt.Sprintf(label["instanceOf"], a.PerInstance)
		}
		row("action", "%s/%s  %s  %s", m.ID, name, strings.Join(a.Methods, ","), a.Summary.In(lang))
	}
	for _, point := range m.Provides {
		row("declares", "%s  %s", point.Name, point.Title.In(lang))
	}
	for _, e := range m.Extends {
		row("serves", "%s: %s", e.Point, strings.Join(e.Operations, ", "))
	}
	d.asks(row, lang)
	for _, s := range m.Settings.Properties() {
		var notes []string
		if s.Required {
			notes = append(notes, label["required"])
		}
		if s.Schema.Secret {
			notes = append(notes, label["secret"])
		}
		name := s.Name
		if len(notes) > 0 {
			name += " (" + strings.Join(notes, ", ") + ")"
		}
		row("setting", "%s  %s", name, settingTitle(s.Schema.Title, s.Schema.TitleRU, lang))
	}
	return b.String()
}

// asks tells what the plugin may touch once it is granted.
func (d *description) asks(row func(key, format string, args ...any), lang string) {
	label := labels[lang]
	if len(d.Asks) == 0 {
		row("may", "%s", label["nothing"])
	}
	for i, a := range d.Asks {
		for _, o := range a.Operations {
			row("may", "%s", o.Text.In(lang))
		}
		switch {
		case len(a.Hosts) > 0:
			row("", "%s: %s", label["hosts"], strings.Join(a.Hosts, ", "))
		case a.Capability == "http":
			row("", "%s", label["anyHosts"])
		}
		row("", "%s: %s", label["why"], a.Reason.In(lang))
		if idle := unused(d.Manifest.Capabilities[i], d.Imports); len(idle) > 0 {
			row("", "%s: %s", label["idle"], strings.Join(idle, ", "))
		}
	}
}

func (d *description) parts(label map[string]string) string {
	var parts []string
	for _, name := range []string{"code", "data", "manifest", "custom"} {
		if n := d.Parts[name]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", label[name], n))
		}
	}
	return strings.Join(parts, ", ")
}

func settingTitle(en, ru, lang string) string {
	if lang == "ru" && ru != "" {
		return ru
	}
	return en
}

func orNone(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// unused returns what a capability asks for and the code does not import.
func unused(c manifest.Capability, imports []string) []string {
	return slices.DeleteFunc(slices.Clone(c.Operations), func(op string) bool { return slices.Contains(imports, op) })
}
