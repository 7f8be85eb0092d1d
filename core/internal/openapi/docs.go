package openapi

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

//go:embed docs.html.tmpl
var pageText string

// pageTemplate is parsed once; the text is part of the binary and tested.
var pageTemplate = template.Must(template.New("docs").Parse(pageText))

// pageData is what docs.html.tmpl shows.
type pageData struct {
	Lang    string
	Other   string // the other language
	Version string
	Server  string
	Word    map[string]string
	Login   string // curl
	Modules []moduleData
	Common  []errorData
}

type moduleData struct {
	ID, Title, Description string
	Actions                []actionData
}

type actionData struct {
	ID, Path, Title, Summary string
	Methods                  []string
	Safe                     bool
	Params                   []paramData
	Curl                     []string
	Examples                 []exampleData
	ResponseType             string
	Errors                   []errorData
}

type paramData struct {
	Name, Type, Meaning, Default string
	Required, Deprecated         bool
}

type exampleData struct {
	Title, Request, Response string
	Status                   int
}

type errorData struct {
	Status     int
	Text, When string
}

// Docs returns a page for people in "en" or "ru": no scripts, nothing loaded from
// anywhere.
//
// # Errors
//
// None that the arguments of [New] could cause; a fault of the template would
// show here.
func (d *Document) Docs(lang string) ([]byte, error) {
	if lang != "ru" {
		lang = "en"
	}
	w := &writer{lang: lang}
	page := pageData{
		Lang: lang, Other: map[string]string{"en": "ru", "ru": "en"}[lang], Version: d.Version, Server: d.Server, Word: words[lang],
		Login: curl(d.Server+loginPath, "", `{"login":"API_test_2","password":"API_test_2"}`),
	}
	for _, f := range common {
		page.Common = append(page.Common, errorData{f.status, f.text, w.text(f.when)})
	}
	at := map[string]int{}
	for _, r := range d.Routes {
		i, ok := at[r.Module]
		if !ok {
			i = len(page.Modules)
			at[r.Module] = i
			page.Modules = append(page.Modules, moduleData{ID: r.Module, Title: w.text(r.Manifest.Title), Description: w.text(r.Manifest.Description)})
		}
		page.Modules[i].Actions = append(page.Modules[i].Actions, d.action(r, w))
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, page); err != nil {
		return nil, fmt.Errorf("documentation page: %w", err)
	}
	return out.Bytes(), nil
}

func (d *Document) action(r Route, w *writer) actionData {
	a := r.Action
	data := actionData{
		ID: r.Module + "-" + r.Name, Path: r.path(), Title: w.text(a.Title), Summary: w.text(a.Summary),
		Methods: methods(a), Safe: a.Safe, ResponseType: a.ResponseType,
	}
	for _, p := range a.Params.Properties() {
		data.Params = append(data.Params, paramData{
			Name: p.Name, Type: typeName(p.Schema), Meaning: meaning(p.Schema, w.lang), Default: p.Schema.Default.String(),
			Required: p.Required, Deprecated: p.Schema.Deprecated,
		})
	}
	for _, e := range a.Examples {
		data.Examples = append(data.Examples, exampleData{
			Title: w.text(e.Title), Status: e.Status, Request: indent(e.Request), Response: indent(e.Response)})
	}
	data.Curl = curls(d.Server+r.path(), a)
	for _, f := range failures(a) {
		if !isCommon(f) {
			data.Errors = append(data.Errors, errorData{f.status, f.text, w.text(f.when)})
		}
	}
	return data
}

func isCommon(f failure) bool {
	for _, c := range common {
		if c.status == f.status && c.text == f.text {
			return true
		}
	}
	return false
}

func typeName(s *schema.Schema) string {
	name := string(s.Type)
	if s.Format != "" {
		name += " (" + string(s.Format) + ")"
	}
	for i, v := range s.Enum {
		name += []string{": ", ", "}[min(i, 1)] + v.String()
	}
	if s.Minimum != nil && s.Maximum != nil {
		name += fmt.Sprintf(" %v…%v", *s.Minimum, *s.Maximum)
	}
	if s.MaxLength != nil {
		name += fmt.Sprintf(" ≤ %d", *s.MaxLength)
	}
	return name
}

