package transcode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/transcode"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestJSONRoundTrip(t *testing.T) {
	long := strings.Repeat("x", 70000)
	tests := []struct{ name, in, want string }{
		{"empty object", ` {} `, `{}`},
		{"empty array", `[]`, `[]`},
		{"scalars", `[null,true,false,0,-1,1.5,"a"]`, ``},
		{"key order", `{"z":1,"a":2,"м":3,"":4}`, ``},
		{"int64 ends", `[9223372036854775807,-9223372036854775808]`, ``},
		{"uint64 end", `18446744073709551615`, ``},
		{"beyond uint64 is a float", `18446744073709551616`, `18446744073709552000`},
		{"exponent is a float", `1e3`, `1000`},
		{"small and large floats", `[1e-7,1.5e300,1e21,123456789.125]`, `[1e-07,1.5e+300,1e+21,123456789.125]`},
		{"minus zero", `-0`, `0`},
		{"html stays", `"<b>&\u2028"`, "\"<b>&\u2028\""},
		{"escapes", `"\u0000\u001f\"\\\/\b\f\n\r\tя"`, `"\u0000\u001f\"\\/\u0008\u000c\n\r\tя"`},
		{"surrogates", `"\ud83d\udcde"`, `"📞"`},
		{"long escaped", `"` + long + `\n"`, ``},
		{"many elements", `[` + strings.Repeat("1,", 69999) + `1]`, ``},
		{"sixteen elements", `[[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16],[1]]`, ``},
		{"sixteen keys", `{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":{"q":2}}`, ``},
		{"deepest", strings.Repeat("[", abi.MaxDepth) + strings.Repeat("]", abi.MaxDepth), ``},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want == "" {
				want = tt.in
			}
			v, err := transcode.FromJSON([]byte("head"), []byte(tt.in), transcode.Options{})
			if err != nil {
				t.Fatal(err)
			}
			v, ok := bytes.CutPrefix(v, []byte("head"))
			if !ok {
				t.Fatal("dst was not kept")
			}
			if err := abi.Check(v); err != nil {
				t.Fatalf("Check: %v", err)
			}
			out, err := transcode.AppendJSON([]byte("head"), v)
			if err != nil || string(out) != "head"+want {
				t.Errorf("got %.200s, %v; want %.200s", out, err, want)
			}
		})
	}
}

func TestFromJSONRefuses(t *testing.T) {
	tests := []struct {
		name, in string
		is       error
	}{
		{"nothing", "", nil},
		{"blanks", " \n", nil},
		{"cut object", `{"a":1`, nil},
		{"cut string", `"a`, nil},
		{"cut literal", `tru`, nil},
		{"trailing value", `{} {}`, transcode.ErrTrailing},
		{"trailing garbage", `{}x`, transcode.ErrTrailing},
		{"trailing comma", `[1,]`, nil},
		{"single quotes", `{'a':1}`, nil},
		{"key is no string", `{1:2}`, nil},
		{"no value", `{"a"}`, nil},
		{"duplicate key", `{"a":1,"b":2,"a":3}`, nil},
		{"duplicate key by escape", `{"a":1,"\u0061":3}`, nil},
		{"duplicate deep", `[{"x":{"a":1,"a":1}}]`, nil},
		{"invalid UTF-8", "\"\xff\"", nil},
		{"invalid UTF-8 in a key", "{\"\xc0\xaf\":1}", nil},
		{"lone surrogate", `"\ud800"`, nil},
		{"raw control character", "\"a\nb\"", nil},
		{"NUL", "\x00", nil},
		{"byte order mark", "\xef\xbb\xbf{}", nil},
		{"leading zero", `012`, nil},
		{"plus", `+1`, nil},
		{"hex", `0x10`, nil},
		{"NaN", `NaN`, nil},
		{"beyond float64", `1e400`, transcode.ErrNumber},
		{"beyond float64, digits", strings.Repeat("9", 400), transcode.ErrNumber},
		{"too deep", strings.Repeat("[", abi.MaxDepth+1) + strings.Repeat("]", abi.MaxDepth+1), transcode.ErrDepth},
		{"far too deep", strings.Repeat(`{"a":`, 1<<16), transcode.ErrDepth},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, err := transcode.FromJSON(nil, []byte(tt.in), transcode.Options{})
			if err == nil || out != nil {
				t.Fatalf("accepted as %x", out)
			}
			if tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v, want %v", err, tt.is)
			}
		})
	}
}

func TestFromJSONOptions(t *testing.T) {
	if _, err := transcode.FromJSON(nil, []byte(`[[1]]`), transcode.Options{MaxDepth: 1}); !errors.Is(err, transcode.ErrDepth) {
		t.Errorf("MaxDepth 1: %v", err)
	}
	if _, err := transcode.FromJSON(nil, []byte(`[1]`), transcode.Options{MaxDepth: 1}); err != nil {
		t.Errorf("MaxDepth 1 with one level: %v", err)
	}
	v, err := transcode.FromJSON(nil, []byte(`{"a":1,"a":2}`), transcode.Options{AllowDuplicates: true})
	if err != nil || abi.Value(v).Get("a").String() != "1" {
		t.Errorf("duplicates: %x, %v", v, err)
	}
	// The other pool must not have caught the setting.
	if _, err := transcode.FromJSON(nil, []byte(`{"a":1,"a":2}`), transcode.Options{}); err == nil {
		t.Error("a strict decoder accepted duplicates")
	}
}

