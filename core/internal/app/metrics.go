package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
)

// collector reads the figures of plugins, nodes and the journal when Prometheus
// asks for them.
type collector struct{ app *App }

var instanceLabels = []string{"instance", "plugin"}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("patchbay_"+name, help, labels, nil)
}

var (
	descTasks     = describe("plugin_tasks_total", "Tasks begun.", instanceLabels...)
	descFailures  = describe("plugin_failures_total", "Tasks that failed.", instanceLabels...)
	descCrashes   = describe("plugin_crashes_total", "Guests that crashed.", instanceLabels...)
	descCPU       = describe("plugin_cpu_seconds_total", "Time inside guests.", instanceLabels...)
	descUnits     = describe("plugin_metered_units_total", "Metered CPU units used by guests.", instanceLabels...)
	descInFlight  = describe("plugin_tasks_in_flight", "Tasks begun and not ended.", instanceLabels...)
	descGuests    = describe("plugin_guests", "Guests that take tasks.", instanceLabels...)
	descMemory    = describe("plugin_memory_bytes", "Memory of the guests.", instanceLabels...)
	descState     = describe("plugin_state", "1 for the state that the instance is in.", "instance", "plugin", "state")
	descVersion   = describe("plugin_version_info", "1 for the version in force.", "plugin", "version", "sha256", "trust")
	descTrial     = describe("plugin_trial", "1 while a new version is on trial.", "plugin")
	descWaiting   = describe("plugin_waiting_for_consent", "1 while a version waits for consent.", "plugin")
	descRollbacks = describe("plugin_rollbacks_total", "Versions that the gateway took back or did not take, since the start.", "plugin")
	descNode      = describe("freeswitch_up", "1 when the node is connected.", "node")
	descJournal   = describe("journal_records_total", "Records written since the start.")
	descJournalTx = describe("journal_blocks_total", "Blocks that hold them.")
	descCorrupt   = describe("journal_corrupt_blocks_total", "Damaged blocks met by queries.")
	descStore     = describe("store_bytes", "Size of the store on disk.")
)

// Describe sends nothing: the set of series depends on the configuration.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	for _, u := range c.app.configured() {
		if u.waiting != "" {
			send(descState, prometheus.GaugeValue, 1, u.name, u.pkg.Manifest.ID, string(plugin.StateWaiting))
			continue
		}
		if u.instance == nil {
			send(descState, prometheus.GaugeValue, 1, u.name, "", string(plugin.StateFailed))
			continue
		}
		id, s := u.pkg.Manifest.ID, u.instance.Status()
		send(descState, prometheus.GaugeValue, 1, u.name, id, string(s.State))
		send(descTasks, prometheus.CounterValue, float64(s.Stats.Tasks), u.name, id)
		send(descFailures, prometheus.CounterValue, float64(s.Stats.Failures), u.name, id)
		send(descCrashes, prometheus.CounterValue, float64(s.Stats.Crashes), u.name, id)
		send(descCPU, prometheus.CounterValue, s.Stats.Busy.Seconds(), u.name, id)
		send(descUnits, prometheus.CounterValue, float64(s.Stats.Instructions), u.name, id)
		send(descInFlight, prometheus.GaugeValue, float64(s.Stats.InFlight), u.name, id)
		send(descGuests, prometheus.GaugeValue, float64(s.Stats.Guests), u.name, id)
		send(descMemory, prometheus.GaugeValue, float64(s.Stats.MemoryBytes), u.name, id)
	}
	c.versions(send)
	c.border(send)
	if c.app.link != nil {
		for _, h := range c.app.link.Health() {
			up := 0.0
			if h.State == freeswitch.StateUp {
				up = 1
			}
			send(descNode, prometheus.GaugeValue, up, h.Name)
		}
	}
	c.guards(send)
	j := c.app.journal.Stats()
	send(descJournal, prometheus.CounterValue, float64(j.Records))
	send(descJournalTx, prometheus.CounterValue, float64(j.Blocks))
	send(descCorrupt, prometheus.CounterValue, float64(j.Corrupt))
	send(descStore, prometheus.GaugeValue, float64(c.app.store.Size()))
}

// versions sends what is in force and what is happening to it.
func (c collector) versions(send func(*prometheus.Desc, prometheus.ValueType, float64, ...string)) {
	state := c.app.states.Get()
	for _, p := range c.app.plugins(state) {
		id, st := p.Manifest.ID, state.Plugins[p.Manifest.ID]
		send(descVersion, prometheus.GaugeValue, 1, id, p.Manifest.Version, p.SHA256, string(p.Trust.State))
		for desc, on := range map[*prometheus.Desc]bool{descTrial: st.Trial != nil, descWaiting: st.Waiting != nil} {
			value := 0.0
			if on {
				value = 1
			}
			send(desc, prometheus.GaugeValue, value, id)
		}
	}
	for id, n := range c.app.crashes.rollbacks() {
		send(descRollbacks, prometheus.CounterValue, float64(n), id)
	}
}
