package main

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const words = `"statuses":[
	{"status":"delivered","in":["1","DELIVRD"]},
	{"status":"undelivered","in":["20","22"]},
	{"status":"expired","in":["3"]},
	{"status":"sent","in":["queue"],"match":"begins"},
	{"status":"rejected","in":["stop"],"match":"contains"}]`

const request = `"url":"https://sms.example/send?to={phone}&text={message}&cb={receipt_url}","message_id_path":"id"`

func settings(parts ...string) string {
	return "{" + strings.Join(append(parts, request, words), ",") + "}"
}

func TestReceipt(t *testing.T) {
	const (
		query  = `"receipt_id_path":"query.id","receipt_status_path":"query.status"`
		list   = `"receipt_list_path":"data.items","receipt_id_path":"id","receipt_reference_path":"ref","receipt_status_path":"state.code","receipt_detail_path":"state.text","receipt_answer":"ACK/Jasmin"`
		header = `"receipt_reference_path":"header.x-ref","receipt_status_path":"body"`
	)
	answer := func(text string) string {
		return `,"answer":{"status":200,"content_type":"text/plain; charset=utf-8","body":"` + text + `"}}`
	}
	for name, c := range map[string]struct{ settings, call, want string }{
		"in the address": {
			settings(query), `{"method":"GET","query":{"id":"000123","status":"1"}}`,
			`{"receipts":[{"message_id":"000123","reference":"","status":"delivered","detail":"1","at":""}]` + answer("OK"),
		},
		"a word that nobody knows": {
			settings(query), `{"method":"GET","query":{"id":"7","status":"999"}}`,
			`{"receipts":[{"message_id":"7","reference":"","status":"unknown","detail":"999","at":""}]` + answer("OK"),
		},
		"begins": {
			settings(query), `{"method":"GET","query":{"id":"7","status":"queued at operator"}}`,
			`{"receipts":[{"message_id":"7","reference":"","status":"sent","detail":"queued at operator","at":""}]` + answer("OK"),
		},
		"several, one without an id": {
			settings(list), `{"method":"POST","data":{"items":[{"id":18446744073709551615,"state":{"code":22,"text":"no such subscriber"}},{"state":{"code":1}},{"ref":"9","state":{"code":"in stop list"}}]}}`,
			`{"receipts":[{"message_id":"18446744073709551615","reference":"","status":"undelivered","detail":"no such subscriber","at":""},` +
				`{"message_id":"","reference":"9","status":"rejected","detail":"in stop list","at":""}]` + answer("ACK/Jasmin"),
		},
		"header and body": {
			settings(header), `{"method":"POST","header":{"x-ref":"17"},"body":" DELIVRD\n"}`,
			`{"receipts":[{"message_id":"","reference":"17","status":"delivered","detail":"DELIVRD","at":""}]` + answer("OK"),
		},
	} {
		if got := plugintest.New(t).Settings(c.settings).Operation(point, "receipt", c.call); got.Err != nil || got.JSON() != c.want {
			t.Errorf("%s: %s %v\nwant %s", name, got.JSON(), got.Err, c.want)
		}
	}
	for name, c := range map[string]struct{ settings, call string }{
		"not configured":   {settings(), `{"query":{"id":"1","status":"1"}}`},
		"empty":            {settings(query), `{}`},
		"no status":        {settings(query), `{"query":{"id":"1"}}`},
		"no id":            {settings(query), `{"query":{"status":"1"}}`},
		"blank id":         {settings(query), `{"query":{"id":" ","status":"1"}}`},
		"id is a map":      {settings(query), `{"query":{"id":{"x":"1"},"status":"1"}}`},
		"list is no list":  {settings(list), `{"data":{"items":"x"}}`},
		"list is empty":    {settings(list), `{"data":{"items":[]}}`},
		"body not parsed":  {settings(list), `{"body":"<html>","data":null}`},
		"elements no maps": {settings(list), `{"data":{"items":[1,"x",null]}}`},
	} {
		if got := plugintest.New(t).Settings(c.settings).Operation(point, "receipt", c.call); got.Err == nil || got.Err.Code != abi.CodeInvalid {
			t.Errorf("%s: %s %v", name, got.JSON(), got.Err)
		}
	}
}

