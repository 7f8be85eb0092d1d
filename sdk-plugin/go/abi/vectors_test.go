package abi_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// message is what every message of the contract can do.
type message interface {
	Append([]byte) []byte
	Decode([]byte) error
}

// sample is a message of the golden vectors: the bytes are in
// sdk-plugin/abi/vectors.json, which all SDKs are checked against.
type sample struct {
	name    string
	message message
}

func samples() []sample {
	params := new(abi.Object).Str("phone", "89190000000").Str("message", "Привет").Value()
	derived := new(abi.Object).Set("phone", new(abi.Object).Str("e164", "+79190000000").Str("region", "RU").Str("type", "mobile").Value()).Value()
	rows := new(abi.List).Add(new(abi.Object).Str("Id", "3").Set("x", nil).Value()).Value()
	header := new(abi.Object).Str("content-type", "application/json").Value()
	return []sample{
		{"request/empty", &abi.Request{}},
		{"request/configure", &abi.Request{Kind: abi.Configure, Params: new(abi.Object).Str("url", "http://127.0.0.1:8090").Value(), Instance: "mts-main", TimeoutMS: 5000}},
		{"request/action", &abi.Request{Kind: abi.Action, Name: "send", Params: params, RequestID: "0197f3", User: "API_test_2", TimeoutMS: 15000, Derived: derived}},
		{"request/operation", &abi.Request{Kind: abi.Operation, Point: "sms.provider", Name: "send", Params: params, Instance: "backup", RequestID: "0197f3", TimeoutMS: 70000}},
		{"request/health", &abi.Request{Kind: abi.Health}},
		{"reply/empty", &abi.Reply{}},
		{"reply/value", &abi.Reply{Status: 200, Body: new(abi.Object).Str("result", "OK").Value()}},
		{"reply/bytes", &abi.Reply{Status: 201, Form: abi.FormBytes, Body: abi.AppendBytes(nil, []byte{0, 255}), ContentType: "audio/wav", Filename: "a.wav"}},
		{"reply/attachment", &abi.Reply{Form: abi.FormAttachment, Attachment: 4294967295, Format: "csv", Next: "c2"}},
		{"reply/rows", &abi.Reply{Form: abi.FormRows, Body: rows, Format: "xlsx", Filename: "sms.xlsx", Wrap: true}},
		{"error/empty", &abi.Error{}},
		{"error/unavailable", &abi.Error{Code: abi.CodeUnavailable, Status: 502, Message: "SMS", Source: abi.SourceUpstream, Detail: "dial: refused", Sent: true, RetryMS: 1500}},
		{"http/request", &abi.HTTPRequest{Method: "POST", URL: "https://api.example.com/send", Header: header, Body: []byte(`{"a":1}`), TimeoutMS: 3000, Parse: abi.ParseJSON, MaxBytes: 1 << 20, NoRedirect: true}},
		{"http/response", &abi.HTTPResponse{Status: 200, Header: header, Body: []byte{}, Data: new(abi.List).Add(abi.IntValue(-1)).Add(abi.IntValue(300)).Add(abi.BoolValue(true)).Add(abi.AppendFloat(nil, 1.5)).Value()}},
		{"provider/call", &abi.ProviderCall{Point: "sms.provider", Operation: "balance", Instance: "mts-main", TimeoutMS: 1000}},
		{"freeswitch/originate", &abi.Originate{Called: "89100000000", Caller: "1001", Account: "1234"}},
		{"attachment", &abi.Attachment{ID: 1, Size: -1, ContentType: "audio/wav"}},
		{"attachment/rows", &abi.Attachment{ID: 2, Size: 1 << 33, ContentType: "application/json", Rows: 10000, Next: "1669295680528041"}},
		{"journal/begin", &abi.JournalBegin{Kind: "sms", Fields: params}},
		{"journal/end", &abi.JournalEnd{Kind: "sms", ID: "98", Result: "unknown", Fields: new(abi.Object).Int("segments", 2).Value()}},
		{"journal/report", &abi.JournalReport{Kind: "badRequest", Start: "2022-11-10", Stop: "2022-11-11 23:59:59", Zone: "Europe/Moscow", Limit: 100, Cursor: "c1", Extended: true}},
		{"journal/receipt", &abi.JournalReceipt{Kind: "sms", Instance: "kannel", Receipts: new(abi.List).Add(
			new(abi.Object).Str("reference", "98").Str("status", "delivered").Str("at", "2026-11-22T02:00:00Z").Value()).Value()}},
		{"journal/find", &abi.JournalFind{Kind: "sms", Instance: "kannel", MessageID: "c0ffee"}},
		{"kv/put", &abi.KVPut{Key: "token", Value: []byte("abc"), TTLSeconds: 3600}},
	}
}

// vector is one entry of vectors.json.
type vector struct {
	Name string `json:"name"`
	Hex  string `json:"hex"`
	// Value describes the bytes: byte strings as {"bin": "<hex>"}.
	Value any `json:"value"`
}

