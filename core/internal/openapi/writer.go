package openapi

import (
	"strconv"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// writer writes JSON in a fixed order. Commas are put where they are needed.
type writer struct {
	b          []byte
	lang       string
	operations map[string]bool // operationIds given so far
}

func (w *writer) pick(en, ru string) string { return manifest.Text{EN: en, RU: ru}.In(w.lang) }

func (w *writer) text(t manifest.Text) string { return t.In(w.lang) }

func (w *writer) comma() {
	if n := len(w.b); n > 0 && w.b[n-1] != '{' && w.b[n-1] != '[' && w.b[n-1] != ':' {
		w.b = append(w.b, ',')
	}
}

func (w *writer) object(content func()) {
	w.comma()
	w.b = append(w.b, '{')
	content()
	w.b = append(w.b, '}')
}

func (w *writer) array(content func()) {
	w.comma()
	w.b = append(w.b, '[')
	content()
	w.b = append(w.b, ']')
}

func (w *writer) field(key string, value func()) {
	w.comma()
	w.b = append(jsontree.AppendString(w.b, key), ':')
	value()
}

func (w *writer) str(key, value string) { w.field(key, func() { w.quote(value) }) }

func (w *writer) quote(value string) {
	w.comma()
	w.b = jsontree.AppendString(w.b, value)
}

// raw writes JSON text as it is.
func (w *writer) raw(text string) { w.b = append(w.b, text...) }

func (w *writer) schema(s *schema.Schema) {
	lang := w.lang
	if lang != "ru" {
		lang = "en"
	}
	w.b = s.AppendJSON(w.b, schema.Output{Lang: lang, Plain: true})
}

// example is a named JSON text.
type example struct {
	title  string
	status int
	body   []byte
}

func (w *writer) examples(all []example) {
	if len(all) == 0 {
		return
	}
	w.field("examples", func() {
		w.object(func() {
			for i, e := range all {
				w.field("e"+strconv.Itoa(i+1), func() {
					w.object(func() {
						w.str("summary", e.title)
						w.field("value", func() { w.b = append(w.b, e.body...) })
					})
				})
			}
		})
	})
}

func requestExamples(a *manifest.Action, lang string) []example {
	var all []example
	for _, e := range a.Examples {
		if e.Status < 400 && len(e.Request) > 0 {
			all = append(all, example{title: e.Title.In(lang), body: e.Request})
		}
	}
	return all
}

func responseExamples(a *manifest.Action, lang string) []example {
	var all []example
	for _, e := range a.Examples {
		if e.Status < 400 && len(e.Response) > 0 {
			all = append(all, example{title: e.Title.In(lang), body: e.Response})
		}
	}
	return all
}

func failedExamples(a *manifest.Action, lang string) []example {
	var all []example
	for _, e := range a.Examples {
		// Server errors have an id that no manifest knows; the texts make examples.
		if e.Status >= 400 && e.Status < 500 && len(e.Response) > 0 {
			all = append(all, example{title: e.Title.In(lang), status: e.Status, body: e.Response})
		}
	}
	return all
}