// TestWillReceiptsCome: the module learns when it must ask instead.
func TestWillReceiptsCome(t *testing.T) {
	const hook = "https://gw.example/hooks/a/s?x=1&y=2"
	for name, c := range map[string]struct{ settings, hook, want string }{
		"configured":     {settings(`"receipt_id_path":"query.id","receipt_status_path":"query.status"`), hook, `{"message_id":"7"}`},
		"not configured": {settings(), hook, `{"message_id":"7","receipts":false}`},
		"no webhook":     {settings(), "", `{"message_id":"7"}`},
	} {
		h := plugintest.New(t).Settings(c.settings).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return plugintest.Answer(200, "application/json", `{"id":7}`), nil
		})
		got := h.Operation(point, "send", `{"phone":"+79190000000","message":"Hi","reference":"1","receipt_url":"`+c.hook+`"}`)
		if got.JSON() != c.want {
			t.Errorf("%s: %s %v", name, got.JSON(), got.Err)
		}
		want := "https://sms.example/send?to=%2B79190000000&text=Hi&cb="
		if c.hook != "" {
			want += "https%3A%2F%2Fgw.example%2Fhooks%2Fa%2Fs%3Fx%3D1%26y%3D2"
		}
		if url := h.Requests()[0].URL; url != want {
			t.Errorf("%s: asked %s", name, url)
		}
	}
}

func TestStatus(t *testing.T) {
	const ask = `"status_url":"https://sms.example/status?id={message_id}&phone={phone_digits}","status_path":"status"`
	for name, c := range map[string]struct {
		status int
		answer string
		json   string
		code   abi.Code
	}{
		"delivered":     {200, `{"status":1}`, `{"status":"delivered","detail":"1","at":""}`, ""},
		"unknown word":  {200, `{"status":"x"}`, `{"status":"unknown","detail":"x","at":""}`, ""},
		"no status":     {200, `{}`, "", abi.CodeUnavailable},
		"garbage":       {200, `<html>`, "", abi.CodeUnavailable},
		"server error":  {500, `{"status":1}`, "", abi.CodeUnavailable},
		"wrong account": {403, `{}`, "", abi.CodeUnavailable},
	} {
		h := plugintest.New(t).Settings(settings(ask)).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return plugintest.Answer(c.status, "application/json", c.answer), nil
		})
		got := h.Operation(point, "status", `{"message_id":"7&x=1","reference":"1","phone":"+79190000000"}`)
		if c.code == "" && (got.Err != nil || got.JSON() != c.json) || c.code != "" && (got.Err == nil || got.Err.Code != c.code) {
			t.Errorf("%s: %s %v", name, got.JSON(), got.Err)
		}
		if url := h.Requests()[0].URL; url != "https://sms.example/status?id=7%26x%3D1&phone=79190000000" {
			t.Errorf("%s: asked %s", name, url)
		}
	}
	for name, c := range map[string]struct {
		settings, params string
		code             abi.Code
	}{
		"not configured": {settings(), `{"message_id":"7"}`, abi.CodeDenied},
		"no id to ask":   {settings(ask), `{"message_id":"","reference":"1"}`, abi.CodeInvalid},
	} {
		h := plugintest.New(t).Settings(c.settings)
		if got := h.Operation(point, "status", c.params); got.Err == nil || got.Err.Code != c.code || len(h.Requests()) != 0 {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
	form := settings(`"status_url":"https://sms.example/status","status_body_kind":"form","status_fields":{"ref":"{reference}","key":"{settings.api_key}"},"api_key":"k"`)
	h := plugintest.New(t).Settings(form).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return plugintest.Answer(200, "text/plain", `queue`), nil
	})
	h.Operation(point, "status", `{"message_id":"","reference":"9"}`)
	if q := h.Requests()[0]; q.Method != "POST" || string(q.Body) != "ref=9&key=k" {
		t.Errorf("%s %s", q.Method, q.Body)
	}
}

func TestBadDeliverySettings(t *testing.T) {
	for s, want := range map[string]string{
		`{"receipt_id_path":"query.id",` + request + `}`:                                                   "receipt_status_path: is missing",
		`{"receipt_list_path":"data",` + request + `}`:                                                     "receipt_status_path: is missing",
		`{"receipt_status_path":"query.s",` + request + `,` + words + `}`:                                  "receipt_id_path, receipt_reference_path: one of them",
		`{"receipt_status_path":"query.s","receipt_id_path":"query.id",` + request + `}`:                   "statuses: are missing",
		`{"status_url":"https://sms.example/s?id={message_id}",` + request + `}`:                           "statuses: are missing",
		settings(`"status_url":"https://sms.example/s"`):                                                   "status_url, status_body or status_fields: {message_id} or {reference}",
		settings(`"status_url":"https://sms.example/s?id={message_id}&t={message}"`):                       "unknown placeholder {message}",
		settings(`"status_url":"https://sms.example/s?id={message_id}","status_path":"{settings.nobody}"`): "settings.nobody",
	} {
		if err := plugintest.New(t).Settings(s).Configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", s, err, want)
		}
	}
}
