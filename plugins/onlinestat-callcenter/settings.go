package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// project is one project and its queues.
type project struct {
	id     string
	queues map[string]bool
}

// settings of the instance; set once by configure.
var settings struct {
	projects      []project // in the order of the settings
	stuckAfter    int64     // seconds, 0 for never
	checkChannels bool
}

func configure(v patchbay.Value) error {
	settings.projects = nil
	for id, queues := range v.Get("projects").Entries() {
		p := project{id: id, queues: map[string]bool{}}
		for q := range queues.Elements() {
			p.queues[q.String()] = true
		}
		settings.projects = append(settings.projects, p)
	}
	if len(settings.projects) == 0 {
		return errors.New("projects: name at least one project and its queues")
	}
	settings.stuckAfter, _ = v.Get("stuck_after").Int()
	settings.checkChannels = v.Get("check_channels").Bool()
	return nil
}
