package plugintest_test

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/plugintest"
)

// do is what the sample plugin's action does in the running test.
var (
	do       patchbay.Handler
	settings string
)

func init() {
	patchbay.OnConfigure(func(v patchbay.Value) error {
		settings = plugintest.JSON(v)
		if v.Get("name").String() == "bad" {
			return errors.New("name: bad")
		}
		return nil
	})
	patchbay.HandleAction("do", func(t *patchbay.Task) (patchbay.Reply, error) { return do(t) })
}

// recorder is a testing.TB that keeps what a real one would fail with.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper()                   {}
func (r *recorder) Error(args ...any)         { r.failures = append(r.failures, fmt.Sprint(args...)) }
func (r *recorder) Errorf(f string, a ...any) { r.failures = append(r.failures, fmt.Sprintf(f, a...)) }
func (r *recorder) Fatalf(f string, a ...any) { r.Errorf(f, a...); runtime.Goexit() }
func (r *recorder) FailNow()                  { runtime.Goexit() }

// run runs f with a host whose failures are returned.
func run(t *testing.T, f func(h *plugintest.Host)) []string {
	t.Helper()
	t.Chdir("testdata/plugin")
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(plugintest.New(r))
	}()
	<-done
	return r.failures
}

func ok() patchbay.Reply { return patchbay.JSON(new(patchbay.Object).Bool("ok", true).Value()) }

func TestASoundPluginPasses(t *testing.T) {
	failures := run(t, func(h *plugintest.Host) {
		do = func(task *patchbay.Task) (patchbay.Reply, error) {
			if n, _ := task.Params().Get("n").Int(); n != 7 || task.Phone("phone").E164 != "+79190000000" || task.User() == "" {
				return patchbay.Reply{}, errors.New("parameters " + plugintest.JSON(task.Params()))
			}
			if err := task.Put("k", []byte("v"), 0); err != nil {
				return patchbay.Reply{}, err
			}
			if v, err := task.Get("k"); err != nil || string(v) != "v" {
				return patchbay.Reply{}, errors.New("kv")
			}
			p, err := task.Fetch(patchbay.Request{URL: "https://x.example/", Parse: abi.ParseXML})
			if err != nil || p.Data.Path("a.1").String() != "2" || p.Data.Path("@attributes.id").String() != "7" {
				return patchbay.Reply{}, errors.New("fetch " + plugintest.JSON(p.Data))
			}
			task.Warn("done", "key", "value")
			return ok(), nil
		}
		h.HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) {
			return plugintest.Answer(200, "", `<r id="7"><a>1</a><a>2</a></r>`), nil
		})
		got := h.Action("do", `{"phone":"8 (919) 000-00-00"}`)
		if got.Err != nil || got.Status() != 200 || got.JSON() != `{"ok":true}` {
			t.Errorf("got %d %s %v", got.Status(), got.JSON(), got.Err)
		}
		if want := []string{"kv_put", "kv_get", "http_fetch"}; !slices.Equal(h.Operations(), want) {
			t.Errorf("operations %v, want %v", h.Operations(), want)
		}
		if len(h.Log) != 1 || h.Log[0] != "WARN done key=value" || settings != `{"name":"nobody"}` {
			t.Errorf("log %q, settings %s", h.Log, settings)
		}
	})
	if len(failures) > 0 {
		t.Errorf("failures %q", failures)
	}
}

