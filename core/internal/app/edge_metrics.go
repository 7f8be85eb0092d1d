package app

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	descConnections = describe("connections", "Connections that are open.")
	descRefused     = describe("connections_refused_total", "Connections and requests that the border refused, by reason.", "reason")
	descExpiry      = describe("certificate_expires_seconds", "When the certificate ends, in Unix time.")
	descExpiryLeft  = describe("certificate_left_seconds", "How long the certificate is valid yet; below 0 it is not.")
	descDraining    = describe("stopping", "1 while the gateway stops.")
)

// border sends the figures of the connections.
func (c collector) border(send func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
	if l := c.app.listener.Load(); l != nil {
		s := l.Stats()
		send(descConnections, prometheus.GaugeValue, float64(s.Open))
		for reason, n := range s.Refused {
			send(descRefused, prometheus.CounterValue, float64(n), reason)
		}
	}
	stopping := 0.0
	if c.app.server.Stopping() {
		stopping = 1
	}
	send(descDraining, prometheus.GaugeValue, stopping)
	if c.app.certificates != nil {
		ends := c.app.certificates.Expires()
		send(descExpiry, prometheus.GaugeValue, float64(ends.Unix()))
		send(descExpiryLeft, prometheus.GaugeValue, time.Until(ends).Seconds())
	}
}
