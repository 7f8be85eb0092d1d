package rehearsal_test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/rehearsal"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestEditorSchemaKnowsTheSameKeys compares the JSON Schema that editors use with
// the parser, which names its keys when it meets another one.
func TestEditorSchemaKnowsTheSameKeys(t *testing.T) {
	src, err := os.ReadFile("../../../sdk-plugin/abi/case.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Properties map[string]json.RawMessage `json:"properties"`
	}
	var schema struct {
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(src, &schema); err != nil {
		t.Fatal(err)
	}
	inside := func(def string, path ...string) object {
		o := schema.Defs[def]
		for _, name := range path {
			var next struct {
				object
				Items object `json:"items"`
			}
			if err := json.Unmarshal(o.Properties[name], &next); err != nil {
				t.Fatal(err)
			}
			if o = next.object; o.Properties == nil {
				o = next.Items
			}
		}
		return o
	}
	for place, c := range map[string]struct {
		text   string
		schema object
	}{
		"/zzz":                    {`{"zzz": 1}`, inside("case")},
		"/request/zzz":            {`{"request": {"zzz": 1}}`, inside("request")},
		"/upstream/0/zzz":         {`{"upstream": [{"zzz": 1}]}`, inside("case", "upstream")},
		"/upstream/0/request/zzz": {`{"upstream": [{"request": {"zzz": 1}}]}`, inside("httpRequest")},
		"/upstream/0/answer/zzz":  {`{"upstream": [{"answer": {"zzz": 1}}]}`, inside("httpAnswer")},
		"/kv/zzz":                 {`{"kv": {"zzz": 1}}`, inside("case", "kv")},
		"/operations/0/zzz":       {`{"operations": [{"zzz": 1}]}`, inside("canned")},
		"/operations/0/error/zzz": {`{"operations": [{"error": {"zzz": 1}}]}`, inside("canned", "error")},
		"/reply/zzz":              {`{"reply": {"zzz": 1}}`, inside("reply")},
		"/error/zzz":              {`{"error": {"zzz": 1}}`, inside("case", "error")},
	} {
		_, err := rehearsal.Parse("c.json", []byte(c.text))
		want := place + `: unknown key "zzz" (known keys: ` + strings.Join(slices.Sorted(maps.Keys(c.schema.Properties)), ", ") + ")"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the schema says %s\nthe parser says %v", want, err)
		}
	}

	var operation struct{ Enum []string }
	if err := json.Unmarshal(inside("canned").Properties["operation"], &operation); err != nil {
		t.Fatal(err)
	}
	want := slices.DeleteFunc(abi.Operations(), func(op string) bool { c := abi.Capability(op); return c == "http" || c == "kv" })
	if slices.Sort(want); !slices.Equal(slices.Sorted(slices.Values(operation.Enum)), want) {
		t.Errorf("the schema knows the operations %v, the contract %v", operation.Enum, want)
	}
}
