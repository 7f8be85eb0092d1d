//go:build !wasip1

package patchbay_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

var bound struct {
	text  string
	flag  bool
	n     int
	wide  int64
	ratio float64
	list  []string
	raw   patchbay.Value
}

// after is what OnConfigure sees: the variables are bound before.
var after string

// ask is the request that the action of this test sends.
var ask func() *patchbay.Outgoing

func init() {
	patchbay.Bind("text", &bound.text)
	patchbay.Bind("flag", &bound.flag)
	patchbay.Bind("n", &bound.n)
	patchbay.Bind("wide", &bound.wide)
	patchbay.Bind("ratio", &bound.ratio)
	patchbay.Bind("list", &bound.list)
	patchbay.Bind("raw", &bound.raw)
	patchbay.OnConfigure(func(patchbay.Value) error { after = bound.text; return nil })
	patchbay.HandleAction("fetch", func(t *patchbay.Task) (patchbay.Reply, error) {
		o := ask()
		if _, err := t.Do(o); err != nil {
			return patchbay.Reply{}, err
		}
		_, err := t.Do(o) // what was built stays
		return patchbay.Reply{}, err
	})
	patchbay.HandleAction("err", func(t *patchbay.Task) (patchbay.Reply, error) { return patchbay.Reply{}, t.Err() })
}

func value(t *testing.T, text string) patchbay.Value {
	t.Helper()
	n, err := jsontree.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return n.Value()
}

func configureWith(t *testing.T, settings string) error {
	t.Helper()
	_, err := patchbay.Run(abi.Request{Kind: abi.Configure, Params: value(t, settings)}, nil, nil)
	return err
}

func TestBind(t *testing.T) {
	err := configureWith(t, `{"text": "a", "flag": true, "n": -7, "wide": 9007199254740993, "ratio": 0.5, "list": ["x", "y"], "raw": {"k": 1}}`)
	if err != nil {
		t.Fatal(err)
	}
	if b := bound; b.text != "a" || !b.flag || b.n != -7 || b.wide != 9007199254740993 || b.ratio != 0.5 || strings.Join(b.list, ",") != "x,y" ||
		b.raw.Get("k").String() != "1" || after != "a" {
		t.Errorf("bound %+v, OnConfigure saw %q", b, after)
	}
	// Settings that are gone become zero: a guest may be configured twice in tests.
	if err := configureWith(t, `{"list": null}`); err != nil {
		t.Fatal(err)
	}
	if b := bound; b.text != "" || b.flag || b.n != 0 || b.wide != 0 || b.ratio != 0 || b.list != nil || b.raw != nil {
		t.Errorf("bound %+v", b)
	}
	for name, settings := range map[string]string{"text": `{"text": 1}`, "flag": `{"flag": "yes"}`, "n": `{"n": 1.5}`, "list": `{"list": "x"}`, "ratio": `{"ratio": []}`} {
		if err := configureWith(t, settings); err == nil || !strings.Contains(err.Error(), name+": has a type") {
			t.Errorf("%s: %v", settings, err)
		}
	}
}

// sent runs the action and returns the two requests that the host got.
func sent(t *testing.T, build func() *patchbay.Outgoing) [2]abi.HTTPRequest {
	t.Helper()
	ask = build
	var got []abi.HTTPRequest
	host := func(operation string, request []byte) []byte {
		var q abi.HTTPRequest
		if err := q.Decode(request); err != nil || operation != abi.OpHTTPFetch {
			t.Errorf("%s: %v", operation, err)
		}
		got = append(got, q)
		p := abi.HTTPResponse{Status: 200}
		return abi.AppendAnswer(nil, nil, p.Append(nil))
	}
	if _, err := patchbay.Run(abi.Request{Kind: abi.Action, Name: "fetch"}, host, nil); err != nil || len(got) != 2 {
		t.Fatalf("%v, %d requests", err, len(got))
	}
	return [2]abi.HTTPRequest(got)
}

