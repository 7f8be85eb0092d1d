package manifest_test

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	m, issues := manifest.Parse([]byte(text))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return m
}

func TestParse(t *testing.T) {
	m := parse(t, read(t, "module.json"))
	if m.ID != "sms" || m.Kind != manifest.KindModule || m.ABI != abi.Version || m.Version != "1.2.0-rc.1+build.5" || m.Title.In("ru") != "СМС" ||
		m.Title.In("en") != "SMS" || !m.Health || m.Limits != (manifest.Limits{MemoryMB: 64, CPU: 200, TimeoutMS: 20000, MaxTasks: 2000, Guests: 4}) ||
		len(m.Notes) != 1 || m.Settings.Property("key") == nil {
		t.Errorf("%+v", m)
	}
	send, voice := m.Action("send"), m.Action("voice")
	if send == nil || voice == nil || m.Action("nobody") != nil {
		t.Fatal("actions")
	}
	if !slices.Equal(send.Methods, []string{"POST"}) || send.ResponseType != "application/json" || send.Allows("GET") || !voice.Allows("GET") ||
		voice.ResponseType != "audio/wav" || send.TimeoutMS != 15000 || send.Examples[0].Status != 200 || send.Examples[1].Status != 419 {
		t.Errorf("defaults: %+v", send)
	}
	if got := string(send.Examples[0].Request); got != `{"phone":"89190000000","message":"Проверка"}` {
		t.Errorf("example %s", got)
	}
	if got := strings.Join(m.Operations(), " "); got != "http_fetch provider_call provider_list" {
		t.Errorf("operations %s", got)
	}
	if p := m.Point("sms.provider"); p == nil || !p.Operation("balance").Optional || m.Point("x.y") != nil {
		t.Errorf("points %+v", m.Provides)
	}
	p := parse(t, read(t, "provider.json"))
	if p.Concurrency != manifest.ConcurrencyExclusive || p.Settings.Discriminator != "kind" {
		t.Errorf("%+v", p)
	}
	if m := parse(t, strings.Replace(read(t, "provider.json"), `,
  "concurrency": "exclusive"`, "", 1)); m.Concurrency != manifest.ConcurrencyTasks {
		t.Errorf("concurrency %q", m.Concurrency)
	}
}

