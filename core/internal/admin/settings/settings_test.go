package settings_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/admin/settings"
	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

const form = `{
	"type": "object",
	"required": ["url"],
	"properties": {
		"url": {"type": "string", "format": "uri"},
		"count": {"type": "integer", "minimum": 1},
		"password": {"type": "string", "x-secret": true},
		"nested": {"type": "object", "properties": {"key": {"type": "string", "x-secret": true}, "open": {"type": "string"}}},
		"routes": {"type": "array", "items": {"type": "object", "required": ["name"], "properties": {
			"name": {"type": "string"}, "to": {"type": "string"}, "token": {"type": "string", "x-secret": true}
		}}},
		"plain": {"type": "array", "items": {"type": "object", "properties": {
			"to": {"type": "string"}, "token": {"type": "string", "x-secret": true}
		}}},
		"access": {"oneOf": [
			{"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "const": "basic"}, "secret": {"type": "string", "x-secret": true}}},
			{"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string", "const": "token"}, "secret": {"type": "string", "x-secret": true}}}
		]}
	},
	"additionalProperties": false
}`

func compile(t testing.TB, text string) *schema.Schema {
	t.Helper()
	s, issues := schema.Parse([]byte(text))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	return s
}

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	raw, err := transcode.FromJSON(nil, []byte(text), transcode.Options{})
	if err != nil {
		t.Fatal(err)
	}
	v, err := transcode.ToAny(raw)
	if err != nil {
		t.Fatal(err)
	}
	return v.(map[string]any)
}

