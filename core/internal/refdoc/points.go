package refdoc

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// manifests returns those of all plugins, by id.
func (b *book) manifests() ([]*manifest.Manifest, error) {
	paths, err := filepath.Glob(filepath.Join(b.root, "plugins", "*", "plugin.json"))
	if err != nil || len(paths) == 0 {
		return nil, cmp.Or(err, errNothing)
	}
	var all []*manifest.Manifest
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		m, issues := manifest.Parse(src)
		if len(issues) > 0 {
			return nil, fmt.Errorf("%s: %w", path, issues[0])
		}
		all = append(all, m)
	}
	return all, nil
}

// points writes every extension point with its operations.
func (b *book) points(lang string) (string, error) {
	all, err := b.manifests()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	number := 0
	for _, m := range all {
		for _, p := range m.Provides {
			number++
			fmt.Fprintf(&out, "\n## 2.%d `%s`\n\n%s. %s %s; %s %s.\n", number, p.Name, p.Title.In(lang),
				pick(lang, "Declared by the module", "Объявляет модуль"), code(m.ID), pick(lang, "served by", "реализуют"), servers(all, p.Name))
			for i := range p.Operations {
				operation(&out, lang, &p.Operations[i])
			}
		}
	}
	if number == 0 {
		return "", errNothing
	}
	return out.String(), nil
}

// servers names the plugins that serve a point.
func servers(all []*manifest.Manifest, point string) string {
	var names []string
	for _, m := range all {
		if slices.ContainsFunc(m.Extends, func(e manifest.Extension) bool { return e.Point == point }) {
			names = append(names, fmt.Sprintf("[%s](../../../plugins/%s)", m.ID, m.ID))
		}
	}
	return strings.Join(names, ", ")
}

func operation(out *strings.Builder, lang string, o *manifest.Operation) {
	fmt.Fprintf(out, "\n### `%s`\n\n%s", o.Name, o.Summary.In(lang))
	if o.Optional {
		out.WriteString(pick(lang, " Optional.", " Необязательна."))
	}
	if o.Safe {
		out.WriteString(pick(lang, " May be repeated.", " Можно повторять."))
	}
	out.WriteString("\n")
	fields(out, lang, pick(lang, "Parameter", "Параметр"), o.Params)
	fields(out, lang, pick(lang, "Result", "Результат"), o.Result)
}

// fields writes the properties of an object, those inside it with a dotted name.
func fields(out *strings.Builder, lang, head string, s *schema.Schema) {
	if s == nil {
		return
	}
	t := newTable(head, pick(lang, "Type", "Тип"), pick(lang, "Required", "Обязательно"), pick(lang, "Meaning", "Значение"))
	rows(t, lang, "", s)
	out.WriteString("\n" + t.String())
}

func rows(t *table, lang, prefix string, s *schema.Schema) {
	for _, p := range s.Properties() {
		required := ""
		if p.Required {
			required = pick(lang, "yes", "да")
		}
		t.row(code(prefix+p.Name), kind(lang, p.Schema), required, pick(lang, p.Schema.Description, p.Schema.DescriptionRU))
		inner(t, lang, prefix+p.Name, p.Schema)
	}
	if s.Additional != nil && len(s.Additional.Properties()) > 0 {
		t.row(code(prefix+pick(lang, "<name>", "<имя>")), kind(lang, s.Additional), "", "")
		rows(t, lang, prefix+pick(lang, "<name>", "<имя>")+".", s.Additional)
	}
}

func inner(t *table, lang, name string, s *schema.Schema) {
	switch {
	case s.Type == schema.Object && len(s.Properties()) > 0:
		rows(t, lang, name+".", s)
	case s.Type == schema.Array && s.Items != nil && len(s.Items.Properties()) > 0:
		rows(t, lang, name+"[].", s.Items)
	}
}

// kind names the type of a value and what narrows it.
func kind(lang string, s *schema.Schema) string {
	text := string(s.Type)
	if s.Type == schema.Array && s.Items != nil {
		text += pick(lang, " of ", ": ") + string(s.Items.Type)
	}
	if s.Format != "" {
		text += " (" + string(s.Format) + ")"
	}
	if len(s.Enum) > 0 {
		names := make([]string, len(s.Enum))
		for i, v := range s.Enum {
			names[i] = code(v.String())
		}
		text += ": " + strings.Join(names, ", ")
	}
	if s.Pattern != "" {
		text += " " + code(s.Pattern)
	}
	if s.Minimum != nil && s.Maximum != nil {
		text += fmt.Sprintf(" %v…%v", *s.Minimum, *s.Maximum)
	}
	return text
}
