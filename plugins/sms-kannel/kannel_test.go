package main

import (
	"net/url"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const (
	point = "sms.provider"
	basic = `{"url":"http://kannel.example:13013","username":"gate way","password":"p&ss=1"}`
)

// answers is a Kannel that always answers the same.
func answers(status int, body string) func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
	return func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return plugintest.Answer(status, "text/plain", body), nil
	}
}

// query returns the parameters of the only request.
func query(t *testing.T, h *plugintest.Host) url.Values {
	t.Helper()
	all := h.Requests()
	if len(all) != 1 {
		t.Fatalf("%d requests, want one", len(all))
	}
	u, err := url.Parse(all[0].URL)
	if err != nil {
		t.Fatal(err)
	}
	if got := u.Scheme + "://" + u.Host + u.Path; got != "http://kannel.example:13013/cgi-bin/sendsms" {
		t.Errorf("asked %s", got)
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestCyrillic(t *testing.T) {
	h := plugintest.New(t).Settings(basic).HTTP(answers(202, "0: Accepted for delivery"))
	got := h.Operation(point, "send", `{"phone":"+79190000000","message":"Проверка & =?#","originator":"FRONTLINE","reference":"17","encoding":"ucs2"}`)
	if got.Err != nil || got.JSON() != `{"message_id":"17"}` {
		t.Errorf("got %s %v", got.JSON(), got.Err)
	}
	want := url.Values{
		"username": {"gate way"}, "password": {"p&ss=1"}, "from": {"FRONTLINE"}, "to": {"+79190000000"},
		"coding": {"2"}, "charset": {"UTF-8"}, "text": {"Проверка & =?#"},
	}
	if q := query(t, h); q.Encode() != want.Encode() {
		t.Errorf("got  %s\nwant %s", q.Encode(), want.Encode())
	}
}

func TestCoding(t *testing.T) {
	for encoding, want := range map[string]string{`,"encoding":"gsm7"`: "0", `,"encoding":"ucs2"`: "2", ``: "2"} {
		h := plugintest.New(t).Settings(basic).HTTP(answers(202, ""))
		h.Operation(point, "send", `{"phone":"+79190000000","message":"Hi","reference":"1"`+encoding+`}`)
		if got := query(t, h).Get("coding"); got != want {
			t.Errorf("%s: coding %s, want %s", encoding, got, want)
		}
	}
}

func TestAllSettings(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url":"http://kannel.example:13013/","username":"u","password":"p","originator":"INFO",
		"smsc":"mts","account":"acc","validity":60,"dlr_url":"https://crm.example/dlr?id={reference}&state=%d","dlr_mask":31}`).
		HTTP(answers(202, "3: Queued for later delivery"))
	if got := h.Operation(point, "send", `{"phone":"+79190000000","message":"Hi","originator":"","reference":"a&b"}`); got.Err != nil {
		t.Fatal(got.Err)
	}
	q := query(t, h)
	for name, want := range map[string]string{
		"from": "INFO", "smsc": "mts", "account": "acc", "validity": "60", "dlr-mask": "31",
		"dlr-url": "https://crm.example/dlr?id=a%26b&state=%d",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestHostileTextStaysText(t *testing.T) {
	for _, text := range []string{"{reference}", "{settings.password}", "a&password=x&to=1", "a\r\nHost: evil", "100%25", "+ +", "\"'<>`"} {
		h := plugintest.New(t).Settings(basic).HTTP(answers(202, ""))
		var p abi.Object
		p.Str("phone", "+79190000000").Str("message", text).Str("originator", text).Str("reference", "1")
		h.Operation(point, "send", plugintest.JSON(p.Value()))
		q := query(t, h)
		if q.Get("text") != text || q.Get("from") != text || len(q["to"]) != 1 || len(q["password"]) != 1 {
			t.Errorf("%q became %v", text, q)
		}
	}
}

func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		http func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error)
		code abi.Code
		sent bool
	}{
		"no right":        {answers(403, "Authorization failed for sendsms"), abi.CodeUnavailable, false},
		"no route":        {answers(403, "Not routable. Do not try again."), abi.CodeUnavailable, false},
		"another server":  {answers(404, "<html>"), abi.CodeUnavailable, false},
		"a slow proxy":    {answers(408, "<html>"), abi.CodeUnavailable, true},
		"no receiver":     {answers(400, "Missing receiver number, rejected"), abi.CodeRefused, false},
		"for now":         {answers(503, "Temporal failure, try again later."), abi.CodeUnavailable, false},
		"proxy":           {answers(502, "<html>"), abi.CodeUnavailable, true},
		"a login page":    {answers(200, "<html>"), abi.CodeUnavailable, true},
		"a redirect":      {answers(302, ""), abi.CodeUnavailable, true},
		"not valid UTF-8": {answers(500, "\xff\xfe"), abi.CodeUnavailable, true},
		"refused connection": {func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return abi.HTTPResponse{}, &abi.Error{Code: abi.CodeUnavailable, Source: abi.SourceUpstream}
		}, abi.CodeUnavailable, false},
		"cut off": {func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return abi.HTTPResponse{}, &abi.Error{Code: abi.CodeUnavailable, Source: abi.SourceUpstream, Sent: true}
		}, abi.CodeUnavailable, true},
		"too slow": {func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return abi.HTTPResponse{}, &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceUpstream, Sent: true}
		}, abi.CodeTimeout, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := plugintest.New(t).Settings(basic).HTTP(c.http).
				Operation(point, "send", `{"phone":"+79190000000","message":"Hi","reference":"1"}`)
			if got.Err == nil || got.Err.Code != c.code || got.Err.Sent != c.sent {
				t.Errorf("got %+v, want %s, sent %v", got.Err, c.code, c.sent)
			}
			if got.Err != nil && strings.Contains(got.Err.Error(), "p&ss") {
				t.Error("the password is in the error")
			}
		})
	}
}

func TestBadSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{"url":"http://k:1?username=x","username":"u","password":"p"}`:                                          "url: must not have a query",
		`{"url":"http://k:1","username":"u","password":"p","dlr_url":"https://c.example/dlr"}`:                   "dlr_url: without {reference}",
		`{"url":"http://k:1","username":"u","password":"p","dlr_url":"https://c.example/{phone}/{reference}"}`:   "dlr_url: unknown placeholder {phone}",
		`{"url":"http://k:1","username":"u","password":"p","dlr_url":"https://{reference}.example/{reference}"}`: "dlr_url: {reference} may not stand in the scheme or the host",
	} {
		if err := plugintest.New(t).Settings(settings).Configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
}

func TestHealth(t *testing.T) {
	for status, ok := range map[int]bool{400: true, 403: true, 202: false, 200: false, 404: false, 503: false} {
		h := plugintest.New(t).Settings(basic).HTTP(answers(status, ""))
		if got := h.Health(); (got.Err == nil) != ok {
			t.Errorf("%d: %v", status, got.Err)
		}
		if q := h.Requests()[0]; q.URL != "http://kannel.example:13013/cgi-bin/sendsms" {
			t.Errorf("asked %s: nothing may be sent", q.URL)
		}
	}
}
