package cdr

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func file(tb testing.TB, name string) []byte {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// posts returns the recorded POSTs: name, head and body.
func posts(tb testing.TB) map[string][2]string {
	tb.Helper()
	paths, err := filepath.Glob("testdata/*.http")
	if err != nil || len(paths) < 14 {
		tb.Fatalf("%d recordings, %v", len(paths), err)
	}
	out := map[string][2]string{}
	for _, p := range paths {
		name := filepath.Base(p)
		head, body, ok := strings.Cut(string(file(tb, name)), "\r\n\r\n")
		if !ok {
			tb.Fatalf("%s: no body", p)
		}
		out[strings.TrimSuffix(name, ".http")] = [2]string{head, body}
	}
	return out
}

func mustParse(tb testing.TB, body []byte) *Record {
	tb.Helper()
	r, err := Parse(body)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

var uuidOfQuery = regexp.MustCompile(`[?&]uuid=(?:a_)?([0-9a-f-]{36})`)

// Every encoding gives the document that FreeSWITCH wrote to disk for the same call, byte for byte.
func TestEveryRecordedPost(t *testing.T) {
	compared := 0
	for name, post := range posts(t) {
		r := mustParse(t, []byte(post[1]))
		disk, err := os.ReadFile("testdata/" + name + ".disk." + string(r.Format))
		// mod_json_cdr's encode=true leaves a literal "%20" in a value as it is, so that one cannot be told apart afterwards.
		if err == nil && name != "json-encoded" && name != "malformed-json-encoded-twice" {
			compared++
			if !bytes.Equal(bytes.TrimSpace(r.Raw), bytes.TrimSpace(disk)) {
				t.Errorf("%s: decoded document differs from the one on disk", name)
			}
		}
		if want := uuidOfQuery.FindStringSubmatch(post[0])[1]; r.UUID != want || len(r.CoreUUID) != 36 {
			t.Errorf("%s: key %+v, want uuid %s", name, r.Key, want)
		}
		if r.Malformed != strings.HasPrefix(name, "malformed") {
			t.Errorf("%s: malformed %v (%s)", name, r.Malformed, r.Problem)
		}
		checkJSON(t, name, r)
	}
	if compared < 12 {
		t.Errorf("only %d records were compared with the disk", compared)
	}
	for _, name := range []string{"errlog-encoded", "errlog-textxml"} {
		r := mustParse(t, file(t, name+".cdr.xml"))
		if !bytes.Equal(r.Raw, file(t, name+".disk.xml")) || r.Malformed {
			t.Errorf("%s: file of the error directory differs (%s)", name, r.Problem)
		}
	}
}

// checkJSON holds for every readable record: valid JSON, no key twice, the ids where the manual has them.
func checkJSON(t *testing.T, name string, r *Record) {
	t.Helper()
	raw, err := r.JSON()
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	var doc struct {
		Attributes map[string]any  `json:"@attributes"`
		Variables  map[string]any  `json:"variables"`
		CallFlow   json.RawMessage `json:"callflow"`
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if doc.Attributes["core-uuid"] != r.CoreUUID || doc.Variables["uuid"] != r.UUID || len(doc.CallFlow) < 10 {
		t.Errorf("%s: %v %v", name, doc.Attributes, doc.Variables["uuid"])
	}
	if !bytes.HasPrefix(raw, []byte(`{"@attributes":{"core-uuid":"`)) || bytes.Contains(raw, []byte(":null")) {
		t.Errorf("%s: %.80s", name, raw)
	}
}

func compact(t *testing.T, raw []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The example of the integrators' manual, from the XML that FreeSWITCH writes for it.
func TestManualExample(t *testing.T) {
	r := mustParse(t, file(t, "manual.xml"))
	got, err := r.JSON()
	if err != nil || r.Malformed {
		t.Fatal(err, r.Problem)
	}
	if want := compact(t, file(t, "manual.json")); string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestValues(t *testing.T) {
	r := mustParse(t, []byte(posts(t)["true-special"][1]))
	if got, want := r.Variable("my_special"), `a & b < c > "d" e   , = ; | \ é 漢 😀 <tag/> &amp;`; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	r = mustParse(t, []byte(posts(t)["true-utf8"][1]))
	raw, err := r.JSON()
	if err != nil || !strings.Contains(string(raw), `"caller_id_name":"Иван Петров"`) {
		t.Errorf("entities: %v", err)
	}
	if got := r.Start(); got.Location() != time.UTC || got.Year() != 2026 {
		t.Errorf("start: %v", got)
	}
	r = mustParse(t, []byte(posts(t)["base64"][1]))
	if raw, _ = r.JSON(); !strings.Contains(string(raw), `"originatee":`) && !strings.Contains(string(raw), `"originator":`) {
		t.Errorf("profiles are missing")
	}
}

func TestPlainNumbers(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "1001": "1001", "89100000000": "89100000000", "1669295680528041": "1669295680528041", "-5": "-5", "0.24": "0.24", "-0.5": "-0.5",
		"4.50": "4.5", "0.00": "0", "100.00": "100", "9007199254740992": "9007199254740992",
		"": `""`, "007": `"007"`, "+79100000000": `"+79100000000"`, "-0": `"-0"`, "-0.0": `"-0.0"`, "1e5": `"1e5"`, "1.": `"1."`, ".5": `".5"`, "1.2.3": `"1.2.3"`, "0x1": `"0x1"`,
		"9007199254740993": `"9007199254740993"`, "99999999999999999999": `"99999999999999999999"`, "0.12345678901234567890": `"0.12345678901234567890"`,
		" 1": `" 1"`, "1 ": `"1 "`, "١": `"١"`, "NaN": `"NaN"`, "-": `"-"`, "--1": `"--1"`, "1,5": `"1,5"`,
	} {
		if got := string(appendValue(nil, in)); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

func TestShapes(t *testing.T) {
	for in, want := range map[string]string{
		`<cdr core-uuid="c"/>`:                                                   `{"@attributes":{"core-uuid":"c"}}`,
		`<cdr><a></a><b/><c> </c></cdr>`:                                         `{"a":[],"b":[],"c":[]}`,
		`<cdr><a>1</a><b>x</b><a>2</a></cdr>`:                                    `{"a":[1,2],"b":"x"}`,
		`<cdr><a k="1">t</a></cdr>`:                                              `{"a":{"@attributes":{"k":1},"@text":"t"}}`,
		`<cdr><variables><v>a%20b%zz%</v></variables></cdr>`:                     `{"variables":{"v":"a b%zz%"}}`,
		`<cdr><variables><v>%20</v></variables></cdr>`:                           `{"variables":{"v":" "}}`,
		`<cdr><x><v>a%20b</v></x></cdr>`:                                         `{"x":{"v":"a%20b"}}`,
		`<cdr><a>&lt;b&gt;&#x418;&amp;</a></cdr>`:                                `{"a":"<b>И&"}`,
		`<cdr><variables><sip_h_X-Foo:Bar>c</sip_h_X-Foo:Bar></variables></cdr>`: `{"variables":{"sip_h_X-Foo:Bar":"c"}}`,
		`<cdr><variables><v>%ff</v></variables></cdr>`:                           "{\"variables\":{\"v\":\"\\ufffd\"}}",
	} {
		doc, err := parseXML([]byte(in))
		if err != nil {
			t.Errorf("%s: %v", in, err)
			continue
		}
		if got := string(doc.appendJSON(nil)); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// FreeSWITCH writes variable names unchecked. Such a record is marked, kept raw, and still readable.
func TestMalformedRecordIsNotLost(t *testing.T) {
	body := []byte(posts(t)["malformed-9digit"][1])
	r := mustParse(t, body)
	if !r.Malformed || r.Problem == "" || r.UUID != "00000000-ffff-4000-8000-00000000004b" || len(r.CoreUUID) != 36 {
		t.Fatalf("%+v %s", r.Key, r.Problem)
	}
	if r.Variable("9digit") != "startsdigit" || r.Variable("sip_h_X-Foo:Bar") != "colon" || r.Variable("hangup_cause") != "NORMAL_CLEARING" {
		t.Errorf("variables: %q %q", r.Variable("9digit"), r.Variable("sip_h_X-Foo:Bar"))
	}
	if !bytes.Contains(r.Raw, []byte("<9digit>startsdigit</9digit>")) {
		t.Error("raw form is changed")
	}
	// Cut off anywhere: never an error, and the ids as soon as they are there.
	plain := r.Raw
	at := bytes.Index(plain, []byte("</uuid>")) + len("</uuid>")
	for cut := 10; cut < len(plain)-10; cut += 7 {
		r := mustParse(t, plain[:cut])
		if !r.Malformed || r.Problem == "" || !bytes.Equal(r.Raw, plain[:cut]) {
			t.Fatalf("cut at %d: %+v", cut, r.Key)
		}
		if cut >= at && (r.UUID != "00000000-ffff-4000-8000-00000000004b" || len(r.CoreUUID) != 36) {
			t.Fatalf("cut at %d: ids are lost: %+v", cut, r.Key)
		}
		if _, err := r.JSON(); r.Document == nil && !errors.Is(err, ErrNoDocument) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

// With encode=true and encode-values=true mod_json_cdr leaves the escapes of values as they are: decoding the POST also decodes
// the values. The record is marked and still readable, but for the characters that JSON gives a meaning.
func TestJSONEncodedTwice(t *testing.T) {
	const name = "malformed-json-encoded-twice"
	got, want := mustParse(t, []byte(posts(t)[name][1])), mustParse(t, file(t, name+".disk.json"))
	if !got.Malformed || got.Problem == "" || got.Key != want.Key || want.Malformed {
		t.Fatalf("%+v %q, want %+v", got.Key, got.Problem, want.Key)
	}
	if sdp := got.Variable("rtp_local_sdp_str"); !strings.HasPrefix(sdp, "v=0\r\no=FreeSWITCH ") || sdp != want.Variable("rtp_local_sdp_str") {
		t.Errorf("%q", sdp)
	}
	if v := got.Variable("my_special"); v != "Иван & <Пётр> \"q\" s C:\new 100% +1" || v != want.Variable("my_special") {
		t.Errorf("%q", v)
	}
	values := func(r *Record) (out []string) {
		for _, n := range r.Document.Child("variables").Children {
			// Set by the caller of this call to look like the end of one variable and a second uuid.
			if n.Name != "forged" && n.Name != "x" {
				out = append(out, n.Name+"="+n.Text)
			}
		}
		return out
	}
	if g, w := values(got), values(want); !slices.Equal(g, w) {
		t.Errorf("variables differ:\n%q\n%q", g, w)
	}
	if got.Variable("forged") != "a" || want.Variable("forged") != `a","uuid":"11111111-1111-4111-8111-111111111111","x":"b` {
		t.Errorf("%q %q", got.Variable("forged"), want.Variable("forged"))
	}
}

// Quotes and backslashes that nobody escaped.
func TestJSONWithBareQuotes(t *testing.T) {
	for value, want := range map[string]string{
		`he said "hi"`: `he said "hi"`, `"`: `"`, `"}`: `"}`, `C:\dir\`: `C:\dir\`, "a\r\n\tb": "a\r\n\tb", `a","b`: `a","b`, `x":"y`: `x":"y`, ``: ``,
	} {
		body := `{"core-uuid":"c","variables":{"uuid":"u","a":"` + value + `","9":"` + value + `"},"callflow":[{"times":{"t":"1` + "\n" + `"}},{"x":"` + value + `"}]}`
		r := mustParse(t, []byte(body))
		if r.Document == nil || r.Variable("a") != want || r.Variable("9") != want || r.Key != (Key{"c", "u"}) || !r.Malformed || string(r.Raw) != body {
			t.Errorf("%q: %q %q %s", value, r.Variable("a"), r.Variable("9"), r.Problem)
		}
	}
}

func TestHostileDocuments(t *testing.T) {
	deep := strings.Repeat("<a>", 100)
	for name, in := range map[string]string{
		"dtd":              `<?xml version="1.0"?><!DOCTYPE cdr [<!ENTITY a "aaaa">]><cdr core-uuid="c"><variables><uuid>u</uuid></variables></cdr>`,
		"external entity":  `<?xml version="1.0"?><!DOCTYPE cdr SYSTEM "file:///etc/passwd"><cdr/>`,
		"unknown entity":   `<cdr><a>&xxe;</a></cdr>`,
		"too deep":         `<cdr>` + deep + strings.ReplaceAll(deep, "<", "</") + `</cdr>`,
		"too many":         `<cdr>` + strings.Repeat("<a/>", maxNodes+1) + `</cdr>`,
		"attributes":       `<cdr ` + strings.Repeat(`a="1" `, 2) + `/>`,
		"two roots":        `<cdr/><cdr/>`,
		"text behind":      `<cdr/>x`,
		"crossed":          `<cdr><a><b></a></b></cdr>`,
		"other encoding":   `<?xml version="1.0" encoding="koi8-r"?><cdr/>`,
		"json deep":        strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100),
		"json nested list": `{"a":[[1]]}`,
		"json behind":      `{"core-uuid":"c","variables":{"uuid":"u"}} x`,
		"json cut":         `{"core-uuid":"c","variables":{"uuid":"u"`,
		"no ids":           `<cdr/>`,
		"id with blanks":   `<cdr core-uuid="a b"><variables><uuid>c%0Ad</uuid></variables></cdr>`,
	} {
		r := mustParse(t, []byte(in))
		if !r.Malformed || r.Problem == "" || string(r.Raw) != in || strings.ContainsAny(r.UUID+r.CoreUUID, " \n") {
			t.Errorf("%s: %+v %q", name, r.Key, r.Problem)
		}
	}
	if r := mustParse(t, []byte(`{"core-uuid":"c","variables":{"uuid":"u"`)); r.Key != (Key{"c", "u"}) {
		t.Errorf("ids of a cut JSON record: %+v", r.Key)
	}
	// Many small comments must not make it slow.
	slow := `<cdr core-uuid="c"><variables><uuid>u</uuid><v>` + strings.Repeat("x<!---->", 200_000) + `</v></variables></cdr>`
	if r := mustParse(t, []byte(slow)); r.Malformed || len(r.Variable("v")) != 200_000 {
		t.Errorf("%s", r.Problem)
	}
}

func TestNotACDR(t *testing.T) {
	for _, in := range []string{"", "cdr=", "hello", "cdr=hello", "<html></html>", "cdr=%3Chtml%3E", "%", "uuid=1", "cdr=" + base64.StdEncoding.EncodeToString([]byte("hello")), "\xff\xfe"} {
		if _, err := Parse([]byte(in)); !errors.Is(err, ErrNotCDR) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if _, err := Parse(make([]byte, MaxBody+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
}

func TestBase64Variants(t *testing.T) {
	body := posts(t)["base64"][1]
	want := mustParse(t, []byte(body)).Raw
	text := strings.TrimPrefix(body, "cdr=")
	var folded strings.Builder
	for line := range slices.Chunk([]byte(text), 72) {
		folded.Write(append(line, '\n'))
	}
	for name, in := range map[string]string{
		"error directory": text,
		"folded":          "cdr=" + folded.String(),
		"no padding":      strings.TrimRight(body, "="),
		"re-encoded":      "cdr=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(text),
	} {
		if r := mustParse(t, []byte(in)); !bytes.Equal(r.Raw, want) {
			t.Errorf("%s: differs", name)
		}
	}
}

// One call recorded by both modules: the JSON record becomes the XML record's shape, as far as it has the data.
func TestJSONRecordLooksLikeXML(t *testing.T) {
	for _, name := range []string{"true-busy", "true-queue", "true-agent", "true-special"} {
		x, j := mustParse(t, file(t, name+".disk.xml")), mustParse(t, file(t, name+".disk.json"))
		if x.Key != j.Key || x.Malformed || j.Malformed || x.Format != XML || j.Format != JSON {
			t.Fatalf("%s: %+v %+v %s %s", name, x.Key, j.Key, x.Problem, j.Problem)
		}
		xv, jv := x.Document.Child("variables"), j.Document.Child("variables")
		values := func(n *Node) (out []string) {
			for _, c := range n.Children {
				out = append(out, c.Name+"="+c.Text)
			}
			return out
		}
		if xs, js := values(xv), values(jv); !slices.Equal(xs, js) {
			t.Errorf("%s: variables differ", name)
			for i := range min(len(xs), len(js)) {
				if xs[i] != js[i] {
					t.Errorf("xml %q, json %q", xs[i], js[i])
					break
				}
			}
		}
		missing := []string{}
		var walk func(path string, a, b *Node)
		walk = func(path string, a, b *Node) {
			for _, at := range a.Attrs {
				if b.Attr(at.Name) != at.Value {
					missing = append(missing, path+"@"+at.Name)
				}
			}
			count := map[string]int{}
			for _, c := range a.Children {
				i := count[c.Name]
				count[c.Name]++
				same := slices.DeleteFunc(slices.Clone(b.Children), func(n *Node) bool { return n.Name != c.Name })
				if i >= len(same) {
					missing = append(missing, path+"/"+c.Name)
					continue
				}
				walk(path+"/"+c.Name, c, same[i])
			}
		}
		walk("", x.Document, j.Document)
		// What mod_json_cdr does not write at all.
		known := regexp.MustCompile(`@unique-id$|@clone-of$|/callee_id_(name|number)$|@app_stamp$|/(start|stop|duration-msec|consecutive-flaws|flaws|error-log|transfer_source|device_id)$`)
		for _, m := range missing {
			if !known.MatchString(m) {
				t.Errorf("%s: %s is missing in the JSON record", name, m)
			}
		}
	}
}

func TestJSONValuesEncodedOrNot(t *testing.T) {
	plain := mustParse(t, []byte(posts(t)["json-plain"][1])) // encode-values=false
	if got := plain.Variable("origination_caller_id_name"); got != "Иван & <Co>" {
		t.Errorf("plain: %q", got)
	}
	encoded := mustParse(t, file(t, "true-special.disk.json"))
	if got := encoded.Variable("my_special"); !strings.HasPrefix(got, `a & b < c`) {
		t.Errorf("encoded: %q", got)
	}
	r := mustParse(t, []byte(`{"core-uuid":"c","variables":{"uuid":"u","legs":"ARRAY%3A%3Aa%3Bb%7C%3Ac"},"callStats":{"x":55.097560975609753}}`))
	if got, _ := r.JSON(); string(got) != `{"@attributes":{"core-uuid":"c"},"variables":{"uuid":"u","legs":["a;b","c"]},"call-stats":{"x":55.09756097560975}}` {
		t.Errorf("%s", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range posts(f) {
		f.Add([]byte(p[1]))
	}
	for _, n := range []string{"errlog-encoded.cdr.xml", "true-busy.disk.json", "manual.xml"} {
		f.Add(file(f, n))
	}
	f.Add([]byte(`<cdr><variables><9a>%4</9a></variables></cdr>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := Parse(body)
		if err != nil {
			return
		}
		raw, err := r.JSON()
		if r.Document == nil {
			if !errors.Is(err, ErrNoDocument) || !r.Malformed {
				t.Fatalf("no document: %v %v", err, r.Malformed)
			}
			return
		}
		if err != nil || !json.Valid(raw) {
			t.Fatalf("invalid JSON: %v %q", err, raw)
		}
		if r.Malformed == (r.Problem == "") || (!r.Malformed && (r.UUID == "" || r.CoreUUID == "")) {
			t.Fatalf("%+v", r.Key)
		}
	})
}
