package providercall_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	providercall "github.com/patchbay-gw/patchbay/core/internal/hostcall/provider"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const point = "sms.provider"

// world is a directory of two instances; asked counts how often it was looked at.
type world struct {
	asked int
	run   func(ctx context.Context, q *abi.Request, depth int) (*wasm.Result, error)
}

func (w *world) Extending(p string) []providercall.Provider {
	w.asked++
	if p != point || w.asked > 1 {
		return nil // the table was swapped meanwhile
	}
	serves := []string{"send", "receipt"}
	return []providercall.Provider{
		{Name: "mts-main", Plugin: "mts", Ready: true, Operations: serves, ReceiptURL: "https://gw/hooks/mts-main/s", Do: w.run},
		{Name: "backup", Plugin: "kannel", Operations: serves[:1], Do: w.run},
	}
}

func run(t testing.TB, w *world, c *wasm.Call, operation string, request []byte) (abi.Value, *abi.Error) {
	t.Helper()
	ops := providercall.Operations(w, []string{point, "sms.other"})
	dst := ops[operation].Run(t.Context(), c, request, []byte("kept"))
	if string(dst[:4]) != "kept" {
		t.Fatal("dst was overwritten")
	}
	body, failure, err := abi.DecodeAnswer(dst[4:])
	if err != nil {
		t.Fatal(err)
	}
	return body, failure
}

func TestEffects(t *testing.T) {
	ops := providercall.Operations(&world{}, nil)
	if ops[abi.OpProviderList].Effect || !ops[abi.OpProviderCall].Effect {
		t.Error("a call may change something outside, a list does not")
	}
}

