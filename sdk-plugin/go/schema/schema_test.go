package schema_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

func parse(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, issues := schema.Parse([]byte(text))
	if len(issues) > 0 {
		t.Fatalf("%s: %v", text, issues)
	}
	return s
}

func value(t testing.TB, text string) abi.Value {
	t.Helper()
	n, err := jsontree.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return n.Value()
}

func TestValidate(t *testing.T) {
	const (
		object = `{"type":"object","required":["a","b"],"properties":{"b":{"type":"string"},"a":{"type":"string"},"n":{"type":"integer"}}}`
		closed = `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}`
		more   = `{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":{"type":"integer"}}`
		oneOf  = `{"oneOf":[{"type":"object","required":["kind"],"properties":{"kind":{"type":"string","const":"a"},"x":{"type":"integer"}}},` +
			`{"type":"object","required":["kind","y"],"properties":{"kind":{"type":"string","const":"b"},"y":{"type":"string"}}}]}`
		deep = `{"type":"object","properties":{"rows":{"type":"array","items":{"type":"object","properties":{"a/b":{"type":"integer"}}}}}}`
	)
	tests := []struct{ schema, value, want string }{ // want: kind and path, empty when valid
		{`{"type":"string"}`, `"x"`, ""},
		{`{"type":"string"}`, `""`, ""},
		{`{"type":"string"}`, `1`, "type "},
		{`{"type":"string"}`, `null`, "type "},
		{`{"type":"integer"}`, `-5`, ""},
		{`{"type":"integer"}`, `5.0`, ""},
		{`{"type":"integer"}`, `5.5`, "type "},
		{`{"type":"integer"}`, `"5"`, "type "},
		{`{"type":"integer"}`, `18446744073709551615`, ""},
		{`{"type":"number"}`, `5`, ""},
		{`{"type":"number"}`, `0.5`, ""},
		{`{"type":"number"}`, `true`, "type "},
		{`{"type":"boolean"}`, `false`, ""},
		{`{"type":"boolean"}`, `0`, "type "},
		{`{"type":"array"}`, `[1,"x"]`, ""},
		{`{"type":"array"}`, `{}`, "type "},
		{`{"type":"object"}`, `{"x":1}`, ""},
		{`{"type":"object"}`, `[]`, "type "},

		{`{"type":"integer","minimum":1,"maximum":3}`, `1`, ""},
		{`{"type":"integer","minimum":1,"maximum":3}`, `3`, ""},
		{`{"type":"integer","minimum":1,"maximum":3}`, `0`, "range "},
		{`{"type":"integer","minimum":1,"maximum":3}`, `4`, "range "},
		{`{"type":"integer","maximum":3}`, `18446744073709551615`, "range "},
		{`{"type":"number","minimum":-0.5}`, `-0.6`, "range "},
		{`{"type":"string","minLength":2,"maxLength":3}`, `"яя"`, ""},
		{`{"type":"string","minLength":2,"maxLength":3}`, `"я"`, "length "},
		{`{"type":"string","minLength":2,"maxLength":3}`, `"яяяя"`, "length "},
		{`{"type":"array","minItems":1,"maxItems":2}`, `[]`, "length "},
		{`{"type":"array","minItems":1,"maxItems":2}`, `[1,2]`, ""},
		{`{"type":"array","minItems":1,"maxItems":2}`, `[1,2,3]`, "length "},
		{`{"type":"string","pattern":"^a+$"}`, `"aaa"`, ""},
		{`{"type":"string","pattern":"^a+$"}`, `"aab"`, "pattern "},
		{`{"type":"string","pattern":"^a$"}`, `"a\n"`, "pattern "},
		{`{"type":"string","enum":["a","b"]}`, `"b"`, ""},
		{`{"type":"string","enum":["a","b"]}`, `"B"`, "enum "},
		{`{"type":"integer","enum":[1,300]}`, `300`, ""},
		{`{"type":"integer","enum":[1,300]}`, `300.0`, ""},
		{`{"type":"integer","enum":[1,300]}`, `2`, "enum "},
		{`{"type":"number","enum":[0.5]}`, `0.5`, ""},
		{`{"type":"boolean","const":true}`, `true`, ""},
		{`{"type":"boolean","const":true}`, `false`, "enum "},

		{object, `{"a":"1","b":"2"}`, ""},
		{object, `{"b":"2","a":"1","zz":[]}`, ""},
		{object, `{"b":"2"}`, "missing /a"},
		{object, `{"a":null,"b":"2"}`, "missing /a"},
		{object, `{}`, "missing /a"}, // in the order of required
		{object, `{"a":"1","b":" \n"}`, "empty /b"},
		{object, `{"a":1,"b":""}`, "empty /b"}, // before the wrong type
		{object, `{"a":1,"b":"2"}`, "type /a"},
		{object, `{"a":"1","b":"2","n":"x"}`, "type /n"},
		{object, `{"a":"1","b":"2","n":null}`, ""}, // null counts as not given
		{closed, `{"a":"1"}`, ""},
		{closed, `{"a":"1","x":null}`, "unknown /x"},
		{more, `{"a":"1","x":1}`, ""},
		{more, `{"a":"1","x":"1"}`, "type /x"},
		{oneOf, `{"kind":"a","x":1}`, ""},
		{oneOf, `{"kind":"b","y":"1"}`, ""},
		{oneOf, `{"kind":"b"}`, "missing /y"},
		{oneOf, `{"kind":"c"}`, "enum /kind"},
		{oneOf, `{"kind":5}`, "enum /kind"},
		{oneOf, `{}`, "missing /kind"},
		{oneOf, `[]`, "type "},
		{deep, `{"rows":[{"a/b":1},{"a/b":"x"}]}`, "type /rows/1/a~1b"},
	}
	for _, tt := range tests {
		err := parse(t, tt.schema).Validate(value(t, tt.value))
		got := ""
		if v, ok := errors.AsType[*schema.Violation](err); ok {
			got = string(v.Kind) + " " + v.Path
		}
		if got != tt.want || (err == nil) != (tt.want == "") {
			t.Errorf("%s\n%s\ngot %q (%v), want %q", tt.schema, tt.value, got, err, tt.want)
		}
	}
}

