package cdr

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/examples/sandbox/freeswitch/event"
)

// recordedPost reads a POST as FreeSWITCH 1.10.12 sent it.
func recordedPost(t *testing.T, name string) (*http.Request, string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r, string(body)
}

// parse turns a document into the tree of this package.
func parse(t *testing.T, document string) *node {
	t.Helper()
	var stack []*node
	root := &node{}
	stack = append(stack, root)
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root.children[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		top := stack[len(stack)-1]
		switch v := token.(type) {
		case xml.StartElement:
			child := top.add(v.Name.Local, "")
			for _, a := range v.Attr {
				child.attrs = append(child.attrs, Pair{a.Name.Local, a.Value})
			}
			stack = append(stack, child)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text += string(v)
		}
	}
}

// Recorded documents, read and written again, come out byte for byte.
func TestWriterAgainstRecordings(t *testing.T) {
	_, textxml := recordedPost(t, "textxml.http")
	_, plain := recordedPost(t, "false.http")
	_, encoded := recordedPost(t, "base64.http")
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(encoded, "cdr="))
	if err != nil {
		t.Fatal(err)
	}
	documents := []string{textxml, strings.TrimPrefix(plain, "cdr="), string(decoded)}
	for _, name := range []string{"true.http", "true-recorded.http", "server-500.http"} {
		_, body := recordedPost(t, name)
		text, err := url.PathUnescape(strings.TrimPrefix(body, "cdr="))
		if err != nil {
			t.Fatal(err)
		}
		if again := "cdr=" + event.Encode(text, true); again != body {
			t.Errorf("%s: the percent-encoding differs", name)
		}
		documents = append(documents, text)
	}
	for i, document := range documents {
		if got := string(parse(t, document).document()); got != document {
			t.Errorf("document %d:\n%s\nwant\n%s", i, got, document)
		}
	}
}

func example() *Record {
	return &Record{
		CoreUUID: "core", Switchname: "fs", UUID: "u-1", ALeg: true, Direction: "outbound", Flags: "0=1", Caps: "",
		AudioIn: []Pair{{"raw_bytes", "1"}}, AudioOut: []Pair{{"raw_bytes", "2"}},
		Variables: []Pair{{"uuid", "u-1"}, {"special", "a & b < c > \"d\" %20 Иван"}},
		AppLog:    []App{{"answer", "", "17"}, {"set", "x=\"1\"", "18"}},
		Flows: []Flow{{
			Dialplan: "XML", UniqueID: "f-2", CloneOf: "f-1", ProfileIndex: "2", Extension: "e", Number: "9000", Apps: []App{{"answer", "", ""}},
			Profile: []Pair{{"caller_id_name", "Иван & <x>"}}, Times: []Pair{{"created_time", "17"}},
		}},
	}
}

