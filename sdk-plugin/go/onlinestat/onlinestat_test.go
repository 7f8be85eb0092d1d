package onlinestat_test

import (
	"errors"
	"testing"

	patchbay "github.com/patchbay-gw/patchbay/sdk-plugin/go"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/abi"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/onlinestat"
	"github.com/patchbay-gw/patchbay/sdk-plugin/go/schema/jsontree"
)

func init() {
	onlinestat.Serve(onlinestat.Source{
		Get: func(_ *patchbay.Task, project string) (onlinestat.Counts, error) {
			if project != "7" {
				return onlinestat.Counts{}, onlinestat.Unknown()
			}
			return onlinestat.Counts{Ready: 1, NotReady: 2, Talking: 3}, nil
		},
		All: func(*patchbay.Task) ([]onlinestat.Project, error) {
			return []onlinestat.Project{{"8", onlinestat.Counts{LoggedIn: 5}}, {"7", onlinestat.Counts{Ready: 1}}}, nil
		},
	})
}

func call(operation, project string) (string, error) {
	var params patchbay.Object
	q := abi.Request{Kind: abi.Operation, Point: onlinestat.Point, Name: operation, Params: params.Str("project_id", project).Value()}
	reply, err := patchbay.Run(q, nil, nil)
	return string(jsontree.AppendValue(nil, reply.Body)), err
}

func TestSource(t *testing.T) {
	if reply, err := call("get", "7"); err != nil || reply != `{"cntReady":1,"cntNotReady":2,"cntTalking":3}` {
		t.Errorf("%s %v", reply, err)
	}
	var e *patchbay.Error
	if _, err := call("get", "9"); !errors.As(err, &e) || e.Code != abi.CodeNotFound || e.Message != "Project not found" {
		t.Errorf("got %v", err)
	}
	want := `{"8":{"cntReady":0,"cntNotReady":0,"cntTalking":0,"cntLoggedIn":5},"7":{"cntReady":1,"cntNotReady":0,"cntTalking":0}}`
	if reply, err := call("all", ""); err != nil || reply != want {
		t.Errorf("%s %v", reply, err)
	}
}
