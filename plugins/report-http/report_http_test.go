package main

import (
	"os"
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const (
	point   = "report.source"
	twoDays = `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":0,"cursor":"","tz":""}`
)

func file(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// crm is an external system with a login. Its tokens are token-1, token-2 …
type crm struct {
	valid  string
	logins int
	rows   string
	status int // of the report, 200 when 0
}

func (c *crm) answer(q abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
	if strings.HasSuffix(q.URL, "/crm/login") {
		if q.Method != "POST" || string(q.Body) != `{"login": "crm", "password": "crm-secret"}` {
			return plugintest.Answer(401, "application/json", `{"error":"wrong"}`), nil
		}
		c.logins++
		c.valid = "token-" + string(rune('0'+c.logins))
		return plugintest.Answer(200, "application/json", `{"token":"`+c.valid+`"}`), nil
	}
	if plugintest.Header(q, "Authorization") != "Bearer "+c.valid {
		return plugintest.Answer(401, "application/json", `{"error":"session expired"}`), nil
	}
	if c.status != 0 {
		return plugintest.Answer(c.status, "application/json", `{}`), nil
	}
	return plugintest.Answer(200, "application/json", c.rows), nil
}

func TestDemoReportOfTheManual(t *testing.T) {
	c := &crm{rows: file(t, "crm-answer.json")}
	h := plugintest.New(t).Settings(file(t, "crm-settings.json")).HTTP(c.answer)
	got := h.Operation(point, "rows", twoDays)
	if got.Err != nil {
		t.Fatal(got.Err)
	}
	want := plugintest.JSON(plugintest.Value(t, file(t, "manual.json")))
	if rows := plugintest.JSON(got.Body().Get("rows")); rows != want {
		t.Errorf("got  %s\nwant %s", rows, want)
	}
	if got.Body().Get("rows").Len() != 4 || got.Body().Get("next").String() != "" {
		t.Errorf("got %s", got.JSON())
	}
	if q := h.Requests()[1]; q.URL != "http://127.0.0.1:8090/crm/reports/demo?from=2022-11-10&to=2022-11-11" || q.Method != "GET" {
		t.Errorf("asked %s %s", q.Method, q.URL)
	}
}

func TestOneLoginForManyReports(t *testing.T) {
	c := &crm{rows: `{"rows":[]}`}
	h := plugintest.New(t).Settings(file(t, "crm-settings.json")).HTTP(c.answer)
	for range 3 {
		h.Operation(point, "rows", twoDays)
	}
	if c.logins != 1 || len(h.Requests()) != 4 {
		t.Errorf("%d logins, %d requests; want 1 and 4", c.logins, len(h.Requests()))
	}
	c.valid = "expired"
	if got := h.Operation(point, "rows", twoDays); got.Err != nil || c.logins != 2 {
		t.Errorf("after expiry: %v, %d logins", got.Err, c.logins)
	}
	if got := h.Health(); got.Err != nil || c.logins != 2 {
		t.Errorf("health: %v, %d logins", got.Err, c.logins)
	}
}

func TestLoginIsTriedOnceOnly(t *testing.T) {
	c := &crm{status: 403}
	h := plugintest.New(t).Settings(file(t, "crm-settings.json")).HTTP(c.answer)
	got := h.Operation(point, "rows", twoDays)
	if got.Err == nil || got.Err.Code != abi.CodeUnavailable || c.logins != 2 || len(h.Requests()) != 4 {
		t.Errorf("got %v after %d logins and %d requests", got.Err, c.logins, len(h.Requests()))
	}
}

func TestAnotherTasksTokenIsUsed(t *testing.T) {
	c := &crm{rows: `{"rows":[]}`, valid: "fresh"}
	h := plugintest.New(t).Settings(file(t, "crm-settings.json"))
	if err := h.Configure(); err != nil {
		t.Fatal(err)
	}
	configured.session.token = "stale"
	h.HTTP(func(q abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		configured.session.token = "fresh" // another task logged in while this one waited
		return c.answer(q)
	})
	if got := h.Operation(point, "rows", twoDays); got.Err != nil || c.logins != 0 {
		t.Errorf("got %v after %d logins", got.Err, c.logins)
	}
}

func TestWrongLogin(t *testing.T) {
	for name, body := range map[string]string{
		"no token":        `{"access":"x"}`,
		"not JSON":        `<html>`,
		"token is null":   `{"token":null}`,
		"unusable token":  `{"token":"a\r\nX: y"}`,
		"token an object": `{"token":{"a":1}}`,
	} {
		h := plugintest.New(t).Settings(file(t, "crm-settings.json")).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return plugintest.Answer(200, "application/json", body), nil
		})
		got := h.Operation(point, "rows", twoDays)
		if got.Err == nil || got.Err.Code != abi.CodeUnavailable || len(h.Requests()) != 1 {
			t.Errorf("%s: got %v after %d requests", name, got.Err, len(h.Requests()))
		}
		if got.Err != nil && strings.Contains(got.Err.Error(), "crm-secret") {
			t.Errorf("%s: the password is in the error", name)
		}
		if h.Health().Err == nil {
			t.Errorf("%s: healthy", name)
		}
	}
}

