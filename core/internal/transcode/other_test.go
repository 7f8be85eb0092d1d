package transcode_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tinylib/msgp/msgp"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func asJSON(t *testing.T, v []byte) string {
	t.Helper()
	if err := abi.Check(v); err != nil {
		t.Fatalf("Check: %v", err)
	}
	out, err := transcode.AppendJSON(nil, v)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestFromXML(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"text", `<a>x</a>`, `"x"`},
		{"empty", `<a/>`, `""`},
		{"entities and CDATA", `<a>&lt;&amp;&#x44F;<![CDATA[<b>]]></a>`, `"<&я<b>"`},
		{"blank text is kept", `<a> x </a>`, `" x "`},
		{"children", "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<r>\n <a>1</a>\n <b/>\n</r>\n", `{"a":"1","b":""}`},
		{"attributes", `<r id="7" b="x&amp;y"/>`, `{"@attributes":{"id":"7","b":"x&y"}}`},
		{"attributes and text", `<r id="7"> t </r>`, `{"@attributes":{"id":"7"},"#text":"t"}`},
		{"mixed", `<r>one<a>1</a>two</r>`, `{"#text":"onetwo","a":"1"}`},
		{"repeated", `<r><a>1</a><b>x</b><a>2</a><a c="d"/></r>`, `{"a":["1","2",{"@attributes":{"c":"d"}}],"b":"x"}`},
		{"names that look odd", `<r><_a.b-c>1</_a.b-c></r>`, `{"_a.b-c":"1"}`},
		{"namespaces", `<s:r xmlns:s="u:s" xmlns="u:d" s:id="1"><s:a>1</s:a></s:r>`, `{"@attributes":{"id":"1"},"a":"1"}`},
		{"two attributes by namespace", `<r xmlns:x="u:x" type="a" x:type="b"/>`, `{"@attributes":{"type":"a","u:x:type":"b"}}`},
		{"comments", `<!-- a --><r><!-- b -->x</r>`, `"x"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v, err := transcode.FromXML([]byte{1}, []byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if v[0] != 1 {
				t.Fatal("dst was not kept")
			}
			if got := asJSON(t, v[1:]); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func TestFromXMLRefuses(t *testing.T) {
	for name, in := range map[string]string{
		"nothing":             "",
		"no root":             "<!-- a -->",
		"text only":           "hello",
		"text after":          "<a/>b",
		"two roots":           "<a/><b/>",
		"not closed":          "<a><b></b>",
		"wrong end":           "<a></b>",
		"doctype":             `<!DOCTYPE a><a/>`,
		"billion laughs":      `<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>`,
		"external entity":     `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`,
		"undefined entity":    `<a>&nbsp;</a>`,
		"other encoding":      `<?xml version="1.0" encoding="windows-1251"?><a/>`,
		"invalid UTF-8":       "<a>\xff</a>",
		"NUL":                 "<a>\x00</a>",
		"duplicate attribute": `<a b="1" b="2"/>`,
		"name with digit":     `<a><9digit>1</9digit></a>`,
		"too deep":            strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40),
		"far too deep":        strings.Repeat("<a>", 100000),
	} {
		if out, err := transcode.FromXML(nil, []byte(in)); err == nil || out != nil {
			t.Errorf("%s: accepted as %x", name, out)
		} else if !errors.Is(err, transcode.ErrXML) && !errors.Is(err, transcode.ErrDepth) {
			t.Errorf("%s: error of another kind: %v", name, err)
		}
	}
	many := "<r>" + strings.Repeat("<a/>", transcode.MaxElements) + "</r>"
	if _, err := transcode.FromXML(nil, []byte(many)); !errors.Is(err, transcode.ErrXML) {
		t.Errorf("too many elements: %v", err)
	}
}

func TestFromForm(t *testing.T) {
	for in, want := range map[string]string{
		"":                         `{}`,
		"a=1&b=2":                  `{"a":"1","b":"2"}`,
		"&&a=1&":                   `{"a":"1"}`,
		"a":                        `{"a":""}`,
		"a=1&b=x&a=2&a=":           `{"a":["1","2",""],"b":"x"}`,
		"q=%D0%AF+x%26&p=%2B7":     `{"q":"Я x&","p":"+7"}`,
		"a=b=c":                    `{"a":"b=c"}`,
		"a;b=1":                    `{"a;b":"1"}`,
		"%00=%00":                  `{"\u0000":"\u0000"}`,
		"queue=support2%40default": `{"queue":"support2@default"}`,
	} {
		v, err := transcode.FromForm(nil, []byte(in))
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		if got := asJSON(t, v); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"a=%", "a=%zz", "%F=1", "a=%ff", "=1", strings.Repeat("a=1&", transcode.MaxFormKeys+1)} {
		if out, err := transcode.FromForm(nil, []byte(in)); !errors.Is(err, transcode.ErrForm) || out != nil {
			t.Errorf("%.20q: %x, %v", in, out, err)
		}
	}
}

func TestAny(t *testing.T) {
	in := map[string]any{
		"nil": nil, "bool": true, "int": int64(-5), "big": uint64(math.MaxUint64), "float": 1.5, "text": "я",
		"bytes": []byte{0, 255}, "list": []any{int64(1), "a", map[string]any{"x": int64(300)}}, "empty": map[string]any{},
	}
	v, err := transcode.FromAny(nil, in)
	if err != nil {
		t.Fatal(err)
	}
	out, err := transcode.ToAny(v)
	if err != nil || !reflect.DeepEqual(in, out) {
		t.Errorf("got %#v, %v", out, err)
	}
	if again, _ := transcode.FromAny(nil, in); !bytes.Equal(v, again) {
		t.Error("equal values give different bytes")
	}
	for want, in := range map[string]any{
		`["a","b"]`: []string{"a", "b"},
		`7`:         int8(7), `-7`: int32(-7), `8`: uint8(8), `9`: uint16(9), `10`: uint32(10), `11`: uint(11), `12`: int16(12), `13`: 13,
		`0.5`: float32(0.5), `12345678901234567890`: json.Number("12345678901234567890"),
	} {
		v, err := transcode.FromAny(nil, in)
		if err != nil || asJSON(t, v) != want {
			t.Errorf("%v: %x, %v", in, v, err)
		}
	}
	deep := any("x")
	for range abi.MaxDepth + 1 {
		deep = []any{deep}
	}
	for name, in := range map[string]any{
		"struct": struct{}{}, "NaN": math.NaN(), "infinity": []any{math.Inf(1)}, "bad UTF-8": "\xff", "bad key": map[string]any{"\xff": 1},
		"func": map[string]any{"a": []any{func() {}}}, "deep": deep, "number": json.Number("x"), "object as number": json.Number("{}"),
	} {
		if out, err := transcode.FromAny(nil, in); err == nil || out != nil {
			t.Errorf("%s: accepted as %x", name, out)
		}
	}
	if _, err := transcode.FromAny(nil, map[string]any{"a": []any{func() {}}}); !strings.Contains(err.Error(), "/a/0") {
		t.Errorf("the error does not name the place: %v", err)
	}
	if v, err := transcode.ToAny(nil); v != nil || err != nil {
		t.Errorf("missing value: %v, %v", v, err)
	}
	if _, err := transcode.ToAny(abi.Value{0xdd, 1}); !errors.Is(err, transcode.ErrValue) {
		t.Errorf("cut value: %v", err)
	}
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<r a="1"><b>x</b><b/>t</r>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`))
	f.Add([]byte(`<r xmlns:x="u" x:a="1" a="2"/>`))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := transcode.FromXML(nil, text)
		if err != nil {
			return
		}
		if _, err := transcode.AppendJSON(nil, v); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		noDuplicates(t, v)
	})
}