func TestViolationField(t *testing.T) {
	s := parse(t, `{"type":"object","properties":{"a/b~c":{"type":"object","properties":{"x":{"type":"integer"}}}}}`)
	v, ok := errors.AsType[*schema.Violation](s.Validate(value(t, `{"a/b~c":{"x":"secret"}}`)))
	if !ok || v.Field() != "a/b~c" {
		t.Fatalf("%+v", v)
	}
	if strings.Contains(v.Error(), "secret") {
		t.Errorf("the error quotes the value: %v", v)
	}
}

func TestDuplicateKeyIsRefused(t *testing.T) {
	s := parse(t, `{"type":"object","properties":{"a":{"type":"string"}}}`)
	v := abi.AppendString(abi.AppendString(abi.AppendString(abi.AppendString(abi.AppendMap(nil, 2), "a"), "x"), "a"), "y")
	if v, ok := errors.AsType[*schema.Violation](s.Validate(v)); !ok || v.Kind != schema.KindDuplicate {
		t.Errorf("%v", v)
	}
}

func TestBytesAreNoString(t *testing.T) {
	if parse(t, `{"type":"string"}`).Validate(abi.AppendBytes(nil, []byte("x"))) == nil {
		t.Error("a byte string was accepted as a string")
	}
}

func TestFormats(t *testing.T) {
	tests := map[schema.Format]struct{ good, bad []string }{
		schema.UUID: {
			[]string{"87e64143-758c-4f9b-b990-e06613a3d7d2", "87E64143-758C-4F9B-B990-E06613A3D7D2"},
			[]string{"", "87e64143758c4f9bb990e06613a3d7d2", "87e64143-758c-4f9b-b990-e06613a3d7d", "87e64143-758c-4f9b-b990-e06613a3d7dg", "87e64143-758c-4f9b-b990+e06613a3d7d2", "{87e64143-758c-4f9b-b990-e06613a3d7d}", "a_e64143-758c-4f9b-b990-e06613a3d7d2", "87e64143-758c-4f9b-b990-e06613a3d7d2\n"},
		},
		schema.Phone: {
			[]string{"89190000000", "+7 (919) 000-00-00", "112", "8.919"},
			[]string{"", "+", "11", "7+919", "++7919", "8919a", "8919\n", "8919;x", strings.Repeat("1", 21), "٨٩١"},
		},
		schema.Dial: {
			[]string{"1", "112", "*98#", "+7 910", strings.Repeat("1", 32)},
			[]string{"", "-", " ", "1,2", "1|2", "a", "1\r", "{1}", "1@b", strings.Repeat("1", 33)},
		},
		schema.DateOrTime: {
			[]string{"2022-11-10", "2022-11-10 00:00:00", "2024-02-29", "2000-02-29", "9999-12-31 23:59:59", "0001-01-01"},
			[]string{"", "2022-11", "2022-13-01", "2022-00-10", "2022-11-00", "2022-11-31", "2023-02-29", "1900-02-29", "0000-01-01", "2022-11-10T00:00:00", "2022-11-10 24:00:00", "2022-11-10 23:60:00", "2022-11-10 23:59:60", "2022-11-10 ", "2022-11-10 1:00:00", "10.11.2022", "2022/11/10", "+022-11-10", "２022-11-10", "2022-11-10 00:00:00Z"},
		},
		schema.TimeZone: {
			[]string{"UTC", "Europe/Moscow", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "Asia/Ust-Nera"},
			[]string{"", "/", "Europe/", "/Moscow", "../etc/passwd", "Europe//Moscow", "+03:00", "Europe/Mos cow", "Europe\\Moscow", strings.Repeat("a", 65)},
		},
		schema.URI: {
			[]string{"http://a", "https://api.example.com:8443/x?y=z#f", "http://127.0.0.1:8090/", "http://[::1]:80/x"},
			[]string{"", "a", "/x", "ftp://a", "file:///etc/passwd", "javascript:alert(1)", "http://", "http://user:pw@a", "http://a b", "http://a\n", "http://a:0/", "http://a:99999", "http://a:x", "//a", "http://2130706433/", "http://[fe80::1%25eth0]/"},
		},
		schema.Host: {
			[]string{"a", "api.example.com", "api.example.com:443", "127.0.0.1", "127.0.0.1:8021", "[::1]", "[::1]:80", "fs_1", "xn--e1afmkfd.xn--p1ai"},
			[]string{"", "a..b", ".a", "a.", "-a", "a-", "a:", "a:0", "a:+1", "a:65536", "a/b", "a b", "127.1", "0x7f.1", "999.1.1.1", "::1", "[::1", "[127.0.0.1]", "[::1]x", "a@b", "*.a", strings.Repeat("a", 64), strings.Repeat("a.", 127) + "ab"},
		},
		schema.Duration: {
			[]string{"0s", "30s", "1m30s", "1.5h", "250ms"},
			[]string{"", "30", "-1s", "1 s", "1d", "s", "999999999999h"},
		},
		schema.Template: {
			[]string{"", "plain", "Hello {name}!", `{"to":"{phone}","x":{"y":1}}`, "} {", "a\r\n\tb", "{settings.key}"},
			[]string{"\x00", "a\x1bb", "{na\x7fme}", "\xff"},
		},
		"nonsense": {nil, []string{"", "x"}},
	}
	for format, tt := range tests {
		for _, s := range tt.good {
			if !format.Match([]byte(s)) {
				t.Errorf("%s refuses %q", format, s)
			}
		}
		for _, s := range tt.bad {
			if format.Match([]byte(s)) {
				t.Errorf("%s accepts %q", format, s)
			}
		}
	}
	s := parse(t, `{"type":"string","format":"uuid"}`)
	if v, ok := errors.AsType[*schema.Violation](s.Validate(abi.StringValue("x"))); !ok || v.Kind != schema.KindFormat {
		t.Errorf("%v", v)
	}
}

