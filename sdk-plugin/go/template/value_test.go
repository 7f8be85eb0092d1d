package template_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

func TestAppendJSON(t *testing.T) {
	deep := abi.IntValue(1)
	for range abi.MaxDepth + 5 {
		deep = new(abi.List).Add(deep).Value()
	}
	for want, v := range map[string]abi.Value{
		`null`:                           nil,
		`18446744073709551615`:           abi.AppendUint(nil, math.MaxUint64),
		`-9223372036854775808`:           abi.IntValue(math.MinInt64),
		`0.5`:                            abi.AppendFloat(nil, 0.5),
		`"AQL/"`:                         abi.AppendBytes(nil, []byte{1, 2, 255}),
		`"` + "�" + `"`:                  abi.StringValue("\xff"),
		`{"<b>&":[true,"я",{}],"\"":[]}`: new(abi.Object).Set("<b>&", new(abi.List).Add(abi.BoolValue(true)).Add(abi.StringValue("я")).Add(abi.AppendMap(nil, 0)).Value()).Set(`"`, abi.AppendArray(nil, 0)).Value(),
		`[null,null,null]`:               new(abi.List).Add(abi.AppendFloat(nil, math.NaN())).Add(abi.AppendFloat(nil, math.Inf(1))).Add(nil).Value(),
		strings.Repeat("[", abi.MaxDepth) + "null" + strings.Repeat("]", abi.MaxDepth): deep,
	} {
		if got := string(template.AppendJSON([]byte("x"), v)); got != "x"+want {
			t.Errorf("got %s, want x%s", got, want)
		}
	}
}

// FuzzAppendJSON: whatever value comes from a document is written as JSON that
// means the same.
func FuzzAppendJSON(f *testing.F) {
	f.Add([]byte(`{"a": [1, -2.5e-9, "\u0000\u2028я", null, true, {}], "": 18446744073709551615}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		n, err := jsontree.Parse(src)
		if err != nil {
			return
		}
		out := template.AppendJSON(nil, n.Value())
		if !json.Valid(out) {
			t.Fatalf("%q became %q", src, out)
		}
		var before, after any // 1.0 is written as 1, which is the same number
		if json.Unmarshal(src, &before) == nil && (json.Unmarshal(out, &after) != nil || !reflect.DeepEqual(before, after)) {
			t.Fatalf("%q became %q", src, out)
		}
	})
}
