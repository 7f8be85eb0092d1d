package main

import (
	"errors"
	"slices"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// point is the extension point that the module declares.
const point = "sms.provider"

// settings of the module; set once by configure.
var settings struct {
	rules        []*rule // the last one is the default rule, which takes everything
	originator   string
	projectID    string
	maxSegments  int
	receipts     bool
	checkAfter   int64 // seconds
	checkFor     int64 // seconds
	prices       map[string]float64
	listsUnnamed bool // the default rule takes all providers, as configured
}

func configure(v patchbay.Value) error {
	settings.originator = v.Get("originator").String()
	settings.projectID = v.Get("project_id").String()
	settings.receipts = !v.Get("receipts").Exists() || v.Get("receipts").Bool()
	n, ok := v.Get("max_segments").Int()
	if !ok || n < 1 {
		return errors.New("max_segments: must be 1 or more")
	}
	settings.maxSegments = int(n)
	settings.checkAfter, _ = v.Get("status_after").Int()
	hours, _ := v.Get("status_for").Int()
	settings.checkFor = hours * 3600
	if err := configureInstances(v); err != nil {
		return err
	}
	return configureRules(v)
}

// configureInstances reads what is known about single instances and starts their
// breakers and rates anew: a guest begins with all of them closed and full.
func configureInstances(v patchbay.Value) error {
	failures, _ := v.Get("breaker_failures").Int()
	pause, _ := v.Get("breaker_pause").Int()
	gates = newGates(int(failures), max(pause, 1))
	settings.prices = map[string]float64{}
	for i := range v.Get("instances").Len() {
		e := v.Get("instances").Index(i)
		name := e.Get("provider").String()
		if _, twice := settings.prices[name]; twice {
			return errors.New("instances: " + name + " is there twice")
		}
		settings.prices[name] = noPrice
		if price, ok := e.Get("price").Number(); ok {
			settings.prices[name] = price
		}
		if rate, ok := e.Get("rate").Number(); ok {
			gates.limit(name, rate)
		}
	}
	return nil
}

func configureRules(v patchbay.Value) error {
	settings.rules = nil
	var names []string
	for i := range v.Get("rules").Len() {
		r := newRule(v.Get("rules").Index(i))
		at := "rules, number " + strconv.Itoa(i+1) + ": "
		switch {
		case slices.Contains(names, r.name):
			return errors.New(at + "another rule is called " + r.name + " too")
		case len(r.targets) == 0:
			return errors.New(at + "names no provider")
		case r.order == byWeight && !slices.ContainsFunc(r.targets, func(t target) bool { return t.weight > 0 }):
			return errors.New(at + "all weights are 0")
		}
		for j, t := range r.targets {
			if slices.ContainsFunc(r.targets[:j], func(other target) bool { return other.provider == t.provider }) {
				return errors.New(at + t.provider + " is there twice")
			}
		}
		names = append(names, r.name)
		settings.rules = append(settings.rules, r)
	}
	last := &rule{name: "default", order: asListed, failover: true}
	for e := range v.Get("providers").Elements() {
		last.targets = append(last.targets, target{e.String(), 1})
	}
	settings.listsUnnamed = len(last.targets) == 0
	settings.rules = append(settings.rules, last)
	return nil
}
