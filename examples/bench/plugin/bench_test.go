package main

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const settings = `{"url": "http://127.0.0.1:8099/"}`

func TestActions(t *testing.T) {
	h := plugintest.New(t).Settings(settings).HTTP(func(q abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		if q.Method != "POST" || q.URL != "http://127.0.0.1:8099/" || plugintest.Header(q, "x-phone") != "+79190000000" {
			t.Errorf("upstream got %s %s", q.Method, q.URL)
		}
		switch string(q.Body) {
		case "refuse":
			return plugintest.Answer(403, "text/plain", ""), nil
		case "hang":
			return abi.HTTPResponse{}, &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceUpstream, Sent: true}
		}
		return plugintest.Answer(200, "text/plain", "accepted"), nil
	})
	for _, c := range []struct {
		action, params string
		status         int
		want           string
	}{
		{"echo", `{"phone":"+79190000000","message":"Проверка"}`, 200, `{"phone":"+79190000000","message":"Проверка"}`},
		{"check", `{"phone":"+79190000000","message":"Проверка"}`, 200, `{"phone":"+79190000000","region":"RU","type":"mobile","encoding":"ucs2","segments":1}`},
		{"check", `{"phone":"+79190000000","message":"` + strings.Repeat("x", 161) + `"}`, 200, `{"phone":"+79190000000","region":"RU","type":"mobile","encoding":"gsm7","segments":2}`},
		{"estimate", `{"phone":"89190000000","message":"Проверка"}`, 200, `{"phone":"+79190000000","country":"7","encoding":"ucs2","segments":1}`},
		{"estimate", `{"phone":"84957777777","message":"Проверка"}`, 422, `Invalid phone!`},
		{"submit", `{"phone":"89190000000","message":"x"}`, 200, `{"phone":"+79190000000","country":"7","encoding":"gsm7","segments":1,"answer":"accepted"}`},
		{"submit", `{"phone":"12","message":"x"}`, 422, `Invalid phone!`},
		{"submit", `{"phone":"89190000000","message":"refuse"}`, 502, `Upstream refused!`},
		{"submit", `{"phone":"89190000000","message":"hang"}`, 504, `Upstream is unavailable!`},
		{"forward", `{"phone":"+79190000000","message":"x"}`, 200, `{"phone":"+79190000000","region":"RU","type":"mobile","encoding":"gsm7","segments":1,"answer":"accepted"}`},
		{"forward", `{"phone":"+79190000000","message":"refuse"}`, 502, `Upstream refused!`},
		{"forward", `{"phone":"+79190000000","message":"hang"}`, 504, `Upstream is unavailable!`},
	} {
		r := h.Action(c.action, c.params)
		got := r.Text()
		if r.Err == nil {
			got = r.JSON()
		}
		if r.Status() != c.status || got != c.want {
			t.Errorf("%s %s: %d %s, want %d %s", c.action, c.params, r.Status(), got, c.status, c.want)
		}
	}
}

func TestSettings(t *testing.T) {
	if err := plugintest.New(t).Settings(settings).Configure(); err != nil {
		t.Error(err)
	}
	if err := configure(nil); err == nil {
		t.Error("an empty URL is accepted")
	}
}

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		text     string
		encoding string
		n        int
	}{
		{"", gsm7, 1},
		{strings.Repeat("x", 160), gsm7, 1},
		{strings.Repeat("x", 161), gsm7, 2},
		{strings.Repeat("я", 70), ucs2, 1},
		{strings.Repeat("я", 71), ucs2, 2},
		{strings.Repeat("😀", 36), ucs2, 2},
	} {
		if encoding, n := segments(c.text); encoding != c.encoding || n != c.n {
			t.Errorf("%d bytes: %s %d, want %s %d", len(c.text), encoding, n, c.encoding, c.n)
		}
	}
}