func TestRecordXML(t *testing.T) {
	const want = `<?xml version="1.0"?>
<cdr core-uuid="core" switchname="fs">
  <channel_data>
    <state>CS_REPORTING</state>
    <direction>outbound</direction>
    <state_number>11</state_number>
    <flags>0=1</flags>
    <caps></caps>
  </channel_data>
  <call-stats>
    <audio>
      <inbound>
        <raw_bytes>1</raw_bytes>
      </inbound>
      <outbound>
        <raw_bytes>2</raw_bytes>
      </outbound>
    </audio>
  </call-stats>
  <variables>
    <uuid>u-1</uuid>
    <special>a%20%26%20b%20%3C%20c%20%3E%20%22d%22%20%20%20%D0%98%D0%B2%D0%B0%D0%BD</special>
  </variables>
  <app_log>
    <application app_name="answer" app_data="" app_stamp="17"></application>
    <application app_name="set" app_data="x=&quot;1&quot;" app_stamp="18"></application>
  </app_log>
  <callflow dialplan="XML" unique-id="f-2" clone-of="f-1" profile_index="2">
    <extension name="e" number="9000">
      <application app_name="answer" app_data=""></application>
    </extension>
    <caller_profile>
      <caller_id_name>&#x418;&#x432;&#x430;&#x43D; &amp; &lt;x&gt;</caller_id_name>
    </caller_profile>
    <times>
      <created_time>17</created_time>
    </times>
  </callflow>
</cdr>
`
	if got := string(example().XML()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// The JSON has the keys of a recorded record at every level that it fills.
func TestRecordJSON(t *testing.T) {
	_, recorded := recordedPost(t, "json.http")
	var want, got map[string]any
	if err := json.Unmarshal([]byte(recorded), &want); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(example().JSON(), &got); err != nil {
		t.Fatal(err)
	}
	keys := func(m map[string]any) map[string]bool {
		out := map[string]bool{}
		for k := range m {
			out[k] = true
		}
		return out
	}
	if !reflect.DeepEqual(keys(got), keys(want)) {
		t.Errorf("keys %v, want %v", keys(got), keys(want))
	}
	if got["channel_data"].(map[string]any)["state_number"] != "11" {
		t.Error("numbers have to be strings")
	}
	if got["variables"].(map[string]any)["special"] != example().Variables[1].Value {
		t.Errorf("%v", got["variables"])
	}
}

func TestPostsLookLikeRecordedOnes(t *testing.T) {
	for encoding, recorded := range map[Encoding]string{EncodeTrue: "true.http", EncodeFalse: "false.http", Base64: "base64.http", TextXML: "textxml.http", JSON: "json.http"} {
		t.Run(string(encoding), func(t *testing.T) {
			want, wantBody := recordedPost(t, recorded)
			var got *http.Request
			var body []byte
			server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = r
				body, _ = io.ReadAll(r.Body)
			}))
			t.Cleanup(server.Close)
			p, err := NewPoster(Options{URL: server.URL + "/cdr?token=abc", Encoding: encoding, User: "u", Password: "p"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Close)
			record := example()
			if err := p.Post(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Content-Type", "User-Agent", "Accept"} {
				if got.Header.Get(name) != want.Header.Get(name) {
					t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want.Header.Get(name))
				}
			}
			wantQuery := "token=abc&uuid=a_u-1"
			if encoding == JSON {
				wantQuery = "token=abc?uuid=u-1"
			}
			if user, password, _ := got.BasicAuth(); got.URL.RawQuery != wantQuery || user != "u" || password != "p" {
				t.Errorf("query %q, user %q", got.URL.RawQuery, user)
			}
			start := func(text string) string { return text[:min(len(text), 20)] }
			if a, b := start(string(body)), start(wantBody); a != b && encoding != JSON && encoding != Base64 {
				t.Errorf("body begins with %q, want %q", a, b)
			}
			if encoding == JSON && string(body) != string(record.JSON()) {
				t.Errorf("body %s", body)
			}
			if encoding == Base64 && string(body) != "cdr="+base64.StdEncoding.EncodeToString(record.XML()) {
				t.Errorf("body %s", body)
			}
		})
	}
}

func TestRetriesAndErrorDirectory(t *testing.T) {
	answers := []int{500, 302, 404}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		status := answers[0]
		answers = answers[1:]
		w.WriteHeader(status)
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	p, err := NewPoster(Options{URL: server.URL, Retries: 2, Delay: time.Millisecond, ErrorDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Post(t.Context(), example()); err == nil {
		t.Error("a refused record was accepted")
	}
	if n := len(p.Attempts()); n != 3 || p.Attempts()[0].Status != 500 || p.Attempts()[2].Status != 404 {
		t.Errorf("%+v", p.Attempts())
	}
	saved, err := os.ReadFile(filepath.Join(dir, "a_u-1.cdr.xml"))
	if err != nil || string(saved) != event.Encode(string(example().XML()), true) {
		t.Errorf("saved %q, %v", saved, err)
	}
	// The recorded file of the same situation is the POST without `cdr=` as well.
	_, posted := recordedPost(t, "server-500.http")
	recorded, err := os.ReadFile("testdata/error-dir-true.txt")
	if err != nil {
		t.Fatal(err)
	}
	if posted != "cdr="+string(recorded) {
		t.Error("the recordings disagree")
	}
}

func TestErrorDirectoryWithoutEncoding(t *testing.T) {
	dir := t.TempDir()
	for encoding, file := range map[Encoding]string{TextXML: "a_u-1.cdr.xml", JSON: "u-1.cdr.json"} {
		p, err := NewPoster(Options{URL: "http://127.0.0.1:1/", Encoding: encoding, ErrorDir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Post(t.Context(), example()); err == nil {
			t.Error("nobody listens, but the record was accepted")
		}
		_, _, want := encoding.Encode(example())
		if saved, err := os.ReadFile(filepath.Join(dir, file)); err != nil || !bytes.Equal(saved, want) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestParseEncoding(t *testing.T) {
	for _, name := range []string{"true", "FALSE", "base64", "textxml", "json"} {
		if _, err := ParseEncoding(name); err != nil {
			t.Error(err)
		}
	}
	if _, err := ParseEncoding("xml"); err == nil {
		t.Error("xml was accepted")
	}
	for _, bad := range []string{"ftp://x", "/cdr", "http://"} {
		if _, err := NewPoster(Options{URL: bad}); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
}
