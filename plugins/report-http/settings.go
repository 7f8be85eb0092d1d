package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// names are the placeholders of one request.
var names = []string{
	"start_date", "stop_date", "start_day", "stop_day", "start_time", "stop_time", "limit", "cursor", "tz", "token",
}

// source is everything that the settings say about an external system.
type source struct {
	request       *template.Request
	authorization [2]string // that never changes
	session       *session  // nil when there is no login
	timeoutMS     int
	parse         abi.Parse
	rowsPath      string
	nextPath      string
	columns       []column
	asText        bool
}

type column struct{ from, to string }

// configured is the system of this instance; set once by configure.
var configured *source

func configure(v patchbay.Value) error {
	s, err := newSource(v)
	if err == nil {
		configured = s
	}
	return err
}

func newSource(v patchbay.Value) (*source, error) {
	ms, _ := v.Get("timeout_ms").Int()
	s := &source{
		timeoutMS: int(ms), parse: abi.ParseAuto, rowsPath: v.Get("rows_path").String(), nextPath: v.Get("next_path").String(),
		asText: v.Get("as_text").Bool(),
	}
	if p, ok := map[string]abi.Parse{"json": abi.ParseJSON, "xml": abi.ParseXML}[v.Get("parse").String()]; ok {
		s.parse = p
	}
	var err error
	if s.request, err = (template.Scope{Settings: v, Names: names}).Request(""); err != nil {
		return nil, err
	}
	if s.nextPath != "" && !s.request.Uses("cursor") {
		return nil, errors.New("next_path: is of no use, because {cursor} is nowhere in the request")
	}
	if s.columns, err = readColumns(v.Get("columns")); err != nil {
		return nil, err
	}
	return s, s.configureAuth(v)
}

func (s *source) configureAuth(v patchbay.Value) (err error) {
	if v.Get("auth").String() == "login" {
		s.session, err = newSession(v)
		return err
	}
	if s.request.Uses("token") {
		return errors.New("auth: {token} is in the request, but auth is not login")
	}
	s.authorization, err = template.Authorization(v)
	return err
}

func readColumns(v patchbay.Value) ([]column, error) {
	var all []column
	seen := map[string]bool{}
	for e := range v.Elements() {
		c := column{e.Get("from").String(), e.Get("to").String()}
		if seen[c.to] {
			return nil, errors.New("columns: " + c.to + " is there twice")
		}
		seen[c.to] = true
		all = append(all, c)
	}
	return all, nil
}
