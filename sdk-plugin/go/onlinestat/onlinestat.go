// Package onlinestat is the extension point onlinestat.source with types: what
// the plugin of a statistics server implements.
package onlinestat

import patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"

// Point is the name of the extension point.
const Point = "onlinestat.source"

// Source holds the operations.
type Source struct {
	// Get returns the counts of one project; [Unknown] when there is no such project.
	Get func(t *patchbay.Task, project string) (Counts, error)
	// All returns the counts of every project.
	All func(t *patchbay.Task) ([]Project, error)
}

// Counts are the operators of a project by state.
type Counts struct {
	Ready, NotReady, Talking int64
	// LoggedIn is left out when it is 0: the module then takes the sum of the three.
	LoggedIn int64
}

// Project is one project with its counts.
type Project struct {
	ID string
	Counts
}

// Unknown is the error for a project that the server does not know.
func Unknown() error { return patchbay.NotFound("Project not found") }

// Serve registers the operations. Call it in init.
func Serve(s Source) {
	if s.Get != nil {
		patchbay.HandleOperation(Point, "get", func(t *patchbay.Task) (patchbay.Reply, error) {
			c, err := s.Get(t, t.Param("project_id"))
			if err != nil {
				return patchbay.Reply{}, err
			}
			return patchbay.JSON(c.value()), nil
		})
	}
	if s.All != nil {
		patchbay.HandleOperation(Point, "all", func(t *patchbay.Task) (patchbay.Reply, error) {
			projects, err := s.All(t)
			if err != nil {
				return patchbay.Reply{}, err
			}
			var o patchbay.Object
			for _, p := range projects {
				o.Set(p.ID, p.value())
			}
			return patchbay.JSON(o.Value()), nil
		})
	}
}

func (c Counts) value() patchbay.Value {
	o := new(patchbay.Object).Int("cntReady", c.Ready).Int("cntNotReady", c.NotReady).Int("cntTalking", c.Talking)
	if c.LoggedIn != 0 {
		o.Int("cntLoggedIn", c.LoggedIn)
	}
	return o.Value()
}
