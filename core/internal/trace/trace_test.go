package trace_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/trace"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

func began(id, instance, name string) wasm.Event {
	q := abi.Request{Kind: abi.Action, Name: name, Params: new(abi.Object).Str("phone", "+79190000000").Value()}
	return wasm.Event{Moment: wasm.Began, Instance: instance, RequestID: id, Message: q.Append(nil)}
}

func ended(id, instance string, err error) wasm.Event {
	p := abi.Reply{Body: new(abi.Object).Str("result", "OK").Value()}
	return wasm.Event{Moment: wasm.Ended, Instance: instance, RequestID: id, Took: 5 * time.Millisecond, Busy: time.Millisecond, Units: 42, Err: err, Message: p.Append(nil)}
}

func fetched(id, instance, secret string) wasm.Event {
	q := abi.HTTPRequest{
		Method: "POST", URL: "https://sms.example/send?key=" + url.QueryEscape(secret) + "&to=79190000000",
		Header: new(abi.Object).Str("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("me:"+secret))).Str("X-Other", "plain").Value(),
		Body:   []byte(`{"password":"` + secret + `","login":"me"}`),
	}
	p := abi.HTTPResponse{Status: 200, Header: new(abi.Object).Str("set-cookie", "s="+secret).Value(), Body: []byte("OK " + secret)}
	return wasm.Event{
		Moment: wasm.Asked, Instance: instance, RequestID: id, Operation: abi.OpHTTPFetch, Took: 3 * time.Millisecond,
		Message: q.Append(nil), Answer: abi.AppendAnswer(nil, nil, p.Append(nil)),
	}
}

func TestATraceHoldsNoContents(t *testing.T) {
	r := trace.New(time.Second, math.MaxInt32, nil)
	const secret = "pass word/%+1"
	r.Event(began("r1", "sms", "send"))
	r.Event(began("r1", "kannel", "send"))
	r.Event(fetched("r1", "kannel", secret))
	r.Event(ended("r1", "kannel", nil))
	r.Event(ended("r1", "sms", &abi.Error{Code: abi.CodeUnavailable, Message: "kannel", Detail: "secret detail", Sent: true}))
	r.Done(trace.Trace{RequestID: "r1", Module: "sms", Action: "send", Status: 200, Checked: 2, Took: 9})
	got, ok := r.Find("r1")
	if !ok || len(got.Steps) != 3 || got.Module != "sms" {
		t.Fatalf("%+v", got)
	}
	task, inner, call := got.Steps[0], got.Steps[1], got.Steps[2]
	if task.Kind != trace.KindTask || task.Name != "send" || task.Took != 5 || task.Units != 42 || task.Error != "unavailable: kannel (something may have been sent)" {
		t.Errorf("task %+v", task)
	}
	if inner.Instance != "kannel" || inner.Error != "" || inner.Took != 5 || inner.At < 2 {
		t.Errorf("inner task %+v", inner)
	}
	if call.Target != "POST https://sms.example" || call.Status != 200 || call.Took != 3 {
		t.Errorf("call %+v", call)
	}
	text := fmt.Sprintf("%+v", got)
	for _, content := range []string{"79190000000", "pass", "detail", "me:pass", "OK"} {
		if strings.Contains(text, content) {
			t.Errorf("the trace holds %q: %s", content, text)
		}
	}
	if _, ok := r.Find("none"); ok {
		t.Error("a request that never was")
	}
}

func TestAWatchedRequestShowsEverythingButSecrets(t *testing.T) {
	r := trace.New(time.Second, math.MaxInt32, nil)
	for _, secret := range []string{"pass word/%+1", "abcd", `quo"te\d`, "ключик", strings.Repeat("x", 9000)} {
		w := r.Watch("w", []string{secret, "abc"})
		r.Event(began("w", "kannel", "send"))
		r.Event(fetched("w", "kannel", secret))
		r.Event(ended("w", "kannel", errors.New("with "+secret)))
		steps := w.End()
		if len(steps) != 2 {
			t.Fatalf("%+v", steps)
		}
		text := fmt.Sprintf("%+v", steps)
		for _, spelling := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte("me:" + secret)), secret[:len(secret)-1]} {
			if strings.Contains(text, spelling) {
				t.Errorf("%q is shown: %.300s", spelling, text)
			}
		}
		for _, want := range []string{"+79190000000", "X-Other: plain", trace.Hidden, `"login":"me"`} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not shown: %.300s", want, text)
			}
		}
		if got := w.Hide("x " + secret); strings.Contains(got, secret) {
			t.Errorf("%q", got)
		}
	}
	if steps := r.Watch("w", nil).End(); len(steps) != 0 {
		t.Errorf("%+v", steps)
	}
}

