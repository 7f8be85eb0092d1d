package wasm_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/testing/guest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

var smsParams = new(abi.Object).Str("phone", "89190000000").Str("message", "Проверка работы").Value()

// atOnce answers http_fetch without waiting.
func atOnce() wasm.Operation {
	answer := fetched("hello")
	return wasm.Operation{Effect: true, Run: func(_ context.Context, _ *wasm.Call, _, dst []byte) []byte { return append(dst, answer...) }}
}

func benchmarkAction(b *testing.B, action string) {
	pool := newPool(b, guest.Build(b, "testdata/actions"), wasm.Spec{Operations: map[string]wasm.Operation{abi.OpHTTPFetch: atOnce()}})
	if err := pool.Warm(b.Context()); err != nil {
		b.Fatal(err)
	}
	q := &abi.Request{Kind: abi.Action, Name: action, Params: smsParams, RequestID: "0123456789", User: "API_test_2"}
	ctx, stop := context.WithTimeout(b.Context(), 10*time.Minute) // as from the server
	defer stop()
	b.ReportAllocs()
	before := pool.Stats()
	for b.Loop() {
		r, err := pool.Do(ctx, q, 0)
		if err != nil {
			b.Fatal(err)
		}
		r.Release()
	}
	spent := pool.Stats()
	b.ReportMetric(float64(spent.Instructions-before.Instructions)/float64(spent.Tasks-before.Tasks), "units/op")
}

// BenchmarkEcho is a task that needs nothing from the host.
func BenchmarkEcho(b *testing.B) { benchmarkAction(b, "echo") }

// BenchmarkFetch is a task that is suspended once.
func BenchmarkFetch(b *testing.B) { benchmarkAction(b, "fetch") }

// BenchmarkSuspended holds 10,000 tasks in one guest: how long beginning and
// ending all of them takes, the first time (the guest has to grow) and later, and
// how much memory it needs.
func BenchmarkSuspended(b *testing.B) {
	const n = 10_000
	var begun sync.WaitGroup
	var gate chan struct{}
	answer := fetched("hello")
	wait := wasm.Operation{Effect: true, Run: func(ctx context.Context, _ *wasm.Call, _, dst []byte) []byte {
		begun.Done()
		<-gate
		return append(dst, answer...)
	}}
	pool := newPool(b, guest.Build(b, "testdata/actions"), wasm.Spec{
		Operations: map[string]wasm.Operation{abi.OpHTTPFetch: wait}, Limits: wasm.Limits{Guests: 1, RecycleMB: 120},
	})
	if err := pool.Warm(b.Context()); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithTimeout(b.Context(), 10*time.Minute)
	defer stop()
	round := func() (begin, end time.Duration) {
		gate = make(chan struct{})
		begun.Add(n)
		var ended sync.WaitGroup
		from := pool.Stats().Busy
		for range n {
			ended.Go(func() {
				q := &abi.Request{Kind: abi.Action, Name: "fetch", Params: smsParams, RequestID: "0123456789", User: "API_test_2"}
				r, err := pool.Do(ctx, q, 0)
				if err != nil {
					b.Error(err)
					return
				}
				r.Release()
			})
		}
		begun.Wait()
		begin = pool.Stats().Busy - from
		runtime.GC()
		from = pool.Stats().Busy
		close(gate)
		ended.Wait()
		return begin, pool.Stats().Busy - from
	}
	firstBegin, firstEnd := round()
	first := pool.Stats().MemoryBytes
	var begin, end time.Duration
	for b.Loop() {
		begin, end = round()
	}
	b.ReportMetric(float64(firstBegin.Microseconds())/n, "µs/first-start")
	b.ReportMetric(float64(firstEnd.Microseconds())/n, "µs/first-resume")
	b.ReportMetric(float64(first)/(1<<20), "MiB-first")
	b.ReportMetric(float64(begin.Microseconds())/n, "µs/start")
	b.ReportMetric(float64(end.Microseconds())/n, "µs/resume")
	b.ReportMetric(float64(pool.Stats().MemoryBytes)/(1<<20), "MiB")
}