const vectorsFile = "../../abi/vectors.json"

func describe(v abi.Value) any {
	switch v.Kind() {
	case abi.Bool:
		return v.Bool()
	case abi.Int, abi.Float:
		return json.Number(v.String())
	case abi.String:
		return v.String()
	case abi.Bytes:
		return map[string]any{"bin": hex.EncodeToString(v.Bytes())}
	case abi.Array:
		all := []any{}
		for e := range v.Elements() {
			all = append(all, describe(e))
		}
		return all
	case abi.Map:
		all := map[string]any{}
		for k, e := range v.Entries() {
			all[k] = describe(e)
		}
		return all
	}
	return nil
}

func encoded() []vector {
	var all []vector
	add := func(name string, b []byte) {
		all = append(all, vector{name, hex.EncodeToString(b), describe(b)})
	}
	for _, s := range samples() {
		add(s.name, s.message.Append(nil))
	}
	add("answer/body", abi.AppendAnswer(nil, nil, abi.StringValue("98")))
	add("answer/nothing", abi.AppendAnswer(nil, nil, nil))
	add("answer/error", abi.AppendAnswer(nil, &abi.Error{Code: abi.CodeDenied, Source: abi.SourceHost, Detail: "not granted"}, nil))
	add("kv/get", abi.AppendStrings(nil, "token"))
	for name, n := range integers {
		add(name, abi.AppendInt(nil, n))
	}
	return all
}

// integers yields numbers at the borders of their forms.
func integers(yield func(string, int64) bool) {
	for _, i := range []struct {
		name string
		n    int64
	}{
		{"int/0", 0}, {"int/127", 127}, {"int/128", 128}, {"int/255", 255}, {"int/256", 256}, {"int/65535", 65535}, {"int/65536", 65536},
		{"int/4294967295", 4294967295}, {"int/4294967296", 4294967296}, {"int/-1", -1}, {"int/-32", -32}, {"int/-33", -33}, {"int/-128", -128},
		{"int/-129", -129}, {"int/-32768", -32768}, {"int/-32769", -32769}, {"int/-2147483648", -2147483648}, {"int/-2147483649", -2147483649},
	} {
		if !yield(i.name, i.n) {
			return
		}
	}
}

// TestGoldenVectors: the bytes of every message are those that are written down
// for all languages. A difference is a break of the contract.
func TestGoldenVectors(t *testing.T) {
	got := encoded()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		b.WriteString("[\n")
		for i, v := range got {
			if i > 0 {
				b.Truncate(b.Len() - 1)
				b.WriteString(",\n")
			}
			if err := e.Encode(v); err != nil {
				t.Fatal(err)
			}
		}
		b.WriteString("]\n")
		if err := os.WriteFile(vectorsFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var want []vector
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d vectors, the file has %d", len(got), len(want))
	}
	for i := range want {
		if got[i].Name != want[i].Name || got[i].Hex != want[i].Hex {
			t.Errorf("%s:\ngot  %s\nwant %s", want[i].Name, got[i].Hex, want[i].Hex)
		}
		if !reflect.DeepEqual(got[i].Value, want[i].Value) {
			t.Errorf("%s: value\ngot  %v\nwant %v", want[i].Name, got[i].Value, want[i].Value)
		}
	}
}

// TestDecodeOfAppend: Decode is the inverse of Append, and elements that a newer
// version may add are ignored, elements that an older one lacks read as zero.
func TestDecodeOfAppend(t *testing.T) {
	for _, s := range samples() {
		b := s.message.Append(nil)
		if err := abi.Check(b); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
		back := reflect.New(reflect.TypeOf(s.message).Elem()).Interface().(message)
		if err := back.Decode(b); err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if !bytes.Equal(back.Append(nil), b) {
			t.Errorf("%s: %x became %x", s.name, b, back.Append(nil))
		}

		longer := append([]byte{b[0] + 1}, b[1:]...)
		longer = abi.AppendString(longer, "from the future")
		if err := back.Decode(longer); err != nil || !bytes.Equal(back.Append(nil), b) {
			t.Errorf("%s: an additional element is not ignored: %v", s.name, err)
		}
		if err := back.Decode([]byte{0x90}); err != nil {
			t.Errorf("%s: the empty message: %v", s.name, err)
		} else if zero := reflect.New(reflect.TypeOf(back).Elem()).Interface().(message); !bytes.Equal(back.Append(nil), zero.Append(nil)) {
			t.Errorf("%s: the empty message is not zero", s.name)
		}
		for n := range len(b) {
			if err := back.Decode(b[:n]); err == nil {
				t.Errorf("%s: cut at %d of %d bytes, but accepted", s.name, n, len(b))
			}
		}
		if err := back.Decode(append(bytes.Clone(b), 0xc0)); err == nil {
			t.Errorf("%s: bytes after the end accepted", s.name)
		}
	}
}
