package server_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/server"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// counted is a runner that counts its runs.
type counted struct {
	runs atomic.Int32
	run  func(n int32) (*wasm.Result, error)
}

func (c *counted) Do(context.Context, *abi.Request, int) (*wasm.Result, error) {
	return c.run(c.runs.Add(1))
}

const (
	otherPhone = `{"phone":"+79190009999"}`
	begunTwice = `{"error":"The outcome of the first request with this Idempotency-Key is unknown!"}`
)

func fault(code abi.Code, sent bool) error {
	return &abi.Error{Code: code, Message: "FreeSWITCH", Sent: sent}
}

func ok(n int32) (*wasm.Result, error) {
	return &wasm.Result{Reply: abi.Reply{Status: 201, Body: abi.AppendInt(nil, int64(n)), Next: "n"}}, nil
}

// TestIdempotency: the first answer, what the second request with the key gets,
// and how often the plugin ran.
func TestIdempotency(t *testing.T) {
	rows := []struct {
		name          string
		run           func(n int32) (*wasm.Result, error)
		second        string // body of the second request; the same by default
		key           string
		status, again int
		body          string // of the second; "" does not care
		runs          int32
	}{
		{name: "replayed", run: ok, status: 201, again: 201, body: "1", runs: 1},
		{name: "another request", run: ok, second: otherPhone, status: 201, again: 409, body: `{"error":"This Idempotency-Key was used with another request!"}`, runs: 1},
		{name: "a refusal is replayed", run: func(int32) (*wasm.Result, error) { return nil, fault(abi.CodeInvalid, false) }, status: 422, again: 422, body: `{"error":"Invalid FreeSWITCH!"}`, runs: 1},
		{name: "nothing was done", run: func(n int32) (*wasm.Result, error) {
			if n == 1 {
				return nil, fault(abi.CodeUnavailable, false)
			}
			return ok(n)
		}, status: 502, again: 201, body: "2", runs: 2},
		{name: "busy", run: func(n int32) (*wasm.Result, error) {
			if n == 1 {
				return nil, fault(abi.CodeBusy, false)
			}
			return ok(n)
		}, status: 429, again: 201, body: "2", runs: 2},
		{name: "not ready", run: func(n int32) (*wasm.Result, error) {
			if n == 1 {
				return nil, &wasm.NotReadyError{}
			}
			return ok(n)
		}, status: 503, again: 201, body: "2", runs: 2},
		{name: "may have been sent", run: func(int32) (*wasm.Result, error) { return nil, fault(abi.CodeTimeout, true) }, status: 504, again: 504, runs: 1},
		{name: "died after sending", run: func(int32) (*wasm.Result, error) { return nil, &wasm.DeadError{Sent: true} }, status: 502, again: 502, runs: 1},
		{name: "panicked", run: func(int32) (*wasm.Result, error) { panic("x") }, status: 500, again: 409, body: begunTwice, runs: 1},
		{name: "a key too long", key: strings.Repeat("k", 201), run: ok, status: 422, again: 422, body: `{"error":"Invalid Idempotency-Key!"}`, runs: 0},
		{name: "a key of bytes", key: "\xff\xfe", run: ok, status: 422, again: 422, runs: 0},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := newRig(t)
			c := &counted{run: row.run}
			r.route("send", c)
			r.start()
			if row.key == "" {
				row.key = "order-17"
			}
			if row.second == "" {
				row.second = phone
			}
			first := r.send("/sms/send", phone, "Idempotency-Key", row.key)
			second := r.send("/sms/send", row.second, "Idempotency-Key", row.key)
			if first.status != row.status || second.status != row.again || row.body != "" && second.body != row.body {
				t.Errorf("%d %s, then %d %s", first.status, first.body, second.status, second.body)
			}
			if row.again == row.status && second.body != first.body {
				t.Errorf("replayed %s as %s", first.body, second.body)
			}
			if n := c.runs.Load(); n != row.runs {
				t.Errorf("%d runs", n)
			}
			if rec := r.last(2); rec.Status != row.again || rec.ErrorID != second.id() {
				t.Errorf("record %+v", rec)
			}
		})
	}
}

// TestIdempotencyScope: keys belong to a user and an action, and safe actions have
// none.
func TestIdempotencyScope(t *testing.T) {
	r := newRig(t)
	c := &counted{run: ok}
	r.route("send", c)
	r.route("other", c)
	r.route("read", c, safe)
	r.start()
	token := r.user("second", "*")
	for i, path := range []string{"/sms/send", "/sms/other", "/sms/read", "/sms/read"} {
		r.send(path, phone, "Idempotency-Key", "k")
		if n := c.runs.Load(); n != int32(i+1) {
			t.Errorf("%s: %d runs", path, n)
		}
	}
	r.do("POST", "/sms/send", phone, "Idempotency-Key", "k", "Authorization", "Bearer "+token)
	r.send("/sms/send", phone, "Idempotency-Key", "K")
	if n := c.runs.Load(); n != 6 {
		t.Errorf("%d runs", n)
	}
}