func TestLint(t *testing.T) {
	tests := []struct{ name, schema, pointer, message string }{
		{"not JSON", `{`, "", "too early"},
		{"not an object", `[]`, "", "must be an object"},
		{"no type", `{}`, "", `"type" is missing`},
		{"unknown type", `{"type":"text"}`, "/type", "unknown type"},
		{"list of types", `{"type":["string","null"]}`, "/type", "must be a string"},
		{"ref", `{"$ref":"#/x","type":"string"}`, "/$ref", "not a keyword"},
		{"anyOf", `{"type":"object","anyOf":[]}`, "/anyOf", "not a keyword"},
		{"typing error", `{"type":"string","maxlength":5}`, "/maxlength", "not a keyword"},
		{"unknown annotation", `{"type":"string","x-foo":1}`, "/x-foo", "not a keyword"},
		{"deep", `{"type":"object","properties":{"a/b":{"type":"array","items":{"type":"string","foo":1}}}}`, "/properties/a~1b/items/foo", "not a keyword"},
		{"keyword of another type", `{"type":"integer","minLength":1}`, "/minLength", "no meaning"},
		{"format of a number", `{"type":"integer","format":"phone"}`, "/format", "no meaning"},
		{"secret number", `{"type":"integer","x-secret":true}`, "/x-secret", "no meaning"},
		{"enum of objects", `{"type":"object","enum":[{}]}`, "/enum", "no meaning"},
		{"unknown format", `{"type":"string","format":"email"}`, "/format", "unknown format"},
		{"bad pattern", `{"type":"string","pattern":"("}`, "/pattern", "missing closing"},
		{"look-ahead", `{"type":"string","pattern":"(?=a)"}`, "/pattern", "invalid"},
		{"long pattern", `{"type":"string","pattern":"` + strings.Repeat("a", 1001) + `"}`, "/pattern", "longer"},
		{"negative count", `{"type":"string","minLength":-1}`, "/minLength", "whole number"},
		{"fraction", `{"type":"array","maxItems":1.5}`, "/maxItems", "whole number"},
		{"minimum as text", `{"type":"integer","minimum":"1"}`, "/minimum", "must be a number"},
		{"crossed", `{"type":"integer","minimum":5,"maximum":1}`, "/minimum", "above"},
		{"crossed lengths", `{"type":"string","minLength":5,"maxLength":1}`, "/minLength", "above"},
		{"required is no property", `{"type":"object","required":["a"],"properties":{"b":{"type":"string"}}}`, "/required/0", "not a property"},
		{"required twice", `{"type":"object","required":["a","a"],"properties":{"a":{"type":"string"}}}`, "/required/1", "twice"},
		{"required is no list", `{"type":"object","required":true,"properties":{"a":{"type":"string"}}}`, "/required", "array"},
		{"default of another type", `{"type":"integer","default":"x"}`, "/default", "does not satisfy"},
		{"null default", `{"type":"string","default":null}`, "/default", "does not satisfy"},
		{"default outside", `{"type":"integer","maximum":3,"default":5}`, "/default", "does not satisfy"},
		{"example outside", `{"type":"string","format":"uuid","examples":["x"]}`, "/examples/0", "does not satisfy"},
		{"secret default", `{"type":"string","x-secret":true,"default":"x"}`, "/default", "secret"},
		{"enum of another type", `{"type":"string","enum":["a",1]}`, "/enum/1", "not of type"},
		{"enum twice", `{"type":"string","enum":["a","a"]}`, "/enum/1", "twice"},
		{"enum against its bounds", `{"type":"string","maxLength":1,"enum":["ab"]}`, "/enum/0", "does not satisfy"},
		{"empty enum", `{"type":"string","enum":[]}`, "/enum", "not empty"},
		{"empty title", `{"type":"string","title":" "}`, "/title", "not empty"},
		{"deprecated as text", `{"type":"string","deprecated":"yes"}`, "/deprecated", "true or false"},
		{"personal", `{"type":"string","x-personal":"name"}`, "/x-personal", "masking"},
		{"depends on nothing", `{"type":"object","properties":{"a":{"type":"string","x-depends":"b=1"}}}`, "/properties/a/x-depends", "not a property"},
		{"choices of nothing", `{"type":"object","properties":{"a":{"type":"string","x-choices":"provider:"}}}`, "/properties/a/x-choices", "no choices"},
		{"depends on itself", `{"type":"object","properties":{"a":{"type":"string","x-depends":"a"}}}`, "/properties/a/x-depends", "itself"},
		{"depends and required", `{"type":"object","required":["a"],"properties":{"a":{"type":"string","x-depends":"b"},"b":{"type":"string"}}}`, "/properties/a/x-depends", "required"},
		{"branches without discriminator", `{"oneOf":[{"type":"object"},{"type":"object"}]}`, "/oneOf", "tells the branches apart"},
		{"optional discriminator", `{"oneOf":[{"type":"object","properties":{"k":{"type":"string","const":"a"}}}]}`, "/oneOf", "tells the branches apart"},
		{"branch twice", `{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"type":"string","const":"a"}}},{"type":"object","required":["k"],"properties":{"k":{"type":"string","const":"a"}}}]}`, "/oneOf/1", "twice"},
		{"branches and properties", `{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"type":"string","const":"a"}}}],"properties":{}}`, "/properties", "beside"},
		{"duplicate key", `{"type":"string","type":"string"}`, "/type", "twice"},
		{"too deep", strings.Repeat(`{"type":"array","items":`, 60) + `{"type":"string"}` + strings.Repeat("}", 60), "", "nested"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, issues := schema.Parse([]byte(tt.schema))
			if s != nil || len(issues) == 0 {
				t.Fatal("accepted")
			}
			found := false
			for _, i := range issues {
				found = found || strings.Contains(i.Message, tt.message) && (i.Pointer == tt.pointer || tt.name == "too deep")
				if i.Line != 1 || i.Column < 1 {
					t.Errorf("not located: %v", i)
				}
			}
			if !found {
				t.Errorf("got %v", issues)
			}
		})
	}
}

