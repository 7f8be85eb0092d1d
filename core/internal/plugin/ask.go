package plugin

import (
	"slices"

	"github.com/patchbay-gw/patchbay/sdk-plugin/go/manifest"
)

// Difference is what one version of a plugin asks for and offers that another does
// not. Lists are sorted and never nil.
type Difference struct {
	Capabilities Delta
	Operations   Delta // of capabilities: "http_fetch"
	Hosts        Delta // that the capability http names
	Settings     Delta // names of settings
	Required     Delta // names of settings that must have a value
	Actions      Delta
	Points       Delta // operations of extension points: "sms.provider/send"
}

// Delta is one kind of difference.
type Delta struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
}

// Empty reports that nothing differs.
func (d Delta) Empty() bool { return len(d.Added) == 0 && len(d.Removed) == 0 }

// Compare returns the difference between two manifests.
func Compare(before, after *manifest.Manifest) Difference {
	return Difference{
		Capabilities: delta(capabilityNames(before), capabilityNames(after)),
		Operations:   delta(before.Operations(), after.Operations()),
		Hosts:        delta(Hosts(before), Hosts(after)),
		Settings:     delta(settingNames(before, false), settingNames(after, false)),
		Required:     delta(settingNames(before, true), settingNames(after, true)),
		Actions:      delta(actionNames(before), actionNames(after)),
		Points:       delta(pointNames(before), pointNames(after)),
	}
}

func delta(before, after []string) Delta {
	d := Delta{Added: missing(after, before), Removed: missing(before, after)}
	for _, list := range []*[]string{&d.Added, &d.Removed} {
		if *list == nil {
			*list = []string{}
		}
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	return d
}

func capabilityNames(m *manifest.Manifest) []string {
	out := make([]string, len(m.Capabilities))
	for i, c := range m.Capabilities {
		out[i] = c.Name
	}
	return out
}

// Hosts returns the hosts that a manifest asks for, in its order.
func Hosts(m *manifest.Manifest) []string {
	var out []string
	for _, c := range m.Capabilities {
		out = append(out, c.Hosts...)
	}
	return out
}

func settingNames(m *manifest.Manifest, required bool) []string {
	if m.Settings == nil {
		return nil
	}
	var out []string
	for _, p := range m.Settings.Properties() {
		if !required || p.Required {
			out = append(out, p.Name)
		}
	}
	return out
}

func actionNames(m *manifest.Manifest) []string {
	out := make([]string, len(m.Actions))
	for i := range m.Actions {
		out[i] = m.Actions[i].Name
	}
	return out
}

func pointNames(m *manifest.Manifest) []string {
	var out []string
	for _, e := range m.Extends {
		for _, operation := range e.Operations {
			out = append(out, e.Point+"/"+operation)
		}
	}
	for _, p := range m.Provides {
		for _, operation := range p.Operations {
			out = append(out, p.Name+"/"+operation.Name)
		}
	}
	return out
}
