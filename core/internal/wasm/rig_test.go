package wasm_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// goGuest is a real plugin; the race detector sees the host only and makes Go
// guests too slow, so assembled ones stand in there.
func goGuest(tb testing.TB) []byte {
	tb.Helper()
	if guest.Race {
		tb.Skip("Go guests are for runs without the race detector")
	}
	return guest.Build(tb, "testdata/actions")
}

// newPool returns a pool that is closed with the test; nothing may be left then.
func newPool(tb testing.TB, code []byte, spec wasm.Spec) *wasm.Pool {
	tb.Helper()
	return newPoolMB(tb, code, spec, 0)
}

func newPoolMB(tb testing.TB, code []byte, spec wasm.Spec, memoryMB int) *wasm.Pool {
	tb.Helper()
	program, err := guest.Engine(tb).Compile(tb.Context(), code, memoryMB)
	if err != nil {
		tb.Fatal(err)
	}
	if spec.Log == nil {
		spec.Log = hclog.NewNullLogger()
	}
	if spec.Instance == "" {
		spec.Instance = "test"
	}
	pool := program.NewPool(spec, memoryMB)
	tb.Cleanup(func() {
		ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
		defer stop()
		if err := pool.Close(ctx); err != nil {
			tb.Error(err)
		}
		if s := pool.Stats(); s.InFlight != 0 || s.Guests+s.Draining != 0 || s.MemoryBytes != 0 {
			tb.Errorf("left after Close: %+v", s)
		}
		if err := program.Close(ctx); err != nil {
			tb.Error(err)
		}
	})
	return pool
}

func action(name string, params ...string) *abi.Request {
	var o abi.Object
	for i := 0; i < len(params); i += 2 {
		o.Str(params[i], params[i+1])
	}
	return &abi.Request{Kind: abi.Action, Name: name, Params: o.Value(), RequestID: "r1", User: "u1"}
}

// do runs a task and returns its body as text.
func do(ctx context.Context, pool *wasm.Pool, q *abi.Request) (string, error) {
	r, err := pool.Do(ctx, q, 0)
	if err != nil {
		return "", err
	}
	defer r.Release()
	return r.Reply.Body.String(), nil
}

func mustDo(tb testing.TB, pool *wasm.Pool, q *abi.Request) string {
	tb.Helper()
	s, err := do(tb.Context(), pool, q)
	if err != nil {
		tb.Fatalf("%s: %v", q.Name, err)
	}
	return s
}

// fetched is an answer to http_fetch.
func fetched(text string) []byte {
	p := abi.HTTPResponse{Status: 200, Data: abi.StringValue(text)}
	return abi.AppendAnswer(nil, nil, p.Append(nil))
}

func operations(name string, op wasm.Operation) map[string]wasm.Operation {
	return map[string]wasm.Operation{name: op}
}

// turnstile is an operation that waits for the test: it says who came, and lets
// them go all together or when their context ends.
type turnstile struct {
	came chan string
	open chan struct{}
}

func newTurnstile(n int) *turnstile {
	return &turnstile{came: make(chan string, n), open: make(chan struct{})}
}

func (s *turnstile) operation(effect bool) wasm.Operation {
	answer := fetched("hello")
	return wasm.Operation{Effect: effect, Run: func(ctx context.Context, c *wasm.Call, _, dst []byte) []byte {
		s.came <- c.RequestID
		select {
		case <-s.open:
			return append(dst, answer...)
		case <-ctx.Done():
			return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeTimeout, Source: abi.SourceUpstream, Detail: "gave up"}, nil)
		}
	}}
}

// wait returns when n tasks are waiting at the turnstile.
func (s *turnstile) wait(tb testing.TB, n int) {
	tb.Helper()
	for i := range n {
		select {
		case <-s.came:
		case <-time.After(20 * time.Second):
			tb.Fatalf("%d of %d tasks came", i, n)
		}
	}
}

// eventually waits for something that happens in the background.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for end := time.Now().Add(15 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("it never happened: %s", what)
		}
	}
}

func wantDead(tb testing.TB, err error, reason string, sent bool) *wasm.DeadError {
	tb.Helper()
	var dead *wasm.DeadError
	if !errors.As(err, &dead) || !strings.Contains(dead.Reason, reason) || dead.Sent != sent {
		tb.Fatalf("error %#v, want a crash with %q and sent %v", err, reason, sent)
	}
	return dead
}

func wantError(tb testing.TB, err error, code abi.Code, source abi.Source, detail string) *abi.Error {
	tb.Helper()
	var e *abi.Error
	if !errors.As(err, &e) || e.Code != code || e.Source != source || !strings.Contains(e.Detail, detail) {
		tb.Fatalf("error %+v, want %s of %s with %q", err, code, source, detail)
	}
	return e
}
