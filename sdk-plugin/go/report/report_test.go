package report_test

import (
	"errors"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/report"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

var asked report.Query

func init() {
	report.Serve(func(_ *patchbay.Task, q report.Query) (report.Page, error) {
		if asked = q; q.Cursor == "bad" {
			return report.Page{}, patchbay.Invalid("cursor", "of nobody")
		}
		var rows patchbay.List
		return report.Page{Rows: rows.Add(new(patchbay.Object).Int("id", 1).Value()).Value(), Next: "n"}, nil
	})
}

func call(t *testing.T, params string) (string, error) {
	t.Helper()
	n, err := jsontree.Parse([]byte(params))
	if err != nil {
		t.Fatal(err)
	}
	reply, err := patchbay.Run(abi.Request{Kind: abi.Operation, Point: report.Point, Name: "rows", Params: n.Value()}, nil, nil)
	return string(jsontree.AppendValue(nil, reply.Body)), err
}

func TestRows(t *testing.T) {
	reply, err := call(t, `{"start_date": "2026-03-01", "stop_date": "2026-03-02", "limit": 5, "cursor": "c", "tz": "Asia/Omsk"}`)
	want := report.Query{Start: "2026-03-01", Stop: "2026-03-02", Limit: 5, Cursor: "c", Zone: "Asia/Omsk"}
	if err != nil || asked != want || reply != `{"rows":[{"id":1}],"next":"n"}` {
		t.Errorf("asked %+v, reply %s %v", asked, reply, err)
	}
	var e *patchbay.Error
	if _, err := call(t, `{"cursor": "bad"}`); !errors.As(err, &e) || e.Code != abi.CodeInvalid || e.Message != "cursor" {
		t.Errorf("got %v", err)
	}
}