func TestSlowAndFailedOnesStayLonger(t *testing.T) {
	r := trace.New(100*time.Millisecond, math.MaxInt32, nil)
	r.Done(trace.Trace{RequestID: "slow", Status: 200, Took: 100})
	r.Done(trace.Trace{RequestID: "failed", Status: 502, Took: 1})
	r.Done(trace.Trace{RequestID: "fine", Status: 422, Took: 99})
	for i := range trace.MaxRecent {
		r.Done(trace.Trace{RequestID: fmt.Sprint(i), Status: 200, Took: 1})
	}
	for id, want := range map[string]bool{"slow": true, "failed": true, "fine": false, "0": true, fmt.Sprint(trace.MaxRecent - 1): true} {
		if _, ok := r.Find(id); ok != want {
			t.Errorf("%s is kept: %t", id, ok)
		}
	}
	if got := r.Notable(10); len(got) != 2 || got[0].RequestID != "failed" {
		t.Errorf("%+v", got)
	}
	r.Done(trace.Trace{RequestID: "next", Status: 200})
	if _, ok := r.Find("0"); ok {
		t.Error("the oldest is still there")
	}
}

func TestStepsAreBounded(t *testing.T) {
	r := trace.New(time.Second, math.MaxInt32, nil)
	r.Event(began("r", "sms", "send"))
	for range 2 * trace.MaxSteps {
		r.Event(fetched("r", "sms", "secret"))
	}
	r.Event(ended("r", "sms", nil))
	r.Done(trace.Trace{RequestID: "r"})
	got, _ := r.Find("r")
	if len(got.Steps) != trace.MaxSteps || got.Omitted != trace.MaxSteps+1 || got.Steps[0].Took != 5 {
		t.Errorf("%d steps, %d omitted", len(got.Steps), got.Omitted)
	}
	// Requests that never end do not fill the memory for ever.
	for i := range 70_000 {
		r.Event(began(fmt.Sprint("open", i), "sms", "send"))
	}
	r.Event(wasm.Event{Moment: wasm.Ended, RequestID: "unknown"})
	r.Event(wasm.Event{Moment: wasm.Began})
	r.Event(wasm.Event{Moment: wasm.Asked, RequestID: "open1", Operation: abi.OpHTTPFetch, Message: []byte{1, 2}, Answer: []byte{0xc1}})
	r.Event(wasm.Event{Moment: wasm.Began, RequestID: "odd", Message: []byte{0xff}})
	r.Done(trace.Trace{RequestID: "odd"})
	if got, _ := r.Find("odd"); len(got.Steps) > 1 {
		t.Errorf("%+v", got)
	}
}

func TestManyAtOnce(t *testing.T) {
	r := trace.New(time.Second, math.MaxInt32, nil)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 300 {
				id := fmt.Sprint(w, "-", i)
				r.Event(began(id, "sms", "send"))
				r.Event(fetched(id, "sms", "secret"))
				r.Event(ended(id, "sms", nil))
				r.Done(trace.Trace{RequestID: id, Status: 500})
				if got, ok := r.Find(id); ok && len(got.Steps) != 2 {
					t.Errorf("%+v", got)
				}
				_ = r.Notable(5)
			}
		})
	}
	wg.Wait()
}

func BenchmarkRequest(b *testing.B) {
	r := trace.New(time.Second, math.MaxInt32, nil)
	first, call, last := began("r", "sms", "send"), fetched("r", "sms", "secret"), ended("r", "sms", nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Event(first)
		r.Event(call)
		r.Event(last)
		r.Done(trace.Trace{RequestID: "r", Status: 200})
	}
}

// TestPerSecond: what is beyond the bound is not remembered, unless it failed.
func TestPerSecond(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	r := trace.New(time.Second, 2, func() time.Time { return at })
	request := func(id string, status int) {
		r.Event(wasm.Event{Moment: wasm.Began, RequestID: id, Instance: "sms"})
		r.Event(wasm.Event{Moment: wasm.Ended, RequestID: id, Instance: "sms"})
		r.Done(trace.Trace{RequestID: id, Status: status})
	}
	request("first", 200)
	request("second", 200)
	request("third", 200)
	request("failed", 502)
	at = at.Add(time.Second)
	request("later", 200)
	for id, steps := range map[string]int{"first": 1, "second": 1, "third": -1, "failed": 0, "later": 1} {
		got, ok := r.Find(id)
		if ok != (steps >= 0) || len(got.Steps) != max(steps, 0) {
			t.Errorf("%s: kept %v with %d steps, want %d", id, ok, len(got.Steps), steps)
		}
	}
}
