package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

// get answers for one project: the first source that knows it. A source that
// does not answer might be the one that knows, so the project counts as unknown
// only when all of them said so.
func get(t *patchbay.Task) (patchbay.Reply, error) {
	instances, err := sources(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	project := t.Param("project_id")
	params := new(patchbay.Object).Str("project_id", project).Value()
	var failure error
	for _, source := range instances {
		v, err := t.Call(point, "get", source, params)
		if isUnknown(err) {
			continue
		}
		if err == nil {
			v, err = answer(t, source, project, v)
		}
		if err == nil {
			return patchbay.JSON(v), nil
		}
		if failure == nil {
			failure = err
		}
	}
	if failure != nil {
		return patchbay.Reply{}, patchbay.Unavailable(system, failure)
	}
	return patchbay.Reply{}, patchbay.Invalid("project_id", "no source knows the project")
}

// isUnknown reports whether a source said that it does not know the project.
func isUnknown(err error) bool {
	e, ok := errors.AsType[*patchbay.Error](err)
	return ok && e.Code == abi.CodeNotFound
}

// all answers for all projects of all sources. A project of several sources is
// answered by the first. If one source fails, so does the answer: a list that is
// silently shorter would look like projects that went home.
func all(t *patchbay.Task) (patchbay.Reply, error) {
	instances, err := sources(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	var merged patchbay.Object
	seen := map[string]bool{}
	for _, source := range instances {
		v, err := t.Call(point, "all", source, new(patchbay.Object).Value())
		if err == nil && v.Kind() != abi.Map {
			err = errors.New("source " + source + " did not answer with projects")
		}
		if err != nil {
			return patchbay.Reply{}, patchbay.Unavailable(system, err)
		}
		for project, raw := range v.Entries() {
			if seen[project] {
				t.Warn("two sources know a project; the first is answered", "source", source, "project", project)
				continue
			}
			seen[project] = true
			c, err := answer(t, source, project, raw)
			if err != nil {
				return patchbay.Reply{}, patchbay.Unavailable(system, err)
			}
			merged.Set(project, c)
		}
	}
	return patchbay.JSON(merged.Value()), nil
}