func fixed(body string) func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
	return func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return plugintest.Answer(200, "application/json", body), nil
	}
}

func TestColumns(t *testing.T) {
	const row = `[{"b":1,"a":null,"n":{"x":1.5},"d.o.t":true,"extra":[1]}]`
	for settings, want := range map[string]string{
		`{"url":"https://crm.example/r"}`:                                                                        row,
		`{"url":"https://crm.example/r","as_text":true}`:                                                         `[{"b":"1","a":null,"n":{"x":1.5},"d.o.t":"true","extra":[1]}]`,
		`{"url":"https://crm.example/r","columns":[{"from":"a","to":"A"},{"from":"n.x","to":"N"}]}`:              `[{"A":null,"N":1.5}]`,
		`{"url":"https://crm.example/r","columns":[{"from":"none","to":"X"},{"from":"d.o.t","to":"Y"}]}`:         `[{"X":null,"Y":true}]`,
		`{"url":"https://crm.example/r","as_text":true,"columns":[{"from":"b","to":"B"},{"from":"a","to":"A"}]}`: `[{"B":"1","A":null}]`,
	} {
		got := plugintest.New(t).Settings(settings).HTTP(fixed(row)).Operation(point, "rows", twoDays)
		if rows := plugintest.JSON(got.Body().Get("rows")); rows != want {
			t.Errorf("%s: got %s %v, want %s", settings, rows, got.Err, want)
		}
	}
}

func TestPagesMadeHere(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url":"https://crm.example/r"}`).HTTP(fixed(`[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}]`))
	for _, c := range []struct{ limit, cursor, want string }{
		{"2", "", `{"rows":[{"n":0},{"n":1}],"next":"2"}`},
		{"2", "2", `{"rows":[{"n":2},{"n":3}],"next":"4"}`},
		{"2", "4", `{"rows":[{"n":4}],"next":""}`},
		{"5", "", `{"rows":[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}],"next":""}`},
		{"2", "100", `{"rows":[],"next":""}`},
		{"0", "", `{"rows":[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}],"next":""}`},
	} {
		got := h.Operation(point, "rows", `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":`+c.limit+`,"cursor":"`+c.cursor+`"}`)
		if got.JSON() != c.want {
			t.Errorf("limit %s, cursor %q: got %s %v, want %s", c.limit, c.cursor, got.JSON(), got.Err, c.want)
		}
	}
	for _, cursor := range []string{"x", "-1", "+1", "01", "1.5", "99999999999999999999", "{token}"} {
		got := h.Operation(point, "rows", `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":1,"cursor":"`+cursor+`"}`)
		if got.Err == nil || got.Err.Code != abi.CodeInvalid || got.Err.Message != "cursor" {
			t.Errorf("cursor %q: got %s %v", cursor, got.JSON(), got.Err)
		}
	}
}

