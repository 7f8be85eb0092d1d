package abi_test

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func TestIntegers(t *testing.T) {
	numbers := []int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64, math.MaxInt64 - 1}
	for bits := range 63 {
		n := int64(1) << bits
		numbers = append(numbers, n-1, n, n+1, -n-1, -n, -n+1)
	}
	for _, n := range numbers {
		v := abi.IntValue(n)
		if got, ok := v.Int(); !ok || got != n || v.Kind() != abi.Int {
			t.Errorf("%d became %d, %v", n, got, ok)
		}
		if err := abi.Check(v); err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	big := abi.Value(abi.AppendUint(nil, math.MaxUint64))
	if _, ok := big.Int(); ok || big.String() != "18446744073709551615" {
		t.Errorf("uint64: %s", big)
	}
}

func TestLengths(t *testing.T) {
	for _, n := range []int{0, 1, 15, 16, 31, 32, 255, 256, 65535, 65536} {
		s := strings.Repeat("a", n)
		if v := abi.StringValue(s); v.String() != s || v.Len() != n || abi.Check(v) != nil {
			t.Errorf("string of %d", n)
		}
		if v := abi.Value(abi.AppendBytes(nil, []byte(s))); string(v.Bytes()) != s || v.Kind() != abi.Bytes || abi.Check(v) != nil {
			t.Errorf("bytes of %d", n)
		}
		var l abi.List
		var o abi.Object
		for i := range n {
			l.Add(abi.IntValue(int64(i)))
			o.Int("k", int64(i))
		}
		if v := l.Value(); v.Len() != n || l.Len() != n || abi.Check(v) != nil || n > 0 && v.Index(n-1).String() == "" {
			t.Errorf("array of %d", n)
		}
		if v := o.Value(); v.Len() != n || v.Kind() != abi.Map || abi.Check(v) != nil {
			t.Errorf("map of %d", n)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	deep := append(bytes.Repeat([]byte{0x91}, abi.MaxDepth+1), 0xc0)
	for name, tt := range map[string]struct {
		b    []byte
		want error
	}{
		"nothing":           {nil, abi.ErrShort},
		"never used tag":    {[]byte{0xc1}, abi.ErrTag},
		"fixext":            {[]byte{0xd4, 0, 0}, abi.ErrTag},
		"ext 8":             {[]byte{0xc7, 1, 0, 0}, abi.ErrTag},
		"cut number":        {[]byte{0xcd, 1}, abi.ErrShort},
		"cut string":        {[]byte{0xa2, 'a'}, abi.ErrShort},
		"cut array":         {[]byte{0x92, 1}, abi.ErrShort},
		"cut map":           {[]byte{0x81, 0xa1, 'a'}, abi.ErrShort},
		"huge string":       {[]byte{0xdb, 0xff, 0xff, 0xff, 0xff}, abi.ErrShort},
		"huge bytes":        {[]byte{0xc6, 0x7f, 0xff, 0xff, 0xff}, abi.ErrShort},
		"huge array":        {[]byte{0xdd, 0xff, 0xff, 0xff, 0xff}, abi.ErrShort},
		"huge map":          {[]byte{0xdf, 0x7f, 0xff, 0xff, 0xff}, abi.ErrShort},
		"bad UTF-8":         {[]byte{0xa1, 0xff}, abi.ErrUTF8},
		"bad UTF-8 in key":  {[]byte{0x81, 0xa1, 0xff, 1}, abi.ErrUTF8},
		"number as a key":   {[]byte{0x81, 1, 1}, abi.ErrKey},
		"bytes as a key":    {[]byte{0x81, 0xc4, 1, 'a', 1}, abi.ErrKey},
		"array as a key":    {[]byte{0x81, 0x90, 1}, abi.ErrKey},
		"two values":        {[]byte{1, 1}, abi.ErrTrailing},
		"too deep":          {deep, abi.ErrDepth},
		"endlessly deep":    {bytes.Repeat([]byte{0x91}, 1<<20), abi.ErrDepth},
		"deep through keys": {bytes.Repeat([]byte{0x81, 0xa1, 'a'}, 1<<18), abi.ErrDepth},
	} {
		if err := abi.Check(tt.b); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", name, err, tt.want)
		}
	}
	if err := abi.Check(deep[1:]); err != nil {
		t.Errorf("the deepest allowed value: %v", err)
	}
}

func TestPath(t *testing.T) {
	v := new(abi.Object).Set("data", new(abi.Object).Set("rows", new(abi.List).Add(nil).Add(new(abi.Object).Str("id", "7").Value()).Value()).Value()).Value()
	if got := v.Path("data.rows.1.id").String(); got != "7" {
		t.Errorf("got %q", got)
	}
	if !bytes.Equal(v.Path(""), v) {
		t.Error("the empty path is not the value itself")
	}
	for _, path := range []string{"x", "data.x", "data.rows.2", "data.rows.-1", "data.rows.x", "data.rows.1.id.x", "data.rows.0.id", ".", "data..rows", "data.rows.99999999999999999999"} {
		if got := v.Path(path); got.Exists() {
			t.Errorf("%q leads to %x", path, got)
		}
	}
}

// TestMissing: every accessor of a missing, cut or other value gives the zero
// result instead of a panic.
func TestMissing(t *testing.T) {
	for _, v := range []abi.Value{nil, {}, {0xc1}, {0xdb, 0xff}, {0xa5, 'a'}, {0x92}, {0x82, 0xa1}, {0xdd, 0x7f, 0xff, 0xff, 0xff}} {
		use(v)
		if v.Get("a").Exists() || v.Index(0).Exists() || len(v.Bytes()) > 0 || v.Bool() {
			t.Errorf("%x has content", []byte(v))
		}
	}
}

func TestConversions(t *testing.T) {
	for _, tt := range []struct {
		v    abi.Value
		text string
		n    int64
		isN  bool
		f    float64
		isF  bool
	}{
		{abi.IntValue(-5), "-5", -5, true, -5, true},
		{abi.StringValue("42"), "42", 42, true, 42, true},
		{abi.StringValue("4.5"), "4.5", 0, false, 4.5, true},
		{abi.StringValue("x"), "x", 0, false, 0, false},
		{abi.AppendFloat(nil, 3), "3", 3, true, 3, true},
		{abi.AppendFloat(nil, 1e300), "", 0, false, 1e300, true},
		{abi.AppendFloat(nil, 0.5), "0.5", 0, false, 0.5, true},
		{abi.BoolValue(true), "true", 0, false, 0, false},
		{nil, "", 0, false, 0, false},
		{abi.AppendArray(nil, 0), "", 0, false, 0, false},
		{abi.Value{0xca, 0x3f, 0xc0, 0, 0}, "1.5", 0, false, 1.5, true},
	} {
		n, isN := tt.v.Int()
		f, isF := tt.v.Float()
		if n != tt.n || isN != tt.isN || f != tt.f || isF != tt.isF {
			t.Errorf("%x: %d %v, %v %v", []byte(tt.v), n, isN, f, isF)
		}
		if tt.text != "" && tt.v.String() != tt.text {
			t.Errorf("%x: %q, want %q", []byte(tt.v), tt.v, tt.text)
		}
	}
}

func TestAnswers(t *testing.T) {
	body, failure, err := abi.DecodeAnswer(abi.AppendAnswer(nil, nil, abi.StringValue("x")))
	if body.String() != "x" || failure != nil || err != nil {
		t.Errorf("%x %v %v", []byte(body), failure, err)
	}
	sent := &abi.Error{Code: abi.CodeTimeout, Message: "SMS", Detail: "late", Sent: true}
	body, failure, err = abi.DecodeAnswer(abi.AppendAnswer(nil, sent, abi.StringValue("ignored")))
	if body != nil || failure == nil || *failure != *sent || err != nil {
		t.Errorf("%x %v %v", []byte(body), failure, err)
	}
	if text := sent.Error(); text != "timeout: SMS (late)" {
		t.Errorf("%q", text)
	}
	if body, failure, err = abi.DecodeAnswer(abi.AppendAnswer(nil, nil, nil)); body != nil || failure != nil || err != nil {
		t.Errorf("%x %v %v", []byte(body), failure, err)
	}
	for name, b := range map[string][]byte{"no array": {0xa1, 'x'}, "error is text": {0x92, 0xa1, 'x', 0xc0}, "cut": {0x92, 0xc0}, "nothing": nil} {
		if _, _, err := abi.DecodeAnswer(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestEnumsAreNotCut: a number that does not fit is an error, not another value.
func TestEnumsAreNotCut(t *testing.T) {
	message := func(before int, v abi.Value) []byte {
		b := abi.AppendArray(nil, before+1)
		for range before {
			b = abi.AppendNil(b)
		}
		return append(b, v...)
	}
	for name, err := range map[string]error{
		"request kind 256":   new(abi.Request).Decode(message(0, abi.IntValue(256))),
		"request kind -1":    new(abi.Request).Decode(message(0, abi.IntValue(-1))),
		"reply form 4":       new(abi.Reply).Decode(message(1, abi.IntValue(4))),
		"reply form 257":     new(abi.Reply).Decode(message(1, abi.IntValue(257))),
		"attachment 1<<32":   new(abi.Reply).Decode(message(4, abi.IntValue(1<<32))),
		"attachment -1":      new(abi.Attachment).Decode(message(0, abi.IntValue(-1))),
		"parse 5":            new(abi.HTTPRequest).Decode(message(5, abi.IntValue(5))),
		"parse 256":          new(abi.HTTPRequest).Decode(message(5, abi.IntValue(256))),
		"status beyond int":  new(abi.Reply).Decode(message(0, abi.IntValue(1<<40))),
		"status is text":     new(abi.Reply).Decode(message(0, abi.StringValue("200"))),
		"name is a number":   new(abi.Request).Decode(message(2, abi.IntValue(1))),
		"sent is a number":   new(abi.Error).Decode(message(5, abi.IntValue(1))),
		"message is a map":   new(abi.Request).Decode([]byte{0x80}),
		"size beyond int64":  new(abi.Attachment).Decode(message(1, abi.AppendUint(nil, math.MaxUint64))),
		"header is anything": nil,
	} {
		if (err == nil) != (name == "header is anything") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCapability(t *testing.T) {
	for op, want := range map[string]string{abi.OpHTTPFetch: "http", abi.OpFreeswitchOriginate: "freeswitch", "reply": "", "": "", "_x": ""} {
		if got := abi.Capability(op); got != want {
			t.Errorf("%q: %q, want %q", op, got, want)
		}
	}
}

func TestPairsAllocateNothing(t *testing.T) {
	v := new(abi.Object).Str("a key that is longer than thirty-two bytes", "x").Int("b", 1).Value()
	n := testing.AllocsPerRun(100, func() {
		for k, e := range v.Pairs() {
			if len(k) == 0 || len(e) == 0 {
				t.Error("empty")
			}
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// use calls everything that a value can do.
func use(v abi.Value) {
	_, _ = v.Int()
	_, _ = v.Float()
	_, _, _, _, _ = v.Kind(), v.Exists(), v.Bool(), v.Len(), v.Bytes()
	_, _, _, _ = v.String(), v.Get("a"), v.Index(3), v.Path("a.0.b")
	for e := range v.Elements() {
		_ = e.Kind()
	}
	for _, e := range v.Entries() {
		_ = e.Kind()
	}
}

// FuzzValue: no bytes make a value panic; what Check accepts can be walked from
// end to end and its parts are accepted, too.
func FuzzValue(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.message.Append(nil))
	}
	f.Add([]byte{0xdf, 0x7f, 0xff, 0xff, 0xff})
	f.Add(bytes.Repeat([]byte{0x91}, 100))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := abi.Value(b)
		use(v)
		if abi.Check(b) != nil {
			return
		}
		seen := map[string]bool{}
		for key, want := range v.Entries() {
			got := v.Get(key)
			if !seen[key] && !bytes.Equal(got, want) {
				t.Fatalf("Get(%q) is % x, want % x", key, got, want)
			}
			seen[key] = true
		}
		n, size := 0, 0
		for e := range v.Elements() {
			if err := abi.Check(e); err != nil {
				t.Fatalf("element %d: %v", n, err)
			}
			n++
			size += len(e)
		}
		for k, e := range v.Pairs() {
			if err := abi.Check(e); err != nil {
				t.Fatalf("key %q: %v", k, err)
			}
			n++
		}
		if kind := v.Kind(); (kind == abi.Array || kind == abi.Map) && n != v.Len() {
			t.Fatalf("%d of %d elements", n, v.Len())
		}
		if size > len(b) {
			t.Fatal("elements are longer than the array")
		}
	})
}

func TestTexts(t *testing.T) {
	middling, long := strings.Repeat("x", 32), strings.Repeat("x", 256)
	keys := [3]string{"a", "b", "c"}
	inner := new(abi.Object).Str("a", "inner").Value()
	for _, c := range []struct {
		v    abi.Value
		want [3]string
	}{
		{new(abi.Object).Str("a", "1").Str("b", "два").Str("c", "").Value(), [3]string{"1", "два", ""}},
		{new(abi.Object).Set("x", inner).Str("c", "3").Int("b", 2).Str("a", "1").Value(), [3]string{"1", "", "3"}},
		{new(abi.Object).Str("a", long).Str("b", "2").Str("c", middling).Value(), [3]string{"", "2", middling}},
		{inner[:len(inner)-1], [3]string{}},
		{abi.StringValue("a"), [3]string{}},
		{nil, [3]string{}},
	} {
		if got := c.v.Texts(keys); got != c.want {
			t.Errorf("% x: %q, want %q", []byte(c.v), got, c.want)
		}
	}
}

// FuzzDecode: no bytes make a decoder panic; what is accepted says the same when
// it is written and read again.
func FuzzDecode(f *testing.F) {
	kinds := map[reflect.Type]bool{}
	var all []message
	for _, s := range samples() {
		f.Add(s.message.Append(nil))
		if kind := reflect.TypeOf(s.message).Elem(); !kinds[kind] {
			kinds[kind] = true
			all = append(all, s.message)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, m := range all {
			kind := reflect.TypeOf(m).Elem()
			first := reflect.New(kind).Interface().(message)
			if first.Decode(slices.Clone(b)) != nil {
				continue
			}
			written := first.Append(nil)
			second := reflect.New(kind).Interface().(message)
			if err := second.Decode(written); err != nil {
				t.Fatalf("%s: own output %x refused: %v", kind, written, err)
			}
			if again := second.Append(nil); !bytes.Equal(written, again) {
				t.Fatalf("%s: %x, then %x", kind, written, again)
			}
		}
		_, _, _ = abi.DecodeAnswer(b)
	})
}

// FuzzAppend: Check accepts everything that is written from valid text.
func FuzzAppend(f *testing.F) {
	f.Add(int64(-33), 1.5, "я", []byte{0xff}, true)
	f.Fuzz(func(t *testing.T, n int64, x float64, s string, raw []byte, on bool) {
		s = strings.ToValidUTF8(s, "?")
		v := new(abi.Object).Int("n", n).Set("x", abi.AppendFloat(nil, x)).Str(s, s).Set("b", abi.AppendBytes(nil, raw)).Bool("on", on).
			Set("l", new(abi.List).Add(abi.IntValue(n)).Add(nil).Value()).Value()
		if err := abi.Check(v); err != nil {
			t.Fatal(err)
		}
		if got, ok := v.Get("n").Int(); (!ok || got != n) && s != "n" {
			t.Fatalf("%d became %d", n, got)
		}
		if !bytes.Equal(v.Get("b").Bytes(), raw) && s != "b" {
			t.Fatal("bytes changed")
		}
	})
}