func TestLintFindsAllAtOnce(t *testing.T) {
	_, issues := schema.Parse([]byte("{\n \"type\": \"object\",\n \"foo\": 1,\n \"properties\": {\n  \"a\": {\"type\": \"strin\"},\n  \"b\": {\"type\": \"string\", \"format\": \"x\"}\n }\n}"))
	var got []string
	for _, i := range issues {
		got = append(got, i.Error())
	}
	text := strings.Join(got, "\n")
	for _, want := range []string{"line 3:", "/foo", "line 5:", "/properties/a/type", "line 6:", "/properties/b/format", "(one of "} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if len(issues) != 3 {
		t.Errorf("%d issues:\n%s", len(issues), text)
	}
}

func read(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("testdata/all.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestMarshalKeepsAll: every keyword survives Parse and MarshalJSON.
func TestMarshalKeepsAll(t *testing.T) {
	text := read(t)
	s := parse(t, text)
	out, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if !sameJSON(t, text, string(out)) {
		t.Errorf("got %s", out)
	}
	again, err := json.Marshal(parse(t, string(out)))
	if err != nil || string(again) != string(out) {
		t.Errorf("not stable: %s, %v", again, err)
	}
	var names []string
	for _, p := range s.Properties() {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "zone login password url message retries ratio on route tags" {
		t.Errorf("properties in the order %s", got)
	}
	if p := s.Properties()[2]; !p.Required || s.Property("password") != p.Schema || s.Property("nobody") != nil {
		t.Errorf("%+v", p)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	norm := func(s string) string {
		var v any
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	return norm(a) == norm(b)
}

func TestOutputForReaders(t *testing.T) {
	s := parse(t, read(t))
	ru := string(s.AppendJSON(nil, schema.Output{Lang: "ru", Plain: true}))
	en := string(s.AppendJSON(nil, schema.Output{Lang: "en", Plain: true}))
	if strings.Contains(ru, "x-") || strings.Contains(en, "x-") {
		t.Error("annotations in plain output")
	}
	if !strings.Contains(ru, "Часовой пояс") || strings.Contains(en, "Часовой пояс") || !strings.Contains(en, "Time zone") {
		t.Error("the languages are mixed up")
	}
	if !json.Valid([]byte(ru)) || !json.Valid([]byte(en)) {
		t.Error("not valid JSON")
	}
}

func TestWithDefaults(t *testing.T) {
	const text = `{"type":"object","properties":{
		"a":{"type":"integer","default":1},"b":{"type":"string"},
		"o":{"type":"object","properties":{"x":{"type":"string","default":"X"}}},
		"l":{"type":"array","items":{"type":"object","properties":{"y":{"type":"boolean","default":true}}}},
		"r":{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"type":"string","const":"p"},"z":{"type":"integer","default":7}}}]}}}`
	s := parse(t, text)
	for in, want := range map[string]string{
		`{}`:                 `{"a":1}`,
		`null`:               `{"a":1}`,
		`{"a":null,"b":"B"}`: `{"b":"B","a":1}`,
		`{"zz":1,"a":5}`:     `{"zz":1,"a":5}`,
		`{"o":{},"l":[{},{"y":false}],"r":{"k":"p"},"a":2}`: `{"o":{"x":"X"},"l":[{"y":true},{"y":false}],"r":{"k":"p","z":7},"a":2}`,
		`{"r":{"k":"other"},"a":2}`:                         `{"r":{"k":"other"},"a":2}`,
		`{"o":null,"a":2}`:                                  `{"o":null,"a":2}`,
	} {
		out := s.WithDefaults(value(t, in))
		if err := abi.Check(out); err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if got := string(jsontree.AppendValue(nil, out)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := parse(t, `{"type":"integer","default":3}`).WithDefaults(nil); got.String() != "3" {
		t.Errorf("root default: %x", got)
	}
	if got := parse(t, `{"type":"string"}`).WithDefaults(nil); got != nil {
		t.Errorf("no default: %x", got)
	}
}

func TestDependsOn(t *testing.T) {
	s := parse(t, read(t))
	name, values := s.Property("login").DependsOn()
	if name != "zone" || strings.Join(values, ",") != "UTC,Europe/Moscow" {
		t.Errorf("%q %q", name, values)
	}
	if name, values := s.Property("url").DependsOn(); name != "on" || values != nil {
		t.Errorf("%q %q", name, values)
	}
}

func TestValidateAllocatesNothing(t *testing.T) {
	s := parse(t, `{"type":"object","required":["phone","message","id"],"properties":{"phone":{"type":"string","format":"phone"},`+
		`"message":{"type":"string","maxLength":100,"pattern":"^[^<]*$"},"id":{"type":"string","format":"uuid"},"n":{"type":"integer","minimum":1},`+
		`"when":{"type":"string","format":"date-or-time"},"kind":{"type":"string","enum":["a","b"]},"list":{"type":"array","items":{"type":"integer"}}}}`)
	v := value(t, `{"phone":"89190000000","message":"Проверка","id":"87e64143-758c-4f9b-b990-e06613a3d7d2","n":5,"when":"2022-11-10 10:00:00","kind":"b","list":[1,2,3],"an unknown key that is rather long":1}`)
	if err := s.Validate(v); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = s.Validate(v) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkValidate(b *testing.B) {
	s := parse(b, `{"type":"object","required":["phone","message"],"properties":{"phone":{"type":"string","format":"phone"},"message":{"type":"string","maxLength":100},"originator":{"type":"string"}}}`)
	v := value(b, `{"phone":"89190000000","message":"Проверка работы","originator":"FRONTLINE"}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Validate(v); err != nil {
			b.Fatal(err)
		}
	}
}

// FuzzParse: no panic; what is accepted can be written and read again, and
// validates arbitrary values without panicking.
func FuzzParse(f *testing.F) {
	f.Add([]byte(read(f)), []byte{0x80})
	f.Add([]byte(`{"type":"object","required":["a"],"properties":{"a":{"type":"string"}}}`), []byte{0x81, 0xa1, 'a', 0x01})
	f.Add([]byte(`{"oneOf":[{"type":"object","required":["k"],"properties":{"k":{"type":"string","const":"a"}}}]}`), []byte{0x81, 0xa1, 'k', 0xa1, 'a'})
	f.Fuzz(func(t *testing.T, text, v []byte) {
		s, issues := schema.Parse(text)
		if (s == nil) != (len(issues) > 0) {
			t.Fatal("neither schema nor issue")
		}
		if s == nil {
			return
		}
		out, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if _, issues := schema.Parse(out); len(issues) > 0 {
			t.Fatalf("own output refused: %s: %v", out, issues)
		}
		if abi.Check(v) != nil {
			return
		}
		filled := s.WithDefaults(v)
		if err := abi.Check(filled); err != nil && s.Validate(v) == nil {
			t.Fatalf("defaults broke the value: %v", err)
		}
		if s.Validate(v) == nil {
			if err := s.Validate(filled); err != nil {
				t.Fatalf("valid %x, but with defaults %x: %v", v, filled, err)
			}
		}
	})
}

func FuzzFormats(f *testing.F) {
	for _, s := range []string{"2022-11-10", "+7 919", "http://a", "[::1]:80", "{{a}}", "87e64143-758c-4f9b-b990-e06613a3d7d2"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, format := range []schema.Format{schema.UUID, schema.Phone, schema.Dial, schema.DateOrTime, schema.TimeZone, schema.URI, schema.Host, schema.Duration, schema.Template} {
			ok := format.Match(b)
			if ok && format != schema.Template && strings.ContainsAny(string(b), "\x00\r\n") {
				t.Fatalf("%s accepts %q", format, b)
			}
		}
	})
}