func TestPagesMadeThere(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url":"https://crm.example/r?after={cursor}&n={limit}","rows_path":"data","next_path":"page.next"}`).
		HTTP(fixed(`{"data":[{"n":0},{"n":1},{"n":2}],"page":{"next":"a&b"}}`))
	got := h.Operation(point, "rows", `{"start_date":"2022-11-10","stop_date":"2022-11-11","limit":2,"cursor":"x&y=1"}`)
	if want := `{"rows":[{"n":0},{"n":1},{"n":2}],"next":"a&b"}`; got.JSON() != want {
		t.Errorf("got %s %v, want %s", got.JSON(), got.Err, want)
	}
	if want := "https://crm.example/r?after=x%26y%3D1&n=2"; h.Requests()[0].URL != want {
		t.Errorf("asked %s, want %s", h.Requests()[0].URL, want)
	}
}

func TestDates(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url":"https://crm.example/r","body_kind":"json",
		"body":"[\"{start_date}\",\"{stop_date}\",\"{start_day}\",\"{stop_day}\",\"{start_time}\",\"{stop_time}\",{limit},\"{tz}\"]"}`).HTTP(fixed(`[]`))
	h.Operation(point, "rows", `{"start_date":"2022-11-10","stop_date":"2022-11-11 10:00:00","tz":"Asia/Omsk"}`)
	want := `["2022-11-10","2022-11-11 10:00:00","2022-11-10","2022-11-11","2022-11-10 00:00:00","2022-11-11 10:00:00",10000,"Asia/Omsk"]`
	if q := h.Requests()[0]; string(q.Body) != want || q.Method != "POST" {
		t.Errorf("sent %s %s, want %s", q.Method, q.Body, want)
	}
}

func TestTokenInTheRequest(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url":"https://crm.example/r?sid={token}","auth":"login","login_url":"https://crm.example/login?k={settings.api_key}",
		"api_key":"a b","token_path":"session.id"}`).HTTP(func(q abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		if q.URL == "https://crm.example/login?k=a%20b" {
			return plugintest.Answer(200, "application/json", `{"session":{"id":77}}`), nil
		}
		return plugintest.Answer(200, "application/json", `[]`), nil
	})
	if got := h.Operation(point, "rows", twoDays); got.Err != nil {
		t.Fatal(got.Err)
	}
	if q := h.Requests()[1]; q.URL != "https://crm.example/r?sid=77" || plugintest.Header(q, "Authorization") != "" {
		t.Errorf("asked %s with %s", q.URL, plugintest.JSON(q.Header))
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"server error": {500, `[]`}, "no right": {401, `[]`}, "a redirect": {302, ``}, "not JSON": {200, `<html>`},
		"no rows": {200, `{"rows":[]}`}, "null": {200, `null`}, "rows of numbers": {200, `[1]`},
	} {
		got := plugintest.New(t).Settings(`{"url":"https://crm.example/r"}`).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return plugintest.Answer(c.status, "application/json", c.body), nil
		}).Operation(point, "rows", twoDays)
		if got.Err == nil || got.Err.Code != abi.CodeUnavailable {
			t.Errorf("%s: got %s %v", name, got.JSON(), got.Err)
		}
	}
	got := plugintest.New(t).Settings(`{"url":"https://crm.example/r"}`).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return abi.HTTPResponse{}, &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceUpstream}
	}).Operation(point, "rows", twoDays)
	if got.Err == nil || got.Err.Code != abi.CodeTimeout {
		t.Errorf("time-out: got %v", got.Err)
	}
}

func TestBadSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{"url":"https://crm.example/{from}"}`:                                                             "url: unknown placeholder {from}",
		`{"url":"https://crm.example/r","auth":"login"}`:                                                   "login_url: auth is login",
		`{"url":"https://crm.example/r?t={token}"}`:                                                        "auth: {token} is in the request",
		`{"url":"https://crm.example/r","next_path":"next"}`:                                               "next_path: is of no use",
		`{"url":"https://crm.example/r","columns":[{"from":"a","to":"X"},{"from":"b","to":"X"}]}`:          "columns: X is there twice",
		`{"url":"https://crm.example/r","auth":"login","login_url":"https://crm.example/{start_date}"}`:    "login_url: unknown placeholder {start_date}",
		`{"url":"https://crm.example/r","auth":"login","login_url":"https://c/","login_body_kind":"json"}`: "login_body: is empty",
	} {
		if err := plugintest.New(t).Settings(settings).Configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
}
