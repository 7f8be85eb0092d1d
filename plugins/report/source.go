package main

import (
	"errors"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
)

const (
	// point is the extension point that the module declares.
	point        = "report.source"
	sourceSystem = "Report source"
)

// source answers with the rows of an external system. The action exists once per
// configured instance and has its name: /report/demoReport.
func source(t *patchbay.Task) (patchbay.Reply, error) {
	p, err := readPeriod(t)
	if err != nil {
		return patchbay.Reply{}, err
	}
	var params patchbay.Object
	params.Str("start_date", p.start).Str("stop_date", p.stop).Int("limit", int64(limit(t))).
		Str("cursor", t.Param("cursor")).Str("tz", t.Param("tz"))
	answer, err := t.Call(point, "rows", t.Instance(), params.Value())
	if err != nil {
		return patchbay.Reply{}, failure(sourceSystem, err)
	}
	rows := answer.Get("rows")
	if rows.Kind() != abi.Array {
		return patchbay.Reply{}, patchbay.Unavailable(sourceSystem, errors.New(t.Instance()+" answered without rows"))
	}
	reply := patchbay.Rows(rows, t.Param("format"))
	reply.Next = answer.Get("next").String()
	reply.Filename = p.filename(t.Instance(), reply.Format)
	return reply, nil
}
