package app

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/patchbay-gw/patchbay/core/internal/admin"
	"github.com/patchbay-gw/patchbay/core/internal/freeswitch"
	"github.com/patchbay-gw/patchbay/core/internal/history"
	"github.com/patchbay-gw/patchbay/core/internal/plugin"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func rates(f history.Figures, over time.Duration) admin.Rates {
	seconds := over.Seconds()
	if seconds <= 0 {
		return admin.Rates{}
	}
	return admin.Rates{
		Requests: float64(f.Requests) / seconds, Refused: float64(f.Refused) / seconds, Failed: float64(f.Failed) / seconds,
		P50: milliseconds(f.Quantile(.5)), P99: milliseconds(f.Quantile(.99)),
	}
}

func counts(f history.Figures) admin.Counts {
	return admin.Counts{Requests: f.Requests, Refused: f.Refused, Failed: f.Failed}
}

// sum adds points up.
func sum(points []history.Point) map[string]history.Figures {
	out := map[string]history.Figures{}
	for i := range points {
		for _, m := range points[i].Modules {
			f := out[m.Module]
			f.Add(m.Figures)
			out[m.Module] = f
		}
	}
	return out
}

func total(figures map[string]history.Figures) (all history.Figures) {
	for _, f := range figures {
		all.Add(f)
	}
	return all
}

func (p panel) Overview() admin.Overview {
	d, now := p.app.desk, time.Now().UTC()
	hour := d.history.Points(history.Query{Step: history.Fine, From: now.Add(-history.FineSpan)})
	minute := hour
	for len(minute) > 0 && minute[0].At < now.Add(-time.Minute-history.Fine).Unix() {
		minute = minute[1:]
	}
	over := min(time.Minute, max(now.Sub(d.started), time.Second))
	lastMinute, lastHour := sum(minute), sum(hour)
	o := admin.Overview{
		Time: now, Version: Version, Started: d.started, Now: rates(total(lastMinute), over),
		Modules: []admin.OverviewModule{}, Nodes: p.Nodes(), Providers: []admin.OverviewProvider{}, Attention: []admin.Attention{},
	}
	for _, m := range p.Modules().Items {
		o.Modules = append(o.Modules, admin.OverviewModule{
			ID: m.ID, Title: m.Title, On: m.On, State: m.State, Now: rates(lastMinute[m.ID], over), LastHour: counts(lastHour[m.ID]),
		})
	}
	for _, v := range p.Providers().Items {
		o.Providers = append(o.Providers, admin.OverviewProvider{Name: v.Name, Plugin: v.Plugin, Title: v.Title, On: v.On, State: v.State})
	}
	o.SMS = p.countSMS(now, hour)
	o.Attention = append(attention(o), p.pluginAttention()...)
	o.Attention = append(o.Attention, p.guardAttention()...)
	slices.SortStableFunc(o.Attention, func(x, y admin.Attention) int { return strings.Compare(x.Level, y.Level) })
	return o
}

func (p panel) countSMS(now time.Time, hour []history.Point) (s admin.OverviewSMS) {
	for _, point := range hour {
		s.AcceptedHour += point.SMSAccepted
		s.FailedHour += point.SMSFailed
	}
	for _, point := range p.app.desk.history.Points(history.Query{Step: history.Coarse, From: now.Add(-24 * time.Hour)}) {
		s.AcceptedDay += point.SMSAccepted
		s.FailedDay += point.SMSFailed
	}
	return s
}

// attention lists the modules, providers and nodes that do not do what they should.
func attention(o admin.Overview) []admin.Attention {
	out := []admin.Attention{}
	look := func(kind, name string, on bool, s admin.State) {
		level := ""
		switch plugin.State(s.Name) {
		case plugin.StateFailed:
			level = "error"
		case plugin.StateBackingOff, plugin.StateWaiting:
			level = "warning"
		}
		if on && level != "" {
			out = append(out, admin.Attention{Level: level, Kind: kind, Name: name, Reason: s.Name + ": " + s.Reason})
		}
	}
	for _, m := range o.Modules {
		look("module", m.ID, m.On, m.State)
	}
	for _, v := range o.Providers {
		look("provider", v.Name, v.On, v.State)
	}
	for _, n := range o.Nodes {
		if n.State != string(freeswitch.StateUp) {
			out = append(out, admin.Attention{Level: "error", Kind: "node", Name: n.Name, Reason: n.State + ": " + n.Reason})
		}
	}
	return out
}