func TestList(t *testing.T) {
	body, failure := run(t, &world{}, &wasm.Call{}, abi.OpProviderList, abi.AppendStrings(nil, point))
	if failure != nil || body.Len() != 2 {
		t.Fatal(failure, body.Len())
	}
	for i, want := range []string{"mts-main mts true 2 https://gw/hooks/mts-main/s", "backup kannel false 1 "} {
		e := body.Index(i)
		if got := fmt.Sprint(e.Index(0), " ", e.Index(1), " ", e.Index(2).Bool(), " ", e.Index(3).Len(), " ", e.Index(4)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	body, failure = run(t, &world{}, &wasm.Call{}, abi.OpProviderList, abi.AppendStrings(nil, "sms.other"))
	if failure != nil || body.Kind() != abi.Array || body.Len() != 0 {
		t.Errorf("a point without instances: %v %v", body, failure)
	}
	for _, request := range [][]byte{nil, {0xc1}, abi.AppendArray(nil, 1), abi.StringValue(point)} {
		if _, failure = run(t, &world{}, &wasm.Call{}, abi.OpProviderList, request); failure == nil || failure.Source != abi.SourcePlugin || failure.Code != abi.CodeInternal {
			t.Errorf("%x: %+v", request, failure)
		}
	}
	w := &world{}
	if _, failure = run(t, w, &wasm.Call{}, abi.OpProviderList, abi.AppendStrings(nil, "report.source")); failure == nil || failure.Code != abi.CodeDenied || w.asked != 0 {
		t.Errorf("a point of another module: %+v", failure)
	}
}

func call(point, operation, instance string) []byte {
	q := abi.ProviderCall{Point: point, Operation: operation, Instance: instance, Params: new(abi.Object).Str("phone", "1").Value()}
	return q.Append(nil)
}

// TestRefused: calls that reach no provider.
func TestRefused(t *testing.T) {
	good := call(point, "send", "backup")
	rows := []struct {
		name    string
		request []byte
		depth   int
		code    abi.Code
		source  abi.Source
		message string
	}{
		{"nothing", nil, 0, abi.CodeInternal, abi.SourcePlugin, ""},
		{"cut off", good[:len(good)-1], 0, abi.CodeInternal, abi.SourcePlugin, ""},
		{"more behind it", append(slices.Clone(good), 0), 0, abi.CodeInternal, abi.SourcePlugin, ""},
		{"a point of another module", call("report.source", "send", "backup"), 0, abi.CodeDenied, abi.SourcePlugin, ""},
		{"no such instance", call(point, "send", "nobody"), 0, abi.CodeUnavailable, abi.SourceHost, "nobody"},
		{"names are exact", call(point, "send", "Backup"), 0, abi.CodeUnavailable, abi.SourceHost, "Backup"},
		{"an operation that it does not serve", call(point, "balance", "backup"), 0, abi.CodeDenied, abi.SourceHost, "backup"},
		{"plugins that call each other", good, 4, abi.CodeDenied, abi.SourcePlugin, ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{run: func(context.Context, *abi.Request, int) (*wasm.Result, error) {
				t.Error("the provider was called")
				return &wasm.Result{}, nil
			}}
			_, failure := run(t, w, &wasm.Call{Depth: row.depth}, abi.OpProviderCall, row.request)
			if failure == nil || failure.Code != row.code || failure.Source != row.source || failure.Message != row.message || failure.Sent {
				t.Errorf("%+v", failure)
			}
		})
	}
}

// TestCall: what the provider gets and what comes back. The table is looked at
// once: the world's second answer is empty.
func TestCall(t *testing.T) {
	var got abi.Request
	var deep int
	w := &world{run: func(_ context.Context, q *abi.Request, depth int) (*wasm.Result, error) {
		got, deep = *q, depth
		return &wasm.Result{Reply: abi.Reply{Body: abi.StringValue("done")}, Warnings: []string{"half of it is missing"}}, nil
	}}
	c := &wasm.Call{RequestID: "r1", User: "crm", Depth: 3}
	body, failure := run(t, w, c, abi.OpProviderCall, call(point, "send", "backup"))
	if failure != nil || body.String() != "done" || w.asked != 1 {
		t.Fatal(failure, body, w.asked)
	}
	if got.Kind != abi.Operation || got.Point != point || got.Name != "send" || got.Instance != "backup" || got.RequestID != "r1" || got.User != "crm" ||
		got.Params.Get("phone").String() != "1" || deep != 4 {
		t.Errorf("%+v at depth %d", got, deep)
	}
	if text := fmt.Sprintf("%+v", *c); !strings.Contains(text, "half of it is missing") {
		t.Errorf("the provider's warning is lost: %s", text)
	}
	w = &world{run: func(context.Context, *abi.Request, int) (*wasm.Result, error) { return &wasm.Result{}, nil }}
	if body, failure := run(t, w, c, abi.OpProviderCall, call(point, "send", "backup")); failure != nil || body.Exists() {
		t.Errorf("no body: %v %v", body, failure)
	}
}

// held notes that it was closed.
type held struct{ closed int }

func (h *held) Close() error { h.closed++; return nil }

// TestForms: a provider answers a module with values only.
func TestForms(t *testing.T) {
	for form, good := range map[abi.Form]bool{abi.FormValue: true, abi.FormRows: true, abi.FormBytes: false, abi.FormAttachment: false} {
		h := &held{}
		w := &world{run: func(context.Context, *abi.Request, int) (*wasm.Result, error) {
			r := &wasm.Result{Reply: abi.Reply{Form: form, Body: abi.AppendArray(nil, 0)}}
			if form == abi.FormAttachment {
				r.Attachment = h
			}
			return r, nil
		}}
		_, failure := run(t, w, &wasm.Call{}, abi.OpProviderCall, call(point, "send", "backup"))
		if good != (failure == nil) || failure != nil && (failure.Code != abi.CodeInternal || !failure.Sent) {
			t.Errorf("form %d: %+v", form, failure)
		}
		if form == abi.FormAttachment && h.closed != 1 {
			t.Errorf("the attachment was closed %d times", h.closed)
		}
	}
}

// TestFailures: what happened inside the provider, and whether something may have
// been sent.
func TestFailures(t *testing.T) {
	rows := []struct {
		name string
		err  error
		want abi.Error
	}{
		{"its own error", fmt.Errorf("x: %w", &abi.Error{Code: abi.CodeRefused, Message: "no money", Source: abi.SourceUpstream, Detail: "d", Sent: true, RetryMS: 7}),
			abi.Error{Code: abi.CodeRefused, Message: "no money", Source: abi.SourceUpstream, Detail: "backup: d", Sent: true, RetryMS: 7}},
		{"died before sending", &wasm.DeadError{}, abi.Error{Code: abi.CodeUnavailable, Message: "backup", Source: abi.SourcePlugin}},
		{"died after sending", fmt.Errorf("x: %w", &wasm.DeadError{Sent: true}), abi.Error{Code: abi.CodeUnavailable, Message: "backup", Source: abi.SourcePlugin, Sent: true}},
		{"not ready", &wasm.NotReadyError{Reason: "compiling", After: 1500 * time.Millisecond}, abi.Error{Code: abi.CodeUnavailable, Message: "backup", Source: abi.SourceHost, RetryMS: 1500}},
		{"out of time", context.DeadlineExceeded, abi.Error{Code: abi.CodeTimeout, Message: "backup", Source: abi.SourceHost}},
		{"called off", context.Canceled, abi.Error{Code: abi.CodeTimeout, Message: "backup", Source: abi.SourceHost}},
		{"anything else", errors.New("?"), abi.Error{Code: abi.CodeInternal, Message: "backup", Source: abi.SourceHost, Sent: true}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w := &world{run: func(context.Context, *abi.Request, int) (*wasm.Result, error) { return nil, row.err }}
			_, failure := run(t, w, &wasm.Call{}, abi.OpProviderCall, call(point, "send", "backup"))
			if failure == nil || !strings.HasPrefix(failure.Detail, "backup: ") {
				t.Fatalf("%+v", failure)
			}
			if row.want.Detail == "" {
				row.want.Detail = failure.Detail
			}
			if *failure != row.want {
				t.Errorf("%+v\nwant %+v", *failure, row.want)
			}
		})
	}
	own := &abi.Error{Code: abi.CodeBusy, Detail: "d"}
	w := &world{run: func(context.Context, *abi.Request, int) (*wasm.Result, error) { return nil, own }}
	run(t, w, &wasm.Call{}, abi.OpProviderCall, call(point, "send", "backup"))
	if own.Detail != "d" {
		t.Error("the provider's error was changed in place")
	}
}

func FuzzOperations(f *testing.F) {
	f.Add(false, abi.AppendStrings(nil, point))
	f.Add(true, call(point, "send", "backup"))
	f.Add(true, call(point, "", ""))
	f.Fuzz(func(t *testing.T, calls bool, request []byte) {
		w := &world{run: func(_ context.Context, q *abi.Request, _ int) (*wasm.Result, error) {
			if q.Instance != "backup" && q.Instance != "mts-main" || q.Name != "send" || q.Point != point {
				t.Errorf("reached with %+v", q)
			}
			return &wasm.Result{}, nil
		}}
		operation := abi.OpProviderList
		if calls {
			operation = abi.OpProviderCall
		}
		run(t, w, &wasm.Call{}, operation, request)
	})
}