func FuzzForm(f *testing.F) {
	f.Add([]byte("a=1&b=%D0%AF&a=2"))
	f.Add([]byte("%"))
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := transcode.FromForm(nil, text)
		if err != nil {
			return
		}
		if err := abi.Check(v); err != nil {
			t.Fatalf("Check: %v", err)
		}
		noDuplicates(t, v)
		want, err := url.ParseQuery(strings.ReplaceAll(string(text), ";", "%3B"))
		if err != nil {
			t.Fatalf("net/url refuses: %v", err)
		}
		if abi.Value(v).Len() != len(want) {
			t.Fatalf("%d keys, net/url has %d", abi.Value(v).Len(), len(want))
		}
		for k, all := range want {
			got := abi.Value(v).Get(k)
			if len(all) == 1 && got.String() != all[0] || len(all) > 1 && got.Index(len(all)-1).String() != all[len(all)-1] {
				t.Fatalf("%q: %x, net/url has %q", k, got, all)
			}
		}
	})
}

func noDuplicates(t *testing.T, v abi.Value) {
	t.Helper()
	seen := map[string]bool{}
	for k, e := range v.Entries() {
		if seen[k] {
			t.Fatalf("key %q twice", k)
		}
		seen[k] = true
		noDuplicates(t, e)
	}
	for e := range v.Elements() {
		noDuplicates(t, e)
	}
}

