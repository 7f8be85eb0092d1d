package openapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/patchbay-gw/patchbay/core/internal/openapi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

func load(t testing.TB, edit ...string) *manifest.Manifest {
	t.Helper()
	text, err := os.ReadFile("testdata/sms.json")
	if err != nil {
		t.Fatal(err)
	}
	m, issues := manifest.Parse([]byte(strings.NewReplacer(edit...).Replace(string(text))))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return m
}

func routes(m *manifest.Manifest) []openapi.Route {
	return []openapi.Route{
		{Module: "sms", Name: "send", Manifest: m, Action: m.Action("send")},
		{Module: "sms", Name: "voice", Manifest: m, Action: m.Action("voice")},
		{Module: "sms", Name: "mts-main", Manifest: m, Action: m.Action("perProvider")},
		{Module: "sms", Name: "backup", Manifest: m, Action: m.Action("perProvider")},
	}
}

func document(t testing.TB, edit ...string) *openapi.Document {
	t.Helper()
	d, err := openapi.New("https://api.example.com/", "1.0.0", routes(load(t, edit...)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decode(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return doc
}

func get(t *testing.T, v any, path ...string) any {
	t.Helper()
	for _, key := range path {
		m, ok := v.(map[string]any)
		if !ok || m[key] == nil {
			t.Fatalf("no %q on the way %q", key, path)
		}
		v = m[key]
	}
	return v
}

// walk calls f for every object of the document.
func walk(v any, path string, f func(path string, m map[string]any)) {
	switch v := v.(type) {
	case map[string]any:
		f(path, v)
		for k, e := range v {
			walk(e, path+"/"+k, f)
		}
	case []any:
		for i, e := range v {
			walk(e, fmt.Sprintf("%s/%d", path, i), f)
		}
	}
}

// TestStructure checks the rules of OpenAPI 3.1 that tools trip over.
func TestStructure(t *testing.T) {
	for _, lang := range []string{"en", "ru"} {
		doc := decode(t, document(t).JSON(lang))
		if get(t, doc, "openapi") != "3.1.0" || get(t, doc, "info", "title") == "" || get(t, doc, "info", "version") != "1.0.0" {
			t.Error("head")
		}
		if got := get(t, doc, "servers").([]any)[0].(map[string]any)["url"]; got != "https://api.example.com" {
			t.Errorf("server %v", got)
		}
		tags := map[string]bool{}
		for _, tag := range get(t, doc, "tags").([]any) {
			name := tag.(map[string]any)["name"].(string)
			if tags[name] {
				t.Errorf("tag %s twice", name)
			}
			tags[name] = true
		}
		ids, refs := map[string]bool{}, 0
		walk(doc, "", func(path string, m map[string]any) {
			if ref, ok := m["$ref"].(string); ok {
				refs++
				get(t, doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
				if len(m) != 1 {
					t.Errorf("%s: siblings of $ref", path)
				}
			}
			if id, ok := m["operationId"].(string); ok {
				if ids[id] {
					t.Errorf("operationId %s twice", id)
				}
				ids[id] = true
				operation(t, path, m, tags)
			}
		})
		if len(ids) != 6 || refs == 0 { // login, send, voice twice, two instances
			t.Errorf("%d operations, %d references", len(ids), refs)
		}
		if get(t, doc, "components", "securitySchemes", "bearer", "scheme") != "bearer" {
			t.Error("bearer")
		}
		if security := get(t, doc, "paths", "/auth/login", "post", "security").([]any); len(security) != 0 {
			t.Error("the login asks for a token")
		}
	}
}

var statusShape = regexp.MustCompile(`^[1-5][0-9][0-9]$`)

func operation(t *testing.T, path string, m map[string]any, tags map[string]bool) {
	t.Helper()
	for _, tag := range get(t, m, "tags").([]any) {
		if !tags[tag.(string)] {
			t.Errorf("%s: unknown tag %v", path, tag)
		}
	}
	if strings.HasSuffix(path, "/get") && m["requestBody"] != nil {
		t.Errorf("%s: GET with a body", path)
	}
	for status, r := range get(t, m, "responses").(map[string]any) {
		if !statusShape.MatchString(status) {
			t.Errorf("%s: status %s", path, status)
		}
		if get(t, r, "description") == "" {
			t.Errorf("%s %s: no description", path, status)
		}
		get(t, r, "headers", "X-Request-Id")
		if status == "429" || status == "503" {
			get(t, r, "headers", "Retry-After")
		}
	}
}

// TestEveryErrorTextIsThere: the texts of the contract, by status.
func TestEveryErrorTextIsThere(t *testing.T) {
	doc := decode(t, document(t).JSON("en"))
	for status, texts := range map[string][]string{
		"401": {"Unauthorized!"}, "405": {"Access denied!"}, "413": {"Request is too large!"}, "415": {"Unsupported content type!"},
		"419": {"Empty phone!", "Empty message!"}, "420": {"Invalid JSON!"}, "422": {"Invalid phone!", "Invalid message!"},
		"429": {"Too many requests!"}, "500": {"Internal error!"}, "502": {"SMS is unavailable!", "<system> is unavailable!"},
		"503": {"Not ready, try again later!"}, "504": {"<system> is unavailable!"}, "409": {"This Idempotency-Key was used with another request!", "still running", "unknown"},
	} {
		r := get(t, doc, "paths", "/sms/send", "post", "responses", status)
		for _, text := range texts {
			if !strings.Contains(get(t, r, "description").(string), text) {
				t.Errorf("%s lacks %q", status, text)
			}
		}
	}
	if get(t, doc, "paths", "/sms/voice", "get", "responses").(map[string]any)["409"] != nil {
		t.Error("a safe action has idempotency errors")
	}
	login := get(t, doc, "paths", "/auth/login", "post", "responses", "401", "description").(string)
	if !strings.Contains(login, "Wrong login or password!") {
		t.Errorf("login: %s", login)
	}
}

// TestExamplesValidate: every example satisfies the schema beside it.
func TestExamplesValidate(t *testing.T) {
	doc := decode(t, document(t).JSON("en"))
	n := 0
	walk(doc, "", func(path string, m map[string]any) {
		examples, ok := m["examples"].(map[string]any)
		if !ok || m["schema"] == nil {
			return
		}
		s := m["schema"].(map[string]any)
		if ref, ok := s["$ref"].(string); ok {
			s = get(t, doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(map[string]any)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, issues := schema.Parse(text); len(issues) > 0 {
			t.Fatalf("%s: %v", path, issues)
		}
		for name, e := range examples {
			value, err := json.Marshal(get(t, e, "value"))
			if err != nil {
				t.Fatal(err)
			}
			// Examples must satisfy their schema to be accepted.
			_, issues := schema.Parse([]byte(`{"type":"array","examples":[[` + string(value) + `]],"items":` + string(text) + `}`))
			if len(issues) > 0 {
				t.Errorf("%s %s: %v", path, name, issues)
			}
			n++
		}
	})
	if n < 20 {
		t.Errorf("only %d examples were checked", n)
	}
}

func TestParametersOfBothMethods(t *testing.T) {
	doc := decode(t, document(t,
		`"response_type": "audio/wav"`, `"response_type": "audio/wav", "params": {"type":"object","required":["text"],"properties":{"text":{"type":"string","description":"Text","x-description-ru":"Текст"},"speed":{"type":"integer","default":1,"description":"Speed","x-description-ru":"Скорость"}}}`,
		`"examples": [{"title": {"en": "Speak", "ru": "Сказать"}}]`, `"examples": [{"title": {"en": "Speak", "ru": "Сказать"}, "request": {"text": "it's"}}]`,
	).JSON("ru"))
	query := get(t, doc, "paths", "/sms/voice", "get", "parameters").([]any)
	if len(query) != 2 || get(t, query[0], "name") != "text" || get(t, query[0], "required") != true || get(t, query[1], "schema", "description") != "Скорость" {
		t.Errorf("query %v", query)
	}
	get(t, doc, "paths", "/sms/voice", "post", "requestBody", "content", "application/json", "schema", "properties", "text")
	if get(t, doc, "paths", "/sms/voice", "post", "responses", "200", "content", "audio/wav", "schema", "format") != "binary" {
		t.Error("the file")
	}
	if strings.Contains(fmt.Sprint(doc), "x-description") {
		t.Error("internals in the document")
	}
}

func TestDeterministic(t *testing.T) {
	a, b := document(t), document(t)
	for _, lang := range []string{"en", "ru"} {
		if !bytes.Equal(a.JSON(lang), b.JSON(lang)) || !bytes.Equal(a.JSON(lang), a.JSON(lang)) {
			t.Error("JSON differs")
		}
		x, errX := a.Docs(lang)
		y, errY := b.Docs(lang)
		if errX != nil || errY != nil || !bytes.Equal(x, y) {
			t.Errorf("page differs: %v %v", errX, errY)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	m := load(t)
	good := routes(m)
	for name, bad := range map[string][]openapi.Route{
		"same path":   append(good, good[0]),
		"the login":   {{Module: "auth", Name: "login", Manifest: m, Action: m.Action("send")}},
		"no action":   {{Module: "sms", Name: "x", Manifest: m}},
		"no manifest": {{Module: "sms", Name: "x", Action: m.Action("send")}},
		"no name":     {{Module: "sms", Manifest: m, Action: m.Action("send")}},
	} {
		if _, err := openapi.New("https://a", "1", bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := openapi.New("", "1", good); err == nil {
		t.Error("no server: accepted")
	}
	if d, err := openapi.New("https://a", "1", nil); err != nil || len(decode(t, d.JSON("en"))) == 0 {
		t.Errorf("no routes: %v", err)
	}
}

func TestDocs(t *testing.T) {
	for lang, words := range map[string][]string{
		"en": {`<html lang="en">`, "Sends a message through an aggregator.", "Too many requests!", "SMS is unavailable!", "required", "Empty phone!", "https://api.example.com/sms/mts-main", "curl -G", "audio/wav", "prefers-color-scheme: dark"},
		"ru": {`<html lang="ru">`, "Отправляет сообщение через агрегатора.", "Получатель.", "обязателен", "curl -X POST", "/auth/login"},
	} {
		page, err := document(t).Docs(lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range words {
			if !strings.Contains(html.UnescapeString(string(page)), word) {
				t.Errorf("%s lacks %q", lang, word)
			}
		}
		checkHTML(t, page)
	}
}

// checkHTML: tags are balanced, ids are unique, links inside the page lead
// somewhere, and nothing is loaded or run.
func checkHTML(t *testing.T, page []byte) {
	t.Helper()
	void := map[string]bool{"meta": true, "br": true}
	ids, links := map[string]bool{}, []string{}
	var open []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF || len(open) > 0 {
				t.Errorf("%v, still open: %v", z.Err(), open)
			}
			for _, l := range links {
				if !ids[l] {
					t.Errorf("the link to #%s leads nowhere", l)
				}
			}
			return
		case html.StartTagToken:
			tok := z.Token()
			if !void[tok.Data] {
				open = append(open, tok.Data)
			}
			switch tok.Data {
			case "script", "img", "link", "iframe", "object", "embed":
				t.Errorf("<%s> on the page", tok.Data)
			}
			for _, a := range tok.Attr {
				switch {
				case a.Key == "id" && ids[a.Val]:
					t.Errorf("id %s twice", a.Val)
				case a.Key == "id":
					ids[a.Val] = true
				case a.Key == "href" && strings.HasPrefix(a.Val, "#"):
					links = append(links, a.Val[1:])
				case a.Key == "src", strings.HasPrefix(a.Key, "on"), a.Key == "href" && !strings.HasPrefix(a.Val, "?lang="):
					t.Errorf("%s=%q", a.Key, a.Val)
				}
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("</%s> with %v open", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// TestHostileTexts: a manifest comes from a stranger; its texts must stay texts
// on the page and in the shell.
func TestHostileTexts(t *testing.T) {
	const evil = `</code><script>alert(1)</script>`
	d := document(t, "Sends a message through an aggregator.", evil, "Проверка\"}, \"response\": {\"result\": \"OK\"}", `x'; rm -rf / #"}, "response": {"result": "OK"}`)
	page, err := d.Docs("en")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte("<script")) {
		t.Error("a text of the manifest became markup")
	}
	checkHTML(t, page)
	decode(t, d.JSON("en"))

	pre := regexp.MustCompile(`(?s)<pre><code>(curl -X POST [^<]*)</code>`).FindAllSubmatch(page, -1)
	if len(pre) < 2 {
		t.Fatal("no commands on the page")
	}
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no sh")
	}
	for _, m := range pre {
		command := html.UnescapeString(string(m[1]))
		script := "curl() { for a; do last=$a; done; printf %s \"$last\"; }\n" + command
		out, err := exec.CommandContext(t.Context(), sh, "-c", script).Output()
		if err != nil || !json.Valid(out) {
			t.Errorf("%s\nthe body arrives as %s, %v", command, out, err)
		}
	}
}
