package params_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/core/internal/params"
	"github.com/patchbay-gw/patchbay/core/internal/problem"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

func compile(t testing.TB, text string) *params.Checker {
	t.Helper()
	action := &manifest.Action{Name: "test"}
	if text != "" {
		s, issues := schema.Parse([]byte(text))
		if len(issues) > 0 {
			t.Fatal(issues)
		}
		action.Params = s
	}
	c, err := params.Compile(action, params.Options{Region: "RU"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	tierSchema   = `{"type":"object","required":["queue"],"properties":{"queue":{"type":"string","maxLength":64}}}`
	addSchema    = `{"type":"object","required":["called_number","caller_number","sip"],"properties":{"called_number":{"type":"string","format":"dial"},"caller_number":{"type":"string","format":"dial"},"sip":{"type":"string","pattern":"^[a-zA-Z0-9_.-]{1,64}$"}}}`
	smsSchema    = `{"type":"object","required":["phone","message"],"properties":{"phone":{"type":"string","format":"phone"},"message":{"type":"string","maxLength":2000,"x-multiline":true},"originator":{"type":"string"},"project_id":{"type":"string"},"session_id":{"type":"string"}}}`
	reportSchema = `{"type":"object","required":["start_date","stop_date"],"properties":{"start_date":{"type":"string","format":"date-or-time"},"stop_date":{"type":"string","format":"date-or-time"},"limit":{"type":"integer","minimum":1,"maximum":100000,"default":10000},"format":{"type":"string","enum":["json","csv","xlsx"],"default":"json"},"extended":{"type":"boolean"},"ratio":{"type":"number","maximum":1}}}`
	cdrSchema    = `{"type":"object","required":["id"],"properties":{"id":{"type":"string","format":"uuid"}}}`
	deepSchema   = `{"type":"object","properties":{"filter":{"type":"object","required":["name"],"properties":{"name":{"type":"string"}}},"ids":{"type":"array","items":{"type":"integer"},"maxItems":3}}}`
)

func asJSON(t testing.TB, v abi.Value) string {
	t.Helper()
	out, err := transcode.AppendJSON(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestBody is the integrators' contract: what is accepted and becomes what, and
// what is refused with which status and text.
func TestBody(t *testing.T) {
	const js = "application/json"
	ok := func(s string) string { return "200 " + s }
	tests := []struct{ name, schema, contentType, body, want string }{
		// The rows of the manual.
		{"tier", tierSchema, js, `{"queue":"support2@default"}`, ok(`{"queue":"support2@default"}`)},
		{"tier without queue", tierSchema, js, `{}`, "419 Empty queue!"},
		{"tier without body", tierSchema, js, ``, "419 Empty queue!"},
		{"tier, not JSON", tierSchema, js, `{"queue" "x"}`, "420 Invalid JSON!"},
		{"add", addSchema, js, `{"called_number" : "89100000000","caller_number" : "1001","sip" : "1234"}`, ok(`{"called_number":"89100000000","caller_number":"1001","sip":"1234"}`)},
		{"sms", smsSchema, js, `{"phone":"89190000000","message":"Проверка работы ПО АРІ ЦОВ"}`, ok(`{"phone":"89190000000","message":"Проверка работы ПО АРІ ЦОВ"}`)},
		{"report without start", reportSchema, js, `{"stop_date":"2022-11-11"}`, "419 Empty start_date!"},
		{"report without stop", reportSchema, js, `{"start_date":"2022-11-10"}`, "419 Empty stop_date!"},
		{"report without both names the first", reportSchema, js, `{}`, "419 Empty start_date!"},
		{"report", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11"}`, ok(`{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":10000,"format":"json"}`)},

		// Empty.
		{"null", tierSchema, js, `{"queue":null}`, "419 Empty queue!"},
		{"empty text", tierSchema, js, `{"queue":""}`, "419 Empty queue!"},
		{"blank text", tierSchema, js, `{"queue":" \t\n "}`, "419 Empty queue!"},
		{"no-break spaces", tierSchema, js, `{"queue":"\u00a0\u2003"}`, "419 Empty queue!"},
		{"empty comes before invalid", reportSchema, js, `{"start_date":"nonsense"}`, "419 Empty stop_date!"},
		{"optional null", smsSchema, js, `{"phone":"89190000000","message":"x","originator":null}`, ok(`{"phone":"89190000000","message":"x"}`)},
		{"optional empty", smsSchema, js, `{"phone":"89190000000","message":"x","session_id":""}`, ok(`{"phone":"89190000000","message":"x"}`)},
		{"optional empty takes the default", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":"","format":null}`, ok(`{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":10000,"format":"json"}`)},

		// Not a JSON object.
		{"array", tierSchema, js, `[{"queue":"x"}]`, "420 Invalid JSON!"},
		{"text", tierSchema, js, `"queue"`, "420 Invalid JSON!"},
		{"null body", tierSchema, js, `null`, "420 Invalid JSON!"},
		{"number", tierSchema, js, `1`, "420 Invalid JSON!"},
		{"cut", tierSchema, js, `{"queue":"x"`, "420 Invalid JSON!"},
		{"two objects", tierSchema, js, `{"queue":"x"}{"queue":"y"}`, "420 Invalid JSON!"},
		{"key twice", tierSchema, js, `{"queue":"x","queue":"y"}`, "420 Invalid JSON!"},
		{"key twice by escape", tierSchema, js, `{"queue":"x","q\u0075eue":"y"}`, "420 Invalid JSON!"},
		{"invalid UTF-8", tierSchema, js, "{\"queue\":\"\xff\"}", "420 Invalid JSON!"},
		{"lone surrogate", tierSchema, js, `{"queue":"\ud800"}`, "420 Invalid JSON!"},
		{"too deep", tierSchema, js, `{"queue":"x","y":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "420 Invalid JSON!"},
		{"number out of range", tierSchema, js, `{"queue":1e999}`, "420 Invalid JSON!"},
		{"form text", tierSchema, "application/x-www-form-urlencoded", `queue=x`, "420 Invalid JSON!"},
		{"garbage without parameters", "", js, `nonsense`, "420 Invalid JSON!"},

		// Content types.
		{"no type", tierSchema, "", `{"queue":"x"}`, ok(`{"queue":"x"}`)},
		{"charset", tierSchema, "application/json; charset=utf-8", `{"queue":"x"}`, ok(`{"queue":"x"}`)},
		{"JSON as a form", tierSchema, "application/x-www-form-urlencoded", `{"queue":"x"}`, ok(`{"queue":"x"}`)},
		{"JSON as text", tierSchema, "text/plain", `{"queue":"x"}`, ok(`{"queue":"x"}`)},
		{"broken type", tierSchema, ";;;", `{"queue":"x"}`, ok(`{"queue":"x"}`)},
		{"multipart", tierSchema, "multipart/form-data; boundary=x", `{"queue":"x"}`, "415 Unsupported content type!"},
		{"multipart in capitals", tierSchema, "Multipart/Mixed", `{"queue":"x"}`, "415 Unsupported content type!"},
		{"broken multipart", tierSchema, "multipart/form-data; boundary", `{"queue":"x"}`, "415 Unsupported content type!"},
		{"byte order mark", tierSchema, js, "\xef\xbb\xbf{\"queue\":\"x\"}", ok(`{"queue":"x"}`)},
		{"blank body", "", js, " \r\n", ok(`{}`)},

		// Unknown parameters and order.
		{"unknown", tierSchema, js, `{"z":1,"queue":"x","a":{"queue":"y"}}`, ok(`{"queue":"x"}`) + " unknown z,a"},
		{"no parameters at all", "", js, `{"a":1}`, ok(`{}`) + " unknown a"},
		{"another case is unknown", tierSchema, js, `{"Queue":"x"}`, "419 Empty queue!"},
		{"schema order", addSchema, js, `{"sip":"1234","caller_number":"1001","called_number":"112"}`, ok(`{"called_number":"112","caller_number":"1001","sip":"1234"}`)},

		// Coercion.
		{"number as text", tierSchema, js, `{"queue":1111}`, ok(`{"queue":"1111"}`)},
		{"large number as text", tierSchema, js, `{"queue":18446744073709551615}`, ok(`{"queue":"18446744073709551615"}`)},
		{"phone as a number", smsSchema, js, `{"phone":89190000000,"message":5}`, ok(`{"phone":"89190000000","message":"5"}`)},
		{"fraction as text", tierSchema, js, `{"queue":1.5}`, "422 Invalid queue!"},
		{"exponent as text", tierSchema, js, `{"queue":1e3}`, "422 Invalid queue!"},
		{"boolean as text", tierSchema, js, `{"queue":true}`, "422 Invalid queue!"},
		{"array as text", tierSchema, js, `{"queue":["x"]}`, "422 Invalid queue!"},
		{"object as text", tierSchema, js, `{"queue":{"$ne":""}}`, "422 Invalid queue!"},
		{"text as number", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":"50","extended":"true","ratio":"0.5"}`, ok(`{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":50,"format":"json","extended":true,"ratio":0.5}`)},
		{"whole float and numeric booleans", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":50.0,"extended":0}`, ok(`{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":50,"format":"json","extended":false}`)},
		{"limit is text", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":"many"}`, "422 Invalid limit!"},
		{"limit is a fraction", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":1.5}`, "422 Invalid limit!"},
		{"limit below", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":0}`, "422 Invalid limit!"},
		{"limit above, as text", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":"100001"}`, "422 Invalid limit!"},
		{"limit beyond int64", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":18446744073709551615}`, "422 Invalid limit!"},
		{"limit is a boolean", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":true}`, "422 Invalid limit!"},
		{"ratio is hexadecimal", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","ratio":"0x1p-2"}`, "422 Invalid ratio!"},
		{"ratio is not a number", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","ratio":"nan"}`, "422 Invalid ratio!"},
		{"ratio overflows", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","ratio":"1e999"}`, "422 Invalid ratio!"},
		{"boolean is a word", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","extended":"yes"}`, "422 Invalid extended!"},
		{"boolean is two", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","extended":2}`, "422 Invalid extended!"},
		{"outside the list", reportSchema, js, `{"start_date":"2022-11-10","stop_date":"2022-11-11","format":"pdf"}`, "422 Invalid format!"},

		// Dates.
		{"with time", reportSchema, js, `{"start_date":"2022-11-10 00:00:00","stop_date":"2022-11-11 23:59:59"}`, ok(`{"start_date":"2022-11-10 00:00:00","stop_date":"2022-11-11 23:59:59","limit":10000,"format":"json"}`)},
		{"no such day", reportSchema, js, `{"start_date":"2023-02-29","stop_date":"2023-03-01"}`, "422 Invalid start_date!"},
		{"Russian order", reportSchema, js, `{"start_date":"10.11.2022","stop_date":"11.11.2022"}`, "422 Invalid start_date!"},
		{"injected", reportSchema, js, `{"start_date":"2022-11-10' OR '1","stop_date":"2022-11-11"}`, "422 Invalid start_date!"},

		// Control characters and identifiers.
		{"NUL", tierSchema, js, `{"queue":"a\u0000b"}`, "422 Invalid queue!"},
		{"line break", tierSchema, js, `{"queue":"a\nb"}`, "422 Invalid queue!"},
		{"DEL", tierSchema, js, `{"queue":"a\u007fb"}`, "422 Invalid queue!"},
		{"C1", tierSchema, js, `{"queue":"a\u0085b"}`, "422 Invalid queue!"},
		{"no-break space is no control", tierSchema, js, `{"queue":"a\u00a0b"}`, ok("{\"queue\":\"a\u00a0b\"}")},
		{"line break in multiline", smsSchema, js, `{"phone":"89190000000","message":"a\r\n\tb"}`, ok(`{"phone":"89190000000","message":"a\r\n\tb"}`)},
		{"NUL in multiline", smsSchema, js, `{"phone":"89190000000","message":"a\u0000"}`, "422 Invalid message!"},
		{"escape in multiline", smsSchema, js, `{"phone":"89190000000","message":"\u001b[0m"}`, "422 Invalid message!"},
		{"too long", tierSchema, js, `{"queue":"` + strings.Repeat("я", 65) + `"}`, "422 Invalid queue!"},
		{"longest", tierSchema, js, `{"queue":"` + strings.Repeat("я", 64) + `"}`, ok(`{"queue":"` + strings.Repeat("я", 64) + `"}`)},
		{"call id", cdrSchema, js, `{"id":"87e64143-758c-4f9b-b990-e06613a3d7d2"}`, ok(`{"id":"87e64143-758c-4f9b-b990-e06613a3d7d2"}`)},
		{"call id with a path", cdrSchema, js, `{"id":"../../etc/passwd"}`, "422 Invalid id!"},
		{"call id with a tail", cdrSchema, js, `{"id":"87e64143-758c-4f9b-b990-e06613a3d7d2\n"}`, "422 Invalid id!"},
		{"sip with a bar", addSchema, js, `{"called_number":"112","caller_number":"1","sip":"1234|x"}`, "422 Invalid sip!"},

		// Nested values.
		{"nested", deepSchema, js, `{"filter":{"name":"x","y":1},"ids":[1,2]}`, ok(`{"filter":{"name":"x","y":1},"ids":[1,2]}`)},
		{"nested missing is invalid", deepSchema, js, `{"filter":{}}`, "422 Invalid filter!"},
		{"nested control", deepSchema, js, `{"filter":{"name":"a\u0000"}}`, "422 Invalid filter!"},
		{"nested control in a key", deepSchema, js, `{"filter":{"name":"a","b\u0000":1}}`, "422 Invalid filter!"},
		{"array element", deepSchema, js, `{"ids":[1,"x"]}`, "422 Invalid ids!"},
		{"array too long", deepSchema, js, `{"ids":[1,2,3,4]}`, "422 Invalid ids!"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := compile(t, tt.schema)
			prefix := []byte("kept")
			r, p := c.Body(prefix, []byte(tt.body), tt.contentType)
			if got := outcome(t, r, p); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if p == nil && !strings.HasPrefix(string(r.Buffer), "kept") {
				t.Error("dst was not kept")
			}
		})
	}
}

func outcome(t testing.TB, r params.Result, p *problem.Problem) string {
	t.Helper()
	if p != nil {
		if r.Params != nil || r.Derived != nil || r.Buffer != nil {
			t.Error("a refused request has a result")
		}
		return fmt.Sprintf("%d %s", p.Status, p.Text)
	}
	if err := abi.Check(r.Params); err != nil {
		t.Fatalf("Params: %v", err)
	}
	s := "200 " + asJSON(t, r.Params)
	if len(r.Unknown) > 0 {
		s += " unknown " + strings.Join(r.Unknown, ",")
	}
	return s
}

func TestQuery(t *testing.T) {
	tests := []struct{ name, schema, query, want string }{
		{"one", tierSchema, "queue=support2%40default", `200 {"queue":"support2@default"}`},
		{"none", tierSchema, "", "419 Empty queue!"},
		{"empty", tierSchema, "queue=", "419 Empty queue!"},
		{"plus is a space", tierSchema, "queue=++", "419 Empty queue!"},
		{"twice", tierSchema, "queue=a&queue=b", "422 Invalid queue!"},
		{"control", tierSchema, "queue=a%00", "422 Invalid queue!"},
		{"line break", tierSchema, "queue=a%0d%0aX: y", "422 Invalid queue!"},
		{"bad escape", tierSchema, "queue=%zz", "422 Invalid query!"},
		{"invalid UTF-8", tierSchema, "queue=%ff", "422 Invalid query!"},
		{"coerced", reportSchema, "start_date=2022-11-10&stop_date=2022-11-11+10:00:00&limit=5&extended=1&x=y", `200 {"start_date":"2022-11-10","stop_date":"2022-11-11 10:00:00","limit":5,"format":"json","extended":true} unknown x`},
		{"unknown twice", tierSchema, "queue=a&x=1&x=2", `200 {"queue":"a"} unknown x`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, p := compile(t, tt.schema).Query(nil, tt.query)
			if got := outcome(t, r, p); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestPhone(t *testing.T) {
	c := compile(t, smsSchema)
	tests := []struct{ in, params, derived string }{
		{"89190000000", "89190000000", "+79190000000 RU mobile"},
		{"9190000000", "9190000000", "+79190000000 RU mobile"},
		{"+7 (919) 000-00-00", "+7 (919) 000-00-00", "+79190000000 RU mobile"},
		{"8.919.000.00.00", "8.919.000.00.00", "+79190000000 RU mobile"},
		{"٨٩١٩٠٠٠٠٠٠٠", "89190000000", "+79190000000 RU mobile"},
		{"＋７９１９０００００００", "+79190000000", "+79190000000 RU mobile"},
		{"+7\u00a0919\u00a0000\u201100\u201100", "+7 919 000-00-00", "+79190000000 RU mobile"},
		{"84992166361", "84992166361", "+74992166361 RU fixed_line"},
		{"88005553535", "88005553535", "+78005553535 RU toll_free"},
		{"87012345678", "87012345678", "+77012345678 KZ mobile"}, // +7 is not Russia alone
		{"+49 30 901820", "+49 30 901820", "+4930901820 DE fixed_line"},
		{"1001", "", ""}, {"112", "", ""}, {"31001", "", ""}, // extensions are no telephone numbers
		{"+79190000000;fs_path=x", "", ""}, {"79190000000,79190000001", "", ""}, {"tel:+79190000000", "", ""},
		{"+7919000000a", "", ""}, {"8919000000O", "", ""}, {"+7919+0000000", "", ""}, {"++79190000000", "", ""},
		{"7919000000000000000000", "", ""}, {"()-. ", "", ""}, {"+", "", ""}, {"89190000000 доб. 5", "", ""}, {"89190000000x5", "", ""},
		{"89190000000\u0000", "", ""}, {"89190000000\n", "", ""}, {"00000000000", "", ""}, {"१२३", "", ""}, {"&system(id)", "", ""},
	}
	for _, tt := range tests {
		body, err := transcode.FromAny(nil, map[string]any{"phone": tt.in, "message": "x"})
		if err != nil {
			t.Fatal(err)
		}
		r, p := c.Body(nil, []byte(asJSON(t, body)), "")
		if tt.params == "" {
			if p == nil || p.Text != "Invalid phone!" || p.Status != 422 {
				t.Errorf("%q: got %v %s, want Invalid phone!", tt.in, p, r.Params)
			} else if strings.Contains(p.Text, tt.in) {
				t.Errorf("%q: the text quotes the value", tt.in)
			}
			continue
		}
		if p != nil {
			t.Errorf("%q: %v", tt.in, p)
			continue
		}
		d := r.Derived.Get("phone")
		got := d.Get("e164").String() + " " + d.Get("region").String() + " " + d.Get("type").String()
		if got != tt.derived || r.Params.Get("phone").String() != tt.params {
			t.Errorf("%q: got %q, %q; want %q, %q", tt.in, r.Params.Get("phone"), got, tt.params, tt.derived)
		}
		if err := abi.Check(r.Derived); err != nil {
			t.Errorf("%q: Derived: %v", tt.in, err)
		}
	}
}

func TestDial(t *testing.T) {
	c := compile(t, addSchema)
	for in, want := range map[string]string{
		"112": "112", "1001": "1001", "*98#": "*98#", "+7 (910) 000-00-00": "+79100000000", "８９１０": "8910",
		strings.Repeat("1", 32): strings.Repeat("1", 32),
		strings.Repeat("1", 33): "", "1234\n": "", "1234\r\napi system": "", "89100000000 &system(id)": "", "${system id}": "", "1,2": "",
		"1|2": "", "sofia/gateway/x/1": "", "1001 XML default": "", "{a=b}1001": "", "[a=b]1": "", "1;fs_path=x": "", "1:_:2": "",
		"-": "", "abc": "", "1001'": "", "1001\\": "", "1001@default": "", "\u200b1001": "",
	} {
		body, err := transcode.FromAny(nil, map[string]any{"called_number": in, "caller_number": "1001", "sip": "1234"})
		if err != nil {
			t.Fatal(err)
		}
		r, p := c.Body(nil, []byte(asJSON(t, body)), "")
		switch {
		case want == "" && (p == nil || p.Status != 422 || p.Text != "Invalid called_number!"):
			t.Errorf("%q: accepted as %s, %v", in, r.Params, p)
		case want != "" && (p != nil || r.Params.Get("called_number").String() != want):
			t.Errorf("%q: got %q, %v; want %q", in, r.Params.Get("called_number"), p, want)
		}
	}
}

func TestUnknownNamesAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"queue":"x"`)
	for i := range 100 {
		fmt.Fprintf(&b, `,"\u0000%03d%s":1`, i, strings.Repeat("я", 500))
	}
	b.WriteString("}")
	r, p := compile(t, tierSchema).Body(nil, []byte(b.String()), "")
	if p != nil || len(r.Unknown) != 32 {
		t.Fatalf("%d names, %v", len(r.Unknown), p)
	}
	for _, name := range r.Unknown {
		if utf8.RuneCountInString(name) != 64 || !strings.HasPrefix(name, "\ufffd") {
			t.Fatalf("name %q", name)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	list, issues := schema.Parse([]byte(`{"type":"array"}`))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	if _, err := params.Compile(&manifest.Action{Name: "a", Params: list}, params.Options{}); err == nil {
		t.Error("an array schema was accepted")
	}
	if _, err := params.Compile(&manifest.Action{Name: "a"}, params.Options{Region: "XX"}); err == nil {
		t.Error("an unknown region was accepted")
	}
	if _, err := params.Compile(&manifest.Action{Name: "a"}, params.Options{}); err != nil {
		t.Errorf("the default region: %v", err)
	}
}

func TestManyParameters(t *testing.T) {
	var props []string
	for i := range 60 {
		props = append(props, fmt.Sprintf(`"p%d":{"type":"string"}`, i))
	}
	c := compile(t, `{"type":"object","properties":{`+strings.Join(props, ",")+`}}`)
	r, p := c.Body(nil, []byte(`{"p59":"z","p0":"a"}`), "")
	if got := outcome(t, r, p); got != `200 {"p0":"a","p59":"z"}` {
		t.Error(got)
	}
}

// TestResultsAreIndependent: requests share pooled buffers, results must not.
func TestResultsAreIndependent(t *testing.T) {
	c := compile(t, smsSchema)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			var kept []params.Result
			for n := range 100 {
				r, p := c.Body(nil, fmt.Appendf(nil, `{"phone":"8919000%04d","message":"%d"}`, i*100+n, n), "")
				if p != nil {
					t.Error(p)
					return
				}
				kept = append(kept, r)
			}
			for n, r := range kept {
				if r.Params.Get("message").String() != fmt.Sprint(n) || r.Derived.Path("phone.e164").String() != fmt.Sprintf("+7919000%04d", i*100+n) {
					t.Errorf("result %d changed: %s", n, asJSON(t, r.Params))
					return
				}
			}
		})
	}
	wg.Wait()
}

// FuzzBody: no panic, and what is accepted is well-formed, satisfies the schema
// and is accepted again as the same.
func FuzzBody(f *testing.F) {
	for _, s := range []string{`{"phone":"89190000000","message":"x"}`, `{"phone":89190000000,"message":null}`, `{}`, `[`, "\xff", `{"phone":"+7٩","message":"\u0000"}`} {
		f.Add([]byte(s), "application/json")
	}
	c := compile(f, smsSchema)
	s, _ := schema.Parse([]byte(smsSchema))
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		r, p := c.Body(nil, body, contentType)
		if p != nil {
			if !slices.Contains([]int{415, 419, 420, 422}, p.Status) {
				t.Fatalf("status %d", p.Status)
			}
			return
		}
		if err := abi.Check(r.Params); err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(r.Params); err != nil {
			t.Fatalf("%s: %v", asJSON(t, r.Params), err)
		}
		again, p := c.Body(nil, []byte(asJSON(t, r.Params)), "")
		if p != nil || string(again.Params) != string(r.Params) || string(again.Derived) != string(r.Derived) {
			t.Fatalf("%s became %s, %v", asJSON(t, r.Params), asJSON(t, again.Params), p)
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("start_date=2022-11-10&stop_date=2022-11-11&limit=5")
	f.Add("start_date=%zz")
	c := compile(f, reportSchema)
	s, _ := schema.Parse([]byte(reportSchema))
	f.Fuzz(func(t *testing.T, query string) {
		r, p := c.Query(nil, query)
		if p != nil {
			return
		}
		if err := s.Validate(r.Params); err != nil {
			t.Fatalf("%s: %v", asJSON(t, r.Params), err)
		}
	})
}

func benchmark(b *testing.B, schema, body string) {
	c := compile(b, schema)
	dst := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		if _, p := c.Body(dst, []byte(body), "application/json"); p != nil {
			b.Fatal(p)
		}
	}
}

func BenchmarkTier(b *testing.B) { benchmark(b, tierSchema, `{"queue":"support2@default"}`) }
func BenchmarkAdd(b *testing.B) {
	benchmark(b, addSchema, `{"called_number":"89100000000","caller_number":"1001","sip":"1234"}`)
}
func BenchmarkSMS(b *testing.B) {
	benchmark(b, smsSchema, `{"phone":"89190000000","message":"Проверка работы ПО АРІ ЦОВ"}`)
}
