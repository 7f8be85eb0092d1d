package template_test

import (
	"encoding/json"
	"encoding/xml"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// scope has two names and a few settings.
func scope() template.Scope {
	var values abi.Object
	values.Str("region", "R&D").Int("n", 5)
	var o abi.Object
	o.Str("password", `p"&<{message}`).Set("values", values.Value()).Str("line", "a\r\nb").Str("empty", "").Bool("on", true)
	return template.Scope{Settings: o.Value(), Names: []string{"message", "phone"}}
}

func render(t *testing.T, text string, c template.Context, message string) string {
	t.Helper()
	compiled, err := scope().Compile("body", text, c)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	got, err := compiled.Render(template.Values{"message": message, "phone": "+79190000000"})
	if err != nil {
		t.Fatalf("%s with %q: %v", text, message, err)
	}
	return got
}

// hostile values try to leave their place or to be looked at again.
var hostile = []string{
	"", "plain", "Привет 😀", `"`, `\`, `\"`, "\n", "\r\nX: y", "\x00\x1f\x7f", "{message}", "{settings.password}", "{{phone}}", "{", "}",
	`","admin":true,"x":"`, "&admin=1", "a=b&c=d", "?x#y", "../../etc", "%0d%0a", "+", " ", "</sms><sms>", "]]>", "<!--", "&lt;", "'", "\u2028",
	"\xff\xfe", "\ufffe", strings.Repeat("я", 2000),
}

func TestHostileValuesInJSON(t *testing.T) {
	for _, s := range hostile {
		got := render(t, `{"to": "{phone}", "text": "{message}", "twice": ["x{message}y"]}`, template.JSON, s)
		var v struct {
			To, Text string
			Twice    []string
		}
		dec := json.NewDecoder(strings.NewReader(got))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&v); err != nil {
			t.Errorf("%q: %v in %s", s, err, got)
			continue
		}
		want := strings.ToValidUTF8(s, "\ufffd")
		if !utf8.ValidString(s) {
			want = v.Text // each bad byte becomes one U+FFFD; the shape is what counts
		}
		if v.Text != want || v.To != "+79190000000" || len(v.Twice) != 1 || v.Twice[0] != "x"+want+"y" {
			t.Errorf("%q became %+v", s, v)
		}
	}
}

func TestHostileValuesInURLs(t *testing.T) {
	for _, s := range hostile {
		if s == "" { // not in a path: TestPathSegments
			continue
		}
		got := render(t, "https://sms.example:8080/v1/x{message}?to={phone}&text={message}&end=1#f{message}", template.URL, s)
		u, err := url.Parse(got)
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil || len(q) != 3 || q.Get("text") != s || q.Get("to") != "+79190000000" || q.Get("end") != "1" ||
			u.Host != "sms.example:8080" || u.Path != "/v1/x"+s || strings.Count(u.EscapedPath(), "/") != 2 {
			t.Errorf("%q became %s", s, got)
		}
	}
}

func TestHostileValuesInXML(t *testing.T) {
	for _, s := range hostile {
		got := render(t, `<?xml version="1.0"?><sms to="{phone}" text='{message}'><text>{message}</text></sms>`, template.XML, s)
		var v struct {
			To    string `xml:"to,attr"`
			Attr  string `xml:"text,attr"`
			Text  string `xml:"text"`
			Other []struct {
				XMLName xml.Name
			} `xml:",any"`
		}
		if err := xml.Unmarshal([]byte(got), &v); err != nil {
			t.Errorf("%q: %v in %s", s, err, got)
			continue
		}
		if v.To != "+79190000000" || len(v.Other) > 0 || v.Attr != v.Text {
			t.Errorf("%q became %+v", s, v)
		}
		if !strings.ContainsAny(s, "\x00\x1f\ufffe") && utf8.ValidString(s) && v.Text != s {
			t.Errorf("%q became %q", s, v.Text)
		}
	}
}

func TestPlainTextStays(t *testing.T) {
	for _, s := range hostile {
		if got := render(t, "to {phone}: {message}.", template.Text, s); got != "to +79190000000: "+s+"." {
			t.Errorf("%q became %q", s, got)
		}
	}
}

func TestHeaders(t *testing.T) {
	compiled, err := scope().Compile("headers.X", "a {message}", template.Header)
	if err != nil {
		t.Fatal(err)
	}
	for message, ok := range map[string]bool{"x": true, "Привет": true, "tab\t": true, "\n": false, "\r": false, "\x00": false, "\x7f": false} {
		if _, err := compiled.Render(template.Values{"message": message}); (err == nil) != ok {
			t.Errorf("%q: %v", message, err)
		}
	}
}

