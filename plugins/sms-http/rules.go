package main

import (
	"slices"
	"strings"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// verdict is what an answer means.
type verdict int

const (
	// unknown: nobody can tell whether the message was accepted. It is the rule
	// for everything that the settings do not name.
	unknown     verdict = iota
	accepted            // the aggregator has the message
	refused             // certainly not accepted, by no other provider either
	unavailable         // certainly not accepted; another provider may be tried
)

// rules tell the meaning of an answer.
type rules struct {
	acceptedStatus    []int
	refusedStatus     []int
	unavailableStatus []int
	acceptedWhen      []condition // all of them
	refusedWhen       []condition // any of them
	unavailableWhen   []condition // any of them
}

func newRules(scope template.Scope, v patchbay.Value) (r rules, err error) {
	for _, s := range []struct {
		setting string
		to      *[]int
	}{{"accepted_status", &r.acceptedStatus}, {"refused_status", &r.refusedStatus}, {"unavailable_status", &r.unavailableStatus}} {
		for e := range v.Get(s.setting).Elements() {
			n, _ := e.Int()
			*s.to = append(*s.to, int(n))
		}
	}
	for _, s := range []struct {
		setting string
		to      *[]condition
	}{{"accepted_when", &r.acceptedWhen}, {"refused_when", &r.refusedWhen}, {"unavailable_when", &r.unavailableWhen}} {
		for e := range v.Get(s.setting).Elements() {
			c, err := newCondition(scope, s.setting, e)
			if err != nil {
				return r, err
			}
			*s.to = append(*s.to, c)
		}
	}
	return r, nil
}

// judge decides. What the body says goes before the status: many aggregators
// answer an error with 200.
func (r *rules) judge(status int, body patchbay.Value, values template.Values) verdict {
	holds := func(c condition) bool { return c.holds(body, values) }
	switch {
	case slices.ContainsFunc(r.refusedWhen, holds):
		return refused
	case slices.ContainsFunc(r.unavailableWhen, holds):
		return unavailable
	case r.isAccepted(status):
		if slices.ContainsFunc(r.acceptedWhen, func(c condition) bool { return !holds(c) }) {
			return unknown
		}
		return accepted
	case slices.Contains(r.refusedStatus, status):
		return refused
	case slices.Contains(r.unavailableStatus, status):
		return unavailable
	}
	return unknown
}

func (r *rules) isAccepted(status int) bool {
	if len(r.acceptedStatus) == 0 {
		return status >= 200 && status < 300
	}
	return slices.Contains(r.acceptedStatus, status)
}

// condition is one test of an answer's body.
type condition struct {
	path *template.Template
	in   []string // empty: the path is there
	test func(text, value string) bool
}

var tests = map[string]func(text, value string) bool{
	"":         func(text, value string) bool { return text == value },
	"equals":   func(text, value string) bool { return text == value },
	"begins":   strings.HasPrefix,
	"contains": strings.Contains,
}

func newCondition(scope template.Scope, setting string, v patchbay.Value) (c condition, err error) {
	c.test = tests[v.Get("match").String()]
	for e := range v.Get("in").Elements() {
		c.in = append(c.in, e.String())
	}
	c.path, err = compilePath(scope, setting, v.Get("path"))
	return c, err
}

func (c *condition) holds(body patchbay.Value, values template.Values) bool {
	v := at(body, c.path, values)
	if !v.Exists() {
		return false
	}
	text := v.String()
	return len(c.in) == 0 || slices.ContainsFunc(c.in, func(value string) bool { return c.test(text, value) })
}

// at returns what is at a path of the answer.
func at(body patchbay.Value, path *template.Template, values template.Values) patchbay.Value {
	p, err := path.Render(values)
	if err != nil {
		return nil
	}
	return body.Path(p)
}
