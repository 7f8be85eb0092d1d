package server

import (
	"maps"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// Metrics are the gateway's own figures; other packages register collectors.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	hooks    *prometheus.CounterVec

	mu     sync.Mutex // whoever adds to routes
	routes atomic.Pointer[map[string]*routeFigures]
}

// routeFigures are those that nearly every request of a route counts in; finding them
// by their labels costs more than counting.
type routeFigures struct {
	duration prometheus.Observer
	served   atomic.Pointer[prometheus.Counter] // with status 200; nil before the first
}

// NewMetrics returns metrics with the Go runtime's among them.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "patchbay_requests_total", Help: "Requests of integrators by module, action and status.",
		}, []string{"module", "action", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "patchbay_request_seconds", Help: "Time from the request to the written journal record.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"module", "action"}),
		hooks: hooksTotal(),
	}
	m.routes.Store(&map[string]*routeFigures{})
	m.registry.MustRegister(m.requests, m.duration, m.hooks, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds a collector.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

// request counts a request and how long it took. Paths that are no routes share one
// label, so that nobody can make series at will.
func (m *Metrics) request(v *visit, status int, took time.Duration) {
	key, module, action := "", "none", "none"
	if v.route != nil {
		key, module, action = v.route.Key, v.route.Module, v.route.Name
	}
	f := (*m.routes.Load())[key]
	if f == nil {
		f = m.add(key, module, action)
	}
	f.duration.Observe(took.Seconds())
	if status == fiber.StatusOK {
		served := f.served.Load()
		if served == nil {
			c := m.requests.WithLabelValues(module, action, "200")
			served = &c
			f.served.Store(served)
		}
		(*served).Inc()
		return
	}
	m.requests.WithLabelValues(module, action, strconv.Itoa(status)).Inc()
}

// add finds the figures of a route. Routes that are gone keep theirs, as their series
// stay.
func (m *Metrics) add(key, module, action string) *routeFigures {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := maps.Clone(*m.routes.Load())
	f := &routeFigures{duration: m.duration.WithLabelValues(module, action)}
	all[key] = f
	m.routes.Store(&all)
	return f
}

func (m *Metrics) handler() fiber.Handler {
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return func(c *fiber.Ctx) error {
		h(c.Context())
		return nil
	}
}