func TestOutgoing(t *testing.T) {
	for name, c := range map[string]struct {
		build                     func() *patchbay.Outgoing
		method, url, header, body string
		check                     func(q abi.HTTPRequest) bool
	}{
		"nothing but an address": {
			func() *patchbay.Outgoing { return patchbay.Get("https://a.example/x") }, "GET", "https://a.example/x", "", "",
			func(q abi.HTTPRequest) bool { return q.NoRedirect && q.Parse == abi.ParseAuto && q.TimeoutMS == 0 },
		},
		"query": {
			func() *patchbay.Outgoing {
				return patchbay.Get("https://a.example/x").Query("a b", "c&d=#").Query("e", "").Redirects().Timeout(5).Parse(patchbay.ParseXML)
			}, "GET", "https://a.example/x?a%20b=c%26d%3D%23&e=", "", "",
			func(q abi.HTTPRequest) bool { return !q.NoRedirect && q.Parse == abi.ParseXML && q.TimeoutMS == 5 },
		},
		"query behind a query": {
			func() *patchbay.Outgoing { return patchbay.Get("https://a.example/?k=1").Query("l", "я") }, "GET", "https://a.example/?k=1&l=%D1%8F", "", "", nil,
		},
		"JSON": {
			func() *patchbay.Outgoing {
				return patchbay.Post("https://a.example/").Bearer("t").JSON(new(patchbay.Object).Str("a", "\"\\\n\x01€").Int("b", -1).Bool("c", true).Set("d", nil).Value())
			}, "POST", "https://a.example/", `{"authorization":"Bearer t","content-type":"application/json"}`, `{"a":"\"\\\n\u0001€","b":-1,"c":true,"d":null}`, nil,
		},
		"form": {
			func() *patchbay.Outgoing {
				return patchbay.Post("https://a.example/").Form("to", "+7").Form("text", "a&b=c")
			},
			"POST", "https://a.example/", `{"content-type":"application/x-www-form-urlencoded"}`, "to=%2B7&text=a%26b%3Dc", nil,
		},
		"bytes": {
			func() *patchbay.Outgoing {
				return patchbay.NewRequest("PUT", "https://a.example/").Header("x-k", "v").Body("text/xml", []byte("<a/>"))
			}, "PUT", "https://a.example/", `{"x-k":"v","content-type":"text/xml"}`, "<a/>", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, q := range sent(t, c.build) {
				header := ""
				if q.Header.Exists() {
					header = string(jsontree.AppendValue(nil, q.Header))
				}
				if q.Method != c.method || q.URL != c.url || string(q.Body) != c.body || header != c.header || c.check != nil && !c.check(q) {
					t.Errorf("got %s %s %s %q %+v", q.Method, q.URL, header, q.Body, q)
				}
			}
		})
	}
}

func TestErrorsSayWhatIsCertain(t *testing.T) {
	if e := patchbay.Busy("Acme", 1500); e.Code != abi.CodeBusy || e.Sent || e.RetryMS != 1500 || e.Source != abi.SourceUpstream {
		t.Errorf("%+v", e)
	}
	if e := patchbay.Uncertain("Acme", "HTTP 502"); e.Code != abi.CodeUnavailable || !e.Sent || e.Detail != "HTTP 502" {
		t.Errorf("%+v", e)
	}
	if _, err := patchbay.Run(abi.Request{Kind: abi.Action, Name: "err"}, nil, nil); err != nil {
		t.Errorf("Err of a task that nobody called off: %v", err)
	}
}

// TestSourceIsComplete: new projects get this copy of the SDK, so every package of
// the module that plugins import must be in it.
func TestSourceIsComplete(t *testing.T) {
	err := fs.WalkDir(patchbay.Source, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(name, "testdata") {
			err = errors.New(name + " has no place in a project")
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for _, name := range []string{
		"go.mod", "task.go", "guest_wasip1.go", "abi/abi.go", "template/escape.go", "sms/sms.go", "onlinestat/onlinestat.go", "report/report.go",
		"plugintest/plugintest.go", "manifest/parse.go", "schema/schema.go", "schema/jsontree/jsontree.go", "project/language.json",
	} {
		if _, err := fs.Stat(patchbay.Source, name); err != nil {
			t.Error(err)
		}
	}
}
