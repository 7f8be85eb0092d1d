package main

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

const (
	allJSON = `{"9876":{"cntLoggedIn":57,"cntReady":6,"cntNotReady":49,"cntTalking":2},` +
		`"1111":{"cntLoggedIn":111,"cntReady":80,"cntNotReady":29,"cntTalking":2},` +
		`"5566":{"cntLoggedIn":49,"cntReady":38,"cntNotReady":8,"cntTalking":3}}`
	unavailable = `{"error":"Online statistics is unavailable!"}`
)

// source knows the projects of a JSON object.
func source(t *testing.T, projects string) func(string, abi.Value) (abi.Value, *abi.Error) {
	known := plugintest.Value(t, projects)
	return func(operation string, params abi.Value) (abi.Value, *abi.Error) {
		if operation == "all" {
			return known, nil
		}
		c := known.Get(params.Get("project_id").String())
		if !c.Exists() {
			return nil, &abi.Error{Code: abi.CodeNotFound, Message: "project", Source: abi.SourceUpstream}
		}
		return c, nil
	}
}

func down(code abi.Code) func(string, abi.Value) (abi.Value, *abi.Error) {
	return func(string, abi.Value) (abi.Value, *abi.Error) {
		return nil, &abi.Error{Code: code, Message: "statistics server", Source: abi.SourceUpstream}
	}
}

func TestManual(t *testing.T) {
	one := `{"cntLoggedIn":78,"cntReady":56,"cntNotReady":15,"cntTalking":7}`
	h := plugintest.New(t).Provider(point, "stats", source(t, `{"1111":`+one+`}`))
	if got := h.Action("get", `{"project_id":"1111"}`); got.Status() != 200 || got.JSON() != one {
		t.Errorf("get: %d %s", got.Status(), got.JSON())
	}
	h = plugintest.New(t).Provider(point, "stats", source(t, allJSON))
	if got := h.Action("all", `{}`); got.Status() != 200 || got.JSON() != allJSON {
		t.Errorf("all: %d %s", got.Status(), got.JSON())
	}
	if len(h.Log) > 0 {
		t.Errorf("log %q", h.Log)
	}
}

func TestUnknownProject(t *testing.T) {
	h := plugintest.New(t).Settings(`{"sources":["a","b"]}`).
		Provider(point, "a", source(t, allJSON)).Provider(point, "b", source(t, `{}`))
	if got := h.Action("get", `{"project_id":"0"}`); got.Status() != 422 || got.JSON() != `{"error":"Invalid project_id!"}` {
		t.Errorf("got %d %s", got.Status(), got.JSON())
	}
	if len(h.ProviderCalls()) != 2 {
		t.Error("not all sources were asked")
	}
}

func TestSourceIsDown(t *testing.T) {
	for code, status := range map[abi.Code]int{abi.CodeUnavailable: 502, abi.CodeTimeout: 504, abi.CodeRefused: 502, abi.CodeInternal: 502} {
		h := plugintest.New(t).Provider(point, "stats", down(code))
		for _, action := range []string{"get", "all"} {
			if got := h.Action(action, `{"project_id":"1111"}`); got.Status() != status || got.JSON() != unavailable {
				t.Errorf("%s, %s: got %d %s", action, code, got.Status(), got.JSON())
			}
		}
	}
}

func TestNoSource(t *testing.T) {
	if got := plugintest.New(t).Action("all", `{}`); got.Status() != 502 || got.JSON() != unavailable {
		t.Errorf("got %d %s", got.Status(), got.JSON())
	}
}

func TestChosenSource(t *testing.T) {
	for settings, want := range map[string]string{
		`{}`:                `"cntReady":1`,
		`{"source":"b"}`:    `"cntReady":2`,
		`{"sources":["b"]}`: `"cntReady":2`,
	} {
		h := plugintest.New(t).Settings(settings).
			Provider(point, "a", source(t, `{"7":{"cntLoggedIn":1,"cntReady":1,"cntNotReady":0,"cntTalking":0}}`)).
			Provider(point, "b", source(t, `{"7":{"cntLoggedIn":2,"cntReady":2,"cntNotReady":0,"cntTalking":0}}`))
		for action, params := range map[string]string{"get": `{"project_id":"7"}`, "all": `{}`} {
			if got := h.Action(action, params).JSON(); !strings.Contains(got, want) {
				t.Errorf("%s %s: got %s, want %s", settings, action, got, want)
			}
		}
	}
	if err := plugintest.New(t).Settings(`{"source":"a","sources":["b"]}`).Configure(); err == nil {
		t.Error("source and sources together were accepted")
	}
}