func TestFaultsAreFound(t *testing.T) {
	reply := func(r patchbay.Reply, err error) patchbay.Handler {
		return func(*patchbay.Task) (patchbay.Reply, error) { return r, err }
	}
	for name, c := range map[string]struct {
		handler  patchbay.Handler
		settings string
		action   string
		params   string
		want     string
	}{
		"capability that is not asked for": {func(t *patchbay.Task) (patchbay.Reply, error) { _, err := t.Users(); return ok(), err }, "", "", "", "uses users_list"},
		"reply that does not fit":          {reply(patchbay.JSON(new(patchbay.Object).Value()), nil), "", "", "", "does not satisfy the response"},
		"reply that is no UTF-8":           {reply(patchbay.JSON(abi.StringValue("\xff")), nil), "", "", "", "not a well-formed value"},
		"text that is not declared":        {reply(patchbay.Reply{}, patchbay.NotFound("Nowhere!")), "", "", "", `does not declare the error 404 "Nowhere!"`},
		"system that is not declared":      {reply(patchbay.Reply{}, patchbay.Unavailable("X", nil)), "", "", "", `does not declare the error 502 "X is unavailable!"`},
		"parameter that is none":           {reply(patchbay.Reply{}, patchbay.Invalid("x", "")), "", "", "", `names the parameter "x"`},
		"parameters that do not fit":       {reply(ok(), nil), "", "", `{"n":"many"}`, "parameters do not satisfy"},
		"settings that do not fit":         {reply(ok(), nil), `{"nam":"x"}`, "", "", "settings do not satisfy"},
		"settings that are refused":        {reply(ok(), nil), `{"name":"bad"}`, "", "", "configure: internal (name: bad)"},
		"no such action":                   {reply(ok(), nil), "", "undo", "", `no action "undo"`},
		"header that breaks out": {func(t *patchbay.Task) (patchbay.Reply, error) {
			_, err := t.Fetch(patchbay.Request{URL: "https://x.example", Header: new(patchbay.Object).Str("A", "b\r\nC: d").Value()})
			return ok(), err
		}, "", "", "", "would break out"},
		"address that is none": {func(t *patchbay.Task) (patchbay.Reply, error) {
			_, err := t.Fetch(patchbay.Request{URL: "/x"})
			return ok(), err
		}, "", "", "", "is not absolute"},
	} {
		t.Run(name, func(t *testing.T) {
			failures := run(t, func(h *plugintest.Host) {
				do = c.handler
				h.HTTP(func(abi.HTTPRequest) (abi.HTTPResponse, *abi.Error) { return plugintest.Answer(200, "", ""), nil })
				if c.settings != "" {
					h.Settings(c.settings)
				}
				h.Action(or(c.action, "do"), or(c.params, "{}"))
			})
			if !strings.Contains(strings.Join(failures, "\n"), c.want) {
				t.Errorf("failures %q, want %q", failures, c.want)
			}
		})
	}
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestErrorsAsTheCallerSeesThem(t *testing.T) {
	for _, c := range []struct {
		err    abi.Error
		status int
		json   string
	}{
		{abi.Error{Code: abi.CodeEmpty, Message: "queue"}, 419, `{"error":"Empty queue!"}`},
		{abi.Error{Code: abi.CodeInvalid, Message: "id"}, 422, `{"error":"Invalid id!"}`},
		{abi.Error{Code: abi.CodeNotFound, Message: "Tier not found"}, 404, `{"error":"Tier not found"}`},
		{abi.Error{Code: abi.CodeDenied}, 405, `{"error":"Access denied!"}`},
		{abi.Error{Code: abi.CodeBusy}, 429, `{"error":"Too many requests!"}`},
		{abi.Error{Code: abi.CodeRefused, Message: "USER_BUSY"}, 502, `{"error":"USER_BUSY"}`},
		{abi.Error{Code: abi.CodeUnavailable, Message: "FreeSWITCH"}, 502, `{"error":"FreeSWITCH is unavailable!"}`},
		{abi.Error{Code: abi.CodeTimeout, Message: "FreeSWITCH"}, 504, `{"error":"FreeSWITCH is unavailable!"}`},
		{abi.Error{Code: abi.CodeInternal, Detail: "secret"}, 500, `{"error":"Internal error!"}`},
		{abi.Error{Code: abi.CodeInternal, Status: 418}, 418, `{"error":"Internal error!"}`},
	} {
		r := plugintest.Result{Err: &c.err}
		if r.Status() != c.status || r.JSON() != c.json {
			t.Errorf("%+v: got %d %s", c.err, r.Status(), r.JSON())
		}
	}
}