func (p panel) pluginAttention() []admin.Attention {
	var out []admin.Attention
	all := p.Plugins()
	for _, v := range all.Plugins {
		switch {
		case v.Waiting != nil:
			out = append(out, admin.Attention{Level: "warning", Kind: "plugin", Name: v.ID, Reason: "version " + v.Waiting.Version + " waits for consent"})
		case v.Refused != "" && len(v.UsedBy) > 0:
			out = append(out, admin.Attention{Level: "error", Kind: "plugin", Name: v.ID, Reason: v.Refused})
		}
	}
	for _, fault := range all.Faults {
		out = append(out, admin.Attention{Level: "warning", Kind: "plugin", Reason: fault})
	}
	return out
}

func (p panel) History(q admin.HistoryQuery) admin.History {
	ask := history.Query{Step: history.Fine, From: q.From, To: q.To}
	if q.Coarse {
		ask.Step = history.Coarse
	}
	points := p.app.desk.history.Points(ask)
	out := admin.History{StepSeconds: int(ask.Step.Seconds()), Modules: slices.Sorted(maps.Keys(sum(points))), Points: make([]admin.HistoryPoint, 0, len(points))}
	if out.Modules == nil {
		out.Modules = []string{}
	}
	name := q.Module
	if name == "" {
		name = "*"
	}
	for i := range points {
		f := points[i].Of(name)
		out.Points = append(out.Points, admin.HistoryPoint{
			Time: time.Unix(points[i].At, 0).UTC(), Counts: counts(f), P50: milliseconds(f.Quantile(.5)), P99: milliseconds(f.Quantile(.99)),
			SMSAccepted: points[i].SMSAccepted, SMSFailed: points[i].SMSFailed,
		})
	}
	return out
}

func (p panel) Pulse(before *admin.Pulse) *admin.Pulse {
	now, totals := time.Now().UTC(), p.app.desk.history.Totals()
	out := &admin.Pulse{Time: now, Modules: map[string]admin.Rates{}, Mark: totals}
	for _, u := range p.app.configured() {
		if u.instance != nil && u.kind == manifest.KindModule {
			out.InFlight += u.instance.Status().Stats.InFlight
		}
	}
	if before == nil {
		return out
	}
	mark, _ := before.Mark.(history.Totals)
	point, over := totals.Since(mark), now.Sub(before.Time)
	out.Rates = rates(point.Of("*"), over)
	out.SMSAccepted, out.SMSFailed = point.SMSAccepted, point.SMSFailed
	for _, m := range point.Modules {
		out.Modules[m.Module] = rates(m.Figures, over)
	}
	return out
}

func (p panel) States() admin.States {
	units, state := p.snapshot()
	out := admin.States{Version: state.Version, Modules: []admin.LiveState{}, Providers: []admin.LiveState{}, Nodes: []admin.LiveState{}}
	for _, u := range units {
		live := admin.LiveState{Name: u.name, On: u.on, State: p.instance(u).State, Progress: p.app.desk.progress.of(u)}
		if u.kind == manifest.KindModule {
			out.Modules = append(out.Modules, live)
		} else {
			out.Providers = append(out.Providers, live)
		}
	}
	for _, n := range p.Nodes() {
		out.Nodes = append(out.Nodes, admin.LiveState{Name: n.Name, On: true, State: admin.State{Name: n.State, Reason: n.Reason, Since: n.Since}})
	}
	return out
}

func (p panel) Callers(name, action string) admin.Callers {
	list, complete := p.app.desk.history.Callers(name, action)
	out := admin.Callers{Callers: make([]admin.Caller, 0, len(list)), Complete: complete, Days: 7}
	for _, c := range list {
		out.Callers = append(out.Callers, admin.Caller{User: c.User, Action: c.Action, Calls: c.Calls, Last: c.Last})
	}
	return out
}
