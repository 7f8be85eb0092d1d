package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

const (
	// point is the extension point that the module declares.
	point = "onlinestat.source"
	// system is the name in "Online statistics is unavailable!".
	system = "Online statistics"
)

// configured lists the instances to ask, empty for the first of the point. It is
// set once by configure.
var configured []string

func configure(v patchbay.Value) error {
	configured = nil
	for e := range v.Get("sources").Elements() {
		configured = append(configured, e.String())
	}
	if one := v.Get("source").String(); one != "" {
		if len(configured) > 0 {
			return errors.New("source: set either source or sources, not both")
		}
		configured = []string{one}
	}
	return nil
}

// sources returns the instances to ask, in order, at least one.
func sources(t *patchbay.Task) ([]string, error) {
	if len(configured) > 0 {
		return configured, nil
	}
	found, err := t.Providers(point)
	if err != nil {
		return nil, patchbay.Unavailable(system, err)
	}
	if len(found) == 0 {
		return nil, patchbay.Unavailable(system, errors.New("no instance of "+point+" is configured"))
	}
	return []string{found[0].Instance}, nil
}
