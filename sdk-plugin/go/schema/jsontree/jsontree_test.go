package jsontree_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

func TestParse(t *testing.T) {
	n, err := jsontree.Parse([]byte("\xef\xbb\xbf{\"b\": [1, -2.5, \"я\", null, true], \"a/b~c\": {\"x\": 18446744073709551615}}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(jsontree.AppendValue(nil, n.Value())); got != `{"b":[1,-2.5,"я",null,true],"a/b~c":{"x":18446744073709551615}}` {
		t.Errorf("got %s", got)
	}
	if x := n.Get("a/b~c").Get("x"); x.Pointer != "/a~1b~0c/x" {
		t.Errorf("pointer %q", x.Pointer)
	}
	if n.Get("nobody").Get("x") != nil || n.Get("b").Get("x") != nil {
		t.Error("a missing member was found")
	}
	if i, ok := n.Get("b").Elements[0].Int(); i != 1 || !ok {
		t.Error("Int")
	}
	if _, ok := n.Get("b").Elements[1].Int(); ok {
		t.Error("a fraction is an Int")
	}
	if _, ok := n.Get("b").Elements[2].Float(); ok {
		t.Error("a text is a Float")
	}
}

func TestParseLocatesFaults(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "line 1:1",
		"{\n  \"a\": 1,\n  \"a\": 2\n}":   "line 3:6: /a: the key \"a\" is there twice",
		"{\n \"я\": \"\xff\"\n}":          "line 2:8: the document is not valid UTF-8",
		"[1, 2":                           "too early",
		"[1] x":                           "line 1:",
		"{\"a\": 1e999}":                  "/a: the number 1e999 is out of range",
		strings.Repeat("[", 100):          "nested deeper",
		"{\"a\": nul}":                    "line 1:",
		"{'a': 1}":                        "line 1:",
		"{\"a\": {\"a\": 1, \"\\u0061\"}": "/a/a: the key \"a\" is there twice",
		"{\"a\" 1}":                       "line 1:",
	} {
		n, err := jsontree.Parse([]byte(text))
		if err == nil || n != nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}

func TestAppendValueOfForeignValues(t *testing.T) {
	for want, v := range map[string]abi.Value{`null`: abi.AppendBytes(nil, []byte("x")), `"<&>\n"`: abi.StringValue("<&>\n"), `[]`: abi.AppendArray(nil, 0)} {
		if got := string(jsontree.AppendValue(nil, v)); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// FuzzParse: what is accepted is valid JSON and means the same when it is written
// back.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"a":[1,-0,2.5e3,"\ud83d\ude00",null,{}],"b":18446744073709551616}`))
	f.Add([]byte(`{"a":1,"a":2}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		n, err := jsontree.Parse(text)
		if err != nil {
			return
		}
		v := n.Value()
		if err := abi.Check(v); err != nil {
			t.Fatal(err)
		}
		var want, got any
		if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &want); err != nil {
			t.Fatalf("encoding/json refuses: %v", err)
		}
		if err := json.Unmarshal(jsontree.AppendValue(nil, v), &got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%s became %v", text, got)
		}
	})
}
