package app_test

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// TestManyUpgrades switches between two versions again and again: nothing stays
// behind. PATCHBAY_UPGRADES sets how often.
func TestManyUpgrades(t *testing.T) {
	upgrades, err := strconv.Atoi(or(os.Getenv("PATCHBAY_UPGRADES"), "100"))
	if err != nil {
		t.Fatal(err)
	}
	u := newUpstream(t)
	r := demo(t, u, nil, edition{version: "1.0.0", upstream: u.URL})
	r.says("1.0.0")
	sums := []string{r.detail().at("sha256").(string), r.upload(edition{version: "1.1.0", upstream: u.URL})}
	upgrade := func(n int) {
		t.Helper()
		r.want(200, "administrator", "POST", "/plugins/demo/upgrade", `{"sha256":"`+sums[n%2]+`"}`)
	}
	const warmUp = 20
	for n := range warmUp {
		upgrade(n + 1)
	}
	quiet := func(most int) (heap uint64, goroutines int) {
		// Superseded instances linger for the requests that found them before.
		r.becomes("the old instances to go", func() bool { return runtime.NumGoroutine() <= most })
		for range 3 {
			runtime.GC()
		}
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc, runtime.NumGoroutine()
	}
	heap, goroutines := quiet(60)
	for n := range upgrades {
		upgrade(n + 1)
	}
	after, _ := quiet(goroutines + 3) // connections come and go
	t.Logf("%d upgrades: heap %d → %d KiB", upgrades, heap>>10, after>>10)
	if after > heap+8<<20 {
		t.Errorf("the heap grew by %d KiB", (after-heap)>>10)
	}
	if files, err := os.ReadDir(r.folder + "/data/plugins/demo"); err != nil || len(files) != 4 {
		t.Errorf("%d files are kept, %v", len(files), err)
	}
}
