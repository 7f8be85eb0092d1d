package main

import (
	"strings"
	"testing"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// asked counts the calls of each provider since the last look.
type asked map[string]int

func (a asked) provider(name string, answer func() *abi.Error) func(string, abi.Value) (abi.Value, *abi.Error) {
	return func(string, abi.Value) (abi.Value, *abi.Error) {
		a[name]++
		if e := answer(); e != nil {
			return nil, e
		}
		return accepts("", nil)
	}
}

func TestBreaker(t *testing.T) {
	h, now := configured(t, `{"breaker_failures": 3, "breaker_pause": 30}`)
	calls, broken := asked{}, true
	h.Provider(point, "a", calls.provider("a", func() *abi.Error {
		if broken {
			return &down
		}
		return nil
	})).Provider(point, "b", calls.provider("b", func() *abi.Error { return nil }))
	send := func(a, b int, route string) {
		t.Helper()
		clear(calls)
		if got := h.Action("send", manual); got.JSON() != `{"result":"OK"}` {
			t.Fatalf("got %d %s", got.Status(), got.JSON())
		}
		if calls["a"] != a || calls["b"] != b {
			t.Errorf("a was asked %d times, b %d times; want %d and %d", calls["a"], calls["b"], a, b)
		}
		if got := h.Journal.Ended[len(h.Journal.Ended)-1].Fields.Get("route").String(); got != "rule default: "+route {
			t.Errorf("the journal says %q", got)
		}
	}
	const failed, took = "a: did not take it, unavailable; ", "b: accepted"
	for range 3 {
		send(1, 1, failed+took)
	}
	send(0, 1, "a: not tried, breaker open for 30 s; "+took)
	*now += 29
	send(0, 1, "a: not tried, breaker open for 1 s; "+took)
	*now++
	send(1, 1, failed+took) // the probe
	send(0, 1, "a: not tried, breaker open for 60 s; "+took)
	*now += 60
	broken = false
	send(1, 0, "a: accepted")
	broken = true
	for range 3 { // closed: it takes three again
		send(1, 1, failed+took)
	}
	send(0, 1, "a: not tried, breaker open for 30 s; "+took)
	*now -= 1000 // a clock that was set back must not keep it open
	send(1, 1, failed+took)
}

// TestProbe: while one message tries a provider, no other does; an outcome that
// nobody knows leaves the question to the next one.
func TestProbe(t *testing.T) {
	_, now := configured(t, `{"breaker_failures": 1, "breaker_pause": 10}`)
	admit := func(want bool) {
		t.Helper()
		if v := gates.admit("a", 1); v.granted != want {
			t.Fatalf("%+v, want %t", v, want)
		}
	}
	admit(true)
	gates.failed("a")
	admit(false)
	*now += 10
	admit(true)
	admit(false)
	gates.calledOff("a")
	admit(true)
	gates.failed("a")
	gates.failed("a") // one that was under way before
	if v := gates.admit("a", 1); v.retry != 20 {
		t.Errorf("%+v, want 20 s", v)
	}
	for range 20 {
		*now += gates.of("a").pause
		admit(true)
		gates.failed("a")
	}
	if v := gates.admit("a", 1); v.retry != maxPause {
		t.Errorf("%+v, want %d s", v, maxPause)
	}
}

func TestAllBreakersOpen(t *testing.T) {
	h, _ := configured(t, `{"breaker_failures": 1}`)
	calls := asked{}
	h.Provider(point, "a", calls.provider("a", func() *abi.Error { return &down }))
	h.Action("send", manual)
	clear(calls)
	got := h.Action("send", manual)
	if got.Status() != 502 || got.Text() != "SMS provider is unavailable!" || got.Err.RetryMS != 30_000 || got.Err.Sent || calls["a"] != 0 {
		t.Errorf("%d %+v", got.Status(), got.Err)
	}
	end := h.Journal.Ended[1]
	if end.Result != "error" || end.Fields.Get("route").String() != "rule default: a: not tried, breaker open for 30 s" {
		t.Errorf("%s %s", end.Result, end.Fields.Get("route"))
	}
}

func TestBreakerCountsCertainFailuresOnly(t *testing.T) {
	for name, c := range map[string]struct {
		e     *abi.Error
		opens bool
	}{
		"down": {&down, true}, "no grant": {&abi.Error{Code: abi.CodeDenied}, true}, "dial time-out": {&abi.Error{Code: abi.CodeTimeout}, true},
		"accepted": {nil, false}, "refused": {&refused, false}, "time-out": {&lost, false}, "busy": {&abi.Error{Code: abi.CodeBusy}, false},
	} {
		h, _ := configured(t, `{"breaker_failures": 2}`)
		calls := asked{}
		h.Provider(point, "a", calls.provider("a", func() *abi.Error { return c.e }))
		for range 3 {
			h.Action("send", manual)
		}
		if opened := calls["a"] == 2; opened != c.opens {
			t.Errorf("%s: asked %d times", name, calls["a"])
		}
	}
	h, _ := configured(t, `{"breaker_failures": 0}`)
	calls := asked{}
	h.Provider(point, "a", calls.provider("a", func() *abi.Error { return &down }))
	for range 20 {
		h.Action("send", manual)
	}
	if calls["a"] != 20 {
		t.Errorf("without a breaker: asked %d times", calls["a"])
	}
}

func TestRate(t *testing.T) {
	h, now := configured(t, `{"instances": [{"provider": "a", "rate": 2}], "rules": [
		{"name": "only a", "projects": ["1"], "failover": false, "providers": [{"provider": "a"}, {"provider": "b"}]}]}`)
	calls := asked{}
	for _, name := range []string{"a", "b"} {
		h.Provider(point, name, calls.provider(name, func() *abi.Error { return nil }))
	}
	const project = `{"phone":"89190000000","message":"Hi","project_id":"1"}`
	send := func(params string, a, b int) {
		t.Helper()
		clear(calls)
		if got := h.Action("send", params); got.JSON() != `{"result":"OK"}` || calls["a"] != a || calls["b"] != b {
			t.Errorf("%d %s, asked %v; want a %d, b %d", got.Status(), got.JSON(), calls, a, b)
		}
	}
	send(manual, 1, 0)
	send(manual, 1, 0)
	send(manual, 0, 1) // used up: the next one
	if got := h.Journal.Ended[2].Fields.Get("route").String(); got != "rule default: a: not tried, rate used up; b: accepted" {
		t.Errorf("the journal says %q", got)
	}
	begun := len(h.Journal.Begun)
	if got := h.Action("send", project); got.Status() != 429 || got.Err.RetryMS != 1000 || got.Err.Sent {
		t.Errorf("without failover: %d %+v", got.Status(), got.Err)
	}
	if len(h.Journal.Begun) != begun {
		t.Error("a message that was sent away is in the journal as an SMS")
	}
	*now++
	send(project, 1, 0)
	// Five SMS in one message: it leaves when the bucket is full, and then it takes
	// as long as five.
	long := `{"phone":"89190000000","message":"` + strings.Repeat("a", 153*5) + `"}`
	send(long, 0, 1)
	*now++
	send(long, 1, 0)
	send(manual, 0, 1)
	*now++
	send(manual, 0, 1)
	*now++
	send(manual, 1, 0)
	*now += 1_000_000 // no more than a second's worth was saved up
	send(manual, 1, 0)
	send(manual, 1, 0)
	send(manual, 0, 1)
	*now -= 1_000_000 // nor does a clock that was set back stop everything
	*now += 1
	send(manual, 0, 1)
	*now++
	send(manual, 1, 0)
}
