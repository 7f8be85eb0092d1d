package main

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const hello = `{"phone":"+79190000000","message":"Hello","reference":"1"}`

func answers(status int, contentType, body string) func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
	return func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return plugintest.Answer(status, contentType, body), nil
	}
}

func TestFormsOfAnswers(t *testing.T) {
	const request = `"url":"https://sms.example/?to={phone}&text={message}"`
	for name, c := range map[string]struct{ settings, contentType, body, id string }{
		"xml": {`"parse":"xml","accepted_when":[{"path":"result","in":["ok"]}],"message_id_path":"message.@attributes.id"`,
			"", `<?xml version="1.0"?><response><result>ok</result><message id="7">1</message></response>`, "7"},
		"xml by its type": {`"accepted_when":[{"path":"result","in":["ok"]}],"message_id_path":"id"`,
			"text/xml; charset=utf-8", `<r><result>ok</result><id>8</id></r>`, "8"},
		"form": {`"parse":"form","accepted_when":[{"path":"status","in":["0","1"]}],"message_id_path":"id"`,
			"", `status=1&id=9`, "9"},
		"text": {`"parse":"text","accepted_when":[{"in":["accepted"],"match":"begins"}],"message_id_path":""`,
			"", "accepted;12\r\n", "accepted;12"},
		"text that contains": {`"parse":"text","accepted_when":[{"in":["queued","sent"],"match":"contains"}]`,
			"", "1 message sent", "1 message sent"},
		"array": {`"parse":"json","accepted_when":[{"path":"messages.0.status","in":["accepted"]}],"message_id_path":"messages.0.smscId"`,
			"", `{"messages":[{"status":"accepted","smscId":4294967296}]}`, "4294967296"},
		"status alone": {`"accepted_status":[202]`, "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			status := 200
			if strings.Contains(c.settings, "202") {
				status = 202
			}
			got := plugintest.New(t).Settings(`{`+request+`,`+c.settings+`}`).HTTP(answers(status, c.contentType, c.body)).
				Operation(point, "send", hello)
			if got.Err != nil || got.JSON() != `{"message_id":"`+c.id+`"}` {
				t.Errorf("got %s %v, want id %q", got.JSON(), got.Err, c.id)
			}
		})
	}
}

func TestTransportErrorsKeepWhatIsCertain(t *testing.T) {
	for _, e := range []abi.Error{
		{Code: abi.CodeUnavailable, Source: abi.SourceUpstream},
		{Code: abi.CodeUnavailable, Source: abi.SourceUpstream, Sent: true},
		{Code: abi.CodeTimeout, Source: abi.SourceUpstream, Sent: true},
		{Code: abi.CodeTimeout, Source: abi.SourceUpstream},
	} {
		got := plugintest.New(t).Settings(fixture(t, "exolve")).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return abi.HTTPResponse{}, &e
		}).Operation(point, "send", hello)
		if got.Err == nil || got.Err.Code != e.Code || got.Err.Sent != e.Sent {
			t.Errorf("%+v became %+v", e, got.Err)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	h := plugintest.New(t).Settings(fixture(t, "exolve")).HTTP(answers(307, "", ""))
	if got := h.Operation(point, "send", hello); got.Err == nil || !got.Err.Sent {
		t.Errorf("got %+v", got.Err)
	}
	if !h.Requests()[0].NoRedirect {
		t.Error("the host may follow redirects and so send twice")
	}
}

func TestUnusableValuesAreNotSent(t *testing.T) {
	for name, settings := range map[string]string{
		"line break in a header": `{"url":"https://sms.example/","headers":{"X-To":"{phone}","X-Text":"{message}"}}`,
		"dots in a path":         `{"url":"https://sms.example/{phone}/{message}/send"}`,
		"text as a number":       `{"url":"https://sms.example/{phone}","body_kind":"json","body":"{\"n\":{message}}"}`,
	} {
		h := plugintest.New(t).Settings(settings).HTTP(answers(200, "", ""))
		message := map[string]string{"line break in a header": `a\r\nX: y`, "dots in a path": "..", "text as a number": `1,\"x\":2`}[name]
		got := h.Operation(point, "send", `{"phone":"+79190000000","message":"`+message+`","reference":"1"}`)
		if got.Err == nil || got.Err.Code != abi.CodeInvalid || got.Err.Sent || len(h.Requests()) > 0 {
			t.Errorf("%s: got %+v after %d requests", name, got.Err, len(h.Requests()))
		}
	}
}

func TestBadSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{"url":"https://sms.example/?to={phone}"}`:                                                                        "{message} and {phone}",
		`{"url":"https://sms.example/?text={message}"}`:                                                                    "{message} and {phone}",
		`{"url":"https://sms.example/?to={phone}&text={text}"}`:                                                            "url: unknown placeholder {text}",
		`{"url":"https://sms.example/?to={phone}&text={{message}}"}`:                                                       "url: write {message} with single braces",
		`{"url":"https://{phone}.example/?text={message}"}`:                                                                "url: {phone} may not stand in the scheme or the host",
		`{"url":"sms.example/?to={phone}&text={message}"}`:                                                                 "url: an address begins with http",
		`{"url":"https://u:p@sms.example/?to={phone}&text={message}"}`:                                                     "url: the host holds an unusable character",
		`{"url":"https://sms.example/?to={phone}&text={message}&key={settings.api_key}"}`:                                  "url: {settings.api_key} names a setting that has no value",
		`{"url":"https://sms.example/?k={settings.values}&to={phone}&text={message}"}`:                                     "url: {settings.values} names a setting that has no value",
		`{"url":"https://sms.example/","body_kind":"json","body":"{\"a\":\"{phone}\",\"b\":\"{message}\""}`:                "body: not well-formed JSON",
		`{"url":"https://sms.example/","body_kind":"json","body":"{\"a\":\"{phone}\",\"b\":\"{mesage}\"}"}`:                "body: unknown placeholder {mesage}",
		`{"url":"https://sms.example/","body_kind":"xml","body":"<sms to={phone}>{message}</sms>"}`:                        "body: {phone} may stand between tags",
		`{"url":"https://sms.example/","method":"GET","body_kind":"form","fields":{"to":"{phone}","text":"{message}"}}`:    "body_kind: a GET request has no body",
		`{"url":"https://sms.example/?to={phone}&text={message}","auth":"bearer"}`:                                         "api_key: bearer authorization needs one",
		`{"url":"https://sms.example/?to={phone}&text={message}","auth":"basic"}`:                                          "login: basic authorization needs one",
		`{"url":"https://sms.example/?to={phone}&text={message}","headers":{"A b":"x"}}`:                                   "headers: A b is not the name of a header",
		`{"url":"https://sms.example/?to={phone}&text={message}","accepted_when":[{"path":"{message}"}]}`:                  "accepted_when: unknown placeholder {message}",
		`{"url":"https://sms.example/?to={phone}&text={message}","balance_url":"https://sms.example/{phone}"}`:             "balance_url: unknown placeholder {phone}",
		`{"url":"https://sms.example/?to={phone}&text={message}","message_id_path":"x.{nothing}"}`:                         "message_id_path: unknown placeholder {nothing}",
		`{"url":"https://sms.example/?to={phone}&text={message}","body_kind":"json"}`:                                      "body: is empty",
		`{"url":"https://sms.example/?to={phone}&text={message}","body":"{}"}`:                                             "body: is set, but body_kind is none",
		`{"url":"https://sms.example/?to={phone}&text={message}","body_kind":"form","fields":{"a":"{settings.password}"}}`: "fields.a: {settings.password} names a setting",
	} {
		if err := plugintest.New(t).Settings(settings).Configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
}

func TestBalance(t *testing.T) {
	h := plugintest.New(t).Settings(fixture(t, "smsc.ru")).HTTP(answers(200, "", `{"balance":"100.01"}`))
	if got := h.Operation(point, "balance", `{}`); got.JSON() != `{"amount":"100.01","currency":"RUB"}` {
		t.Errorf("got %s %v", got.JSON(), got.Err)
	}
	if want := "https://smsc.ru/sys/balance.php?login=gateway&psw=s%26cret&fmt=3"; h.Requests()[0].URL != want {
		t.Errorf("asked %s, want %s", h.Requests()[0].URL, want)
	}
	for _, body := range []string{`{"error":"authorise error","error_code":2}`, `{"balance":null}`, `{"balance":{}}`, ``} {
		h := plugintest.New(t).Settings(fixture(t, "smsc.ru")).HTTP(answers(200, "", body))
		if got := h.Operation(point, "balance", `{}`); got.Err == nil || got.Err.Code != abi.CodeUnavailable {
			t.Errorf("%s: got %s", body, got.JSON())
		}
		if got := h.Health(); got.Err == nil {
			t.Errorf("%s: healthy", body)
		}
	}
	h = plugintest.New(t).Settings(fixture(t, "exolve"))
	if got := h.Operation(point, "balance", `{}`); got.Err == nil || got.Err.Code != abi.CodeNotFound {
		t.Errorf("not configured: got %+v", got.Err)
	}
	if got := h.Health(); got.Err != nil || len(h.Calls) > 0 {
		t.Errorf("health without a balance: %v after %v", got.Err, h.Operations())
	}
}

func TestAFailedReconfigurationKeepsTheOldSettings(t *testing.T) {
	h := plugintest.New(t).Settings(fixture(t, "exolve"))
	if err := h.Configure(); err != nil {
		t.Fatal(err)
	}
	before := configured
	if err := h.Settings(`{"url":"https://sms.example/"}`).Configure(); err == nil || configured != before {
		t.Error("half-read settings are in use")
	}
}