// random builds a value of every kind; floats are always written as 64 bits.
func random(r *rand.Rand, depth int) any {
	kinds := 7
	if depth > 0 {
		kinds = 9
	}
	switch r.IntN(kinds) {
	case 0:
		return nil
	case 1:
		return r.IntN(2) == 0
	case 2:
		return int64(r.Uint64()) >> r.IntN(64)
	case 3:
		return math.MaxInt64 + 1 + r.Uint64N(1<<40)
	case 4:
		return r.NormFloat64()
	case 5:
		return strings.Repeat("яa\n", r.IntN(40))
	case 6:
		return bytes.Repeat([]byte{0xff, 0}, r.IntN(300))
	case 7:
		all := make([]any, r.IntN(20))
		for i := range all {
			all[i] = random(r, depth-1)
		}
		return all
	}
	all := map[string]any{}
	for range r.IntN(20) {
		all[strings.Repeat("k", r.IntN(300))] = random(r, depth-1)
	}
	return all
}

// TestInterop: the codec and github.com/tinylib/msgp understand each other.
func TestInterop(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		want := random(r, 3)
		ours, err := transcode.FromAny(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		theirs, rest, err := msgp.ReadIntfBytes(ours)
		if err != nil || len(rest) > 0 {
			t.Fatalf("msgp cannot read %x: %v, %d bytes left", ours, err, len(rest))
		}
		if !same(want, theirs) {
			t.Fatalf("msgp reads %#v, want %#v", theirs, want)
		}
		written, err := msgp.AppendIntf(nil, want)
		if err != nil {
			t.Fatal(err)
		}
		back, err := transcode.ToAny(written)
		if err != nil {
			t.Fatalf("what msgp writes is refused: %v", err)
		}
		if !same(want, back) {
			t.Fatalf("we read %#v, want %#v", back, want)
		}
	}
}

// same compares across the integer types that decoders choose.
func same(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for i := range x {
			if !same(x[i], y[i]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if e, ok := y[k]; !ok || !same(x[k], e) {
				return false
			}
		}
		return true
	case int64:
		if u, ok := b.(uint64); ok {
			return x >= 0 && uint64(x) == u
		}
	case []byte:
		y, ok := b.([]byte)
		return ok && bytes.Equal(x, y)
	}
	return reflect.DeepEqual(a, b)
}

// TestGoldenVectorsWithMsgp: an implementation that shares no code with ours reads
// the golden vectors of the contract as they are described.
func TestGoldenVectorsWithMsgp(t *testing.T) {
	text, err := os.ReadFile("../../../sdk-plugin/abi/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, Hex string
		Value     any
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 40 {
		t.Fatalf("only %d vectors", len(vectors))
	}
	for _, v := range vectors {
		raw, err := hex.DecodeString(v.Hex)
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		read, rest, err := msgp.ReadIntfBytes(raw)
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: %v, %d bytes left", v.Name, err, len(rest))
			continue
		}
		if got := plain(read); !reflect.DeepEqual(got, v.Value) {
			t.Errorf("%s:\nmsgp reads %v\nthe file says %v", v.Name, got, v.Value)
		}
	}
}

// plain turns what msgp reads into what encoding/json reads.
func plain(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case []byte:
		return map[string]any{"bin": hex.EncodeToString(v)}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}
