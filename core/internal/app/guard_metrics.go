package app

import "github.com/prometheus/client_golang/prometheus"

var (
	descGuardRefusals  = describe("guard_refusals_total", "Calls and messages that a guard refused, or would have refused in the mode watch.", "kind", "rule")
	descGuardAlarms    = describe("guard_alarms_total", "Alarms of the guards.", "kind", "level")
	descGuardLost      = describe("guard_alarms_lost_total", "Alarms that nobody was told of because there were too many at a time.")
	descGuardLive      = describe("guard_calls_live", "Calls that this gateway placed and that live.")
	descGuardUnwritten = describe("guard_unwritten", "Entries of the books that a crash would cost now.")
)

// guards sends what the guards have counted.
func (c collector) guards(send func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
	g := c.app.guard
	for _, r := range g.Refusals() {
		send(descGuardRefusals, prometheus.CounterValue, float64(r.Count), string(r.Kind), r.Rule)
	}
	counts, lost := g.AlarmCounts()
	for _, a := range counts {
		send(descGuardAlarms, prometheus.CounterValue, float64(a.Count), string(a.Kind), string(a.Level))
	}
	send(descGuardLost, prometheus.CounterValue, float64(lost))
	send(descGuardLive, prometheus.GaugeValue, float64(g.Live()))
	send(descGuardUnwritten, prometheus.GaugeValue, float64(g.Unwritten()))
}