func TestSettingsAreFilledInOnce(t *testing.T) {
	if got, want := render(t, `{"p":"{settings.password}","r":"{settings.values.region}","n":{settings.values.n},"on":"{settings.on}"}`, template.JSON, "x"),
		`{"p":"p\"&<{message}","r":"R&D","n":5,"on":"true"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := render(t, "http://h/?r={settings.values.region}&e={settings.empty}", template.URL, "x"), "http://h/?r=R%26D&e="; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTextThatIsNoPlaceholder(t *testing.T) {
	for _, text := range []string{"", "{", "}", "{}", "{ message }", "{1}", "{a b}", "{message", "message}", `{"a":{"b":{}}}`, "{-}", "}{"} {
		if got := render(t, text, template.Text, "x"); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := render(t, "{{}{message}}", template.Text, "x"); got != "{{}x}" {
		t.Errorf("got %q", got)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		text    string
		context template.Context
		want    string
	}{
		{"{mesage}", template.Text, "body: unknown placeholder {mesage}; known are {message}, {phone} and {settings.…}"},
		{"{{message}}", template.Text, "body: write {message} with single braces"},
		{"{settings.none}", template.Text, "body: {settings.none} names a setting that has no value"},
		{"{settings.values}", template.Text, "body: {settings.values} names a setting that is not a single value"},
		{"{settings.line}", template.Header, "body: {settings.line} has a control character"},
		{"{message}", template.URL, "body: {message} may not stand in the scheme or the host"},
		{"http{message}://h/", template.URL, "may not stand in the scheme"},
		{"https://{message}/", template.URL, "may not stand in the scheme or the host"},
		{"https://h{message}", template.URL, "may not stand in the scheme or the host"},
		{"https://h:{settings.values.n}/", template.URL, "may not stand in the scheme or the host"},
		{"https://u:{settings.password}@h/", template.URL, "may not stand in the scheme or the host"},
		{"https://u@h/", template.URL, "unusable character"},
		{"ftp://h/{message}", template.URL, "begins with http:// or https://"},
		{"//h/{message}", template.URL, "may not stand in the scheme or the host"},
		{"https:///x", template.URL, "begins with http:// or https:// and a host"},
		{"", template.URL, "begins with http:// or https://"},
		{"https://h/a b", template.URL, "no spaces"},
		{"https://h/\r\n", template.URL, "no spaces and control characters"},
		{`{"a": "{message}"`, template.JSON, "not well-formed JSON after"},
		{`{"a": "{message}",}`, template.JSON, "not well-formed JSON after"},
		{`{"a": '{message}'}`, template.JSON, "not well-formed JSON after"},
		{`{"a": "\{message}"}`, template.JSON, "stands behind a backslash"},
		{`{"a": {settings.password}}`, template.JSON, "stands outside quotes and its value is not a number"},
		{``, template.JSON, "not well-formed JSON"},
		{strings.Repeat("[", 100) + strings.Repeat("]", 100), template.JSON, "not well-formed JSON"},
		{`<a {message}="x"/>`, template.XML, "may stand between tags"},
		{`<{message}/>`, template.XML, "may stand between tags"},
		{`<a b={message}/>`, template.XML, "may stand between tags"},
		{`<!-- {message} -->`, template.XML, "may stand between tags"},
		{`<![CDATA[{message}]]>`, template.XML, "may stand between tags"},
	} {
		if _, err := scope().Compile("body", c.text, c.context); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.want)
		}
	}
}

func TestNumbersOutsideQuotes(t *testing.T) {
	compiled, err := scope().Compile("body", `{"n":{message}}`, template.JSON)
	if err != nil {
		t.Fatal(err)
	}
	for s, ok := range map[string]bool{
		"0": true, "-1": true, "79190000000": true, "1.5": true, "1e9": true, "-0.1E-2": true,
		"": false, "01": false, "+1": false, "1.": false, ".5": false, "1e": false, "-": false, "1 ": false, "1,\"x\":2": false, "null": false, "0x1": false, "NaN": false, "٣": false,
	} {
		got, err := compiled.Render(template.Values{"message": s})
		if (err == nil) != ok || ok && got != `{"n":`+s+`}` {
			t.Errorf("%q: %s %v", s, got, err)
		}
	}
}

func TestPathSegments(t *testing.T) {
	compiled, err := scope().Compile("url", "https://h/{message}/x?q={message}", template.URL)
	if err != nil {
		t.Fatal(err)
	}
	for s, ok := range map[string]bool{"a": true, "...": true, ".a": true, "": false, ".": false, "..": false} {
		if got, err := compiled.Render(template.Values{"message": s}); (err == nil) != ok {
			t.Errorf("%q: %s %v", s, got, err)
		}
	}
	if !compiled.Uses("message") || compiled.Uses("phone") {
		t.Error("Uses is wrong")
	}
}

func TestAuthorization(t *testing.T) {
	settings := func(auth, login, password, key string) abi.Value {
		var o abi.Object
		return o.Str("auth", auth).Str("login", login).Str("password", password).Str("api_key", key).Value()
	}
	for _, c := range []struct {
		settings abi.Value
		want     string // "" for an error
	}{
		{settings("basic", "Aladdin", "open sesame", ""), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, // RFC 7617
		{settings("basic", "test", "123£", ""), "Authorization: Basic dGVzdDoxMjPCow=="},                       // RFC 7617
		{settings("basic", "a", "", ""), "Authorization: Basic YTo="},
		{settings("bearer", "", "", "k"), "Authorization: Bearer k"},
		{settings("none", "", "", ""), ": "},
		{settings("", "", "", ""), ": "},
		{settings("basic", "", "x", ""), ""},
		{settings("basic", "a:b", "x", ""), ""},
		{settings("bearer", "", "", ""), ""},
		{settings("bearer", "", "", "a\r\nX: y"), ""},
		{settings("magic", "", "", ""), ""},
	} {
		header, err := template.Authorization(c.settings)
		if got := header[0] + ": " + header[1]; (err != nil) != (c.want == "") || err == nil && got != c.want {
			t.Errorf("%v: got %q %v, want %q", c.settings, got, err, c.want)
		}
	}
}

func TestRequest(t *testing.T) {
	var headers, fields, o abi.Object
	headers.Str("X-To", "{phone}").Str("content-type", "application/x-custom")
	fields.Str("a b", "{message}").Str("c", "")
	o.Str("url", "https://h/").Str("body_kind", "form").Set("headers", headers.Value()).Set("fields", fields.Value())
	q, err := template.Scope{Settings: o.Value(), Names: []string{"message", "phone"}}.Request("")
	if err != nil {
		t.Fatal(err)
	}
	r, err := q.Build(template.Values{"message": "x&y=z", "phone": "+7"}, [2]string{"x-to", "no"}, [2]string{"Authorization", "B"}, [2]string{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for k, v := range r.Header.Entries() {
		got = append(got, k+"="+v.String())
	}
	if s := strings.Join(got, "|"); s != "X-To=+7|content-type=application/x-custom|Authorization=B" {
		t.Errorf("headers %s", s)
	}
	if r.Method != "POST" || r.URL != "https://h/" || string(r.Body) != "a%20b=x%26y%3Dz&c=" {
		t.Errorf("got %s %s %s", r.Method, r.URL, r.Body)
	}
}

// FuzzTemplate compiles any text in any context: a template that compiles
// renders without a panic, and JSON stays well-formed whatever the value is.
func FuzzTemplate(f *testing.F) {
	for i, text := range []string{
		`{"a":"{message}"}`, "https://h/{message}?x={phone}", "<a b='{message}'>{phone}</a>", "{message}", "{{message}}", `["\"{message}"]`, `{message}`,
	} {
		f.Add(text, hostile[i], uint8(i))
	}
	f.Fuzz(func(t *testing.T, text, value string, c uint8) {
		context := template.Context(c % 5)
		compiled, err := scope().Compile("x", text, context)
		if err != nil {
			return
		}
		got, err := compiled.Render(template.Values{"message": value, "phone": value})
		if err != nil {
			return
		}
		switch context {
		case template.JSON:
			if utf8.ValidString(text) && !json.Valid([]byte(got)) {
				t.Errorf("%q with %q gave %q", text, value, got)
			}
		case template.Header:
			if strings.Count(got, "\n") != strings.Count(text, "\n") || strings.Count(got, "\r") != strings.Count(text, "\r") {
				t.Errorf("%q with %q gave %q", text, value, got)
			}
		case template.URL:
			before, errBefore := url.Parse(strings.NewReplacer("{message}", "x", "{phone}", "x").Replace(text))
			after, err := url.Parse(got)
			if errBefore == nil && (err != nil || before.Host != after.Host || before.Scheme != after.Scheme) {
				t.Errorf("%q with %q gave %q: %v", text, value, got, err)
			}
		}
	})
}