func TestHide(t *testing.T) {
	values := `{"url":"http://a.example","password":"p","nested":{"key":"k","open":"o"},"routes":[{"name":"n","token":"t"},{"name":"m"}],"access":{"kind":"basic","secret":"s"}}`
	want := `{"access":{"kind":"basic","secret":{"set":true}},"nested":{"key":{"set":true},"open":"o"},"password":{"set":true},"routes":[{"name":"n","token":{"set":true}},{"name":"m"}],"url":"http://a.example"}`
	in := object(t, values)
	got, err := json.Marshal(settings.Hide(compile(t, form), in))
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	if !reflect.DeepEqual(in, object(t, values)) {
		t.Error("the values were changed")
	}
	// Where nothing is known about the values, nothing is shown of them.
	for name, s := range map[string]*schema.Schema{"no schema": nil, "no branch": compile(t, form).Property("access")} {
		got, _ := json.Marshal(settings.Hide(s, map[string]any{"secret": "s", "kind": "other"}))
		if string(got) != `{"kind":{"set":true},"secret":{"set":true}}` {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestMerge(t *testing.T) {
	s := compile(t, form)
	for name, c := range map[string]struct{ old, given, want string }{
		"left out":         {`{"url":"a","password":"p","count":1}`, `{"url":"b"}`, `{"url":"b","password":"p"}`},
		"as it was shown":  {`{"password":"p"}`, `{"password":{"set":true}}`, `{"password":"p"}`},
		"never was":        {`{}`, `{"password":{"set":true}}`, `{}`},
		"replaced":         {`{"password":"p"}`, `{"password":"q"}`, `{"password":"q"}`},
		"removed":          {`{"password":"p","count":1}`, `{"password":null,"count":null}`, `{}`},
		"emptied":          {`{"password":"p"}`, `{"password":""}`, `{}`},
		"nested":           {`{"nested":{"key":"k","open":"o"}}`, `{"nested":{"open":"x"}}`, `{"nested":{"open":"x","key":"k"}}`},
		"nested and gone":  {`{"nested":{"key":"k"}}`, `{}`, `{}`},
		"by name":          {`{"routes":[{"name":"a","token":"1"},{"name":"b","token":"2"}]}`, `{"routes":[{"name":"b","to":"x"},{"name":"c"}]}`, `{"routes":[{"name":"b","to":"x","token":"2"},{"name":"c"}]}`},
		"by what is open":  {`{"plain":[{"to":"a","token":"1"},{"to":"b","token":"2"}]}`, `{"plain":[{"to":"b","token":{"set":true}},{"to":"c","token":{"set":true}}]}`, `{"plain":[{"to":"b","token":"2"},{"to":"c"}]}`},
		"another branch":   {`{"access":{"kind":"basic","secret":"s"}}`, `{"access":{"kind":"token"}}`, `{"access":{"kind":"token"}}`},
		"the same branch":  {`{"access":{"kind":"basic","secret":"s"}}`, `{"access":{"kind":"basic"}}`, `{"access":{"kind":"basic","secret":"s"}}`},
		"unknown settings": {`{}`, `{"colour":"red"}`, `{"colour":"red"}`},
	} {
		got := settings.Merge(s, object(t, c.old), object(t, c.given))
		if !settings.Equal(got, object(t, c.want)) {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	s := compile(t, form)
	for name, c := range map[string]struct {
		values string
		want   []string
	}{
		"good":    {`{"url":"http://a.example","routes":[{"name":"n"}]}`, nil},
		"missing": {`{}`, []string{"/url"}},
		"blank":   {`{"url":" "}`, []string{"/url"}},
		"all of them": {`{"url":"no","count":0,"nested":{"open":1},"routes":[{},{"name":"n","to":2}],"colour":"red"}`,
			[]string{"/url", "/count", "/nested/open", "/routes/0/name", "/routes/1/to", "/colour"}},
		"type":      {`{"url":"http://a.example","routes":{}}`, []string{"/routes"}},
		"branch":    {`{"url":"http://a.example","access":{"kind":"none"}}`, []string{"/access/kind"}},
		"no branch": {`{"url":"http://a.example","access":{}}`, []string{"/access/kind"}},
	} {
		var got []string
		for _, v := range settings.Check(s, object(t, c.values)) {
			got = append(got, v.Pointer)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if got := settings.Check(nil, map[string]any{"a": 1}); len(got) != 1 {
		t.Errorf("without a schema: %v", got)
	}
}

// TestASecretThatIsNotThereIsSaid: a document of another gateway shows secrets that
// this one has never seen.
func TestASecretThatIsNotThereIsSaid(t *testing.T) {
	s := compile(t, form)
	for name, c := range map[string]struct {
		old, given string
		want       []string
	}{
		"kept":                {`{"password":"p","nested":{"key":"k"}}`, `{"url":"http://a.example","password":{"set":true},"nested":{"key":{"set":true}}}`, nil},
		"left out":            {`{}`, `{"url":"http://a.example"}`, nil},
		"never was":           {`{}`, `{"url":"http://a.example","password":{"set":true}}`, []string{"secret.lost /password"}},
		"deep":                {`{"nested":{"open":"o"}}`, `{"url":"http://a.example","nested":{"key":{"set":true}}}`, []string{"secret.lost /nested/key"}},
		"of another element":  {`{"routes":[{"name":"a","token":"t"}]}`, `{"url":"http://a.example","routes":[{"name":"a","token":{"set":true}},{"name":"b","token":{"set":true}}]}`, []string{"secret.lost /routes/1/token"}},
		"of another branch":   {`{"access":{"kind":"basic","secret":"s"}}`, `{"url":"http://a.example","access":{"kind":"token","secret":{"set":true}}}`, []string{"secret.lost /access/secret"}},
		"no place for a list": {`{}`, `{"url":"http://a.example","routes":["x"]}`, []string{"type /routes/0"}},
		"with other mistakes": {`{}`, `{"count":0,"password":{"set":true}}`, []string{"secret.lost /password", "required /url", "minimum /count"}},
	} {
		old, given := object(t, c.old), object(t, c.given)
		var got []string
		for _, v := range settings.CheckMerged(s, old, given, settings.Merge(s, old, given)) {
			got = append(got, v.Code+" "+v.Pointer)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestReplaced(t *testing.T) {
	s := compile(t, form)
	got := settings.Replaced(s, object(t, `{"url":"a","password":"p","nested":{"key":"k"}}`), object(t, `{"url":"b","password":"q","nested":{"key":"k"}}`))
	if !reflect.DeepEqual(got, []string{"password"}) {
		t.Errorf("%q", got)
	}
}

// FuzzSettings: whatever is sent, no secret comes out of Hide, and Check agrees
// with the schema.
func FuzzSettings(f *testing.F) {
	for _, seed := range []string{
		`{"url":"http://a.example","password":"SECRET"}`, `{"access":{"kind":"basic","secret":"SECRET"}}`, `{"access":{"kind":1,"secret":"SECRET"}}`,
		`{"routes":[{"name":"n","token":"SECRET"}]}`, `{"password":{"a":"SECRET"}}`, `{"password":["SECRET"]}`, `{"routes":[["SECRET"]]}`,
	} {
		f.Add(seed, seed)
	}
	s := compile(f, form)
	f.Fuzz(func(t *testing.T, oldText, newText string) {
		read := func(text string) map[string]any {
			raw, err := transcode.FromJSON(nil, []byte(text), transcode.Options{})
			if err != nil {
				t.Skip()
			}
			v, err := transcode.ToAny(raw)
			m, ok := v.(map[string]any)
			if err != nil || !ok {
				t.Skip()
			}
			return m
		}
		old, given := read(oldText), read(newText)
		merged := settings.Merge(s, old, given)
		raw, err := transcode.FromAny(nil, merged)
		if err != nil {
			t.Fatal(err)
		}
		if good := s.Validate(s.WithDefaults(raw)) == nil; good != (settings.Check(s, merged) == nil) {
			t.Errorf("Check and the schema disagree about %v", merged)
		}
		if p, ok := merged["password"].(string); ok && len(p) > 8 {
			shown, err := json.Marshal(settings.Hide(s, map[string]any{"password": p}))
			if err != nil || strings.Contains(string(shown), p) {
				t.Errorf("shown: %s %v", shown, err)
			}
		}
	})
}
