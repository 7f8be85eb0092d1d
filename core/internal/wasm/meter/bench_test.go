package meter_test

import (
	"testing"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/binary/binarytest"
	"github.com/patchbay-gw/patchbay/core/internal/wasm/meter"
)

// BenchmarkOverhead runs the plain and the metered guest in turns, so that a busy machine slows down both, and reports the
// shortest runs: ns plain, ns metered, their ratio, and how many units a run is charged.
func BenchmarkOverhead(b *testing.B) {
	plain := startGo(b, engines[0], goGuest(b))
	metered := startGo(b, engines[0], rewrite(b, goGuest(b), 0))
	for _, w := range []struct {
		name string
		n    uint64
	}{{"hot", 1_000_000}, {"parse", 10}, {"sorting", 3000}, {"garbage", 1500}} {
		b.Run(w.name, func(b *testing.B) {
			var shortest [2]time.Duration
			run := [2]api.Function{plain.ExportedFunction(w.name), metered.ExportedFunction(w.name)}
			for b.Loop() {
				for i := range run {
					metered.arm(plenty)
					from := time.Now()
					if _, err := run[i].Call(b.Context(), w.n); err != nil {
						b.Fatal(err)
					}
					if d := time.Since(from); shortest[i] == 0 || d < shortest[i] {
						shortest[i] = d
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(shortest[0]), "ns-plain")
			b.ReportMetric(float64(shortest[1]), "ns-metered")
			b.ReportMetric(float64(shortest[1])/float64(shortest[0]), "ratio")
			b.ReportMetric(float64(metered.spent()), "units")
		})
	}
}

// BenchmarkSlice measures what the time between two exits comes to (ns/slice): in the Go guest, and in a guest made to be
// slow, which follows a random chain through 32 MiB so that every load misses the processor's caches.
func BenchmarkSlice(b *testing.B) {
	b.Run("go", func(b *testing.B) {
		in := startGo(b, engines[0], rewrite(b, goGuest(b), 0))
		perSlice(b, in, "parse", 10)
	})
	b.Run("cache misses", func(b *testing.B) {
		build := binarytest.New()
		build.Memory(512, 512)
		// for n > 0 { p = load(p); n-- }
		build.FuncLocals("chase", unary, []byte{1, 1, 0x7f},
			0x03, 0x40, 0x20, 1, 0x28, 2, 0, 0x21, 1, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0, 0x0d, 0, 0x0b, 0x20, 1, 0x0b)
		build.Export("memory", binary.KindMemory, 0)
		in := start(b, engines[0], rewrite(b, build.Bytes(), 0))
		const entries = 512 << 16 / 4
		for i := range uint32(entries) { // a full cycle: multiplier ≡ 1 mod 4, odd increment
			in.Memory().WriteUint32Le(i*4, (i*1_664_525+1_013_904_223)%entries*4)
		}
		perSlice(b, in, "chase", 1_000_000)
	})
}

func perSlice(b *testing.B, in *instance, name string, n uint64) {
	run := in.ExportedFunction(name)
	units := int64(0)
	for b.Loop() {
		in.arm(plenty)
		if _, err := run.Call(b.Context(), n); err != nil {
			b.Fatal(err)
		}
		units += in.spent()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())*meter.DefaultSlice/float64(units), "ns/slice")
}

func BenchmarkRewrite(b *testing.B) {
	plain := goGuest(b)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		out, err := meter.Rewrite(plain, meter.Options{})
		if err != nil {
			b.Fatal(err)
		}
		size = len(out)
	}
	b.ReportMetric(float64(size)/float64(len(plain)), "growth")
}
