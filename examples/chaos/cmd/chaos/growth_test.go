package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/patchbay-gw/patchbay/core/e2e/program"
)

// TestJudge shows it half an hour of everything that a healthy gateway does, and of
// what it must not do.
func TestJudge(t *testing.T) {
	const n, mib = 240, float64(1 << 20)
	steady := func(int) float64 { return 0 }
	for _, tt := range []struct {
		name string
		live func(i int) float64 // MiB above 25
		more func(i int) float64 // goroutines above 70
		want string              // a part of what is missed, "" for nothing
	}{
		{"flat", steady, steady, ""},
		{"a cache fills", func(i int) float64 { return 60 * (1 - math.Exp(-float64(i)/30)) }, steady, ""},
		{"a buffer fills and is emptied", func(i int) float64 { return float64(i % 17) }, steady, ""},
		{"compactions", func(i int) float64 {
			if i%12 == 11 {
				return 110
			}
			return 0
		}, steady, ""},
		{"a last request with much in its hands", func(i int) float64 { return map[bool]float64{true: 90}[i == n-1] }, steady, ""},
		{"callers come and go", steady, func(i int) float64 { return float64(i * 7 % 30) }, ""},
		{"20 bytes for each of 300 requests a second", func(i int) float64 { return float64(i) * 7.5 * 300 * 20 / mib }, steady, "live heap rose"},
		{"a leak below compactions and a filling cache", func(i int) float64 {
			out := 60*(1-math.Exp(-float64(i)/30)) + float64(i)*0.05
			if i%12 == 11 {
				out += 110
			}
			return out
		}, steady, "live heap rose"},
		{"one goroutine a minute", steady, func(i int) float64 { return float64(i / 8) }, "goroutines rose"},
	} {
		noise := rand.New(rand.NewPCG(1, 2))
		var samples []sample
		for i := range n {
			live := (25 + tt.live(i) + 8*noise.Float64()) * mib
			samples = append(samples, sample{
				at: time.Duration(i) * 7500 * time.Millisecond, goroutines: 70 + tt.more(i), files: 40, live: live,
				guests: 60 * mib, memory: 2*live + 60*mib,
			})
		}
		got := &trial{}
		judge(got, samples)
		if missed := got.verdict() == missed; missed != (tt.want != "") || !strings.Contains(got.seen(), tt.want) {
			t.Errorf("%s: %s", tt.name, got.seen())
		}
	}
	short := &trial{}
	judge(short, make([]sample, 5))
	if short.verdict() != missed {
		t.Error("five samples are enough")
	}
}

// TestRisers: a miss says whose guests it is.
func TestRisers(t *testing.T) {
	const mib = 1 << 20
	var samples []sample
	for i := range 64 {
		samples = append(samples, sample{
			at: time.Duration(i) * time.Minute, guests: float64(60+i) * mib,
			instances: map[string]float64{"sms": float64(10+i) * mib, "crm": 7 * mib, "shrinks": float64(64-i) * mib},
		})
	}
	got := &trial{}
	judge(got, samples)
	if seen := got.seen(); !strings.HasSuffix(seen, "within the last half: sms 46.0 → 70.0") {
		t.Error(seen)
	}
}

// TestSeededLeak looks at a process that leaks with every look, as soak does.
func TestSeededLeak(t *testing.T) {
	if what := os.Getenv(leakEnv); what != "" {
		if err := leak(what); err != nil {
			t.Fatal(err)
		}
		return
	}
	for what, want := range map[string]string{
		"nothing": "", "memory": "live heap rose", "goroutines": "goroutines rose", "files": "files rose", "mappings": "memory rose", "guests": "guests rose",
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			p, err := program.Start(t.Context(), "leak", os.Args[0], []string{leakEnv + "=" + what}, "-test.run=^TestSeededLeak$")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(p.Kill)
			address, err := p.After(t.Context(), "leaks at ")
			if err != nil {
				t.Fatal(err)
			}
			w := &world{gateway: p, client: newClient(), listen: address, data: t.TempDir()}
			t.Cleanup(w.client.CloseIdleConnections)
			var samples []sample
			for i := range 60 {
				s, err := w.look(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				s.at = time.Duration(i) * time.Second // what it leaks depends on the looks alone
				samples = append(samples, s)
			}
			got := &trial{}
			judge(got, samples)
			if missed := got.verdict() == missed; missed != (want != "") || !strings.Contains(got.seen(), want) {
				t.Error(got.seen())
			}
		})
	}
}

const leakEnv = "PATCHBAY_CHAOS_LEAK"

var leaked [][]byte

// leak serves /metrics until it is killed, and keeps something each time.
func leak(what string) error {
	registry := prometheus.NewRegistry()
	memory := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "patchbay_plugin_memory_bytes"}, []string{"instance"})
	memory.WithLabelValues("sms").Set(7 << 20)
	grown := memory.WithLabelValues("contact")
	registry.MustRegister(memory, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	serve := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("leaks at %s\n", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch what {
		case "memory":
			leaked = append(leaked, make([]byte, 512<<10))
		case "goroutines":
			go func() { <-context.Background().Done() }()
		case "files":
			_, err = syscall.Dup(0)
		case "guests":
			grown.Add(1 << 20)
		case "mappings":
			var b []byte
			if b, err = syscall.Mmap(-1, 0, 2<<20, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE); err == nil {
				for i := range len(b) / 4096 {
					b[i*4096] = 1
				}
			}
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		runtime.GC()
		serve.ServeHTTP(w, r)
	}))
}

func TestReadSample(t *testing.T) {
	const text = "# HELP go_goroutines x\ngo_goroutines 17\ngo_goroutines_more 18\nprocess_open_fds 9\ngo_memstats_next_gc_bytes 6e+07\n" +
		"go_gc_gogc_percent 200\npatchbay_plugin_memory_bytes{instance=\"a b\"} 1e+07\npatchbay_plugin_memory_bytes{instance=\"c\"} 2e+07\n"
	s, err := readSample(text, 100e6)
	instances := map[string]float64{"a b": 1e7, "c": 2e7}
	if want := (sample{goroutines: 17, files: 9, live: 20e6, guests: 30e6, instances: instances, memory: 100e6}); err != nil || !reflect.DeepEqual(s, want) {
		t.Errorf("%+v %v", s, err)
	}
	for _, name := range []string{"go_goroutines ", "process_open_fds", "go_memstats_next_gc_bytes", "go_gc_gogc_percent", "patchbay_plugin_memory_bytes"} {
		if _, err := readSample(strings.ReplaceAll(text, "\n"+name, "\nx"+name), 0); err == nil {
			t.Errorf("a sample without %s", name)
		}
		if _, err := readSample(strings.ReplaceAll(text, "\n"+name, "\n"+name+" many\n"+name), 0); err == nil {
			t.Errorf("a sample whose %s is no number", name)
		}
	}
}
