package app_test

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
)

// openAPI is the parsed document of the administration API.
var openAPI = sync.OnceValue(func() map[string]any {
	text, err := admin.OpenAPI()
	var d map[string]any
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return map[string]any{"error": err.Error()}
	}
	return d
})

// checkAnswer holds an answer against what the document promises.
func checkAnswer(method, path string, v any) error {
	if v == nil {
		return nil
	}
	paths, _ := openAPI()["paths"].(map[string]any)
	var best string
	for pattern := range paths {
		expression := "^" + regexp.MustCompile(`\\\{[a-z0-9]+\\\}`).ReplaceAllString(regexp.QuoteMeta(pattern), "[^/]+") + "$"
		if regexp.MustCompile(expression).MatchString(path) && (best == "" || strings.Count(pattern, "{") < strings.Count(best, "{")) {
			if methods, _ := paths[pattern].(map[string]any); methods[strings.ToLower(method)] != nil {
				best = pattern
			}
		}
	}
	if best == "" {
		return fmt.Errorf("%s %s is not documented", method, path)
	}
	a := answer{json: openAPI()}
	schema := a.at("paths", best, strings.ToLower(method), "responses", "2XX", "content", "application/json", "schema")
	if schema == nil {
		if a.at("paths", best, strings.ToLower(method), "responses", "200") != nil {
			return nil // an answer without a schema
		}
		return fmt.Errorf("%s %s answers with a body that is not documented", method, best)
	}
	return conforms(schema, v, "")
}

// conforms validates what the document uses of JSON Schema; properties that are not
// documented are mistakes, too.
func conforms(schema, v any, at string) error {
	s, _ := schema.(map[string]any)
	if ref, ok := s["$ref"].(string); ok {
		name := strings.TrimPrefix(ref, "#/components/schemas/")
		return conforms(answer{json: openAPI()}.at("components", "schemas", name), v, at)
	}
	if any, ok := s["anyOf"].([]any); ok {
		var err error
		for _, branch := range any {
			if err = conforms(branch, v, at); err == nil {
				return nil
			}
		}
		if v != nil {
			err = conforms(any[0], v, at)
		}
		return err
	}
	if s["type"] == nil {
		return nil
	}
	kinds := fmt.Sprint(s["type"])
	kind := ""
	switch v := v.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case string:
		kind = "string"
	case float64:
		kind = "number"
		if v == math.Trunc(v) && strings.Contains(kinds, "integer") {
			kind = "integer"
		}
	case []any:
		kind = "array"
		for i, e := range v {
			if err := conforms(s["items"], e, fmt.Sprint(at, "/", i)); err != nil {
				return err
			}
		}
	case map[string]any:
		kind = "object"
		properties, _ := s["properties"].(map[string]any)
		required, _ := s["required"].([]any)
		for _, name := range required {
			if _, there := v[name.(string)]; !there {
				return fmt.Errorf("%s lacks %s", at, name)
			}
		}
		for name, e := range v {
			p, known := properties[name]
			if !known {
				p = s["additionalProperties"]
				if p == nil {
					return fmt.Errorf("%s/%s is not documented", at, name)
				}
			}
			if err := conforms(p, e, at+"/"+name); err != nil {
				return err
			}
		}
	}
	if !strings.Contains(" "+strings.Trim(kinds, "[]")+" ", " "+kind+" ") {
		return fmt.Errorf("%s is %s, documented as %s", at, kind, kinds)
	}
	return nil
}

// bodiesScenario: each route takes the fields that the document names, wants those
// that it calls required, and refuses others.
func bodiesScenario(t *testing.T, r *rig) {
	before, checked := r.auditID(), 0
	for _, d := range admin.Declared() {
		if len(d.Fields) == 0 || d.Path == "/logout" {
			continue
		}
		path := strings.NewReplacer(":login", "nobody", ":id", "1", ":name", "none", ":sha256", "none", ":action", "none", ":kind", "sms").Replace(d.Path)
		token := "administrator"
		if d.Role == "" {
			token = ""
		}
		wrong := map[string]any{"no_such_field": 1}
		for _, name := range d.Fields {
			wrong[name] = map[string]any{"a": map[string]any{}} // fits an object only
			if slices.Contains([]string{"settings", "values", "json", "limits"}, name) {
				wrong[name] = 1
			}
		}
		a := r.call(token, d.Method, path, body(t, pairs(wrong)...), "If-Match", "*")
		found := fmt.Sprint(a.at("violations"))
		if a.status != 422 || strings.Count(found, "there is no such field") != 1 || !strings.Contains(found, "/no_such_field") {
			t.Errorf("%s %s: %d %s", d.Method, d.Path, a.status, a.text)
		}
		for _, name := range d.Fields {
			if !strings.Contains(found, "pointer:/"+name) {
				t.Errorf("%s %s does not read %s: %s", d.Method, d.Path, name, a.text)
			}
		}
		a = r.call(token, d.Method, path, `{}`, "If-Match", "*")
		list, _ := a.at("violations").([]any)
		var required []string
		for _, v := range list {
			if m := (answer{json: v}); m.at("message") == "is required" {
				required = append(required, strings.TrimPrefix(m.at("pointer").(string), "/"))
			}
		}
		want := slices.Sorted(slices.Values(d.Required))
		slices.Sort(required)
		if !slices.Equal(required, want) {
			t.Errorf("%s %s requires %v, documented %v: %d %s", d.Method, d.Path, required, want, a.status, a.text)
		}
		checked++
	}
	if checked < 25 {
		t.Errorf("only %d bodies were checked", checked)
	}
	if after := r.auditID(); after != before {
		t.Errorf("wrong bodies changed something: %v, %v", before, after)
	}
	if a := r.want(200, "", "GET", "/openapi.json", ""); a.at("openapi") != "3.1.0" {
		t.Errorf("%s", a.text)
	}
}

func pairs(m map[string]any) []any {
	var out []any
	for k, v := range m {
		out = append(out, k, v)
	}
	return out
}
