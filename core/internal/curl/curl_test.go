package curl_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/core/internal/curl"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

// The commands are shaped as the public documentation of aggregators has them.
func TestTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		text     string
		sample   curl.Sample
		settings map[string]any
		hosts    string
		note     string
	}{
		"query": {
			text: `curl "https://smsc.example/sys/send.php?login=me&psw=p%40ss&phones=79190000000&mes=Hello+you&charset=utf-8&fmt=3"`,
			settings: map[string]any{
				"url":   "https://smsc.example/sys/send.php?login={settings.login}&psw={settings.password}&phones={phone_digits}&mes={message}&charset=utf-8&fmt=3",
				"login": "me", "password": "p@ss",
			},
			hosts: "[smsc.example]",
		},
		"form over several lines": {
			text: "$ curl -sS -X POST https://sms.example/send \\\n  -d api_id=KEY-1 \\\r\n  --data-urlencode 'to=+79190000000' \\\n  --data-urlencode \"msg=hello & bye\" -d json=1",
			settings: map[string]any{
				"url": "https://sms.example/send", "method": "POST", "body_kind": "form", "api_key": "KEY-1",
				"fields": map[string]any{"api_id": "{settings.api_key}", "to": "{phone}", "msg": "{message}", "json": "1"},
			},
			hosts: "[sms.example]",
		},
		"json with a bearer": {
			text: `curl --location --request POST 'https://api.example:8443/v2/send' --header 'Authorization: Bearer T0KEN' --header 'Content-Type: application/json' --data-raw '{"number":79190000000,"destination":"79190000000","text":"He said \"hi\"","sign":"Shop","opts":{"flash":false,"tags":[]}}'`,
			settings: map[string]any{
				"url": "https://api.example:8443/v2/send", "method": "POST", "auth": "bearer", "api_key": "T0KEN", "originator": "Shop", "body_kind": "json",
				"body": "{\n  \"number\": {phone_digits},\n  \"destination\": \"{phone_digits}\",\n  \"text\": \"{message}\",\n  \"sign\": \"{originator}\",\n  \"opts\": {\n    \"flash\": false,\n    \"tags\": []\n  }\n}",
			},
			hosts: "[api.example:8443]",
		},
		"basic and a multipart form": {
			text: `curl -uaccount:secret -F To=+79190000000 -F Body=hi -F From=+15005550006 https://api.example/Messages.json`,
			settings: map[string]any{
				"url": "https://api.example/Messages.json", "method": "POST", "auth": "basic", "login": "account", "password": "secret", "body_kind": "form",
				"fields": map[string]any{"To": "{phone}", "Body": "{message}", "From": "{originator}"}, "originator": "+15005550006",
			},
			hosts: "[api.example]", note: "urlencoded",
		},
		"xml with a sample": {
			text:   `curl -H 'Content-Type: text/xml' -H "X-Token: abc" -d '<sms to="79190000000"><text>Привет</text><id>12345678901</id></sms>' http://xml.example/`,
			sample: curl.Sample{Phone: "79190000000", Message: "Привет"},
			settings: map[string]any{
				"url": "http://xml.example/", "method": "POST", "body_kind": "xml", "body": `<sms to="{phone_digits}"><text>{message}</text><id>12345678901</id></sms>`,
				"headers": map[string]any{"X-Token": "abc"},
			},
			hosts: "[xml.example]",
		},
		"-G and a browser's quotation": {
			text:     `curl -G 'http://127.0.0.1:13013/cgi-bin/sendsms' --data-raw $'username=foo\u0026password=bar' -d to=%2B79190000000 -d text=Hi`,
			settings: map[string]any{"url": "http://127.0.0.1:13013/cgi-bin/sendsms?username={settings.login}&password={settings.password}&to={phone}&text={message}", "login": "foo", "password": "bar"},
			hosts:    "[127.0.0.1:13013]",
		},
		"nothing to recognise": {
			text:     `curl https://sms.example/v1/abc`,
			settings: map[string]any{"url": "https://sms.example/v1/abc"}, hosts: "[sms.example]", note: "{phone}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			command, err := curl.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			got, err := command.Template(c.sample)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got.Settings, c.settings) {
				t.Errorf("%#v\nwant\n%#v", got.Settings, c.settings)
			}
			if fmt.Sprint(got.Hosts) != c.hosts || !strings.Contains(strings.Join(got.Notes, "\n"), c.note) || c.note == "" && len(got.Notes) > 0 {
				t.Errorf("hosts %v, notes %q", got.Hosts, got.Notes)
			}
		})
	}
}

func TestWhatIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		``:                                           "no address",
		`curl`:                                       "no address",
		`curl 'http://a.example`:                     "not closed",
		`curl "http://a.example`:                     "not closed",
		`curl $'http://a.example`:                    "not closed",
		`curl http://a.example?a=1&b=2`:              "shell",
		`curl http://a.example | sh`:                 "shell",
		`curl http://a.example; rm -rf /`:            "shell",
		`curl http://a.example > out`:                "shell",
		`curl -d @/etc/passwd http://a.example`:      "file",
		`curl -F f=@/etc/passwd http://a.example`:    "file",
		`curl -b cookies.txt http://a.example`:       "file",
		`curl --data-urlencode a@f http://a.example`: "file",
		`curl ftp://a.example`:                       "no address",
		`curl file:///etc/passwd`:                    "no address",
		`curl http://a.example http://b.example`:     "two addresses",
		`curl --magic http://a.example`:              "not known",
		`curl http://a.example -H`:                   "no value",
		`curl http://a.example -H nonsense`:          "no header",
		`curl -X DELETE http://a.example`:            "method",
		`curl -d a=1 -F b=2 http://a.example`:        "together",
		`curl $'\xzz' http://a.example`:              "hexadecimal",
		strings.Repeat("x", curl.MaxText+1):          "longer",
		strings.Repeat("-s ", 2000):                  "words",
	} {
		if c, err := curl.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %+v, %v, want %q", text, c, err, want)
		}
	}
	if _, err := curl.Parse(`curl http://a.example | sh`); !errors.Is(err, curl.ErrShell) {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`curl -X POST "https://a.example/?to=79190000000" -H 'A: b' -d '{"text":"x","to":[1,null,{}]}'`, "curl -sSLkG a.example \\\n -d a=%zz", `curl $'\u0041\'\n' -uA:b --json '{"a":"\u0000"}' h.example`,
		`curl -F a=b http://u:p@a.example/#x`, "curl 'http://a.example/{x}' ^\n -H a:b # comment",
	} {
		f.Add(seed, "79190000000", "x")
	}
	f.Fuzz(func(t *testing.T, text, phone, message string) {
		c, err := curl.Parse(text)
		if err != nil {
			return
		}
		made, err := c.Template(curl.Sample{Phone: phone, Message: message})
		if err != nil {
			return
		}
		if len(made.Hosts) != 1 || !strings.HasPrefix(made.Settings["url"].(string), "http") {
			t.Errorf("%q: %+v", text, made)
		}
		if made.Settings["body_kind"] == "json" && !strings.Contains(made.Settings["body"].(string), "{phone_digits}") && len(made.Notes) == 0 {
			if _, err := jsontree.Parse([]byte(made.Settings["body"].(string))); err != nil {
				t.Errorf("%q makes %q: %v", text, made.Settings["body"], err)
			}
		}
	})
}
