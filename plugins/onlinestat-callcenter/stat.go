package main

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

const system = "FreeSWITCH"

func get(t *patchbay.Task) (patchbay.Reply, error) {
	id := t.Param("project_id")
	for i := range settings.projects {
		p := &settings.projects[i]
		if p.id != id {
			continue
		}
		w, err := look(t)
		if err != nil {
			return patchbay.Reply{}, err
		}
		return patchbay.JSON(w.count(p)), nil
	}
	return patchbay.Reply{}, patchbay.NotFound("Project not found")
}

func all(t *patchbay.Task) (patchbay.Reply, error) {
	w, err := look(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	var o patchbay.Object
	for i := range settings.projects {
		o.Set(settings.projects[i].id, w.count(&settings.projects[i]))
	}
	return patchbay.JSON(o.Value()), nil
}

func health(t *patchbay.Task) (patchbay.Reply, error) {
	if _, err := t.Tiers(); err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	return patchbay.Reply{}, nil
}

// view is what FreeSWITCH looks like at one moment.
type view struct {
	tiers   patchbay.Value
	buckets map[string]bucket // by agent
}

// look asks FreeSWITCH. Its times are compared with our clock, so both must agree
// to a second or two.
func look(t *patchbay.Task) (view, error) {
	tiers, err := t.Tiers()
	if err != nil {
		return view{}, patchbay.Unavailable(system, err)
	}
	agents, err := t.Agents()
	if err != nil {
		return view{}, patchbay.Unavailable(system, err)
	}
	var channels patchbay.Value
	if settings.checkChannels {
		if channels, err = t.Channels(); err != nil {
			return view{}, patchbay.Unavailable(system, err)
		}
	}
	return view{tiers, classify(agents, readCalls(channels), patchbay.Now())}, nil
}

func classify(agents patchbay.Value, onCall calls, now int64) map[string]bucket {
	buckets := map[string]bucket{}
	for row := range agents.Elements() {
		a, name := readAgent(row), row.Get("name").String()
		buckets[name] = max(buckets[name], a.classify(onCall.has(&a), now, settings.stuckAfter))
	}
	return buckets
}

// count counts the agents that have a tier in a queue of the project, each once.
func (w view) count(p *project) patchbay.Value {
	var n [talking + 1]int64
	seen := map[string]bool{}
	for tier := range w.tiers.Elements() {
		name := tier.Get("agent").String()
		if !p.queues[tier.Get("queue").String()] || seen[name] {
			continue
		}
		seen[name] = true
		n[w.buckets[name]]++
	}
	var o patchbay.Object
	return o.Int("cntLoggedIn", n[ready]+n[notReady]+n[talking]).
		Int("cntReady", n[ready]).Int("cntNotReady", n[notReady]).Int("cntTalking", n[talking]).Value()
}
