package manifest_test

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema"
)

// editor interprets the keywords of JSON Schema that plugin.schema.json uses. It
// is a test's own reading of the specification, apart from package schema.
type editor struct {
	root map[string]any
	used map[string]bool
}

func (e *editor) valid(s map[string]any, v any) error {
	for key, arg := range s {
		e.used[key] = true
		if err := e.keyword(s, key, arg, v); err != nil {
			return err
		}
	}
	return nil
}

func (e *editor) keyword(s map[string]any, key string, arg, v any) error {
	object, isObject := v.(map[string]any)
	array, isArray := v.([]any)
	text, isText := v.(string)
	number, isNumber := v.(float64)
	refused := fmt.Errorf("%s %v refuses %v", key, arg, v)
	switch key {
	case "$schema", "title", "description", "$defs":
	case "$ref":
		target := e.root["$defs"].(map[string]any)[strings.TrimPrefix(arg.(string), "#/$defs/")]
		return e.valid(target.(map[string]any), v)
	case "type":
		types, ok := arg.([]any)
		if !ok {
			types = []any{arg}
		}
		is := map[any]bool{"object": isObject, "array": isArray, "string": isText, "number": isNumber, "integer": isNumber && number == float64(int64(number))}
		_, is["boolean"] = v.(bool)
		if !slices.ContainsFunc(types, func(t any) bool { return is[t] }) {
			return refused
		}
	case "enum":
		if !slices.ContainsFunc(arg.([]any), func(x any) bool { return reflect.DeepEqual(x, v) }) {
			return refused
		}
	case "pattern":
		if isText && !regexp.MustCompile(arg.(string)).MatchString(text) {
			return refused
		}
	case "minLength", "maxLength":
		if n := len([]rune(text)); isText && (key == "minLength") == (n < int(arg.(float64))) && n != int(arg.(float64)) {
			return refused
		}
	case "minimum", "maximum":
		if isNumber && (key == "minimum") == (number < arg.(float64)) && number != arg.(float64) {
			return refused
		}
	case "minItems", "maxItems":
		if n := len(array); isArray && (key == "minItems") == (n < int(arg.(float64))) && n != int(arg.(float64)) {
			return refused
		}
	case "uniqueItems":
		for i := range array {
			if slices.ContainsFunc(array[:i], func(x any) bool { return reflect.DeepEqual(x, array[i]) }) {
				return refused
			}
		}
	case "items":
		for _, x := range array {
			if err := e.valid(arg.(map[string]any), x); err != nil {
				return err
			}
		}
	case "required":
		for _, name := range arg.([]any) {
			if _, ok := object[name.(string)]; isObject && !ok {
				return refused
			}
		}
	case "properties":
		for name, sub := range arg.(map[string]any) {
			if x, ok := object[name]; ok {
				if err := e.valid(sub.(map[string]any), x); err != nil {
					return err
				}
			}
		}
	case "additionalProperties":
		listed, _ := s["properties"].(map[string]any)
		for name, x := range object {
			if _, ok := listed[name]; ok {
				continue
			}
			if sub, ok := arg.(map[string]any); !ok {
				return fmt.Errorf("unknown key %q", name)
			} else if err := e.valid(sub, x); err != nil {
				return err
			}
		}
	case "anyOf":
		if !slices.ContainsFunc(arg.([]any), func(sub any) bool { return e.valid(sub.(map[string]any), v) == nil }) {
			return refused
		}
	default:
		return fmt.Errorf("the test does not know the keyword %q", key)
	}
	return nil
}

func loadEditor(t *testing.T) *editor {
	t.Helper()
	text, err := os.ReadFile("../../abi/plugin.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	e := &editor{used: map[string]bool{}}
	if err := json.Unmarshal(text, &e.root); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEditorSchemaAgrees: what the lint accepts, plugin.schema.json accepts; and
// of the lint's faults it finds those that a schema can express.
func TestEditorSchemaAgrees(t *testing.T) {
	e := loadEditor(t)
	check := func(text string) error {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		return e.valid(e.root, v)
	}
	for _, name := range []string{"module.json", "provider.json"} {
		if err := check(read(t, name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	found := 0
	for _, f := range faults {
		err := check(strings.Replace(read(t, f.file), f.from, f.to, 1))
		if (err != nil) != f.editor {
			t.Errorf("%s: the editor's schema says %v", f.name, err)
		}
		if err != nil {
			found++
		}
	}
	if found < 30 {
		t.Errorf("only %d faults found", found)
	}
}

// TestEditorSchemaLists: names that stand in both places are the same.
func TestEditorSchemaLists(t *testing.T) {
	e := loadEditor(t)
	defs := e.root["$defs"].(map[string]any)
	at := func(def string, path ...string) any {
		v := defs[def]
		for _, key := range path {
			v = v.(map[string]any)[key]
		}
		return v
	}
	var operations []string
	for _, op := range at("capability", "properties", "operations", "items", "enum").([]any) {
		operations = append(operations, op.(string))
	}
	if !slices.Equal(operations, abi.Operations()) {
		t.Errorf("operations %v", operations)
	}
	for key := range at("schema", "properties").(map[string]any) {
		_, issues := schema.Parse(fmt.Appendf(nil, `{"type":"string",%q:{}}`, key))
		if slices.ContainsFunc(issues, func(i schema.Issue) bool { return strings.Contains(i.Message, "not a keyword") }) {
			t.Errorf("the dialect has no keyword %q", key)
		}
	}
	var all map[string]any
	text, err := os.ReadFile("../schema/testdata/all.json") // holds every keyword of the dialect
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	if err := e.valid(defs["schema"].(map[string]any), all); err != nil {
		t.Errorf("all.json: %v", err)
	}
	for _, f := range at("schema", "properties", "format", "enum").([]any) {
		if _, issues := schema.Parse(fmt.Appendf(nil, `{"type":"string","format":%q}`, f)); len(issues) > 0 {
			t.Errorf("format %v: %v", f, issues)
		}
	}
}
