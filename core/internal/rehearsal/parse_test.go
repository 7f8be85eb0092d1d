package rehearsal_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/rehearsal"
)

func TestFaultsAreLocated(t *testing.T) {
	for text, want := range map[string]string{
		``:                              "c.json: line 1:1",
		`[1]`:                           "c.json: line 1:3: /0: must be an object, not a number",
		`{}`:                            `"request" is missing`,
		`{"request": {"health": true}}`: `"title" is missing`,
		`{"title": "t", "request": {"health": true}, "upstreams": []}`:                                                           `/upstreams: unknown key "upstreams" (known keys:`,
		"{\"title\": \"t\",\n \"request\": {\"action\": \"a\", \"health\": true}, \"reply\": {}}":                                "line 2:14: /request: needs exactly one of operation, action, health, configure",
		`{"title": "t", "request": {"operation": "send"}, "reply": {}}`:                                                          "/request/operation: must be <point>/<operation>",
		`{"title": "t", "request": {"action": "a"}}`:                                                                             "needs exactly one of reply, error",
		`{"title": "t", "request": {"action": "a"}, "reply": {}, "error": {}}`:                                                   "needs exactly one of reply, error",
		`{"title": "t", "request": {"action": "a", "msgpack": "c0"}, "reply": {}}`:                                               "/request/msgpack: only operations take MessagePack",
		`{"title": "t", "request": {"operation": "a/b", "msgpack": "c1"}, "reply": {}}`:                                          "/request/msgpack: is not one MessagePack value",
		`{"title": "t", "request": {"health": false}}`:                                                                           "/request/health: must be true",
		`{"title": "t", "request": {"health": true, "timeout_ms": 0}}`:                                                           "/request/timeout_ms: must be a whole number from 1",
		`{"title": "t", "request": {"health": true}, "log": ["("]}`:                                                              "/log/0: is no regular expression",
		`{"title": "t", "request": {"health": true}, "error": {"code": "broken"}}`:                                               `/error/code: unknown value "broken"`,
		`{"title": "t", "request": {"health": true}, "operations": [{"operation": "kv_get"}]}`:                                   "/operations/0: kv is rehearsed by the gateway's own code",
		`{"title": "t", "request": {"health": true}, "operations": [{"operation": "x_y"}]}`:                                      `there is no operation "x_y"`,
		`{"title": "t", "request": {"health": true}, "upstream": [{"request": {"url": "/x"}}]}`:                                  "/upstream/0/request/url: must be an absolute",
		`{"title": "t", "request": {"health": true}, "upstream": [{"request": {"url": "http://x/?a=1", "query": {}}}]}`:          "the url has a query of its own",
		`{"title": "t", "request": {"health": true}, "upstream": [{"request": {"body": "", "form": {}}}]}`:                       "needs exactly one of body, json, form",
		`{"title": "t", "request": {"health": true}, "upstream": [{"request": {"form": {"a": {}}}}]}`:                            "/form/a: must be a string, a number or a boolean",
		`{"title": "t", "request": {"health": true}, "upstream": [{"answer": {"fail": "slowly"}}]}`:                              `unknown value "slowly"`,
		`{"title": "t", "request": {"health": true}, "upstream": [{"answer": {"fail": "dns", "status": 200}}]}`:                  "has no status",
		`{"title": "t", "request": {"health": true}, "upstream": [{"answer": {"header": {"connection": "close"}}}]}`:             "/header/connection: connection is set by the rehearsal",
		`{"title": "t", "request": {"health": true}, "upstream": [{"answer": {"header": {"a": "b\r\nc: d"}}}]}`:                  "/header/a: is no header field",
		`{"title": "t", "request": {"health": true}, "upstream": [{"answer": {"base64": "?"}}]}`:                                 "is not base64",
		`{"title": "t", "request": {"health": true}, "kv": {"before": {"a": 1}}}`:                                                "/kv/before/a: must be a string",
		`{"title": "t", "request": {"health": true}, "settings": []}`:                                                            "/settings: must be an object",
		`{"title": "t", "request": {"action": "a"}, "reply": {"json": 1, "body": ""}}`:                                           "/reply: needs exactly one of",
		`{"title": "t", "request": {"health": true}, "operations": [{"operation": "users_list", "answer": [], "error": {}}]}`:    "needs exactly one of answer, error",
		`{"title": "t", "request": {"health": true}, "operations": [{"operation": "users_list", "error": {"message": "x"}}]}`:    `/operations/0/error: "code" is missing`,
		`{"title": "t", "request": {"health": true}, "kv": {"during": {}}, "hosts": "a", "source": 1, "reply": {"status": 100}}`: "/reply/status: must be a whole number from 200 to 599",
	} {
		cases, err := rehearsal.Parse("c.json", []byte(text))
		if err == nil || cases != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	if _, err := rehearsal.Load(dir); err == nil || !strings.Contains(err.Error(), "there is no case in") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := rehearsal.Load(filepath.Join(dir, "nowhere")); err == nil {
		t.Error("a folder that is not there")
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("b.json", `{"title": "b", "request": {"health": true}}`)
	write("a.json", `[{"$schema": "x", "title": "a1", "request": {"health": true}}, {"title": "a2", "source": "docs", "request": {"configure": true}}]`)
	write(rehearsal.SchemaFile, `{}`)
	write("notes.txt", `{`)
	cases, err := rehearsal.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range cases {
		names = append(names, filepath.Base(c.File)+c.Pointer+" "+c.Title)
	}
	if got := strings.Join(names, ", "); got != "a.json/0 a1, a.json/1 a2, b.json b" {
		t.Errorf("got %s", got)
	}
	write("c.json", `{"x": 1}`)
	write("d.json", `{"y": 1}`)
	if _, err := rehearsal.Load(dir); err == nil || !strings.Contains(err.Error(), "c.json") || !strings.Contains(err.Error(), "d.json") {
		t.Errorf("want the faults of both files, got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"title": "t", "request": {"operation": "a/b", "params": {"x": [1]}}, "upstream": [{"request": {"form": {"a": ["b", 1]}}, "answer": {"json": {}}}], "reply": {"json": null}}`))
	f.Add([]byte(`[{"title": "t", "request": {"action": "a"}, "kv": {"before": {"a": "b"}}, "operations": [{"operation": "users_list", "answer": 1}], "error": {"sent": true}}]`))
	f.Add([]byte(`{"request": {"msgpack": "c0", "health": 1}}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		cases, err := rehearsal.Parse("c.json", src)
		if (err == nil) != (cases != nil) {
			t.Fatalf("cases %v with error %v", cases, err)
		}
		for _, c := range cases {
			if c.Title == "" || c.Reply == nil == (c.Error == nil) {
				t.Fatalf("accepted %s", src)
			}
		}
	})
}
