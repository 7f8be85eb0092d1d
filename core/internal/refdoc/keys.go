package refdoc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// keys writes the table of the keys of a JSON file from its JSON Schema.
type keys struct {
	book   *book
	lang   string
	of     string // first word of the keys in texts.txt
	defs   *jsontree.Node
	opaque []string // definitions that have a chapter of their own
	table  *table
	err    error
}

func (b *book) schemaFile(name string) (*jsontree.Node, error) {
	src, err := b.read("sdk-plugin", "abi", name)
	if err != nil {
		return nil, err
	}
	n, err := jsontree.Parse(src)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
}

func (b *book) keyTable(lang, of string, root, defs *jsontree.Node, opaque ...string) (string, error) {
	k := &keys{book: b, lang: lang, of: of, defs: defs, opaque: opaque,
		table: newTable(pick(lang, "Key", "Ключ"), pick(lang, "Value", "Значение"), pick(lang, "Meaning", "Смысл"))}
	k.object("", root)
	return k.table.String(), k.err
}

// manifest writes the keys of plugin.json.
func (b *book) manifest(lang string) (string, error) {
	root, err := b.schemaFile("plugin.schema.json")
	if err != nil {
		return "", err
	}
	return b.keyTable(lang, "manifest", root, root.Get("$defs"), "text", "schema")
}

// schema writes the keywords of the schema dialect, and its formats.
func (b *book) schema(lang string) (string, error) {
	root, err := b.schemaFile("plugin.schema.json")
	if err != nil {
		return "", err
	}
	dialect := root.Get("$defs").Get("schema")
	out, err := b.keyTable(lang, "schema", dialect, root.Get("$defs"), "schema")
	if err != nil {
		return "", err
	}
	formats := newTable("`format`", pick(lang, "Text", "Текст"))
	list := dialect.Get("properties").Get("format").Get("enum")
	if list == nil {
		return "", fmt.Errorf("formats: %w", errNothing)
	}
	for _, f := range list.Elements {
		meaning, err := b.texts.get(lang, "format "+f.Text)
		if err != nil {
			return "", err
		}
		formats.row(code(f.Text), meaning)
	}
	return out + "\n" + formats.String(), nil
}

// caseFiles writes the keys of case files.
func (b *book) caseFiles(lang string) (string, error) {
	root, err := b.schemaFile("case.schema.json")
	if err != nil {
		return "", err
	}
	return b.keyTable(lang, "case", root.Get("$defs").Get("case"), root.Get("$defs"), "scalar")
}

// resolve follows a reference, unless it leads to an opaque definition.
func (k *keys) resolve(n *jsontree.Node) (to *jsontree.Node, opaque string) {
	ref := n.Get("$ref")
	if ref == nil {
		return n, ""
	}
	name := strings.TrimPrefix(ref.Text, "#/$defs/")
	if slices.Contains(k.opaque, name) {
		return nil, name
	}
	return k.defs.Get(name), ""
}

func (k *keys) object(prefix string, n *jsontree.Node) {
	properties := n.Get("properties")
	if properties == nil {
		return
	}
	var required []string
	if list := n.Get("required"); list != nil {
		for _, e := range list.Elements {
			required = append(required, e.Text)
		}
	}
	for _, m := range properties.Members {
		k.key(prefix+m.Key, m.Value, slices.Contains(required, m.Key))
	}
}

func (k *keys) key(path string, n *jsontree.Node, required bool) {
	meaning, err := k.book.texts.get(k.lang, k.of+" "+path)
	if err != nil && k.err == nil {
		k.err = err
	}
	if required {
		meaning = pick(k.lang, "**Required.** ", "**Обязателен.** ") + meaning
	}
	k.table.row(code(path), k.value(n), meaning)
	to, _ := k.resolve(n)
	if to == nil || to.Get("enum") != nil {
		return
	}
	k.object(path+".", to)
	if items := to.Get("items"); items != nil {
		if element, _ := k.resolve(items); element != nil {
			k.object(path+"[].", element)
		}
	}
}

// value says what a key holds.
func (k *keys) value(n *jsontree.Node) string {
	to, opaque := k.resolve(n)
	switch opaque {
	case "":
	case "text":
		return `{"en": …, "ru": …}`
	case "schema":
		return pick(k.lang, "schema", "схема")
	default:
		return opaque
	}
	if to == nil {
		return ""
	}
	if list := to.Get("enum"); list != nil {
		names := make([]string, len(list.Elements))
		for i, e := range list.Elements {
			names[i] = code(scalar(e))
		}
		return strings.Join(names, ", ")
	}
	if c := to.Get("const"); c != nil && c.Kind != jsontree.Object {
		return code(scalar(c))
	}
	text := k.types(to)
	if items := to.Get("items"); items != nil {
		text += pick(k.lang, " of ", ": ") + k.value(items)
	}
	low, high := to.Get("minimum"), to.Get("maximum")
	if low != nil && high != nil {
		text += " " + low.Text + "…" + high.Text
	}
	if high := to.Get("maxLength"); high != nil {
		text += pick(k.lang, ", at most ", ", не длиннее ") + high.Text
	}
	const readable = 50
	if p := to.Get("pattern"); p != nil && len(p.Text) < readable && p.Text != `\S` {
		text += " " + code(p.Text)
	}
	return text
}

func (k *keys) types(n *jsontree.Node) string {
	t := n.Get("type")
	if t == nil {
		return pick(k.lang, "any", "любое")
	}
	if t.Kind == jsontree.String {
		return t.Text
	}
	names := make([]string, len(t.Elements))
	for i, e := range t.Elements {
		names[i] = e.Text
	}
	return strings.Join(names, ", ")
}

func scalar(n *jsontree.Node) string {
	if n.Kind == jsontree.Bool {
		return strconv.FormatBool(n.Bool)
	}
	return n.Text
}