func TestMarshalRoundTrip(t *testing.T) {
	for _, name := range []string{"module.json", "provider.json"} {
		m := parse(t, read(t, name))
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if again := parse(t, string(out)); !reflect.DeepEqual(m, again) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

// faults are edits of a good manifest, each with the place and a part of the
// message that it must lead to. The last column says whether an editor finds it
// with plugin.schema.json, too.
var faults = []struct {
	name, file, from, to, pointer, message string
	editor                                 bool
}{
	{"unknown key", "module.json", `"health"`, `"helth"`, "/helth", `unknown key "helth"`, true},
	{"unknown key in an action", "module.json", `"timeout_ms": 15000`, `"timeout": 15`, "/actions/0/timeout", "unknown key", true},
	{"key twice", "module.json", `"health": true`, `"id": "sms"`, "/id", "twice", false},
	{"no id", "provider.json", `"id": "sms-http",`, ``, "", `"id" is missing`, true},
	{"id in capitals", "module.json", `"id": "sms"`, `"id": "SMS"`, "/id", "not acceptable", true},
	{"id with a path", "module.json", `"id": "sms"`, `"id": "../sms"`, "/id", "not acceptable", true},
	{"long id", "module.json", `"id": "sms"`, `"id": "s` + strings.Repeat("m", 64) + `"`, "/id", "not acceptable", true},
	{"unknown kind", "module.json", `"kind": "module"`, `"kind": "plugin"`, "/kind", "not acceptable", true},
	{"another ABI", "module.json", `"abi": 1`, `"abi": 2`, "/abi", "speaks 1", true},
	{"ABI as text", "module.json", `"abi": 1`, `"abi": "1"`, "/abi", "whole number", true},
	{"version with v", "module.json", `"1.2.0-rc.1+build.5"`, `"v1.2.0"`, "/version", "not acceptable", true},
	{"version of two", "module.json", `"1.2.0-rc.1+build.5"`, `"1.2"`, "/version", "not acceptable", true},
	{"version with leading zero", "module.json", `"1.2.0-rc.1+build.5"`, `"1.02.0"`, "/version", "not acceptable", true},
	{"empty vendor", "module.json", `"vendor": "Patchbay"`, `"vendor": " "`, "/vendor", "not empty", true},
	{"homepage", "module.json", `"https://patchbay.example/sms"`, `"javascript:alert(1)"`, "/homepage", "uri", true},
	{"no Russian title", "module.json", `{"en": "SMS", "ru": "СМС"}`, `{"en": "SMS"}`, "/title", `"ru" is missing`, true},
	{"empty Russian title", "module.json", `{"en": "SMS", "ru": "СМС"}`, `{"en": "SMS", "ru": ""}`, "/title/ru", "not empty", true},
	{"title as text", "module.json", `{"en": "SMS", "ru": "СМС"}`, `"SMS"`, "/title", "must be an object", true},
	{"third language", "module.json", `{"en": "SMS", "ru": "СМС"}`, `{"en": "SMS", "ru": "СМС", "de": "SMS"}`, "/title/de", "unknown key", true},
	{"action with a slash", "module.json", `"name": "voice"`, `"name": "a/b"`, "/actions/1/name", "not acceptable", true},
	{"action with a digit first", "module.json", `"name": "voice"`, `"name": "1a"`, "/actions/1/name", "not acceptable", true},
	{"action twice", "module.json", `"name": "voice"`, `"name": "send"`, "/actions/1/name", "twice", false},
	{"actions as an object", "module.json", `"notes": [{"en": "A note | with a bar.", "ru": "Заметка."}]`, `"notes": {}`, "/notes", "must be an array", true},
	{"method", "module.json", `["POST", "GET"]`, `["POST", "PUT"]`, "/actions/1/methods/1", "not acceptable", true},
	{"method twice", "module.json", `["POST", "GET"]`, `["POST", "POST"]`, "/actions/1/methods/1", "twice", true},
	{"no method", "module.json", `["POST", "GET"]`, `[]`, "/actions/1/methods", "needs a method", true},
	{"GET of an unsafe action", "module.json", "\"safe\": true,\n      \"idempotent\"", `"idempotent"`, "/actions/1/methods", "only safe actions", false},
	{"unknown extension point", "module.json", `"per_instance": "sms.provider"`, `"per_instance": "sms.other"`, "/actions/2/per_instance", "no extension point", false},
	{"point of another module", "module.json", `"name": "sms.provider"`, `"name": "mms.provider"`, "/provides/0/name", "begins with the id", false},
	{"point shape", "module.json", `"name": "sms.provider"`, `"name": "provider"`, "/provides/0/name", "not acceptable", true},
	{"operation twice", "module.json", `"name": "balance"`, `"name": "send"`, "/provides/0/operations/1", "twice", false},
	{"operation name", "module.json", `"name": "balance"`, `"name": "Balance"`, "/provides/0/operations/1/name", "not acceptable", true},
	{"schema keyword", "module.json", `"maxLength": 2000`, `"maxLenght": 2000`, "/actions/0/params/properties/message/maxLenght", "not a keyword", true},
	{"schema ref", "module.json", `{"type": "object"}, "result"`, `{"$ref": "#/x"}, "result"`, "/provides/0/operations/0/params/$ref", "not a keyword", true},
	{"params are no object", "module.json", `"params": {"type": "object"}`, `"params": {"type": "array"}`, "/provides/0/operations/0/params", "object schema", false},
	{"closed params", "module.json", `"required": ["phone", "message"],`, `"additionalProperties": false,`, "/actions/0/params", "always ignored", false},
	{"parameter name", "module.json", `"message": {"type"`, `"pho-ne": {"type": "string"}, "message": {"type"`, "/actions/0/params/properties/pho-ne", "name of a parameter", false},
	{"undescribed parameter", "module.json", `, "x-description-ru": "Текст."`, ``, "/actions/0/params/properties/message", "both languages", false},
	{"setting without title", "module.json", `"title": "Sender", "x-title-ru": "Отправитель", `, ``, "/settings/properties/originator", "title in both", false},
	{"setting in a branch without title", "provider.json", `, "title": "Address", "x-title-ru": "Адрес"`, ``, "/settings/oneOf/0/properties/url", "title in both", false},
	{"secret with default", "module.json", `"x-secret": true`, `"x-secret": true, "default": "x"`, "/settings/properties/key/default", "secret", false},
	{"error status", "module.json", `"status": 502, "text"`, `"status": 302, "text"`, "/actions/0/errors/0/status", "from 400 to 599", true},
	{"error without when", "module.json", `, "when": {"en": "No aggregator answered.", "ru": "Ни один агрегатор не ответил."}`, ``, "/actions/0/errors/0", `"when" is missing`, true},
	{"example request", "module.json", `"phone": "89190000000", "message": "Проверка"`, `"message": "Проверка"`, "/actions/0/examples/0/request", "phone", false},
	{"example with unknown parameter", "module.json", `"message": "Проверка"`, `"message": "Проверка", "sender": "x"`, "/actions/0/examples/0/request/sender", "no parameter", false},
	{"example answer", "module.json", `"response": {"result": "OK"}`, `"response": {"result": "ok"}`, "/actions/0/examples/0/response", "does not satisfy", false},
	{"example error", "module.json", `"response": {"error": "SMS is unavailable!"}`, `"response": {"error": "Oops!"}`, "/actions/0/examples/2/response/error", "no error 502", false},
	{"example status", "module.json", `"status": 419`, `"status": 100`, "/actions/0/examples/1/status", "from 200 to 599", true},
	{"answer of a binary type", "module.json", `"response_type": "audio/wav"`, `"response_type": "audio/wav", "response": {"type": "string"}`, "/actions/1/response", "only JSON", false},
	{"media type", "module.json", `"audio/wav"`, `"wav"`, "/actions/1/response_type", "media type", true},
	{"rate", "module.json", `"10/s"`, `"10 per second"`, "/actions/0/rate", "not a rate", true},
	{"spends nothing known", "module.json", `"spends": {"kind": "message", "destination": "phone", "text": "message"}`, `"spends": {"kind": "fax", "destination": "phone"}`, "/actions/0/spends/kind", "not acceptable", true},
	{"spends without a destination", "module.json", `"spends": {"kind": "message", "destination": "phone", "text": "message"}`, `"spends": {"kind": "message"}`, "/actions/0/spends", `"destination" is missing`, true},
	{"spends to a text", "module.json", `"spends": {"kind": "message", "destination": "phone", "text": "message"}`, `"spends": {"kind": "message", "destination": "message"}`, "/actions/0/spends/destination", "no destination", false},
	{"spends to nowhere", "module.json", `"spends": {"kind": "message", "destination": "phone", "text": "message"}`, `"spends": {"kind": "message", "destination": "x"}`, "/actions/0/spends/destination", "no destination", false},
	{"spends for no text", "module.json", `"spends": {"kind": "message", "destination": "phone", "text": "message"}`, `"spends": {"kind": "message", "destination": "phone", "text": "x"}`, "/actions/0/spends/text", "no text", false},
	{"a call with a text", "module.json", `"spends": {"kind": "message", "destination": "phone", "text": "message"}`, `"spends": {"kind": "call", "destination": "phone", "text": "message"}`, "/actions/0/spends/text", "no text", false},
	{"spends and is safe", "module.json", `"timeout_ms": 15000`, `"safe": true`, "/actions/0/spends", "not safe", false},
	{"rate of zero", "module.json", `"10/s"`, `"0/s"`, "/actions/0/rate", "not a rate", true},
	{"timeout", "module.json", `"timeout_ms": 15000`, `"timeout_ms": 0`, "/actions/0/timeout_ms", "whole number", true},
	{"memory", "module.json", `"memory_mb": 64`, `"memory_mb": 5000`, "/limits/memory_mb", "to 1024", true},
	{"unknown capability", "provider.json", `"name": "http"`, `"name": "shell"`, "/capabilities/0/name", "unknown capability", true},
	{"unknown operation", "module.json", `"provider_list", `, `"provider_drop", `, "/capabilities/0/operations/0", "not an operation", true},
	{"operation of another capability", "module.json", `"provider_list", `, `"kv_get", `, "/capabilities/0/operations/0", "not an operation", false},
	{"capability twice", "module.json", `"name": "http", "operations": ["http_fetch"]`, `"name": "provider", "operations": ["provider_list"]`, "/capabilities/1/name", "twice", false},
	{"capability without operations", "provider.json", `["http_fetch"]`, `[]`, "/capabilities/0/operations", "name the operations", true},
	{"capability without reason", "provider.json", `, "reason": {"en": "To send.", "ru": "Чтобы отправлять."}`, ``, "/capabilities/0", `"reason" is missing`, true},
	{"host", "module.json", `"api.example.com"`, `"https://api.example.com/"`, "/capabilities/1/hosts/0", "not a host", true},
	{"hosts elsewhere", "module.json", `"reason": {"en": "To reach aggregators."`, `"hosts": ["a"], "reason": {"en": "To reach aggregators."`, "/capabilities/0/hosts", "only the capability", false},
	{"module that extends", "module.json", `"health": true`, `"extends": [{"point": "a.b", "operations": ["c"]}]`, "/extends", "does not serve", false},
	{"provider with actions", "provider.json", `"concurrency": "exclusive"`, `"actions": []`, "/actions", "has no actions", false},
	{"provider without point", "provider.json", `"extends": [{"point": "sms.provider", "operations": ["send"]}],`, ``, "", "serves an extension point", false},
	{"extension without operations", "provider.json", `"operations": ["send"]`, `"operations": []`, "/extends/0/operations", "name the operations", true},
	{"concurrency", "provider.json", `"exclusive"`, `"threads"`, "/concurrency", "not acceptable", true},
	{"exclusive with tasks", "module.json", `"concurrency": "tasks"`, `"concurrency": "exclusive"`, "/limits/max_tasks", "one task", false},
}

func TestLint(t *testing.T) {
	for _, tt := range faults {
		t.Run(tt.name, func(t *testing.T) {
			good := read(t, tt.file)
			if strings.Count(good, tt.from) == 0 {
				t.Fatalf("%s does not hold %s", tt.file, tt.from)
			}
			m, issues := manifest.Parse([]byte(strings.Replace(good, tt.from, tt.to, 1)))
			if m != nil || len(issues) == 0 {
				t.Fatal("accepted")
			}
			if !slices.ContainsFunc(issues, func(i manifest.Issue) bool {
				return i.Pointer == tt.pointer && strings.Contains(i.Message+i.Hint, tt.message)
			}) {
				t.Errorf("got %v", issues)
			}
			for _, i := range issues {
				if i.Line == 0 || i.Column == 0 {
					t.Errorf("not located: %v", i)
				}
			}
		})
	}
}

func TestLintRefusesGarbage(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "array": "[]", "null": "null", "text": `"x"`, "cut": `{"id":`, "object": "{}",
		"large": `{"id":"` + strings.Repeat("a", manifest.MaxSize) + `"}`, "deep": strings.Repeat("[", 100000), "invalid UTF-8": "{\"id\":\"\xff\"}",
		"wrong everywhere": `{"id":1,"kind":2,"abi":"x","version":[],"vendor":{},"title":1,"description":1,"actions":[1,{"name":1,"params":1,"errors":[1],"examples":[1]}],"provides":[1,{"operations":1}],"extends":[1],"capabilities":[1,{"name":"http","operations":1,"hosts":1}],"settings":1,"limits":1,"notes":[1]}`,
	} {
		if m, issues := manifest.Parse([]byte(text)); m != nil || len(issues) == 0 {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSatisfies(t *testing.T) {
	point := parse(t, read(t, "module.json")).Point("sms.provider")
	for want, e := range map[string]manifest.Extension{
		"":            {Point: "sms.provider", Operations: []string{"send"}},
		"not for":     {Point: "sms.other", Operations: []string{"send"}},
		"needs":       {Point: "sms.provider", Operations: []string{"balance"}},
		"no operatio": {Point: "sms.provider", Operations: []string{"send", "fly"}},
	} {
		if err := e.Satisfies(point); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", e, err, want)
		}
	}
}

func TestParseRate(t *testing.T) {
	for in, want := range map[string]time.Duration{"10/s": time.Second, "10/m": time.Minute, "10/h": time.Hour} {
		if n, per, err := manifest.ParseRate(in); n != 10 || per != want || err != nil {
			t.Errorf("%s: %d %v %v", in, n, per, err)
		}
	}
	for _, in := range []string{"", "/", "10", "10/", "/s", "0/s", "-1/s", "+1/s", "1.5/s", "10/d", "10/s/s", "10000000/s", " 10/s", "99999999999999999999/s"} {
		if _, _, err := manifest.ParseRate(in); err == nil {
			t.Errorf("%q accepted", in)
		}
	}
}

func TestKnownOperationsBelongToCapabilities(t *testing.T) {
	seen := map[string]bool{}
	for _, op := range abi.Operations() {
		if abi.Capability(op) == "" || seen[op] {
			t.Errorf("operation %q", op)
		}
		seen[op] = true
	}
	if !seen[abi.OpHTTPFetch] {
		t.Error("http_fetch is not known")
	}
}

func TestMarkdown(t *testing.T) {
	for _, lang := range []string{"en", "ru"} {
		got := parse(t, read(t, "module.json")).Markdown(lang) + "\n----------\n" + parse(t, read(t, "provider.json")).Markdown(lang)
		name := "testdata/markdown." + lang + ".md"
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, "markdown."+lang+".md"); got != want {
			t.Errorf("%s differs; run with UPDATE_GOLDEN=1 and look at the difference. Got:\n%s", name, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(read(f, "module.json")))
	f.Add([]byte(read(f, "provider.json")))
	f.Add([]byte(`{"kind":"module","actions":[{"per_instance":"x"}],"provides":[{}]}`))
	f.Add([]byte(`{"kind":"module","actions":[1,{"per_instance":"x"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, issues := manifest.Parse(text)
		if (m == nil) != (len(issues) > 0) {
			t.Fatal("neither manifest nor issue")
		}
		if m == nil {
			return
		}
		out, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, issues := manifest.Parse(out); len(issues) > 0 {
			t.Fatalf("own output refused: %s: %v", out, issues)
		}
		_, _ = m.Markdown("ru"), m.Markdown("en")
	})
}
