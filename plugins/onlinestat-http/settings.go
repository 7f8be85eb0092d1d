package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

// server is everything that the settings say about a statistics server.
type server struct {
	one, every    *template.Request // nil when the server has no such address
	authorization [2]string
	timeoutMS     int
	parse         abi.Parse
	onePath       *template.Template
	everyPath     string
	projectField  string
	fields        fields
	unknown       []int // statuses
}

// fields are the server's names for the counts.
type fields struct{ loggedIn, ready, notReady, talking string }

// configured is the server of this instance; set once by configure.
var configured *server

func configure(v patchbay.Value) error {
	s, err := newServer(v)
	if err == nil {
		configured = s
	}
	return err
}

func newServer(v patchbay.Value) (*server, error) {
	ms, _ := v.Get("timeout_ms").Int()
	s := &server{
		timeoutMS: int(ms), everyPath: v.Get("all_path").String(), projectField: v.Get("project_field").String(),
		parse: map[string]abi.Parse{"json": abi.ParseJSON, "xml": abi.ParseXML}[v.Get("parse").String()],
		fields: fields{
			loggedIn: v.Get("logged_in_field").String(), ready: v.Get("ready_field").String(),
			notReady: v.Get("not_ready_field").String(), talking: v.Get("talking_field").String(),
		},
	}
	if s.parse == abi.ParseNone {
		s.parse = abi.ParseAuto
	}
	for e := range v.Get("unknown_status").Elements() {
		n, _ := e.Int()
		s.unknown = append(s.unknown, int(n))
	}
	scope := template.Scope{Settings: v, Names: []string{"project_id"}}
	var err error
	if s.onePath, err = scope.Compile("get_path", v.Get("get_path").String(), template.Text); err != nil {
		return nil, err
	}
	if s.authorization, err = template.Authorization(v); err != nil {
		return nil, err
	}
	return s, s.compileRequests(scope, v)
}

func (s *server) compileRequests(scope template.Scope, v patchbay.Value) (err error) {
	headers, err := template.Scope{Settings: v}.Headers("headers", v.Get("headers"))
	if err != nil {
		return err
	}
	if v.Get("url_get").String() != "" {
		if s.one, err = scope.Get("url_get", v.Get("url_get").String(), headers); err != nil {
			return err
		}
		if !s.one.Uses("project_id") {
			return errors.New("url_get: {project_id} must be in it")
		}
	}
	if v.Get("url_all").String() != "" {
		if s.every, err = (template.Scope{Settings: v}).Get("url_all", v.Get("url_all").String(), headers); err != nil {
			return err
		}
	}
	if s.one == nil && s.every == nil {
		return errors.New("url_get: set it, url_all or both")
	}
	return nil
}
