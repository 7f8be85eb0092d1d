package main

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const (
	point  = "onlinestat.source"
	simple = `{"url_get":"https://stats.example/get?project_id={project_id}","url_all":"https://stats.example/all"}`
	manual = `{"9876":{"cntLoggedIn":57,"cntReady":6,"cntNotReady":49,"cntTalking":2},"1111":{"cntLoggedIn":111,"cntReady":80,"cntNotReady":29,"cntTalking":2}}`
)

func answers(status int, body string) func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
	return func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return plugintest.Answer(status, "application/json", body), nil
	}
}

func TestManual(t *testing.T) {
	h := plugintest.New(t).Settings(simple).HTTP(func(q abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		switch q.URL {
		case "https://stats.example/get?project_id=1111":
			return plugintest.Answer(200, "application/json", `{"cntLoggedIn":78,"cntReady":56,"cntNotReady":15,"cntTalking":7}`), nil
		case "https://stats.example/all":
			return plugintest.Answer(200, "application/json", manual), nil
		}
		return plugintest.Answer(404, "application/json", `{"error":"unknown project"}`), nil
	})
	if got, want := h.Operation(point, "get", `{"project_id":"1111"}`).JSON(), `{"cntReady":56,"cntNotReady":15,"cntTalking":7,"cntLoggedIn":78}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	want := `{"9876":{"cntReady":6,"cntNotReady":49,"cntTalking":2,"cntLoggedIn":57},"1111":{"cntReady":80,"cntNotReady":29,"cntTalking":2,"cntLoggedIn":111}}`
	if got := h.Operation(point, "all", `{}`).JSON(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := h.Operation(point, "get", `{"project_id":"0"}`); got.Err == nil || got.Err.Code != abi.CodeNotFound {
		t.Errorf("unknown project: %s %v", got.JSON(), got.Err)
	}
	if got := h.Health(); got.Err != nil {
		t.Errorf("health: %v", got.Err)
	}
}

func TestAnotherServersShape(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url_all":"https://stats.example/v2?key={settings.api_key}","api_key":"a b","all_path":"data.projects",
		"project_field":"meta.id","ready_field":"free","not_ready_field":"states.pause","talking_field":"busy"}`).
		HTTP(answers(200, `{"data":{"projects":[{"meta":{"id":7},"free":"1","states":{"pause":2},"busy":3}]}}`))
	want := `{"cntReady":1,"cntNotReady":2,"cntTalking":3,"cntLoggedIn":6}`
	if got := h.Operation(point, "all", `{}`).JSON(); got != `{"7":`+want+`}` {
		t.Errorf("got %s", got)
	}
	if got := h.Operation(point, "get", `{"project_id":"7"}`).JSON(); got != want {
		t.Errorf("without url_get: got %s", got)
	}
	if got := h.Operation(point, "get", `{"project_id":"8"}`); got.Err == nil || got.Err.Code != abi.CodeNotFound {
		t.Errorf("unknown: %s %v", got.JSON(), got.Err)
	}
	if got := h.Requests()[0].URL; got != "https://stats.example/v2?key=a%20b" {
		t.Errorf("asked %s", got)
	}
}

