package wasm_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// TestHammer: many callers, all sorts of tasks, operations that take a while,
// callers that leave, deadlines, and (in the second run) crashes. Every task ends
// with an outcome that its action may have, and the pool is sound afterwards.
func TestHammer(t *testing.T) {
	for name, crashes := range map[string]bool{"calm": false, "with crashes": true} {
		t.Run(name, func(t *testing.T) {
			short := wasm.Operation{Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
				select {
				case <-time.After(rand.N(3 * time.Millisecond)):
					return append(dst, fetched("hello")...)
				case <-ctx.Done():
					return abi.AppendAnswer(dst, &abi.Error{Code: abi.CodeTimeout}, nil)
				}
			}}
			ops := map[string]wasm.Operation{abi.OpHTTPFetch: short, abi.OpKVGet: {Local: true, Run: short.Run}}
			pool := newPool(t, crasher, wasm.Spec{Operations: ops, Limits: wasm.Limits{Guests: 3, CPU: 1, MaxTasks: 500}})
			hammer(t, pool, []string{"x", "fetch", "kv", "x", "fetch"}, crashes)
			if s := pool.Stats(); !crashes && (s.Crashes != 0 || s.Guests > 3) {
				t.Errorf("%+v", s)
			}
		})
	}
	t.Run("recycling", func(t *testing.T) {
		code := guest.Asm{
			Operations: []string{abi.OpHTTPFetch}, MaxPages: 65536,
			Start: guest.Body(
				guest.IfKind(abi.Action, guest.Seq(guest.Grow(1), guest.IfName('f', guest.Seq(guest.CallOperation(0), guest.State(abi.Suspended))))),
				guest.Reply(), guest.Const(int(abi.Finished))),
		}.Bytes()
		log := guest.NewLog()
		pool := newPoolMB(t, code, wasm.Spec{
			Operations: operations(abi.OpHTTPFetch, atOnce()), Log: log, Limits: wasm.Limits{Guests: 2, RecycleMB: 1},
		}, 2)
		hammer(t, pool, []string{"x", "fetch"}, false)
		if s := pool.Stats(); len(log.Lines("recycling")) < 10 || s.Failures != 0 {
			t.Errorf("%d guests replaced, %+v", len(log.Lines("recycling")), s)
		}
	})
	t.Run("Go guest", func(t *testing.T) {
		pool := newPool(t, goGuest(t), wasm.Spec{
			Operations: operations(abi.OpHTTPFetch, atOnce()), Limits: wasm.Limits{Guests: 2, RecycleMB: 8},
		})
		hammer(t, pool, []string{"echo", "fetch", "panic", "refuse"}, false)
	})
}

func hammer(t *testing.T, pool *wasm.Pool, names []string, crashes bool) {
	t.Helper()
	const callers, each = 40, 60
	var ended, good atomic.Int64
	var wg sync.WaitGroup
	for caller := range callers {
		wg.Go(func() {
			for i := range each {
				name := names[rand.N(len(names))]
				if crashes && caller == 0 && i%20 == 10 {
					name = []string{"crash", "loop"}[rand.N(2)]
				}
				ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
				switch rand.N(4) {
				case 0:
					go func() {
						time.Sleep(rand.N(2 * time.Millisecond))
						stop()
					}()
				case 1:
					stop()
					ctx, stop = context.WithTimeout(t.Context(), rand.N(4*time.Millisecond))
				}
				_, err := do(ctx, pool, action(name))
				stop()
				ended.Add(1)
				if err == nil {
					good.Add(1)
				} else if !expected(err, crashes) {
					t.Errorf("%s: %#v", name, err)
				}
			}
		})
	}
	wg.Wait()
	if ended.Load() != callers*each || good.Load() == 0 {
		t.Errorf("%d tasks ended, %d well", ended.Load(), good.Load())
	}
	eventually(t, "the pool is sound", func() bool {
		_, err := do(t.Context(), pool, action(names[0]))
		return err == nil && pool.Stats().InFlight == 0
	})
}

func expected(err error, crashes bool) bool {
	var own *abi.Error
	var dead *wasm.DeadError
	var notReady *wasm.NotReadyError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.As(err, &own):
		return true
	case errors.As(err, &dead), errors.As(err, &notReady):
		return crashes
	}
	return false
}

// TestCloseUnderLoad: whoever comes while the pool closes is served or refused,
// never lost.
func TestCloseUnderLoad(t *testing.T) {
	for range 20 {
		program, pool := bare(t, crasher, wasm.Spec{Limits: wasm.Limits{Guests: 2}})
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					if _, err := do(t.Context(), pool, action("x")); err != nil {
						if !errors.Is(err, wasm.ErrClosed) {
							t.Error(err)
						}
						return
					}
				}
			})
		}
		eventually(t, "tasks run", func() bool { return pool.Stats().Tasks > 50 })
		if err := errors.Join(program.Close(t.Context()), pool.Close(t.Context())); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}
