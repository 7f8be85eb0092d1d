package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
)

// counts is the state of one project. Who is logged in is always the sum of the
// others.
type counts struct{ ready, notReady, talking int64 }

func (c counts) value() patchbay.Value {
	var o patchbay.Object
	return o.Int("cntLoggedIn", c.ready+c.notReady+c.talking).
		Int("cntReady", c.ready).Int("cntNotReady", c.notReady).Int("cntTalking", c.talking).Value()
}

// maxCount bounds what is believable and keeps the sum inside an int64.
const maxCount = 1 << 31

// readCounts reads what a source answered. consistent is false when the source
// gave another sum.
func readCounts(v patchbay.Value) (c counts, consistent bool, err error) {
	for _, f := range []struct {
		name string
		to   *int64
	}{{"cntReady", &c.ready}, {"cntNotReady", &c.notReady}, {"cntTalking", &c.talking}} {
		n, ok := v.Get(f.name).Int()
		if !ok || n < 0 || n > maxCount {
			return counts{}, false, errors.New(f.name + " is not a number of operators")
		}
		*f.to = n
	}
	loggedIn, ok := v.Get("cntLoggedIn").Int()
	return c, ok && loggedIn == c.ready+c.notReady+c.talking, nil
}

// answer reads the counts of a project, with a warning in the log when the
// source's own sum is wrong.
func answer(t *patchbay.Task, source, project string, v patchbay.Value) (patchbay.Value, error) {
	c, consistent, err := readCounts(v)
	if err != nil {
		return nil, errors.New("source " + source + ", project " + project + ": " + err.Error())
	}
	if !consistent {
		t.Warn("cntLoggedIn is not the sum of the others; the sum is answered", "source", source, "project", project)
	}
	return c.value(), nil
}
