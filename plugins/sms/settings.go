package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// point is the extension point that the module declares.
const point = "sms.provider"

// settings of the module; set once by configure.
var settings struct {
	providers   []string // in order of preference; empty means all, as configured
	originator  string
	projectID   string
	maxSegments int
}

func configure(v patchbay.Value) error {
	settings.originator = v.Get("originator").String()
	settings.projectID = v.Get("project_id").String()
	settings.providers = nil
	for e := range v.Get("providers").Elements() {
		settings.providers = append(settings.providers, e.String())
	}
	n, ok := v.Get("max_segments").Int()
	if !ok || n < 1 {
		return errors.New("max_segments: must be 1 or more")
	}
	settings.maxSegments = int(n)
	return nil
}

// candidates returns the instances to try, in order. Those that cannot run now
// come last: asking them is harmless, and they may be back.
func candidates(t *patchbay.Task) ([]string, error) {
	if len(settings.providers) > 0 {
		return settings.providers, nil
	}
	all, err := t.Providers(point)
	if err != nil {
		return nil, err
	}
	var ready, others []string
	for _, p := range all {
		if p.Ready {
			ready = append(ready, p.Instance)
		} else {
			others = append(others, p.Instance)
		}
	}
	return append(ready, others...), nil
}