func TestFromJSONAfterAnErrorStartsAfresh(t *testing.T) {
	for range 100 {
		if _, err := transcode.FromJSON(nil, []byte(`{"a":[1,{"b":`), transcode.Options{}); err == nil {
			t.Fatal("accepted")
		}
		v, err := transcode.FromJSON(nil, []byte(`{"a":[1]}`), transcode.Options{})
		if err != nil || abi.Value(v).Path("a.0").String() != "1" {
			t.Fatalf("%x, %v", v, err)
		}
	}
}

func TestAppendJSONRefuses(t *testing.T) {
	for name, v := range map[string]abi.Value{
		"NaN":          abi.AppendFloat(nil, math.NaN()),
		"infinity":     abi.AppendArray(nil, 1)[:1:1],
		"cut":          {0x92, 0x01},
		"two values":   {0x01, 0x01},
		"extension":    {0xd4, 0x00, 0x00},
		"int key":      {0x81, 0x01, 0x01},
		"bad UTF-8":    {0xa1, 0xff},
		"huge claim":   {0xdd, 0x7f, 0xff, 0xff, 0xff},
		"infinity in":  append(abi.AppendArray(nil, 1), abi.AppendFloat(nil, math.Inf(-1))...),
		"too deep":     append(bytes.Repeat([]byte{0x91}, abi.MaxDepth+1), 0xc0),
		"never a tag":  {0xc1},
		"cut in a map": {0x81, 0xa1},
	} {
		if out, err := transcode.AppendJSON(nil, v); !errors.Is(err, transcode.ErrValue) || out != nil {
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}

func TestAppendJSONForms(t *testing.T) {
	for want, v := range map[string]abi.Value{
		`null`:       nil,
		`"AQL/"`:     abi.AppendBytes(nil, []byte{1, 2, 255}),
		`1.5`:        {0xca, 0x3f, 0xc0, 0, 0}, // float32
		`"\u007f"`:   nil,
		`{"a":null}`: new(abi.Object).Set("a", nil).Value(),
	} {
		if want == `"\u007f"` {
			want, v = "\"\x7f\"", abi.StringValue("\x7f") // DEL needs no escape
		}
		if out, err := transcode.AppendJSON(nil, v); err != nil || string(out) != want {
			t.Errorf("got %s, %v; want %s", out, err, want)
		}
	}
	if got := string(transcode.AppendQuoted(nil, "a\xff\"")); got != "\"a\ufffd\\\"\"" {
		t.Errorf("AppendQuoted: %s", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			text := []byte(`{"n":` + strings.Repeat("1", i+1) + `,"s":"` + strings.Repeat("я", i) + `\n"}`)
			for range 200 {
				v, err := transcode.FromJSON(nil, text, transcode.Options{AllowDuplicates: i%2 == 0})
				if err != nil {
					t.Error(err)
					return
				}
				if out, err := transcode.AppendJSON(nil, v); err != nil || !bytes.Equal(out, text) {
					t.Errorf("%s, %v", out, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// FuzzJSON: whatever is accepted is a checked value, and what it is written back
// as means the same to encoding/json as the original text.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2,3.5,"x\n",null,true]}`, `18446744073709551615`, `-0.0`, `"\ud83d\udcde"`, `{"a":1,"a":2}`, "\xff", `1e400`, `-0`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := transcode.FromJSON(nil, text, transcode.Options{})
		if err != nil {
			return
		}
		if err := abi.Check(v); err != nil {
			t.Fatalf("Check: %v", err)
		}
		out, err := transcode.AppendJSON(nil, v)
		if err != nil {
			t.Fatalf("AppendJSON: %v", err)
		}
		var want, got any
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatalf("encoding/json refuses what we accept: %v", err)
		}
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		if !reflect.DeepEqual(want, got) {
			t.Fatalf("%s became %s", text, out)
		}
		again, err := transcode.FromJSON(nil, out, transcode.Options{})
		if err != nil {
			t.Fatalf("own output refused: %v", err)
		}
		if third, err := transcode.AppendJSON(nil, again); err != nil || !bytes.Equal(third, out) {
			t.Fatalf("%s then %s, %v", out, third, err)
		}
	})
}

// FuzzAppendJSON: bytes of a guest never panic, and what is accepted is valid
// JSON.
func FuzzAppendJSON(f *testing.F) {
	f.Add([]byte{0x81, 0xa1, 'a', 0x93, 0x01, 0xc3, 0xc4, 0x01, 0xff})
	f.Add([]byte{0xdd, 0xff, 0xff, 0xff, 0xff})
	f.Add([]byte{0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, v []byte) {
		out, err := transcode.AppendJSON(nil, v)
		if _, anyErr := transcode.ToAny(v); err == nil && anyErr != nil {
			t.Fatalf("AppendJSON accepts, ToAny says %v", anyErr)
		}
		if err == nil && !json.Valid(out) {
			t.Fatalf("%x became %s", v, out)
		}
	})
}

var document = []byte(`{"phone":"89190000000","message":"Проверка работы ПО АРІ ЦОВ","originator":"FRONTLINE","project_id":1111,` +
	`"extra":[1,2.5,true,null,{"a":"b\n"}]}`)

func BenchmarkFromJSON(b *testing.B) {
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	dst := make([]byte, 0, 1024)
	for b.Loop() {
		if _, err := transcode.FromJSON(dst, document, transcode.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendJSON(b *testing.B) {
	v, err := transcode.FromJSON(nil, document, transcode.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(document)))
	b.ReportAllocs()
	dst := make([]byte, 0, 1024)
	for b.Loop() {
		if _, err := transcode.AppendJSON(dst, v); err != nil {
			b.Fatal(err)
		}
	}
}
