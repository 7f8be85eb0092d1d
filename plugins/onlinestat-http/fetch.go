package main

import (
	"errors"
	"slices"
	"strconv"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/template"
)

const system = "Statistics server"

// errUnknown is the answer to a project that the server does not know.
var errUnknown = patchbay.NotFound("Project not found")

func get(t *patchbay.Task) (patchbay.Reply, error) {
	s, project := configured, t.Param("project_id")
	if s.one == nil {
		return s.getAmongAll(t, project)
	}
	values := template.Values{"project_id": project}
	body, err := s.fetch(t, s.one, values)
	if err != nil {
		return patchbay.Reply{}, err
	}
	path, err := s.onePath.Render(values)
	if err != nil {
		return patchbay.Reply{}, err
	}
	return reply(s.fields.counts(body.Path(path)))
}

// getAmongAll serves a server that has no address for one project.
func (s *server) getAmongAll(t *patchbay.Task, project string) (patchbay.Reply, error) {
	body, err := s.fetch(t, s.every, nil)
	if err != nil {
		return patchbay.Reply{}, err
	}
	projects, err := s.projects(body)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	for _, p := range projects {
		if p.id == project {
			return reply(s.fields.counts(p.raw))
		}
	}
	return patchbay.Reply{}, errUnknown
}

func all(t *patchbay.Task) (patchbay.Reply, error) {
	s := configured
	if s.every == nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, errors.New("url_all is not set, so the projects cannot be listed"))
	}
	body, err := s.fetch(t, s.every, nil)
	if err != nil {
		return patchbay.Reply{}, err
	}
	projects, err := s.projects(body)
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	var o patchbay.Object
	for _, p := range projects {
		c, err := s.fields.counts(p.raw)
		if err != nil {
			return patchbay.Reply{}, patchbay.Unavailable(system, errors.New("project "+p.id+": "+err.Error()))
		}
		o.Set(p.id, c)
	}
	return patchbay.JSON(o.Value()), nil
}

// health asks for all projects; a server without such an address is asked
// nothing, because no project is known.
func health(t *patchbay.Task) (patchbay.Reply, error) {
	if configured.every == nil {
		return patchbay.Reply{}, nil
	}
	return all(t)
}

func reply(c patchbay.Value, err error) (patchbay.Reply, error) {
	if err != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, err)
	}
	return patchbay.JSON(c), nil
}

func (s *server) fetch(t *patchbay.Task, q *template.Request, values template.Values) (patchbay.Value, error) {
	request, err := q.Build(values, s.authorization)
	if err != nil { // such an id cannot be asked for, so nobody has it
		return nil, errUnknown
	}
	request.Parse, request.TimeoutMS = s.parse, s.timeoutMS
	answer, err := t.Fetch(request)
	if err != nil {
		return nil, patchbay.Unavailable(system, err)
	}
	switch {
	case slices.Contains(s.unknown, answer.Status) && q == s.one:
		return nil, errUnknown
	case answer.Status < 200 || answer.Status > 299:
		return nil, patchbay.Unavailable(system, errors.New("HTTP "+strconv.Itoa(answer.Status)))
	case !answer.Data.Exists():
		return nil, patchbay.Unavailable(system, errors.New("the answer could not be parsed; see the setting parse"))
	}
	return answer.Data, nil
}

// counts translates the server's names. The numbers stay as they are: the module
// checks them.
func (f fields) counts(v patchbay.Value) (patchbay.Value, error) {
	var o patchbay.Object
	sum := int64(0)
	for _, c := range []struct{ name, field string }{
		{"cntReady", f.ready}, {"cntNotReady", f.notReady}, {"cntTalking", f.talking},
	} {
		n, ok := v.Path(c.field).Int()
		if !ok {
			return nil, errors.New("the answer has no number at " + c.field)
		}
		sum += n
		o.Int(c.name, n)
	}
	if n, ok := v.Path(f.loggedIn).Int(); ok {
		sum = n
	}
	return o.Int("cntLoggedIn", sum).Value(), nil
}

type project struct {
	id  string
	raw patchbay.Value
}

// projects reads an object by project id, or an array of projects.
func (s *server) projects(body patchbay.Value) ([]project, error) {
	v := body.Path(s.everyPath)
	var all []project
	switch v.Kind() {
	case abi.Map:
		for id, raw := range v.Entries() {
			all = append(all, project{id, raw})
		}
	case abi.Array:
		for raw := range v.Elements() {
			id := raw.Path(s.projectField).String()
			if id == "" {
				return nil, errors.New("a project has no id at " + s.projectField)
			}
			all = append(all, project{id, raw})
		}
	default:
		return nil, errors.New("there are no projects at all_path")
	}
	return all, nil
}