func meaning(s *schema.Schema, lang string) string {
	if lang == "ru" && s.DescriptionRU != "" {
		return s.DescriptionRU
	}
	return s.Description
}

func indent(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, text, "", "  ") != nil {
		return string(text)
	}
	return b.String()
}

// curls returns one command for each method of the action, with the parameters
// of its first good example.
func curls(address string, a *manifest.Action) []string {
	request := []byte("{}")
	for _, e := range a.Examples {
		if e.Status < 400 && len(e.Request) > 0 {
			request = e.Request
			break
		}
	}
	var all []string
	for _, m := range methods(a) {
		if m == "POST" {
			all = append(all, curl(address, "$TOKEN", string(request)))
			continue
		}
		all = append(all, get(address, request, queryable(a)))
	}
	return all
}

// quote makes one word of a POSIX shell of any text.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func curl(address, token, body string) string {
	s := "curl -X POST " + quote(address)
	if token != "" {
		s += " \\\n  -H \"Authorization: Bearer " + token + `"`
	}
	return s + " \\\n  -H 'Content-Type: application/json' \\\n  -d " + quote(body)
}

func get(address string, request []byte, params []schema.Property) string {
	s := "curl -G " + quote(address) + " \\\n  -H \"Authorization: Bearer $TOKEN\""
	values := map[string]json.RawMessage{}
	if json.Unmarshal(request, &values) != nil {
		return s
	}
	for _, p := range params {
		raw, ok := values[p.Name]
		if !ok {
			continue
		}
		text := string(raw)
		var plain string
		if json.Unmarshal(raw, &plain) == nil {
			text = plain
		}
		s += " \\\n  --data-urlencode " + quote(p.Name+"="+text)
	}
	return s
}

// words of the page.
var words = map[string]map[string]string{
	"en": {
		"title": "Call-centre API", "contents": "Contents", "access": "Access", "language": "Русский",
		"intro":  "One address, one token. Requests are POST with a JSON object; actions that only read answer GET, too. Unknown parameters are ignored. Every answer carries X-Request-Id: name it when you ask for help.",
		"login":  "Get a token with your login and password, then send it with every request.",
		"answer": "Answer", "param": "Parameter", "type": "Type", "meaning": "Meaning", "required": "required", "deprecated": "deprecated", "default": "default",
		"noparams": "No parameters.", "errors": "Errors", "common": "Errors of every action", "example": "Example", "request": "Request", "status": "Status",
		"text": "Text", "when": "When", "unsafe": "Send an Idempotency-Key to be able to repeat the request safely.", "file": "The answer is a file of type",
		"format": "An error is an object with the text in error; from status 500 on also with an id that support can look up.",
	},
	"ru": {
		"title": "API центра обработки вызовов", "contents": "Содержание", "access": "Доступ", "language": "English",
		"intro":  "Один адрес, один токен. Запросы передаются методом POST с объектом JSON; действия, которые только читают, отвечают и на GET. Неизвестные параметры не учитываются. Каждый ответ содержит X-Request-Id: назовите его, обращаясь в поддержку.",
		"login":  "Получите токен по логину и паролю и передавайте его в каждом запросе.",
		"answer": "Ответ", "param": "Параметр", "type": "Тип", "meaning": "Значение", "required": "обязателен", "deprecated": "устарел", "default": "по умолчанию",
		"noparams": "Без параметров.", "errors": "Ошибки", "common": "Ошибки всех действий", "example": "Пример", "request": "Запрос", "status": "Код",
		"text": "Текст", "when": "Когда", "unsafe": "Передайте Idempotency-Key, чтобы запрос можно было безопасно повторить.", "file": "Ответ — файл типа",
		"format": "Ошибка — объект с текстом в поле error, начиная с кода 500 также с идентификатором id для поддержки.",
	},
}
