package server

import (
	"strconv"
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
	m.registry.MustRegister(m.requests, m.duration, m.hooks, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Register adds a collector.
func (m *Metrics) Register(c prometheus.Collector) error { return m.registry.Register(c) }

// request counts a request. Paths that are no routes share one label, so that
// nobody can make series at will.
func (m *Metrics) request(v *visit, status int) {
	module, action := "none", "none"
	if v.route != nil {
		module, action = v.route.Module, v.route.Name
	}
	m.requests.WithLabelValues(module, action, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(module, action).Observe(time.Since(v.began).Seconds())
}

func (m *Metrics) handler() fiber.Handler {
	h := fasthttpadaptor.NewFastHTTPHandler(promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return func(c *fiber.Ctx) error {
		h(c.Context())
		return nil
	}
}