func TestIdempotencyRunning(t *testing.T) {
	r := newRig(t)
	running, release := make(chan struct{}), make(chan struct{})
	c := &counted{run: func(n int32) (*wasm.Result, error) {
		close(running)
		<-release
		return ok(n)
	}}
	r.route("send", c)
	r.start()
	first := make(chan answer, 1)
	go func() { first <- r.send("/sms/send", phone, "Idempotency-Key", "k") }()
	<-running
	second := r.send("/sms/send", phone, "Idempotency-Key", "k")
	close(release)
	if second.status != 409 || second.header.Get("Retry-After") != "1" || !strings.Contains(second.body, "still running") {
		t.Errorf("%d %s", second.status, second.body)
	}
	if a := <-first; a.status != 201 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if again := r.send("/sms/send", phone, "Idempotency-Key", "k"); again.status != 201 || c.runs.Load() != 1 {
		t.Errorf("%d %s", again.status, again.body)
	}
}

// TestIdempotencyRestart: a process that ended between the intent and the outcome
// leaves a key whose request is never done again.
func TestIdempotencyRestart(t *testing.T) {
	store := newKeys()
	r := newRig(t)
	r.opt.Idempotency = server.NewIdempotency(store, time.Hour)
	c := &counted{}
	c.run = func(n int32) (*wasm.Result, error) {
		// The process "ends" here: what a new one finds is what is stored now.
		snapshot := newKeys()
		for k, v := range store.values {
			snapshot.values[k] = v
		}
		r.opt.Idempotency = server.NewIdempotency(snapshot, time.Hour)
		return ok(n)
	}
	r.route("send", c)
	r.start()
	r.send("/sms/send", phone, "Idempotency-Key", "k")
	r.start()
	if got := r.send("/sms/send", phone, "Idempotency-Key", "k"); got.status != 409 || got.body != begunTwice || c.runs.Load() != 1 {
		t.Errorf("%d %s after %d runs", got.status, got.body, c.runs.Load())
	}
}

// TestIdempotencyStore: a store that fails before the request prevents it; one
// that fails after it leaves the outcome unknown, never repeated.
func TestIdempotencyStore(t *testing.T) {
	f := newFile("x")
	rows := []struct {
		name  string
		store func(k *keys)
		run   func(n int32) (*wasm.Result, error)
		runs  int32
		again int
	}{
		{"cannot be read", func(k *keys) { k.failGet = errDisk }, ok, 0, 500},
		{"cannot write the intent", func(k *keys) { k.failPut = errDisk }, ok, 0, 500},
		{"cannot write the outcome", func(k *keys) { k.failPutAt = 2 }, ok, 1, 409},
		{"cannot forget", func(k *keys) { k.failD = errDisk }, func(int32) (*wasm.Result, error) {
			return &wasm.Result{Reply: abi.Reply{Form: abi.FormAttachment}, Attachment: f}, nil
		}, 1, 500},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			store := newKeys()
			row.store(store)
			r := newRig(t)
			r.opt.Idempotency = server.NewIdempotency(store, time.Hour)
			c := &counted{run: row.run}
			r.route("send", c)
			r.start()
			got := r.send("/sms/send", phone, "Idempotency-Key", "k")
			if got.status != 500 || !r.logged(got.id()) || c.runs.Load() != row.runs {
				t.Errorf("%d %s after %d runs", got.status, got.body, c.runs.Load())
			}
			if again := r.send("/sms/send", phone, "Idempotency-Key", "k"); again.status != row.again {
				t.Errorf("again: %d %s", again.status, again.body)
			}
		})
	}
	if f.closes() != 2 {
		t.Errorf("the file was closed %d times in two requests", f.closes())
	}
}

// TestIdempotencyDamaged: what is stored is damaged or of another version.
func TestIdempotencyDamaged(t *testing.T) {
	store := newKeys()
	store.values["crm\x00sms.send\x00k"] = []byte("damaged")
	r := newRig(t)
	r.opt.Idempotency = server.NewIdempotency(store, time.Hour)
	c := &counted{run: ok}
	r.route("send", c)
	r.start()
	if got := r.send("/sms/send", phone, "Idempotency-Key", "k"); got.status != 500 || c.runs.Load() != 0 {
		t.Errorf("%d %s", got.status, got.body)
	}
}