func TestXML(t *testing.T) {
	h := plugintest.New(t).Settings(`{"url_get":"https://stats.example/{project_id}","parse":"xml","get_path":"project","auth":"bearer","api_key":"k"}`).
		HTTP(answers(200, `<stat><project id="7"><cntReady>1</cntReady><cntNotReady>2</cntNotReady><cntTalking>3</cntTalking></project></stat>`))
	if got, want := h.Operation(point, "get", `{"project_id":"7"}`).JSON(), `{"cntReady":1,"cntNotReady":2,"cntTalking":3,"cntLoggedIn":6}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if q := h.Requests()[0]; plugintest.Header(q, "Authorization") != "Bearer k" {
		t.Errorf("headers %s", plugintest.JSON(q.Header))
	}
}

func TestHostileProjectID(t *testing.T) {
	h := plugintest.New(t).Settings(simple).HTTP(answers(404, `{}`))
	h.Operation(point, "get", `{"project_id":"1&admin=1#/../{settings.api_key}\r\n"}`)
	if got, want := h.Requests()[0].URL, "https://stats.example/get?project_id=1%26admin%3D1%23%2F..%2F%7Bsettings.api_key%7D%0D%0A"; got != want {
		t.Errorf("asked %s, want %s", got, want)
	}
	h = plugintest.New(t).Settings(`{"url_get":"https://stats.example/{project_id}/now"}`).HTTP(answers(200, `{}`))
	if got := h.Operation(point, "get", `{"project_id":".."}`); got.Err == nil || got.Err.Code != abi.CodeNotFound || len(h.Requests()) > 0 {
		t.Errorf("got %+v after %d requests", got.Err, len(h.Requests()))
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
	}{
		"server error":  {500, `{}`},
		"no right":      {401, `{}`},
		"a redirect":    {302, ``},
		"not JSON":      {200, `<html>`},
		"empty":         {200, ``},
		"null":          {200, `null`},
		"an array":      {200, `[1,2]`},
		"a count short": {200, `{"1":{"cntReady":1,"cntNotReady":2}}`},
	} {
		h := plugintest.New(t).Settings(simple).HTTP(answers(c.status, c.body))
		for operation, params := range map[string]string{"get": `{"project_id":"1"}`, "all": `{}`} {
			if got := h.Operation(point, operation, params); got.Err == nil || got.Err.Code != abi.CodeUnavailable {
				t.Errorf("%s, %s: got %s %v", operation, name, got.JSON(), got.Err)
			}
		}
		if got := h.Health(); got.Err == nil {
			t.Errorf("%s: healthy", name)
		}
	}
	h := plugintest.New(t).Settings(simple).HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
		return abi.HTTPResponse{}, &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceUpstream}
	})
	if got := h.Operation(point, "all", `{}`); got.Err == nil || got.Err.Code != abi.CodeTimeout {
		t.Errorf("time-out: got %v", got.Err)
	}
	// 404 for the list is a wrong address and not an unknown project.
	h = plugintest.New(t).Settings(simple).HTTP(answers(404, `{}`))
	if got := h.Operation(point, "all", `{}`); got.Err == nil || got.Err.Code != abi.CodeUnavailable {
		t.Errorf("404 for all: got %v", got.Err)
	}
}

func TestBadSettings(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`: "url_get: set it, url_all or both",
		`{"url_get":"https://stats.example/get"}`:                                                   "url_get: {project_id} must be in it",
		`{"url_all":"https://stats.example/{project_id}"}`:                                          "url_all: unknown placeholder {project_id}",
		`{"url_all":"stats.example"}`:                                                               "url_all: an address begins with",
		`{"url_all":"https://stats.example","get_path":"{project}"}`:                                "get_path: unknown placeholder {project}",
		`{"url_all":"https://stats.example","headers":{"X-Key":"{settings.api_key}"}}`:              "headers.X-Key: {settings.api_key} names a setting",
		`{"url_all":"https://stats.example","auth":"bearer"}`:                                       "api_key: bearer authorization",
		`{"url_all":"https://stats.example","api_key":"a\nb","headers":{"X":"{settings.api_key}"}}`: "headers.X: {settings.api_key} has a control character",
	} {
		if err := plugintest.New(t).Settings(settings).Configure(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", settings, err, want)
		}
	}
	h := plugintest.New(t).Settings(`{"url_get":"https://stats.example/{project_id}"}`)
	if got := h.Operation(point, "all", `{}`); got.Err == nil || !strings.Contains(got.Err.Detail, "url_all is not set") {
		t.Errorf("all without url_all: %v", got.Err)
	}
}