func TestSeveralSources(t *testing.T) {
	a := `{"1":{"cntLoggedIn":1,"cntReady":1,"cntNotReady":0,"cntTalking":0},"2":{"cntLoggedIn":2,"cntReady":2,"cntNotReady":0,"cntTalking":0}}`
	b := `{"2":{"cntLoggedIn":9,"cntReady":9,"cntNotReady":0,"cntTalking":0},"3":{"cntLoggedIn":3,"cntReady":3,"cntNotReady":0,"cntTalking":0}}`
	h := plugintest.New(t).Settings(`{"sources":["a","b"]}`).Provider(point, "a", source(t, a)).Provider(point, "b", source(t, b))
	want := `{"1":{"cntLoggedIn":1,"cntReady":1,"cntNotReady":0,"cntTalking":0},` +
		`"2":{"cntLoggedIn":2,"cntReady":2,"cntNotReady":0,"cntTalking":0},` +
		`"3":{"cntLoggedIn":3,"cntReady":3,"cntNotReady":0,"cntTalking":0}}`
	if got := h.Action("all", `{}`).JSON(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(h.Log) != 1 || !strings.HasPrefix(h.Log[0], "WARN two sources know a project") {
		t.Errorf("log %q", h.Log)
	}
	if got := h.Action("get", `{"project_id":"3"}`).JSON(); !strings.Contains(got, `"cntReady":3`) {
		t.Errorf("got %s", got)
	}
}

func TestOneOfSeveralIsDown(t *testing.T) {
	h := plugintest.New(t).Settings(`{"sources":["a","b"]}`).
		Provider(point, "a", down(abi.CodeUnavailable)).Provider(point, "b", source(t, allJSON))
	if got := h.Action("get", `{"project_id":"9876"}`); got.Status() != 200 {
		t.Errorf("a project that the other knows: %d %s", got.Status(), got.JSON())
	}
	if got := h.Action("get", `{"project_id":"0"}`); got.Status() != 502 {
		t.Errorf("a project that the source that is down may know: %d %s, want 502", got.Status(), got.JSON())
	}
	if got := h.Action("all", `{}`); got.Status() != 502 {
		t.Errorf("all: %d %s, want 502 and not a shorter list", got.Status(), got.JSON())
	}
}

func TestWrongSumIsCorrected(t *testing.T) {
	h := plugintest.New(t).Provider(point, "stats", source(t, `{"1":{"cntLoggedIn":99,"cntReady":"1","cntNotReady":2,"cntTalking":3}}`))
	want := `{"cntLoggedIn":6,"cntReady":1,"cntNotReady":2,"cntTalking":3}`
	if got := h.Action("get", `{"project_id":"1"}`).JSON(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := h.Action("all", `{}`).JSON(); got != `{"1":`+want+`}` {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(h.Log) != 2 || !strings.HasPrefix(h.Log[0], "WARN cntLoggedIn is not the sum") {
		t.Errorf("log %q", h.Log)
	}
}

func TestGarbage(t *testing.T) {
	for _, c := range []string{
		`{}`, `[]`, `"x"`, `{"cntReady":1,"cntNotReady":2}`, `{"cntReady":-1,"cntNotReady":2,"cntTalking":3}`,
		`{"cntReady":1.5,"cntNotReady":2,"cntTalking":3}`, `{"cntReady":"many","cntNotReady":2,"cntTalking":3}`,
		`{"cntReady":9223372036854775807,"cntNotReady":1,"cntTalking":3}`,
	} {
		h := plugintest.New(t).Provider(point, "stats", source(t, `{"1":`+c+`}`))
		for action, params := range map[string]string{"get": `{"project_id":"1"}`, "all": `{}`} {
			if got := h.Action(action, params); got.Status() != 502 {
				t.Errorf("%s %s: got %d %s, want 502", action, c, got.Status(), got.JSON())
			}
		}
	}
	h := plugintest.New(t).Provider(point, "stats", source(t, `[1]`))
	if got := h.Action("all", `{}`); got.Status() != 502 {
		t.Errorf("no object: %d %s", got.Status(), got.JSON())
	}
}
